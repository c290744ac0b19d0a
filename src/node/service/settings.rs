//! What the configuration says of services, and which init system the machine has.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{ServiceProvider, openrc::OpenRc, systemd::Systemd, sysv::COMMANDS, sysv::SysV};
use crate::node::program::first_file;

/// What `plugin.service.provider` may be. `puppet` is the original's default; it let Puppet choose by
/// the machine, and `auto` does.
pub const PROVIDERS: [&str; 5] = ["auto", "puppet", "systemd", "service", "openrc"];

/// What the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    provider: Option<Kind>,
    command: Option<PathBuf>,
    pub(super) wait: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Systemd,
    SysV,
    OpenRc,
}

/// A setting that can't be used, or a machine without services.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A setting has a value that means nothing.
    #[error("`plugin.{key}` is {value:?}; {right}")]
    Value {
        /// Without `plugin.`.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        right: String,
    },
    /// No init system was found.
    #[error(
        "this machine has neither systemd nor OpenRC nor a `service` command; \
         `plugin.service.provider` names one"
    )]
    None,
}

impl Settings {
    /// Reads the settings; `get` gives `plugin.KEY`.
    pub fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, SettingsError> {
        let provider = match get("service.provider").unwrap_or("auto") {
            "auto" | "puppet" => None,
            "systemd" => Some(Kind::Systemd),
            "service" => Some(Kind::SysV),
            "openrc" => Some(Kind::OpenRc),
            other => {
                return Err(SettingsError::Value {
                    key: "service.provider",
                    value: other.into(),
                    right: format!("give one of {}", PROVIDERS.join(", ")),
                });
            }
        };
        let wait = match get("service.wait") {
            None => WAIT,
            Some(text) => {
                let seconds = text.parse().ok().filter(|seconds| LIMITS.contains(seconds));
                let seconds = seconds.ok_or_else(|| SettingsError::Value {
                    key: "service.wait",
                    value: text.into(),
                    right: format!("give {} to {} seconds", LIMITS.start(), LIMITS.end()),
                })?;
                Duration::from_secs(seconds)
            }
        };
        let command = get("service.service.servicecmd").map(PathBuf::from);
        if let Some(command) = command.as_ref().filter(|command| !command.is_absolute()) {
            return Err(SettingsError::Value {
                key: "service.service.servicecmd",
                value: command.display().to_string(),
                right: "give an absolute path".into(),
            });
        }
        Ok(Self {
            provider,
            command,
            wait,
        })
    }

    /// Whether who is strict is told that a service is already as it is wanted: the original's own
    /// provider `service` never looked, and ran the script.
    pub(super) fn looks_first(&self) -> bool {
        self.provider != Some(Kind::SysV)
    }

    /// The provider that is named, or that of the machine.
    pub(super) fn provider(&self) -> Result<Box<dyn ServiceProvider>, SettingsError> {
        let kind = self.provider.or_else(|| detect(Path::new("/")));
        Ok(match kind.ok_or(SettingsError::None)? {
            Kind::Systemd => Box::new(Systemd),
            Kind::SysV => Box::new(SysV::new(self.command.clone())),
            Kind::OpenRc => Box::new(OpenRc),
        })
    }
}

/// What this machine was booted with; installed is not enough.
fn detect(root: &Path) -> Option<Kind> {
    let is_dir = |path: &str| root.join(path).is_dir();
    if is_dir("run/systemd/system") {
        Some(Kind::Systemd)
    } else if is_dir("run/openrc") {
        Some(Kind::OpenRc)
    } else {
        first_file(&COMMANDS).map(|_| Kind::SysV)
    }
}

/// How long a service may take to start or to stop. The DDL gives the action 60 s, of which some are
/// needed to see what came of it.
const WAIT: Duration = Duration::from_secs(45);
const LIMITS: std::ops::RangeInclusive<u64> = 1..=45;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &'static str)]) -> Result<Settings, SettingsError> {
        Settings::read(|key| {
            let found = settings.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| *value)
        })
    }

    #[test]
    fn the_configuration_names_a_provider_and_its_patience() {
        for (name, expected) in [
            ("systemd", "systemd"),
            ("service", "service"),
            ("openrc", "openrc"),
        ] {
            let settings = read(&[("service.provider", name)]).unwrap();
            assert_eq!(settings.provider().unwrap().name(), expected);
            assert_eq!(settings.looks_first(), name != "service");
        }
        assert_eq!(
            read(&[]).unwrap(),
            read(&[("service.provider", "puppet")]).unwrap()
        );
        assert_eq!(
            read(&[("service.wait", "5")]).unwrap().wait,
            Duration::from_secs(5)
        );
        for (key, value, words) in [
            (
                "service.provider",
                "upstart",
                "give one of auto, puppet, systemd",
            ),
            ("service.wait", "0", "give 1 to 45 seconds"),
            ("service.wait", "soon", "give 1 to 45 seconds"),
            (
                "service.service.servicecmd",
                "sbin/service",
                "give an absolute path",
            ),
        ] {
            let error = read(&[(key, value)]).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn the_machine_chooses_by_what_it_was_booted_with() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("run/openrc")).unwrap();
        assert_eq!(detect(root.path()), Some(Kind::OpenRc));
        std::fs::create_dir_all(root.path().join("run/systemd/system")).unwrap();
        assert_eq!(detect(root.path()), Some(Kind::Systemd));
    }
}
