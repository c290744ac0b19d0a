//! Reads that can't block or grow without bound, and writes that are whole or not at all.
//!
//! A daemon that runs as root reads files which others may have put there: a FIFO would hold it for
//! ever, a sparse file of a terabyte would take its memory. Both are refused here.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::libc;

/// What went wrong with a file, in words for an operator.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, ...
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A FIFO, a device, a directory.
    #[error("{} is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// Not text.
    #[error("{} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
    /// Larger than anything that makes sense there.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// What would have been read.
        limit: u64,
    },
}

impl FileError {
    /// Whether the file is simply not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Opens a regular file for reading. Never blocks, whatever is there.
pub fn open_regular(path: &Path) -> Result<File, FileError> {
    // Opening a FIFO waits for a writer, unless told not to; a regular file does not care.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|source| failed("read", path, source))?;
    regular(&file, path)?;
    Ok(file)
}

/// The bytes of a regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    read_up_to(open_regular(path)?, path, limit)
}

/// The text of what a person named on the command line: also of a pipe, as `<(command)` makes it,
/// whose other end is waited for, and of a device.
pub fn read_named_text(path: &Path, limit: u64) -> Result<String, FileError> {
    let file = File::open(path).map_err(|source| failed("read", path, source))?;
    let bytes = read_up_to(file, path, limit)?;
    String::from_utf8(bytes).map_err(|_| FileError::NotText(path.into()))
}

fn read_up_to(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    // The size that a file states is not asked: in /proc it is 0, and it may grow meanwhile.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| failed("read", path, source))?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge {
            path: path.into(),
            limit,
        });
    }
    Ok(bytes)
}

/// The text of a regular file; bytes that are not UTF-8 are an error.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, limit)?).map_err(|_| FileError::NotText(path.into()))
}

/// The text of a regular file; bytes that are not UTF-8 become U+FFFD.
pub fn read_lossy(path: &Path, limit: u64) -> Result<String, FileError> {
    Ok(String::from_utf8_lossy(&read(path, limit)?).into_owned())
}

/// By what a changed file is noticed: when it was written, how long it is, which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    seconds: i64,
    nanos: i64,
    size: u64,
    inode: u64,
}

/// The stamp of the file that is there now; `None` where there is none to see.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let there = fs::metadata(path).ok()?;
    Some(Stamp {
        seconds: there.mtime(),
        nanos: there.mtime_nsec(),
        size: there.size(),
        inode: there.ino(),
    })
}

/// Which permissions a written file gets.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// These, whatever was there.
    Exactly(u32),
    /// Those (and the owner) of the file that is replaced, else these. For files of other people.
    KeepOr(u32),
    /// Those and the owner of the file that is replaced; where they can't be kept, nothing is written.
    Keep,
}

/// Replaces a file by new bytes: a reader, or a machine that loses power, sees the old or the new.
/// A symbolic link stays one, and what it points to is replaced.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FileError> {
    let (target, before) = replaced(path)?;
    let temporary = beside(&target);
    let written = (|| {
        let file = create(&temporary, bytes, |file| match (mode, &before) {
            (Mode::KeepOr(_), Some(before)) => {
                // Only root can give a file away; who can't keeps the file as its own.
                let _kept = fchown(file, Some(before.uid()), Some(before.gid()));
                Ok(before.mode() & 0o7777)
            }
            (Mode::Keep, Some(before)) => like(file, before),
            (Mode::Keep, None) => Err(io::ErrorKind::NotFound.into()),
            (Mode::Exactly(mode) | Mode::KeepOr(mode), _) => Ok(mode),
        })?;
        drop(file);
        fs::rename(&temporary, &target)
    })();
    if let Err(source) = written {
        let _gone = fs::remove_file(&temporary);
        return Err(failed("write", path, source));
    }
    sync_directory(&target);
    Ok(())
}

/// Finds out whether [`write_atomic`] can write there, and leaves what is there as it is.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let temporary = beside(&replaced(path)?.0);
    create(&temporary, b"", |_| Ok(0o600))
        .and_then(|_| fs::remove_file(&temporary))
        .map_err(|source| failed("write", path, source))
}

/// The file that is written instead of this one, and what it is now.
fn replaced(path: &Path) -> Result<(PathBuf, Option<fs::Metadata>), FileError> {
    let target = match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => {
            fs::canonicalize(path).map_err(|source| failed("write", path, source))?
        }
        _ => path.to_path_buf(),
    };
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return Err(FileError::NotRegular(path.into()));
    }
    Ok((target, before))
}

/// Writes a file that must not be there yet, such as a private key.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let there = path.symlink_metadata().is_ok();
    create(path, bytes, |_| Ok(mode)).map_err(|source| {
        if !there && source.kind() != io::ErrorKind::AlreadyExists {
            let _gone = fs::remove_file(path);
        }
        failed("create", path, source)
    })?;
    sync_directory(path);
    Ok(())
}

/// Copies a file, with mode and owner, to a name that must not be there yet.
pub fn copy_new(from: &Path, to: &Path, limit: u64) -> Result<(), FileError> {
    let bytes = read(from, limit)?;
    let made = (|| {
        let before = fs::metadata(from)?;
        let there = to.symlink_metadata().is_ok();
        create(to, &bytes, |file| like(file, &before)).inspect_err(|_| {
            if !there {
                let _gone = fs::remove_file(to);
            }
        })
    })();
    made.map_err(|source| failed("create", to, source))?;
    sync_directory(to);
    Ok(())
}

/// Gives a new file another's owner; what comes back is its mode. Only root can give a file away.
fn like(file: &File, other: &fs::Metadata) -> io::Result<u32> {
    fchown(file, Some(other.uid()), Some(other.gid()))?;
    Ok(other.mode() & 0o7777)
}

/// Takes the lock that goes by this file, until what comes back is dropped. Waits for whoever has it,
/// but not for ever: a process that was stopped keeps it.
#[expect(
    clippy::disallowed_methods,
    reason = "the system waits for a lock without end or not at all"
)]
pub fn lock(path: &Path, patience: Duration) -> Result<File, FileError> {
    let open = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path);
    let file = open.map_err(|source| failed("lock", path, source))?;
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < until => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(failed("lock", path, error.into())),
        }
    }
}

/// Creates a file of its own, with a mode that the umask does not change, down to the disk.
fn create(
    path: &Path,
    bytes: &[u8],
    mode: impl FnOnce(&File) -> io::Result<u32>,
) -> io::Result<File> {
    // Closed to everybody else from the first moment: the mode is opened up only afterwards.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mode = mode(&file)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()?;
    Ok(file)
}

fn beside(target: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Short enough that a long name does not become too long.
    let name: String = name.chars().take(40).collect();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    target.with_file_name(format!(
        ".{name}.{}.{count}.{}",
        process::id(),
        super::clock::now_ms()
    ))
}

/// A rename is on disk only when its directory is. Not every file system can, and that is no error.
fn sync_directory(path: &Path) {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(directory) = File::open(parent.unwrap_or(Path::new("."))) {
        let _synced = directory.sync_all();
    }
}

fn regular(file: &File, path: &Path) -> Result<(), FileError> {
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(FileError::NotRegular(path.into())),
        Err(source) => Err(failed("read", path, source)),
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> FileError {
    FileError::Io {
        what,
        path: path.into(),
        source,
    }
}

/// A program, for tests that run it at once. Another process writes it: a child that another thread
/// begins meanwhile would otherwise hold it open for writing for a moment, and it would be busy.
#[cfg(test)]
pub(crate) fn write_program(path: &Path, text: &str) {
    let mut child = process::Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// A FIFO, for tests that nobody waits for one.
#[cfg(test)]
pub(crate) fn make_fifo(path: &Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
}

#[cfg(test)]
mod tests;
