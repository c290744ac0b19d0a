//! What an authority has issued: a record for each certificate.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};

use super::{Authority, AuthorityError, check_name, entries, moment, record, seconds};
use crate::tls::{
    keys::{self, KeyPin, hex},
    mint::{Pair, Revocation, Role, new_key, public_key_info},
    names,
};

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The name in it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its serial number, as in [`names::serial`].
    pub serial: Vec<u8>,
    /// The pin of its key.
    pub pin: KeyPin,
    /// When it was made.
    pub issued: SystemTime,
    /// When it ends.
    pub not_after: SystemTime,
    /// When it was revoked, in seconds since 1970.
    pub revoked: Option<u64>,
    /// The token that it was issued for.
    pub token: Option<String>,
    /// The certificate in PEM.
    pub cert_pem: String,
}

/// What a renewal gives.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The certificate in PEM.
    pub cert_pem: String,
    /// Whether it was made for this; otherwise it was made before, for the same key.
    pub is_new: bool,
}

/// As it is on disk. What is in the certificate is read from there.
#[derive(Serialize, Deserialize)]
struct OnDisk {
    role: Role,
    issued: u64,
    revoked: Option<u64>,
    token: Option<String>,
    cert: String,
}

impl Issued {
    /// Whether it counts now.
    pub fn is_valid(&self) -> bool {
        self.is_valid_at(SystemTime::now())
    }

    pub(super) fn is_valid_at(&self, now: SystemTime) -> bool {
        self.revoked.is_none() && now < self.not_after
    }

    /// Whether it is this very certificate: another authority may have given the same number.
    fn is(&self, certificate: &CertificateDer<'_>) -> bool {
        let ours = CertificateDer::from_pem_slice(self.cert_pem.as_bytes());
        ours.is_ok_and(|ours| ours == *certificate)
    }

    pub(super) fn revocation(&self) -> Option<Revocation> {
        Some(Revocation {
            serial: self.serial.clone(),
            at: moment(self.revoked?),
        })
    }
}

impl Authority {
    /// Everything that was issued and is on record, by name.
    pub fn issued(&self) -> Result<Vec<Issued>, AuthorityError> {
        let mut issued = Vec::new();
        for dir in entries(&self.dir.join("issued"))? {
            // Nothing of ours, and no reason to revoke nobody.
            if !dir.is_dir() {
                continue;
            }
            for path in entries(&dir)? {
                issued.push(read(&path)?);
            }
        }
        Ok(issued)
    }

    /// What was issued under a name.
    pub(super) fn issued_to(&self, name: &str) -> Result<Vec<Issued>, AuthorityError> {
        check_name(name)?;
        let paths = entries(&self.dir.join("issued").join(name))?;
        paths.iter().map(|path| read(path)).collect()
    }

    /// Refuses a client the name that a node bears.
    pub(super) fn refuse_a_nodes(&self, name: &str, now: SystemTime) -> Result<(), AuthorityError> {
        let nodes = |issued: &Issued| issued.role == Role::Node && issued.is_valid_at(now);
        if self.issued_to(name)?.iter().any(nodes) {
            return Err(AuthorityError::IsNode(name.to_owned()));
        }
        Ok(())
    }

    /// Another name that people would take for this one, with a certificate that counts.
    pub(super) fn alike(
        &self,
        name: &str,
        counts: impl Fn(&Issued) -> bool,
    ) -> Result<Option<String>, AuthorityError> {
        let Ok(listing) = fs::read_dir(self.dir.join("issued")) else {
            return Ok(None);
        };
        for entry in listing.flatten() {
            let other = entry.file_name();
            let Some(other) = other.to_str().filter(|other| *other != name) else {
                continue;
            };
            if other.eq_ignore_ascii_case(name) && self.issued_to(other)?.iter().any(&counts) {
                return Ok(Some(other.to_owned()));
            }
        }
        Ok(None)
    }

    /// Makes a key and a certificate for it.
    pub fn issue(
        &self,
        role: Role,
        name: &str,
        sans: &[String],
        days: u32,
    ) -> Result<Pair, AuthorityError> {
        let key_pem = new_key()?;
        let key = public_key_info(&key_pem)?;
        let cert_pem = self.issue_for_key(&key, role, name, sans, days)?;
        Ok(Pair { cert_pem, key_pem })
    }

    /// A certificate for somebody else's public key, given as `SubjectPublicKeyInfo` in DER.
    pub fn issue_for_key(
        &self,
        public_key_info: &[u8],
        role: Role,
        name: &str,
        sans: &[String],
        days: u32,
    ) -> Result<String, AuthorityError> {
        let _lock = self.lock()?;
        let life = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let now = SystemTime::now();
        if role == Role::Client {
            self.refuse_a_nodes(name, now)?;
        }
        // The broker's machine is a node too, and may be called as the broker is.
        let others = |issued: &Issued| issued.role != Role::Broker && issued.is_valid_at(now);
        if role != Role::Broker
            && let Some(other) = self.alike(name, others)?
        {
            return Err(AuthorityError::Alike(name.to_owned(), other));
        }
        self.sign(public_key_info, role, name, sans, life, None, now)
    }

    /// Signs and records, under the lock.
    #[allow(clippy::too_many_arguments, reason = "they are what a certificate has")]
    pub(super) fn sign(
        &self,
        public_key_info: &[u8],
        role: Role,
        name: &str,
        sans: &[String],
        life: Duration,
        token: Option<&str>,
        now: SystemTime,
    ) -> Result<String, AuthorityError> {
        check_name(name)?;
        let cert_pem = self
            .ca
            .issue_for(public_key_info, role, name, sans, life, now)?;
        let on_disk = OnDisk {
            role,
            issued: seconds(now),
            revoked: None,
            token: token.map(str::to_owned),
            cert: cert_pem.clone(),
        };
        let issued = on_disk.read().map_err(|reason| AuthorityError::Damaged {
            path: self.dir.clone(),
            reason,
        })?;
        self.keep(&issued)?;
        self.forget_expired(&issued.name, now);
        Ok(cert_pem)
    }

    /// Each renewal leaves a certificate behind, of which nothing is to be known when it has expired.
    fn forget_expired(&self, name: &str, now: SystemTime) {
        for old in self.issued_to(name).unwrap_or_default() {
            if old.not_after < now {
                let _gone = fs::remove_file(self.record_path(&old));
            }
        }
    }

    fn record_path(&self, issued: &Issued) -> PathBuf {
        let file = format!("{}.json", hex(&issued.serial));
        self.dir.join("issued").join(&issued.name).join(file)
    }

    /// Writes a certificate's record.
    pub(super) fn keep(&self, issued: &Issued) -> Result<(), AuthorityError> {
        let on_disk = OnDisk {
            role: issued.role,
            issued: seconds(issued.issued),
            revoked: issued.revoked,
            token: issued.token.clone(),
            cert: issued.cert_pem.clone(),
        };
        self.put_record(&self.record_path(issued), &on_disk)
    }

    /// A new certificate for the holder of one of ours, who has proven to be that: the same name, role
    /// and key, for as long as the old one counted at first.
    pub fn renew(&self, old: &CertificateDer<'_>) -> Result<Option<Renewed>, AuthorityError> {
        self.renew_at(old, SystemTime::now())
    }

    pub(crate) fn renew_at(
        &self,
        old: &CertificateDer<'_>,
        now: SystemTime,
    ) -> Result<Option<Renewed>, AuthorityError> {
        let (Ok(name), Ok(serial)) = (names::common_name(old), names::serial(old)) else {
            return Ok(None);
        };
        if check_name(&name).is_err() {
            return Ok(None);
        }
        let _lock = self.lock()?;
        let issued = self.issued_to(&name)?;
        let Some(known) = issued
            .iter()
            .find(|i| i.serial == serial && i.is_valid_at(now) && i.is(old))
        else {
            return Ok(None);
        };
        // Asked again, because the answer was lost: the same answer.
        let newer = issued
            .iter()
            .filter(|i| i.pin == known.pin && i.role == known.role && i.revoked.is_none())
            .max_by_key(|i| i.not_after);
        let life = known
            .not_after
            .duration_since(known.issued)
            .unwrap_or_default();
        if let Some(newer) = newer.filter(|newer| newer.not_after > now + life / 2) {
            return Ok(Some(Renewed {
                cert_pem: newer.cert_pem.clone(),
                is_new: false,
            }));
        }
        let sans = names::subject_alt_names(old).unwrap_or_default();
        let key = keys::public_key_info(old).unwrap_or_default();
        let token = known.token.as_deref();
        let cert_pem = self.sign(&key, known.role, &name, &sans, life, token, now)?;
        Ok(Some(Renewed {
            cert_pem,
            is_new: true,
        }))
    }
}

impl OnDisk {
    fn read(self) -> Result<Issued, String> {
        let der = CertificateDer::from_pem_slice(self.cert.as_bytes())
            .map_err(|error| error.to_string())?;
        let said = |error: names::NameError| error.to_string();
        Ok(Issued {
            name: names::common_name(&der).map_err(said)?,
            role: self.role,
            serial: names::serial(&der).map_err(said)?,
            pin: keys::key_pin(&der).map_err(said)?,
            issued: moment(self.issued),
            not_after: names::validity(&der).map_err(said)?.not_after,
            revoked: self.revoked,
            token: self.token,
            cert_pem: self.cert,
        })
    }
}

fn read(path: &Path) -> Result<Issued, AuthorityError> {
    let on_disk: OnDisk = record(path)?;
    on_disk.read().map_err(|reason| AuthorityError::Damaged {
        path: path.into(),
        reason,
    })
}
