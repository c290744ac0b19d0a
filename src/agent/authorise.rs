//! Whether a caller may run an action: the policy files of `rpcauthprovider = action_policy`.
//!
//! Finds the policy of an agent (`AGENT.policy`, else the default policy), and reads it again when
//! it has changed. What the lines mean is for [`mcorpc::policy`](crate::mcorpc::policy) to say. Whatever can't be read denies: a
//! file that is there and can't be opened, and a default policy that is switched on and missing
//! (the original then asks `allow_unconfigured`). Only where no policy is meant to be does
//! `allow_unconfigured` decide.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;

use crate::{
    config::{Authorization, ServerConfig},
    mcorpc::{
        ddl::{Ddl, builtin},
        filter::Node,
        names::{ActionName, AgentName, CallerId},
        policy::{DecidedBy, Groups, Policy, Standing, Warning},
    },
    sys::file,
    text,
};

/// The policies of this node.
pub(super) struct Authoriser {
    settings: Authorization,
    read: Mutex<Read>,
    /// Those who ask, so many at a time.
    pub(super) turns: Arc<Semaphore>,
}

/// What was read, and of which state of the files.
#[derive(Default)]
struct Read {
    groups: Groups,
    groups_stamp: Option<file::Stamp>,
    /// Whether it was said that the groups can't be read.
    groups_unreadable: bool,
    /// Whether it was said that there is no directory of policies.
    directory_missing: bool,
    policies: HashMap<PathBuf, Known>,
}

struct Known {
    stamp: Option<file::Stamp>,
    state: State,
}

/// What is known of a policy file.
#[derive(Clone)]
enum State {
    Absent,
    Policy(Arc<Policy>),
    Unreadable(Arc<str>),
}

/// What becomes of a call, and what decided it.
#[derive(Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    pub(super) why: Why,
}

/// What decided.
#[derive(Debug, PartialEq)]
pub(super) enum Why {
    /// A policy.
    Policy(PathBuf, DecidedBy),
    /// There is no policy for the agent, and `allow_unconfigured` says this.
    Unconfigured(PathBuf),
    /// The policy can't be read.
    Unreadable(Arc<str>),
    /// The agent is never held against a policy, as in the original.
    Exempt,
}

/// Each takes a thread while it lasts.
const AT_ONCE: usize = 16;

/// A policy is some lines; this is some ten thousand.
const MAX_FILE: u64 = 1 << 20;

impl Authoriser {
    /// Reads all policies that are there now, so that their faults are logged at the start.
    pub(super) fn new(settings: Authorization) -> Self {
        let authoriser = Self::unread(settings);
        authoriser.look_for_directory();
        for path in policy_files(&authoriser.settings.policies) {
            authoriser.state(&path);
        }
        authoriser
    }

    fn unread(settings: Authorization) -> Self {
        Self {
            settings,
            read: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The policies that a configuration asks for, if it asks for any.
    pub(super) fn of(config: &ServerConfig) -> Option<Arc<Self>> {
        let settings = config.authorization.clone()?;
        Some(Arc::new(Self::new(settings)))
    }

    /// Decides a call. May read files and ask data plugins, so it is not for a thread on which others
    /// wait.
    pub(super) fn decide(
        &self,
        caller: &CallerId,
        agent: &AgentName,
        action: &ActionName,
        node: &dyn Node,
    ) -> Verdict {
        if let Some(exempt) = Verdict::exempt(agent) {
            return exempt;
        }
        let (path, policy) = match self.policy(agent) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let decision = policy.decide(caller, action, node);
        for Warning { line, message } in &decision.doubts {
            tracing::warn!(
                caller = %caller, action = %action,
                "{}:{line}: the rule can't be evaluated: {message}", path.display()
            );
        }
        Verdict {
            allowed: decision.allowed,
            why: Why::Policy(path, decision.by),
        }
    }

    /// Decides a call, and says of each rule that was looked at how it stood to it.
    pub(super) fn explain(
        &self,
        caller: &CallerId,
        agent: &AgentName,
        action: &ActionName,
        node: &dyn Node,
    ) -> (Verdict, Vec<(usize, Standing)>) {
        let verdict = self.decide(caller, agent, action, node);
        let seen = match (&verdict.why, self.policy(agent)) {
            (Why::Policy(..), Ok((_, policy))) => policy.explain(caller, action, node).1,
            _ => Vec::new(),
        };
        (verdict, seen)
    }

    /// The policy of an agent and its file, or what is to be done without one.
    fn policy(&self, agent: &AgentName) -> Result<(PathBuf, Arc<Policy>), Verdict> {
        let deny = |why| Verdict {
            allowed: false,
            why,
        };
        let own = self.path(agent.as_str());
        match self.state(&own) {
            State::Policy(policy) => return Ok((own, policy)),
            State::Unreadable(error) => return Err(deny(Why::Unreadable(error))),
            State::Absent => {}
        }
        let Some(default) = &self.settings.default_policy else {
            self.look_for_directory();
            return Err(Verdict {
                allowed: self.settings.allow_unconfigured,
                why: Why::Unconfigured(own),
            });
        };
        let default = self.path(default);
        match self.state(&default) {
            State::Policy(policy) => Ok((default, policy)),
            State::Unreadable(error) => Err(deny(Why::Unreadable(error))),
            State::Absent => Err(deny(Why::Unreadable(missing_default(&default).into()))),
        }
    }

    /// Says once, until it is back, that the directory of all policies is missing: nobody means that.
    fn look_for_directory(&self) {
        let fault = missing_directory(&self.settings);
        let told = std::mem::replace(&mut self.read().directory_missing, fault.is_some());
        if let Some(fault) = fault.filter(|_| !told) {
            tracing::warn!("{fault}");
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.settings.policies.join(format!("{name}.policy"))
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a policy file says now.
    fn state(&self, path: &Path) -> State {
        let mut read = self.read();
        read.refresh_groups(&self.settings.policies.join(GROUPS));
        let stamp = file::stamp(path);
        if let Some(known) = read.policies.get(path)
            && stamp.is_some()
            && known.stamp == stamp
            // What kept it from being read, such as too many open files, need not have changed it.
            && !matches!(known.state, State::Unreadable(_))
        {
            return known.state.clone();
        }
        let (state, faults) = load(path, &read.groups, &self.settings);
        // A file that can't be read is tried anew each time, and its fault said once.
        let told = matches!(
            (&state, read.policies.get(path).map(|known| &known.state)),
            (State::Unreadable(now), Some(State::Unreadable(before))) if now == before
        );
        if !told {
            for fault in faults {
                tracing::warn!("{fault}");
            }
        }
        // Calls can only name agents that exist, so this can't grow without end.
        let known = Known {
            stamp,
            state: state.clone(),
        };
        read.policies.insert(path.to_owned(), known);
        state
    }
}

impl Verdict {
    /// What no policy is asked for.
    pub(super) fn exempt(agent: &AgentName) -> Option<Self> {
        (agent.as_str() == "discovery").then_some(Self {
            allowed: true,
            why: Why::Exempt,
        })
    }

    /// Nobody could decide.
    pub(super) fn failed() -> Self {
        Self {
            allowed: false,
            why: Why::Unreadable("the policy could not be evaluated in time".into()),
        }
    }
}

impl Read {
    /// Reads the groups again if they have changed; the policies were read with them.
    fn refresh_groups(&mut self, path: &Path) {
        let stamp = file::stamp(path);
        if stamp.is_some() && stamp == self.groups_stamp && !self.groups_unreadable {
            return;
        }
        let (groups, faults, unreadable) = load_groups(path);
        if !(unreadable && self.groups_unreadable) {
            for fault in faults {
                tracing::warn!("{fault}");
            }
        }
        if groups != self.groups {
            self.policies.clear();
        }
        self.groups = groups;
        self.groups_stamp = stamp;
        self.groups_unreadable = unreadable;
    }
}

/// Everything that is wrong with the policies, a line each.
pub fn check_policies(settings: &Authorization) -> Vec<String> {
    let (groups, mut faults, _) = load_groups(&settings.policies.join(GROUPS));
    faults.extend(missing_directory(settings));
    for path in policy_files(&settings.policies) {
        faults.extend(unasked(&path, settings));
        faults.extend(load(&path, &groups, settings).1);
    }
    if let Some(name) = &settings.default_policy {
        let default = settings.policies.join(format!("{name}.policy"));
        if matches!(load(&default, &groups, settings).0, State::Absent) {
            faults.push(missing_default(&default));
        }
    }
    faults
}

/// The file of the groups, beside the policies.
const GROUPS: &str = "groups";

fn policy_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = directory.read_dir() else {
        // Whoever calls finds out, file by file, whether there is none or it can't be read.
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "policy"))
        .collect();
    files.sort();
    files
}

fn load(path: &Path, groups: &Groups, settings: &Authorization) -> (State, Vec<String>) {
    let text = match read_text(path) {
        Ok(Some(text)) => text,
        Ok(None) => return (State::Absent, Vec::new()),
        Err(error) => {
            let fault = format!("{error}; whatever it is to decide is denied");
            return (State::Unreadable(error.into()), vec![fault]);
        }
    };
    let read = if settings.compat {
        Policy::parse_as_original
    } else {
        Policy::parse
    };
    let (policy, mut warnings) = read(&text, groups, settings.allow_unconfigured);
    warnings.extend(unknown_actions(path, &policy));
    (
        State::Policy(Arc::new(policy)),
        with_path(path, warnings).collect(),
    )
}

/// Words of a policy that no request ever has as its action.
fn unknown_actions(path: &Path, policy: &Policy) -> Vec<Warning> {
    let own = agent_of(path).and_then(builtin::agent);
    // The default policy is for any agent.
    let agents: Vec<&Ddl> = own.map_or_else(|| builtin::agents().to_vec(), |agent| vec![agent]);
    let whose = own.map_or("any agent here", Ddl::name);
    policy
        .named_actions()
        .filter(|(_, name)| agents.iter().all(|agent| agent.find_action(name).is_none()))
        .map(|(line, name)| {
            let mut message = format!("`{name}` is no action of {whose}, so it matches nothing");
            if let Some(own) = own {
                let names: Vec<&str> = own.actions.iter().map(|action| &*action.name).collect();
                message.push_str("; its actions are ");
                message.push_str(&names.join(", "));
            }
            Warning { line, message }
        })
        .collect()
}

/// The agent that a policy's file is named after.
fn agent_of(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

/// Says of a policy that no agent here asks it.
fn unasked(path: &Path, settings: &Authorization) -> Option<String> {
    let name = agent_of(path)?;
    if builtin::agent(name).is_some() || settings.default_policy.as_deref() == Some(name) {
        return None;
    }
    Some(format!(
        "{}: there is no agent `{}` here, so nothing asks this policy",
        path.display(),
        text::excerpt(name, 64)
    ))
}

/// The groups, what is wrong with them, and whether they can't be read at all. Rules that name a
/// group are then in doubt.
fn load_groups(path: &Path) -> (Groups, Vec<String>, bool) {
    match read_text(path) {
        Ok(Some(text)) => {
            let (groups, warnings) = Groups::parse(&text);
            (groups, with_path(path, warnings).collect(), false)
        }
        Ok(None) => (Groups::default(), Vec::new(), false),
        Err(error) => {
            let fault = format!("{error}; rules that name a group allow nothing");
            (Groups::default(), vec![fault], true)
        }
    }
}

/// A file's text; none if there is no such file. Bytes that are no UTF-8 may stand in comments.
fn read_text(path: &Path) -> Result<Option<String>, String> {
    match file::read_lossy(path, MAX_FILE) {
        Ok(text) => Ok(Some(text)),
        // A link to nothing was meant to be a file.
        Err(error) if error.is_not_found() && !path.is_symlink() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn with_path(path: &Path, warnings: Vec<Warning>) -> impl Iterator<Item = String> {
    warnings
        .into_iter()
        .map(|Warning { line, message }| format!("{}:{line}: {message}", path.display()))
}

/// What follows where there are no policies at all, though they are switched on.
fn missing_directory(settings: &Authorization) -> Option<String> {
    if settings.policies.is_dir() {
        return None;
    }
    let follows = if settings.default_policy.is_some() || !settings.allow_unconfigured {
        "denied"
    } else {
        "allowed, as `plugin.actionpolicy.allow_unconfigured` says"
    };
    Some(format!(
        "{}: there is no such directory, so there are no policies, and whatever callers ask is {follows}",
        settings.policies.display()
    ))
}

fn missing_default(path: &Path) -> String {
    format!(
        "{}: the default policy is missing, so agents without a policy are denied; write it, or \
         remove `plugin.actionpolicy.enable_default`",
        path.display()
    )
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(path, by) => write!(f, "{}{by}", path.display()),
            Self::Unconfigured(path) => write!(
                f,
                "there is no {}, and `plugin.actionpolicy.allow_unconfigured` decides",
                path.display()
            ),
            Self::Unreadable(error) => f.write_str(error),
            Self::Exempt => f.write_str("the agent needs no policy"),
        }
    }
}

mod explain;
#[cfg(test)]
mod tests;

pub use explain::{Explained, explain};
