//! Applies one manifest, or asks for resources, without leaving a trace in what Puppet knows of its
//! own runs: `puppet apply` would write its summary, its classes and its resources over the agent's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::{Options, Puppet};
use crate::sys::{
    clock,
    command::{Command, Launcher},
    file::{self, FileError},
};

/// A directory that is gone when this is dropped, with a manifest in it.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
}

/// A scratch directory can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The directory.
    #[error("cannot make {path}: {source}")]
    Directory {
        /// Where.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The manifest.
    #[error(transparent)]
    File(#[from] FileError),
}

const MANIFEST: &str = "resource.pp";

/// The settings that name what `puppet apply` writes about a run.
const WRITTEN: [&str; 7] = [
    "lastrunfile",
    "lastrunreport",
    "classfile",
    "resourcefile",
    "statefile",
    "transactionstorefile",
    "reportdir",
];

impl Puppet {
    /// A directory with a manifest.
    pub fn scratch(&self, manifest: &str) -> Result<Scratch, ScratchError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "puppet-resource.{}.{count}.{}",
            std::process::id(),
            clock::now_ms()
        );
        let directory = self.state_dir.join(name);
        let made = fs::create_dir_all(&self.state_dir).and_then(|()| {
            use fs::Permissions;
            use std::os::unix::fs::PermissionsExt as _;
            fs::create_dir(&directory)?;
            fs::set_permissions(&directory, Permissions::from_mode(0o700))
        });
        made.map_err(|source| ScratchError::Directory {
            path: directory.display().to_string(),
            source,
        })?;
        let scratch = Scratch { directory };
        file::write_new(&scratch.at(MANIFEST), manifest.as_bytes(), 0o600)?;
        Ok(scratch)
    }

    /// Applies the manifest.
    pub fn apply(&self, launcher: &Launcher, scratch: &Scratch) -> Option<Command> {
        let mut words: Vec<String> = [
            "apply",
            "--detailed-exitcodes",
            "--color=false",
            "--logdest=console",
            "--no-report",
        ]
        .map(str::to_owned)
        .to_vec();
        words.extend(
            WRITTEN.map(|setting| format!("--{setting}={}", scratch.at(setting).display())),
        );
        words.push(scratch.at(MANIFEST).display().to_string());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Options::launch(launcher, &self.options.other(&words)?)
    }

    /// Asks for the resources of a type, or for one of them, as YAML.
    pub fn resource(
        &self,
        launcher: &Launcher,
        kind: &str,
        title: Option<&str>,
    ) -> Option<Command> {
        let mut words = vec!["resource", "--to_yaml", kind];
        words.extend(title);
        let command = Options::launch(launcher, &self.options.other(&words)?)?;
        Some(command.keep(LARGEST))
    }
}

/// More than a reply can carry is of no use.
const LARGEST: usize = 3 << 20;

impl Scratch {
    fn at(&self, name: &str) -> PathBuf {
        Path::new(&self.directory).join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is small, and does no harm.
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            tracing::debug!("{}: {error}", self.directory.display());
        }
    }
}
