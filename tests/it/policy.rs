//! Policies hold: who may run what, node by node, and what a caller and the log see of a denial.

use std::fs;

use mcollective::sys::file::{self, Mode};
use serde_json::Value;

use crate::support::{Fleet, Node, run};

const AUTHORIZATION: &str = "rpcauthorization = 1\nrpcauthprovider = action_policy\n";
const DENIED: &str = "You are not authorized to call this agent or action.";

/// Nodes in these countries that note every request, with a policy for `rpcutil`.
fn fleet(countries: &[&str], policy: Option<&str>) -> Fleet {
    let nodes: Vec<Node> = countries
        .iter()
        .map(|country| Node {
            facts: format!("country: {country}\n"),
            classes: "common\n".to_owned(),
            extra: format!(
                "{AUTHORIZATION}rpcaudit = 1\nrpcauditprovider = logfile\n\
                 plugin.rpcaudit.logfile = audit.log\n"
            ),
            ..Node::default()
        })
        .collect();
    let fleet = Fleet::with(&nodes);
    if let Some(policy) = policy {
        for at in 1..=countries.len() {
            put(&fleet, &format!("node{at}/policies/rpcutil.policy"), policy);
        }
    }
    fleet
}

fn put(fleet: &Fleet, name: &str, text: &str) {
    let path = fleet.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    file::write_atomic(&path, text.as_bytes(), Mode::Exactly(0o644)).unwrap();
}

#[test]
fn a_fact_decides_where_an_action_may_run() {
    let policy = "policy default deny\nallow\tcert=peadmin\tping\tcountry=uk\tcommon\n";
    let mut fleet = fleet(&["uk", "de"], Some(policy));
    let ended = fleet
        .mco(["rpc", "rpcutil", "ping", "-j", "-I", "/node/"])
        .exits(2);
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let code = |sender: &str| {
        let row = rows.iter().find(|row| row["sender"] == sender).unwrap();
        (
            row["statuscode"].as_i64().unwrap(),
            row["statusmsg"].clone(),
        )
    };
    assert_eq!(code("node1"), (0, "OK".into()));
    assert_eq!(code("node2"), (1, DENIED.into()));

    let ended = fleet.mco(["rpc", "rpcutil", "ping"]).exits(2);
    let row = format!("{:<40} Request Aborted\n   {DENIED}\n", "node2");
    assert!(ended.stdout.contains(&row), "{ended:#?}");

    // What is denied is logged with the line that decided, and audited.
    let line = fleet.agents[1].wait_for("denied by");
    for part in [
        "caller=cert=peadmin",
        "agent=rpcutil",
        "action=ping",
        "id=",
        "sender=",
        "rpcutil.policy:1, the default",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let audit = fs::read_to_string(fleet.path("node2/audit.log")).unwrap();
    let [decision, outcome] = audit.lines().collect::<Vec<_>>()[..2] else {
        panic!("{audit}");
    };
    assert!(
        decision.contains(r#""decision":"denied","rule":"/"#),
        "{audit}"
    );
    assert!(
        decision.ends_with(r#"/rpcutil.policy:1, the default"}"#),
        "{audit}"
    );
    assert!(outcome.contains(r#""outcome":"denied""#), "{audit}");

    // A changed policy holds from the next request on.
    put(&fleet, "node2/policies/groups", "ops cert=peadmin\n");
    let policy = "policy default deny\nallow\tops\tping get_fact\t*\n";
    put(&fleet, "node2/policies/rpcutil.policy", policy);
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
}

#[test]
fn without_a_policy_all_is_denied_but_discovery() {
    let fleet = fleet(&["uk"], None);
    fleet.mco(["ping"]).exits(0);
    fleet
        .mco(["find", "-F", "country=uk"])
        .exits(0)
        .says("node1");
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(2).says(DENIED);
}

#[test]
fn check_config_lists_what_is_wrong_in_policies() {
    let fleet = fleet(&["uk"], Some("allow cert=peadmin * * *\n"));
    put(&fleet, "node1/policies/groups", "ops ann\n");
    let config = fleet.path("node1/server.cfg");
    let words = [
        "agent".as_ref(),
        "--check-config".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
    ];
    run(words)
        .exits(0)
        .says("policies/rpcutil.policy:1: the line can't be read")
        .says("policies/groups:1: `ann` is no caller");
}
