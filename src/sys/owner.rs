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
    changed: bool,
    /// It has to end in the thread that it began in.
    _here: PhantomData<*const ()>,
}

impl AsOwner {
    /// Becomes the owner of this directory. For anybody but root nothing changes.
    pub fn of(dir: &Path) -> io::Result<Self> {
        let there = fs::metadata(dir)?;
        let mut owner = Self {
            changed: false,
            _here: PhantomData,
        };
        if effective_ids().0 == 0 && (there.uid(), there.gid()) != (0, 0) {
            owner.changed = true;
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
        if self.changed {
            let (user, group) = effective_ids();
            become_user(user);
            become_group(group);
        }
    }
}

/// Sets the thread's user for files; gives who that is now, as the call itself reports no failure.
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
        os::unix::fs::{PermissionsExt as _, chown},
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
