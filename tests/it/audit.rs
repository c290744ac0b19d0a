//! The audit of a real agent: what is in it, and what the agent does where it can't be written.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Daemon, Fleet, Node, program, run};

fn fleet(extra: &str) -> Fleet {
    let extra = format!(
        "rpcaudit = 1\nrpcauditprovider = logfile\nplugin.rpcaudit.logfile = disk/audit.log\n{extra}"
    );
    let node = Node {
        extra,
        ..Node::default()
    };
    let fleet = Fleet::with(&[node]);
    fs::create_dir_all(fleet.path("node1/disk")).unwrap();
    fleet
}

/// Every line of an audit, which must all be whole.
fn records(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn a_request_is_on_record_with_who_what_and_how_it_ended() {
    let fleet = fleet("plugin.audit.max_size = 4k\nplugin.audit.keep = 1\n");
    let file = fleet.path("node1/disk/audit.log");
    fleet
        .mco(["rpc", "rpcutil", "get_fact", "fact=os", "-I", "node1"])
        .exits(0);
    fleet
        .mco(["rpc", "rpcutil", "get_data", "source=nosuch", "-I", "node1"])
        .exits(2);
    let records = records(&file);
    let fields = |record: &Value| {
        let names = [
            "type", "caller", "sender", "agent", "action", "decision", "outcome",
        ];
        let texts = names.map(|name| record[name].as_str().unwrap_or("-").to_owned());
        texts.join(" ")
    };
    assert_eq!(
        records.iter().map(fields).collect::<Vec<_>>(),
        [
            "decision cert=peadmin peadmin rpcutil get_fact allowed -",
            "outcome cert=peadmin - rpcutil get_fact - ok",
            "decision cert=peadmin peadmin rpcutil get_data allowed -",
            "outcome cert=peadmin - rpcutil get_data - failed",
        ]
    );
    assert_eq!(records[0]["data"], serde_json::json!({"fact": "os"}));
    assert_eq!(records[0]["id"], records[1]["id"]);
    // It moves itself.
    while !fleet.path("node1/disk/audit.log.1").exists() {
        fleet
            .mco(["rpc", "rpcutil", "ping", "-I", "node1"])
            .exits(0);
    }
}

#[test]
fn check_config_tells_of_a_file_that_cannot_be_written() {
    let fleet = fleet("");
    let file = fleet.path("node1/disk/audit.log");
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    let config = fleet.path("node1/server.cfg");
    let words = ["agent", "--check-config", "-c", config.to_str().unwrap()];
    run(words)
        .exits(0)
        .says("audit.log is a symbolic link; move it away, or name another file");
}

/// An agent that sees a small disk of its own in place of this directory; none where this user may
/// not have one.
fn on_a_small_disk(fleet: &Fleet, disk: &Path) -> Option<(Daemon, PathBuf)> {
    let mut words = vec!["--mount"];
    if !nix::unistd::geteuid().is_root() {
        words.push("--map-root-user");
    }
    let may = Command::new("unshare").args(&words).arg("true").status();
    if !may.is_ok_and(|status| status.success()) {
        let line =
            "SKIPPED: a full disk under the audit, as `unshare --mount` is not allowed here\n";
        // Past the test harness, which would keep it to itself.
        drop(io::stderr().write_all(line.as_bytes()));
        return None;
    }
    let script = r#"mount -t tmpfs -o size=12k tmpfs "$1" && exec "$2" agent --config "$3""#;
    let mut command = Command::new("unshare");
    command.args(words).args(["sh", "-c", script, "sh"]).args([
        disk,
        &program(),
        &fleet.path("node1/server.cfg"),
    ]);
    let mut agent = Daemon::spawn(command);
    agent.wait_for("connected");
    let seen = format!("/proc/{}/root{}", agent.pid(), disk.display());
    Some((agent, seen.into()))
}

#[test]
fn a_full_disk_stops_what_has_to_be_noted_and_nothing_is_half_written() {
    let mut fleet = fleet("plugin.audit.required = 1\n");
    fleet.agents[0].signal(Signal::SIGTERM);
    fleet.agents[0].wait();
    let Some((agent, disk)) = on_a_small_disk(&fleet, &fleet.path("node1/disk")) else {
        return;
    };
    fleet.agents[0] = agent;
    let ping = || fleet.mco(["rpc", "rpcutil", "ping", "-I", "node1"]);
    // One page is left to the audit.
    fs::write(disk.join("filler"), [1; 8192]).unwrap();
    let mut run = 0;
    let refused = loop {
        let ended = ping();
        if ended.code != Some(0) {
            break ended;
        }
        run += 1;
        assert!(run < 100, "a page holds no hundred requests");
    };
    refused
        .exits(2)
        .says("this node has to note all requests and can't");
    ping().exits(2);
    fs::remove_file(disk.join("filler")).unwrap();
    ping().exits(0);
    let records = records(&disk.join("audit.log"));
    let decisions = records.iter().filter(|record| record["type"] == "decision");
    assert_eq!(decisions.count(), run + 1);
    let missing = records
        .iter()
        .filter_map(|record| record["missing"].as_u64());
    assert!(missing.sum::<u64>() >= 2, "{records:?}");
    let line = fleet.agents[0].wait_for("the audit has stopped: ");
    assert!(line.contains("No space left on device"), "{line}");
    assert!(
        line.ends_with("requests are refused until it can be written"),
        "{line}"
    );
    fleet.agents[0].wait_for("the audit goes on; ");
}

#[test]
fn where_it_is_not_required_requests_run_and_the_gap_is_told() {
    let mut fleet = fleet("");
    let file = fleet.path("node1/disk/audit.log");
    let ping = || {
        fleet
            .mco(["rpc", "rpcutil", "ping", "-I", "node1"])
            .exits(0)
    };
    fs::create_dir(&file).unwrap();
    ping();
    fs::remove_dir(&file).unwrap();
    ping();
    let records = records(&file);
    assert_eq!(records[0]["missing"], 2, "{records:?}");
    let line = fleet.agents[0].wait_for("the audit has stopped: ");
    assert!(line.ends_with("requests run without being noted"), "{line}");
}
