//! A fleet of real processes over mutual TLS: every application, and what it prints.

use serde_json::Value;

use nix::sys::signal::Signal;

use crate::support::Fleet;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn everybody_answers_a_ping() {
    let fleet = Fleet::start(4);
    let ended = fleet
        .mco(["ping"])
        .exits(0)
        .says("\n\n---- ping statistics ----\n4 replies max: ");
    // The broker is younger than the time in which a fleet comes back to it.
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:#?}");
    let ended = ended.complains("warning: the broker was started ");
    assert_eq!(fleet.mco(["ping", "-q"]).exits(0).stderr, "");
    let rows: Vec<&str> = ended
        .stdout
        .lines()
        .filter(|line| line.contains(" time="))
        .collect();
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert_eq!(row.find(" time="), Some(40), "{row}");
    }
    fleet
        .mco(["ping", "-F", "country=uk"])
        .exits(0)
        .says("1 replies max");
    fleet
        .mco(["ping", "-F", "country=zz"])
        .exits(4)
        .says("No responses received");
    let answer = json(&fleet.mco(["ping", "--json"]).exits(0).stdout);
    assert_eq!(answer["replies"].as_array().unwrap().len(), 4);
}

#[test]
fn filters_choose_nodes() {
    let fleet = Fleet::start(4);
    let find = |words: &[&str]| -> Vec<String> {
        let ended = fleet.mco(["find"].iter().chain(words));
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:#?}");
        assert_eq!(ended.code == Some(1), ended.stdout.is_empty(), "{ended:#?}");
        ended.sorted().into_iter().map(str::to_owned).collect()
    };
    assert_eq!(find(&[]), ["node1", "node2", "node3", "node4"]);
    assert_eq!(find(&["-F", "country=de"]), ["node2"]);
    assert_eq!(
        find(&["-F", "country=/^(u|d)/"]),
        ["node1", "node2", "node4"]
    );
    assert_eq!(find(&["-F", "processorcount>=3"]), ["node3", "node4"]);
    assert_eq!(
        find(&["-F", "os.family=Debian", "-F", "country!=uk"]),
        ["node2", "node3", "node4"]
    );
    assert_eq!(find(&["-C", "role::web"]), ["node1", "node4"]);
    assert_eq!(find(&["-C", "/^role::(db|mail)$/"]), ["node2", "node3"]);
    assert_eq!(find(&["-W", "role::web country=us"]), ["node4"]);
    assert_eq!(
        find(&["-A", "rpcutil", "-I", "/node[12]/"]),
        ["node1", "node2"]
    );
    assert_eq!(find(&["-A", "nosuch"]), [""; 0]);
    // The original drops every other filter beside -I, and runs on nodes that do not match.
    assert_eq!(find(&["-I", "node1", "-F", "country=de"]), [""; 0]);
    assert_eq!(
        find(&["-I", "node1", "-I", "node2", "-F", "country=de"]),
        ["node2"]
    );
    fleet
        .mco(["find", "-I", "node1", "-F", "country=de"])
        .exits(1);
    fleet
        .mco(["find", "-T", "nosuch"])
        .exits(64)
        .complains("Unknown collective 'nosuch'");
}

#[test]
fn a_silent_node_is_named_and_counts() {
    let fleet = Fleet::start(2);
    let ended = fleet
        .mco([
            "rpc", "rpcutil", "ping", "-I", "node1", "-I", "gone", "--dt", "0.2",
        ])
        .exits(2);
    let ended = ended
        .says("No response from:")
        .says("    gone")
        .says("Finished processing 1 / 2 hosts in ");
    assert!(ended.stdout.contains("node1   "));
    fleet
        .mco([
            "rpc",
            "rpcutil",
            "ping",
            "-I",
            "node1",
            "-I",
            "gone",
            "--dt",
            "0.2",
            "--exit-codes",
            "legacy",
        ])
        .exits(0);
    fleet
        .mco(["rpc", "rpcutil", "ping", "-I", "gone", "--dt", "0.2"])
        .exits(4);
    // A node that does not move is still connected: it was discovered, and did not answer.
    fleet.agents[1].signal(Signal::SIGSTOP);
    fleet
        .mco(["find", "-t", "1"])
        .exits(0)
        .complains("No response from: node2");
    fleet
        .mco(["rpc", "rpcutil", "ping", "-F", "country=/./", "-t", "1"])
        .exits(2)
        .says("    node2");
    fleet.agents[0].signal(Signal::SIGSTOP);
    fleet.mco(["rpc", "rpcutil", "ping", "-t", "1"]).exits(3);
    fleet.mco(["find", "-t", "1"]).exits(3);
    fleet.mco(["find", "-I", "node1", "-t", "1"]).exits(4);
    for agent in &fleet.agents {
        agent.signal(Signal::SIGCONT);
    }
    // What was queued for them in the meantime was void before they saw it, and now they are well.
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
}

#[test]
fn results_look_like_the_originals() {
    let fleet = Fleet::start(2);
    let ended = fleet
        .mco(["rpc", "rpcutil", "get_fact", "fact=role"])
        .exits(0);
    let block = format!("{:<40} \n    Fact: role\n   Value: db\n\n", "node2");
    assert!(ended.stdout.contains(&block), "{ended:#?}");
    let ended = ended
        .says("Summary of Value:\n\n")
        .says("Finished processing 2 / 2 hosts in ");
    assert!(ended.stdout.contains("   web = 1\n"), "{ended:#?}");
    assert!(!ended.stdout.contains('\x1b') && !ended.stdout.contains('\r'));
    let rows = json(
        &fleet
            .mco([
                "rpc",
                "rpcutil",
                "get_fact",
                "fact=role",
                "-I",
                "node2",
                "-j",
            ])
            .exits(0)
            .stdout,
    );
    assert_eq!(
        rows,
        json(
            r#"[{"agent":"rpcutil","action":"get_fact","sender":"node2","statuscode":0,"statusmsg":"OK","data":{"fact":"role","value":"db"}}]"#
        )
    );
    let facts = fleet.mco(["facts", "country"]).exits(0);
    assert!(
        facts.stdout.starts_with(&format!(
            "Report for fact: country\n\n        {:<40} found 1 times\n        {:<40} found 1 times\n\nFinished processing 2 / 2 hosts in ",
            "de", "uk"
        )),
        "{facts:#?}"
    );
    fleet
        .mco(["facts", "country", "-v"])
        .exits(0)
        .says("            node1\n");
    fleet.mco(["facts", "os.family"]).exits(0).says("Debian");
}

#[test]
fn every_action_of_rpcutil_answers() {
    let fleet = Fleet::start(1);
    let call = |words: &[&str]| -> Value {
        let ended = fleet
            .mco(["rpc", "rpcutil", "-j"].iter().chain(words))
            .exits(0);
        json(&ended.stdout)[0]["data"].clone()
    };
    let inventory = call(&["inventory"]);
    let agents = inventory["agents"].as_array().unwrap();
    for agent in ["discovery", "puppet", "puppetral", "rpcutil"] {
        assert!(agents.contains(&agent.into()), "{agents:?}");
    }
    assert_eq!(inventory["facts"]["os"]["family"], "Debian");
    assert_eq!(inventory["classes"], json(r#"["common","role::web"]"#));
    assert_eq!(inventory["collectives"], json(r#"["mcollective"]"#));
    assert_eq!(
        call(&["get_facts", "facts=role,nosuch"])["values"],
        json(r#"{"role":"web","nosuch":null}"#)
    );
    let stats = call(&["daemon_stats"]);
    assert!(
        stats["validated"].as_u64().unwrap() >= 2 && stats["unvalidated"] == 0,
        "{stats}"
    );
    assert_eq!(stats["pid"].as_u64(), Some(fleet.agents[0].pid().into()));
    let described = call(&["agent_inventory"]);
    let mut described = described["agents"].as_array().unwrap().iter();
    assert!(described.any(|agent| agent["agent"] == "rpcutil"));
    assert_eq!(call(&["collective_info"])["main_collective"], "mcollective");
    assert_eq!(
        call(&["get_config_item", "item=identity"])["value"],
        "node1"
    );
    assert_eq!(
        call(&["get_data", "source=fact", "query=os.family"])["value"],
        "Debian"
    );
    assert_eq!(
        call(&["get_data", "source=fstat", "query=/etc/passwd"])["type"],
        "file"
    );
    assert!(call(&["ping"])["pong"].as_u64().unwrap() > 1_700_000_000);
}

#[test]
fn secrets_do_not_leave_a_node() {
    let node = crate::support::Node {
        extra: "plugin.activemq.pool.1.user = bob\nplugin.activemq.pool.1.password = marionette\nplugin.psk = unset\n".into(),
        ..Default::default()
    };
    let fleet = Fleet::with(&[node]);
    let ended = fleet
        .mco(["rpc", "rpcutil", "get_config_item", "item=pluginconf"])
        .exits(0)
        .says("bob");
    assert!(
        !ended.stdout.contains("marionette") && !ended.stdout.contains("unset"),
        "{ended:#?}"
    );
    fleet
        .mco(["rpc", "rpcutil", "get_config_item", "item=freeze"])
        .exits(2)
        .says("Unknown config property freeze");
}

#[test]
fn inventory_tells_all_of_a_node() {
    let fleet = Fleet::start(1);
    let ended = fleet.mco(["inventory", "node1"]).exits(0);
    for text in [
        "Inventory for node1:\n\n   Server Statistics:\n                      Version: ",
        "\n              Main Collective: mcollective\n",
        "   Agents:\n      discovery       ",
        "   Configuration Management Classes:\n    common                         role::web ",
        "   Facts:\n      country => uk\n",
        "      mountpoints => [\"/\", \"/var\"]\n",
        "      os => {\"family\"=>\"Debian\", \"release\"=>{\"major\"=>\"12\"}}\n",
    ] {
        assert!(ended.stdout.contains(text), "{text:?} is not in {ended:#?}");
    }
    fleet
        .mco(["inventory", "gone", "--dt", "0.2"])
        .exits(4)
        .complains("Did not receive any results from node gone");
}

#[test]
fn wrong_calls_are_refused_before_anything_is_sent() {
    let fleet = Fleet::start(0);
    for (words, message) in [
        (vec!["rpc"], "No agent, action and arguments specified"),
        (
            vec!["rpc", "rpcutil", "nosuch"],
            "Attempted to call action nosuch for rpcutil but it's not declared in the DDL",
        ),
        (vec!["rpc", "rpcutl", "ping"], "did you mean `rpcutil`?"),
        (
            vec!["rpc", "rpcutil", "get_fact", "fact"],
            "Could not parse --arg fact",
        ),
        (
            vec!["rpc", "rpcutil", "get_fact"],
            "Action get_fact needs a fact argument",
        ),
        (
            vec!["rpc", "rpcutil", "get_fact", "fact=a b"],
            "Cannot validate input fact",
        ),
        (vec!["facts"], "Please specify a fact to report for"),
        (vec!["inventory"], "Need to specify either a node name"),
        (vec!["find", "-F", "nonsense"], "nonsense"),
        (vec!["ping", "-t", "abc"], "a number of seconds"),
        (vec!["nosuch"], "nosuch"),
    ] {
        fleet.mco(&words).exits(64).complains(message);
    }
    fleet
        .mco(["rpc", "rpcutil", "ping"])
        .exits(1)
        .complains("no node matched");
}
