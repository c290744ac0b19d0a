//! What is asked of all packages of a machine, and done for them.

use std::{collections::HashMap, time::Duration};

use md5::{Digest as _, Md5};
use tokio::time::Instant;

use super::{Failure, Packages, begun_before, code, locked, run, said, unexpected};
use crate::{
    node::{
        package::{
            PackageProvider, Update,
            apt::{self, APT_GET, Apt},
            job::Job,
            yum::{DNF, YUM, Yum, exit_code},
        },
        program::{Program, first_file},
    },
    sys::command::{Ended, Launcher},
};

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
    /// What keeps that from being all.
    pub warnings: Vec<String>,
}

impl Packages {
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
        let provider = self.provider()?;
        self.updates_of(&*provider, launcher).await
    }

    /// The same of apt.
    pub async fn apt_updates(&self, launcher: &Launcher) -> Result<Updates, Failure> {
        need_apt()?;
        self.updates_of(&Apt, launcher).await
    }

    /// The same of yum, or dnf in its place.
    pub async fn yum_updates(&self, launcher: &Launcher) -> Result<Updates, Failure> {
        self.updates_of(&yum()?, launcher).await
    }

    pub(super) async fn updates_of(
        &self,
        provider: &dyn PackageProvider,
        launcher: &Launcher,
    ) -> Result<Updates, Failure> {
        let ended = self
            .run_unlocked(provider, launcher, &provider.updates())
            .await?;
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
            warnings: provider.warnings(&ended),
        })
    }

    /// Runs what changes no package; again, for a while, where another program holds the lock.
    async fn run_unlocked(
        &self,
        provider: &dyn PackageProvider,
        launcher: &Launcher,
        program: &Program,
    ) -> Result<Ended, Failure> {
        let deadline = Instant::now() + self.settings()?.lock_wait.min(LOCK_WAIT);
        loop {
            let ended = run(launcher, program).await?;
            if !provider.is_locked(&ended) {
                return Ok(ended);
            }
            if Instant::now() >= deadline {
                return Err(locked(provider, &program.name(), &ended));
            }
            tokio::time::sleep(LOCK_STEP).await;
        }
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
        let (ended, joined) = self.run(launcher, &job).await?;
        succeeded(ended, "apt-get update failed").map_err(|mut failure| {
            failure.message.push_str(&begun_before(joined));
            failure
        })
    }

    /// Removes what yum fetched.
    pub async fn yum_clean(
        &self,
        launcher: &Launcher,
        mode: Option<&str>,
    ) -> Result<Ended, Failure> {
        let mode = mode.unwrap_or(&self.settings()?.clean_mode);
        let yum = yum()?;
        let ended = self.run_unlocked(&yum, launcher, &yum.clean(mode)).await?;
        succeeded(ended, "Yum clean failed")
    }
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

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}

/// How long is waited for a lock by what changes no package.
const LOCK_WAIT: Duration = Duration::from_secs(20);
const LOCK_STEP: Duration = Duration::from_secs(2);
