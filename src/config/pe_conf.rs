//! The switch in Puppet Enterprise's `pe.conf`: `"pe_install::disable_mco"`.
//!
//! `false` enables MCollective, `true` disables it, and where nothing is said Puppet Enterprise
//! takes `true`, unless MCollective's configuration already stands where it puts it: an upgraded
//! Puppet Enterprise keeps what it had. Only the key of that name in the outermost object counts,
//! and only `true` or `false` without quotes: Puppet takes a text for no boolean.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::hocon::{self, Document, Found, Plain, Position, Setting};
use crate::sys::file::{self, FileError};

/// The key.
pub const KEY: &str = "pe_install::disable_mco";

/// Where Puppet Enterprise keeps the file once it is installed.
pub const USUAL: &str = "/etc/puppetlabs/enterprise/conf.d/pe.conf";

/// A `pe.conf` is a few kilobytes.
const LARGEST: u64 = 1 << 20;

/// A `pe.conf` that was understood.
#[derive(Debug)]
pub struct PeConf {
    file: PathBuf,
    document: Document,
}

/// Whether MCollective is enabled, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is.
    pub enabled: bool,
    /// What decides.
    pub by: DecidedBy,
    /// What makes it doubtful, in sentences.
    pub doubts: Vec<String>,
}

/// What decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// The setting at this place.
    Setting(Position),
    /// Nothing is said, and this file of MCollective's stands in Puppet Enterprise's place.
    Kept(PathBuf),
    /// Nothing is said, and Puppet Enterprise takes `true`.
    Default,
}

/// Why a `pe.conf` can't be used.
#[derive(Debug)]
pub struct PeConfError {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub at: Option<Position>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub right: String,
    /// Why it can't be opened, where that is it.
    pub kind: Option<io::ErrorKind>,
}

impl PeConf {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, PeConfError> {
        let bytes = file::read(path, LARGEST).map_err(|error| unreadable(path, &error))?;
        Self::parse(path, &bytes)
    }

    /// The same where the file may be missing, which then costs one failed `open` and no more.
    pub fn read_if_there(path: &Path) -> Result<Option<Self>, PeConfError> {
        match file::read(path, LARGEST) {
            Ok(bytes) => Self::parse(path, &bytes).map(Some),
            Err(FileError::Io { source, .. })
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, PeConfError> {
        let document = Document::parse(bytes).map_err(|error: hocon::Error| PeConfError {
            file: path.into(),
            at: Some(error.at),
            message: error.message,
            right: error.right.into(),
            kind: None,
        })?;
        Ok(Self {
            file: path.into(),
            document,
        })
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        self.document.text()
    }

    /// What the file decides. A value that is neither `true` nor `false` is an error.
    pub fn decision(&self) -> Result<Decision, PeConfError> {
        match self.document.setting(KEY) {
            Some(Setting {
                at,
                found: Found::Plain(Plain::Bool(disabled)),
                include_after,
            }) => Ok(Decision {
                enabled: !disabled,
                by: DecidedBy::Setting(at),
                doubts: include_after.map(not_followed).into_iter().collect(),
            }),
            Some(setting) => Err(PeConfError {
                file: self.file.clone(),
                at: Some(setting.at),
                message: format!("\"{KEY}\" {}", unsuitable(setting.found)),
                right: "it has to be true or false, without quotes".into(),
                kind: None,
            }),
            None => Ok(self.nothing_said()),
        }
    }

    /// The text with the switch set; `None` where it says so already.
    pub fn with_switch(&self, disable: bool) -> Result<Option<String>, PeConfError> {
        let wanted = Found::Plain(Plain::Bool(disable));
        let is_set = |document: &Document| {
            let setting = document.setting(KEY);
            setting.is_some_and(|setting| setting.found == wanted)
        };
        if is_set(&self.document) {
            return Ok(None);
        }
        let text = self.document.with(KEY, disable);
        // Nobody's file is replaced by something that was not looked at.
        match Document::parse(text.as_bytes()) {
            Ok(changed) if is_set(&changed) => Ok(Some(text)),
            _ => Err(PeConfError {
                file: self.file.clone(),
                at: self.document.setting(KEY).map(|setting| setting.at),
                message: format!("\"{KEY}\" can't be set in this file"),
                right: format!("write `\"{KEY}\": {disable}` by hand, at its end"),
                kind: None,
            }),
        }
    }

    fn nothing_said(&self) -> Decision {
        let mut doubts: Vec<String> = self
            .document
            .include()
            .map(not_followed)
            .into_iter()
            .collect();
        let [first, second] = ["pe_install", "disable_mco"];
        if let Some(at) = self.document.place(&[first, second]) {
            doubts.push(format!(
                "line {} sets `{second}` of `{first}`, which is another key than \"{KEY}\"",
                at.line
            ));
        }
        match kept(&self.file) {
            Some(file) => Decision {
                enabled: true,
                by: DecidedBy::Kept(file),
                doubts,
            },
            None => Decision {
                enabled: false,
                by: DecidedBy::Default,
                doubts,
            },
        }
    }
}

fn not_followed(include: Position) -> String {
    format!(
        "line {} includes another file, which is not followed: what it says of \"{KEY}\" does not count here",
        include.line
    )
}

/// What is wrong with a value.
fn unsuitable(found: Found) -> String {
    match found {
        Found::Plain(plain) => format!("is {plain}"),
        Found::Object => "is an object, with keys below it".into(),
        Found::Joined => "is joined of several parts".into(),
        Found::Unset => {
            "refers to what is not set in this file (the environment is not looked at)".into()
        }
        Found::Endless => "refers to itself, or on and on".into(),
    }
}

/// MCollective's configuration in the place where a Puppet Enterprise with this `pe.conf` has it.
fn kept(pe_conf: &Path) -> Option<PathBuf> {
    let base = pe_conf
        .parent()
        .filter(|_| pe_conf.ends_with("enterprise/conf.d/pe.conf"))
        .and_then(Path::parent)
        .and_then(Path::parent)
        .unwrap_or(Path::new("/etc/puppetlabs"));
    ["server.cfg", "client.cfg"]
        .into_iter()
        .map(|name| base.join("mcollective").join(name))
        .find(|path| path.is_file())
}

fn unreadable(path: &Path, error: &FileError) -> PeConfError {
    let kind = match error {
        FileError::Io { source, .. } => Some(source.kind()),
        _ => None,
    };
    let (message, right) = match (error, kind) {
        (_, Some(io::ErrorKind::NotFound)) if path.is_symlink() => (
            "is a symbolic link to a file that is not there".to_owned(),
            "mend or remove the link",
        ),
        (_, Some(io::ErrorKind::NotFound)) => (
            "is not there".to_owned(),
            "name the file that Puppet Enterprise is installed with",
        ),
        (_, Some(io::ErrorKind::PermissionDenied)) => (
            "may not be read by this user".to_owned(),
            "run as root, or as its owner",
        ),
        (FileError::Io { source, .. }, _) => (format!("can't be read: {source}"), ""),
        (FileError::NotRegular(_), _) if path.is_dir() => (
            "is a directory".to_owned(),
            "name the file, as in `DIR/pe.conf`",
        ),
        (FileError::NotRegular(_), _) => ("is not a regular file".to_owned(), "name a file"),
        (FileError::TooLarge { limit, .. }, _) => (
            format!("is larger than {} KiB", limit / 1024),
            "check whether it is the right file",
        ),
        (FileError::NotText(_), _) => ("is not UTF-8 text".to_owned(), ""),
    };
    PeConfError {
        file: path.into(),
        at: None,
        message,
        right: right.into(),
        kind,
    }
}

impl fmt::Display for PeConfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.at {
            Some(at) => write!(f, ":{}:{}: {}", at.line, at.column, self.message),
            None => write!(f, " {}", self.message),
        }
    }
}

impl std::error::Error for PeConfError {}
