//! What is known of the run that we began last: noted on disk, so that a restart of this daemon does
//! not lose it.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{
    mcorpc::names::RequestId,
    sys::file::{self, FileError, Mode},
};

/// A run that we began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When, in seconds since 1970.
    pub initiated_at: i64,
    /// The process that runs, or the daemon that was told to; 0 until there is one.
    pub pid: u32,
    /// By what that process is told from a later one of the same id.
    pub birth: Option<u64>,
    /// Whether a daemon was told to run.
    pub signalled: bool,
    /// When the run before had ended; 0 for never.
    pub last_run_before: i64,
    /// The request that asked for it.
    #[serde(default)]
    pub request: Option<RequestId>,
    /// How it ended, where we saw it.
    pub end: Option<End>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its exit code; none where a signal ended it, or nobody can tell.
    pub code: Option<i32>,
    /// `exit code 1`.
    pub status: String,
    /// What it said last.
    pub words: String,
}

/// Where a run that we began stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It has not ended.
    Running,
    /// It should have ended long ago.
    Hung,
    /// It has ended, and this is how, where that is known.
    Ended(Option<End>),
    /// Its process is gone, and no run was completed.
    Vanished,
}

impl RunState {
    /// As in replies.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Hung => "hung",
            Self::Ended(_) => "ended",
            Self::Vanished => "vanished",
        }
    }
}

/// What there is to see of a run's process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// The process is there.
    pub(super) alive: bool,
    /// Somebody applies a catalog.
    pub(super) applying: bool,
    /// When the last completed run ended; 0 for never.
    pub(super) last_run: i64,
    /// Now.
    pub(super) now: i64,
    /// After how many seconds a run counts as hung.
    pub(super) patience: i64,
}

/// The note of the last run: on disk, and here where that can't be written.
#[derive(Debug)]
pub(super) struct Note {
    path: PathBuf,
    kept: Mutex<Option<Record>>,
}

impl Note {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            kept: Mutex::default(),
        }
    }

    /// The note; a missing or broken one is none.
    pub(super) fn read(&self) -> Option<Record> {
        let kept = self.kept().clone();
        kept.or_else(|| Record::read(&self.path))
    }

    pub(super) fn write(&self, record: &Record) -> Result<(), FileError> {
        *self.kept() = Some(record.clone());
        record.write(&self.path)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Record>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    /// The note on disk; a missing or broken one is none.
    pub fn read(path: &Path) -> Option<Self> {
        let text = file::read_text(path, LARGEST).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn write(&self, path: &Path) -> Result<(), FileError> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        if let Some(directory) = path.parent() {
            drop(std::fs::create_dir_all(directory));
        }
        file::write_atomic(path, &text, Mode::Exactly(0o600))
    }

    /// Where the run stands.
    pub(super) fn state(&self, sight: Sight) -> RunState {
        if let Some(end) = &self.end {
            return RunState::Ended(Some(end.clone()));
        }
        // Not only later: a clock may have been set back.
        let completed = sight.last_run != self.last_run_before;
        let age = sight.now.saturating_sub(self.initiated_at);
        // A daemon that was killed while it began the run can't tell its process, only that there may
        // be one.
        let alive = match self.pid {
            0 => sight.applying || age < STARTING,
            _ => sight.alive,
        };
        match (alive, completed) {
            // A daemon lives on.
            (true, true) if self.signalled => RunState::Ended(None),
            (true, _) if age > sight.patience => RunState::Hung,
            (true, _) => RunState::Running,
            (false, true) => RunState::Ended(None),
            (false, false) => RunState::Vanished,
        }
    }
}

/// Within how many seconds a Puppet that was started takes its lock.
const STARTING: i64 = 60;

const LARGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(signalled: bool) -> Record {
        Record {
            initiated_at: 1000,
            pid: 7,
            birth: Some(1),
            signalled,
            last_run_before: 500,
            request: Some("a".parse().unwrap()),
            end: None,
        }
    }

    #[test]
    fn every_end_is_noticed() {
        let sight = |alive, last_run, now| Sight {
            alive,
            applying: false,
            last_run,
            now,
            patience: 100,
        };
        for (signalled, alive, last_run, now, expected) in [
            (false, true, 500, 1010, RunState::Running),
            (false, true, 1005, 1010, RunState::Running),
            (false, true, 500, 1101, RunState::Hung),
            (false, false, 500, 1010, RunState::Vanished),
            (false, false, 1009, 1010, RunState::Ended(None)),
            // The clock was set back.
            (false, false, 400, 410, RunState::Ended(None)),
            (false, true, 500, 410, RunState::Running),
            (true, true, 500, 1010, RunState::Running),
            (true, true, 1009, 1010, RunState::Ended(None)),
            (true, false, 500, 1010, RunState::Vanished),
            (true, true, 500, 9999, RunState::Hung),
        ] {
            let state = record(signalled).state(sight(alive, last_run, now));
            assert_eq!(state, expected, "{signalled} {alive} {last_run} {now}");
        }
        let begun = Record {
            pid: 0,
            birth: None,
            ..record(false)
        };
        for (applying, last_run, now, expected) in [
            (false, 500, 1059, RunState::Running),
            (false, 500, 1060, RunState::Vanished),
            (true, 500, 1060, RunState::Running),
            (true, 500, 1101, RunState::Hung),
            (false, 1009, 1060, RunState::Ended(None)),
        ] {
            let sight = Sight {
                applying,
                ..sight(false, last_run, now)
            };
            assert_eq!(begun.state(sight), expected, "{applying} {last_run} {now}");
        }
        let end = End {
            code: Some(1),
            status: "exit code 1".into(),
            words: String::new(),
        };
        let ended = Record {
            end: Some(end.clone()),
            ..record(false)
        };
        assert_eq!(
            ended.state(sight(true, 500, 1010)),
            RunState::Ended(Some(end))
        );
    }

    #[test]
    fn a_note_outlives_the_process_and_a_broken_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/run.json");
        let read = || Note::new(path.clone()).read();
        let note = Note::new(path.clone());
        assert_eq!(note.read(), None);
        note.write(&record(true)).unwrap();
        assert_eq!((read(), note.read()), (Some(record(true)), note.read()));
        file::write_atomic(&path, b"{\"pid\":", Mode::Exactly(0o600)).unwrap();
        assert_eq!((read(), note.read()), (None, Some(record(true))));
        let old = serde_json::to_string(&record(true)).unwrap();
        let old = old.replace(",\"request\":\"a\"", "");
        file::write_atomic(&path, old.as_bytes(), Mode::Exactly(0o600)).unwrap();
        assert_eq!(read().map(|record| record.request), Some(None));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        // This daemon knows of it all the same.
        assert!(note.write(&record(false)).is_err());
        assert_eq!((read(), note.read()), (None, Some(record(false))));
    }
}
