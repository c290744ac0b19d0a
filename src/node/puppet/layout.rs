//! Where Puppet keeps its files: by its own word, or else in one of the two places where packages
//! put them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The files that tell what Puppet does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// What the last run did, in figures.
    pub summary: PathBuf,
    /// What it did, in full.
    pub report: PathBuf,
    /// What it managed.
    pub resources: PathBuf,
    /// The process that applies a catalog.
    pub run_lock: PathBuf,
    /// Runs are forbidden.
    pub disabled_lock: PathBuf,
    /// The process that waits for the next run.
    pub pid_file: PathBuf,
}

/// Where Puppet's files are, and how sure that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The files.
    pub paths: Paths,
    /// What to say where that is not Puppet's present word.
    pub doubt: Option<String>,
    /// The settings whose files were looked for where they usually are: what is not found there may
    /// be elsewhere.
    pub(super) guessed: Vec<&'static str>,
}

impl From<Paths> for Places {
    /// As sure as can be.
    fn from(paths: Paths) -> Self {
        Self {
            paths,
            doubt: None,
            guessed: Vec::new(),
        }
    }
}

impl Places {
    /// Where the absence of this setting's file says nothing.
    pub(super) fn is_guessed(&self, setting: &str) -> bool {
        self.guessed.contains(&setting)
    }
}

impl Paths {
    /// The one that names the figures of the last run.
    pub(super) const SUMMARY: &'static str = "lastrunfile";

    /// The one that names the list of what is managed.
    pub(super) const RESOURCES: &'static str = "resourcefile";

    /// The one that names the lock that forbids runs.
    pub(super) const DISABLED_LOCK: &'static str = "agent_disabled_lockfile";

    /// The settings that name them, as Puppet calls them, in a fixed order.
    pub const SETTINGS: [&'static str; 6] = [
        Self::SUMMARY,
        "lastrunreport",
        Self::RESOURCES,
        "agent_catalog_run_lockfile",
        Self::DISABLED_LOCK,
        "pidfile",
    ];

    fn from_list(
        [
            summary,
            report,
            resources,
            run_lock,
            disabled_lock,
            pid_file,
        ]: [PathBuf; 6],
    ) -> Self {
        Self {
            summary,
            report,
            resources,
            run_lock,
            disabled_lock,
            pid_file,
        }
    }

    /// By the name of the setting.
    pub(super) fn set(&mut self, setting: &str, path: &Path) {
        let place = match setting {
            Self::SUMMARY => &mut self.summary,
            "lastrunreport" => &mut self.report,
            Self::RESOURCES => &mut self.resources,
            "agent_catalog_run_lockfile" => &mut self.run_lock,
            Self::DISABLED_LOCK => &mut self.disabled_lock,
            "pidfile" => &mut self.pid_file,
            _ => return,
        };
        path.clone_into(place);
    }

    /// Reads what `puppet config print NAME NAME...` says: `name = value`, a line each. `None` unless
    /// all are there: an old Puppet, or an error, is not a layout.
    pub(super) fn parse(printed: &str) -> Option<Self> {
        let value = |name: &str| {
            printed.lines().find_map(|line| {
                let (found, path) = line.split_once('=')?;
                let path = Path::new(path.trim());
                (found.trim() == name && path.is_absolute()).then(|| path.to_owned())
            })
        };
        let found = Self::SETTINGS.map(value);
        let mut paths = Vec::with_capacity(found.len());
        for path in found {
            paths.push(path?);
        }
        paths.try_into().ok().map(Self::from_list)
    }

    /// A guess by what is there below `root`: Puppet's own packages, or a distribution's.
    pub(super) fn probe(root: &Path) -> Self {
        let at = |path: &str| root.join(path);
        let own = at("opt/puppetlabs/puppet/cache");
        let distribution = ["var/cache/puppet", "var/lib/puppet"].map(at);
        let there = |base: &PathBuf| base.join("state").is_dir();
        let (base, public, run) = match distribution.into_iter().find(there) {
            Some(base) if !there(&own) => {
                let public = base.join("public");
                (base, public, at("run/puppet"))
            }
            _ => (
                own,
                at("opt/puppetlabs/puppet/public"),
                at("var/run/puppetlabs"),
            ),
        };
        let state = base.join("state");
        Self {
            summary: newer(
                public.join("last_run_summary.yaml"),
                state.join("last_run_summary.yaml"),
            ),
            report: state.join("last_run_report.yaml"),
            resources: state.join("resources.txt"),
            run_lock: state.join("agent_catalog_run.lock"),
            disabled_lock: state.join("agent_disabled.lock"),
            pid_file: run.join("agent.pid"),
        }
    }
}

/// Puppet 7 moved the summary; an upgraded machine has both.
fn newer(new: PathBuf, old: PathBuf) -> PathBuf {
    let written = |path: &Path| path.metadata().and_then(|there| there.modified()).ok();
    match (written(&new), written(&old)) {
        (new_time, Some(old_time)) if new_time.is_none_or(|time| time < old_time) => old,
        _ => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::file;

    #[test]
    fn what_puppet_prints_is_read() {
        let printed = "agent_catalog_run_lockfile = /var/cache/puppet/state/agent_catalog_run.lock\n\
            agent_disabled_lockfile = /var/cache/puppet/state/agent_disabled.lock\n\
            lastrunfile = /var/cache/puppet/public/last_run_summary.yaml\n\
            lastrunreport = /srv/my = odd/last_run_report.yaml\npidfile = /run/puppet/agent.pid\n\
            resourcefile = /var/cache/puppet/state/resources.txt\n";
        let paths = Paths::parse(printed).unwrap();
        assert_eq!(paths.pid_file, Path::new("/run/puppet/agent.pid"));
        assert_eq!(
            paths.report,
            Path::new("/srv/my = odd/last_run_report.yaml")
        );
        assert_eq!(
            paths.summary,
            Path::new("/var/cache/puppet/public/last_run_summary.yaml")
        );
        for cut in [
            "",
            "Error: no such setting",
            &printed[..100],
            &printed.replace("/run/p", "p"),
        ] {
            assert_eq!(Paths::parse(cut), None, "{cut}");
        }
    }

    #[test]
    fn every_setting_has_its_place() {
        let mut paths = Paths::probe(Path::new("/nowhere"));
        for setting in Paths::SETTINGS {
            paths.set(setting, Path::new(setting));
        }
        let list = Paths::SETTINGS.map(PathBuf::from);
        assert_eq!(paths, Paths::from_list(list));
    }

    #[test]
    fn layouts_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let make = |path: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            file::write_atomic(&path, b"x", file::Mode::Exactly(0o644)).unwrap();
            path
        };
        // Nothing there: Puppet's own packages are the likely ones to come.
        let probed = Paths::probe(root);
        assert_eq!(probed.pid_file, root.join("var/run/puppetlabs/agent.pid"));
        let debian = make("var/cache/puppet/state/last_run_summary.yaml");
        assert_eq!(
            Paths::probe(root).summary,
            debian,
            "Debian, before Puppet 7"
        );
        assert_eq!(
            Paths::probe(root).pid_file,
            root.join("run/puppet/agent.pid")
        );
        let public = make("var/cache/puppet/public/last_run_summary.yaml");
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        std::fs::File::open(&public)
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert_eq!(Paths::probe(root).summary, public, "after an upgrade");
        let aio = make("opt/puppetlabs/puppet/cache/state/last_run_summary.yaml");
        assert_eq!(
            Paths::probe(root).summary,
            aio,
            "Puppet 5 of Puppet's own packages"
        );
    }
}
