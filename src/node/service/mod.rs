//! Services, whatever starts them: systemd, init scripts or `OpenRC`.
//!
//! A [`ServiceProvider`] knows the programs of one init system and reads what they print; it runs
//! nothing. `work` does, and holds what was wanted against what has become of it.

mod name;
mod openrc;
mod settings;
mod systemd;
mod sysv;
mod work;

pub use self::{
    name::{ServiceName, ServiceNameError},
    settings::{PROVIDERS, Settings, SettingsError},
    work::{Change, Failure, FailureKind, Services},
};

use super::program::Program;
use crate::sys::command::Ended;

/// An init system.
pub trait ServiceProvider: Send + Sync {
    /// As the configuration names it.
    fn name(&self) -> &'static str;

    /// Who starts and stops, as part of a sentence.
    fn runner(&self) -> &'static str {
        self.name()
    }

    /// Whether a service of this name can be asked for at all; some can tell only by asking.
    fn is_known(&self, _service: &ServiceName) -> bool {
        true
    }

    /// What tells the state of a service.
    fn ask(&self, service: &ServiceName) -> Program;

    /// The state, from what that program said.
    fn read(&self, service: &ServiceName, ended: &Ended) -> Result<State, String>;

    /// What is to be run, one after the other, for a service in this state.
    fn act(&self, verb: Verb, service: &ServiceName, state: &State) -> Vec<Program>;

    /// What prints the last lines of a service's log, oldest first.
    fn log(&self, _service: &ServiceName) -> Option<Program> {
        None
    }

    /// What restarts this daemon, which does not live to see it; `None` where nobody knows how.
    fn restart_us(&self, _service: &ServiceName) -> Option<Program> {
        None
    }

    /// What tells which services end with any of these; `None` where none does.
    fn ask_along(&self, _names: &[String]) -> Option<Program> {
        None
    }

    /// Whether that is no service, but the end of the machine.
    fn ends_machine(&self, _service: &ServiceName) -> bool {
        false
    }

    /// They, from what that program said.
    fn read_along(&self, _ended: &Ended) -> Along {
        Along::default()
    }

    /// How an operator makes a masked service usable again.
    fn unmask(&self, service: &ServiceName) -> String {
        format!("allow {service} to be started first")
    }
}

/// What ends with some services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Along {
    /// Whether one of those that were asked about is this daemon.
    pub is_us: bool,
    /// What needs them.
    pub names: Vec<String>,
}

/// What can be done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop it, if it runs, and start it.
    Restart,
}

impl Verb {
    /// As it is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// How a service does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// In one word.
    pub condition: Condition,
    /// What the init system says of it beyond that word, such as `exit-code, status 3`.
    pub detail: Option<String>,
    /// Whether the init system has to read its files again first.
    pub needs_reload: bool,
    /// Whether being stopped is how it ends when all went well, as it does its work and no more.
    pub runs_once: bool,
    /// How often the init system has started it again, as it ended by itself.
    pub restarts: u32,
    /// Whether it is this daemon.
    pub is_us: bool,
}

impl State {
    /// Nothing but a condition.
    pub const fn new(condition: Condition) -> Self {
        Self {
            condition,
            detail: None,
            needs_reload: false,
            runs_once: false,
            restarts: 0,
            is_us: false,
        }
    }

    /// Says more.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    /// As people read it: the word, and what there is to say besides.
    pub fn describe(&self) -> String {
        let word = self.condition.words();
        match &self.detail {
            Some(detail) => format!("{word} ({detail})"),
            None => word.to_owned(),
        }
    }
}

/// How a service does, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Running,
    /// It does not, and that is all.
    Stopped,
    /// It does not, since it failed.
    Failed,
    /// It is being started.
    Starting,
    /// It is being stopped.
    Stopping,
    /// It ended by itself, and is started again and again.
    Restarting,
    /// It does not run and may not be started.
    Masked,
    /// There is none of that name.
    Unknown,
}

impl Condition {
    /// The original's two words.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Running => "running",
            _ => "stopped",
        }
    }

    /// As outputs have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Restarting => "restarting",
            Self::Masked => "masked",
            Self::Unknown => "unknown",
        }
    }

    /// As part of a sentence that begins with its name and `is`.
    const fn words(self) -> &'static str {
        match self {
            Self::Unknown => "not known here",
            Self::Restarting => "started again and again, as it ends each time",
            Self::Starting => "still starting",
            Self::Stopping => "still stopping",
            other => other.as_str(),
        }
    }
}
