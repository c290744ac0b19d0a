//! Sets the switch in a `pe.conf`: one value, whole or not at all, with the old file kept beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    config::pe_conf::{PeConf, PeConfError},
    sys::file::{self, FileError, Mode},
};

/// How many different backups are kept beside a file.
const BACKUPS: u32 = 100;

/// What was done to a file.
#[derive(Debug)]
pub struct Done {
    /// The file that was changed: where a symbolic link leads, that.
    pub file: PathBuf,
    /// Whether it was, or would be, changed.
    pub changed: bool,
    /// Where what was there is now.
    pub backup: Option<PathBuf>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read, or not understood.
    #[error(transparent)]
    File(#[from] PeConfError),
    /// It can't be replaced.
    #[error("{0}; nothing was changed")]
    Write(FileError),
    /// What was there can't be kept.
    #[error("a copy of what is there can't be kept: {0}; nothing was changed")]
    Backup(FileError),
    /// There are too many copies already.
    #[error("{BACKUPS} different copies of {} are beside it; nothing was changed", .0.display())]
    Backups(PathBuf),
    /// Another hand was quicker.
    #[error("{} was changed by somebody else at this moment; nothing was changed by this command", .0.display())]
    Raced(PathBuf),
}

impl Error {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::File(error) => error.right.clone(),
            Self::Raced(_) => "look at it, and try again".into(),
            Self::Write(FileError::Io { source, .. })
            | Self::Backup(FileError::Io { source, .. }) => {
                match source.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "run as root, or as the owner of the file and its directory".into()
                    }
                    io::ErrorKind::ReadOnlyFilesystem => {
                        "the disk is mounted read-only: `mount -o remount,rw`, or change the file where it comes from"
                            .into()
                    }
                    io::ErrorKind::StorageFull => "make room on the disk".into(),
                    _ => "a copy and a new file have to fit beside it".into(),
                }
            }
            Self::Backups(_) => "remove those that are not needed".into(),
            Self::Write(_) | Self::Backup(_) => String::new(),
        }
    }
}

/// Sets the switch. With `dry_run` it says what would be, and touches nothing.
pub fn set(path: &Path, disable: bool, dry_run: bool) -> Result<Done, Error> {
    let stamp = file::stamp(path);
    let pe_conf = PeConf::read(path)?;
    let file = if path.is_symlink() {
        fs::canonicalize(path).map_err(|source| {
            Error::Write(FileError::Io {
                what: "find",
                path: path.into(),
                source,
            })
        })?
    } else {
        path.into()
    };
    let text = pe_conf.with_switch(disable)?;
    let mut done = Done {
        file,
        changed: text.is_some(),
        backup: None,
    };
    let Some(text) = text.filter(|_| !dry_run) else {
        return Ok(done);
    };
    let (backup, made) = keep(&done.file, pe_conf.text().as_bytes())?;
    let replaced = if file::stamp(path) == stamp {
        file::write_atomic(&done.file, text.as_bytes(), Mode::Keep).map_err(Error::Write)
    } else {
        Err(Error::Raced(path.into()))
    };
    if let Err(error) = replaced {
        if made {
            let _gone = fs::remove_file(&backup);
        }
        return Err(error);
    }
    done.backup = Some(backup);
    Ok(done)
}

/// Keeps what is in a file under a name beside it; whether that had to be made. A copy of the same
/// bytes that is there already serves, so that switching to and fro does not fill the directory.
fn keep(file: &Path, bytes: &[u8]) -> Result<(PathBuf, bool), Error> {
    let limit = bytes.len() as u64;
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".bak");
    for number in 0..BACKUPS {
        let mut name = name.clone();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        let path = file.with_file_name(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return link(file, &path, limit).map(|()| (path, true));
            }
            Ok(there)
                if there.is_file()
                    && file::read(&path, limit).is_ok_and(|there| there == bytes) =>
            {
                return Ok((path, false));
            }
            _ => {}
        }
    }
    Err(Error::Backups(file.into()))
}

/// The old file itself gets a second name: it keeps mode, owner, times and labels, and no copy of the
/// passwords in it is ever open to others. Where that can't be, it is copied.
fn link(file: &Path, backup: &Path, limit: u64) -> Result<(), Error> {
    if fs::hard_link(file, backup).is_ok() {
        return Ok(());
    }
    file::copy_new(file, backup, limit).map_err(Error::Backup)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    const TRUE: &str = "# head\r\n\"pe_install::disable_mco\": true # why\r\n";
    const FALSE: &str = "# head\r\n\"pe_install::disable_mco\": false # why\r\n";

    fn pe_conf(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pe.conf");
        file::write_new(&file, text.as_bytes(), 0o640).unwrap();
        (dir, file)
    }

    fn read(file: &Path) -> String {
        fs::read_to_string(file).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn one_value_changes_and_the_old_file_is_kept() {
        let (dir, file) = pe_conf(TRUE);
        let done = set(&file, false, true).unwrap();
        assert!(done.changed && done.backup.is_none());
        assert_eq!(names(dir.path()), ["pe.conf"]);
        let done = set(&file, false, false).unwrap();
        assert_eq!(
            done.backup.as_deref(),
            Some(&*file.with_extension("conf.bak"))
        );
        assert_eq!(
            (read(&file), read(&file.with_extension("conf.bak"))),
            (FALSE.into(), TRUE.into())
        );
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        let before = fs::metadata(&file).unwrap();
        let again = set(&file, false, false).unwrap();
        assert!(!again.changed && again.backup.is_none());
        let after = fs::metadata(&file).unwrap();
        assert_eq!(
            (before.ino(), before.mtime_nsec()),
            (after.ino(), after.mtime_nsec())
        );
    }

    #[test]
    fn to_and_fro_keeps_each_text_once_and_no_other_file_is_overwritten() {
        let (dir, file) = pe_conf(TRUE);
        file::write_new(&file.with_extension("conf.bak"), b"somebody's", 0o600).unwrap();
        for disable in [false, true, false, true] {
            assert!(set(&file, disable, false).unwrap().changed);
        }
        assert_eq!(read(&file), TRUE);
        assert_eq!(
            names(dir.path()),
            ["pe.conf", "pe.conf.bak", "pe.conf.bak.1", "pe.conf.bak.2"]
        );
        assert_eq!(read(&file.with_extension("conf.bak")), "somebody's");
    }

    #[test]
    fn a_link_stays_one_and_its_file_is_changed() {
        let (dir, file) = pe_conf(TRUE);
        let link = dir.path().join("link");
        symlink("pe.conf", &link).unwrap();
        let done = set(&link, false, false).unwrap();
        assert_eq!(done.file, fs::canonicalize(&file).unwrap());
        assert!(link.is_symlink());
        assert_eq!(read(&file), FALSE);
    }

    #[test]
    fn what_fails_leaves_the_file_as_it_was() {
        let (dir, file) = pe_conf("a: [1\n\"pe_install::disable_mco\": true\n");
        let error = set(&file, false, false).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("pe.conf:2:26: `:` can't stand in a value"),
            "{error}"
        );
        assert_eq!(names(dir.path()), ["pe.conf"]);
        for (path, expected) in [
            (dir.path().join("none"), "is not there"),
            (dir.path().to_owned(), "is a directory"),
            (PathBuf::from("/dev/zero"), "is not a regular file"),
        ] {
            let error = set(&path, false, false).unwrap_err();
            assert!(error.to_string().ends_with(expected), "{error}");
            assert!(!error.hint().is_empty());
        }
        symlink(dir.path().join("none"), dir.path().join("dangling")).unwrap();
        let error = set(&dir.path().join("dangling"), false, false).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a symbolic link to a file that is not there")
        );
    }

    #[test]
    fn a_directory_that_takes_nothing_leaves_all_as_it_was() {
        let (dir, file) = pe_conf(TRUE);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let result = set(&file, false, false);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        if result.is_ok() {
            return; // root may write anywhere; `tests/it` has this with a read-only disk
        }
        assert!(matches!(result, Err(Error::Backup(_))));
        assert_eq!(
            (read(&file).as_str(), names(dir.path())),
            (TRUE, vec!["pe.conf".into()])
        );
    }
}
