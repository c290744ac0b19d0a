//! Facts from the files that the site writes: YAML, or JSON where a name ends in `.json`.
//!
//! The files are read again when they are older than `fact_cache_time` or have changed, and soon where
//! one could not be read. Of such a file, which is logged once, the last facts stay, because a node
//! that forgot what it is would answer to the wrong requests; that they may be old is part of them.

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
    read: Vec<FileState>,
    loaded: Option<(Instant, Vec<Option<file::Stamp>>)>,
}

/// What is known of one file.
#[derive(Clone, Debug, Default)]
struct FileState {
    /// What it said when it could last be read.
    facts: Option<Map<String, Value>>,
    /// Why it can't be read now.
    fault: Option<String>,
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
        // What kept it from being read, such as too many open files, need not have changed it.
        let life = if state.facts.unknown().is_some() {
            self.cache.min(AGAIN)
        } else {
            self.cache
        };
        let fresh = state.loaded.as_ref().is_some_and(|(then, before)| {
            now.saturating_duration_since(*then) < life && *before == stamps
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

    fn load(&self, read: &mut Vec<FileState>) -> Facts {
        read.resize(self.files.len(), FileState::default());
        for (path, read) in self.files.iter().zip(&mut *read) {
            let before = read.fault.take();
            match load(path) {
                Ok(facts) => read.facts = Some(facts),
                Err(error) => {
                    let fault = format!("{}: {error}", path.display());
                    if before.as_ref() != Some(&fault) {
                        tracing::warn!("a facts file can't be read: {fault}");
                    }
                    read.fault = Some(fault);
                }
            }
        }
        let all = read.iter().filter_map(|file| file.facts.as_ref()).flatten();
        let all = all.map(|(name, value)| (name.clone(), value.clone()));
        let fault = read.iter().find_map(|file| file.fault.clone());
        Facts::new(all.collect()).without(fault)
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

/// When a file that could not be read is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Facter's output is some 20 KiB.
const MAX_FILE: u64 = 16 << 20;

#[cfg(test)]
mod tests;
