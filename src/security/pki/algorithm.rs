//! The signature algorithms. Which one a message has is not chosen but follows from its key: a
//! header that says otherwise is refused, so there is nothing to confuse.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use rustls::pki_types::PrivateKeyDer;

use crate::tls::{KeyKind, PublicKey};

/// Signature algorithms by their names in JOSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    EdDsa,
    Es256,
    Es384,
    Ps256,
}

impl Algorithm {
    /// The one for a key.
    pub(super) fn of(key: &PublicKey) -> Result<Self, String> {
        match key.kind {
            KeyKind::Ed25519 => Ok(Self::EdDsa),
            KeyKind::P256 => Ok(Self::Es256),
            KeyKind::P384 => Ok(Self::Es384),
            KeyKind::Rsa { bits: 2048..=4096 } => Ok(Self::Ps256),
            KeyKind::Rsa { bits } => {
                Err(format!("an RSA key of {bits} bits; 2048 to 4096 can sign"))
            }
            KeyKind::Other => {
                Err("a key of another kind than P-256, P-384, Ed25519 and RSA".to_owned())
            }
        }
    }

    /// Its name in a header.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ps256 => "PS256",
        }
    }

    /// Whether the signature holds.
    pub(super) fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self {
            Self::EdDsa => &signature::ED25519,
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            // The salt is as long as the hash, as RFC 7518 3.5 demands.
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .is_ok()
    }
}

/// A private key.
pub(super) enum PrivateKey {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    /// Takes a key in any of its forms.
    pub(super) fn new(algorithm: Algorithm, der: &PrivateKeyDer<'_>) -> Result<Self, String> {
        let ecdsa = match algorithm {
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Algorithm::EdDsa => {
                return Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_der())
                    .map(Self::Ed25519)
                    .map_err(|error| error.to_string());
            }
            Algorithm::Ps256 => {
                let key = match der {
                    PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
                    der => RsaKeyPair::from_pkcs8(der.secret_der()),
                };
                return key.map(Self::Rsa).map_err(|error| error.to_string());
            }
        };
        let key = match der {
            PrivateKeyDer::Sec1(der) => {
                EcdsaKeyPair::from_private_key_der(ecdsa, der.secret_sec1_der())
            }
            der => EcdsaKeyPair::from_pkcs8(ecdsa, der.secret_der()),
        };
        key.map(Self::Ecdsa).map_err(|error| error.to_string())
    }

    /// Signs. `None` if the library can't.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ecdsa(key) => {
                let signature = key.sign(&SystemRandom::new(), message).ok()?;
                Some(signature.as_ref().to_vec())
            }
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(
                    &RSA_PSS_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .ok()?;
                Some(signature)
            }
        }
    }
}
