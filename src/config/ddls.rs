//! DDL files: those of agents and other plugins that are not compiled in, below the directories of
//! `libdir`.
//!
//! `DIRECTORY/mcollective/TYPE/NAME.ddl` is the original's place; Choria's `NAME.json` and its
//! directory `choria` are looked at too. Data queries and validators have their type behind their
//! name there, `NAME_data.ddl`. The first directory that has a plugin wins, a `.ddl` before a
//! `.json` beside it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{Faults, load};
use crate::{
    mcorpc::ddl::{Ddl, Kind, json, ruby},
    sys::file::{self, FileError},
};

/// The directories that may have DDL files.
#[derive(Clone, Debug, Default)]
pub struct DdlFiles {
    directories: Vec<PathBuf>,
}

/// The DDL file of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DdlFile {
    /// What kind of plugin it is of.
    pub kind: Kind,
    /// By which name it is called.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// A DDL file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DdlFileError {
    /// It can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// What it says can't be understood.
    #[error("{}:{reason}", path.display())]
    Text {
        /// Which file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        reason: String,
    },
}

/// The largest that is known has 10 KB.
const MAX_SIZE: u64 = 1024 * 1024;
/// More plugins in one directory than that are none.
const MAX_FILES: usize = 10_000;

impl DdlFiles {
    /// Looks below the `libdir` of a configuration, whatever else is right or wrong in it.
    pub fn configured(file: &Path) -> Result<Self, Faults> {
        let document = load::read(file)?;
        let mut libdir: Vec<PathBuf> = Vec::new();
        for entry in document.all("libdir") {
            let absolute = entry.value.split(':').filter(|text| text.starts_with('/'));
            // The last one is searched first.
            absolute.for_each(|directory| libdir.insert(0, directory.into()));
        }
        Ok(Self::new(&libdir))
    }

    /// Whether there is nowhere to look.
    pub fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// Looks in these directories, in this order.
    pub fn new(libdir: &[PathBuf]) -> Self {
        let below = |directory: &PathBuf| [directory.join("mcollective"), directory.join("choria")];
        Self {
            directories: libdir.iter().flat_map(below).collect(),
        }
    }

    /// The plugins of a kind, sorted by name.
    pub fn list(&self, kind: Kind) -> Vec<DdlFile> {
        let mut found: Vec<DdlFile> = Vec::new();
        for directory in &self.directories {
            // What is not there has no plugins.
            let Ok(entries) = fs::read_dir(directory.join(kind.as_str())) else {
                continue;
            };
            let mut here: Vec<DdlFile> = entries
                .take(MAX_FILES)
                .filter_map(|entry| plugin(kind, &entry.ok()?.path()))
                .collect();
            // `.ddl` comes before `.json`.
            here.sort_by(|a, b| a.path.cmp(&b.path));
            for file in here {
                if !found.iter().any(|known| known.name == file.name) {
                    found.push(file);
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The file of one plugin.
    pub fn find(&self, kind: Kind, name: &str) -> Option<DdlFile> {
        if !is_name(name) {
            return None;
        }
        let with_kind = format!("{name}_{}", kind.as_str());
        let stems = [name, &with_kind];
        let path = self.directories.iter().find_map(|directory| {
            stems.into_iter().find_map(|stem| {
                ["ddl", "json"].into_iter().find_map(|extension| {
                    let file = format!("{stem}.{extension}");
                    let path = directory.join(kind.as_str()).join(file);
                    path.exists().then_some(path)
                })
            })
        })?;
        let name = name.to_owned();
        Some(DdlFile { kind, name, path })
    }
}

impl DdlFile {
    /// Reads it.
    pub fn read(&self) -> Result<Ddl, DdlFileError> {
        let text = file::read_lossy(&self.path, MAX_SIZE)?;
        let refuse = |reason: &dyn fmt::Display, space: &str| DdlFileError::Text {
            path: self.path.clone(),
            reason: format!("{space}{reason}"),
        };
        if is_json(&self.path) {
            return json::read(self.kind, &self.name, &text).map_err(|error| match error {
                json::JsonError::Part { .. } => refuse(&error, " "),
                json::JsonError::Syntax { .. } => refuse(&error, ""),
            });
        }
        ruby::read(self.kind, &self.name, &text).map_err(|error| refuse(&error, ""))
    }
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// The plugin that a path is the DDL of.
fn plugin(kind: Kind, path: &Path) -> Option<DdlFile> {
    let is_ddl = is_json(path) || path.extension().is_some_and(|extension| extension == "ddl");
    let stem = path.file_stem()?.to_str()?;
    let behind = format!("_{}", kind.as_str());
    let name = stem.strip_suffix(&behind).filter(|name| !name.is_empty());
    let name = name.unwrap_or(stem).to_owned();
    (is_ddl && is_name(&name)).then(|| DdlFile {
        kind,
        name,
        path: path.to_owned(),
    })
}

/// Nothing that leads out of a directory is a plugin's name.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "metadata :name => 'T', :description => 'd', :author => 'a', \
        :license => 'l', :version => '1', :url => 'u', :timeout => 5\n";
    const JSON: &str = r#"{"metadata": {"name": "T", "description": "json", "author": "a",
        "license": "l", "version": "1", "url": "u", "timeout": 5}}"#;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[allow(clippy::disallowed_methods)] // a file of a test
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_first_directory_wins_and_ruby_before_json() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        write(&at("one/mcollective/agent/both.ddl"), METADATA);
        write(&at("one/mcollective/agent/both.json"), JSON);
        write(&at("one/mcollective/agent/notes.txt"), "");
        write(&at("one/choria/agent/modern.json"), JSON);
        write(&at("two/mcollective/agent/both.ddl"), "broken");
        write(&at("two/mcollective/agent/later.json"), JSON);
        write(&at("two/mcollective/data/size_data.ddl"), METADATA);
        write(&at("two/mcollective/data/agent_data.ddl"), METADATA);
        write(&at("two/mcollective/validator/port.ddl"), METADATA);
        let files = DdlFiles::new(&[at("one"), at("nosuch"), at("two")]);
        let names = |kind| -> Vec<String> {
            let found = files.list(kind).into_iter();
            found.map(|file| file.name).collect()
        };
        assert_eq!(names(Kind::Agent), ["both", "later", "modern"]);
        assert_eq!(names(Kind::Data), ["agent", "size"]);
        assert_eq!(names(Kind::Validator), ["port"]);
        for kind in Kind::ALL {
            for file in files.list(kind) {
                assert_eq!(files.find(kind, &file.name).as_ref(), Some(&file));
                let ddl = file.read().unwrap();
                assert_eq!((ddl.kind, ddl.name.as_str()), (kind, file.name.as_str()));
            }
        }
        let both = files.find(Kind::Agent, "both").unwrap();
        assert_eq!(both.read().unwrap().metadata.description, "d");
        assert_eq!(files.find(Kind::Agent, "nosuch"), None);
        assert_eq!(files.find(Kind::Agent, "../data/size_data"), None);
        assert_eq!(files.find(Kind::Agent, ""), None);
    }

    #[test]
    fn the_configuration_says_where_to_look() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("client.cfg");
        write(&config, "libdir = /a:relative\nnonsense = 1\nlibdir = /b\n");
        let files = DdlFiles::configured(&config).unwrap();
        let expected = DdlFiles::new(&["/b".into(), "/a".into()]);
        assert_eq!(files.directories, expected.directories);
        assert!(!files.is_empty() && DdlFiles::default().is_empty());
        assert!(DdlFiles::configured(&dir.path().join("nosuch")).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_with_the_place() {
        let dir = tempfile::tempdir().unwrap();
        let agents = dir.path().join("mcollective/agent");
        write(&agents.join("a.ddl"), &format!("{METADATA}  acton 'x'\n"));
        write(&agents.join("b.json"), "{\n  oops");
        write(&agents.join("c.json"), "{}");
        file::make_fifo(&agents.join("d.ddl"));
        let files = DdlFiles::new(&[dir.path().to_owned()]);
        let errors: Vec<String> = files
            .list(Kind::Agent)
            .iter()
            .map(|file| file.read().unwrap_err().to_string())
            .collect();
        let at = |file: &str, rest: &str| format!("{}{rest}", agents.join(file).display());
        assert!(
            errors[0].starts_with(&at("a.ddl", ":2:3: `acton` is no statement")),
            "{errors:?}"
        );
        assert!(
            errors[1].starts_with(&at("b.json", ":2:3: key must be a string")),
            "{errors:?}"
        );
        assert_eq!(errors[2], at("c.json", ": metadata: it is missing"));
        assert_eq!(errors[3], at("d.ddl", " is not a regular file"));
    }
}
