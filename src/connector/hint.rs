//! What a user can do about each problem.

use super::{
    error::Address,
    problem::{Alert, Distrust, Problem, Stage},
};

impl Problem {
    /// What to do next, in one sentence or two.
    pub fn hint(&self, server: &Address) -> String {
        let Address { host, port } = server;
        match self {
            Self::Certificate { alert, cert } => for_alert(*alert, cert),
            Self::ClosedEarly => format!(
                "if port {port} is a TLS port, set plugin.activemq.pool.N.ssl = 1; otherwise the \
                 broker's log on {host} says why it hung up"
            ),
            Self::ClosedInHandshake => format!(
                "if port {port} is a plain port, set plugin.activemq.pool.N.ssl = 0; otherwise the \
                 broker's log on {host} says why it hung up"
            ),
            Self::Distrust(distrust) => for_distrust(distrust, server),
            Self::Files { .. } => {
                "see plugin.activemq.pool.N.ssl.cert, .key and .ca in the configuration, and who \
                 may read these files"
                    .into()
            }
            Self::Garbage { .. } => format!(
                "is port {port} on {host} a STOMP broker's? 61613 is usual; if it is a TLS port, set \
                 plugin.activemq.pool.N.ssl = 1"
            ),
            Self::Hangup | Self::Silence { .. } | Self::Stopping => {
                format!("is the broker on {host} being restarted? Its log says more")
            }
            Self::Replaced => {
                "is an old daemon still running beside this one, or was this machine \
                               copied with its certificate?"
                    .into()
            }
            Self::HostName { .. } => {
                "correct plugin.activemq.pool.N.host: it is the name in the broker's certificate"
                    .into()
            }
            Self::Network { .. } => format!("is there a route to {host} from this machine?"),
            Self::NoAddress { .. } => format!(
                "check plugin.activemq.pool.N.host; `getent hosts {host}` shows what this machine's \
                 DNS and /etc/hosts know"
            ),
            Self::PlainPort => format!(
                "set plugin.activemq.pool.N.ssl = 0 for a plain port, or name the broker's TLS port \
                 instead of {port}"
            ),
            Self::Refused => {
                format!("is the broker running on {host}, and does it listen on port {port}?")
            }
            Self::SessionEnded { .. } => {
                "the broker says what it did not like; where it is a right that lacks, see \
                 `clients` and the collectives in its broker.cfg"
                    .into()
            }
            Self::SessionRefused { .. } => {
                "check plugin.activemq.pool.N.user and .password (STOMP_USER and STOMP_PASSWORD \
                 win over them), and what the broker admits"
                    .into()
            }
            Self::Timeout { stage, .. } => for_timeout(*stage, server),
            Self::TlsPort => {
                "set plugin.activemq.pool.N.ssl = 1, with ssl.cert, ssl.key and ssl.ca".into()
            }
            Self::Tls { .. } => format!(
                "the two found no common ground in TLS; the broker's log on {host} may say more"
            ),
        }
    }
}

fn for_alert(alert: Alert, cert: &str) -> String {
    match alert {
        Alert::Denied => format!(
            "the broker's configuration decides which names it admits; ours is the CN in {cert}"
        ),
        Alert::Expired => format!(
            "renew {cert} (`openssl x509 -enddate -noout -in {cert}`), or set the clock that is wrong"
        ),
        Alert::Required => {
            "set plugin.activemq.pool.N.ssl.cert and .key to a certificate that the broker's \
             authority has signed"
                .into()
        }
        Alert::Revoked => format!("{cert} was revoked: ask for a new one, with a new key"),
        Alert::UnknownAuthority | Alert::Unacceptable(_) => format!(
            "{cert} must be signed by an authority that the broker trusts, and be good for \
             client authentication; compare its issuer with the broker's ssl ca"
        ),
    }
}

fn for_distrust(distrust: &Distrust, server: &Address) -> String {
    let host = &server.host;
    match distrust {
        Distrust::Expired => {
            format!("renew the broker's certificate on {host}, or set this machine's clock")
        }
        Distrust::NotYetValid => {
            format!("set the clock: this machine's or the one that issued {host}'s certificate")
        }
        Distrust::NoSan => format!(
            "issue the broker's certificate anew, with {host} as subject alternative name (SAN)"
        ),
        Distrust::WrongName { presented, .. } => match presented.first() {
            Some(name) => format!(
                "set plugin.activemq.pool.N.host to a name in the certificate ({name}), or issue it with {host} as well"
            ),
            None => format!(
                "issue the broker's certificate with {host} as subject alternative name (SAN)"
            ),
        },
        Distrust::UnknownAuthority { .. } => {
            "plugin.activemq.pool.N.ssl.ca must hold the certificate of the authority that issued \
             the broker's; if it does, somebody else may be answering there"
                .into()
        }
        Distrust::OtherAuthority => {
            "if so, join again with a token of now: `mcollective enable agent --replace --join TOKEN`, \
             or `enable client`; if not, somebody else may be answering there"
                .into()
        }
        Distrust::Revoked => {
            format!("the broker on {host} needs a new certificate, with a new key")
        }
        Distrust::Revocation { .. } => "fetch a current revocation list from the authority".into(),
        Distrust::Other { .. } => {
            format!("look at it: openssl s_client -connect {server} -showcerts")
        }
    }
}

/// Why a broker that listens may say nothing.
const OVERLOADED: &str = "or the broker is overloaded (`mco --connection-timeout` waits longer)";

fn for_timeout(stage: Stage, server: &Address) -> String {
    let Address { host, port } = server;
    match stage {
        Stage::Resolving => "are the name servers in /etc/resolv.conf reachable?".into(),
        Stage::Connecting => format!("is {host} up, and does a firewall let port {port} through?"),
        Stage::Handshake => format!(
            "if port {port} is a plain port, set plugin.activemq.pool.N.ssl = 0; {OVERLOADED}"
        ),
        Stage::Session => format!(
            "if port {port} is a TLS port, set plugin.activemq.pool.N.ssl = 1; {OVERLOADED}"
        ),
        Stage::Answer => format!("is the broker on {host} overloaded? Its log says more"),
    }
}
