//! What a command writes, of which the end is kept: through a pipe that is read all the time, or in
//! a file that is read at the end.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    process::{self, ChildStderr, ChildStdout, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use nix::{
    fcntl::{FallocateFlags, fallocate},
    libc,
};
use tokio::{io::AsyncReadExt as _, net::unix::pipe, task::JoinSet};

use super::super::clock;

/// The end of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// What was kept.
    pub bytes: Vec<u8>,
    /// How many bytes had come before it.
    pub dropped: u64,
}

impl Tail {
    /// As text; what is no UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// What a command writes into.
#[derive(Clone, Debug)]
pub(super) enum Into {
    Pipes,
    /// Files that are gone with the last process that has them open.
    Nameless,
    /// Files that stay.
    Files([PathBuf; 2]),
}

/// How the outputs of a command that is about to start are taken.
pub(super) enum Plan {
    Pipes { keep: usize },
    Spool(Spool),
}

impl Plan {
    /// Prepares both outputs.
    pub(super) fn new(
        into: &Into,
        keep: usize,
        command: &mut process::Command,
    ) -> io::Result<Self> {
        let (stdout, stderr) = match into {
            Into::Pipes => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                return Ok(Self::Pipes { keep });
            }
            Into::Nameless => (nameless_file()?, nameless_file()?),
            Into::Files([stdout, stderr]) => (new_file(stdout)?, new_file(stderr)?),
        };
        command.stdout(stdout.try_clone()?);
        command.stderr(stderr.try_clone()?);
        Ok(Self::Spool(Spool {
            keep,
            files: [(stdout, 0), (stderr, 0)],
        }))
    }
}

/// The outputs of a running command.
pub(super) enum Capture {
    Pipes {
        pumps: JoinSet<()>,
        ends: [Arc<Mutex<End>>; 2],
    },
    Spool(Spool),
}

impl Capture {
    pub(super) fn begin(
        plan: Plan,
        (stdout, stderr): (Option<ChildStdout>, Option<ChildStderr>),
    ) -> io::Result<Self> {
        let keep = match plan {
            Plan::Spool(spool) => return Ok(Self::Spool(spool)),
            Plan::Pipes { keep } => keep,
        };
        let ends = [Arc::new(End::of(keep)), Arc::new(End::of(keep))];
        let mut pumps = JoinSet::new();
        let streams = [stdout.map(OwnedFd::from), stderr.map(OwnedFd::from)];
        for (stream, end) in streams.into_iter().zip(&ends) {
            let Some(stream) = stream else { continue };
            pumps.spawn(pump(
                pipe::Receiver::from_owned_fd(stream)?,
                Arc::clone(end),
            ));
        }
        Ok(Self::Pipes { pumps, ends })
    }

    /// Attends to what can't wait for the end. Never returns; to be dropped at the end.
    pub(super) async fn keep_small(&mut self) {
        match self {
            Self::Pipes { .. } => std::future::pending().await,
            Self::Spool(spool) => loop {
                tokio::time::sleep(TRIM_EVERY).await;
                spool.trim();
            },
        }
    }

    /// The ends of both outputs, once the program has ended.
    pub(super) async fn finish(self) -> [Tail; 2] {
        match self {
            Self::Pipes { mut pumps, ends } => {
                // Whoever inherited a pipe may keep it open for as long as it likes.
                let all = async { while pumps.join_next().await.is_some() {} };
                drop(tokio::time::timeout(LINGER, all).await);
                ends.map(|end| end.lock().unwrap_or_else(PoisonError::into_inner).to_tail())
            }
            Self::Spool(spool) => spool.read(),
        }
    }
}

async fn pump(mut pipe: pipe::Receiver, end: Arc<Mutex<End>>) {
    let mut buffer = vec![0; 4096];
    // An error of a pipe is its end.
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        let read = buffer.get(..length).unwrap_or_default();
        end.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(read);
    }
}

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct End {
    bytes: VecDeque<u8>,
    dropped: u64,
    keep: usize,
}

impl End {
    fn of(keep: usize) -> Mutex<Self> {
        Mutex::new(Self {
            keep,
            ..Self::default()
        })
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let surplus = self.bytes.len().saturating_sub(self.keep);
        self.bytes.drain(..surplus);
        self.dropped += surplus as u64;
    }

    fn to_tail(&self) -> Tail {
        Tail {
            bytes: self.bytes.iter().copied().collect(),
            dropped: self.dropped,
        }
    }
}

/// Two files that have no name, and how much of the beginning of each was given back.
pub(super) struct Spool {
    keep: usize,
    files: [(File, u64); 2],
}

impl Spool {
    /// Gives back what nobody will read, so that a talkative command does not fill the disk. A file
    /// system that can't do so keeps it until the command's end.
    fn trim(&mut self) {
        for (file, given_back) in &mut self.files {
            let size = file.metadata().map_or(0, |metadata| metadata.size());
            let surplus = size.saturating_sub(self.keep as u64) / BLOCK * BLOCK;
            if surplus <= *given_back {
                continue;
            }
            let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
            let length = i64::try_from(surplus).unwrap_or(i64::MAX);
            if fallocate(file.as_fd(), hole, 0, length).is_ok() {
                *given_back = surplus;
            }
        }
    }

    fn read(self) -> [Tail; 2] {
        let keep = self.keep;
        self.files
            .map(|(file, _)| tail(&file, keep).unwrap_or_default())
    }
}

/// The end of what a command wrote into a file that stays.
pub(super) fn tail_of(path: &Path, keep: usize) -> io::Result<Tail> {
    tail(&File::open(path)?, keep)
}

fn tail(file: &File, keep: usize) -> io::Result<Tail> {
    let size = file.metadata()?.size();
    let dropped = size.saturating_sub(keep as u64);
    let mut bytes = vec![0; usize::try_from(size - dropped).unwrap_or(keep)];
    file.read_exact_at(&mut bytes, dropped)?;
    Ok(Tail { bytes, dropped })
}

/// A file that is gone when the last process that has it open is.
fn nameless_file() -> io::Result<File> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let directory = std::env::temp_dir();
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".mcollective-{}-{count}-{}", process::id(), clock::now_ms());
        match create(&directory.join(name)) {
            // Somebody else's: the next one has another name.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let file = open_new(path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// A file in place of the one that may be there. Who has that one open keeps it.
fn new_file(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => open_new(path),
    }
}

fn open_new(path: &Path) -> io::Result<File> {
    // Appending, so that processes which share the file do not write over each other.
    OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

/// How long the pipes may stay open after the program's end.
const LINGER: Duration = Duration::from_millis(200);

/// How often a growing file is looked at.
const TRIM_EVERY: Duration = Duration::from_secs(5);

/// File systems give back whole blocks.
const BLOCK: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_long_spool_gives_back_what_nobody_reads() {
        let mut command = process::Command::new("true");
        let Plan::Spool(mut spool) = Plan::new(&Into::Nameless, 10, &mut command).unwrap() else {
            panic!("no spool");
        };
        let blocks = |spool: &Spool| spool.files[0].0.metadata().unwrap().blocks();
        (&spool.files[0].0).write_all(&vec![b'x'; 1 << 20]).unwrap();
        let before = blocks(&spool);
        spool.trim();
        assert!(blocks(&spool) < before / 4, "{before}");
        (&spool.files[0].0).write_all(b"the end").unwrap();
        let [out, error] = spool.read();
        let expected = ("xxxthe end", (1 << 20) - 3);
        assert_eq!((out.text().as_str(), out.dropped), expected);
        assert_eq!(error, Tail::default());
    }
}
