//! Where files are looked for and kept: the original's places first, then the XDG directories.
//!
//! The person's own directories exist only where `HOME` is set. Without it the `directories` crate
//! would ask the user database, which a daemon in a static binary must not.

use std::{
    env,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use directories::ProjectDirs;
use nix::unistd::geteuid;

/// Which configuration is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Config {
    /// The agent's, `server.cfg`.
    Server,
    /// The client's, `client.cfg` or `~/.mcollective`.
    Client,
    /// The broker's, `broker.cfg`.
    Broker,
}

impl Config {
    /// The places where the file may be, the first that is readable wins.
    pub fn candidates(self) -> Vec<PathBuf> {
        let own = own_directories();
        candidates(
            self,
            home().as_deref(),
            own.as_ref().map(ProjectDirs::config_dir),
        )
    }

    /// The first candidate that this process can read.
    pub fn find(self) -> Option<PathBuf> {
        first_readable(self.candidates())
    }

    /// The file's name.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Server => "server.cfg",
            Self::Client => "client.cfg",
            Self::Broker => "broker.cfg",
        }
    }
}

/// Where the person's cache is: names for completion. `None` without a home of one's own.
pub fn cache_dir() -> Option<PathBuf> {
    ours(own_directories()?.cache_dir().into())
}

/// Where the person's configuration is. `None` without a home.
pub fn config_dir() -> Option<PathBuf> {
    Some(own_directories()?.config_dir().into())
}

/// Where the person's state is: what should outlive a restart, but is no configuration. `None` without
/// a home of one's own.
pub fn state_dir() -> Option<PathBuf> {
    let own = own_directories()?;
    ours(
        own.state_dir()
            .unwrap_or_else(|| own.data_local_dir())
            .into(),
    )
}

/// A directory to write to, unless it lies in what belongs to somebody else: root with another's
/// `HOME` must not follow links that this person has laid.
fn ours(dir: PathBuf) -> Option<PathBuf> {
    let there = dir
        .ancestors()
        .find_map(|path| path.symlink_metadata().ok());
    let owner = there?.uid();
    (owner == geteuid().as_raw() || owner == 0).then_some(dir)
}

/// Where a daemon keeps state: the directory that systemd made for it, else a fixed one.
pub fn daemon_state_dir() -> PathBuf {
    daemon_state(env::var("STATE_DIRECTORY").ok().as_deref())
}

/// The home directory as `HOME` says, where that is an absolute path.
pub fn home() -> Option<PathBuf> {
    env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
}

/// The first of these regular files that this process can open for reading.
pub fn first_readable(candidates: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    candidates
        .into_iter()
        .find(|path| super::file::open_regular(path).is_ok())
}

fn own_directories() -> Option<ProjectDirs> {
    home()?;
    ProjectDirs::from("", "", "mcollective")
}

fn candidates(config: Config, home: Option<&Path>, own: Option<&Path>) -> Vec<PathBuf> {
    let name = config.file_name();
    let dotfile = home
        .filter(|_| config == Config::Client)
        .map(|home| home.join(".mcollective"));
    let system = ["/etc/puppetlabs/mcollective", "/etc/mcollective"];
    let system = system.into_iter().map(|dir| Path::new(dir).join(name));
    dotfile
        .into_iter()
        .chain(system)
        .chain(own.map(|dir| dir.join(name)))
        .collect()
}

fn daemon_state(given: Option<&str>) -> PathBuf {
    // systemd separates several directories by colons; the first is the unit's own.
    let given = given
        .and_then(|list| list.split(':').next())
        .filter(|dir| dir.starts_with('/'));
    PathBuf::from(given.unwrap_or("/var/lib/mcollective"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(paths: Vec<PathBuf>) -> Vec<String> {
        paths
            .into_iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn the_original_places_come_first() {
        let (home, own) = (
            Path::new("/home/a"),
            Path::new("/home/a/.config/mcollective"),
        );
        assert_eq!(
            texts(candidates(Config::Client, Some(home), Some(own))),
            [
                "/home/a/.mcollective",
                "/etc/puppetlabs/mcollective/client.cfg",
                "/etc/mcollective/client.cfg",
                "/home/a/.config/mcollective/client.cfg",
            ]
        );
        assert_eq!(
            texts(candidates(Config::Server, Some(home), None)),
            [
                "/etc/puppetlabs/mcollective/server.cfg",
                "/etc/mcollective/server.cfg"
            ]
        );
        assert_eq!(
            texts(candidates(Config::Broker, None, None)),
            [
                "/etc/puppetlabs/mcollective/broker.cfg",
                "/etc/mcollective/broker.cfg"
            ]
        );
    }

    #[test]
    fn the_first_readable_file_wins_and_a_directory_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("client.cfg");
        super::super::file::write_new(&file, b"", 0o600).unwrap();
        let found = first_readable([dir.path().join("none"), dir.path().into(), file.clone()]);
        assert_eq!(found, Some(file));
        assert_eq!(first_readable([]), None);
    }

    #[test]
    fn a_daemon_takes_the_directory_that_systemd_made() {
        assert_eq!(
            daemon_state(Some("/var/lib/mco:/other")),
            Path::new("/var/lib/mco")
        );
        for none in [None, Some(""), Some("relative")] {
            assert_eq!(daemon_state(none), Path::new("/var/lib/mcollective"));
        }
    }
}
