//! What the configuration says of packages, and which manager the machine has.

use std::{collections::BTreeSet, path::Path, time::Duration};

use super::{
    PackageProvider,
    apk::{self, Apk},
    apt::{APT_GET, Apt},
    yum::{DNF, YUM, Yum},
    zypper::{ZYPPER, Zypper},
};
use crate::sys::file;

/// What `plugin.package.provider` may be. `puppet` is the original's default; it let Puppet choose by
/// the machine, and `auto` does.
pub const PROVIDERS: [&str; 7] = ["auto", "puppet", "apt", "dnf", "yum", "zypper", "apk"];

/// What `yum clean` may be told.
const CLEAN_MODES: [&str; 7] = [
    "all",
    "headers",
    "packages",
    "metadata",
    "dbcache",
    "plugins",
    "expire-cache",
];

/// What the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    provider: Option<Kind>,
    /// How long a call waits for a change before it answers that the change goes on.
    pub(super) wait: Duration,
    /// How long somebody else's lock is waited for.
    pub(super) lock_wait: Duration,
    /// What `yum clean` is told where the call does not say.
    pub(super) clean_mode: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Apt,
    Dnf,
    Yum,
    Zypper,
    Apk,
}

/// A setting that can't be used, or a machine without a manager that is known here.
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
    /// No package manager was found.
    #[error(
        "this machine has none of apt-get, dnf, yum, zypper and apk; `plugin.package.provider` names one"
    )]
    None,
}

impl Settings {
    /// Reads the settings; `get` gives `plugin.KEY`.
    pub fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, SettingsError> {
        let provider = match get("package.provider").unwrap_or("auto") {
            "auto" | "puppet" => None,
            "apt" => Some(Kind::Apt),
            "dnf" => Some(Kind::Dnf),
            "yum" => Some(Kind::Yum),
            "zypper" => Some(Kind::Zypper),
            "apk" => Some(Kind::Apk),
            other => {
                return Err(SettingsError::Value {
                    key: "package.provider",
                    value: other.into(),
                    right: format!("give one of {}", PROVIDERS.join(", ")),
                });
            }
        };
        let clean_mode = get("package.yum_clean_mode").unwrap_or("all");
        if !CLEAN_MODES.contains(&clean_mode) {
            return Err(SettingsError::Value {
                key: "package.yum_clean_mode",
                value: clean_mode.into(),
                right: format!("give one of {}", CLEAN_MODES.join(", ")),
            });
        }
        let seconds = |key: &'static str, default: u64| match get(key) {
            None => Ok(Duration::from_secs(default)),
            Some(text) => text
                .parse()
                .ok()
                .filter(|seconds| LIMITS.contains(seconds))
                .map(Duration::from_secs)
                .ok_or_else(|| SettingsError::Value {
                    key,
                    value: text.into(),
                    right: format!("give {} to {} seconds", LIMITS.start(), LIMITS.end()),
                }),
        };
        Ok(Self {
            provider,
            wait: seconds("package.wait", *LIMITS.end())?,
            lock_wait: seconds("package.lock_wait", LOCK_WAIT)?,
            clean_mode: clean_mode.to_owned(),
        })
    }

    /// The provider that is named, or that of the machine.
    pub(super) fn provider(&self) -> Result<Box<dyn PackageProvider>, SettingsError> {
        let kind = self.provider.or_else(|| detect(Path::new("/")));
        Ok(match kind.ok_or(SettingsError::None)? {
            Kind::Apt => Box::new(Apt),
            Kind::Dnf => Box::new(Yum::DNF),
            Kind::Yum => Box::new(Yum::YUM),
            Kind::Zypper => Box::new(Zypper),
            Kind::Apk => Box::new(Apk),
        })
    }
}

/// What the distribution is made with. Other managers may be installed beside it: Debian has a dnf.
fn detect(root: &Path) -> Option<Kind> {
    let has = |path: &str| root.join(path.trim_start_matches('/')).exists();
    let rpm = if has(DNF) { Kind::Dnf } else { Kind::Yum };
    let release = ["etc/os-release", "usr/lib/os-release"]
        .into_iter()
        .find_map(|path| file::read_lossy(&root.join(path), 64 << 10).ok());
    for family in families(&release.unwrap_or_default()) {
        match &*family {
            "debian" | "ubuntu" if has(APT_GET) => return Some(Kind::Apt),
            "rhel" | "fedora" | "centos" if has(DNF) || has(YUM) => return Some(rpm),
            "suse" | "opensuse" | "sles" if has(ZYPPER) => return Some(Kind::Zypper),
            "alpine" if apk::FILES.iter().any(|path| has(path)) => return Some(Kind::Apk),
            _ => {}
        }
    }
    // The original's order.
    if has(DNF) || has(YUM) {
        Some(rpm)
    } else if has(APT_GET) {
        Some(Kind::Apt)
    } else if has(ZYPPER) {
        Some(Kind::Zypper)
    } else {
        let apk = apk::FILES.iter().any(|path| has(path));
        apk.then_some(Kind::Apk)
    }
}

/// The words of `ID` and `ID_LIKE`.
fn families(release: &str) -> BTreeSet<String> {
    release
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| ["ID", "ID_LIKE"].contains(&key.trim()))
        .flat_map(|(_, value)| {
            let value = value.trim().trim_matches(['"', '\'']);
            value.split_ascii_whitespace().map(str::to_owned)
        })
        .collect()
}

/// The DDL gives actions 180 s, of which some are needed to see what came of it.
const LIMITS: std::ops::RangeInclusive<u64> = 1..=170;
const LOCK_WAIT: u64 = 120;

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
        for name in ["apt", "dnf", "yum", "zypper", "apk"] {
            let settings = read(&[("package.provider", name)]).unwrap();
            assert_eq!(settings.provider().unwrap().name(), name);
        }
        let usual = read(&[]).unwrap();
        assert_eq!(usual, read(&[("package.provider", "puppet")]).unwrap());
        assert_eq!(
            (usual.wait.as_secs(), usual.lock_wait.as_secs()),
            (170, 120)
        );
        let quick = read(&[("package.wait", "3"), ("package.lock_wait", "2")]).unwrap();
        assert_eq!((quick.wait.as_secs(), quick.lock_wait.as_secs()), (3, 2));
        for (key, value, words) in [
            (
                "package.provider",
                "pacman",
                "give one of auto, puppet, apt",
            ),
            ("package.wait", "171", "give 1 to 170 seconds"),
            ("package.lock_wait", "soon", "give 1 to 170 seconds"),
            ("package.yum_clean_mode", "some", "give one of all, headers"),
        ] {
            let error = read(&[(key, value)]).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn the_distribution_chooses() {
        for (release, files, expected) in [
            ("ID=debian\n", &[APT_GET, DNF, YUM][..], Some(Kind::Apt)),
            ("ID=ubuntu\nID_LIKE=debian\n", &[APT_GET], Some(Kind::Apt)),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                &[DNF, YUM, APT_GET],
                Some(Kind::Dnf),
            ),
            (
                "ID=\"centos\"\nID_LIKE=\"rhel fedora\"\n",
                &[YUM],
                Some(Kind::Yum),
            ),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                &[ZYPPER, DNF],
                Some(Kind::Zypper),
            ),
            ("ID=alpine\n", &["/sbin/apk"], Some(Kind::Apk)),
            ("ID=other\n", &[APT_GET], Some(Kind::Apt)),
            ("", &[YUM, APT_GET], Some(Kind::Yum)),
            ("ID=arch\n", &["/usr/bin/pacman"], None),
        ] {
            let root = tempfile::tempdir().unwrap();
            let put = |path: &str, text: &str| {
                let path = root.path().join(path.trim_start_matches('/'));
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                file::write_new(&path, text.as_bytes(), 0o644).unwrap();
            };
            put("etc/os-release", release);
            for path in files {
                put(path, "");
            }
            assert_eq!(detect(root.path()), expected, "{release}");
        }
    }
}
