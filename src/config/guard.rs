//! Whether anybody but its owner and root can read a key, or change what a process goes by: its
//! configuration, its policies, its certificates, and whom it trusts.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{BrokerConfig, ClientConfig, Common, ServerConfig};
use crate::{
    sys::process,
    tls::{Authorities, Files},
};

/// A file, or a directory, that is open to more than it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    path: PathBuf,
    mode: u32,
    is_key: bool,
    /// Whether its group is among those who can.
    to_group: bool,
    /// Whether everybody is.
    to_all: bool,
}

impl Exposed {
    fn look(path: &Path, is_key: bool) -> Option<Self> {
        let there = fs::metadata(path).ok()?;
        let (uid, gid) = (there.uid(), there.gid());
        // A group of root's or of the process's own is nobody else, nor is one that goes with its user.
        let shared = ![0, uid, process::effective_ids().1].contains(&gid);
        Self::judge(path, there.mode(), is_key, shared)
    }

    fn judge(path: &Path, mode: u32, is_key: bool, shared: bool) -> Option<Self> {
        const FILES_STAY_THEIR_OWNERS: u32 = 0o1000;
        let bits = if is_key { 0o7 } else { 0o2 };
        if mode & FILES_STAY_THEIR_OWNERS != 0 {
            return None;
        }
        let exposed = Self {
            path: path.to_owned(),
            mode: mode & 0o7777,
            is_key,
            to_group: shared && mode & (bits << 3) != 0,
            to_all: mode & bits != 0,
        };
        (exposed.to_group || exposed.to_all).then_some(exposed)
    }

    /// Whether everybody on the machine can, and not only a group.
    pub const fn is_to_all(&self) -> bool {
        self.to_all
    }

    /// What to run.
    pub fn cure(&self) -> String {
        let whom = match (self.to_group, self.to_all) {
            (true, true) => "go",
            (true, false) => "g",
            _ => "o",
        };
        let what = if self.is_key { "=" } else { "-w" };
        format!("chmod {whom}{what} {}", self.path.display())
    }
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.to_all {
            "everybody on this machine"
        } else {
            "its group"
        };
        let what = if self.is_key {
            "read this key"
        } else {
            "change it"
        };
        let path = self.path.display();
        write!(f, "{path}: {who} can {what} (mode {:04o})", self.mode)
    }
}

impl ServerConfig {
    /// What of an agent's files is open to others.
    pub fn exposed(&self) -> Vec<Exposed> {
        let mut look = Look::default();
        look.common(&self.common);
        if let Some(authorization) = &self.authorization {
            look.directory(&authorization.policies);
        }
        look.found
    }
}

impl ClientConfig {
    /// What of a client's files is open to others.
    pub fn exposed(&self) -> Vec<Exposed> {
        let mut look = Look::default();
        look.common(&self.common);
        look.found
    }
}

impl BrokerConfig {
    /// What of a broker's files is open to others.
    pub fn exposed(&self) -> Vec<Exposed> {
        let mut look = Look::default();
        look.config(&self.file);
        if let Some(files) = self.tls_files() {
            look.tls(&files);
        }
        if let Some(dir) = &self.ca_dir {
            look.at(dir);
            look.key(&dir.join("ca-key.pem"));
        }
        look.found
    }
}

#[derive(Default)]
struct Look {
    found: Vec<Exposed>,
}

impl Look {
    fn add(&mut self, exposed: Option<Exposed>) {
        self.found
            .extend(exposed.filter(|exposed| !self.found.contains(exposed)));
    }

    fn key(&mut self, path: &Path) {
        self.add(Exposed::look(path, true));
    }

    fn at(&mut self, path: &Path) {
        self.add(Exposed::look(path, false));
    }

    /// A directory, in which a file could be put, and the files in it.
    fn directory(&mut self, dir: &Path) {
        self.at(dir);
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            self.at(&entry.path());
        }
    }

    fn config(&mut self, file: &Path) {
        self.at(file);
        if let Some(dir) = file.parent() {
            self.at(dir);
        }
    }

    fn common(&mut self, common: &Common) {
        self.config(&common.file);
        self.directory(&common.file.with_file_name("plugin.d"));
        let pki = &common.security.pki;
        self.key(&pki.key);
        let trusted = pki.ca.iter().chain(&pki.client_ca).chain(&pki.crl);
        for file in trusted.chain([&pki.cert]) {
            self.at(file);
        }
        for files in common.connector.pool.iter().filter_map(|s| s.tls.as_ref()) {
            self.tls(files);
        }
    }

    fn tls(&mut self, files: &Files) {
        self.key(&files.key);
        if let Authorities::Files(authorities) = &files.ca {
            for file in authorities {
                self.at(file);
            }
        }
        for file in files.crl.iter().chain([&files.cert]) {
            self.at(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_to_whom_is_said_with_its_cure() {
        let path = Path::new("/etc/m/x");
        let told = |mode, is_key, shared| {
            Exposed::judge(path, mode, is_key, shared)
                .map(|exposed| format!("{exposed}; {}", exposed.cure()))
        };
        for (mode, is_key, shared, expected) in [
            (0o100_600, true, true, None),
            (0o100_640, true, false, None),
            (
                0o100_640,
                true,
                true,
                Some("its group can read this key (mode 0640); chmod g= /etc/m/x"),
            ),
            (
                0o100_644,
                true,
                true,
                Some("everybody on this machine can read this key (mode 0644); chmod go= /etc/m/x"),
            ),
            (
                0o100_604,
                true,
                false,
                Some("everybody on this machine can read this key (mode 0604); chmod o= /etc/m/x"),
            ),
            (0o100_644, false, true, None),
            (0o100_664, false, false, None),
            (
                0o040_775,
                false,
                true,
                Some("its group can change it (mode 0775); chmod g-w /etc/m/x"),
            ),
            (
                0o100_666,
                false,
                false,
                Some("everybody on this machine can change it (mode 0666); chmod o-w /etc/m/x"),
            ),
            // As /tmp: nobody puts another's file out of its place.
            (0o041_777, false, true, None),
        ] {
            let expected = expected.map(|text| format!("/etc/m/x: {text}"));
            assert_eq!(told(mode, is_key, shared), expected, "{mode:o}");
        }
    }
}
