//! Nothing starts after the client has given up, however the request was held up.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Ended, Fleet, mco};

#[test]
fn a_node_that_was_paused_does_not_run_what_nobody_waits_for() {
    let mut fleet = Fleet::start(2);
    let fact = |name: &str| format!("fact={name}");
    // The request lies in the node's socket until after the client's end.
    fleet.agents[1].signal(Signal::SIGSTOP);
    // Two, so that the first is late beyond doubt: the clocks are known as well as CONNECTED was
    // prompt, and that is a second off on a machine that is busy.
    for _ in ["late", "not so late"] {
        fleet
            .mco(["rpc", "rpcutil", "get_fact", &fact("late"), "-t", "3"])
            .exits(2)
            .says("No response from:")
            .says("    node2");
    }
    fleet.agents[1].signal(Signal::SIGCONT);
    let line = fleet.agents[1].wait_for("the request has expired: it was on its way");
    for part in ["caller=cert=peadmin", "agent=rpcutil", "refused: ", "id="] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    // It is whole again at once, and what it is asked in time it does.
    fleet
        .mco(["rpc", "rpcutil", "get_fact", &fact("country")])
        .exits(0)
        .says("Finished processing 2 / 2 hosts in ");
    // A pause that leaves time is no reason to refuse.
    for _ in ["late", "late", "country"] {
        fleet.agents[0].wait_for("rpcutil#get_fact");
    }
    fleet.agents[1].signal(Signal::SIGSTOP);
    let config = fleet.path("client.cfg");
    let call =
        std::thread::spawn(move || mco(&config, ["rpc", "rpcutil", "get_fact", "fact=role"]));
    fleet.agents[0].wait_for("rpcutil#get_fact");
    fleet.agents[1].signal(Signal::SIGCONT);
    call.join()
        .unwrap()
        .exits(0)
        .says("Finished processing 2 / 2 hosts in ");
}

#[test]
fn a_broker_that_goes_away_during_a_call_is_told_of_once() {
    let mut fleet = Fleet::start(2);
    fleet.agents[1].signal(Signal::SIGSTOP);
    let config = fleet.path("client.cfg");
    // By name: the broker might be gone before it has told who else is there.
    let words = [
        "rpc", "rpcutil", "get_fact", "fact=x", "-t", "3", "-I", "node1", "-I", "node2",
    ];
    let call = std::thread::spawn(move || mco(&config, words));
    fleet.agents[0].wait_for("rpcutil#get_fact");
    fleet.end_broker(Signal::SIGKILL);
    let ended = call.join().unwrap();
    let told = ended.stderr.matches("warning: lost the connection").count();
    assert_eq!(told, 1, "{ended:#?}");
    assert!(ended.stdout.contains("    node2"), "{ended:#?}");
    fleet.agents[1].signal(Signal::SIGCONT);
}

/// Whoever is no longer to command still gets the account of what was begun.
#[test]
fn a_caller_who_loses_the_right_to_call_keeps_the_account() {
    let fleet = Fleet::start(2);
    fleet.agents[1].signal(Signal::SIGSTOP);
    let rest = rest_of_call_without_the_right(&fleet, &["-t", "4"]);
    assert!(rest.contains("No response from:\n\n    node2"), "{rest}");
    fleet.agents[1].signal(Signal::SIGCONT);
}

/// And of what was done before, where it goes from group to group.
#[test]
fn groups_that_are_not_asked_any_more_are_named() {
    let fleet = Fleet::start(2);
    let in_groups = ["--batch", "1", "--batch-sleep", "4"];
    let rest = rest_of_call_without_the_right(&fleet, &in_groups);
    assert!(rest.contains("Not asked:\n\n    node2"), "{rest}");
}

/// What a call to both nodes says after the first has answered, and its caller is none any more.
fn rest_of_call_without_the_right(fleet: &Fleet, more: &[&str]) -> String {
    let words = ["rpc", "rpcutil", "ping", "-I", "node1", "-I", "node2"];
    let mut call = fleet.command(words.iter().chain(more));
    call.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut call = call.spawn().unwrap();
    let mut said = BufReader::new(call.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("node1 ") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "the end");
    }
    let broker = fleet.path("broker.cfg");
    let text = std::fs::read_to_string(&broker).unwrap() + "clients = somebody\n";
    std::fs::write(&broker, text).unwrap();
    fleet.broker.signal(Signal::SIGHUP);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let ended = Ended::from(call.wait_with_output().unwrap()).exits(2);
    assert!(!ended.stderr.contains("hint: "), "{ended:#?}");
    ended.complains("warning: the broker ");
    rest
}

#[test]
fn a_node_whose_agent_was_started_anew_is_not_waited_for() {
    let mut fleet = Fleet::start(2);
    fleet.agents[1].signal(Signal::SIGSTOP);
    let config = fleet.path("client.cfg");
    let words = [
        "rpc", "rpcutil", "get_fact", "fact=x", "-t", "500", "-o", "json",
    ];
    let call = std::thread::spawn(move || mco(&config, words));
    fleet.agents[0].wait_for("rpcutil#get_fact");
    fleet.agents[1].signal(Signal::SIGKILL);
    fleet.agents[1].wait();
    fleet.restart_agent(1);
    let ended = call.join().unwrap();
    let told = ended
        .stderr
        .contains("do not answer what the old ones were asked: node2\n");
    assert!(told, "{ended:#?}");
    let ended = ended.exits(2);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let silent = json!([{"sender": "node2", "reason": "restarted"}]);
    assert_eq!(document["no_response"], silent);
    assert_eq!(document["ended"], "complete");
}
