//! The compact form: three parts of base64url with dots between, and what the first part says.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::{Certificates, algorithm::Algorithm, fault::Fault};
use crate::text;

/// The largest message. Above all a bound on what one sender can make us hold.
pub(super) const MAX_BODY: usize = 16 * 1024 * 1024;
/// The most certificates in a header.
pub(super) const MAX_CERTIFICATES: usize = 3;
/// Their size together, decoded.
pub(super) const MAX_CERTIFICATE_BYTES: usize = 12 * 1024;
/// The certificates, encoded twice, and room for the rest.
const MAX_HEADER: usize = MAX_CERTIFICATE_BYTES * 16 / 9 + 1024;
/// RSA-4096 has the longest signature, 512 bytes.
const MAX_SIGNATURE: usize = 684;

/// What a message is. A signature made for one is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Registration,
    Reply,
    Request,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Registration, Self::Reply, Self::Request];

    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "mco-registration",
            Self::Reply => "mco-reply",
            Self::Request => "mco-request",
        }
    }
}

/// The header: exactly this.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    x5c: Vec<String>,
}

/// The first part of our own messages of a kind.
pub(super) fn header(
    kind: Kind,
    algorithm: Algorithm,
    certificates: &Certificates,
) -> Result<String, String> {
    check_certificates(certificates)?;
    let header = Header {
        alg: algorithm.name().to_owned(),
        typ: kind.name().to_owned(),
        x5c: certificates
            .iter()
            .map(|certificate| BASE64_STANDARD.encode(certificate))
            .collect(),
    };
    let header = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(header))
}

fn check_certificates(certificates: &Certificates) -> Result<(), String> {
    let bytes: usize = certificates
        .iter()
        .map(|certificate| certificate.len())
        .sum();
    if certificates.len() > MAX_CERTIFICATES {
        let count = certificates.len();
        return Err(format!(
            "{count} certificates; a message may carry {MAX_CERTIFICATES}"
        ));
    }
    if bytes > MAX_CERTIFICATE_BYTES {
        return Err(format!(
            "{bytes} bytes of certificates; a message may carry {MAX_CERTIFICATE_BYTES}"
        ));
    }
    Ok(())
}

/// A message taken apart. Nothing in it is to be believed yet.
pub(super) struct Jws<'a> {
    alg: String,
    certificates: Vec<CertificateDer<'static>>,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a message of this kind apart.
    pub(super) fn split(kind: Kind, body: &'a [u8]) -> Result<Self, Fault> {
        if body.len() > MAX_BODY {
            let length = body.len();
            return Err(form(format!(
                "{length} bytes, above the limit of {MAX_BODY}"
            )));
        }
        let parts = || {
            let body = str::from_utf8(body).ok()?;
            let (signed, signature) = body.rsplit_once('.')?;
            let (header, payload) = signed.split_once('.')?;
            (!payload.contains('.')).then_some((signed, header, payload, signature))
        };
        let Some((signed, header, payload, signature)) = parts() else {
            return Err(form("not three parts with dots between"));
        };
        if header.len() > MAX_HEADER || signature.len() > MAX_SIGNATURE {
            return Err(form("the header or the signature is too long"));
        }
        let header: Header = serde_json::from_slice(&decode(header, "header")?)
            .map_err(|error| form(format!("the header: {error}")))?;
        if header.typ != kind.name() {
            let (typ, kind) = (text::excerpt(&header.typ, 80), kind.name());
            return Err(form(format!("its type is {typ}, not {kind}")));
        }
        let certificates = certificates(&header.x5c)?;
        Ok(Self {
            alg: header.alg,
            certificates,
            signed,
            payload,
            signature: decode(signature, "signature")?,
        })
    }

    /// At least one.
    pub(super) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Whether this key made the signature, by the algorithm that goes with it.
    pub(super) fn check(&self, algorithm: Algorithm, key: &[u8]) -> Result<bool, Fault> {
        if self.alg != algorithm.name() {
            let (alg, name) = (text::excerpt(&self.alg, 80), algorithm.name());
            return Err(form(format!(
                "its algorithm is {alg}, but the key's is {name}"
            )));
        }
        Ok(algorithm.verify(key, self.signed.as_bytes(), &self.signature))
    }

    /// The message itself; for use after [`check`](Self::check).
    pub(super) fn payload(&self) -> Result<Vec<u8>, Fault> {
        decode(self.payload, "payload")
    }
}

fn certificates(x5c: &[String]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    if x5c.is_empty() {
        return Err(form("no certificate in the header"));
    }
    let certificates = x5c
        .iter()
        .take(MAX_CERTIFICATES + 1)
        .map(|text| BASE64_STANDARD.decode(text).map(CertificateDer::from))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| form(format!("a certificate in the header: {error}")))?;
    check_certificates(&certificates).map_err(form)?;
    Ok(certificates)
}

/// Strict: no padding, no other alphabet, no white space, no stray bits at the end, so that one
/// message has one spelling.
fn decode(part: &str, which: &str) -> Result<Vec<u8>, Fault> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|error| form(format!("the {which} is not base64url: {error}")))
}

fn form(reason: impl Into<String>) -> Fault {
    Fault::Form(reason.into())
}
