//! `puppet`: what the Puppet agent of this node does, switching it off and on, and runs.

mod apply;

use serde_json::{Map, Value, json};

use super::super::action::{ActionCall, ActionError, Agent, Outputs, Running};
use crate::{
    mcorpc::{
        ddl::{Ddl, builtin},
        names::RequestId,
        reply::{Outcome, StatusCode},
    },
    node::puppet::{
        self, Figure, LastRun, Lock, LockError, Record, RunError, RunState, State, Summary,
        decide::Wish, report,
    },
    sys::clock::{self, Local},
};

pub(super) struct Puppet;

impl Agent for Puppet {
    fn ddl(&self) -> &'static Ddl {
        builtin::puppet()
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin(run(call))
    }
}

async fn run(call: ActionCall) -> Result<Outputs, ActionError> {
    call.host.puppet().settle(&call.launcher).await;
    match call.action.as_str() {
        "runonce" => return runonce(&call).await,
        "resource" => return apply::resource(&call).await,
        _ => {}
    }
    // The rest reads and writes files: off the daemon's own thread.
    blocking(move || match call.action.as_str() {
        "status" => Ok(status(&call.host.puppet().state())),
        "enable" => enable(&call),
        "disable" => disable(&call),
        "last_run_summary" => Ok(last_run_summary(&call)),
        _ => Err(ActionError::unknown_action(&call.action, "puppet")),
    })
    .await
}

/// Runs what blocks. A panic goes on in the call's own task, where it is caught and reported.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn status(state: &State) -> Outputs {
    let request = state.run.as_ref().and_then(|(run, _)| run.request.as_ref());
    object(json!({
        "applying": state.applying,
        "idling": state.idling(),
        "enabled": state.lock.is_open(),
        "daemon_present": state.daemon.is_some(),
        "lastrun": state.last_run_at(),
        "since_lastrun": state.since_last_run(),
        "status": state.word(),
        "disable_message": state.lock.reason().unwrap_or_default(),
        "message": state.sentence(),
        "run": state.run.as_ref().map(|(record, run)| own_run(record, run)),
        // Nothing is an answer too: whoever waits for a run of ours knows that this is none.
        "run_request": request.map(RequestId::as_str).unwrap_or_default(),
    }))
}

/// What became of the run that was started here last.
fn own_run(record: &Record, run: &RunState) -> Value {
    let end = run.end();
    json!({
        "state": run.as_str(),
        "initiated_at": record.initiated_at,
        "signalled": record.signalled,
        "exitcode": end.and_then(|end| end.code),
        "words": end.map(|end| end.words.as_str()).unwrap_or_default(),
    })
}

fn enable(call: &ActionCall) -> Result<Outputs, ActionError> {
    let puppet = call.host.puppet();
    let changed = puppet.enable().map_err(|error| locked(puppet, &error))?;
    let already = "Could not enable Puppet: Already enabled";
    let status = if changed {
        "Succesfully enabled the Puppet agent"
    } else {
        already
    };
    switched(call, changed, status.to_owned())
}

fn disable(call: &ActionCall) -> Result<Outputs, ActionError> {
    let puppet = call.host.puppet();
    let message = call
        .text("message")
        .filter(|message| !message.trim().is_empty());
    let message = message.map_or_else(|| reason(call), str::to_owned);
    let changed = puppet
        .disable(&message)
        .map_err(|error| locked(puppet, &error))?;
    let status = if changed {
        format!("Succesfully locked the Puppet agent: {message}")
    } else {
        "Could not disable Puppet: Already disabled".to_owned()
    };
    switched(call, changed, status)
}

/// Why, where the caller does not say.
fn reason(call: &ActionCall) -> String {
    let now = Local::at(clock::now_secs()).map_or_else(String::new, |now| now.to_string());
    let minute = now
        .rsplit_once(':')
        .map_or(now.as_str(), |(minute, _)| minute);
    format!("Disabled via MCollective by {} at {minute}", call.caller)
}

/// How switching ended.
fn switched(call: &ActionCall, changed: bool, status: String) -> Result<Outputs, ActionError> {
    let state = call.host.puppet().state();
    let enabled = state.lock.is_open();
    let ended = ending(
        state.lock,
        state.doubt,
        changed,
        status,
        super::is_idempotent(call),
    );
    let outputs = |status: &str| {
        object(json!({
            "status": status,
            "enabled": enabled,
            "changed": changed,
        }))
    };
    match ended {
        Ok(status) => Ok(outputs(&status)),
        Err(why) => {
            let mut error = ActionError::aborted(why);
            error.outputs = outputs(&error.message);
            Err(error)
        }
    }
}

/// What to say of it. That it was so already is a failure to the original.
fn ending(
    lock: Lock,
    doubt: Option<String>,
    changed: bool,
    status: String,
    idempotent: bool,
) -> Result<String, String> {
    match (lock, doubt) {
        // The lock is made, or removed; whether Puppet looks there is another question.
        (_, Some(doubt)) if changed => Ok(format!("{status} ({doubt})")),
        _ if changed => Ok(status),
        (Lock::Unknown(why), doubt) => Err(format!("{UNKNOWN_LOCK}: {}", doubt.unwrap_or(why))),
        _ if !idempotent => Err(status),
        (Lock::Closed(reason), _) => Ok(format!("Already disabled: {reason}")),
        (Lock::Open, _) => Ok("Already enabled".to_owned()),
    }
}

const UNKNOWN_LOCK: &str =
    "Could not enable Puppet: there is no lock where it usually is, and it may be elsewhere";

fn locked(puppet: &puppet::Puppet, error: &LockError) -> ActionError {
    let mut error = ActionError::aborted(format!("Could not change the state of Puppet: {error}"));
    let enabled = puppet.state().lock.is_open();
    error.outputs.insert("enabled".into(), enabled.into());
    error
}

async fn runonce(call: &ActionCall) -> Result<Outputs, ActionError> {
    let started = call
        .host
        .puppet()
        .run_once(&wish(call)?, &call.id, &call.launcher)
        .await;
    match started {
        Ok(started) if started.begun || super::is_idempotent(call) => Ok(object(json!({
            "summary": started.summary,
            "initiated_at": started.initiated_at,
            "changed": started.begun,
        }))),
        Ok(busy) => Err(failed(busy.summary)),
        Err(error @ RunError::Refused(_)) => Err(failed(error.to_string())),
        Err(RunError::Failed(why)) => {
            let mut error = failed(why);
            error.code = StatusCode::UNKNOWN_ERROR;
            Err(error)
        }
    }
}

fn failed(why: String) -> ActionError {
    let mut error = ActionError::aborted(why.clone());
    error.outputs.insert("summary".into(), why.into());
    error.outputs.insert("changed".into(), false.into());
    error
}

/// What is wanted of a run. What the DDL does not declare may be of any type.
fn wish(call: &ActionCall) -> Result<Wish, ActionError> {
    let invalid =
        |message: String| ActionError::new(Outcome::Invalid, StatusCode::INVALID_DATA, message);
    let flag = |name: &str| call.inputs.get(name).and_then(Value::as_bool);
    let text = |name: &str| call.text(name).map(str::to_owned);
    let splaylimit = call.inputs.get("splaylimit").map(|value| {
        let limit = value.as_u64().and_then(|limit| u32::try_from(limit).ok());
        limit.ok_or_else(|| invalid(format!("Invalid splaylimit '{value}' specified")))
    });
    let tags = call.text("tags").unwrap_or_default();
    Ok(Wish {
        force: flag("force") == Some(true),
        server: text("server"),
        tags: tags
            .split(',')
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        noop: flag("noop"),
        splay: flag("splay"),
        splaylimit: splaylimit.transpose()?,
        environment: text("environment"),
        ignoreschedules: flag("ignoreschedules") == Some(true),
        use_cached_catalog: flag("use_cached_catalog"),
    })
}

fn last_run_summary(call: &ActionCall) -> Outputs {
    let puppet = call.host.puppet();
    let state = puppet.state();
    let mut problems = Vec::new();
    let none = Summary::default();
    let (summary, unknown) = match &state.last_run {
        LastRun::Is(summary) => {
            problems.extend(summary.oddity());
            // What a run without a catalog leaves.
            let unknown = if summary.has_resources() { 0 } else { UNKNOWN };
            (&**summary, unknown)
        }
        LastRun::Never => {
            problems.push("Puppet has never completed a run here".to_owned());
            (&none, 0)
        }
        LastRun::Unknown(why) => {
            problems.push(why.clone());
            (&none, UNKNOWN)
        }
    };
    let result = problems.is_empty().then(|| {
        if summary.failed() {
            "failed"
        } else if summary.changed() {
            "changed"
        } else {
            "unchanged"
        }
    });
    let count = |name: &str| match summary.count("resources", name) {
        Figure::Is(count) => count,
        Figure::Missing => unknown,
        Figure::Odd => UNKNOWN,
    };
    let time = |name: &str| summary.seconds(name).map_or(json!(0), |time| json!(time));
    let resources = puppet.resources();
    let broken = resources.broken().map(str::to_owned);
    let mut outputs = object(json!({
        "out_of_sync_resources": count("out_of_sync"),
        "failed_resources": count("failed"),
        "corrected_resources": count("corrective_change"),
        "changed_resources": count("changed"),
        "total_resources": count("total").max(0),
        "total_time": time("total"),
        "config_retrieval_time": time("config_retrieval"),
        "lastrun": state.last_run_at(),
        "since_lastrun": state.since_last_run(),
        "config_version": summary.config_version().cloned().unwrap_or(json!("unknown")),
        "type_distribution": resources.types(),
        "summary": summary.as_map(),
        "run_result": result,
    }));
    if call.inputs.get("logs").and_then(Value::as_bool) == Some(true) {
        match report::logs(&puppet.paths().report) {
            Ok(logs) => drop(outputs.insert("logs".into(), logs.into())),
            Err(why) => problems.push(why),
        }
    }
    problems.extend(broken);
    if !problems.is_empty() {
        outputs.insert("problem".into(), problems.join("; ").into());
    }
    outputs
}

/// What the original's agent has where there is no count.
const UNKNOWN: i64 = -1;

/// The fields of an object literal.
pub(super) fn object(value: Value) -> Outputs {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
