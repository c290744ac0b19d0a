//! From what rustls and the kernel say to a [`Problem`].
//!
//! In TLS 1.3 a client's handshake is over before the server has looked at the client's certificate:
//! that it was refused is learned from an alert on the first read. So every error of a stream comes
//! through here, however late.

use std::io;

use rustls::{AlertDescription, CertificateError};

use super::problem::{Alert, Distrust, Problem};
use crate::tls::{Authorities, Files};

/// An error of an open stream. `tls` are our files where the stream is TLS.
pub(super) fn stream(error: &io::Error, tls: Option<&Files>) -> Problem {
    if let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return rustls_error(error, tls);
    }
    match error.kind() {
        // Cut off without a close_notify, or with bytes of ours unread: an end, and nothing more.
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => Problem::Hangup,
        io::ErrorKind::ConnectionRefused => Problem::Refused,
        _ => Problem::Network {
            reason: without_code(&error.to_string()),
        },
    }
}

/// An error within the TLS handshake.
pub(super) fn handshake(error: &io::Error, files: Option<&Files>) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => Problem::ClosedInHandshake,
        _ => stream(error, files),
    }
}

fn rustls_error(error: &rustls::Error, tls: Option<&Files>) -> Problem {
    match error {
        rustls::Error::AlertReceived(alert) => received(*alert, tls),
        rustls::Error::InvalidCertificate(error) => Problem::Distrust(distrust(error, tls)),
        rustls::Error::InvalidMessage(
            rustls::InvalidMessage::InvalidContentType
            | rustls::InvalidMessage::UnknownProtocolVersion,
        ) => Problem::PlainPort,
        other => Problem::Tls {
            reason: other.to_string(),
        },
    }
}

fn received(alert: AlertDescription, tls: Option<&Files>) -> Problem {
    use AlertDescription as A;
    let alert = match alert {
        A::AccessDenied => Alert::Denied,
        A::CertificateExpired => Alert::Expired,
        A::CertificateRequired | A::NoCertificate => Alert::Required,
        A::CertificateRevoked => Alert::Revoked,
        A::UnknownCA => Alert::UnknownAuthority,
        A::BadCertificate => Alert::Unacceptable("bad certificate"),
        A::CertificateUnknown => Alert::Unacceptable("certificate unknown"),
        A::DecryptError => Alert::Unacceptable("its signature does not hold"),
        A::UnsupportedCertificate => Alert::Unacceptable("unsupported certificate"),
        other => {
            return Problem::Tls {
                reason: format!("it sent the alert {other:?}"),
            };
        }
    };
    Problem::Certificate {
        alert,
        cert: tls.map_or_else(String::new, |files| files.cert.display().to_string()),
    }
}

fn distrust(error: &CertificateError, tls: Option<&Files>) -> Distrust {
    use CertificateError as C;
    match error {
        C::Expired | C::ExpiredContext { .. } => Distrust::Expired,
        C::NotValidYet | C::NotValidYetContext { .. } => Distrust::NotYetValid,
        C::Revoked => Distrust::Revoked,
        C::UnknownRevocationStatus => Distrust::Revocation {
            reason: "no revocation list of its authority is at hand",
        },
        C::ExpiredRevocationList | C::ExpiredRevocationListContext { .. } => Distrust::Revocation {
            reason: "the revocation list has expired",
        },
        C::UnknownIssuer => Distrust::UnknownAuthority {
            trusted: tls.map_or_else(String::new, trusted),
        },
        C::BadSignature => Distrust::OtherAuthority,
        C::NotValidForNameContext {
            expected,
            presented,
        } => {
            let presented: Vec<String> = presented.iter().map(|name| plain_name(name)).collect();
            if presented.is_empty() {
                Distrust::NoSan
            } else {
                Distrust::WrongName {
                    expected: expected.to_str().into_owned(),
                    presented,
                }
            }
        }
        other => Distrust::Other {
            reason: other.to_string(),
        },
    }
}

/// webpki lists names as `DnsName("a.example")` and `IpAddress(..)`.
fn plain_name(name: &str) -> String {
    name.split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .map_or(name, |inner| inner.trim_matches('"'))
        .to_owned()
}

fn trusted(files: &Files) -> String {
    match &files.ca {
        Authorities::Webpki => "the public list".into(),
        Authorities::Files(paths) => {
            let paths: Vec<String> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            paths.join(", ")
        }
    }
}

/// The kernel's words without ` (os error 104)`, and not as the start of a sentence.
fn without_code(text: &str) -> String {
    let text = text.split_once(" (os error").map_or(text, |(text, _)| text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if chars.as_str().starts_with(|c: char| c.is_lowercase()) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_people_write_them() {
        assert_eq!(plain_name("DnsName(\"a.example\")"), "a.example");
        assert_eq!(plain_name("IpAddress(127.0.0.1)"), "127.0.0.1");
        assert_eq!(plain_name("a.example"), "a.example");
    }

    #[test]
    fn kernel_codes_are_left_out() {
        let error = io::Error::from_raw_os_error(113);
        assert_eq!(
            stream(&error, None),
            Problem::Network {
                reason: "no route to host".into()
            }
        );
    }

    #[test]
    fn an_alert_long_after_the_handshake_is_still_about_our_certificate() {
        let error = io::Error::other(rustls::Error::AlertReceived(
            AlertDescription::CertificateExpired,
        ));
        assert!(matches!(
            stream(&error, None),
            Problem::Certificate {
                alert: Alert::Expired,
                ..
            }
        ));
        let error = io::Error::other(rustls::Error::AlertReceived(
            AlertDescription::InternalError,
        ));
        assert!(matches!(stream(&error, None), Problem::Tls { .. }));
    }
}
