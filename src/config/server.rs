//! `server.cfg`: what an agent is told.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Common, Document, Environment, Faults, LogLevel,
    audit::{self, Audit},
    common::collective,
    load, puppet,
    reader::{Reader, beside},
    value,
};
use crate::{
    mcorpc::names::{AgentName, Collective},
    node,
};

/// What an agent is told.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// What clients are told too.
    pub common: Common,
    /// Whether to go to the background, where the file says it.
    pub daemonize: Option<bool>,
    /// Where facts come from.
    pub facts: Facts,
    /// The file that lists this machine's classes, one a line.
    pub classes_file: PathBuf,
    /// What is sent to `registration` unasked.
    pub registration: Option<Registration>,
    /// Where and how each request is noted.
    pub audit: Option<Audit>,
    /// Policies that each request is held against.
    pub authorization: Option<Authorization>,
    /// Whether agents are on that `agent_activation` does not name.
    pub activate_agents: bool,
    /// `plugin.AGENT.activate_agent`.
    pub agent_activation: BTreeMap<AgentName, bool>,
    /// How long to wait for running actions at the end; zero does not wait.
    pub soft_shutdown: Duration,
    /// Actions that run at the same time; what is beyond is refused.
    pub max_concurrent_actions: u32,
    /// `plugin.puppet.*`.
    pub puppet: node::puppet::Options,
}

/// Where facts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The YAML or JSON files, merged in order; none asks the machine itself.
    pub files: Vec<PathBuf>,
    /// How long they are believed without a look at their time stamps.
    pub cache_time: Duration,
}

/// What is sent to `registration` unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// What it says.
    pub kind: RegistrationKind,
    /// How often.
    pub interval: Duration,
    /// In which collective.
    pub collective: Collective,
    /// Whether to wait a random part of the interval first.
    pub splay: bool,
}

/// What a registration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationKind {
    /// The names of the agents.
    Agentlist,
    /// Also identity, facts, classes and collectives.
    Meta,
}

/// The action policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The directory of the policy files.
    pub policies: PathBuf,
    /// Whether an agent without a policy may be used.
    pub allow_unconfigured: bool,
    /// The policy of agents that have none.
    pub default_policy: Option<String>,
    /// Whether policies are read as the original reads them, with its faults.
    pub compat: bool,
}

impl ServerConfig {
    /// Reads a file, and its `plugin.d`.
    pub fn load(file: &Path, environment: Environment<'_>) -> Result<Self, Faults> {
        Self::read(&load::read(file)?, environment)
    }

    /// Gives the entries their meaning.
    pub fn read(document: &Document, environment: Environment<'_>) -> Result<Self, Faults> {
        let mut reader = Reader::new(document, environment);
        let common = Common::read(&mut reader, LogLevel::Info);
        warn_without_callers(&mut reader, &common);
        let mut config = Self {
            daemonize: reader.optional_flag("daemonize"),
            facts: facts(&mut reader),
            classes_file: classes_file(&mut reader),
            registration: registration(&mut reader, &common),
            audit: audit::read(&mut reader),
            authorization: authorization(&mut reader, &common),
            activate_agents: reader.flag("activate_agents", true),
            agent_activation: agent_activation(&mut reader),
            soft_shutdown: soft_shutdown(&mut reader),
            max_concurrent_actions: reader.integer("max_concurrent_actions", 64, 1, 10_000),
            puppet: puppet::read(&mut reader),
            common,
        };
        config.common.complete(reader)?;
        Ok(config)
    }
}

fn warn_without_callers(reader: &mut Reader<'_>, common: &Common) {
    let pki = &common.security.pki;
    if pki.clients.is_empty() && pki.client_ca.is_empty() {
        let message = "`plugin.pki.clients` is missing: nobody may command this node";
        let right = "add `plugin.pki.clients = NAME`, the certificate's name of each operator";
        reader.warn("plugin.pki.clients", message, right);
    }
}

/// `factsource` is `yaml` where `plugin.yaml` names files, and otherwise the machine itself.
fn facts(reader: &mut Reader<'_>) -> Facts {
    let key = "plugin.yaml";
    let entry = reader.document.last(key);
    let files: Vec<PathBuf> = entry.map_or_else(Vec::new, |entry| {
        let files = entry.value.split(':').map(str::trim_ascii);
        let files = files.filter(|file| !file.is_empty());
        files.map(|file| beside(&entry.file, file)).collect()
    });
    let sources = [("yaml", true), ("native", false)];
    let from_files = reader.choice("factsource", &sources, !files.is_empty());
    if from_files && files.is_empty() {
        reader.missing(key, "/etc/puppetlabs/mcollective/facts.yaml");
    }
    Facts {
        files: if from_files { files } else { Vec::new() },
        cache_time: reader.duration("fact_cache_time", Duration::from_mins(5)),
    }
}

fn classes_file(reader: &mut Reader<'_>) -> PathBuf {
    let default = "/var/lib/puppet/state/classes.txt";
    reader.path("classesfile").unwrap_or_else(|| {
        reader.record("classesfile", default);
        default.into()
    })
}

fn registration(reader: &mut Reader<'_>, common: &Common) -> Option<Registration> {
    let interval = reader.duration("registerinterval", Duration::ZERO);
    let splay = reader.flag("registration_splay", false);
    let read = reader.parse(
        "registration_collective",
        "give a collective's name",
        |text| collective(text).ok(),
    );
    let kinds = [
        ("agentlist", RegistrationKind::Agentlist),
        ("meta", RegistrationKind::Meta),
    ];
    let kind = reader.choice("registration", &kinds, RegistrationKind::Agentlist);
    if interval.is_zero() {
        return None;
    }
    let collective = match read {
        Some(name) if common.collectives.contains(&name) => name,
        Some(name) => {
            let main = &common.main_collective;
            let message =
                format!("`registration_collective` is `{name}`, which is not in `collectives`");
            reader.warn(
                "registration_collective",
                &message,
                &format!("`{main}` is used"),
            );
            main.clone()
        }
        None => common.main_collective.clone(),
    };
    Some(Registration {
        kind,
        interval,
        collective,
        splay,
    })
}

/// The policies.
fn authorization(reader: &mut Reader<'_>, common: &Common) -> Option<Authorization> {
    if !reader.flag("rpcauthorization", false) {
        return None;
    }
    if !reader.has("rpcauthprovider") {
        reader.missing("rpcauthprovider", "action_policy");
    }
    let providers = [("action_policy", ()), ("actionpolicy", ())];
    reader.choice("rpcauthprovider", &providers, ());
    let allow_unconfigured = policy_flag(reader, "plugin.actionpolicy.allow_unconfigured");
    let enable_default = policy_flag(reader, "plugin.actionpolicy.enable_default");
    let name = reader.text("plugin.actionpolicy.default_name", "default");
    if enable_default && AgentName::new(name.as_str()).is_err() {
        let key = "plugin.actionpolicy.default_name";
        reader.fault(
            key,
            &format!("`{key}` is not a policy's name"),
            "give letters, digits and `_`",
        );
    }
    Some(Authorization {
        policies: common.directory.join("policies"),
        allow_unconfigured,
        default_policy: enable_default.then_some(name),
        compat: reader.flag("plugin.actionpolicy.compat", false),
    })
}

/// A flag of the policies. The original takes `true` for no here, and only here: whoever wrote it
/// has to say which is meant, as one of the two opens the node.
fn policy_flag(reader: &mut Reader<'_>, key: &str) -> bool {
    let read = |text: &str| value::boolean(text).filter(|yes| !yes || is_yes_to_the_original(text));
    let right = "give `yes` or `no` (the original took `true` for `no` here)";
    reader.parse(key, right, read).unwrap_or(false)
}

fn is_yes_to_the_original(text: &str) -> bool {
    text.starts_with('1') || text.contains(['y', 'Y'])
}

fn agent_activation(reader: &mut Reader<'_>) -> BTreeMap<AgentName, bool> {
    let named = |key: &str| {
        let agent = key
            .strip_prefix("plugin.")?
            .strip_suffix(".activate_agent")?;
        AgentName::new(agent).ok()
    };
    let found: Vec<(AgentName, String)> = reader
        .document
        .keys()
        .filter_map(|(key, _)| Some((named(key)?, key.to_owned())))
        .collect();
    let mut activation = BTreeMap::new();
    for (agent, key) in found {
        let active = reader.parse(&key, "give `yes` or `no`", value::boolean);
        activation.extend(active.map(|active| (agent, active)));
    }
    activation
}

fn soft_shutdown(reader: &mut Reader<'_>) -> Duration {
    let wanted = reader.flag("soft_shutdown", false);
    let timeout = reader.positive_duration("soft_shutdown_timeout", Duration::from_secs(30));
    if wanted { timeout } else { Duration::ZERO }
}
