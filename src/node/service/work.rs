//! Asks for a service, or changes it, and holds what has become of it against what was wanted.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::{Condition, ServiceName, ServiceProvider, Settings, SettingsError, State, Verb};
use crate::{
    node::program::{Program, failure},
    sys::command::{Ended, Launcher},
};

/// The services of this machine.
pub struct Services {
    provider: Box<dyn ServiceProvider>,
    wait: Duration,
    looks_first: bool,
}

/// What has become of a service that is now as it was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How it does.
    pub state: State,
    /// Whether anything had to be done for it.
    pub changed: bool,
}

/// A service is not as it was wanted, or can't be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What went wrong.
    pub message: String,
    /// How it does, where that is known.
    pub state: Option<State>,
    /// The last lines of its log, where it did not come up.
    pub log: Vec<String>,
}

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It is not as it was wanted.
    Failed,
    /// It is on its way there, and takes its time.
    StillRunning,
    /// The init system would not say.
    Unexpected,
}

impl Services {
    /// Those of the provider that is named, or that the machine has.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            provider: settings.provider()?,
            wait: settings.wait,
            looks_first: settings.looks_first(),
        })
    }

    /// How a service does.
    pub async fn state(
        &self,
        launcher: &Launcher,
        service: &ServiceName,
    ) -> Result<State, Failure> {
        self.check_known(service)?;
        let program = self.provider.ask(service);
        let ended = program.run_for(launcher, PATIENCE).await;
        self.read(service, ended.map_err(|error| error.to_string()))
    }

    /// The same, while this thread waits for at most `limit`. Whether a service runs can be said of
    /// one that is not there, too.
    pub fn state_blocking(&self, service: &ServiceName, limit: Duration) -> Result<State, Failure> {
        if !self.provider.is_known(service) {
            return Ok(State::new(Condition::Unknown));
        }
        let ended = self.provider.ask(service).run_blocking(limit);
        self.read(service, ended.map_err(|error| error.to_string()))
    }

    fn check_known(&self, service: &ServiceName) -> Result<(), Failure> {
        if self.provider.is_known(service) {
            return Ok(());
        }
        // The original's words where it ran init scripts.
        Err(unexpected(format!(
            "Could not find init script for '{service}'"
        )))
    }

    fn read(
        &self,
        service: &ServiceName,
        ended: Result<Option<Ended>, String>,
    ) -> Result<State, Failure> {
        let cannot = |why: String| unexpected(format!("Could not ask for '{service}': {why}"));
        match ended.map_err(cannot)? {
            Some(ended) => self.provider.read(service, &ended).map_err(cannot),
            None => Err(cannot(format!("{} does not answer", self.provider.name()))),
        }
    }

    /// Brings a service where it is wanted. One that is there already is left alone: that is a
    /// success, or where `strict` what the original makes of it: a failure, unless it does not look.
    pub async fn change(
        &self,
        launcher: &Launcher,
        verb: Verb,
        service: &ServiceName,
        strict: bool,
    ) -> Result<Change, Failure> {
        // What asks an init system, or tells it, leaves nothing half done.
        let launcher = &launcher.clone().stopping();
        let before = self.state(launcher, service).await?;
        match already(verb, &before) {
            Some(already) if strict && self.looks_first => {
                return Err(could_not(verb, service, already, before));
            }
            Some(_) if !strict => {
                return Ok(Change {
                    state: before,
                    changed: false,
                });
            }
            _ => {}
        }
        match before.condition {
            Condition::Unknown => {
                let why = "there is no service of that name";
                return Err(could_not(verb, service, why, before));
            }
            Condition::Masked => {
                let why = format!("it is masked; {}", self.provider.unmask(service));
                return Err(could_not(verb, service, &why, before));
            }
            _ => {}
        }
        if before.is_us {
            return self.change_us(launcher, verb, service, before).await;
        }
        let ends_us = self.provider.ends_machine(service)
            || (verb != Verb::Start && self.takes_us_along(launcher, service).await?);
        if ends_us {
            let why = format!(
                "the agent that answers would end with it, in the midst of this; {} it on the node",
                verb.as_str()
            );
            return Err(could_not(verb, service, &why, before));
        }
        let until = Instant::now() + self.wait;
        for program in self.provider.act(verb, service, &before) {
            self.run(launcher, verb, service, &program, until).await?;
        }
        let after = self.settled(launcher, verb, service).await?;
        if reached(verb, &after) {
            return Ok(Change {
                state: after,
                changed: true,
            });
        }
        let why = format!("it is {}", after.describe());
        Err(self
            .with_log(launcher, service, could_not(verb, service, &why, after))
            .await)
    }

    /// How it does a little later: what ends at once has been started all the same, as the init
    /// system sees it, and what is then started again may run for the moment.
    async fn settled(
        &self,
        launcher: &Launcher,
        verb: Verb,
        service: &ServiceName,
    ) -> Result<State, Failure> {
        if verb != Verb::Stop {
            tokio::time::sleep(SETTLING).await;
        }
        let state = self.state(launcher, service).await?;
        if verb == Verb::Stop || state.condition != Condition::Running || state.restarts == 0 {
            return Ok(state);
        }
        tokio::time::sleep(2 * SETTLING).await;
        let again = self.state(launcher, service).await?;
        Ok(if again.restarts > state.restarts {
            State {
                condition: Condition::Restarting,
                detail: None,
                ..again
            }
        } else {
            again
        })
    }

    /// This daemon can have itself restarted, but is gone before that is done; and once it is stopped
    /// nobody can start it from afar.
    async fn change_us(
        &self,
        launcher: &Launcher,
        verb: Verb,
        service: &ServiceName,
        before: State,
    ) -> Result<Change, Failure> {
        let program = self.provider.restart_us(service);
        let Some(program) = program.filter(|_| verb == Verb::Restart) else {
            let why = format!(
                "it is the agent that answers, and nobody could start it again from afar; {} it on the node",
                verb.as_str()
            );
            return Err(could_not(verb, service, &why, before));
        };
        let until = Instant::now() + self.wait;
        match self.run(launcher, verb, service, &program, until).await {
            // Where its end ends all that it has started, the restart is under way.
            Err(failure) if failure.kind != FailureKind::StillRunning => return Err(failure),
            _ => {}
        }
        Ok(Change {
            state: State::new(Condition::Running)
                .with("the agent that answers, which restarts now"),
            changed: true,
        })
    }

    /// Whether this daemon ends with a service: it needs it, or something that needs it.
    async fn takes_us_along(
        &self,
        launcher: &Launcher,
        service: &ServiceName,
    ) -> Result<bool, Failure> {
        let mut seen = BTreeSet::new();
        let mut names = vec![service.as_str().to_owned()];
        let cannot_tell = || unexpected(format!("nobody can tell what would end with '{service}'"));
        while !names.is_empty() {
            if seen.len() > MOST_ALONG {
                return Err(cannot_tell());
            }
            let Some(program) = self.provider.ask_along(&names) else {
                break;
            };
            seen.extend(names);
            let along = match program.run_for(launcher, PATIENCE).await {
                Ok(Some(ended)) if ended.is_success() && ended.stdout.dropped == 0 => {
                    self.provider.read_along(&ended)
                }
                _ => return Err(cannot_tell()),
            };
            if along.is_us {
                return Ok(true);
            }
            names = along.names;
            names.retain(|name| !seen.contains(name));
            names.sort();
            names.dedup();
        }
        Ok(false)
    }

    async fn run(
        &self,
        launcher: &Launcher,
        verb: Verb,
        service: &ServiceName,
        program: &Program,
        until: Instant,
    ) -> Result<(), Failure> {
        let left = until.saturating_duration_since(Instant::now());
        // A script that starts a daemon is never ended half way. Others only ask an init system.
        let script = program.starts_daemons;
        let launcher = &if script {
            launcher.clone().leaving()
        } else {
            launcher.clone()
        };
        let mut goes_on = false;
        let why = match program.run_for(launcher, left).await {
            Ok(Some(ended)) if ended.is_success() => return Ok(()),
            Ok(Some(ended)) => failure(&program.name(), &ended),
            Ok(None) => {
                goes_on = script;
                format!("it took longer than {} s", self.wait.as_secs())
            }
            Err(error) => return Err(unexpected(error.to_string())),
        };
        let after = self.state(launcher, service).await?;
        goes_on |= matches!(
            (verb, after.condition),
            (
                Verb::Start | Verb::Restart,
                Condition::Starting | Condition::Stopping
            ) | (Verb::Stop, Condition::Stopping)
        );
        let why = format!("{why}; it is {}", after.describe());
        let mut failure = could_not(verb, service, &why, after);
        if goes_on {
            failure.kind = FailureKind::StillRunning;
            let name = self.provider.runner();
            failure.message = format!("{}, and {name} goes on", failure.message);
        }
        Err(self.with_log(launcher, service, failure).await)
    }

    /// Adds the last lines of the service's log, as it did not come up.
    async fn with_log(
        &self,
        launcher: &Launcher,
        service: &ServiceName,
        mut failure: Failure,
    ) -> Failure {
        let Some(program) = self.provider.log(service) else {
            return failure;
        };
        if let Ok(Some(ended)) = program.run_for(launcher, PATIENCE).await {
            let text = ended.stdout.text();
            failure.log = text
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| line.chars().take(LONGEST_LINE).collect())
                .collect();
        }
        failure
    }
}

/// Why nothing is to be done, in the original's words.
fn already(verb: Verb, state: &State) -> Option<&'static str> {
    match (verb, state.condition) {
        (Verb::Start, Condition::Running) => Some("Service is already running"),
        (Verb::Stop, Condition::Stopped | Condition::Failed | Condition::Masked) => {
            Some("Service is already stopped")
        }
        _ => None,
    }
}

/// Whether a service is where the verb was to bring it.
fn reached(verb: Verb, state: &State) -> bool {
    match verb {
        Verb::Start | Verb::Restart => {
            state.condition == Condition::Running
                || (state.condition == Condition::Stopped && state.runs_once)
        }
        Verb::Stop => matches!(
            state.condition,
            Condition::Stopped | Condition::Failed | Condition::Masked | Condition::Unknown
        ),
    }
}

fn could_not(verb: Verb, service: &ServiceName, why: &str, state: State) -> Failure {
    Failure {
        kind: FailureKind::Failed,
        message: format!("Could not {} '{service}': {why}", verb.as_str()),
        state: Some(state),
        log: Vec::new(),
    }
}

fn unexpected(message: String) -> Failure {
    Failure {
        kind: FailureKind::Unexpected,
        message,
        state: None,
        log: Vec::new(),
    }
}

/// How long an init system may take to tell a state.
const PATIENCE: Duration = Duration::from_secs(4);

/// No machine has so many services in which one needs another.
const MOST_ALONG: usize = 2000;

/// The original's pause before it looks again.
const SETTLING: Duration = Duration::from_millis(500);

/// Characters of a line of a log.
const LONGEST_LINE: usize = 500;

#[cfg(test)]
mod tests;
