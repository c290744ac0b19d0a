//! `package`: asks for packages, installs and removes them.

use serde_json::{Value, json};

use super::{
    super::action::{ActionCall, ActionError, Agent, Outputs, Running},
    puppet::object,
};
use crate::{
    mcorpc::{
        ddl::{Ddl, builtin},
        reply::{Outcome, StatusCode},
    },
    node::package::{
        Change, Effect, Failure, FailureKind, JobState, PackageName, PackageNameError, Packages,
        Record, Status, Updates, Verb,
    },
    sys::command::{self, Ended},
};

pub(super) struct Package;

impl Agent for Package {
    fn ddl(&self) -> &'static Ddl {
        builtin::package()
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin(run(call))
    }
}

async fn run(call: ActionCall) -> Result<Outputs, ActionError> {
    let packages = call.host.packages();
    let launcher = &call.launcher;
    let verb = match call.action.as_str() {
        "install" => Verb::Install,
        "update" => Verb::Update,
        "uninstall" => Verb::Uninstall,
        "purge" => Verb::Purge,
        "status" => return status(&call).await,
        "count" => {
            let digest = packages.digest(launcher).await.map_err(failed)?;
            return Ok(object(json!({
                "output": digest.count.to_string(),
                "exitcode": 0,
            })));
        }
        "md5" => {
            let digest = packages.digest(launcher).await.map_err(failed)?;
            return Ok(object(json!({"output": digest.md5, "exitcode": 0})));
        }
        "apt_update" => {
            return packages
                .apt_update(launcher)
                .await
                .map(|ended| said(&ended))
                .map_err(failed);
        }
        "yum_clean" => {
            let cleaned = packages.yum_clean(launcher, call.text("mode")).await;
            return cleaned.map(|ended| said(&ended)).map_err(failed);
        }
        "checkupdates" => {
            return packages
                .updates(launcher)
                .await
                .map(updates)
                .map_err(failed);
        }
        "apt_checkupdates" => {
            return packages
                .apt_updates(launcher)
                .await
                .map(updates)
                .map_err(failed);
        }
        "yum_checkupdates" => {
            return packages
                .yum_updates(launcher)
                .await
                .map(updates)
                .map_err(failed);
        }
        _ => return Err(ActionError::unknown_action(&call.action, "package")),
    };
    change(&call, packages, verb).await
}

async fn status(call: &ActionCall) -> Result<Outputs, ActionError> {
    let names = names(call)?;
    let packages = call.host.packages();
    let statuses = packages.status(&call.launcher, &names).await;
    let statuses = statuses.map_err(failed)?;
    let mut outputs = outputs(&statuses);
    if let Some((record, state)) = packages.last_run() {
        let unchanged = packages.unchanged(&record, &state, &names, &statuses);
        let run = last_run(packages, &record, &state, &unchanged);
        outputs.insert("run".into(), run);
    }
    Ok(outputs)
}

async fn change(
    call: &ActionCall,
    packages: &Packages,
    verb: Verb,
) -> Result<Outputs, ActionError> {
    let version = call.text("version").map(str::parse).transpose();
    let change = Change {
        verb,
        packages: names(call)?,
        version: version.map_err(|error| invalid("version", &error))?,
    };
    let strict = !super::is_idempotent(call);
    let changed = packages.change(&call.launcher, &change, strict).await;
    let changed = changed.map_err(|failure| {
        let goes_on = failure.kind == FailureKind::StillRunning;
        let (changed, also) = (failure.changed, also(&failure.also));
        let mut error = failed(failure);
        if !goes_on {
            error.outputs.insert("changed".into(), json!(changed));
            error.outputs.insert("also".into(), also);
        }
        error
    })?;
    let mut outputs = outputs(&changed.after);
    outputs.insert("changed".into(), json!(changed.changed));
    outputs.insert("also".into(), also(&changed.also));
    if let Some(output) = changed.output {
        outputs.insert("output".into(), json!(output));
    }
    Ok(outputs)
}

fn also(effects: &[Effect]) -> Value {
    let row = |effect: &Effect| {
        json!({
            "package": effect.package,
            "done": effect.done.as_str(),
            "from": effect.from,
            "to": effect.to,
        })
    };
    effects.iter().map(row).collect()
}

fn names(call: &ActionCall) -> Result<Vec<PackageName>, ActionError> {
    PackageName::list(call.text("package").unwrap_or_default())
        .map_err(|error| invalid("package", &error))
}

fn invalid(input: &str, error: &PackageNameError) -> ActionError {
    let message = format!("Cannot validate input {input}: {error}");
    ActionError::new(Outcome::Invalid, StatusCode::INVALID_DATA, message)
}

/// Of one package, as the original has it; of several, a list of the same.
fn outputs(statuses: &[Status]) -> Outputs {
    let map = |status: &Status| {
        let details = status.details.iter();
        let mut map: Outputs = details
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        map.insert("ensure".into(), json!(status.ensure));
        map
    };
    if let [status] = statuses {
        return map(status);
    }
    let all: Vec<Outputs> = statuses.iter().map(map).collect();
    // The summaries count each.
    let each = |name: &str| -> Vec<Value> {
        all.iter()
            .filter_map(|map| map.get(name))
            .cloned()
            .collect()
    };
    object(json!({
        "ensure": each("ensure"),
        "arch": each("arch"),
        "name": each("name"),
        "packages": all,
    }))
}

fn said(ended: &Ended) -> Outputs {
    let mut text = ended.stdout.text();
    text.push_str(&ended.stderr.text());
    object(json!({"output": text, "exitcode": code(ended)}))
}

const fn code(ended: &Ended) -> Option<i32> {
    match ended.status {
        command::Status::Exited(code) => Some(code),
        command::Status::Signalled(_) | command::Status::Unknown => None,
    }
}

fn updates(updates: Updates) -> Outputs {
    let outdated: Vec<Value> = updates
        .outdated
        .into_iter()
        .map(|update| {
            json!({
                "package": update.package,
                "version": update.version,
                "repo": update.repo,
                "current": update.current,
            })
        })
        .collect();
    object(json!({
        "package_manager": updates.manager,
        "output": updates.output,
        "outdated_packages": outdated,
        "exitcode": updates.code,
        "warnings": updates.warnings,
    }))
}

/// What became of the change that was begun last; and the packages that it should have changed.
fn last_run(packages: &Packages, record: &Record, state: &JobState, unchanged: &[String]) -> Value {
    let ended = match state {
        JobState::Ended(ended) => Some(ended),
        JobState::Running | JobState::Vanished => None,
    };
    json!({
        "what": record.what,
        "state": state.as_str(),
        "initiated_at": record.initiated_at,
        "age": record.age(),
        "unchanged": unchanged,
        "exitcode": ended.and_then(code),
        "words": ended.and_then(|ended| packages.words(ended)).unwrap_or_default(),
    })
}

fn failed(failure: Failure) -> ActionError {
    let (outcome, code) = match failure.kind {
        FailureKind::Invalid => (Outcome::Invalid, StatusCode::INVALID_DATA),
        FailureKind::StillRunning => (Outcome::StillRunning, StatusCode::UNKNOWN_ERROR),
        FailureKind::Unexpected => (Outcome::Failed, StatusCode::UNKNOWN_ERROR),
    };
    let mut error = ActionError::new(outcome, code, failure.message);
    if !failure.status.is_empty() {
        error.outputs = outputs(&failure.status);
    }
    if let Some(output) = failure.output {
        error.outputs.insert("output".into(), json!(output));
    }
    if let Some(code) = failure.code {
        error.outputs.insert("exitcode".into(), json!(code));
    }
    error
}
