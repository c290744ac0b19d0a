//! The lock files: who applies a catalog, and whether runs are forbidden.

use std::{io, path::Path};

use serde_json::{Map, Value, json};

use super::written::unmarked;
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
        let text = unmarked(text).trim();
        if text.is_empty() {
            return Self::Empty;
        }
        // In a container Puppet may be the first process.
        let pid = text.parse().ok().filter(|pid| *pid > 0);
        pid.map_or(Self::Garbage, Self::Is)
    }
}

/// Whether runs are forbidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// They are not.
    Open,
    /// They are, for this reason.
    Closed(String),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

impl Lock {
    /// Why runs are forbidden, where that is known.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Closed(why) => Some(why),
            Self::Open | Self::Unknown(_) => None,
        }
    }

    /// Whether runs are allowed, where that is known.
    pub const fn is_open(&self) -> Option<bool> {
        match self {
            Self::Open => Some(true),
            Self::Closed(_) => Some(false),
            Self::Unknown(_) => None,
        }
    }
}

/// As Puppet has it: whatever is there is a lock, also without a readable reason; a link that leads
/// nowhere is none.
pub(super) fn disabled(path: &Path) -> Lock {
    if let Err(error) = path.metadata() {
        return if is_absent(&error) {
            Lock::Open
        } else {
            Lock::Unknown(format!("can't look at {}: {error}", path.display()))
        };
    }
    match file::read_lossy(path, LARGEST) {
        Ok(text) => Lock::Closed(reason(&text)),
        Err(error) if error.is_not_found() => Lock::Open,
        Err(error) => Lock::Closed(unreadable(&error.to_string())),
    }
}

/// Also where the directory is none.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn reason(text: &str) -> String {
    let text = unmarked(text);
    if text.trim().is_empty() {
        return NO_REASON.to_owned();
    }
    let object: Map<String, Value> = match serde_json::from_str(text) {
        Ok(object) => object,
        Err(error) if error.is_eof() => return unreadable("it is cut off"),
        Err(_) => return unreadable("it is not as Puppet writes it"),
    };
    match object.get("disabled_message") {
        Some(Value::String(message)) if !message.trim().is_empty() => message.clone(),
        None | Some(Value::Null | Value::String(_)) => NO_REASON.to_owned(),
        Some(other) => other.to_string(),
    }
}

fn unreadable(why: &str) -> String {
    format!("(the reason can't be read: {why})")
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
    let write = || file::write_new(path, text.as_bytes(), 0o644);
    match write() {
        Ok(()) => Ok(true),
        Err(_) if path.exists() => Ok(false),
        // A link that leads nowhere is no lock, and in its place.
        Err(_) if path.is_symlink() => {
            remove(path)?;
            Ok(write().map(|()| true)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Allows runs; false where they were allowed already.
pub(super) fn enable(path: &Path) -> Result<bool, LockError> {
    if path.metadata().is_err_and(|error| is_absent(&error)) {
        return Ok(false);
    }
    remove(path)
}

/// False where there was nothing. A directory goes if nothing is in it.
fn remove(path: &Path) -> Result<bool, LockError> {
    let removed = match std::fs::remove_file(path) {
        Err(_) if path.is_dir() => std::fs::remove_dir(path),
        removed => removed,
    };
    match removed {
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
            (
                "\u{feff}{\"disabled_message\":\"rebuilding\"}\r\n",
                "rebuilding",
            ),
            (r#"{"disabled_message":7}"#, "7"),
            (r#"{"disabled_message":null}"#, NO_REASON),
            ("{}", NO_REASON),
            ("", NO_REASON),
            (
                r#"{"disabled_mess"#,
                "(the reason can't be read: it is cut off)",
            ),
            (
                r#"{"disabled_message":"rebuil"#,
                "(the reason can't be read: it is cut off)",
            ),
            (
                "by hand",
                "(the reason can't be read: it is not as Puppet writes it)",
            ),
            (
                "[1]",
                "(the reason can't be read: it is not as Puppet writes it)",
            ),
            (
                "\0\0\0",
                "(the reason can't be read: it is not as Puppet writes it)",
            ),
        ] {
            assert_eq!(reason(text), expected, "{text}");
        }
    }

    #[test]
    fn a_pid_is_a_number_above_zero() {
        for (text, expected) in [
            ("4711\n", Pid::Is(4711)),
            ("", Pid::Empty),
            (" \n", Pid::Empty),
            ("1", Pid::Is(1)),
            ("\u{feff}4711\r\n", Pid::Is(4711)),
            ("4711\n4712\n", Pid::Garbage),
            ("4711.5", Pid::Garbage),
            ("\0\0\0\0", Pid::Garbage),
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
        assert_eq!(disabled(&path), Lock::Open);
        assert!(disable(&path, "a \"reason\"").unwrap());
        assert!(!disable(&path, "another").unwrap());
        assert_eq!(disabled(&path), Lock::Closed("a \"reason\"".into()));
        assert!(enable(&path).unwrap());
        assert!(!enable(&path).unwrap());
        assert_eq!(disabled(&path), Lock::Open);
    }

    #[test]
    fn whatever_is_in_its_place_is_a_lock_but_for_a_link_that_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent_disabled.lock");
        std::os::unix::fs::symlink(dir.path().join("none"), &path).unwrap();
        assert_eq!(disabled(&path), Lock::Open);
        assert!(!enable(&path).unwrap());
        assert!(disable(&path, "x").unwrap());
        assert_eq!(disabled(&path), Lock::Closed("x".into()));
        assert!(!path.is_symlink() && enable(&path).unwrap());
        std::fs::create_dir(&path).unwrap();
        let is_closed = |path: &Path| matches!(disabled(path), Lock::Closed(why) if why.contains("is not a regular file"));
        assert!(is_closed(&path));
        assert!(!disable(&path, "x").unwrap());
        std::fs::create_dir(path.join("something")).unwrap();
        let error = enable(&path).unwrap_err().to_string();
        assert!(error.starts_with("cannot remove "), "{error}");
        std::fs::remove_dir(path.join("something")).unwrap();
        assert!(enable(&path).unwrap() && !path.exists());
        file::make_fifo(&path);
        assert!(is_closed(&path) && enable(&path).unwrap());
        let within_a_file = dir.path().join("file/lock");
        std::fs::File::create(dir.path().join("file")).unwrap();
        assert_eq!(disabled(&within_a_file), Lock::Open);
        assert!(!enable(&within_a_file).unwrap());
        let error = disable(&dir.path().join("none/lock"), "x").unwrap_err();
        assert!(
            error.to_string().contains("is Puppet installed here?"),
            "{error}"
        );
    }
}
