//! Runs other programs: as a list of arguments, with nothing of ours that they could lean on, and
//! to an end that is certain.
//!
//! No shell is involved. A command gets a session of its own (so no controlling terminal, and no
//! signal that was meant for us), an empty standard input, the environment that it is given and
//! nothing else; of what it writes the end is kept. What is dropped is stopped: TERM to every
//! process group of its session, some time, KILL. A command that is to be left ([`Launcher::leaving`])
//! goes on to its end instead, past the end of this process too: therefore its output goes into a
//! file without a name, not into a pipe that would break under it.
//!
//! A process that makes a session of its own, as daemons do, has left its command: it is not stopped,
//! and nobody waits for it. A process that the kernel does not let go of (a dead network file
//! system) can't be killed by anybody, and counts as running.
#![allow(unsafe_code, reason = "the session is made between fork and exec")]

mod output;
mod supervisor;
#[cfg(test)]
mod tests;

use std::{
    any::Any,
    ffi::{OsStr, OsString},
    fmt, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use nix::{errno::Errno, unistd::setsid};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use self::{
    output::Capture,
    supervisor::{Leader, Supervisor},
};

pub use output::Tail;

/// What all commands of one piece of work have in common. Clones share it.
#[derive(Clone, Default)]
pub struct Launcher {
    environment: Vec<(OsString, OsString)>,
    hold: Option<Hold>,
    leave: bool,
}

/// What is kept as long as a command runs, to be noticed by its drop.
type Hold = Arc<dyn Any + Send + Sync>;

impl Launcher {
    /// Commands with nothing but a usual `PATH` in their environment.
    pub fn new() -> Self {
        Self::default().env("PATH", USUAL_PATH)
    }

    /// Commands of a daemon: what of its own environment they may need to find programs, the
    /// network and their temporary files, and no language but the one that can be parsed.
    pub fn of_daemon() -> Self {
        let kept = PASSED_ON
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let mut launcher = Self::new();
        for (name, value) in kept {
            launcher = launcher.env(name, value);
        }
        launcher.env("LC_ALL", "C")
    }

    /// Adds to the environment, or replaces what is there.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        set(&mut self.environment, name.into(), value.into());
        self
    }

    /// Keeps a value until each command has ended; one that is stopped, until nothing of it is
    /// alive.
    #[must_use]
    pub fn holding(mut self, value: Arc<dyn Any + Send + Sync>) -> Self {
        self.hold = Some(value);
        self
    }

    /// Commands that go on when nobody waits for them any more.
    #[must_use]
    pub const fn leaving(mut self) -> Self {
        self.leave = true;
        self
    }

    /// Commands that are stopped when nobody waits for them any more, as they are if nothing is said.
    #[must_use]
    pub const fn stopping(mut self) -> Self {
        self.leave = false;
        self
    }

    /// A program by its path, or by its name in `PATH`.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        Command {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            directory: PathBuf::from("/"),
            keep: 16 * 1024,
            grace: Duration::from_secs(2),
            output: if self.leave {
                output::Into::Nameless
            } else {
                output::Into::Pipes
            },
            launcher: self.clone(),
        }
    }
}

impl fmt::Debug for Launcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Launcher")
            .field("environment", &names)
            .field("leave", &self.leave)
            .finish_non_exhaustive()
    }
}

/// A program to be run.
#[derive(Clone, Debug)]
pub struct Command {
    program: PathBuf,
    arguments: Vec<OsString>,
    directory: PathBuf,
    keep: usize,
    grace: Duration,
    output: output::Into,
    launcher: Launcher,
}

impl Command {
    /// Adds an argument, which reaches the program as it is.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        let arguments = arguments.into_iter();
        self.arguments
            .extend(arguments.map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds to its environment, or replaces what is there.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        set(&mut self.launcher.environment, name.into(), value.into());
        self
    }

    /// Where it runs; `/` if nothing is said.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// How much of the end of each of its two outputs is kept; 16 KiB if nothing is said.
    #[must_use]
    pub const fn keep(mut self, bytes: usize) -> Self {
        self.keep = bytes;
        self
    }

    /// How long it has after TERM, before KILL; 2 s if nothing is said.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Takes its output by a file without a name. For a command that starts daemons: they inherit
    /// its outputs, and a pipe breaks when it ends.
    #[must_use]
    pub fn spool(mut self) -> Self {
        self.output = output::Into::Nameless;
        self
    }

    /// Takes its output by these two files, which stay: a later process can read how it ended.
    #[must_use]
    pub fn spool_into(mut self, stdout: impl Into<PathBuf>, stderr: impl Into<PathBuf>) -> Self {
        self.output = output::Into::Files([stdout.into(), stderr.into()]);
        self
    }

    /// Starts it and waits for its end. Dropping the future stops the command, unless it is to be
    /// left.
    pub async fn run(self) -> Result<Ended, StartError> {
        Ok(self.start()?.ended().await)
    }

    /// Starts it. Needs a tokio runtime, which has to go on until the command has ended.
    pub fn start(self) -> Result<Running, StartError> {
        let failed = |source| StartError {
            program: self.program.clone(),
            source,
        };
        // Before the process: no end of it can be missed then.
        let children = signal(SignalKind::child()).map_err(failed)?;
        let mut command = std::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.launcher.environment.iter().map(|(n, v)| (n, v)))
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        let plan = output::Plan::new(&self.output, self.keep, &mut command).map_err(failed)?;
        // SAFETY: the closure runs in the child between fork and exec, and only makes a system
        // call, which is async-signal-safe and allocates nothing.
        unsafe {
            command.pre_exec(|| setsid().map(drop).map_err(|error: Errno| error.into()));
        }
        let mut child = command.spawn().map_err(failed)?;
        // Our ends of what the child inherited: as long as they were open no pipe would end.
        drop(command);
        let pid = child.id();
        let streams = (child.stdout.take(), child.stderr.take());
        let leader = Leader::new(child, self.launcher.leave);
        let output = Capture::begin(plan, streams).map_err(failed)?;
        let (orders, to_supervisor) = oneshot::channel();
        let (ended, end) = oneshot::channel();
        tokio::spawn(
            Supervisor {
                leader,
                children,
                orders: to_supervisor,
                grace: self.grace,
                output,
                ended,
                hold: self.launcher.hold,
            }
            .run(),
        );
        Ok(Running { pid, orders, end })
    }
}

/// A command under way. Dropped, it is stopped, or left where it is to be left.
#[derive(Debug)]
pub struct Running {
    pid: u32,
    orders: oneshot::Sender<()>,
    end: oneshot::Receiver<Ended>,
}

impl Running {
    /// The process id of the program, which is also that of its group and session.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end.
    pub async fn ended(self) -> Ended {
        // The binding keeps the command wanted for as long as it is waited for.
        let Self { orders, end, .. } = self;
        let ended = end.await;
        drop(orders);
        ended.unwrap_or_default()
    }

    /// Stops it, also where it is to be left, and waits until nothing of it is alive.
    pub async fn stop(self) -> Ended {
        // Who has ended already needs no order.
        self.orders.send(()).ok();
        self.end.await.unwrap_or_default()
    }
}

/// The end of what a command wrote into a file of [`Command::spool_into`]; nothing where there is none.
pub fn tail_of(path: &Path, keep: usize) -> Tail {
    output::tail_of(path, keep).unwrap_or_default()
}

/// How a command ended, and what it wrote last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// How the program itself ended.
    pub status: Status,
    /// Whether it was stopped by us.
    pub stopped: bool,
    /// The end of its standard output.
    pub stdout: Tail,
    /// The end of its standard error.
    pub stderr: Tail,
}

impl Ended {
    /// Whether it ended by itself and with 0.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, Status::Exited(0)) && !self.stopped
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal of this number.
    Signalled(i32),
    /// Nobody can tell: this process is ending too.
    #[default]
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("an unknown end"),
        }
    }
}

/// A program could not be started.
#[derive(Debug, thiserror::Error)]
#[error("can't run {}: {source}", program.display())]
pub struct StartError {
    program: PathBuf,
    source: io::Error,
}

impl StartError {
    /// Whether there is no such program.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Where programs are, if nobody says otherwise.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a daemon's commands get of its environment. Everything else stays here: passwords for the
/// broker may be in it, and the service manager's own variables.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
];

fn set(environment: &mut Vec<(OsString, OsString)>, name: OsString, value: OsString) {
    environment.retain(|(known, _)| *known != name);
    environment.push((name, value));
}
