//! Why a machine can't be made ready, and what to do about it.

use std::{fmt, io, path::Path};

use crate::{sys::file::FileError, tls::authority::AuthorityError};

/// What kind of end that is, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What is there can't be used, or stands in the way.
    Config,
    /// Something that was begun did not come to be.
    Failed,
    /// Somebody said no.
    Refused,
    /// Somebody can't be reached.
    Unavailable,
    /// What was asked for makes no sense.
    Usage,
}

/// See the module.
#[derive(Debug)]
pub struct Problem {
    /// What kind of end it is.
    pub kind: Kind,
    /// What is wrong, and where.
    pub message: String,
    /// What to do next; empty where that is plain.
    pub hint: String,
}

impl Problem {
    /// Of this kind, without advice.
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            hint: String::new(),
        }
    }

    /// What is there can't be used.
    pub fn config(message: impl fmt::Display) -> Self {
        Self::new(Kind::Config, message)
    }

    /// What was begun did not come to be.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// What was asked for makes no sense.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// A file that the system does not let us have.
    pub(super) fn io(path: &Path, what: &str, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "run it as root",
            io::ErrorKind::ReadOnlyFilesystem => "the disk is mounted read-only",
            io::ErrorKind::StorageFull => "make room on the disk",
            _ => "",
        };
        Self::failed(format_args!("can't {what} {}: {error}", path.display())).hint(hint)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::File(error) => error.into(),
            AuthorityError::Io { what, path, source } => Self::io(&path, what, &source),
            error => Self::config(error),
        }
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::Io { what, path, source } => Self::io(path, what, source),
            _ => Self::config(error),
        }
    }
}
