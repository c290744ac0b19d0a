//! Puppet on this machine: what it is doing, what its last run did, and how a run is begun.
//!
//! `layout` knows where Puppet keeps its files and `settings` asks it; `lock`, `summary`, `report` and
//! `resources` each read one of them, as `written` tells whole texts; `state` puts them together. `decide` says how a wanted run is to
//! be begun and `run` begins it, `record` keeps what is known of it past a restart of this daemon.
//! `manifest`, `rules` and `scratch` are for single resources.
//!
//! Everything that Puppet writes may be missing, empty, half written, of another version, or left
//! behind by a process that is long gone. All of that is something to say, and never a failure.

pub mod age;
pub mod decide;
mod layout;
mod lock;
pub mod manifest;
mod options;
mod process;
mod record;
pub mod report;
mod resources;
mod rules;
mod run;
mod scratch;
mod settings;
mod state;
mod summary;
mod written;

use std::{path::PathBuf, sync::Arc};

pub use self::{
    layout::{Paths, Places},
    lock::{Lock, LockError},
    options::{CommandError, Options, command_words},
    record::{End, Record, RunState},
    resources::Resources,
    rules::{Denied, Rule, Rules},
    run::{RunError, Started},
    scratch::{Scratch, ScratchError},
    state::{LastRun, State},
    summary::{Figure, Summary},
};
use self::{record::Note, settings::Settings};

/// Puppet on this machine.
#[derive(Debug)]
pub struct Puppet {
    options: Options,
    settings: Settings,
    note: Arc<Note>,
    /// Two runs must not be begun at once.
    beginning: tokio::sync::Mutex<()>,
    /// For files that are needed for a moment.
    state_dir: PathBuf,
}

impl Puppet {
    /// Puppet as the configuration describes it. Nothing is looked at yet; `state_dir` is where notes
    /// are kept.
    pub fn new(options: Options, state_dir: PathBuf) -> Self {
        Self {
            settings: Settings::new(options.clone(), state_dir.join("puppet-settings.json")),
            note: Arc::new(Note::new(state_dir.join("puppet-run.json"))),
            options,
            beginning: tokio::sync::Mutex::default(),
            state_dir,
        }
    }

    /// What the configuration says.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Where its files are, and how sure that is.
    fn places(&self) -> Places {
        self.settings.places()
    }

    /// Where its files are.
    pub fn paths(&self) -> Paths {
        self.places().paths
    }

    /// Asks Puppet where its files are, unless that is known. May take some seconds, once.
    pub async fn settle(&self, launcher: &crate::sys::command::Launcher) {
        self.settings.settle(launcher).await;
    }

    /// Whether it need not be asked.
    pub fn is_settled(&self) -> bool {
        self.settings.is_settled()
    }

    /// What it is doing. Reads files.
    pub fn state(&self) -> State {
        State::read(&self.places(), self.note.read(), &self.options)
    }

    /// What its last run managed. Reads a file.
    pub fn resources(&self) -> Resources {
        let places = self.places();
        Resources::read(&places.paths.resources, places.is_guessed(Paths::RESOURCES))
    }

    /// Forbids runs; false where they were forbidden already.
    pub fn disable(&self, message: &str) -> Result<bool, LockError> {
        lock::disable(&self.paths().disabled_lock, message)
    }

    /// Allows runs; false where they were allowed already.
    pub fn enable(&self) -> Result<bool, LockError> {
        lock::enable(&self.paths().disabled_lock)
    }
}
