//! What was accepted, noted where it outlives the process: what an earlier run may have carried out
//! is refused, even if the clock was set back in between.
//!
//! The first line is a date, in 20 digits so that it can be written in place. A line for each request
//! beyond it follows, with its date and its id; what can't be read there was not written whole, or
//! is left from before, and says nothing.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    mcorpc::names::{Identity, RequestId},
    security::replay::{Accepted, Ahead},
    sys,
};

/// The note of one identity.
#[derive(Debug)]
pub(super) struct Note {
    path: PathBuf,
    file: File,
    noted: Accepted,
}

/// Longer is none of ours.
const LARGEST: u64 = 64 << 10;

impl Note {
    /// Opens the note in a directory, which is made if need be.
    pub(super) fn open(dir: &Path, identity: &Identity) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(format!("{identity}.accepted"));
        let noted = sys::file::read_text(&path, LARGEST);
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        Ok(Self {
            path,
            file,
            noted: noted.map(|text| read(&text)).unwrap_or_default(),
        })
    }

    /// What was noted last.
    pub(super) const fn last(&self) -> &Accepted {
        &self.noted
    }

    /// Notes what has come to it.
    pub(super) fn write(&mut self, accepted: &Accepted) {
        if *accepted == self.noted {
            return;
        }
        let list = accepted.ahead != self.noted.ahead;
        self.noted.clone_from(accepted);
        let mut written = self.put(list);
        if list && written.is_err() {
            // A full disk has room for the date, which is there already.
            self.noted.cover_all();
            written = self.put(false);
        }
        if let Err(error) = written {
            tracing::error!("cannot write {}: {error}", self.path.display());
        }
    }

    /// Writes the date, and the list where that has changed.
    fn put(&self, list: bool) -> io::Result<()> {
        let mut text = String::with_capacity(21);
        // A string takes everything.
        let _taken = writeln!(text, "{:020}", self.noted.until_ms.unwrap_or_default());
        if !list {
            return self.file.write_all_at(text.as_bytes(), 0);
        }
        for Ahead { id, time_ms } in &self.noted.ahead {
            let _taken = writeln!(text, "{time_ms} {id}");
        }
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

fn read(text: &str) -> Accepted {
    let mut lines = text.lines();
    let date = lines.next().and_then(|line| line.trim().parse().ok());
    let ahead = lines.filter_map(|line| {
        let (time, id) = line.split_once(' ')?;
        Some(Ahead {
            id: RequestId::new(id).ok()?,
            time_ms: time.parse().ok()?,
        })
    });
    Accepted {
        until_ms: date.filter(|date| *date > 0),
        ahead: ahead.filter(|ahead| Some(ahead.time_ms) > date).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn ahead(id: &str, time_ms: u64) -> Ahead {
        Ahead {
            id: RequestId::new(id).unwrap(),
            time_ms,
        }
    }

    #[test]
    fn what_was_accepted_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let (state, identity) = (dir.path().join("a/b"), Identity::new("web1").unwrap());
        let last = || Note::open(&state, &identity).unwrap().last().clone();
        assert_eq!(last(), Accepted::default());
        for (until_ms, ahead) in [
            (None, vec![ahead("first", 1_795_000_070_000)]),
            (
                Some(1_795_000_000_123),
                vec![
                    ahead("first", 1_795_000_070_000),
                    ahead("next", 1_795_000_070_001),
                ],
            ),
            (
                Some(1_795_000_070_000),
                vec![ahead("next", 1_795_000_070_001)],
            ),
            (Some(1_795_000_080_000), vec![]),
            (Some(1_795_000_090_000), vec![]),
        ] {
            let accepted = Accepted { until_ms, ahead };
            let mut note = Note::open(&state, &identity).unwrap();
            note.write(&accepted);
            assert_eq!(last(), accepted);
        }
        // Another node of the same machine has a note of its own.
        let other = Note::open(&state, &Identity::new("web2").unwrap()).unwrap();
        assert_eq!(*other.last(), Accepted::default());
    }

    #[test]
    fn a_broken_note_says_what_can_be_read_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web1.accepted");
        let identity = Identity::new("web1").unwrap();
        for (text, expected) in [
            ("", Accepted::default()),
            ("garbage\n", Accepted::default()),
            ("00000000000000000005\n", Accepted::until(5)),
            // Left from before, cut short, and no id.
            (
                "00000000000000000005\n4 old\n9 new\n7\n8 ?\n",
                Accepted {
                    ahead: vec![ahead("new", 9)],
                    ..Accepted::until(5)
                },
            ),
        ] {
            File::create(&path)
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
            let mut note = Note::open(dir.path(), &identity).unwrap();
            assert_eq!(*note.last(), expected, "{text}");
            note.write(&Accepted::until(10));
            let again = Note::open(dir.path(), &identity).unwrap();
            assert_eq!(*again.last(), Accepted::until(10));
        }
    }
}
