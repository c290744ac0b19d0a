//! One's own certificate chain and private key, loaded and checked against each other.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    sign::CertifiedKey,
};

use super::{
    error::{Error, read},
    names::{self, Validity},
};

/// A certificate chain and the private key of its first certificate, known to belong together.
#[derive(Debug)]
pub struct Certified {
    path: PathBuf,
    leaf: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    validity: Validity,
}

impl Certified {
    /// Loads a PEM chain and its PEM key (PKCS#8, PKCS#1 or SEC1). The time is not looked at.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, Error> {
        let chain = certificates(cert, "certificate")?;
        let leaf = chain.first().cloned().ok_or_else(|| Error::NoPem {
            path: cert.to_owned(),
            what: "certificate",
        })?;
        let validity = names::validity(&leaf).map_err(|source| Error::Name {
            path: cert.to_owned(),
            source,
        })?;
        let loaded = Self {
            path: cert.to_owned(),
            key: private_key(key)?,
            leaf,
            chain,
            validity,
        };
        loaded.for_rustls(&super::provider(), key)?;
        Ok(loaded)
    }

    /// Refuses a certificate that the other side would refuse for its time.
    pub fn check_time(&self, now: SystemTime) -> Result<(), Error> {
        let path = self.path.clone();
        if now < self.validity.not_before {
            let from = self.validity.not_before;
            return Err(Error::NotYetValid { path, from, now });
        }
        if !self.validity.contains(now) {
            let until = self.validity.not_after;
            return Err(Error::Expired { path, until, now });
        }
        Ok(())
    }

    /// The certificate's common name.
    pub fn common_name(&self) -> Result<String, Error> {
        names::common_name(&self.leaf).map_err(|source| Error::Name {
            path: self.path.clone(),
            source,
        })
    }

    /// The first certificate.
    pub const fn leaf(&self) -> &CertificateDer<'static> {
        &self.leaf
    }

    /// The certificate, then the intermediates of the file.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The private key.
    pub const fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// When the first certificate is valid.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// As rustls takes it, after a check that key and certificate are a pair.
    pub(super) fn for_rustls(
        &self,
        provider: &CryptoProvider,
        key_path: &Path,
    ) -> Result<CertifiedKey, Error> {
        let key = provider
            .key_provider
            .load_private_key(self.key.clone_key())
            .map_err(|error| damaged(key_path, KEY, &error))?;
        let certified = CertifiedKey::new(self.chain.clone(), key);
        match certified.keys_match() {
            Ok(()) => Ok(certified),
            Err(rustls::Error::InconsistentKeys(_)) => Err(Error::KeyMismatch {
                cert: self.path.clone(),
                key: key_path.to_owned(),
            }),
            Err(error) => Err(damaged(&self.path, "certificate", &error)),
        }
    }
}

const KEY: &str = "private key";

/// All certificates of a PEM file; at least one.
pub(super) fn certificates(
    path: &Path,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path, what)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| damaged_pem(path, what, &error))?;
    if found.is_empty() {
        let path = path.to_owned();
        return Err(Error::NoPem { path, what });
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read(path, KEY)?;
    // PKCS#8 says so in its label, the older forms in a header line.
    let encrypted = [
        &b"-----BEGIN ENCRYPTED PRIVATE KEY-----"[..],
        b"Proc-Type: 4,ENCRYPTED",
    ];
    if encrypted
        .iter()
        .any(|mark| memchr::memmem::find(&text, mark).is_some())
    {
        let path = path.to_owned();
        return Err(Error::EncryptedKey { path });
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => Error::NoPem {
            path: path.to_owned(),
            what: KEY,
        },
        error => damaged_pem(path, KEY, &error),
    })
}

/// What is wrong with a PEM file. The library's own words have the line's bytes as numbers, and where
/// line breaks were lost the line is the key.
pub(super) fn damaged_pem(path: &Path, what: &'static str, error: &pem::Error) -> Error {
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => {
            "a section has no `-----END` line (were the line breaks lost?)".to_owned()
        }
        pem::Error::IllegalSectionStart { .. } => {
            "a `-----BEGIN` line is not whole (were the line breaks lost?)".to_owned()
        }
        other => other.to_string(),
    };
    damaged(path, what, &reason)
}

pub(super) fn damaged(path: &Path, what: &'static str, reason: &impl ToString) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        what,
        reason: reason.to_string(),
    }
}
