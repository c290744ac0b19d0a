//! A certificate's public key: what kind it is, and its fingerprint, by which it can be pinned.

use std::{fmt, str::FromStr};

use aws_lc_rs::{digest, signature::RsaParameters};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION,
    OID_SIG_ED25519,
};

use super::names::{NameError, parse};

/// The certificate's public key.
pub fn public_key(certificate: &CertificateDer<'_>) -> Result<PublicKey, NameError> {
    let certificate = parse(certificate)?;
    let info = certificate.public_key();
    let parameters = info.algorithm.parameters.as_ref();
    let curve = || parameters.and_then(|parameters| parameters.as_oid().ok());
    let bytes = info.subject_public_key.data.to_vec();
    let kind = if info.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        match curve() {
            Some(curve) if curve == OID_EC_P256 => KeyKind::P256,
            Some(curve) if curve == OID_NIST_EC_P384 => KeyKind::P384,
            _ => KeyKind::Other,
        }
    } else if info.algorithm.algorithm == OID_SIG_ED25519 {
        KeyKind::Ed25519
    } else if info.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
        let bits = RsaParameters::public_modulus_len(&bytes).map_err(|_| NameError::Damaged)?;
        KeyKind::Rsa { bits }
    } else {
        KeyKind::Other
    };
    Ok(PublicKey {
        kind,
        bytes,
        pin: KeyPin::of(info.raw),
    })
}

/// The pin of the certificate's public key.
pub fn key_pin(certificate: &CertificateDer<'_>) -> Result<KeyPin, NameError> {
    let certificate = parse(certificate)?;
    Ok(KeyPin::of(certificate.public_key().raw))
}

/// The certificate's public key as `SubjectPublicKeyInfo` in DER.
pub fn public_key_info(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, NameError> {
    Ok(parse(certificate)?.public_key().raw.to_vec())
}

/// The pin of the first certificate of a PEM text.
pub fn pem_pin(pem: &str) -> Option<KeyPin> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    key_pin(&certificate).ok()
}

/// A certificate's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// What it is.
    pub kind: KeyKind,
    /// The key itself: a curve's point, or an RSA key in PKCS#1.
    pub bytes: Vec<u8>,
    /// Its fingerprint.
    pub pin: KeyPin,
}

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// Anything else.
    Other,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA.
    Rsa {
        /// The modulus' length.
        bits: u32,
    },
}

/// A public key's fingerprint: the SHA-256 of its `SubjectPublicKeyInfo`. It stays the same when
/// the certificate is renewed for the same key. Written `sha256:` and 64 hexadecimal digits;
/// `openssl x509 -in CERT -noout -pubkey | openssl pkey -pubin -outform der | sha256sum` has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPin([u8; 32]);

impl KeyPin {
    /// Of a `SubjectPublicKeyInfo` in DER.
    pub(super) fn of(public_key_info: &[u8]) -> Self {
        let mut pin = [0; 32];
        pin.copy_from_slice(digest::digest(&digest::SHA256, public_key_info).as_ref());
        Self(pin)
    }
}

impl fmt::Display for KeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex(&self.0))
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or('0');
    let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(digits).collect()
}

impl fmt::Debug for KeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no key pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key pin is `sha256:` and 64 hexadecimal digits")]
pub struct PinError;

impl FromStr for KeyPin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let hex = text.strip_prefix("sha256:").ok_or(PinError)?;
        if hex.len() != 64 {
            return Err(PinError);
        }
        let digit = |b: &u8| {
            char::from(*b)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let mut pin = [0; 32];
        for (byte, pair) in pin.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else {
                return Err(PinError);
            };
            *byte = digit(high)
                .zip(digit(low))
                .map(|(h, l)| h << 4 | l)
                .ok_or(PinError)?;
        }
        Ok(Self(pin))
    }
}
