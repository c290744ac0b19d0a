//! What keeps an operator from doing more than was meant: the end of a call that goes wrong, and
//! the question before it begins.

use std::{fs, process::Stdio};

use nix::sys::signal::Signal;

use crate::support::{Ended, Fleet, OnTerminal};

/// What fails on every node.
const FAILING: [&str; 6] = [
    "rpc",
    "rpcutil",
    "get_config_item",
    "item=nosuch",
    "--batch",
    "1",
];

#[test]
fn too_many_failures_end_it_between_two_batches() {
    let fleet = Fleet::start(4);
    let run = |words: &[&str]| -> Ended {
        let pause = ["--batch-sleep", "0"];
        let words = FAILING.iter().chain(&pause).chain(words);
        fleet.command(words).output().unwrap().into()
    };
    let ended = run(&["--max-fail", "1"]).exits(2);
    let ended = ended.says("Finished processing 2 / 2 hosts in ");
    let ended = ended.complains("Stopped: 2 nodes failed, and --max-fail allows 1\n");
    let not_asked = ended.stdout.split("Not asked:").nth(1).unwrap();
    let mut left: Vec<&str> = not_asked.split_whitespace().collect();
    left.sort_unstable();
    assert_eq!(left.len(), 2, "{ended:#?}");
    // The list that is named there takes up where it ended.
    let list = ended
        .stderr
        .split("ask them with `--nodes ")
        .nth(1)
        .unwrap();
    let list = list.split('`').next().unwrap();
    assert!(list.starts_with(fleet.path(".local/state/mcollective").to_str().unwrap()));
    let rest = fleet.mco(["find", "--nodes", list]).exits(0);
    assert_eq!(rest.sorted(), left);

    // A percentage is of all, and what is allowed does not stop it.
    run(&["--max-fail", "50%"]).exits(2).says("3 / 3 hosts");
    let own = fleet.path("rest.nodes");
    let words = ["--max-fail", "4", "--untouched", own.to_str().unwrap()];
    let ended = run(&words).exits(2).says("4 / 4 hosts");
    assert!(!ended.stderr.contains("Stopped"), "{ended:#?}");
    let text = fs::read_to_string(&own).unwrap();
    assert_eq!(text.lines().count(), 1, "nobody is on it: {text}");
    let words = [
        "--max-fail",
        "0",
        "--untouched",
        own.to_str().unwrap(),
        "-o",
        "json",
    ];
    let ended = run(&words).exits(2);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["ended"], "max_fail");
    assert_eq!(document["not_asked"].as_array().unwrap().len(), 3);
    let text = fs::read_to_string(&own).unwrap();
    assert_eq!(
        text.lines().filter(|line| line.starts_with("node")).count(),
        3
    );

    // Silence is a failure, too, also where the original's codes are wanted.
    for agent in &fleet.agents[2..] {
        agent.signal(Signal::SIGSTOP);
    }
    let hosts = fleet.path("hosts.txt");
    fs::write(&hosts, "node3\nnode1\n").unwrap();
    let words = [
        "rpc",
        "rpcutil",
        "ping",
        "--nodes",
        hosts.to_str().unwrap(),
        "--batch",
        "1",
        "--max-fail",
        "0",
        "-t",
        "1",
        "--exit-codes",
        "legacy",
    ];
    fleet.mco(words).exits(3).says("Not asked:\n\n    node1 ");
    for agent in &fleet.agents[2..] {
        agent.signal(Signal::SIGCONT);
    }
    fleet
        .mco(["rpc", "rpcutil", "ping", "--max-fail", "1"])
        .exits(64)
        .complains("hint: ask them in batches with `--batch SIZE`");
    fleet
        .mco(["rpc", "rpcutil", "ping", "--batch", "1", "--max-fail", "x"])
        .exits(64)
        .complains("a number of nodes or a percentage is needed");
}

#[test]
fn a_question_names_the_nodes_and_no_answer_is_no() {
    let fleet = Fleet::start(2);
    let ping = ["rpc", "rpcutil", "ping", "--confirm"];
    let ended = fleet.mco(ping).exits(1);
    let ended =
        ended.complains("Do you really want to run rpcutil#ping unfiltered on 2 nodes (node");
    let ended = ended.complains("hint: say yes beforehand with `--yes`");
    assert_eq!(ended.stdout, "");
    fleet
        .mco(ping.iter().chain(&["-y"]))
        .exits(0)
        .says("2 / 2 hosts");
    fleet
        .mco(ping.iter().chain(&["--dry-run"]))
        .exits(0)
        .says("Dry run");

    let answered = |answer: &str, words: &[&str]| {
        let words = ping.iter().chain(words);
        let mut terminal = OnTerminal::spawn(fleet.command(words));
        terminal.wait_for("(y/n): ");
        terminal.type_in(answer);
        terminal.end()
    };
    let (text, code) = answered("y\n", &["-F", "country=de"]);
    assert!(
        text.contains("run rpcutil#ping on 1 node (node2)? (y/n)"),
        "{text}"
    );
    assert!(text.contains("\r\nnode2 ") && code == Some(0), "{text}");
    let (text, code) = answered("n\n", &[]);
    assert!(!text.contains("Finished") && code == Some(1), "{text}");
    // ^D and ^C are no answers.
    assert_eq!(answered("\u{4}", &[]).1, Some(1));
    let mut terminal = OnTerminal::spawn(fleet.command(ping));
    terminal.wait_for("(y/n): ");
    terminal.signal(Signal::SIGINT);
    assert_eq!(terminal.end().1, Some(130));
    // Nobody is asked about nobody.
    let nobody = fleet.command(ping.iter().chain(&["-F", "country=zz"]));
    let (text, code) = OnTerminal::spawn(nobody).end();
    assert!(!text.contains("(y/n)") && code == Some(1), "{text}");
    let piped = fleet.command(ping).stdin(Stdio::piped()).output().unwrap();
    Ended::from(piped).exits(1);
}
