//! Which configuration management classes were applied here, from the file that Puppet writes.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::sys::file;

/// The classes of `classesfile`, read again when it has changed.
#[derive(Debug)]
pub struct Classes {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    classes: Arc<[String]>,
    stamp: Option<file::Stamp>,
    /// Why they are not all, where that can't be said.
    unknown: Option<String>,
    /// When it was last read.
    tried: Option<Instant>,
}

impl Classes {
    /// The classes that this file lists, one a line. Nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            state: Mutex::default(),
        }
    }

    /// The classes of now; none where the file can't be read, which is logged once.
    pub fn snapshot(&self) -> Arc<[String]> {
        Arc::clone(&self.read().classes)
    }

    /// The same, and why there may be others, where that can't be said: the file is missing, or is
    /// broken.
    pub fn or_doubt(&self) -> (Arc<[String]>, Option<String>) {
        let state = self.read();
        (Arc::clone(&state.classes), state.unknown.clone())
    }

    fn read(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = file::stamp(&self.path);
        // What kept it from being read, such as too many open files, need not have changed it.
        let again =
            state.unknown.is_some() && state.tried.is_none_or(|then| then.elapsed() > AGAIN);
        if stamp.is_none() || stamp != state.stamp || again {
            state.stamp = stamp;
            state.tried = Some(Instant::now());
            let (classes, unknown) = match file::read_lossy(&self.path, MAX_FILE) {
                Ok(text) => {
                    let (classes, is_whole) = lines(&text);
                    let broken = match (is_whole, classes.is_empty()) {
                        (false, _) => Some("is not all text"),
                        // Puppet empties it before it writes, and has classes of its own for each node.
                        (true, true) => Some("is empty"),
                        (true, false) => None,
                    };
                    let broken = broken.map(|what| format!("{} {what}", self.path.display()));
                    (classes, broken)
                }
                Err(error) => (Arc::default(), Some(error.to_string())),
            };
            if let Some(why) = unknown.as_ref().filter(|_| state.unknown.is_none()) {
                tracing::warn!("not all classes of this node are known: {why}");
            }
            (state.classes, state.unknown) = (classes, unknown);
        }
        state
    }
}

/// The classes, and whether every line is one.
fn lines(text: &str) -> (Arc<[String]>, bool) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What was not on the disk yet when a machine lost its power comes back as zeros; bytes that are
    // no UTF-8 come as this character.
    let is_broken =
        |line: &&str| line.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_whole = !lines.clone().any(|line| is_broken(&line));
    let classes = lines.filter(|line| !is_broken(line)).map(Into::into);
    (classes.collect(), is_whole)
}

const MAX_FILE: u64 = 16 << 20;

/// When a file that could not be read is tried again.
const AGAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn put(path: &Path, text: &str) {
        file::write_atomic(path, text.as_bytes(), file::Mode::Exactly(0o644)).unwrap();
    }

    #[test]
    fn a_line_is_a_class_and_a_new_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("classes.txt");
        let classes = Classes::new(&path);
        assert!(classes.snapshot().is_empty());
        assert!(classes.or_doubt().1.is_some());
        put(&path, "common\r\n role::web \n\napache");
        assert_eq!(*classes.snapshot(), ["common", "role::web", "apache"]);
        assert_eq!(classes.or_doubt().1, None);
        assert!(Arc::ptr_eq(&classes.snapshot(), &classes.snapshot()));
        put(&path, "\u{feff}common\n\0\0\0");
        assert_eq!(*classes.snapshot(), ["common"]);
        let broken = format!("{} is not all text", path.display());
        assert_eq!(classes.or_doubt().1, Some(broken));
        file::write_atomic(&path, b"role::db\xff\n", file::Mode::Exactly(0o644)).unwrap();
        assert!(classes.or_doubt().1.is_some());
        put(&path, "");
        let empty = format!("{} is empty", path.display());
        assert_eq!(classes.or_doubt().1, Some(empty));
        fs::remove_file(&path).unwrap();
        assert!(classes.snapshot().is_empty());
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_soon() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("classes.txt");
        put(&path, "common\n");
        let classes = Classes::new(&path);
        // As if there had been too many open files, which leaves the file as it is.
        *classes.state.lock().unwrap() = State {
            stamp: file::stamp(&path),
            unknown: Some("too many open files".to_owned()),
            tried: Some(Instant::now()),
            ..State::default()
        };
        assert!(classes.or_doubt().1.is_some());
        classes.state.lock().unwrap().tried = Instant::now().checked_sub(2 * AGAIN);
        assert_eq!(*classes.snapshot(), ["common"]);
        assert_eq!(classes.or_doubt().1, None);
    }

    #[test]
    fn a_fifo_or_a_directory_lists_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        file::make_fifo(&fifo);
        assert!(Classes::new(fifo).snapshot().is_empty());
        assert!(Classes::new(dir.path()).snapshot().is_empty());
    }
}
