//! `puppetral`: what Puppet's resource types find on this node, by `puppet resource`.

use serde_json::{Map, Value, json};

use super::{
    super::action::{ActionCall, ActionError, Agent, Outputs, Running},
    puppet::{blocking, object},
};
use crate::{
    mcorpc::ddl::{Ddl, builtin},
    node::{facts::parse_yaml, puppet::manifest},
    sys::command::Ended,
};

pub(super) struct PuppetRal;

impl Agent for PuppetRal {
    fn ddl(&self) -> &'static Ddl {
        builtin::puppetral()
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin(run(call))
    }
}

async fn run(call: ActionCall) -> Result<Outputs, ActionError> {
    let kind = call.text("type").unwrap_or_default().to_lowercase();
    if !kind.split("::").all(manifest::is_word) {
        return Err(ActionError::aborted(format!(
            "'{kind}' can't be the name of a type"
        )));
    }
    match call.action.as_str() {
        "find" => find(&call, &kind).await,
        "search" => search(&call, &kind).await,
        _ => Err(ActionError::unknown_action(&call.action, "puppetral")),
    }
}

async fn find(call: &ActionCall, kind: &str) -> Result<Outputs, ActionError> {
    let title = call.text("title").unwrap_or_default().to_owned();
    if title.starts_with('-') {
        return Err(ActionError::aborted(format!(
            "'{title}' can't be the title of a resource"
        )));
    }
    let found = ask(call, kind, Some(&title)).await?;
    let parameters = found.get(&title).cloned().unwrap_or_else(|| json!({}));
    let puppet = call.host.puppet().clone();
    let reference = format!("{kind}[{title}]");
    let (managed, problem) = blocking(move || {
        let resources = puppet.resources();
        match resources.broken() {
            Some(why) => (None, Some(why.to_owned())),
            None => (Some(resources.manages(&reference)), None),
        }
    })
    .await;
    let kind = manifest::capitalised(kind);
    let tags: Vec<String> = kind.to_lowercase().split("::").map(str::to_owned).collect();
    let mut outputs = object(json!({
        "type": kind,
        "title": title,
        "tags": tags,
        "exported": false,
        "parameters": parameters,
        "managed": managed,
    }));
    if let Some(problem) = problem {
        outputs.insert("problem".into(), problem.into());
    }
    Ok(outputs)
}

async fn search(call: &ActionCall, kind: &str) -> Result<Outputs, ActionError> {
    let found = ask(call, kind, None).await?;
    let kind = manifest::capitalised(kind);
    let result: Vec<Value> = found
        .into_iter()
        .map(
            |(title, parameters)| json!({ "type": kind, "title": title, "parameters": parameters }),
        )
        .collect();
    Ok(object(json!({ "result": result })))
}

/// The resources by their titles.
async fn ask(
    call: &ActionCall,
    kind: &str,
    title: Option<&str>,
) -> Result<Map<String, Value>, ActionError> {
    let puppet = call.host.puppet();
    let command = puppet.resource(&call.launcher, kind, title).ok_or_else(|| {
        ActionError::aborted("`plugin.puppet.command` does not end with `agent`, so nobody can tell how to run `puppet resource`")
    })?;
    let ended = command
        .run()
        .await
        .map_err(|error| ActionError::unexpected(error.to_string()))?;
    let kind = kind.to_owned();
    blocking(move || resources(&ended, &kind)).await
}

fn resources(ended: &Ended, kind: &str) -> Result<Map<String, Value>, ActionError> {
    if !ended.is_success() {
        let said = ended.stderr.text();
        let said: String = said.trim().chars().take(1000).collect();
        return Err(ActionError::aborted(format!(
            "puppet resource had {}: {said}",
            ended.status
        )));
    }
    if ended.stdout.dropped > 0 {
        return Err(ActionError::aborted(format!(
            "there is too much of the type {kind} for one reply"
        )));
    }
    let mut all = parse_yaml(&ended.stdout.text()).map_err(|error| {
        ActionError::unexpected(format!("puppet resource gave no YAML: {error}"))
    })?;
    match all.remove(kind) {
        Some(Value::Object(found)) => Ok(found),
        _ => Ok(Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::command::{Status, Tail};

    fn ended(code: i32, stdout: &str, stderr: &str) -> Ended {
        let tail = |text: &str| Tail {
            bytes: text.into(),
            dropped: 0,
        };
        Ended {
            status: Status::Exited(code),
            stopped: false,
            stdout: tail(stdout),
            stderr: tail(stderr),
        }
    }

    #[test]
    fn what_puppet_resource_prints_is_read() {
        let text = "---\nuser:\n  root:\n    ensure: present\n    uid: 0\n    groups: []\n  daemon:\n    ensure: present\n";
        let found = resources(&ended(0, text, ""), "user").unwrap();
        assert_eq!(found["root"]["uid"], json!("0"));
        assert_eq!(found.len(), 2);
        assert_eq!(
            resources(&ended(0, "--- {}\n", ""), "user").unwrap().len(),
            0
        );
        let error = resources(
            &ended(1, "", "Error: Could not find type nosuch\n"),
            "nosuch",
        )
        .unwrap_err();
        assert_eq!(
            error.message,
            "puppet resource had exit code 1: Error: Could not find type nosuch"
        );
        let mut long = ended(0, text, "");
        long.stdout.dropped = 1;
        assert!(resources(&long, "user").is_err());
        assert!(resources(&ended(0, "- [", ""), "user").is_err());
    }
}
