//! What a certificate says: its name, its other names, its number, its time.
//!
//! Only reads. Whether any of it is true is for the verifiers, so nothing here may be acted upon
//! before the chain was verified.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};

/// A certificate that does not say what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It can't be parsed.
    #[error("not a readable certificate")]
    Damaged,
    /// Nothing to call it by.
    #[error("the certificate's subject has no common name (CN)")]
    None,
    /// More than one, so that two readers could take different ones.
    #[error("the certificate's subject has more than one common name (CN)")]
    Several,
    /// A name that could be mistaken for something else where it is used.
    #[error(
        "the certificate's common name {0:?} is not usable; letters, digits, `_`, `.` and `-` are"
    )]
    Unusable(String),
}

/// The single common name of the subject, as `[\w.-]+`.
pub fn common_name(certificate: &CertificateDer<'_>) -> Result<String, NameError> {
    only_name(parse(certificate)?.subject())
}

/// The organizational unit (OU) in certificates of nodes, by which they say what they are for.
pub(super) const NODES: &str = "MCollective node";

/// Whether it says that it is a node's. One of another authority, or of an older program, may be a
/// node's without a word.
pub fn is_nodes(certificate: &CertificateDer<'_>) -> bool {
    parse(certificate).is_ok_and(|certificate| {
        let mut units = certificate.subject().iter_organizational_unit();
        units.any(|unit| unit.as_str() == Ok(NODES))
    })
}

/// The single common name of a subject, as `[\w.-]+`.
pub(super) fn only_name(subject: &X509Name<'_>) -> Result<String, NameError> {
    let mut names = subject.iter_common_name();
    let name = names.next().ok_or(NameError::None)?;
    if names.next().is_some() {
        return Err(NameError::Several);
    }
    let name = name
        .as_str()
        .map_err(|_| NameError::Unusable("(not text)".into()))?;
    if is_name(name) {
        Ok(name.to_owned())
    } else {
        Err(NameError::Unusable(name.chars().take(80).collect()))
    }
}

/// Whether this may be a common name: 1 to 255 letters, digits, `_`, `.` and `-`.
pub fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Whether this is what every machine calls itself, so that it tells no machine from another.
pub fn is_everybodys(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let (first, domain) = name.split_once('.').unwrap_or((&name, ""));
    let of_loopback = matches!(
        first,
        "localhost" | "localhost4" | "localhost6" | "ip6-localhost" | "ip6-loopback" | "loopback"
    );
    (of_loopback && (domain.is_empty() || domain.starts_with("localdomain")))
        || name.ends_with(".localhost")
        // Addresses of this machine, also where they are cut short as `127.1`.
        || (matches!(first, "127" | "0") && name.bytes().all(|b| b == b'.' || b.is_ascii_digit()))
}

/// The DNS names and IP addresses of the certificate, as text.
pub fn subject_alt_names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, NameError> {
    let certificate = parse(certificate)?;
    let extension = certificate
        .subject_alternative_name()
        .map_err(|_| NameError::Damaged)?;
    let names = extension
        .iter()
        .flat_map(|extension| &extension.value.general_names);
    Ok(names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
            _ => None,
        })
        .collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// The certificate's serial number: big-endian, as encoded.
pub fn serial(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, NameError> {
    Ok(parse(certificate)?.raw_serial().to_vec())
}

/// When the certificate is valid.
pub fn validity(certificate: &CertificateDer<'_>) -> Result<Validity, NameError> {
    let certificate = parse(certificate)?;
    let validity = certificate.validity();
    Ok(Validity {
        not_before: moment(validity.not_before.timestamp()).ok_or(NameError::Damaged)?,
        not_after: moment(validity.not_after.timestamp()).ok_or(NameError::Damaged)?,
    })
}

fn moment(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

pub(super) fn parse<'a>(
    certificate: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, NameError> {
    match X509Certificate::from_der(certificate) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(NameError::Damaged),
    }
}

/// From when to when a certificate is valid, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: SystemTime,
    /// The last moment.
    pub not_after: SystemTime,
}

impl Validity {
    /// Whether a moment is inside.
    pub fn contains(&self, time: SystemTime) -> bool {
        // The last second counts to its end, as webpki has it.
        self.not_before <= time && time < self.not_after + Duration::from_secs(1)
    }

    /// The time in which both are valid.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_machine_calls_itself_is_no_machines_name() {
        for name in [
            "localhost",
            "LocalHost",
            "localhost.",
            "localhost.localdomain",
            "localhost6.localdomain6",
            "web1.localhost",
            "ip6-loopback",
            "127.0.0.1",
            "127.1",
            "127.0.1.1",
            "0.0.0.0",
            "0",
        ] {
            assert!(is_everybodys(name), "{name}");
        }
        for name in [
            "web1",
            "localhost.example.net",
            "notlocalhost",
            "web1.localdomain",
            "10.0.0.1",
            "127.example.net",
            "0a",
        ] {
            assert!(!is_everybodys(name), "{name}");
        }
    }
}
