//! From an agent's description and the options to a call: whom it goes to, what it carries, how
//! long it waits.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    cli::{CommandError, tree::Common, voice::complain},
    client::{Addressing, Call},
    config::ClientConfig,
    mcorpc::{
        ddl::{Action, Ddl, builtin},
        filter::{Filter, Token},
        names::{ActionName, AgentName, Collective, Identity},
    },
};

/// How long to wait for nodes that are named but not connected, where nothing else is said: the
/// original's discovery timeout.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(2);

/// How much longer to wait for a data query of a filter that is not compiled in.
const DATA_QUERY_TIME: Duration = Duration::from_secs(1);

/// What every call of this run has in common.
pub(super) struct Planner {
    collective: Collective,
    timeout: Option<Duration>,
    discovery_timeout: Duration,
    ttl: Option<Duration>,
}

impl Planner {
    /// From the options, and the configuration where they say nothing.
    pub(super) fn new(options: &Common, config: &ClientConfig) -> Result<Self, CommandError> {
        let seconds = Duration::from_secs_f64;
        Ok(Self {
            collective: collective(options.target.as_deref(), config)?,
            timeout: options.timeout.map(seconds),
            discovery_timeout: options
                .discovery_timeout
                .map(seconds)
                .or(config.discovery_timeout)
                .unwrap_or(DISCOVERY_TIMEOUT),
            ttl: options.ttl.map(seconds),
        })
    }

    /// The collective of every call.
    pub(super) const fn collective(&self) -> &Collective {
        &self.collective
    }

    /// The call that asks who is there: `ping` of the agent `discovery`.
    pub(super) fn ping(&self, filter: Filter) -> Result<Call, CommandError> {
        self.call(builtin::discovery(), &action("ping")?, Map::new(), filter)
    }

    /// A call of an action that the DDL declares, to everybody or to the nodes named.
    pub(super) fn call(
        &self,
        ddl: &Ddl,
        action: &ActionName,
        data: Map<String, Value>,
        filter: Filter,
    ) -> Result<Call, CommandError> {
        let agent = AgentName::new(ddl.name()).map_err(usage)?;
        let action_time = ddl.metadata.time_limit();
        let query_time = query_time(&filter);
        let wait = self.timeout.unwrap_or(action_time + self.discovery_timeout) + query_time;
        Ok(Call {
            agent,
            action: action.clone(),
            data,
            addressing: addressing(&filter),
            filter,
            collective: self.collective.clone(),
            wait,
            ttl: self.ttl.map_or(wait, |ttl| ttl.min(wait)),
            discovery_wait: self.discovery_timeout + query_time,
            want_reply: true,
            reply_to: None,
        })
    }
}

fn collective(target: Option<&str>, config: &ClientConfig) -> Result<Collective, CommandError> {
    let common = &config.common;
    let Some(name) = target else {
        return Ok(common.main_collective.clone());
    };
    let known = common
        .collectives
        .iter()
        .find(|collective| collective.as_str() == name);
    known.cloned().ok_or_else(|| {
        let known: Vec<&str> = common.collectives.iter().map(Collective::as_str).collect();
        CommandError::usage(format!(
            "Unknown collective '{name}' known collectives are '{}'",
            known.join(", ")
        ))
        .hint(format!(
            "add it to `collectives` in {}",
            common.file.display()
        ))
    })
}

/// Identities that the operator spells out are addressed whatever the broker sees; patterns need
/// everybody to look at themselves.
fn addressing(filter: &Filter) -> Addressing {
    let plain = |name: &String| {
        (!name.starts_with('/'))
            .then(|| Identity::new(name.clone()).ok())
            .flatten()
    };
    let names: Option<Vec<Identity>> = filter.identity.iter().map(plain).collect();
    match names {
        Some(mut names) if !names.is_empty() => {
            names.sort();
            names.dedup();
            Addressing::Directed(names)
        }
        _ => Addressing::Broadcast,
    }
}

/// The time that a filter's data queries may take on a node.
fn query_time(filter: &Filter) -> Duration {
    let tokens = filter.compound.iter().flatten();
    tokens
        .filter_map(|token| match token {
            Token::Function(function) => Some(builtin::query(&function.name)),
            _ => None,
        })
        .map(|ddl| ddl.map_or(DATA_QUERY_TIME, |ddl| ddl.metadata.time_limit()))
        .sum()
}

/// An action's name.
pub(super) fn action(name: &str) -> Result<ActionName, CommandError> {
    ActionName::new(name).map_err(usage)
}

/// Says that it is a success to find a node as it is wanted, where an action can be told; or, where the
/// operator is strict, that it is the original's failure.
pub(super) fn idempotent(declared: &Action, data: &mut Map<String, Value>, strict: bool) {
    if strict {
        data.remove(builtin::IDEMPOTENT);
    } else if declared.input_named(builtin::IDEMPOTENT).is_some() {
        data.entry(builtin::IDEMPOTENT).or_insert(Value::Bool(true));
    }
}

/// The texts of a command line as an action's inputs, checked as the node will check them.
pub(super) fn inputs(
    ddl: &Ddl,
    action: &ActionName,
    texts: &[(String, String)],
) -> Result<Map<String, Value>, CommandError> {
    let declared = ddl.wanted_action(action.as_str()).map_err(usage)?;
    let texts = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let mut data = declared.convert(texts).map_err(usage)?;
    for name in declared.undeclared(&data) {
        let what = format!("{}#{action} declares no input `{name}`", ddl.name());
        // A misspelt input that may be left out would be left out.
        if let Some(close) = declared.similar_input(name, &data) {
            return Err(CommandError::usage(what).hint(format!("did you mean `{close}`?")));
        }
        complain(format_args!(
            "warning: {what}; it is sent as it is, as a text"
        ));
    }
    declared.fill_defaults(&mut data);
    idempotent(declared, &mut data, false);
    let names: Vec<&str> = declared.inputs.iter().map(|input| &*input.name).collect();
    let valid = declared
        .validate_for_nodes(&data)
        .map_err(|error| usage(error).hint(format!("inputs of {action}: {}", names.join(", "))))?;
    for (input, why) in valid {
        let name = &input.name;
        complain(format_args!(
            "warning: whether `{name}` is valid is left to the nodes: {why}"
        ));
    }
    Ok(data)
}

/// What the operator typed can't be used.
#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
pub(super) fn usage(error: impl std::error::Error) -> CommandError {
    CommandError::usage(error.to_string())
}
