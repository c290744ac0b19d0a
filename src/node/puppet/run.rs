//! Begins a run: tells the daemon, or starts a process that goes on whatever becomes of us.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use super::{
    End, Options, Puppet, Record, RunState, State,
    decide::{Decision, Situation, Wish, decide},
    lock::Pid,
    process,
    record::Note,
};
use crate::{
    mcorpc::names::RequestId,
    sys::{
        self,
        command::{Ended, Launcher, Running, Status},
        scope,
    },
};

/// A run that was begun, or is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// What was done, in the original's words.
    pub summary: String,
    /// When, in seconds since 1970.
    pub initiated_at: i64,
    /// Whether this call began it.
    pub begun: bool,
}

/// A run that was not begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Something forbids it.
    #[error("{0}")]
    Refused(String),
    /// The process could not be started, or ended at once.
    #[error("{0}")]
    Failed(String),
}

/// A process that does not end within this time has begun its run.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// How often the run lock is looked at meanwhile.
const STEP: Duration = Duration::from_millis(50);

impl Puppet {
    /// Begins a run that this request asks for, unless one is under way. The launcher must leave what
    /// it starts.
    pub async fn run_once(
        &self,
        wish: &Wish,
        request: &RequestId,
        launcher: &Launcher,
    ) -> Result<Started, RunError> {
        let _one_at_a_time = self.beginning.lock().await;
        let state = self.state();
        let situation = Situation {
            disabled: state.lock.reason().map(str::to_owned),
            running: state.applying || (state.own_run() && !told(&state)),
            daemon: state.daemon,
        };
        match decide(wish, &situation, &self.options) {
            Decision::Refuse(why) => Err(RunError::Refused(why)),
            Decision::Busy => Ok(Started {
                summary: busy(&state),
                initiated_at: state.now,
                begun: false,
            }),
            Decision::Signal(daemon) => self.signal(&record(daemon, request, &state, true)),
            Decision::Start(arguments) => self.start(arguments, request, &state, launcher).await,
        }
    }

    fn signal(&self, record: &Record) -> Result<Started, RunError> {
        // First the note: the run may be over before we have written it.
        self.note(record);
        let daemon = record.pid;
        sys::process::tell_daemon_to_run(daemon).map_err(|error| {
            RunError::Failed(format!(
                "The Puppet daemon {daemon} can't be signalled: {error}"
            ))
        })?;
        Ok(Started {
            summary: "Signalled the running Puppet Daemon".into(),
            initiated_at: record.initiated_at,
            begun: true,
        })
    }

    async fn start(
        &self,
        arguments: Vec<String>,
        request: &RequestId,
        state: &State,
        launcher: &Launcher,
    ) -> Result<Started, RunError> {
        let words: Vec<String> = self
            .options
            .command
            .iter()
            .cloned()
            .chain(self.options.config_arguments())
            .chain(arguments)
            .collect();
        self.start_behind(scope::outliving(), &words, request, state, launcher)
            .await
    }

    /// Starts a run behind the words that give it a place of its own; without them where it gets none.
    async fn start_behind(
        &self,
        apart: Vec<String>,
        words: &[String],
        request: &RequestId,
        state: &State,
        launcher: &Launcher,
    ) -> Result<Started, RunError> {
        let shown = words.join(" ");
        let failed = |why: String| RunError::Failed(format!("Puppet command '{shown}' {why}"));
        let all: Vec<String> = apart.iter().chain(words).cloned().collect();
        let mut looked = self.first_look(&all, request, state, launcher).await;
        if !apart.is_empty()
            && let Err(why) | Ok(Err(why)) = looked.as_ref().map(|ended| has_begun(ended.as_ref()))
        {
            tracing::warn!(
                "this Puppet run will not outlive a restart of the agent: {}",
                why.trim()
            );
            looked = self.first_look(words, request, state, launcher).await;
        }
        let ended = looked.map_err(failed)?;
        if let Some(end) = ended.filter(|end| end.code != Some(0)) {
            let said = said(&end.words);
            return Err(failed(format!("had {}, expected 0{said}", end.status)));
        }
        Ok(Started {
            summary: format!("Started a Puppet run using the '{shown}' command"),
            initiated_at: state.now,
            begun: true,
        })
    }

    /// Starts a command, and watches it until it holds its lock, or for two seconds: how it ended, if
    /// it did.
    async fn first_look(
        &self,
        words: &[String],
        request: &RequestId,
        state: &State,
        launcher: &Launcher,
    ) -> Result<Option<End>, String> {
        let command = Options::launch(launcher, words).ok_or("is empty")?;
        // First that there may be a run: whoever asks after this daemon was killed must not think that
        // nothing was begun, and begin it again.
        let may_be = record(0, request, state, false);
        self.note(&may_be);
        let running = match command.start() {
            Ok(running) => running,
            Err(error) => {
                let why = format!("can't be run: {error}");
                self.note(&never_began(may_be, &why));
                return Err(why);
            }
        };
        let record = record(running.pid(), request, state, false);
        self.note(&record);
        let mut ended = watch(running, record, Arc::clone(&self.note));
        let until = Instant::now() + FIRST_LOOK;
        let lock = self.paths().run_lock;
        loop {
            tokio::select! {
                biased;
                end = &mut ended => return Ok(end.ok()),
                () = tokio::time::sleep_until(until.min(Instant::now() + STEP)) => {
                    if Instant::now() >= until || locked(&lock) {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn note(&self, record: &Record) {
        if let Err(error) = self.note.write(record) {
            tracing::warn!("the end of this Puppet run may not be noticed: {error}");
        }
    }
}

/// Whether a command was begun at all, or what `systemd-run` has said in its stead.
fn has_begun(ended: Option<&End>) -> Result<(), &String> {
    match ended {
        Some(end) if scope::has_failed(end.code, &end.words) => Err(&end.words),
        _ => Ok(()),
    }
}

/// In the original's words.
pub(super) const BUSY: &str = "Puppet is currently applying a catalog, cannot run now";

/// In the original's words, and what else there is to say: of a run that hangs nobody need wait for
/// the end.
fn busy(state: &State) -> String {
    let hang = state.hang.iter().map(|hang| format!("; {hang}"));
    [BUSY.to_owned()].into_iter().chain(hang).collect()
}

/// Whether the run under way is one that a daemon was told to make: it may take its time, and may be
/// told again.
fn told(state: &State) -> bool {
    state
        .run
        .as_ref()
        .is_some_and(|(record, _)| record.signalled)
}

fn locked(lock: &Path) -> bool {
    matches!(Pid::read(lock), Pid::Is(pid) if process::is_puppet(pid))
}

fn record(pid: u32, request: &RequestId, state: &State, signalled: bool) -> Record {
    Record {
        initiated_at: state.now,
        pid,
        birth: process::birth(pid),
        signalled,
        last_run_before: state.last_run_at(),
        request: Some(request.clone()),
        end: None,
    }
}

fn never_began(record: Record, why: &str) -> Record {
    let end = End {
        code: None,
        status: "no process".into(),
        words: why.into(),
    };
    Record {
        end: Some(end),
        ..record
    }
}

/// Waits for the end of a run and notes it, also when nobody else waits any more.
fn watch(running: Running, mut record: Record, note: Arc<Note>) -> oneshot::Receiver<End> {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let ended = running.ended().await;
        let end = end(&ended);
        tracing::info!(
            "the Puppet run of process {} ended with {}",
            record.pid,
            end.status
        );
        // Another run may have been begun since: its note stays.
        if note
            .read()
            .is_none_or(|noted| noted.pid == record.pid && noted.birth == record.birth)
        {
            record.end = Some(end.clone());
            if let Err(error) = note.write(&record) {
                tracing::warn!("the end of a Puppet run can't be noted: {error}");
            }
        }
        tell.send(end).ok();
    });
    told
}

fn end(ended: &Ended) -> End {
    let code = match ended.status {
        Status::Exited(code) => Some(code),
        Status::Signalled(_) | Status::Unknown => None,
    };
    let words = [ended.stderr.text(), ended.stdout.text()];
    let words = words
        .iter()
        .map(|text| text.trim())
        .find(|text| !text.is_empty());
    End {
        code,
        status: ended.status.to_string(),
        words: last_words(words.unwrap_or_default()),
    }
}

/// The end of what was said; errors come last.
fn last_words(text: &str) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(MOST)).collect()
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    }
}

const MOST: usize = 1000;

impl RunState {
    /// How it ended, where that is known.
    pub fn end(&self) -> Option<&End> {
        match self {
            Self::Ended(end) => end.as_ref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
