//! Packages, whatever manages them: apt, dnf, yum, zypper or apk.
//!
//! A [`PackageProvider`] knows the programs of one manager and reads what they print; it runs
//! nothing. `work` does, and holds what was wanted against what has become of it. What changes
//! packages runs as a job (`job`), which nothing of ours ends before its time.

mod apk;
mod apt;
mod compare;
mod effect;
mod job;
mod name;
mod rpm;
mod settings;
mod work;
mod yum;
mod zypper;

pub use self::{
    effect::{Done, Effect},
    job::{JobState, Record},
    name::{PackageName, PackageNameError, PackageVersion},
    settings::{PROVIDERS, Settings, SettingsError},
    work::{Changed, Digest, Failure, FailureKind, Packages, Updates},
};

use std::{collections::BTreeMap, time::Duration};

use super::program::{Program, last_words};
use crate::sys::command::Ended;

/// A package manager.
pub trait PackageProvider: Send + Sync {
    /// As the configuration names it.
    fn name(&self) -> &'static str;

    /// As the original names it where it lists updates.
    fn manager(&self) -> &'static str {
        self.name()
    }

    /// Why no package can have such a name here.
    fn objection(&self, package: &PackageName) -> Option<&'static str> {
        let colon = package.as_str().contains(':');
        colon.then_some("names have no colon here")
    }

    /// What tells the state of a package.
    fn ask(&self, package: &PackageName) -> Program;

    /// The state, from what that program said.
    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String>;

    /// What lists packages of such names, those at least, where the manager takes a name for
    /// something else if there is no such package.
    fn look_up(&self, _packages: &[&PackageName]) -> Option<Program> {
        None
    }

    /// Whether a package is in that list.
    fn knows(&self, _package: &PackageName, _listed: &str) -> bool {
        true
    }

    /// What lists the packages that stand for a name of which there is none.
    fn find_providers(&self, _package: &PackageName) -> Option<Program> {
        None
    }

    /// What lists the versions of a package, where a change failed as there is none of that number:
    /// they stand between the first two bars of each line.
    fn find_versions(&self, _package: &PackageName, _ended: &Ended) -> Option<Program> {
        None
    }

    /// Whether a package is installed in this version.
    fn has_version(&self, status: &Status, version: &PackageVersion) -> bool {
        status.installed && status.ensure == version.as_str()
    }

    /// What makes a change. `before` is how the packages are, `patience` how long a lock is waited for.
    fn act(&self, change: &Change, before: &[Status], patience: Duration) -> Program;

    /// Whether a program that makes changes has done so.
    fn succeeded(&self, ended: &Ended) -> bool {
        ended.is_success()
    }

    /// Everything that such a program has done to packages, as far as it tells.
    fn effects(&self, _ended: &Ended) -> Vec<Effect> {
        Vec::new()
    }

    /// Why it has failed, in its own words.
    fn words(&self, ended: &Ended) -> Option<String> {
        last_words(ended)
    }

    /// The packages at which it failed, where it names them: they need not be those that were meant.
    fn broken(&self, _ended: &Ended) -> Vec<String> {
        Vec::new()
    }

    /// What mends packages that are broken.
    fn remedy(&self) -> &'static str {
        ""
    }

    /// Whether it has changed nothing, as another one held the lock.
    fn is_locked(&self, ended: &Ended) -> bool;

    /// Who held it, where the program has said so.
    fn holder(&self, _ended: &Ended) -> Option<String> {
        None
    }

    /// What lists all packages.
    fn list(&self) -> Program;

    /// The lines of that which are packages that are installed.
    fn installed<'a>(&self, listed: &'a str) -> Vec<&'a str> {
        listed.lines().filter(|line| !line.is_empty()).collect()
    }

    /// What the original made an MD5 of.
    fn digested(&self, listed: &str) -> String {
        listed.to_owned()
    }

    /// What lists packages with their versions, where the list of newer ones does not say what is
    /// installed.
    fn versions(&self) -> Option<Program> {
        None
    }

    /// What lists packages of which there is a newer version.
    fn updates(&self) -> Program;

    /// Those packages; or what went wrong, where the program did.
    fn read_updates(&self, ended: &Ended) -> Result<Vec<Update>, String>;

    /// What keeps that list from being whole.
    fn warnings(&self, _ended: &Ended) -> Vec<String> {
        Vec::new()
    }
}

/// What can be done to packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Have it, in some version or another.
    Install,
    /// Have the newest version, if it is there.
    Update,
    /// Have it no more.
    Uninstall,
    /// Have nothing of it any more, its configuration included.
    Purge,
}

impl Verb {
    const ALL: [Self; 4] = [Self::Install, Self::Update, Self::Uninstall, Self::Purge];

    /// As it is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Update => "update",
            Self::Uninstall => "uninstall",
            Self::Purge => "purge",
        }
    }
}

/// A change that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub verb: Verb,
    /// Of which packages.
    pub packages: Vec<PackageName>,
    /// In which version they are to be installed, where that matters.
    pub version: Option<PackageVersion>,
}

impl Change {
    /// As it is typed: `install foo bar`.
    pub fn words(&self) -> String {
        let mut words = self.verb.as_str().to_owned();
        for name in self.names() {
            words.push(' ');
            words.push_str(&name);
        }
        if let Some(version) = &self.version {
            words.push_str(" --version ");
            words.push_str(version.as_str());
        }
        words
    }

    /// What was typed so.
    fn read(words: &str) -> Option<Self> {
        let (change, version) = match words.split_once(" --version ") {
            Some((change, version)) => (change, Some(version.parse().ok()?)),
            None => (words, None),
        };
        let (verb, names) = change.split_once(' ')?;
        let names = names.split(' ').map(str::parse);
        Some(Self {
            verb: Verb::ALL.into_iter().find(|known| known.as_str() == verb)?,
            packages: names.collect::<Result<_, _>>().ok()?,
            version,
        })
    }

    /// The names.
    fn names(&self) -> impl Iterator<Item = String> {
        self.packages.iter().map(ToString::to_string)
    }
}

/// How a package is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether it is installed.
    pub installed: bool,
    /// Its full version; or `absent`, or `purged`, as the original says.
    pub ensure: String,
    /// What the manager says besides, by the original's names.
    pub details: BTreeMap<&'static str, String>,
}

impl Status {
    fn installed(ensure: impl Into<String>) -> Self {
        Self {
            installed: true,
            ensure: ensure.into(),
            details: BTreeMap::new(),
        }
    }

    fn missing(ensure: &str) -> Self {
        Self {
            installed: false,
            ..Self::installed(ensure)
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.insert(name, value.into());
        self
    }

    /// Whether that is its name, with its architecture or without.
    fn is_called(&self, name: &str) -> bool {
        let is = |key, text| self.details.get(key).is_some_and(|detail| detail == text);
        is("name", name)
            || name.split_once(':').is_some_and(|(name, architecture)| {
                is("name", name) && is("architecture", architecture)
            })
    }

    /// As part of a sentence that begins with its name.
    pub fn describe(&self) -> String {
        if self.installed {
            return format!("is installed in version {}", self.ensure);
        }
        format!("is {}", self.half_way().unwrap_or("not installed"))
    }

    /// Where it stands between the two, of which only dpkg knows.
    fn half_way(&self) -> Option<&str> {
        let state = self.details.get("status")?.as_str();
        matches!(state, "half-installed" | "unpacked" | "half-configured").then_some(state)
    }
}

/// Nothing is left of a package that was purged.
const PURGED: &str = "purged";
/// A package is not installed.
const ABSENT: &str = "absent";

/// A package of which there is a newer version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which.
    pub package: String,
    /// The version that is installed, where the manager says it.
    pub current: Option<String>,
    /// The newest.
    pub version: String,
    /// Where that is from, as the manager says it.
    pub repo: String,
}
