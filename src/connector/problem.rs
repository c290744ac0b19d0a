//! Why a broker can't be reached, told apart as finely as the cause can be told.
//!
//! This is where a user looks when nothing works, so each cause has words of its own here, and what
//! to do about it in `hint`. `classify` makes these values from what rustls and the kernel say.

use std::{fmt, time::Duration};

use super::error::Kind;

/// What happened. Reads on from "cannot reach broker host:port: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It does not trust, or not accept, the certificate that we show.
    #[error("it refused our certificate {cert}: {alert}")]
    Certificate {
        /// What the TLS alert says.
        alert: Alert,
        /// Our certificate's file.
        cert: String,
    },
    /// The end of the stream where the session should have begun.
    #[error("it closed the connection before it answered CONNECT")]
    ClosedEarly,
    /// The end of the stream within the TLS handshake.
    #[error("it closed the connection during the TLS handshake")]
    ClosedInHandshake,
    /// We do not trust its certificate.
    #[error("{0}")]
    Distrust(#[from] Distrust),
    /// Our own certificate, key or authorities can't be used.
    #[error("our own TLS files: {reason}")]
    Files {
        /// Which file and why.
        reason: String,
    },
    /// Something that speaks, but no STOMP.
    #[error("it does not speak STOMP: {reason}")]
    Garbage {
        /// What was wrong with it.
        reason: String,
    },
    /// The end of the stream, within a session.
    #[error("it closed the connection")]
    Hangup,
    /// The configured host is nothing that a certificate could name.
    #[error(
        "{host:?} is neither a DNS name nor an address, so no certificate can be checked against it"
    )]
    HostName {
        /// The host.
        host: String,
    },
    /// Any other error of the network.
    #[error("{reason}")]
    Network {
        /// The kernel's words.
        reason: String,
    },
    /// The name has no address.
    #[error("the name {host:?} does not resolve: {reason}")]
    NoAddress {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// TLS was tried on a plain port.
    #[error("it does not speak TLS on this port: is it a plain port?")]
    PlainPort,
    /// Nobody listens.
    #[error("connection refused")]
    Refused,
    /// A newer connection bears our identity.
    #[error("another connection bears the identity of this node")]
    Replaced,
    /// An ERROR frame ended an open session.
    #[error("it ended the session: {message}")]
    SessionEnded {
        /// The broker's words.
        message: String,
    },
    /// An ERROR frame in answer to CONNECT.
    #[error("it refused the session: {message}")]
    SessionRefused {
        /// The broker's words.
        message: String,
    },
    /// No heart-beat.
    #[error("nothing was heard from it for {}", humantime::format_duration(*silence))]
    Silence {
        /// For how long.
        silence: Duration,
    },
    /// It ends on purpose, and found no fault with us.
    #[error("it is shutting down")]
    Stopping,
    /// The time for connecting is over.
    #[error("timed out after {} while {stage}", humantime::format_duration(*after))]
    Timeout {
        /// What was under way.
        stage: Stage,
        /// The time that there was.
        after: Duration,
    },
    /// Plain STOMP was tried on a TLS port.
    #[error("it speaks TLS on this port, and we do not")]
    TlsPort,
    /// Any other disagreement in TLS.
    #[error("TLS failed: {reason}")]
    Tls {
        /// What rustls says.
        reason: String,
    },
}

impl Problem {
    /// What it means for an exit code.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Files { .. } | Self::HostName { .. } => Kind::Config,
            Self::Certificate { .. }
            | Self::Distrust(_)
            | Self::Replaced
            | Self::SessionEnded { .. }
            | Self::SessionRefused { .. }
            | Self::Tls { .. } => Kind::Refused,
            Self::ClosedEarly
            | Self::ClosedInHandshake
            | Self::Garbage { .. }
            | Self::Hangup
            | Self::Network { .. }
            | Self::NoAddress { .. }
            | Self::PlainPort
            | Self::Refused
            | Self::Silence { .. }
            | Self::Stopping
            | Self::Timeout { .. }
            | Self::TlsPort => Kind::Unreachable,
        }
    }
}

/// Why the broker does not take our certificate, as its TLS alert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alert {
    /// `access_denied`.
    #[error("its name is not admitted")]
    Denied,
    /// `certificate_expired`; brokers send it for one that is not valid yet, too.
    #[error("certificate expired")]
    Expired,
    /// `certificate_required`.
    #[error("a client certificate is required and none was sent")]
    Required,
    /// `certificate_revoked`.
    #[error("certificate revoked")]
    Revoked,
    /// `unknown_ca`.
    #[error("certificate signed by an authority that the broker does not know")]
    UnknownAuthority,
    /// `bad_certificate`, `certificate_unknown`, `decrypt_error`, `unsupported_certificate`.
    #[error("certificate not acceptable ({0})")]
    Unacceptable(&'static str),
}

/// Why we do not take the broker's certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Past its end.
    #[error("its certificate has expired")]
    Expired,
    /// No subject alternative name of a kind that could match.
    #[error("its certificate has no DNS SAN, and a name in CN alone is not looked at")]
    NoSan,
    /// Before its beginning.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// Anything else.
    #[error("its certificate is not acceptable: {reason}")]
    Other {
        /// What rustls says.
        reason: String,
    },
    /// On a revocation list.
    #[error("its certificate is revoked")]
    Revoked,
    /// The revocation list decides nothing.
    #[error("whether its certificate is revoked cannot be told: {reason}")]
    Revocation {
        /// Why.
        reason: &'static str,
    },
    /// Signed by none of our authorities.
    #[error("its certificate is not trusted: no authority in {trusted} signed it")]
    UnknownAuthority {
        /// Whom we trust.
        trusted: String,
    },
    /// Signed by one of a name that we trust, with another key.
    #[error(
        "its certificate is by an authority of a name that we trust, but with another key: was the \
         authority made anew?"
    )]
    OtherAuthority,
    /// For other names.
    #[error("its certificate is for {}, not for {expected}", presented.join(", "))]
    WrongName {
        /// The host that was dialled.
        expected: String,
        /// The names in it.
        presented: Vec<String>,
    },
}

/// What a deadline passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The name service.
    Resolving,
    /// TCP.
    Connecting,
    /// TLS.
    Handshake,
    /// CONNECT, CONNECTED.
    Session,
    /// A request for a certificate.
    Answer,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "resolving its name",
            Self::Connecting => "connecting",
            Self::Handshake => "waiting for it in the TLS handshake",
            Self::Session => "waiting for it to answer CONNECT",
            Self::Answer => "waiting for its answer",
        })
    }
}
