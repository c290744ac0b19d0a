//! A file of lines that only grows at its end: records that must not get lost, be led elsewhere or
//! fill the disk.
//!
//! It is opened anew for each line, so that it may be moved away at any time; with a size and a
//! count it moves itself (`audit.log` to `audit.log.1`, that to `audit.log.2`, ...). What somebody else
//! could have put in its place (a symbolic or hard link, a FIFO, a file of another user) is refused.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{libc, unistd::geteuid};

/// Why a line could not be written, in words for an operator.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// `open`, `write`, ...
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a file of this process alone.
    #[error("{} {what}; move it away, or name another file", path.display())]
    Strange {
        /// Which file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
}

/// A file of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The file.
    pub path: PathBuf,
    /// Bytes from which on it is moved before the next line.
    pub max_size: u64,
    /// How many old files are kept; with none it grows without end.
    pub keep: u32,
    /// Whether a line is on the disk, and not only on its way there, when it has been appended.
    pub sync: bool,
}

impl Journal {
    /// Whether a line could be written now, as far as can be seen without writing.
    pub fn check(&self) -> Result<(), JournalError> {
        let parent = self.path.parent();
        match self.open(false) {
            Err(JournalError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && parent.is_some_and(Path::is_dir) => {
            }
            opened => drop(opened?),
        }
        if parent.is_some_and(is_full) {
            let full = io::ErrorKind::StorageFull.into();
            return Err(failed("write", &self.path, full));
        }
        Ok(())
    }

    /// Appends one line in one write, whole or not at all. Line breaks inside are written as `\n`: one
    /// record is one line, whatever it contains.
    pub fn append(&self, line: &str) -> Result<(), JournalError> {
        let (mut file, mut size) = self.open(true)?;
        if self.keep > 0 && size >= self.max_size {
            self.rotate()
                .map_err(|source| failed("rotate", &self.path, source))?;
            (file, size) = self.open(true)?;
        }
        let mut text = line.replace('\n', "\\n").replace('\r', "\\r");
        text.push('\n');
        file.write_all(text.as_bytes()).map_err(|source| {
            // The beginning of a line would spoil the next one.
            let _cut = file.set_len(size);
            failed("write", &self.path, source)
        })?;
        if !self.sync {
            return Ok(());
        }
        let synced = file.sync_data().and_then(|()| match self.path.parent() {
            // The name of a new file is part of it.
            Some(parent) if size == 0 => File::open(parent)?.sync_all(),
            _ => Ok(()),
        });
        synced.map_err(|source| failed("sync", &self.path, source))
    }

    /// Opens the file at its end, and tells where that is.
    fn open(&self, create: bool) -> Result<(File, u64), JournalError> {
        let path = &self.path;
        // A link is not followed, and a FIFO does not hold us up.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
        let file = OpenOptions::new()
            .append(true)
            .create(create)
            .mode(0o600)
            .custom_flags(flags)
            .open(path)
            .map_err(|source| match source.raw_os_error() {
                Some(libc::ELOOP) => strange(path, "is a symbolic link"),
                _ => failed("open", path, source),
            })?;
        let there = file
            .metadata()
            .map_err(|source| failed("open", path, source))?;
        if !there.is_file() {
            return Err(strange(path, "is not a regular file"));
        }
        if there.nlink() > 1 {
            return Err(strange(path, "has another name (a hard link)"));
        }
        if there.uid() != geteuid().as_raw() {
            return Err(strange(path, "belongs to another user"));
        }
        Ok((file, there.size()))
    }

    /// Moves the file and those before it on by one; the oldest goes.
    fn rotate(&self) -> io::Result<()> {
        let oldest = self.old(self.keep);
        let modified = fs::metadata(&oldest).and_then(|there| there.modified());
        let age = modified.ok().and_then(|then| then.elapsed().ok());
        if let Some(age) = age.filter(|age| *age < YOUNG) {
            let age = Duration::from_secs(age.as_secs());
            tracing::warn!(
                "{} makes room for newer records, though it is only {} old: keep more, or have them \
                 sent to another machine",
                oldest.display(),
                humantime::format_duration(age)
            );
        }
        for number in (1..self.keep).rev() {
            match fs::rename(self.old(number), self.old(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.old(1))
    }

    fn old(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// So young a file should not be the oldest: somebody has a lot noted.
const YOUNG: Duration = Duration::from_hours(24);

fn failed(what: &'static str, path: &Path, source: io::Error) -> JournalError {
    let path = path.into();
    JournalError::Io { what, path, source }
}

fn strange(path: &Path, what: &'static str) -> JournalError {
    let path = path.into();
    JournalError::Strange { path, what }
}

/// Whether no block is left on a directory's disk, also for root. (Quotas are not seen.)
fn is_full(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path).is_ok_and(|disk| disk.blocks() > 0 && disk.blocks_free() == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;
    use crate::sys::file::{make_fifo, write_new};

    fn journal(max_size: u64, keep: u32) -> (TempDir, Journal) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let journal = Journal {
            path,
            max_size,
            keep,
            sync: true,
        };
        (dir, journal)
    }

    fn text(journal: &Journal) -> String {
        fs::read_to_string(&journal.path).unwrap()
    }

    #[test]
    fn one_record_is_one_line_for_its_owner_alone() {
        let (_dir, journal) = journal(100, 1);
        journal.append("a\nforged line").unwrap();
        journal.append("b\r").unwrap();
        assert_eq!(text(&journal), "a\\nforged line\nb\\r\n");
        let mode = fs::metadata(&journal.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn it_is_moved_at_its_size_and_the_oldest_goes() {
        let (dir, journal) = journal(4, 2);
        for line in ["one", "two", "three", "four"] {
            journal.append(line).unwrap();
        }
        assert_eq!(text(&journal), "four\n");
        let old = |number| fs::read_to_string(journal.old(number)).unwrap();
        assert_eq!((old(1).as_str(), old(2).as_str()), ("three\n", "two\n"));
        assert_eq!(dir.path().read_dir().unwrap().count(), 3);
        // Moved away by somebody else, it begins anew.
        fs::remove_file(&journal.path).unwrap();
        journal.append("five").unwrap();
        assert_eq!(text(&journal), "five\n");
    }

    #[test]
    fn a_check_writes_nothing() {
        let (dir, journal) = journal(1, 1);
        journal.check().unwrap();
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
        drop(dir);
        let error = journal.check().unwrap_err().to_string();
        assert!(error.starts_with("can't open "), "{error}");
    }

    #[test]
    fn without_a_count_it_stays() {
        let (dir, journal) = journal(1, 0);
        journal.append("one").unwrap();
        journal.append("two").unwrap();
        assert_eq!(text(&journal), "one\ntwo\n");
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn what_others_put_in_its_place_is_refused_and_left_alone() {
        let (dir, journal) = journal(1, 2);
        let victim = dir.path().join("victim");
        write_new(&victim, b"precious", 0o644).unwrap();
        let refused = |what: &str| {
            let error = journal.append("x").unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
            assert_eq!(journal.check().unwrap_err().to_string(), error);
            assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
            fs::remove_file(&journal.path).unwrap();
        };
        symlink(&victim, &journal.path).unwrap();
        refused("is a symbolic link");
        fs::hard_link(&victim, &journal.path).unwrap();
        refused("hard link");
        make_fifo(&journal.path);
        refused("can't open");
        // An old one that is a link is replaced, and what it led to stays.
        symlink(&victim, journal.old(1)).unwrap();
        journal.append("one").unwrap();
        journal.append("two").unwrap();
        assert_eq!(fs::read_to_string(journal.old(1)).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}
