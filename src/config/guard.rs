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
    /// The user who can, as it is hers.
    to_owner: Option<u32>,
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
            to_owner: None,
        };
        (exposed.to_group || exposed.to_all).then_some(exposed)
    }

    /// Who else owns what root's processes go by.
    fn owned(path: &Path) -> Option<Self> {
        let there = fs::metadata(path).ok()?;
        let owner = there.uid();
        let is_others = ![0, process::effective_ids().0].contains(&owner);
        is_others.then(|| Self {
            path: path.to_owned(),
            mode: there.mode() & 0o7777,
            is_key: false,
            to_group: false,
            to_all: false,
            to_owner: Some(owner),
        })
    }

    /// Whether everybody on the machine can, and not only a group.
    pub const fn is_to_all(&self) -> bool {
        self.to_all
    }

    /// What to run.
    pub fn cure(&self) -> String {
        if self.to_owner.is_some() {
            return format!("chown root {}", self.path.display());
        }
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
        let path = self.path.display();
        if let Some(owner) = self.to_owner {
            return write!(f, "{path}: the user {owner}, whose it is, can change it");
        }
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
        write!(f, "{path}: {who} can {what} (mode {:04o})", self.mode)
    }
}

impl ServerConfig {
    /// What of an agent's files is open to others.
    pub fn exposed(&self) -> Vec<Exposed> {
        let mut look = Look::default();
        look.common(&self.common);
        look.decides(&self.common.file);
        look.decides(&self.common.file.with_file_name("plugin.d"));
        // Keys and authorities, where they are the configuration's own: Puppet's are of its user.
        let dir = self.common.file.parent().unwrap_or(Path::new("/"));
        let pki = &self.common.security.pki;
        let files = pki.ca.iter().chain(&pki.client_ca).chain(&pki.crl);
        for file in files.chain([&pki.key, &pki.cert]) {
            if file.starts_with(dir) {
                look.decides(file);
            }
        }
        if let Some(authorization) = &self.authorization {
            look.decides(&authorization.policies);
            // What policies ask for.
            self.facts.files.iter().for_each(|file| look.decides(file));
            look.decides(&self.classes_file);
        }
        if let Some(audit) = &self.audit {
            look.decides(&audit.file);
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

    /// What an agent goes by, what is in it, and the directories above: whoever may change one of
    /// those puts another file in its place.
    fn decides(&mut self, path: &Path) {
        self.above(path);
        let within = fs::read_dir(path).into_iter().flatten().flatten();
        for entry in within {
            self.above(&entry.path());
        }
    }

    /// A path and the directories above it, as it is written and where its links lead. What is not there
    /// may come to be there.
    fn above(&mut self, path: &Path) {
        let real = path.canonicalize().ok();
        for path in [Some(path), real.as_deref()].into_iter().flatten() {
            for path in path.ancestors() {
                self.at(path);
                self.add(Exposed::owned(path));
            }
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

    #[test]
    fn whose_it_is_is_said_with_its_cure() {
        let other = Exposed {
            path: "/etc/m/x".into(),
            mode: 0o644,
            is_key: false,
            to_group: false,
            to_all: false,
            to_owner: Some(1001),
        };
        assert_eq!(
            format!("{other}; {}", other.cure()),
            "/etc/m/x: the user 1001, whose it is, can change it; chown root /etc/m/x"
        );
        // Our own files are nobody else's, nor are those of root.
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Exposed::owned(dir.path()), None);
        assert_eq!(Exposed::owned(Path::new("/")), None);
    }

    #[test]
    fn what_is_in_a_directory_and_above_it_decides_too() {
        let dir = tempfile::tempdir().unwrap();
        let (above, policies) = (dir.path().join("above"), dir.path().join("above/policies"));
        fs::create_dir_all(&policies).unwrap();
        let file = policies.join("service.policy");
        crate::sys::file::write_new(&file, b"", 0o644).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&policies, &link).unwrap();
        let open = |path: &Path, mode: u32| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            let mut look = Look::default();
            look.decides(&link);
            look.found.into_iter().map(|exposed| exposed.path)
        };
        let (beside, elsewhere) = (policies.join("other.policy"), dir.path().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        let gone = elsewhere.join("gone.policy");
        std::os::unix::fs::symlink(&gone, &beside).unwrap();
        crate::sys::file::write_new(&gone, b"", 0o644).unwrap();
        for (path, shut, opened) in [
            (&above, 0o755, 0o777),
            (&policies, 0o755, 0o777),
            (&file, 0o644, 0o666),
            // Where the link beside it leads.
            (&elsewhere, 0o755, 0o777),
        ] {
            let real = path.canonicalize().unwrap();
            let found: Vec<PathBuf> = open(path, opened).collect();
            assert!(found.contains(&real), "{found:?}");
            assert_eq!(open(path, shut).count(), 0);
        }
        // What is to be there is decided by the directory.
        let mut look = Look::default();
        open(&above, 0o777).count();
        look.decides(&above.join("not yet"));
        assert_eq!(look.found.len(), 1);
    }
}
