//! One resource, put into a wanted state by `puppet apply`, where the rules allow it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{blocking, object};
use crate::{
    agent::action::{ActionCall, ActionError, Outputs},
    mcorpc::ddl::builtin::IDEMPOTENT,
    node::puppet::{Scratch, manifest},
    sys::command::Status,
};

pub(super) async fn resource(call: &ActionCall) -> Result<Outputs, ActionError> {
    let (kind, name) = (
        call.text("type").unwrap_or_default().to_lowercase(),
        call.text("name").unwrap_or_default().to_owned(),
    );
    let puppet = call.host.puppet().clone();
    let properties = properties(&call.inputs);
    let manifest = manifest::of(&kind, &name, &properties)
        .map_err(|error| ActionError::aborted(error.to_string()))?;
    let scratch = {
        let (kind, name) = (kind.clone(), name.clone());
        let (puppet, properties) = (puppet.clone(), properties.clone());
        blocking(move || -> Result<Scratch, ActionError> {
            puppet
                .options()
                .resources
                .check(&kind, &name, &properties, |reference| {
                    let resources = puppet.resources();
                    let broken = resources.broken().map(str::to_owned);
                    broken.map_or_else(|| Ok(resources.manages(reference)), Err)
                })
                .map_err(|denied| ActionError::aborted(denied.to_string()))?;
            puppet
                .scratch(&manifest)
                .map_err(|error| ActionError::unexpected(error.to_string()))
        })
        .await?
    };
    let command = puppet
        .apply(&call.launcher, &scratch)
        .ok_or_else(|| ActionError::aborted(NO_COMMAND))?;
    let ended = command
        .grace(Duration::from_secs(10))
        .run()
        .await
        .map_err(|error| ActionError::unexpected(error.to_string()))?;
    blocking(move || drop(scratch)).await;
    let words = [ended.stdout.text(), ended.stderr.text()];
    let words: Vec<&str> = words
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    let words = words.join("\n");
    let reference = format!("{}[{name}]", manifest::capitalised(&kind));
    match ended.status {
        Status::Exited(code @ (0 | 2)) => Ok(object(json!({
            "result": if words.is_empty() { "no output produced" } else { &words },
            "changed": code == 2,
        }))),
        status => {
            let mut error = ActionError::aborted(format!(
                "Failed to apply {reference}: {}",
                words.replace('\n', "; ")
            ));
            let result = if words.is_empty() {
                status.to_string()
            } else {
                words
            };
            error.outputs.insert("result".into(), result.into());
            error
                .outputs
                .insert("changed".into(), matches!(status, Status::Exited(6)).into());
            Err(error)
        }
    }
}

/// Every input but those that the DDL declares is a property.
fn properties(inputs: &Map<String, Value>) -> Map<String, Value> {
    // `name` would give the resource another one, whatever its type: it never is one.
    let own = ["name", "type", "process_results", IDEMPOTENT];
    inputs
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

const NO_COMMAND: &str = "`plugin.puppet.command` does not end with `agent`, so nobody can tell how to run `puppet apply`";
