//! What can be wrong with the files of a TLS end.

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::names::NameError;
use crate::sys::file::{self, FileError};

/// A file of a TLS end that can't be used. Each names the file, what is wrong with it, and, where
/// it isn't plain, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate, key or list that is damaged.
    #[error("{}: {what} can't be read: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The key needs a password.
    #[error(
        "{}: the private key is encrypted; store it without a password: openssl pkey -in {} -out KEY",
        path.display(), path.display()
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate's time is over.
    #[error(
        "{}: the certificate expired on {} (it is now {}); renew it",
        path.display(), date(*until), date(*now)
    )]
    Expired {
        /// The file.
        path: PathBuf,
        /// Its last moment.
        until: SystemTime,
        /// What this machine's clock says.
        now: SystemTime,
    },
    /// Certificate and key are not a pair.
    #[error(
        "{}: the private key does not belong to the certificate {}",
        key.display(), cert.display()
    )]
    KeyMismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// There is no such file.
    #[error("{}: there is no such file; a {what} is expected there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        what: &'static str,
    },
    /// The certificate carries no usable name.
    #[error("{}: {source}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: NameError,
    },
    /// No authority is configured.
    #[error("no certificate authority is configured: nobody could be trusted")]
    NoAuthority,
    /// The file has no such section.
    #[error("{}: no {what} in PEM form in this file", path.display())]
    NoPem {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        what: &'static str,
    },
    /// The certificate's time has not come.
    #[error(
        "{}: the certificate is not valid before {} (it is now {}); is this machine's clock right?",
        path.display(), date(*from), date(*now)
    )]
    NotYetValid {
        /// The file.
        path: PathBuf,
        /// Its first moment.
        from: SystemTime,
        /// What this machine's clock says.
        now: SystemTime,
    },
    /// A server was told to trust everybody with a public certificate.
    #[error(
        "the public authorities (`webpki`) can't say who may connect to a broker; name your own CA's file"
    )]
    PublicClients,
    /// Something else than a file, or a file that is far too large.
    #[error(transparent)]
    Strange(FileError),
    /// The TLS library refused the whole.
    #[error("{}: TLS can't be set up: {reason}", path.display())]
    Setup {
        /// The certificate's file.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// The file is there and can't be read.
    #[error("{}: the {what} can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// A moment as people write it.
fn date(time: SystemTime) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(time)
}

/// The largest file that is read: the revocation list of a large site, many times over.
const LARGEST: u64 = 32 << 20;

/// Reads a file, and says what was expected there if that fails. Whoever owns the directory may have put
/// anything there.
pub(super) fn read(path: &Path, what: &'static str) -> Result<Vec<u8>, Error> {
    file::read(path, LARGEST).map_err(|error| match error {
        FileError::Io { path, source, .. } => match source.kind() {
            io::ErrorKind::NotFound => Error::Missing { path, what },
            _ => Error::Unreadable { path, what, source },
        },
        strange => Error::Strange(strange),
    })
}
