//! The date of the newest request that was accepted, noted where it outlives the process: what an
//! earlier run may have carried out is refused, even if the clock was set back in between.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{mcorpc::names::Identity, sys};

/// The note of one identity.
#[derive(Debug)]
pub(super) struct Note {
    path: PathBuf,
    file: File,
    noted: Option<u64>,
}

/// A note is one number; anything longer is none of ours.
const LARGEST: u64 = 64;

impl Note {
    /// Opens the note in a directory, which is made if need be.
    pub(super) fn open(dir: &Path, identity: &Identity) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(format!("{identity}.accepted"));
        let noted = sys::file::read_text(&path, LARGEST)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        Ok(Self { path, file, noted })
    }

    /// What was noted last.
    pub(super) const fn last(&self) -> Option<u64> {
        self.noted
    }

    /// Notes a newer date, in place: 20 digits, so that a shorter number leaves nothing behind.
    pub(super) fn write(&mut self, newest: Option<u64>) {
        let Some(newest) = newest.filter(|newest| Some(*newest) > self.noted) else {
            return;
        };
        self.noted = Some(newest);
        let mut text = Vec::with_capacity(21);
        let written =
            writeln!(text, "{newest:020}").and_then(|()| self.file.write_all_at(&text, 0));
        if let Err(error) = written {
            tracing::error!("cannot write {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_date_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let (state, identity) = (dir.path().join("a/b"), Identity::new("web1").unwrap());
        let mut note = Note::open(&state, &identity).unwrap();
        assert_eq!(note.last(), None);
        note.write(Some(1_795_000_000_123));
        note.write(Some(7));
        note.write(None);
        drop(note);
        assert_eq!(
            Note::open(&state, &identity).unwrap().last(),
            Some(1_795_000_000_123)
        );
        // Another node of the same machine has a note of its own.
        let other = Note::open(&state, &Identity::new("web2").unwrap()).unwrap();
        assert_eq!(other.last(), None);
    }

    #[test]
    fn a_broken_note_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web1.accepted");
        File::create(&path)
            .unwrap()
            .write_all(b"garbage\n")
            .unwrap();
        let mut note = Note::open(dir.path(), &Identity::new("web1").unwrap()).unwrap();
        assert_eq!(note.last(), None);
        note.write(Some(5));
        let again = Note::open(dir.path(), &Identity::new("web1").unwrap()).unwrap();
        assert_eq!(again.last(), Some(5));
    }
}
