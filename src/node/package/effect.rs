//! What a manager has done to packages, those included that nobody named.

use super::Status;

/// What was done to one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which; as the manager names it.
    pub package: String,
    /// What.
    pub done: Done,
    /// The version that was there before, where the manager says it.
    pub from: Option<String>,
    /// The version that is there now.
    pub to: Option<String>,
}

/// What can be done to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was not there.
    Installed,
    /// It is newer now.
    Upgraded,
    /// It is older now.
    Downgraded,
    /// It is there no more.
    Removed,
}

impl Done {
    /// As in replies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Removed => "removed",
        }
    }
}

impl Effect {
    pub(super) fn new(package: &str, done: Done, from: Option<&str>, to: Option<&str>) -> Self {
        Self {
            package: package.to_owned(),
            done,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        }
    }

    /// As a manager tells it that says one version, or two: what was `removed` has an old one.
    pub(super) fn of(package: &str, done: Done, versions: &str) -> Self {
        match (versions.split_once(" -> "), done) {
            (Some((from, to)), _) => Self::new(package, done, Some(from), Some(to)),
            (None, Done::Removed) => Self::new(package, done, Some(versions), None),
            (None, _) => Self::new(package, done, None, Some(versions)),
        }
    }

    /// Whether that was done to one of those that were named, of which is known how they are.
    pub(super) fn is_of(&self, named: &[Status]) -> bool {
        named.iter().any(|status| status.is_called(&self.package))
    }
}
