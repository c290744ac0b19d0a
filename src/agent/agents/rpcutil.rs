//! `rpcutil`: what a node is and how its daemon does (`spec` of the original: nine actions).

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::super::{
    action::{ActionCall, ActionError, Agent, Outputs, Running},
    stats::Counter,
};
use crate::{
    mcorpc::{
        ddl::{Ddl, builtin},
        filter::DataError,
    },
    sys,
};

pub(super) struct RpcUtil;

impl Agent for RpcUtil {
    fn ddl(&self) -> &'static Ddl {
        builtin::rpcutil()
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin(async move {
            let readers = match call.action.as_str() {
                "get_data" => &QUERIES,
                "get_fact" | "get_facts" | "inventory" => &READERS,
                _ => return run(&call),
            };
            let Ok(reader) = readers.acquire().await else {
                return Err(ActionError::unexpected("no more files are read"));
            };
            // Off the daemon's own thread. What hangs there keeps its place.
            let ended = tokio::task::spawn_blocking(move || {
                let _reader = reader;
                run(&call)
            });
            match ended.await {
                Ok(ended) => ended,
                // The panic goes on in the call's own task, where it is caught and reported.
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        })
    }
}

/// Facts and classes are read by a few threads, as each takes some 100 KB.
static READERS: Semaphore = Semaphore::const_new(4);

/// What data plugins look at is named by callers, and may be on a file system that hangs: it has
/// threads of its own.
static QUERIES: Semaphore = Semaphore::const_new(4);

fn run(call: &ActionCall) -> Result<Outputs, ActionError> {
    match call.action.as_str() {
        "agent_inventory" => Ok(agent_inventory(call)),
        "collective_info" => Ok(outputs(json!({
            "main_collective": call.host.main_collective(),
            "collectives": call.host.collectives(),
        }))),
        "daemon_stats" => Ok(daemon_stats(call)),
        "get_config_item" => get_config_item(call),
        "get_data" => get_data(call),
        "get_fact" => {
            let fact = call.text("fact").unwrap_or_default();
            Ok(outputs(
                json!({ "fact": fact, "value": call.host.fact(fact) }),
            ))
        }
        "get_facts" => {
            let names = call.text("facts").unwrap_or_default();
            let values: Map<String, Value> = names
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(|name| (name.to_owned(), call.host.fact(name).unwrap_or(Value::Null)))
                .collect();
            Ok(outputs(json!({ "values": values })))
        }
        "inventory" => Ok(inventory(call)),
        "ping" => Ok(outputs(json!({ "pong": sys::clock::now_ms() / 1000 }))),
        _ => Err(ActionError::unknown_action(&call.action, "rpcutil")),
    }
}

fn inventory(call: &ActionCall) -> Outputs {
    let host = &call.host;
    let mut plugins: Vec<String> = host
        .data_plugins()
        .map(|name| format!("{name}_data"))
        .collect();
    plugins.sort_unstable();
    outputs(json!({
        "agents": host.agent_names(),
        "facts": host.facts(),
        "classes": host.classes().to_vec(),
        "version": env!("CARGO_PKG_VERSION"),
        "main_collective": host.main_collective(),
        "collectives": host.collectives(),
        "data_plugins": plugins,
    }))
}

fn agent_inventory(call: &ActionCall) -> Outputs {
    let agents: Vec<Value> = call
        .host
        .agent_ddls()
        .map(|(name, metadata)| {
            json!({
                "agent": name,
                "license": metadata.license,
                "timeout": metadata.timeout,
                "description": metadata.description,
                "name": metadata.name,
                "url": metadata.url,
                "version": metadata.version,
                "author": metadata.author,
            })
        })
        .collect();
    outputs(json!({ "agents": agents }))
}

fn daemon_stats(call: &ActionCall) -> Outputs {
    let (host, stats) = (&call.host, call.host.stats());
    let times = sys::process::times();
    outputs(json!({
        "threads": [],
        "agents": host.agent_names(),
        "pid": std::process::id(),
        "times": {
            "utime": times.user.as_secs_f64(),
            "stime": times.system.as_secs_f64(),
            "cutime": times.children_user.as_secs_f64(),
            "cstime": times.children_system.as_secs_f64(),
        },
        "configfile": host.config_file(),
        "version": env!("CARGO_PKG_VERSION"),
        "starttime": stats.started(),
        "validated": stats.value(Counter::Validated),
        "unvalidated": stats.value(Counter::Unvalidated),
        "passed": stats.value(Counter::Passed),
        "filtered": stats.value(Counter::Filtered),
        "total": stats.value(Counter::Total),
        "replies": stats.value(Counter::Replies),
        "ttlexpired": stats.value(Counter::Expired),
        "replayed": stats.value(Counter::Replayed),
        "refused": stats.value(Counter::Refused),
    }))
}

fn get_config_item(call: &ActionCall) -> Result<Outputs, ActionError> {
    let item = call.text("item").unwrap_or_default();
    match call.host.config_item(item) {
        Some(value) => Ok(outputs(json!({ "item": item, "value": value }))),
        None => Err(ActionError::aborted(format!(
            "Unknown config property {item}"
        ))),
    }
}

fn get_data(call: &ActionCall) -> Result<Outputs, ActionError> {
    let source = call.text("source").unwrap_or_default();
    let source = source.strip_suffix("_data").unwrap_or(source);
    call.host.data(source, call.text("query")).map_err(|error| {
        ActionError::unexpected(match error {
            // As the original says it.
            DataError::UnknownPlugin => format!("No plugin {source}_data defined"),
            error => error.to_string(),
        })
    })
}

/// The fields of an object literal.
fn outputs(value: Value) -> Outputs {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
