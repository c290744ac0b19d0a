//! A failed handshake in a sentence for the log of who was dialled. Who dials can do more about it,
//! and is told more by the connector.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// Says why a handshake failed where more is known than the error itself says. Certificate errors
/// are about the other side's certificate, alerts about one's own.
pub fn explain(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.map_or_else(|| error.to_string(), sentence)
}

pub(super) fn sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => self::alert(*alert),
        Error::NoCertificatesPresented => "the other side sent no certificate".into(),
        Error::InvalidMessage(_) => {
            format!("the other side does not speak TLS ({error}); is this its TLS port?")
        }
        error => error.to_string(),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "the other side's certificate is by an authority that is not trusted here".into()
        }
        CertificateError::BadSignature => {
            "the other side's certificate is by an authority of a name that is trusted here, but \
             with another key; was the authority made anew?"
                .into()
        }
        CertificateError::Revoked => "the other side's certificate was revoked".into(),
        CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. } => {
            format!("the other side's certificate: {error}; is this machine's clock right?")
        }
        error => format!("the other side's certificate: {error}"),
    }
}

fn alert(alert: AlertDescription) -> String {
    let reason = match alert {
        AlertDescription::UnknownCA => "its authority is not trusted there",
        AlertDescription::CertificateExpired => "it has expired, or a clock is wrong",
        AlertDescription::CertificateRevoked => "it was revoked",
        AlertDescription::CertificateRequired => "none was sent",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "see the other side's log for the reason",
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => {
            return format!("the other side found no common TLS parameters ({alert:?})");
        }
        alert => return format!("the other side ended the handshake: {alert:?}"),
    };
    format!("the other side refused our certificate ({alert:?}): {reason}")
}
