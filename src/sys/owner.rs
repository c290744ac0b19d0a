//! Root at work in a directory that is somebody else's.
//!
//! Whoever owns a directory can put a link there at any moment, so that root, writing through it,
//! would change or give away any file of the machine. So root works there as the owner: what it
//! makes belongs to the owner, and where the owner may not write, it may not either.

#![allow(unsafe_code)]

use std::{fs, io, marker::PhantomData, os::unix::fs::MetadataExt as _, path::Path};

use nix::libc::{gid_t, setfsgid, setfsuid, uid_t};

use super::process::effective_ids;

/// As long as it lives, this thread, and each that it starts, opens and makes files as the owner of a
/// directory.
#[derive(Debug)]
pub struct AsOwner {
    /// Who this thread was before: user and group.
    before: Option<(uid_t, gid_t)>,
    /// It has to end in the thread that it began in.
    _here: PhantomData<*const ()>,
}

impl AsOwner {
    /// Becomes the owner of this directory. For anybody but root nothing changes.
    pub fn of(dir: &Path) -> io::Result<Self> {
        Self::become_as(&fs::metadata(dir)?)
    }

    /// Becomes whoever could lead this path elsewhere: the owner of the first directory or link on the
    /// way, from the root on, that is not root's. What is not there yet leads nowhere.
    pub fn along(path: &Path) -> io::Result<Self> {
        let mut ways: Vec<&Path> = path.ancestors().collect();
        ways.reverse();
        let there = ways
            .into_iter()
            .map_while(|way| fs::symlink_metadata(way).ok());
        let mut others = there.filter(|there| there.uid() != 0);
        match others.next() {
            // A file in a directory of root's is no way to anywhere, whoever owns it.
            Some(there) if there.is_dir() || there.is_symlink() => Self::become_as(&there),
            _ => Ok(Self::nobody_else()),
        }
    }

    /// Whether that is somebody else than this process.
    pub const fn is_another(&self) -> bool {
        self.before.is_some()
    }

    fn nobody_else() -> Self {
        Self {
            before: None,
            _here: PhantomData,
        }
    }

    fn become_as(there: &fs::Metadata) -> io::Result<Self> {
        let mut owner = Self::nobody_else();
        if effective_ids().0 == 0 && (there.uid(), there.gid()) != (0, 0) {
            // Who is nobody stays what it is.
            owner.before = Some((become_user(uid_t::MAX), become_group(gid_t::MAX)));
            // The group first: the user may not change it any more.
            if become_group(there.gid()) != there.gid() || become_user(there.uid()) != there.uid() {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
        }
        Ok(owner)
    }
}

impl Drop for AsOwner {
    fn drop(&mut self) {
        if let Some((user, group)) = self.before {
            become_user(user);
            become_group(group);
        }
    }
}

/// Sets the thread's user for files, unless it is -1; gives who that is now, as the call itself reports
/// no failure.
fn become_user(user: uid_t) -> uid_t {
    // SAFETY: it takes and gives a number; nobody has the number -1, so that changes nothing.
    let now = unsafe {
        setfsuid(user);
        setfsuid(uid_t::MAX)
    };
    now.cast_unsigned()
}

fn become_group(group: gid_t) -> gid_t {
    // SAFETY: as above.
    let now = unsafe {
        setfsgid(group);
        setfsgid(gid_t::MAX)
    };
    now.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::{PermissionsExt as _, chown, lchown, symlink},
        path::PathBuf,
        sync::Barrier,
        thread,
    };

    use super::*;
    use crate::sys::{
        file::{self, Mode},
        process::is_root,
    };

    /// Makes a file there; whose it is.
    fn make(path: &Path) -> Option<u32> {
        file::write_atomic(path, b"x", Mode::Exactly(0o600)).ok()?;
        Some(fs::metadata(path).unwrap().uid())
    }

    #[test]
    fn links_that_others_have_laid_lead_root_nowhere() {
        if !is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let [home, safe] = ["home", "safe"].map(|name| dir.path().join(name));
        for path in [&home, &safe] {
            fs::create_dir(path).unwrap();
        }
        let (secret, sub) = (safe.join("secret"), home.join("sub"));
        file::write_new(&secret, b"root's", 0o600).unwrap();
        symlink(&secret, home.join("cert.pem")).unwrap();
        symlink(&safe, &sub).unwrap();
        for path in [&home, &home.join("cert.pem"), &sub] {
            lchown(path, Some(12_345), Some(12_345)).unwrap();
        }
        // A thread's own end gives its rights back.
        let tried = |path: PathBuf| {
            let _owner = AsOwner::along(&path).unwrap();
            make(&path)
        };
        assert_eq!(tried(home.join("cert.pem")), None);
        assert_eq!(tried(sub.join("new.pem")), None);
        assert_eq!(fs::read(&secret).unwrap(), b"root's");
        assert_eq!(fs::read_dir(&safe).unwrap().count(), 1);
        assert_eq!(tried(home.join("own.pem")), Some(12_345));
        assert_eq!(tried(safe.join("new.pem")), Some(0));
    }

    #[test]
    fn files_are_made_as_the_owner_and_nobody_elses_are_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (theirs, ours) = (dir.path().join("theirs"), dir.path().join("ours"));
        for path in [&theirs, &ours] {
            fs::create_dir(path).unwrap();
        }
        let me = effective_ids().0;
        let owner = if is_root() { 12_345 } else { me };
        chown(&theirs, Some(owner), None).unwrap();
        let (begun, wait) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                let there = AsOwner::of(&theirs).unwrap();
                begun.wait();
                wait.wait();
                assert_eq!(make(&theirs.join("a")), Some(owner));
                let elsewhere = make(&ours.join("a"));
                assert_eq!(elsewhere, (owner == me).then_some(me));
                drop(there);
                assert_eq!(make(&ours.join("c")), Some(me));
            });
            begun.wait();
            // Another thread is who it was.
            assert_eq!(make(&ours.join("b")), Some(me));
            wait.wait();
        });
    }
}
