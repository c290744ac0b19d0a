//! Facts from the files that the site writes: YAML, or JSON where a name ends in `.json`.
//!
//! The files are read again when they are older than `fact_cache_time` or have changed. Of a file that
//! can't be read, which is logged, the last facts stay, because a node that forgot what it is would
//! answer to the wrong requests; that they may be old is part of them.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use super::{FactSource, Facts, ruby, yaml};
use crate::sys::file;

/// Facts from files.
#[derive(Debug)]
pub struct FileFacts {
    files: Vec<PathBuf>,
    cache: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    facts: Arc<Facts>,
    /// What each file said when it could last be read.
    read: Vec<Option<Map<String, Value>>>,
    loaded: Option<(Instant, Vec<Option<file::Stamp>>)>,
}

/// Why one file gives no facts.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("the file is empty")]
    Empty,
    #[error(transparent)]
    File(#[from] file::FileError),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("the document is not a map of facts")]
    NotMap,
    #[error("{0}")]
    Yaml(#[from] yaml::YamlError),
}

impl FileFacts {
    /// The files of `plugin.yaml`, separated by colons; a later one wins. Nothing is read yet.
    pub fn new(files: &str, cache: Duration) -> Self {
        let names = files
            .split(':')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Self {
            files: names.map(PathBuf::from).collect(),
            cache,
            state: Mutex::default(),
        }
    }

    fn snapshot_at(&self, now: Instant) -> Arc<Facts> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Before reading, so that a change while reading is seen the next time.
        let stamps: Vec<_> = self.files.iter().map(|path| file::stamp(path)).collect();
        let fresh = state.loaded.as_ref().is_some_and(|(then, before)| {
            now.saturating_duration_since(*then) < self.cache && *before == stamps
        });
        if !fresh {
            let facts = self.load(&mut state.read);
            if facts.is_empty() && !state.facts.is_empty() {
                let files = self.files.iter().map(|path| path.display().to_string());
                let files = files.collect::<Vec<_>>().join(":");
                tracing::warn!(%files, "no facts in any file, keeping those known before");
            } else {
                state.facts = Arc::new(facts);
            }
            state.loaded = Some((now, stamps));
        }
        Arc::clone(&state.facts)
    }

    fn load(&self, read: &mut Vec<Option<Map<String, Value>>>) -> Facts {
        read.resize(self.files.len(), None);
        let mut unknown = None;
        for (path, read) in self.files.iter().zip(&mut *read) {
            match load(path) {
                Ok(facts) => *read = Some(facts),
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "a facts file can't be read");
                    unknown.get_or_insert_with(|| format!("{}: {error}", path.display()));
                }
            }
        }
        let all = read.iter().flatten().flatten();
        let all = all.map(|(name, value)| (name.clone(), value.clone()));
        Facts::new(all.collect()).without(unknown)
    }
}

impl FactSource for FileFacts {
    fn snapshot(&self) -> Arc<Facts> {
        self.snapshot_at(Instant::now())
    }
}

fn load(path: &Path) -> Result<Map<String, Value>, LoadError> {
    let text = file::read_lossy(path, MAX_FILE)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(LoadError::Empty);
    }
    if path
        .extension()
        .is_none_or(|extension| !extension.eq_ignore_ascii_case("json"))
    {
        return Ok(yaml::parse(text)?);
    }
    match ruby::stringify(serde_json::from_str(text)?) {
        Value::Object(facts) => Ok(facts),
        _ => Err(LoadError::NotMap),
    }
}

/// Facter's output is some 20 KiB.
const MAX_FILE: u64 = 16 << 20;

#[cfg(test)]
mod tests;
