//! The lock files: who applies a catalog, and whether runs are forbidden.

use std::{io, path::Path};

use serde_json::{Map, Value, json};

use crate::sys::file::{self, FileError};

/// A lock can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It can't be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It can't be removed.
    #[error("cannot remove {path}: {source}")]
    Remove {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Puppet has never been here.
    #[error("there is no {path}: is Puppet installed here?")]
    NoDirectory {
        /// The directory that is missing.
        path: String,
    },
}

/// What a file with a process id says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pid {
    /// There is no such file.
    Absent,
    /// There is nothing in it.
    Empty,
    /// Something else is in it.
    Garbage,
    /// It can't be read, for this reason.
    Unreadable(String),
    /// A process id.
    Is(u32),
}

impl Pid {
    pub(super) fn read(path: &Path) -> Self {
        match file::read_lossy(path, LARGEST) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.is_not_found() => Self::Absent,
            Err(error) => Self::Unreadable(error.to_string()),
        }
    }

    fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Empty;
        }
        let pid = text.parse().ok().filter(|pid| *pid > 1);
        pid.map_or(Self::Garbage, Self::Is)
    }
}

/// Why runs are forbidden; `None` where they are not. A lock without a readable reason is a lock.
pub(super) fn disabled(path: &Path) -> Option<String> {
    match file::read_lossy(path, LARGEST) {
        Ok(text) => Some(reason(&text)),
        Err(error) if error.is_not_found() => None,
        Err(error) => Some(format!("(the reason can't be read: {error})")),
    }
}

fn reason(text: &str) -> String {
    let object: Option<Map<String, Value>> = serde_json::from_str(text).ok();
    let message =
        object.and_then(|object| Some(object.get("disabled_message")?.as_str()?.to_owned()));
    message
        .filter(|message| !message.trim().is_empty())
        .unwrap_or_else(|| NO_REASON.to_owned())
}

/// What is said where somebody gave no reason.
const NO_REASON: &str = "(no reason given)";

/// Forbids runs; false where they were forbidden already, and then nothing is changed.
pub(super) fn disable(path: &Path, message: &str) -> Result<bool, LockError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
        let path = parent.display().to_string();
        return Err(LockError::NoDirectory { path });
    }
    let text = json!({ "disabled_message": message }).to_string();
    match file::write_new(path, text.as_bytes(), 0o644) {
        Ok(()) => Ok(true),
        // Not a link that leads nowhere: to Puppet that is no lock.
        Err(_) if path.exists() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Allows runs; false where they were allowed already.
pub(super) fn enable(path: &Path) -> Result<bool, LockError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(LockError::Remove {
            path: path.display().to_string(),
            source,
        }),
    }
}

/// A reason of a few thousand words is none.
const LARGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_from_whatever_is_there() {
        for (text, expected) in [
            (r#"{"disabled_message":"rebuilding"}"#, "rebuilding"),
            (r#"{"disabled_message":""}"#, NO_REASON),
            (r#"{"disabled_message":7}"#, NO_REASON),
            (r#"{"disabled_mess"#, NO_REASON),
            ("", NO_REASON),
            ("by hand", NO_REASON),
            ("[1]", NO_REASON),
        ] {
            assert_eq!(reason(text), expected, "{text}");
        }
    }

    #[test]
    fn a_pid_is_a_number_above_one() {
        for (text, expected) in [
            ("4711\n", Pid::Is(4711)),
            ("", Pid::Empty),
            (" \n", Pid::Empty),
            ("1", Pid::Garbage),
            ("-1", Pid::Garbage),
            ("0", Pid::Garbage),
            ("99999999999", Pid::Garbage),
            ("puppet", Pid::Garbage),
        ] {
            assert_eq!(Pid::parse(text), expected, "{text:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Pid::read(&dir.path().join("no")), Pid::Absent);
        let there = Pid::read(dir.path());
        assert!(
            matches!(&there, Pid::Unreadable(why) if why.ends_with("is not a regular file")),
            "{there:?}"
        );
    }

    #[test]
    fn the_first_reason_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent_disabled.lock");
        assert_eq!(disabled(&path), None);
        assert!(disable(&path, "a \"reason\"").unwrap());
        assert!(!disable(&path, "another").unwrap());
        assert_eq!(disabled(&path).as_deref(), Some("a \"reason\""));
        assert!(enable(&path).unwrap());
        assert!(!enable(&path).unwrap());
        assert_eq!(disabled(&path), None);
        std::os::unix::fs::symlink(dir.path().join("none"), &path).unwrap();
        assert_eq!(disabled(&path), None);
        assert!(disable(&path, "x").is_err());
        std::fs::remove_file(&path).unwrap();
        // A directory in its place is a lock to Puppet, and can't be taken away by us.
        std::fs::create_dir(&path).unwrap();
        assert!(disabled(&path).unwrap().contains("is not a regular file"));
        assert!(!disable(&path, "x").unwrap());
        let error = enable(&path).unwrap_err().to_string();
        assert!(error.starts_with("cannot remove "), "{error}");
        let error = disable(&dir.path().join("none/lock"), "x").unwrap_err();
        assert!(
            error.to_string().contains("is Puppet installed here?"),
            "{error}"
        );
    }
}
