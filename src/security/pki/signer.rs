//! One's own signature.

use std::time::SystemTime;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rustls::pki_types::CertificateDer;

use super::{
    LoadError, Settings,
    algorithm::{Algorithm, PrivateKey},
    jws::{self, Kind, MAX_BODY},
};
use crate::{
    security::SignError,
    tls::{self, Certified, KeyPin},
};

/// A key, and the headers of what it signs.
pub(super) struct Signer {
    key: PrivateKey,
    headers: [(Kind, String); 3],
    pin: KeyPin,
    valid_until: SystemTime,
}

impl Signer {
    pub(super) fn new(own: &Certified) -> Result<Self, Unable> {
        let public = tls::public_key(own.leaf()).map_err(|e| Unable::Chain(e.to_string()))?;
        let algorithm = Algorithm::of(&public).map_err(Unable::Key)?;
        // Roots are the other side's to have; one that came along would only cost room.
        let chain: Vec<CertificateDer<'static>> = own
            .chain()
            .iter()
            .enumerate()
            .filter(|(i, certificate)| *i == 0 || !is_self_issued(certificate))
            .map(|(_, certificate)| certificate.clone())
            .collect();
        let header = |kind| jws::header(kind, algorithm, &chain).map_err(Unable::Chain);
        let [registration, reply, request] = Kind::ALL;
        Ok(Self {
            key: PrivateKey::new(algorithm, own.key()).map_err(Unable::Key)?,
            headers: [
                (registration, header(registration)?),
                (reply, header(reply)?),
                (request, header(request)?),
            ],
            pin: public.pin,
            valid_until: own.validity().not_after,
        })
    }

    /// The fingerprint of our key.
    pub(super) const fn pin(&self) -> KeyPin {
        self.pin
    }

    /// Until when our certificate is valid.
    pub(super) const fn valid_until(&self) -> SystemTime {
        self.valid_until
    }

    /// The whole body.
    pub(super) fn sign(&self, kind: Kind, payload: &[u8]) -> Result<String, SignError> {
        let header = self.headers.iter().find(|(other, _)| *other == kind);
        let mut body = header.map(|(_, text)| text.clone()).unwrap_or_default();
        body.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(payload, &mut body);
        let signature = self
            .key
            .sign(body.as_bytes())
            .ok_or_else(|| SignError("the key can't make a signature".into()))?;
        body.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut body);
        if body.len() > MAX_BODY {
            let length = body.len();
            return Err(SignError(format!(
                "the message would have {length} bytes, above the limit of {MAX_BODY}"
            )));
        }
        Ok(body)
    }
}

fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.subject() == certificate.issuer())
}

/// Why there is no signing.
pub(super) enum Unable {
    Chain(String),
    Key(String),
}

impl Unable {
    /// With the file's name.
    pub(super) fn at(self, settings: &Settings) -> LoadError {
        match self {
            Self::Chain(reason) => LoadError::Chain {
                cert: settings.cert.clone(),
                reason,
            },
            Self::Key(reason) => LoadError::Key {
                key: settings.key.clone(),
                reason,
            },
        }
    }
}
