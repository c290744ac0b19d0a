//! A certificate authority that lies in a directory: its key, what it has issued and revoked, and the
//! tokens with which machines join.
//!
//! `ca.pem`, `ca-key.pem` and `crl.pem` are the authority; `issued/NAME/SERIAL.json` is a certificate,
//! `tokens/ID.json` a token. Broker and command line are two processes that use it at a time, so every
//! change is made under a lock, written whole, and on disk before anybody hears of it. All files belong
//! to whom the directory belongs to, which is the broker's user; root changes them as that user.

mod enrol;
mod issued;
mod tokens;

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustls::pki_types::CertificateDer;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    keys::KeyPin,
    mint::{CertificateAuthority, MintError},
    names::is_name,
    trust,
};
use crate::sys::{
    file::{self, FileError, Mode},
    owner::AsOwner,
};

pub use enrol::Enrolled;
pub use issued::{Issued, Renewed};
pub use tokens::{TokenOrder, TokenRecord};

/// What of one of its files is read.
const LARGEST: u64 = 1 << 20;

/// A revocation list of a large fleet.
const LARGEST_LIST: u64 = 16 << 20;

/// Names become the names of files, and arguments of programs.
const LONGEST_NAME: usize = 200;

/// How long a list counts. Readers here take the newest that they have, whatever its age.
const LIST_DAYS: u32 = 3650;

/// How long to wait for another process that changes something; each takes a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an authority can't do.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// There is one already.
    #[error("there is an authority in {} already", .0.display())]
    AlreadyThere(PathBuf),
    /// A record that can't be understood.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A directory or a lock.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A certificate can't be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// Not a name for a certificate.
    #[error(
        "{0:?} can't be a name here: letters, digits, `_`, `.` and `-`, beginning with one of the first three, and no `.` at the end"
    )]
    Name(String),
    /// A name that people would take for another one.
    #[error("{1} has a certificate, and {0} is the same but for capital letters")]
    Alike(String, String),
    /// A client's name that a node bears.
    #[error(
        "{0} is the name of a node, which must not command; `mcollective enable revoke {0}` on the broker frees it"
    )]
    IsNode(String),
    /// A token that would be of no use.
    #[error("no such token can be made: {0}")]
    Order(&'static str),
}

/// See the module.
pub struct Authority {
    dir: PathBuf,
    ca: CertificateAuthority,
    pin: KeyPin,
}

/// Nobody else changes anything as long as it is held.
struct Locked {
    _file: File,
    _owner: AsOwner,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes one in a directory, which may be there already.
    pub fn create(dir: &Path, name: &str, days: u32) -> Result<Self, AuthorityError> {
        let failed = |source| AuthorityError::Io {
            what: "make",
            path: dir.into(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(failed)?;
        let there = ["ca.pem", "ca-key.pem"].map(|file| dir.join(file));
        if there.iter().any(|file| file.symlink_metadata().is_ok()) {
            return Err(AuthorityError::AlreadyThere(dir.into()));
        }
        let ca = CertificateAuthority::create(name, days)?;
        let owner = AsOwner::of(dir).map_err(failed)?;
        let [cert, key] = &there;
        let list = ca.revocation_list(&[], 1, LIST_DAYS)?;
        // The certificate comes last: with it, the authority is there.
        let made = put(key, ca.key_pem().as_bytes(), 0o600)
            .and_then(|()| put(&dir.join("crl.pem"), list.as_bytes(), 0o644))
            .and_then(|()| put(cert, ca.cert_pem().as_bytes(), 0o644));
        if let Err(error) = made {
            // Nobody has seen the key, and it would be in the way when there is room on the disk.
            let _there_perhaps = fs::remove_file(key);
            return Err(error);
        }
        drop(owner);
        Self::open(dir)
    }

    /// Opens the one in a directory.
    pub fn open(dir: &Path) -> Result<Self, AuthorityError> {
        let read = |name: &str| file::read_text(&dir.join(name), LARGEST);
        let cert = read("ca.pem")?;
        let ca = CertificateAuthority::load(&cert, &read("ca-key.pem")?)?;
        let pin = super::pem_pin(&cert).ok_or_else(|| AuthorityError::Damaged {
            path: dir.join("ca.pem"),
            reason: "no certificate".into(),
        })?;
        Ok(Self {
            dir: dir.into(),
            ca,
            pin,
        })
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its certificate.
    pub fn cert_pem(&self) -> &str {
        self.ca.cert_pem()
    }

    /// Whether it has signed a certificate.
    pub fn has_signed(&self, certificate: &CertificateDer<'_>) -> bool {
        trust::is_signed_by(certificate, self.cert_pem())
    }

    /// The pin of its key.
    pub const fn pin(&self) -> KeyPin {
        self.pin
    }

    /// The file of its certificate.
    pub fn cert_path(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// The file of its revocation list.
    pub fn crl_path(&self) -> PathBuf {
        self.dir.join("crl.pem")
    }

    /// Revokes all certificates of a name that are valid; none is no error. The list is written anew.
    pub fn revoke(&self, name: &str) -> Result<Vec<Issued>, AuthorityError> {
        self.revoke_at(name, SystemTime::now())
    }

    pub(crate) fn revoke_at(
        &self,
        name: &str,
        now: SystemTime,
    ) -> Result<Vec<Issued>, AuthorityError> {
        check_name(name)?;
        let _lock = self.lock()?;
        let mut issued = self.issued_to(name)?;
        issued.retain(|issued| issued.not_after > now);
        let known = !issued.is_empty();
        issued.retain(|issued| issued.revoked.is_none());
        for issued in &mut issued {
            issued.revoked = Some(seconds(now));
            self.keep(issued)?;
        }
        // Also where all were revoked before: that call may have ended before the list was written.
        if known {
            self.publish(now)?;
        }
        Ok(issued)
    }

    /// Writes the list of what was revoked and has not expired.
    fn publish(&self, now: SystemTime) -> Result<(), AuthorityError> {
        let issued = self.issued()?;
        let revoked: Vec<_> = issued
            .iter()
            .filter(|issued| issued.not_after > now)
            .filter_map(Issued::revocation)
            .collect();
        // Numbers have to grow, also where the last list was lost.
        let last = file::read(&self.crl_path(), LARGEST_LIST).ok();
        let last = last.and_then(|pem| trust::list_number(&pem)).unwrap_or(0);
        let number = seconds(now).max(last + 1);
        let text = self.ca.revocation_list(&revoked, number, LIST_DAYS)?;
        put(&self.crl_path(), text.as_bytes(), 0o644)
    }

    /// Keeps every other process from changing anything while it is held.
    fn lock(&self) -> Result<Locked, AuthorityError> {
        let owner = AsOwner::of(&self.dir).map_err(|source| AuthorityError::Io {
            what: "look at",
            path: self.dir.clone(),
            source,
        })?;
        Ok(Locked {
            _file: file::lock(&self.dir.join("lock"), PATIENCE)?,
            _owner: owner,
        })
    }

    /// Writes a record.
    fn put_record(&self, path: &Path, record: &impl Serialize) -> Result<(), AuthorityError> {
        let parent = path.parent().unwrap_or(&self.dir);
        for dir in [parent.parent().unwrap_or(&self.dir), parent] {
            if !dir.is_dir() {
                DirBuilder::new()
                    .mode(0o700)
                    .create(dir)
                    .map_err(|source| AuthorityError::Io {
                        what: "make",
                        path: dir.into(),
                        source,
                    })?;
            }
        }
        let bytes = serde_json::to_vec_pretty(record).unwrap_or_default();
        put(path, &bytes, 0o600)
    }
}

/// Reads a record.
fn record<T: DeserializeOwned>(path: &Path) -> Result<T, AuthorityError> {
    let bytes = file::read(path, LARGEST)?;
    serde_json::from_slice(&bytes).map_err(|error| AuthorityError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    })
}

/// The entries of a directory that need not be there, but for what is being written.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, AuthorityError> {
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(AuthorityError::Io {
                what: "read",
                path: dir.into(),
                source,
            });
        }
    };
    let hidden = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b".")
    };
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| !hidden(path));
    paths.sort();
    Ok(paths)
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AuthorityError> {
    Ok(file::write_atomic(path, bytes, Mode::Exactly(mode))?)
}

fn check_name(name: &str) -> Result<(), AuthorityError> {
    if is_name(name)
        && name.len() <= LONGEST_NAME
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
    {
        return Ok(());
    }
    Err(AuthorityError::Name(name.chars().take(80).collect()))
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The moment so many seconds after 1970.
fn moment(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 40))
}

#[cfg(test)]
mod tests;
