//! A run of a package manager that changes packages. It goes on whatever becomes of the call and of
//! this daemon, as one that is ended half way leaves a machine broken.
//!
//! It leads a session of its own and, under systemd, a scope of its own, so that a restart of our unit
//! does not reach it. A few words of shell note its exit code, as nobody of us may be there to
//! take it; what it prints goes to files. So what is on disk says how it stands, to this daemon
//! and to the next one.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::Instant};

use super::{Change, PackageProvider};
use crate::{
    node::{birth::birth, program::Program},
    sys::{
        clock,
        command::{Command, Ended, Launcher, Running, Status, tail_of},
        file::{self, Mode},
        process,
    },
};

/// The last job of this machine.
#[derive(Debug)]
pub(super) struct Jobs {
    directory: PathBuf,
    /// Two must not be begun at once.
    beginning: Mutex<()>,
}

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// As it is typed: `install foo`.
    pub what: String,
    /// The program's name.
    pub program: String,
    /// When, in seconds since 1970.
    pub initiated_at: i64,
    /// The process that runs it.
    pid: u32,
    /// By what that process is told from a later one of the same id.
    birth: Option<u64>,
    /// Whether nobody who called for it was told its end.
    #[serde(default)]
    owed: bool,
    /// The packages that a later call found as it wanted them.
    #[serde(default)]
    pub(super) settled: Vec<String>,
}

impl Record {
    /// For how many seconds it has been begun.
    pub fn age(&self) -> i64 {
        clock::now_secs().saturating_sub(self.initiated_at).max(0)
    }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It has not ended.
    Running,
    /// It has ended like this.
    Ended(Ended),
    /// It was ended by something that left no note, such as a signal, or a machine that was switched off.
    Vanished,
}

impl JobState {
    /// As in replies.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended(_) => "ended",
            Self::Vanished => "vanished",
        }
    }
}

/// How a job that was waited for has ended, or why it has not.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Like this; `joined` is what another call had begun.
    Ended {
        ended: Ended,
        joined: Option<Record>,
    },
    /// It goes on.
    StillRunning,
    /// Something else goes on.
    Busy(Record),
    /// Something else holds the manager's lock.
    Locked(Ended),
    /// Nobody knows how.
    Vanished,
}

/// What a job can't be begun for.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    #[error("cannot keep notes in {path}: {source}")]
    Directory { path: String, source: io::Error },
    #[error(transparent)]
    File(#[from] file::FileError),
    #[error(transparent)]
    Start(#[from] crate::sys::command::StartError),
}

/// What is to be run.
pub(super) struct Job<'a> {
    /// As it is typed. Who wants the same waits for it.
    pub(super) what: String,
    pub(super) program: Program,
    pub(super) provider: &'a dyn PackageProvider,
    /// Until when it is waited for.
    pub(super) deadline: Instant,
    /// Until when others may hold the lock.
    pub(super) lock_deadline: Instant,
}

impl Jobs {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            beginning: Mutex::default(),
        }
    }

    /// The last one, and where it stands.
    pub(super) fn last(&self) -> Option<(Record, JobState)> {
        let text = file::read_text(&self.at(RECORD), LARGEST).ok()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        let state = self.state(&record);
        Some((record, state))
    }

    /// Whether such a job runs.
    pub(super) fn runs(&self, what: &str) -> bool {
        matches!(self.last(), Some((record, JobState::Running)) if record.what == what)
    }

    /// How such a job has ended since a call was told that it goes on.
    pub(super) fn owed(&self, what: &str) -> Option<Ended> {
        match self.last() {
            Some((record, JobState::Ended(ended))) if record.what == what && record.owed => {
                Some(ended)
            }
            _ => None,
        }
    }

    /// These packages are as a call wanted them that began nothing: an earlier failure is over.
    pub(super) async fn settle(&self, change: &Change) {
        let _one_at_a_time = self.beginning.lock().await;
        let Some((mut record, state)) = self.last() else {
            return;
        };
        let before = record.clone();
        record.owed &= record.what != change.words();
        for name in change.names() {
            let is_of_it = record.what.split(' ').skip(1).any(|word| word == name);
            if is_of_it && !record.settled.contains(&name) {
                record.settled.push(name);
            }
        }
        if state != JobState::Running && record != before {
            self.note(&record);
        }
    }

    fn note(&self, record: &Record) {
        let text = serde_json::to_vec(record).unwrap_or_default();
        if let Err(error) = file::write_atomic(&self.at(RECORD), &text, Mode::Exactly(0o600)) {
            tracing::warn!("the end of `{}` may not be noticed: {error}", record.what);
        }
    }

    fn state(&self, record: &Record) -> JobState {
        let ended = |code| JobState::Ended(self.ended(code));
        if let Some(code) = self.code() {
            return ended(code);
        }
        if record.birth.is_some() && birth(record.pid) == record.birth {
            return JobState::Running;
        }
        // It may have ended in between.
        self.code().map_or(JobState::Vanished, ended)
    }

    fn code(&self) -> Option<i32> {
        let text = file::read_text(&self.at(EXIT), LARGEST).ok()?;
        // Half of a number is none.
        text.strip_suffix('\n')?.parse().ok()
    }

    fn ended(&self, code: i32) -> Ended {
        Ended {
            status: Status::Exited(code),
            stopped: false,
            stdout: tail_of(&self.at(STDOUT), KEEP),
            stderr: tail_of(&self.at(STDERR), KEEP),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Runs a job, or waits for the same one that runs already; at most until its deadline. The
    /// same one that has failed, and nobody knows it yet, is not run again.
    pub(super) async fn run(
        &self,
        launcher: &Launcher,
        job: &Job<'_>,
    ) -> Result<Outcome, JobError> {
        let outcome = self.run_to_its_end(launcher, job).await?;
        let _one_at_a_time = self.beginning.lock().await;
        match (&outcome, self.last()) {
            // Another one has begun by now.
            (_, Some((_, JobState::Running)) | None) => {}
            (Outcome::Ended { .. }, Some((mut record, _))) if record.what == job.what => {
                record.owed = false;
                self.note(&record);
            }
            // It was never begun.
            (Outcome::Locked(_), Some((record, _))) if record.what == job.what => {
                fs::remove_file(self.at(RECORD)).ok();
            }
            _ => {}
        }
        Ok(outcome)
    }

    async fn run_to_its_end(
        &self,
        launcher: &Launcher,
        job: &Job<'_>,
    ) -> Result<Outcome, JobError> {
        let mut scoped = process::is_root() && Path::new(SYSTEMD).is_dir();
        loop {
            let running = match self.begin(launcher, job, scoped).await? {
                Ok(running) => running,
                Err(record) if record.what == job.what => {
                    return Ok(self.follow(&record, job.deadline).await);
                }
                Err(record) if Instant::now() >= job.lock_deadline => {
                    return Ok(Outcome::Busy(record));
                }
                Err(_) => {
                    tokio::time::sleep(STEP).await;
                    continue;
                }
            };
            let pid = running.pid();
            // The time may be over, but it has to be waited for: or it stays as a zombie.
            let (tell, told) = tokio::sync::oneshot::channel();
            let what = job.what.clone();
            tokio::spawn(async move {
                let ended = running.ended().await;
                tracing::info!("`{what}`, process {pid}, ended with {}", ended.status);
                tell.send(ended).ok();
            });
            let Ok(told) = tokio::time::timeout_at(job.deadline, told).await else {
                return Ok(Outcome::StillRunning);
            };
            let ended = told.unwrap_or_default();
            if scoped && matches!(ended.status, Status::Exited(_)) && self.code().is_none() {
                // It was not our shell that ended: systemd would not give us a scope.
                tracing::debug!("no scope for `{}`: {}", job.what, ended.stderr.text());
                scoped = false;
                continue;
            }
            if !job.provider.is_locked(&ended) {
                return Ok(Outcome::Ended {
                    ended,
                    joined: None,
                });
            }
            if Instant::now() + LOCK_STEP >= job.lock_deadline {
                return Ok(Outcome::Locked(ended));
            }
            tokio::time::sleep(LOCK_STEP).await;
        }
    }

    /// Begins a job; or gives the one that runs, or has ended in a failure that is still to be told.
    async fn begin(
        &self,
        launcher: &Launcher,
        job: &Job<'_>,
        scoped: bool,
    ) -> Result<Result<Running, Record>, JobError> {
        let _one_at_a_time = self.beginning.lock().await;
        match self.last() {
            Some((record, JobState::Running)) => return Ok(Err(record)),
            Some((record, JobState::Ended(ended)))
                if record.what == job.what
                    && record.owed
                    && !job.provider.succeeded(&ended)
                    && !job.provider.is_locked(&ended) =>
            {
                return Ok(Err(record));
            }
            _ => {}
        }
        self.make_directory()?;
        let exit = self.at(EXIT);
        // What is left of the last one would be taken for the end of this one.
        file::write_atomic(&exit, b"", Mode::Exactly(0o600))?;
        let running = self.command(launcher, job, scoped).start()?;
        let record = Record {
            what: job.what.clone(),
            program: job.program.name(),
            initiated_at: clock::now_secs(),
            pid: running.pid(),
            birth: birth(running.pid()),
            owed: true,
            settled: Vec::new(),
        };
        self.note(&record);
        Ok(Ok(running))
    }

    fn command(&self, launcher: &Launcher, job: &Job<'_>, scoped: bool) -> Command {
        let program = &job.program;
        let mut command = if scoped {
            let description = format!("--description=mcollective: {}", job.what);
            let command = launcher.command("systemd-run");
            command.args(["--quiet", "--scope", &description, "--", SHELL])
        } else {
            launcher.command(SHELL)
        };
        command = command
            .args(["-c", SCRIPT])
            .arg(self.at(EXIT))
            .arg(&program.path)
            .args(&program.arguments);
        for (name, value) in &program.environment {
            command = command.env(*name, value);
        }
        command
            .keep(KEEP)
            .spool_into(self.at(STDOUT), self.at(STDERR))
    }

    fn make_directory(&self) -> Result<(), JobError> {
        fs::create_dir_all(&self.directory).map_err(|source| JobError::Directory {
            path: self.directory.display().to_string(),
            source,
        })
    }

    /// Waits for a job that another call began, or another daemon.
    async fn follow(&self, record: &Record, deadline: Instant) -> Outcome {
        loop {
            match self.state(record) {
                JobState::Ended(ended) => {
                    return Outcome::Ended {
                        ended,
                        joined: Some(record.clone()),
                    };
                }
                JobState::Vanished => return Outcome::Vanished,
                JobState::Running => {}
            }
            if Instant::now() >= deadline {
                return Outcome::StillRunning;
            }
            tokio::time::sleep(STEP).await;
        }
    }
}

const RECORD: &str = "package-run.json";
const EXIT: &str = "package-run.exit";
const STDOUT: &str = "package-run.out";
const STDERR: &str = "package-run.err";

/// There where systemd runs the machine.
const SYSTEMD: &str = "/run/systemd/system";

const SHELL: &str = "/bin/sh";

/// Runs its arguments as they are, and notes the exit code in the file that is its name.
const SCRIPT: &str = r#""$@"; code=$?; echo "$code" >"$0"; exit "$code""#;

/// What is kept of each output: it tells what was done to each package.
const KEEP: usize = 512 << 10;

const LARGEST: u64 = 64 << 10;

/// How often is looked whether what others run has ended.
const STEP: Duration = Duration::from_millis(500);

/// How long after a lock was held it is tried again.
const LOCK_STEP: Duration = Duration::from_secs(2);
