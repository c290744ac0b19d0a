//! Asks for packages, or changes them, and holds what has become of them against what was wanted.

mod lookup;
mod machine;
mod wanted;

use std::{path::PathBuf, time::Duration};

use tokio::time::Instant;

use super::{
    Change, Effect, PackageName, PackageProvider, Settings, SettingsError, Status, Verb,
    job::{Job, JobState, Jobs, Outcome, Record},
};
use crate::{
    node::program::{Program, ended_with, last_words},
    sys::{
        clock,
        command::{Ended, Launcher},
    },
};
use lookup::{look_up, versions};
pub use machine::{Digest, Updates};
use wanted::{already, could_not, failed, for_manager, missed, unchanged};

/// The packages of this machine.
#[derive(Debug)]
pub struct Packages {
    settings: Result<Settings, SettingsError>,
    jobs: Jobs,
}

/// What has become of packages that are now as they were wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// How they are, in the order in which they were named.
    pub after: Vec<Status>,
    /// Whether anything had to be done for it.
    pub changed: bool,
    /// What was done to packages that nobody had named.
    pub also: Vec<Effect>,
    /// What the manager printed.
    pub output: Option<String>,
}

/// Packages are not as they were wanted, or can't be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What went wrong.
    pub message: String,
    /// How they are, where that is known.
    pub status: Vec<Status>,
    /// Whether something was changed all the same.
    pub changed: bool,
    /// What was done to packages that nobody had named.
    pub also: Vec<Effect>,
    /// What the manager printed.
    pub output: Option<String>,
    /// The manager's exit code.
    pub code: Option<i32>,
}

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// What was asked for can't be.
    Invalid,
    /// It goes on.
    StillRunning,
    /// It went wrong.
    Unexpected,
}

impl Packages {
    /// As the configuration says; a fault in it is everybody's answer. Notes are kept in `state_dir`.
    pub fn new(settings: Result<Settings, SettingsError>, state_dir: PathBuf) -> Self {
        Self {
            settings,
            jobs: Jobs::new(state_dir),
        }
    }

    /// The last run of the manager that was begun here, and where it stands.
    pub fn last_run(&self) -> Option<(Record, JobState)> {
        self.jobs.last()
    }

    /// Those of the packages asked for that the last run should have changed, has not, and that
    /// nobody has brought there since.
    pub fn unchanged(
        &self,
        record: &Record,
        state: &JobState,
        asked: &[PackageName],
        statuses: &[Status],
    ) -> Vec<String> {
        self.provider().map_or_else(
            |_| Vec::new(),
            |provider| unchanged(&*provider, record, state, asked, statuses),
        )
    }

    /// The last words of a run that has ended.
    pub fn words(&self, ended: &Ended) -> Option<String> {
        match self.provider() {
            Ok(provider) => provider.words(ended),
            Err(_) => last_words(ended),
        }
    }

    fn settings(&self) -> Result<&Settings, Failure> {
        self.settings
            .as_ref()
            .map_err(|error| unexpected(error.to_string()))
    }

    fn provider(&self) -> Result<Box<dyn PackageProvider>, Failure> {
        let provider = self.settings()?.provider();
        provider.map_err(|error| unexpected(error.to_string()))
    }

    /// How packages are.
    pub async fn status(
        &self,
        launcher: &Launcher,
        packages: &[PackageName],
    ) -> Result<Vec<Status>, Failure> {
        statuses(&*self.provider()?, launcher, packages).await
    }

    /// How a package is, while this thread waits for at most `limit`.
    pub fn status_blocking(
        &self,
        package: &PackageName,
        limit: Duration,
    ) -> Result<Status, Failure> {
        let provider = self.provider()?;
        check(&*provider, package)?;
        let ended = provider.ask(package).run_blocking(limit);
        read(
            &*provider,
            package,
            ended.map_err(|error| error.to_string()),
        )
    }

    /// Brings packages where they are wanted. Those that are there already are left alone: that is a
    /// success, or a failure where `strict`. The launcher must leave what it starts.
    pub async fn change(
        &self,
        launcher: &Launcher,
        change: &Change,
        strict: bool,
    ) -> Result<Changed, Failure> {
        let provider = self.provider()?;
        self.change_with(&*provider, launcher, change, strict).await
    }

    async fn change_with(
        &self,
        provider: &dyn PackageProvider,
        launcher: &Launcher,
        change: &Change,
        strict: bool,
    ) -> Result<Changed, Failure> {
        let settings = self.settings()?;
        let begun = Instant::now();
        if change.version.is_some() && (change.verb != Verb::Install || change.packages.len() != 1)
        {
            let message = "a version can only be given for the installation of one package";
            return Err(Failure {
                kind: FailureKind::Invalid,
                ..unexpected(message.to_owned())
            });
        }
        let before = statuses(provider, launcher, &change.packages).await?;
        let what = change.words();
        // An earlier call for the same was left without an answer: it is this one that is told.
        let owed = self.jobs.owed(&what);
        let is_mine = owed.is_some_and(|ended| provider.succeeded(&ended));
        // Half way, nobody can tell what is still to be done.
        if !self.jobs.runs(&what)
            && let Some(done) = already(provider, change, &before, strict && !is_mine)?
        {
            self.jobs.settle(change).await;
            return Ok(Changed {
                changed: is_mine,
                ..done
            });
        }
        if change.verb == Verb::Install {
            look_up(provider, launcher, change, &before).await?;
        }
        let patience = settings.lock_wait.min(settings.wait);
        let job = Job {
            what,
            program: provider.act(&for_manager(change, &before), &before, patience),
            provider,
            deadline: begun + settings.wait,
            lock_deadline: begun + patience,
        };
        let name = job.program.name();
        let ran = self.run(launcher, &job).await;
        let (ended, joined) = match ran {
            Ok(ran) => ran,
            Err(mut failure) => {
                failure.message = could_not(change, &failure.message, failure.kind);
                failure.status = before;
                return Err(failure);
            }
        };
        let after = statuses(provider, launcher, &change.packages).await?;
        let mut also = provider.effects(&ended);
        also.retain(|effect| !effect.is_of(&before) && !effect.is_of(&after));
        also.truncate(MOST_EFFECTS);
        let changed = joined.is_some() || after != before || !also.is_empty();
        let missed = missed(provider, change, &after);
        let why = if provider.succeeded(&ended) {
            missed.map(|why| could_not(change, &why, FailureKind::Unexpected))
        } else {
            let is_done = missed.is_none() && after != before;
            let why = failed(provider, change, &name, &ended, &after, is_done);
            Some(why + &versions(provider, launcher, change, &ended).await + &begun_before(joined))
        };
        match why {
            None => Ok(Changed {
                after,
                changed,
                also,
                output: Some(said(&ended)),
            }),
            Some(why) => Err(Failure {
                status: after,
                changed,
                also,
                output: Some(said(&ended)),
                code: code(&ended),
                ..unexpected(why)
            }),
        }
    }

    /// Runs a job to its end; also gives what another call had begun.
    async fn run(
        &self,
        launcher: &Launcher,
        job: &Job<'_>,
    ) -> Result<(Ended, Option<Record>), Failure> {
        let name = job.program.name();
        let outcome = self.jobs.run(launcher, job).await;
        let outcome = outcome.map_err(|error| unexpected(error.to_string()))?;
        match outcome {
            Outcome::Ended { ended, joined } => Ok((ended, joined)),
            Outcome::StillRunning => Err(Failure {
                kind: FailureKind::StillRunning,
                ..unexpected(format!(
                    "{name} goes on; the same call again waits for its end, and `status` tells it"
                ))
            }),
            Outcome::Busy(record) => Err(unexpected(format!(
                "`{}` is still running, since {} s",
                record.what,
                record.age()
            ))),
            Outcome::Locked(ended) => Err(Failure {
                output: Some(said(&ended)),
                ..locked(job.provider, &name, &ended)
            }),
            Outcome::Vanished => Err(unexpected(format!(
                "{name} has vanished; nobody knows how it ended"
            ))),
        }
    }
}

async fn statuses(
    provider: &dyn PackageProvider,
    launcher: &Launcher,
    packages: &[PackageName],
) -> Result<Vec<Status>, Failure> {
    let mut statuses = Vec::new();
    for package in packages {
        check(provider, package)?;
        let program = provider.ask(package);
        let ended = program.run_for(launcher, PATIENCE).await;
        statuses.push(read(
            provider,
            package,
            ended.map_err(|error| error.to_string()),
        )?);
    }
    Ok(statuses)
}

fn check(provider: &dyn PackageProvider, package: &PackageName) -> Result<(), Failure> {
    let Some(why) = provider.objection(package) else {
        return Ok(());
    };
    Err(Failure {
        kind: FailureKind::Invalid,
        ..unexpected(format!(
            "{package} is not a valid package name for {}: {why}",
            provider.name()
        ))
    })
}

fn read(
    provider: &dyn PackageProvider,
    package: &PackageName,
    ended: Result<Option<Ended>, String>,
) -> Result<Status, Failure> {
    let cannot = |why: String| unexpected(format!("Could not ask for '{package}': {why}"));
    match ended.map_err(cannot)? {
        Some(ended) => {
            let status = provider.read(package, &ended).map_err(cannot)?;
            Ok(status.with("provider", provider.name()))
        }
        None => Err(cannot(format!("{} does not answer", provider.name()))),
    }
}

fn failure(provider: &dyn PackageProvider, name: &str, ended: &Ended) -> String {
    ended_with(name, ended, provider.words(ended))
}

/// That a failure is not one of now, where another call had begun what failed.
fn begun_before(joined: Option<Record>) -> String {
    joined.map_or_else(String::new, |record| {
        let age = clock::age(record.age());
        format!("; that was begun {age} ago, and the same call again begins anew")
    })
}

/// Another program keeps us from doing anything.
fn locked(provider: &dyn PackageProvider, name: &str, ended: &Ended) -> Failure {
    let holder = provider.holder(ended);
    let holder = holder.unwrap_or_else(|| "another program".to_owned());
    let words = failure(provider, name, ended);
    Failure {
        code: code(ended),
        ..unexpected(format!("{holder} holds the lock; {words}"))
    }
}

async fn run(launcher: &Launcher, program: &Program) -> Result<Ended, Failure> {
    let ended = program.run(launcher).await;
    ended.map_err(|error| unexpected(error.to_string()))
}

fn said(ended: &Ended) -> String {
    let mut text = end_of(ended.stdout.text());
    text.push_str(&end_of(ended.stderr.text()));
    text
}

/// What fits into a reply.
fn end_of(text: String) -> String {
    match text.len().checked_sub(MOST_OUTPUT) {
        None => text,
        Some(from) => text[text.ceil_char_boundary(from)..].to_owned(),
    }
}

const fn code(ended: &Ended) -> Option<i32> {
    match ended.status {
        crate::sys::command::Status::Exited(code) => Some(code),
        _ => None,
    }
}

const fn unexpected(message: String) -> Failure {
    Failure {
        kind: FailureKind::Unexpected,
        message,
        status: Vec::new(),
        changed: false,
        also: Vec::new(),
        output: None,
        code: None,
    }
}

/// How long a manager may take to tell the state of a package.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of each output of a manager is in a reply.
const MOST_OUTPUT: usize = 64 << 10;

/// How many others are listed: a whole distribution is changed by other means.
const MOST_EFFECTS: usize = 1000;

#[cfg(test)]
mod tests;
