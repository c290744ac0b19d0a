//! Calls as a node gets them, with files as Puppet writes them.

mod states;

use std::{fmt::Write as _, path::PathBuf, sync::Arc};

use super::*;
use crate::{
    agent::{host::Host, testing::Site},
    mcorpc::names::ActionName,
    sys::{
        command::Launcher,
        file::{self, Mode},
    },
};

struct Node {
    site: Site,
    host: Arc<Host>,
}

impl Node {
    /// With a Puppet that is this script.
    fn new(script: &str, extra: &str) -> Self {
        let site = Site::new();
        let dir = site.fixture.dir.path();
        let program = dir.join("puppet");
        let text = format!("#!/bin/sh\ncd {}\n{script}\n", dir.display());
        file::write_program(&program, &text);
        let mut config = format!(
            "plugin.puppet.command = {} run\n{extra}\n",
            program.display()
        );
        for setting in puppet::Paths::SETTINGS {
            writeln!(
                config,
                "plugin.puppet.{setting} = {}/{setting}",
                dir.display()
            )
            .unwrap();
        }
        let host = site.host_of(&config);
        Self { site, host }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.site.fixture.path(name)
    }

    fn put(&self, name: &str, text: &str) {
        file::write_atomic(&self.path(name), text.as_bytes(), Mode::Exactly(0o644)).unwrap();
    }

    async fn call(&self, action: &str, inputs: Value) -> Result<Outputs, ActionError> {
        let call = ActionCall {
            action: ActionName::new(action).unwrap(),
            inputs: object(inputs),
            caller: "cert=peadmin".parse().unwrap(),
            sender: "peadmin".parse().unwrap(),
            id: "a".parse().unwrap(),
            host: Arc::clone(&self.host),
            launcher: Launcher::of_daemon().leaving(),
        };
        run(call).await
    }
}

#[tokio::test]
async fn switching_is_told_from_finding_it_so() {
    let node = Node::new("", "");
    let idempotent = json!({"idempotent": true});
    let outputs = node
        .call("disable", json!({"message": "rebuilding"}))
        .await
        .unwrap();
    assert_eq!(
        outputs["status"],
        json!("Succesfully locked the Puppet agent: rebuilding")
    );
    assert_eq!(
        (&outputs["enabled"], &outputs["changed"]),
        (&json!(false), &json!(true))
    );
    let error = node.call("disable", json!({})).await.unwrap_err();
    assert_eq!(error.message, "Could not disable Puppet: Already disabled");
    assert_eq!(
        (error.code, &error.outputs["enabled"]),
        (StatusCode::ABORTED, &json!(false))
    );
    let outputs = node.call("disable", idempotent.clone()).await.unwrap();
    assert_eq!(outputs["status"], json!("Already disabled: rebuilding"));
    assert_eq!(outputs["changed"], json!(false));
    let error = node.call("runonce", idempotent.clone()).await.unwrap_err();
    assert_eq!(error.message, "Puppet is disabled: 'rebuilding'");
    let outputs = node.call("enable", json!({})).await.unwrap();
    assert_eq!(
        outputs["status"],
        json!("Succesfully enabled the Puppet agent")
    );
    let error = node.call("enable", json!({})).await.unwrap_err();
    assert_eq!(error.message, "Could not enable Puppet: Already enabled");
    // Only who says so is meant, and not a text or a number that looks like it.
    for not_said in [json!(false), json!(null), json!("true"), json!(1)] {
        let inputs = json!({"idempotent": not_said});
        let error = node.call("enable", inputs).await.unwrap_err();
        assert_eq!(
            (
                error.code,
                &error.outputs["enabled"],
                &error.outputs["changed"]
            ),
            (StatusCode::ABORTED, &json!(true), &json!(false))
        );
    }
    let outputs = node.call("enable", idempotent).await.unwrap();
    assert_eq!(outputs["status"], json!("Already enabled"));
    let outputs = node.call("disable", json!({})).await.unwrap();
    let status = outputs["status"].as_str().unwrap();
    assert!(
        status.contains("Disabled via MCollective by cert=peadmin at 20"),
        "{status}"
    );
}

#[tokio::test]
async fn a_run_is_begun_followed_and_not_begun_twice() {
    let node = Node::new(
        "echo $$ >agent_catalog_run_lockfile; echo \"$@\" >arguments\nuntil [ -e go ]; do sleep 0.01; done\n\
         rm agent_catalog_run_lockfile; echo Error: it broke >&2; exit 1",
        "plugin.puppet.splaylimit = 7",
    );
    let status = node.call("status", json!({})).await.unwrap();
    assert_eq!(status["run_request"], json!(""));
    let inputs = json!({"tags": "a,b", "noop": true});
    let outputs = node.call("runonce", inputs).await.unwrap();
    assert!(outputs["initiated_at"].as_i64().unwrap() > 1_000_000_000);
    assert_eq!(outputs["changed"], json!(true));
    let status = node.call("status", json!({})).await.unwrap();
    assert_eq!(
        status["message"],
        json!("Currently applying a catalog; never run")
    );
    assert_eq!(status["run"]["state"], json!("running"));
    assert_eq!(status["run_request"], json!("a"));
    let error = node.call("runonce", json!({})).await.unwrap_err();
    assert_eq!(
        error.message,
        "Puppet is currently applying a catalog, cannot run now"
    );
    let outputs = node
        .call("runonce", json!({"idempotent": true}))
        .await
        .unwrap();
    assert_eq!(outputs["changed"], json!(false));
    node.put("go", "");
    loop {
        let status = node.call("status", json!({})).await.unwrap();
        if status["run"]["exitcode"] == json!(1) {
            assert_eq!(status["run"]["words"], json!("Error: it broke"));
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let arguments = file::read_text(&node.path("arguments"), 1000).unwrap();
    assert_eq!(
        arguments,
        "run --onetime --no-daemonize --color=false --show_diff --verbose --tags a,b --splay --splaylimit 7 --noop\n"
    );
    let error = node
        .call("runonce", json!({"splaylimit": 1.5}))
        .await
        .unwrap_err();
    assert_eq!(error.message, "Invalid splaylimit '1.5' specified");
}

#[tokio::test]
async fn the_last_run_is_told_and_what_is_missing_is_a_sentence() {
    let node = Node::new("", "");
    let outputs = node
        .call("last_run_summary", json!({"logs": true}))
        .await
        .unwrap();
    assert_eq!(
        (&outputs["total_resources"], &outputs["lastrun"]),
        (&json!(0), &json!(0))
    );
    let problem = outputs["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("Puppet has never completed a run here; "),
        "{problem}"
    );
    node.put(
        "lastrunfile",
        "version: {config: 1795479548, puppet: 7.23.0}\nresources: {total: 9, changed: 2, failed: 0}\n\
         time: {total: 0.022, config_retrieval: 0.5, last_run: 1795479548}\nchanges: {total: 2}\n",
    );
    node.put(
        "lastrunreport",
        "--- !ruby/object:Puppet::Transaction::Report\nlogs:\n- level: notice\n  message: hello\n",
    );
    node.put("resourcefile", "file[/a]\nfile[/b]\nnginx::vhost[c]\n");
    let outputs = node
        .call("last_run_summary", json!({"logs": true}))
        .await
        .unwrap();
    for (name, expected) in [
        ("run_result", json!("changed")),
        ("total_resources", json!(9)),
        ("total_time", json!(0.022)),
        ("config_version", json!(1_795_479_548)),
        ("type_distribution", json!({"File": 2, "Nginx::Vhost": 1})),
    ] {
        assert_eq!(outputs[name], expected, "{name}");
    }
    assert_eq!(outputs["logs"][0]["msg"], json!("hello"));
    assert_eq!(outputs["summary"]["events"], json!({}));
    assert!(!outputs.contains_key("problem"));
    // What a run without a catalog leaves.
    node.put(
        "lastrunfile",
        "version: {puppet: 7.23.0}\ntime: {last_run: 1795479548}\n",
    );
    let outputs = node.call("last_run_summary", json!({})).await.unwrap();
    assert_eq!(outputs["run_result"], json!("failed"));
    for count in [
        "failed_resources",
        "changed_resources",
        "out_of_sync_resources",
    ] {
        assert_eq!(outputs[count], json!(-1), "{count}");
    }
    node.put("lastrunfile", "version:\n  con");
    let outputs = node.call("last_run_summary", json!({})).await.unwrap();
    assert!(
        outputs["problem"]
            .as_str()
            .unwrap()
            .starts_with("lastrunfile "),
        "{outputs:?}"
    );
}

#[tokio::test]
async fn single_resources_are_for_those_that_are_allowed() {
    let node = Node::new("", "");
    let inputs = json!({"type": "File", "name": "/tmp/x", "ensure": "present"});
    let error = node.call("resource", inputs.clone()).await.unwrap_err();
    assert_eq!(
        error.message,
        "The file type is not listed in the type whitelist"
    );
    let node = Node::new("", "plugin.puppet.resource_type_whitelist = file");
    node.put("resourcefile", "file[/tmp/x]\n");
    let error = node.call("resource", inputs.clone()).await.unwrap_err();
    assert_eq!(
        error.message,
        "Puppet is managing the resource 'File[/tmp/x]', refusing to create conflicting states"
    );
    node.put("resourcefile", "");
    let error = node.call("resource", inputs.clone()).await.unwrap_err();
    assert_eq!(
        error.message,
        "Puppet may be managing the resource 'File[/tmp/x]', as resourcefile is empty; refusing to create conflicting states"
    );
    node.put("resourcefile", "\n");
    let error = node.call("resource", inputs).await.unwrap_err();
    assert!(
        error.message.contains("does not end with `agent`"),
        "{error}"
    );
    let error = node
        .call("resource", json!({"type": "a{", "name": "x"}))
        .await
        .unwrap_err();
    assert_eq!(error.message, "'a{' can't be the name of a type");
}

#[tokio::test]
async fn a_resource_is_changed_by_puppet_apply() {
    let node = Node::new(
        "[ $1 = config ] && exit 1\necho \"$@\" >arguments; for last; do :; done; cat $last; exit 2",
        "",
    );
    let dir = node.site.fixture.dir.path().display().to_string();
    let config = format!(
        "plugin.puppet.command = {dir}/puppet agent\nplugin.puppet.resource_type_blacklist = none\n\
         plugin.puppet.resourcefile = {dir}/none"
    );
    let node = Node {
        host: node.site.host_of(&config),
        ..node
    };
    let inputs = json!({"type": "File", "name": "/tmp/x", "content": "it's", "idempotent": true});
    let outputs = node.call("resource", inputs).await.unwrap();
    assert_eq!(outputs["changed"], json!(true));
    let manifest = outputs["result"].as_str().unwrap();
    let end = "\nfile { '/tmp/x':\n  content => 'it\\'s',\n}";
    assert!(manifest.ends_with(end), "{manifest}");
    let arguments = file::read_text(&node.path("arguments"), 10_000).unwrap();
    assert!(
        arguments.starts_with("apply --detailed-exitcodes --color=false "),
        "{arguments}"
    );
    assert!(arguments.contains("--classfile="), "{arguments}");
    let left: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with("puppet-resource")),
        "{left:?}"
    );
}

#[test]
fn what_a_broken_puppet_does_not_say_is_not_claimed() {
    let doubt = || Some("Puppet is broken, so ...".to_owned());
    let end = |lock, doubt, changed| ending(lock, doubt, changed, "Done".into(), true);
    let unknown = || Lock::Unknown("no lock there".into());
    assert_eq!(end(Lock::Open, None, true), Ok("Done".into()));
    for lock in [Lock::Open, unknown(), Lock::Closed("x".into())] {
        let told = Ok("Done (Puppet is broken, so ...)".into());
        assert_eq!(end(lock, doubt(), true), told);
    }
    assert_eq!(
        end(unknown(), doubt(), false),
        Err(format!("{UNKNOWN_LOCK}: Puppet is broken, so ..."))
    );
    let known = Ok("Already enabled".into());
    assert_eq!(end(Lock::Open, doubt(), false), known);
}
