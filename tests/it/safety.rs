//! What keeps an operator from doing more than was meant: the end of a call that goes wrong, and
//! the question before it begins.

use std::{
    fs,
    io::{self, BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use mcollective::{
    config::ClientConfig,
    connector::{Connection, Event, Policy},
    mcorpc::names::Identity,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

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
    let ended = ended.says("Finished processing 2 / 4 hosts in ");
    let ended =
        ended.complains("Stopped: 2 nodes failed or did not answer, and --max-fail allows 1\n");
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
    run(&["--max-fail", "50%"]).exits(2).says("3 / 4 hosts");
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

    // Where it can't be kept, nobody is asked.
    let words = ["--max-fail", "9", "--untouched", "/nonexistent/x", "-q"];
    let ended = run(&words)
        .exits(64)
        .complains("error: cannot write the list of nodes");
    assert_eq!(ended.stdout, "");

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
        .complains("a number of nodes or a percentage up to 100% is needed");
}

#[test]
fn a_question_names_the_nodes_and_no_answer_is_no() {
    let fleet = Fleet::start(2);
    let ping = ["rpc", "rpcutil", "ping", "--ask"];
    let ended = fleet.mco(ping).exits(64);
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
    Ended::from(piped).exits(64);
    // How many are taken does not say which are meant.
    for limit in [&["--limit", "1"][..], &["--one"]] {
        let ended = fleet.mco(["service", "cron", "restart"].iter().chain(limit));
        ended.exits(64).complains("on 1 node (node");
    }
    // Who did not say whether it is meant is not asked, and not forgotten.
    fleet.agents[0].signal(Signal::SIGSTOP);
    let (text, code) = answered("y\n", &["--dt", "0.3"]);
    assert!(text.contains("on 1 node (node2)?"), "{text}");
    assert!(
        text.contains("No response from:") && code == Some(2),
        "{text}"
    );
    assert!(text.contains("    node1 "), "{text}");
    // Where a limit is met, enough others said it.
    let limited = |limit: &str| {
        let words = ["rpc", "rpcutil", "ping", "--dt", "0.3", "--limit", limit];
        fleet.mco(words)
    };
    limited("1").exits(0).says("1 / 1 hosts");
    let ended = limited("2").exits(2).says("1 / 2 hosts");
    ended.says("No response from:\n\n    node1 ");
    fleet.agents[0].signal(Signal::SIGCONT);
}

/// A child's first line on standard output that begins like this.
fn wait_for_line(lines: &mut impl Iterator<Item = io::Result<String>>, begin: &str) {
    let found = lines.find(|line| line.as_ref().unwrap().starts_with(begin));
    assert!(found.is_some(), "it ended too early");
}

#[test]
fn an_interrupt_shows_what_arrived_and_who_is_missing() {
    let fleet = Fleet::start(2);
    fleet.agents[1].signal(Signal::SIGSTOP);
    let end = |words: &[&str], begin: &str, signal: Signal| -> (String, Option<i32>) {
        let forever = ["-t", "600", "-q"];
        let mut command = fleet.command(words.iter().chain(&forever));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut lines = BufReader::new(stdout).lines();
        wait_for_line(&mut lines, begin);
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        kill(pid, signal).unwrap();
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        let ended: Ended = child.wait_with_output().unwrap().into();
        (rest.join("\n") + &ended.stderr, ended.code)
    };
    let rpc = ["rpc", "rpcutil", "ping"];
    let (text, code) = end(&rpc, "node1", Signal::SIGINT);
    assert!(text.contains("Finished processing 1 / 2 hosts"), "{text}");
    assert!(text.contains("No response from:\n\n    node2 "), "{text}");
    assert!(
        text.contains("Interrupted: nodes without a response may still act"),
        "{text}"
    );
    assert_eq!(code, Some(130));
    let (text, code) = end(&["ping"], "node1", Signal::SIGTERM);
    assert!(
        text.contains("1 replies max") && text.contains("    node2 "),
        "{text}"
    );
    assert!(text.contains("Terminated: "), "{text}");
    assert_eq!(code, Some(143));
    let (text, code) = end(&["find"], "node1", Signal::SIGINT);
    assert!(text.contains("No response from: node2"), "{text}");
    assert_eq!(code, Some(130));
    for words in [&["facts", "role"][..], &rpc] {
        let words: Vec<&str> = words.iter().chain(&["-o", "jsonl"]).copied().collect();
        let (text, code) = end(&words, "{\"type\":\"reply\"", Signal::SIGHUP);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["type"], "no_response");
        assert_eq!(lines[0]["reason"], "interrupted");
        assert_eq!(lines[1]["ended"], "terminated");
        assert_eq!(code, Some(143));
    }
    // The original knew no codes for signals.
    let legacy = ["--exit-codes", "legacy"];
    let words: Vec<&str> = rpc.iter().chain(&legacy).copied().collect();
    assert_eq!(end(&words, "node1", Signal::SIGINT).1, Some(3));
    assert_eq!(end(&words, "node1", Signal::SIGTERM).1, Some(1));
    fleet.agents[1].signal(Signal::SIGCONT);
}

#[test]
fn nobody_hears_of_a_reader_who_has_seen_enough() {
    let fleet = Fleet::start(2);
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    // What is still to come is not waited for.
    fleet.agents[1].signal(Signal::SIGSTOP);
    for words in [
        &["ping"][..],
        &["find"],
        &["rpc", "rpcutil", "ping"],
        &["rpc", "rpcutil", "ping", "-o", "jsonl"],
    ] {
        let mut command = fleet.command(words.iter().chain(&["-t", "600"]));
        command
            .stdout(writer.try_clone().unwrap())
            .stderr(Stdio::piped());
        let ended: Ended = command.output().unwrap().into();
        assert_eq!(ended.exits(0).stderr, "");
    }
    fleet.agents[1].signal(Signal::SIGCONT);
    for words in [
        &["rpc", "rpcutil", "ping", "-j", "-q"][..],
        &["inventory", "node1", "-q"],
        &["help"],
        &["help", "rpc"],
        &["plugin", "doc"],
        &["completion", "--list-agents"],
    ] {
        let mut command = std::process::Command::new(crate::support::program());
        command.arg("mco").args(words).env("HOME", fleet.path(""));
        command.env(
            "MCOLLECTIVE_EXTRA_OPTS",
            format!("-c {}", fleet.path("client.cfg").display()),
        );
        command
            .stdout(writer.try_clone().unwrap())
            .stderr(Stdio::piped());
        let ended: Ended = command.output().unwrap().into();
        assert_eq!(ended.exits(0).stderr, "", "{words:?}");
    }
}

#[test]
fn requests_go_out_and_answers_elsewhere() {
    let fleet = Fleet::start(2);
    let ended = fleet.mco(["rpc", "rpcutil", "ping", "--nr"]).exits(0);
    let id = ended.stdout.strip_prefix("Request sent with id: ").unwrap();
    assert_eq!(id.trim_end().len(), 32);
    let config = ClientConfig::load(&fleet.path("client.cfg"), &|_| None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (connection, mut events) = Connection::start(
            config.common.connector,
            Identity::new("peadmin").unwrap(),
            Vec::new(),
            Policy::FailFast {
                within: Duration::from_secs(30),
            },
        );
        connection.connected().await.unwrap();
        connection.subscribe("/queue/audit", None).await.unwrap();
        let words = [
            "rpc",
            "rpcutil",
            "ping",
            "--reply-to",
            "/queue/audit",
            "--ttl",
            "30",
        ];
        let ended = fleet.mco(words).exits(0);
        assert!(
            ended.stdout.ends_with(" replies to /queue/audit\n"),
            "{ended:#?}"
        );
        let mut answers = 0;
        while answers < 2 {
            if let Event::Message(message) = events.recv().await.unwrap() {
                assert_eq!(message.destination, "/queue/audit");
                answers += 1;
            }
        }
    });
    let wrong = |words: &[&str], why: &str| {
        let words = ["rpc", "rpcutil", "ping"].iter().chain(words);
        fleet.mco(words).exits(64).complains(why);
    };
    wrong(
        &["--reply-to", "audit"],
        "\"audit\" is no address for replies",
    );
    wrong(
        &["--reply-to", "/topic/mcollective.rpcutil.agent"],
        "is no address for replies",
    );
    wrong(
        &["--reply-to", "/queue/a", "--batch", "1"],
        "Cannot bypass result processing",
    );
    fleet
        .mco([
            "rpc",
            "rpcutil",
            "ping",
            "--threaded",
            "--publish_timeout",
            "3",
        ])
        .exits(0);
    fleet.mco(["png", "--exit-codes", "legacy"]).exits(1);
}
