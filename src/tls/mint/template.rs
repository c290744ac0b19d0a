//! What all certificates have, before it is said what one is for: name, serial number, dates.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use aws_lc_rs::rand;
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, SanType, SerialNumber};
use rustls::pki_types::DnsName;

use super::MintError;
use crate::tls::Validity;

/// How far back a certificate's validity begins, so that a node whose clock is behind takes it.
pub(super) const SKEW: Duration = Duration::from_mins(10);
/// A hundred years: what lies beyond no longer fits a certificate's dates some day.
const MAX_DAYS: u32 = 36_500;

pub(super) fn params(
    common_name: &str,
    unit: Option<&str>,
    validity: Validity,
) -> Result<CertificateParams, MintError> {
    let mut name = DistinguishedName::new();
    name.push(
        DnType::CommonName,
        DnValue::Utf8String(common_name.to_owned()),
    );
    if let Some(unit) = unit {
        let unit = DnValue::Utf8String(unit.to_owned());
        name.push(DnType::OrganizationalUnitName, unit);
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.serial_number = Some(random_serial()?);
    params.not_before = validity.not_before.into();
    params.not_after = validity.not_after.into();
    Ok(params)
}

/// 128 bits, of which the first two are fixed: positive, and always of this length.
fn random_serial() -> Result<SerialNumber, MintError> {
    let mut serial = [0; 16];
    rand::fill(&mut serial).map_err(|_| MintError::Random)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}

pub(super) fn lifetime(now: SystemTime, days: u32) -> Validity {
    span(
        now,
        Duration::from_secs(u64::from(days.min(MAX_DAYS)) * DAY),
    )
}

pub(super) fn span(now: SystemTime, life: Duration) -> Validity {
    Validity {
        not_before: now - SKEW,
        not_after: now + life.min(Duration::from_secs(u64::from(MAX_DAYS) * DAY)),
    }
}

/// Seconds.
const DAY: u64 = 24 * 60 * 60;

pub(super) fn alt_name(text: &str) -> Result<SanType, MintError> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let unusable = || MintError::SubjectAltName(text.chars().take(80).collect());
    DnsName::try_from(text.strip_prefix("*.").unwrap_or(text)).map_err(|_| unusable())?;
    text.try_into()
        .map(SanType::DnsName)
        .map_err(|_| unusable())
}
