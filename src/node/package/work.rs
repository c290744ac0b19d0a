//! Asks for packages, or changes them, and holds what has become of them against what was wanted.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use md5::{Digest as _, Md5};
use tokio::time::Instant;

use super::{
    Change, PackageName, PackageProvider, Settings, SettingsError, Status, Update, Verb,
    apt::{self, APT_GET, Apt},
    job::{Job, JobState, Jobs, Outcome, Record},
    yum::{DNF, YUM, Yum, exit_code},
};
use crate::{
    node::program::{Program, failure, first_file},
    sys::command::{Ended, Launcher},
};

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

/// What is installed, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// How many packages.
    pub count: usize,
    /// The original's MD5 of the list.
    pub md5: String,
}

/// What there is to update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updates {
    /// The manager, by the original's name.
    pub manager: &'static str,
    /// What it printed.
    pub output: String,
    /// Its exit code.
    pub code: i32,
    /// What is not new.
    pub outdated: Vec<Update>,
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
        // Half way, nobody can tell what is still to be done.
        if !self.jobs.runs(&change.words())
            && let Some(done) = already(provider, change, &before, strict)?
        {
            return Ok(done);
        }
        if change.verb == Verb::Install {
            look_up(provider, launcher, change, &before).await?;
        }
        let patience = settings.lock_wait.min(settings.wait);
        let job = Job {
            what: change.words(),
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
        let changed = joined || after != before;
        let why = if provider.succeeded(&ended) {
            missed(provider, change, &after)
        } else {
            Some(failure(&name, &ended))
        };
        match why {
            None => Ok(Changed {
                after,
                changed,
                output: Some(said(&ended)),
            }),
            Some(why) => Err(Failure {
                status: after,
                changed,
                output: Some(said(&ended)),
                code: code(&ended),
                ..unexpected(could_not(change, &why, FailureKind::Unexpected))
            }),
        }
    }

    /// Runs a job to its end; also tells whether another call had begun it.
    async fn run(&self, launcher: &Launcher, job: &Job<'_>) -> Result<(Ended, bool), Failure> {
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
                crate::sys::clock::now_secs()
                    .saturating_sub(record.initiated_at)
                    .max(0)
            ))),
            Outcome::Locked(ended) => Err(Failure {
                output: Some(said(&ended)),
                code: code(&ended),
                ..unexpected(format!(
                    "{} holds the lock; {}",
                    job.provider
                        .holder(&ended)
                        .unwrap_or_else(|| "another program".to_owned()),
                    failure(&name, &ended)
                ))
            }),
            Outcome::Vanished => Err(unexpected(format!(
                "{name} has vanished; nobody knows how it ended"
            ))),
        }
    }

    /// How many packages there are, and the original's digest of their list.
    pub async fn digest(&self, launcher: &Launcher) -> Result<Digest, Failure> {
        let provider = self.provider()?;
        let program = provider.list();
        let name = program.name();
        let ended = run(launcher, &program).await?;
        if !ended.is_success() {
            return Err(Failure {
                code: code(&ended),
                ..unexpected(exit_code(&format!("{name} command failed"), &ended))
            });
        }
        let listed = ended.stdout.text();
        Ok(Digest {
            count: provider.installed(&listed).len(),
            md5: hex(&Md5::digest(provider.digested(&listed).as_bytes())),
        })
    }

    /// Of which packages there are newer ones.
    pub async fn updates(&self, launcher: &Launcher) -> Result<Updates, Failure> {
        updates(&*self.provider()?, launcher).await
    }

    /// The same of apt.
    pub async fn apt_updates(&self, launcher: &Launcher) -> Result<Updates, Failure> {
        need_apt()?;
        updates(&Apt, launcher).await
    }

    /// The same of yum, or dnf in its place.
    pub async fn yum_updates(&self, launcher: &Launcher) -> Result<Updates, Failure> {
        updates(&yum()?, launcher).await
    }

    /// Fetches apt's lists anew.
    pub async fn apt_update(&self, launcher: &Launcher) -> Result<Ended, Failure> {
        need_apt()?;
        let settings = self.settings()?;
        let patience = settings.lock_wait.min(settings.wait);
        let begun = Instant::now();
        let job = Job {
            what: "apt_update".to_owned(),
            program: apt::refresh(patience),
            provider: &Apt,
            deadline: begun + settings.wait,
            lock_deadline: begun + patience,
        };
        let (ended, _) = self.run(launcher, &job).await?;
        succeeded(ended, "apt-get update failed")
    }

    /// Removes what yum fetched.
    pub async fn yum_clean(
        &self,
        launcher: &Launcher,
        mode: Option<&str>,
    ) -> Result<Ended, Failure> {
        let mode = mode.unwrap_or(&self.settings()?.clean_mode);
        let ended = run(launcher, &yum()?.clean(mode)).await?;
        succeeded(ended, "Yum clean failed")
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
    if provider.accepts(package) {
        return Ok(());
    }
    Err(Failure {
        kind: FailureKind::Invalid,
        ..unexpected(format!(
            "{package} is not a valid package name for {}",
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

/// The end where nothing is to be done, which may be a failure in the original's words.
fn already(
    provider: &dyn PackageProvider,
    change: &Change,
    before: &[Status],
    strict: bool,
) -> Result<Option<Changed>, Failure> {
    let is_done = |status: &Status| match (change.verb, &change.version) {
        (Verb::Install, Some(version)) => provider.has_version(status, version),
        (Verb::Install, None) => status.installed,
        (Verb::Update | Verb::Uninstall, _) => !status.installed,
        // What is removed may have left its configuration.
        (Verb::Purge, _) => !status.installed && (strict || !has_remains(status)),
    };
    let why = match change.verb {
        Verb::Install => "Package is already installed",
        _ => "Package is not present on the system",
    };
    // There is nothing to update. And who is strict means each of several.
    let fails = change.verb == Verb::Update || (strict && change.version.is_none());
    if fails && let Some(at) = before.iter().position(is_done) {
        let name = change.packages.get(at).filter(|_| before.len() > 1);
        let message = match name {
            Some(name) => format!("{name}: {why}"),
            None => why.to_owned(),
        };
        return Err(Failure {
            status: before.to_vec(),
            ..unexpected(message)
        });
    }
    Ok(before.iter().all(is_done).then(|| Changed {
        after: before.to_vec(),
        changed: false,
        output: None,
    }))
}

/// The change as the manager is told: what is not there is not to be removed. It might take such a
/// name for something else (apt takes `bar+` for a wish to install bar).
fn for_manager(change: &Change, before: &[Status]) -> Change {
    let is_there = |status: &Status| match change.verb {
        Verb::Install | Verb::Update => true,
        Verb::Uninstall => status.installed,
        Verb::Purge => status.installed || has_remains(status),
    };
    let there = change.packages.iter().zip(before);
    let there = there.filter(|(_, status)| is_there(status));
    Change {
        packages: there.map(|(package, _)| package.clone()).collect(),
        ..change.clone()
    }
}

/// Whether something is left of a package that is not installed.
fn has_remains(status: &Status) -> bool {
    // Other managers know nothing of what is not installed.
    status.details.contains_key("desired") && status.ensure == super::ABSENT
}

/// Makes sure that the manager can't take names for something else.
async fn look_up(
    provider: &dyn PackageProvider,
    launcher: &Launcher,
    change: &Change,
    before: &[Status],
) -> Result<(), Failure> {
    for (package, status) in change.packages.iter().zip(before) {
        let program = provider.look_up(package).filter(|_| !status.installed);
        let Some(program) = program else { continue };
        if !provider.knows(package, &run(launcher, &program).await?) {
            let why = format!("{} knows no package of that name", provider.name());
            return Err(Failure {
                status: before.to_vec(),
                ..unexpected(could_not(change, &why, FailureKind::Unexpected))
            });
        }
    }
    Ok(())
}

/// What is not as it was wanted, though the manager has done its work.
fn missed(provider: &dyn PackageProvider, change: &Change, after: &[Status]) -> Option<String> {
    let reached = |status: &Status| match (change.verb, &change.version) {
        (Verb::Install, Some(version)) => provider.has_version(status, version),
        (Verb::Install, None) | (Verb::Update, _) => status.installed,
        (Verb::Uninstall, _) => !status.installed,
        (Verb::Purge, _) => !status.installed && !has_remains(status),
    };
    let (package, status) = change
        .packages
        .iter()
        .zip(after)
        .find(|(_, status)| !reached(status))?;
    Some(format!("{package} {}", status.describe()))
}

/// `Could not install 'foo': WHY`.
fn could_not(change: &Change, why: &str, kind: FailureKind) -> String {
    let names: Vec<String> = change.names().map(|name| format!("'{name}'")).collect();
    let (verb, names) = (change.verb.as_str(), names.join(", "));
    match kind {
        FailureKind::StillRunning => format!("still running: {verb} of {names}: {why}"),
        _ => format!("Could not {verb} {names}: {why}"),
    }
}

async fn updates(provider: &dyn PackageProvider, launcher: &Launcher) -> Result<Updates, Failure> {
    let ended = run(launcher, &provider.updates()).await?;
    let outdated = provider.read_updates(&ended);
    let mut outdated = outdated.map_err(|why| Failure {
        code: code(&ended),
        ..unexpected(why)
    })?;
    if let Some(program) = provider.versions().filter(|_| !outdated.is_empty()) {
        let listed = run(launcher, &program).await?.stdout.text();
        let versions: HashMap<&str, &str> = listed
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .collect();
        for update in &mut outdated {
            let current = versions.get(update.package.as_str());
            update.current = current.map(|version| (*version).to_owned());
        }
    }
    Ok(Updates {
        manager: provider.manager(),
        output: ended.stdout.text(),
        code: code(&ended).unwrap_or_default(),
        outdated,
    })
}

fn need_apt() -> Result<(), Failure> {
    match first_file(&[APT_GET]) {
        Some(_) => Ok(()),
        None => Err(unexpected(format!("Cannot find apt-get at {APT_GET}"))),
    }
}

fn yum() -> Result<Yum, Failure> {
    match first_file(&[YUM, DNF]) {
        Some(YUM) => Ok(Yum::YUM),
        Some(_) => Ok(Yum::DNF),
        None => Err(unexpected(format!("Cannot find yum at {YUM}"))),
    }
}

async fn run(launcher: &Launcher, program: &Program) -> Result<Ended, Failure> {
    let ended = program.run(launcher).await;
    ended.map_err(|error| unexpected(error.to_string()))
}

fn succeeded(ended: Ended, what: &str) -> Result<Ended, Failure> {
    if ended.is_success() {
        return Ok(ended);
    }
    Err(Failure {
        code: code(&ended),
        output: Some(said(&ended)),
        ..unexpected(exit_code(what, &ended))
    })
}

fn said(ended: &Ended) -> String {
    let mut text = ended.stdout.text();
    text.push_str(&ended.stderr.text());
    text
}

const fn code(ended: &Ended) -> Option<i32> {
    match ended.status {
        crate::sys::command::Status::Exited(code) => Some(code),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}

const fn unexpected(message: String) -> Failure {
    Failure {
        kind: FailureKind::Unexpected,
        message,
        status: Vec::new(),
        changed: false,
        output: None,
        code: None,
    }
}

/// How long a manager may take to tell the state of a package.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
