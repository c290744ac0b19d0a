//! What results look like in each form, on a terminal and in a pipe.

use serde_json::{Value, json};

use crate::support::{Ended, Fleet, Node, OnTerminal};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Standard error, but for the word that the broker is young.
fn errors(ended: &Ended) -> String {
    let lines = ended.stderr.lines();
    let lines = lines.filter(|line| !line.starts_with("warning: the broker was started "));
    lines.collect()
}

/// The applications that ask nodes, and a document from each.
const ASKING: [&[&str]; 5] = [
    &["ping"],
    &["find"],
    &["facts", "role"],
    &["inventory", "node1"],
    &["rpc", "rpcutil", "ping"],
];

#[test]
fn every_application_has_every_form() {
    let fleet = Fleet::start(2);
    for words in ASKING {
        let run = |form: &str| -> Ended {
            let form = ["--output", form];
            fleet.mco(words.iter().chain(&form)).exits(0)
        };
        let document = parse(&run("json").stdout);
        assert_eq!(document["schema"], 1, "{words:?}");
        assert_eq!(document["application"], words[0]);
        assert_eq!(document["ended"], "complete");
        assert!(
            document["broker"]
                .as_str()
                .unwrap()
                .starts_with("localhost:")
        );
        assert_eq!(document["request"]["id"].as_str().unwrap().len(), 32);
        assert_eq!(document["no_response"], json!([]));
        for reply in document["replies"].as_array().unwrap() {
            assert_eq!(reply["outcome"], "ok");
            assert_eq!(reply["statuscode"], 0);
            assert!(reply["ms"].is_number() && reply["data"].is_object());
        }
        let nodes = document["replies"].as_array().unwrap().len();
        assert_eq!(document["stats"]["ok"], nodes);

        let lines: Vec<Value> = run("jsonl").stdout.lines().map(parse).collect();
        assert_eq!(lines.len(), nodes + 1, "{lines:?}");
        assert!(lines[..nodes].iter().all(|line| line["type"] == "reply"));
        assert_eq!(lines[nodes]["type"], "summary");
        assert_eq!(lines[nodes]["stats"]["ok"], nodes);
        assert_eq!(lines[nodes]["schema"], 1);

        let yaml = run("yaml").stdout;
        assert!(
            yaml.starts_with(&format!("schema: 1\napplication: {}\n", words[0])),
            "{yaml}"
        );
        assert!(yaml.contains("replies:\n- sender: node"), "{yaml}");

        let senders = run("senders");
        let expected = if words[0] == "inventory" {
            vec!["node1"]
        } else {
            vec!["node1", "node2"]
        };
        assert_eq!(senders.sorted(), expected, "{words:?}");
        assert_eq!(errors(&senders), "");

        let table = run("table").stdout;
        assert!(table.lines().count() > nodes, "{table}");
        let header = table.lines().next().unwrap();
        assert!(header.starts_with(|c: char| c.is_uppercase()), "{table}");
        // The last that is typed counts.
        let last = fleet.mco(words.iter().chain(&["-j", "-o", "senders"]));
        assert_eq!(last.exits(0).sorted(), expected);
    }
    fleet
        .mco(["ping", "-o", "xml"])
        .exits(64)
        .complains("text, json, jsonl, table, senders, yaml");
}

#[test]
fn documents_say_how_every_node_ended_and_who_did_not_answer() {
    let fleet = Fleet::start(2);
    fleet.agents[1].signal(nix::sys::signal::Signal::SIGSTOP);
    let words = [
        "rpc", "rpcutil", "ping", "-I", "node1", "-I", "node2", "-I", "gone", "-t", "1",
    ];
    let run = |form: &str| fleet.mco(words.iter().chain(&["-o", form])).exits(2);
    let document = parse(&run("json").stdout);
    assert_eq!(
        document["no_response"],
        json!([
            {"sender": "gone", "reason": "not_connected"},
            {"sender": "node2", "reason": "timeout"},
        ])
    );
    assert_eq!(document["stats"]["no_response"], 2);
    assert_eq!(document["stats"]["nodes"], 3);
    let lines: Vec<Value> = run("jsonl").stdout.lines().map(parse).collect();
    assert_eq!(
        lines[1],
        json!({"type": "no_response", "sender": "gone", "reason": "not_connected"})
    );
    let table = run("table").stdout;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["Node", "Outcome", "Message", "Timestamp"]);
    assert_eq!(rows[2], ["gone", "no_response", "not_connected"]);
    assert_eq!(rows[3], ["node2", "no_response", "timeout"]);
    // Where the form has no place for them, they are told of all the same.
    let senders = run("senders").complains("No response from: gone, node2\n");
    assert_eq!(senders.stdout, "node1\n");
    let array = fleet.mco(words.iter().chain(&["-j"])).exits(2);
    assert_eq!(parse(&array.stdout).as_array().unwrap().len(), 1);
    array.complains("No response from: gone, node2\n");
    fleet.agents[1].signal(nix::sys::signal::Signal::SIGCONT);
}

#[test]
fn failures_are_results_and_can_be_picked() {
    let fleet = Fleet::start(1);
    let ask = ["rpc", "rpcutil", "get_config_item", "item=nosuch"];
    let document = parse(&fleet.mco(ask.iter().chain(&["-o", "json"])).exits(2).stdout);
    let reply = &document["replies"][0];
    assert_eq!(reply["outcome"], "failed");
    assert_eq!(reply["statusmsg"], "Unknown config property nosuch");
    assert_eq!(document["stats"]["failed"], 1);
    let senders = |display: &str| {
        let words = ["-o", "senders", "--display", display];
        fleet.mco(ask.iter().chain(&words)).exits(2).stdout
    };
    assert_eq!(senders("failed"), "node1\n");
    assert_eq!(senders("ok"), "");
    let table = fleet.mco(ask.iter().chain(&["-o", "table"])).exits(2);
    let table = table.says("Node   Outcome  Message");
    table.says("node1  failed   Unknown config property nosuch");
}

#[test]
fn summaries_are_in_the_document() {
    let fleet = Fleet::start(4);
    let words = ["rpc", "rpcutil", "get_fact", "fact=role", "-o", "json"];
    let document = parse(&fleet.mco(words).exits(0).stdout);
    assert_eq!(
        document["aggregates"],
        json!([{"output": "value", "title": "Value", "counts": [
            {"value": "web", "count": 2}, {"value": "db", "count": 1}, {"value": "mail", "count": 1},
        ]}])
    );
    let facts = parse(&fleet.mco(["facts", "role", "-j"]).exits(0).stdout);
    assert_eq!(facts["fact"], "role");
    assert_eq!(
        facts["values"][2],
        json!({"value": "web", "count": 2, "nodes": ["node1", "node4"]})
    );
    let found = parse(
        &fleet
            .mco(["find", "-F", "role=web", "-j", "--sort"])
            .exits(0)
            .stdout,
    );
    assert_eq!(found, json!(["node1", "node4"]));
    let nobody = ["rpc", "rpcutil", "ping", "-F", "country=zz"];
    let none = fleet.mco(nobody.iter().chain(&["-j"])).exits(1);
    assert_eq!(none.stdout, "[]\n");
    let none = fleet.mco(nobody.iter().chain(&["-o", "json"])).exits(1);
    assert_eq!(parse(&none.stdout)["stats"]["not_matching"], 4);
}

#[test]
fn a_dry_run_has_every_form() {
    let fleet = Fleet::start(2);
    let words = ["rpc", "rpcutil", "get_fact", "fact=role", "--dry-run", "-o"];
    let run = |form: &str| fleet.mco(words.iter().chain(&[form])).exits(0);
    let document = parse(&run("json").stdout);
    assert_eq!(document["dry_run"], true);
    assert_eq!(document["request"]["data"], json!({"fact": "role"}));
    assert_eq!(document["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(run("senders").sorted(), ["node1", "node2"]);
    assert_eq!(run("jsonl").stdout.lines().count(), 3);
    assert!(run("yaml").stdout.contains("dry_run: true\n"));
    assert_eq!(run("table").sorted(), ["Node", "node1", "node2"]);
}

/// A node whose facts try to drive the terminal.
fn hostile() -> Node {
    Node {
        facts: "evil: \"\\e[2J\\x9b2Jgone\\u202eback\\rover\"\n".to_owned(),
        ..Node::default()
    }
}

#[test]
fn no_form_lets_a_node_drive_the_terminal() {
    let fleet = Fleet::with(&[hostile()]);
    let asked: [&[&str]; 4] = [
        &["rpc", "rpcutil", "get_fact", "fact=evil"],
        &["rpc", "rpcutil", "get_fact", "fact=evil", "-v"],
        &["facts", "evil"],
        &["inventory", "node1"],
    ];
    for words in asked {
        for form in ["text", "json", "jsonl", "table", "senders", "yaml"] {
            let ended = fleet.mco(words.iter().chain(&["-o", form])).exits(0);
            let bad = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
            assert_eq!(
                ended.stdout.chars().find(bad),
                None,
                "{words:?} {form}: {ended:#?}"
            );
            assert_eq!(errors(&ended), "");
        }
    }
    let words = ["rpc", "rpcutil", "get_fact", "fact=evil", "-j"];
    let rows = parse(&fleet.mco(words).exits(0).stdout);
    assert_eq!(
        rows[0]["data"]["value"],
        "\u{1b}[2J\u{9b}2Jgone\u{202e}back\rover"
    );
}

#[test]
fn colours_are_for_terminals_unless_the_operator_says_otherwise() {
    let fleet = Fleet::start(1);
    let painted = |words: &[&str], environment: &[(&str, &str)], terminal: bool| -> bool {
        let words: Vec<&str> = ["rpc", "rpcutil", "ping"]
            .iter()
            .chain(words)
            .copied()
            .collect();
        let mut command = fleet.command(&words);
        command.envs(environment.iter().copied());
        let text = if terminal {
            OnTerminal::spawn(command).end().0
        } else {
            Ended::from(command.output().unwrap()).exits(0).stdout
        };
        assert!(text.contains("Finished processing"), "{text}");
        text.contains("\u{1b}[32m1\u{1b}[0m / ")
    };
    assert!(!painted(&[], &[], false));
    assert!(painted(&[], &[], true));
    assert!(painted(&["--color", "always"], &[], false));
    assert!(!painted(&["--color", "never"], &[], true));
    assert!(!painted(&[], &[("NO_COLOR", "1")], true));
    assert!(painted(&["--color=always"], &[("NO_COLOR", "1")], false));
}

#[test]
fn progress_is_on_a_terminal_and_names_who_is_missing() {
    let fleet = Fleet::start(2);
    fleet.agents[1].signal(nix::sys::signal::Signal::SIGSTOP);
    let ping = ["rpc", "rpcutil", "ping", "-t", "3"];
    let mut terminal = OnTerminal::spawn(fleet.command(ping));
    terminal.wait_for("1 / 2  node2");
    let (text, code) = terminal.end();
    assert!(text.contains("Finished processing"), "{text}");
    assert_eq!(code, Some(2));
    for quiet in [["--np"], ["-q"], ["-j"]] {
        let words = ["rpc", "rpcutil", "ping", "-I", "node1"];
        let words: Vec<&str> = words.iter().chain(&quiet).copied().collect();
        let (text, code) = OnTerminal::spawn(fleet.command(&words)).end();
        assert!(!text.contains("1 / 1  "), "{text}");
        assert_eq!(code, Some(0));
    }
    fleet.agents[1].signal(nix::sys::signal::Signal::SIGCONT);
}
