//! Reports on nodes: `inventory` in all its ways, and `facts`.

use std::{fs, os::unix::fs::MetadataExt as _};

use serde_json::{Value, json};

use crate::support::{Ended, Fleet, Node};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn node(facts: &str, extra: &str) -> Node {
    Node {
        facts: facts.to_owned(),
        classes: "common\nrole::web\n".to_owned(),
        extra: extra.to_owned(),
        ..Node::default()
    }
}

#[test]
fn collectives_are_counted_and_drawn() {
    let fleet = Fleet::with(&[
        node("a: 1\n", "collectives = mcollective,eu\n"),
        node("a: 1\n", ""),
    ]);
    for option in ["--list-collectives", "--lc"] {
        let ended = fleet.mco(["inventory", option]).exits(0);
        assert_eq!(
            ended.stdout,
            format!(
                "   {:<30} Nodes\n   {:<30} =====\n   {:<30} 1\n   {:<30} 2\n\n   {:>30} 2\n\n",
                "Collective", "==========", "eu", "mcollective", "Total nodes:"
            )
        );
    }
    let document = fleet.mco(["inventory", "--lc", "-o", "json"]).exits(0);
    assert_eq!(
        parse(&document.stdout)["collectives"],
        json!([
            {"name": "eu", "count": 1, "nodes": ["node1"]},
            {"name": "mcollective", "count": 2, "nodes": ["node1", "node2"]},
        ])
    );
    let file = fleet.path("fleet.dot");
    for option in ["--collective-graph", "--cg", "--map"] {
        let ended = fleet
            .mco(["inventory", option, file.to_str().unwrap()])
            .exits(0);
        let (first, last) = ended.stdout.split_once('\n').unwrap();
        assert_eq!(first, "Retrieving collective info....");
        assert_eq!(
            last,
            format!("Graph of 2 nodes has been written to {}\n", file.display())
        );
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "graph {\n   subgraph \"eu\" {\n      \"node1\" -- \"eu\"\n   }\n   subgraph \"mcollective\" {\n      \
             \"node1\" -- \"mcollective\"\n      \"node2\" -- \"mcollective\"\n   }\n}\n"
        );
        fs::remove_file(&file).unwrap();
    }
    fleet
        .mco(["inventory", "--cg", "/nonexistent/x.dot"])
        .exits(70)
        .complains("/nonexistent/x.dot");
}

#[test]
fn fields_and_templates_print_a_line_for_each_node() {
    let fleet = Fleet::start(3);
    let ended = fleet
        .mco(["inventory", "--fields", "identity,facts.os.family,classes"])
        .exits(0);
    assert_eq!(
        ended.sorted(),
        [
            "node1\tDebian\tcommon, role::web",
            "node2\tDebian\tcommon, role::db",
            "node3\tDebian\tcommon, role::mail",
        ]
    );
    let template = [
        "inventory",
        "--template",
        "{identity:8}|{facts.processorcount:>3}|",
    ];
    let ended = fleet
        .mco(template.iter().chain(&["-F", "role=web"]))
        .exits(0);
    assert_eq!(ended.stdout, "node1   |  1|\n");
    let table = [
        "inventory",
        "--fields",
        "identity,facts.role",
        "-o",
        "table",
    ];
    let table = fleet.mco(table.iter().chain(&["--sort"])).exits(0);
    assert_eq!(
        table.stdout,
        "identity  facts.role\nnode1     web\nnode2     db\nnode3     mail\n"
    );
    let words = ["inventory", "node2", "--fields", "identity,facts.os", "-j"];
    assert_eq!(
        parse(&fleet.mco(words).exits(0).stdout),
        json!([{"identity": "node2", "facts.os": {"family": "Debian", "release": {"major": "12"}}}])
    );
    let wrong = |words: &[&str], why: &str| {
        let words = ["inventory"].iter().chain(words);
        fleet.mco(words).exits(64).complains(why);
    };
    wrong(&["--fields", "identty"], "hint: did you mean `identity`?");
    wrong(&[], "Need to specify either a node name or other options");
    wrong(
        &["--script", "x.mc"],
        "--template '{identity}: {facts.role}'",
    );
    wrong(&["--lc", "--fields", "identity"], "--fields");
    wrong(&["--template", "{"], "the template does not close `{`");
}

#[test]
fn one_node_is_asked_and_no_other() {
    let fleet = Fleet::start(2);
    let document = parse(&fleet.mco(["inventory", "node2", "-j"]).exits(0).stdout);
    assert_eq!(document["identity"], "node2");
    assert_eq!(document["inventory"]["facts"]["role"], "db");
    assert!(document["daemon_stats"]["pid"].is_number());
    assert_eq!(document["replies"].as_array().unwrap().len(), 1);
    let table = fleet.mco(["inventory", "node2", "-o", "table"]).exits(0);
    let table = table.says("Section ").says("\nfact ").says("\nagent ");
    table.says("\nstatistics   Version");
    fleet
        .mco(["inventory", "gone", "--dt", "0.1"])
        .exits(4)
        .complains("error: Did not receive any results from node gone: no answer\nhint: ");
    let document = fleet.mco(["inventory", "gone", "--dt", "0.1", "-o", "json"]);
    let document = parse(&document.exits(4).stdout);
    assert_eq!(document["no_response"][0]["reason"], "not_connected");
    fleet
        .mco(["inventory", "node1", "-F", "role=db"])
        .exits(1)
        .complains("node1: it does not match the filter");
}

#[test]
fn facts_are_counted_whatever_they_are() {
    let fleet = Fleet::with(&[
        node("os: {family: Debian, n: 1}\nlist: [a, b]\ncount: 7\n", ""),
        node("os: {family: Debian, n: 1}\nlist: [a]\n", ""),
        node(
            "os: {family: RedHat, n: 1}\nlist: [a, b]\nlong: 123456789012345678901234567890123456789012345\n",
            "",
        ),
    ]);
    let facts = |words: &[&str]| fleet.mco(["facts"].iter().chain(words)).exits(0).stdout;
    let row = |value: &str, count: u32| format!("        {value:<40} found {count} times\n");
    let report = facts(&["os.family"]);
    let rows = row("Debian", 2) + &row("RedHat", 1);
    assert!(
        report.starts_with(&format!(
            "Report for fact: os.family\n\n{rows}\nFinished processing 3 / 3 hosts in "
        )),
        "{report}"
    );
    let os = row(r#"{"family"=>"Debian", "n"=>"1"}"#, 2);
    assert!(facts(&["os"]).contains(&os));
    assert!(facts(&["list"]).contains(&row(r#"["a", "b"]"#, 2)));
    assert!(facts(&["list.1"]).contains(&row("b", 2)));
    assert!(facts(&["count"]).contains(&row("7", 1)));
    let verbose = facts(&["os.family", "-v"]);
    assert!(
        verbose.contains(&format!(
            "{}\n            node1\n            node2\n\n{}\n            node3\n\n",
            row("Debian", 2),
            row("RedHat", 1)
        )),
        "{verbose}"
    );
    let long = facts(&["long"]);
    assert!(long.contains("        123456789012345678901234567890123456789012345 found 1 times\n"));
    assert!(facts(&["nosuch"]).starts_with("No values found for fact nosuch\n"));
    let table = fleet.mco(["facts", "os.family", "-o", "table"]).exits(0);
    assert_eq!(table.stdout, "Value   Count\nDebian  2\nRedHat  1\n");
    let senders = fleet.mco(["facts", "long", "-o", "senders"]).exits(0);
    assert_eq!(senders.stdout, "node3\n");
    let values = parse(&facts(&["os", "-o", "json"]));
    assert_eq!(
        values["values"][0]["value"],
        json!({"family": "Debian", "n": "1"})
    );
    fleet
        .mco(["facts"])
        .exits(64)
        .complains("Please specify a fact to report for");
}

#[test]
fn names_are_kept_for_their_owner_and_may_be_impossible_to_keep() {
    let fleet = Fleet::start(1);
    let names = fleet.path(".cache/mcollective/names");
    // Somebody's file is in the way.
    fs::create_dir_all(names.parent().unwrap()).unwrap();
    fs::write(&names, "").unwrap();
    let find = || -> Ended { fleet.command(["find"]).output().unwrap().into() };
    let ended = find().exits(0);
    assert_eq!(ended.stdout, "node1\n");
    assert!(!ended.stderr.contains("names"), "{}", ended.stderr);
    fs::remove_file(&names).unwrap();
    find().exits(0);
    let files: Vec<_> = fs::read_dir(&names)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert_eq!(files.len(), 1);
    let there = files[0].metadata().unwrap();
    assert_eq!(there.mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&names).unwrap().mode() & 0o777, 0o700);
}
