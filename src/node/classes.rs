//! Which configuration management classes were applied here, from the file that Puppet writes.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
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
    warned: bool,
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
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = file::stamp(&self.path);
        if stamp.is_none() || stamp != state.stamp {
            state.stamp = stamp;
            state.classes = match file::read_lossy(&self.path, MAX_FILE) {
                Ok(text) => {
                    state.warned = false;
                    lines(&text)
                }
                Err(error) => {
                    if !state.warned {
                        tracing::warn!(%error, "no classes are known: the classes file can't be read");
                    }
                    state.warned = true;
                    Arc::default()
                }
            };
        }
        Arc::clone(&state.classes)
    }
}

fn lines(text: &str) -> Arc<[String]> {
    // What was not on the disk yet when a machine lost its power comes back as zeros.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .filter(|line| !line.is_empty() && !line.contains(char::is_control))
        .map(Into::into)
        .collect()
}

const MAX_FILE: u64 = 16 << 20;

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
        put(&path, "common\r\nrole::web\n\napache");
        assert_eq!(*classes.snapshot(), ["common", "role::web", "apache"]);
        assert!(Arc::ptr_eq(&classes.snapshot(), &classes.snapshot()));
        put(&path, "\u{feff}common\n\0\0\0");
        assert_eq!(*classes.snapshot(), ["common"]);
        fs::remove_file(&path).unwrap();
        assert!(classes.snapshot().is_empty());
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
