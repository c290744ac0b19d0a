//! The agent `service` on a machine with a systemd of its own, and units of every kind.

use std::fs;

use serde_json::json;

use crate::{
    fleet::{Fleet, unit},
    machine::{configure, mco, rpc},
};

const NODE: &str = "a1";

/// Units by name: what they are to run, and how.
const UNITS: [(&str, &str); 9] = [
    ("good", "ExecStart=/bin/sleep infinity"),
    (
        "crashes",
        "ExecStart=/bin/sh -c 'echo \"no such table: users\" >&2; exit 3'",
    ),
    (
        "refuses",
        "Type=forking\nExecStart=/bin/sh -c 'echo \"port 80 is taken\" >&2; exit 7'",
    ),
    (
        "hangs",
        "Type=notify\nTimeoutStartSec=600\nExecStart=/bin/sleep infinity",
    ),
    (
        "stubborn",
        "TimeoutStopSec=600\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'",
    ),
    ("once", "Type=oneshot\nExecStart=/bin/true"),
    (
        "again",
        "Restart=always\nRestartSec=60\nExecStart=/bin/false",
    ),
    (
        "loops",
        "Restart=always\nRestartSec=50ms\nExecStart=/bin/sh -c 'sleep 0.3; exit 1'\n[Unit]\nStartLimitIntervalSec=0",
    ),
    ("at@", "ExecStart=/bin/sleep infinity"),
];

#[allow(clippy::too_many_lines, reason = "one fleet for all")]
pub(crate) fn units_of_every_kind_do_as_they_are_told() {
    let fleet = Fleet::start();
    configure(&fleet, NODE, "plugin.service.wait = 2\n");
    for (name, how) in UNITS {
        write_unit(&fleet, name, how);
    }
    fleet.lab.shell(NODE, "systemctl daemon-reload");
    let service = |action: &str, name: &str| {
        let service = format!("service={name}");
        let words = ["service", action, &service, "idempotent=true"];
        rpc(
            &fleet,
            NODE,
            &words[..if action == "status" { 3 } else { 4 }],
        )
    };
    let active = |name: &str| {
        let line = format!("systemctl is-active {name} || true");
        fleet.lab.shell(NODE, &line).trim().to_owned()
    };

    let running = [("status", json!("running")), ("state", json!("running"))];
    let stopped = [("status", json!("stopped")), ("state", json!("stopped"))];
    let (changed, unchanged) = (("changed", json!(true)), ("changed", json!(false)));

    // What works.
    service("status", "good").is(0, "OK", &stopped);
    service("start", "good")
        .is(0, "OK", &running)
        .is(0, "OK", std::slice::from_ref(&changed));
    assert_eq!(active("good"), "active");
    service("start", "good")
        .is(0, "OK", &running)
        .is(0, "OK", std::slice::from_ref(&unchanged));
    let pid = || {
        fleet
            .lab
            .shell(NODE, "systemctl show -p MainPID --value good")
    };
    let before = pid();
    service("restart", "good").is(0, "OK", &running);
    assert_ne!(pid(), before);
    service("start", "at@one").is(0, "OK", &running);
    // The original's callers do not say that they are idempotent.
    rpc(
        &fleet,
        NODE,
        &["service", "start", "service=good", "idempotent=false"],
    )
    .is(
        1,
        "Could not start 'good': Service is already running",
        &running,
    );
    // A unit file that was changed is read before the unit is started, and not before.
    write_unit(&fleet, "good", "ExecStart=/bin/sleep 12345");
    service("status", "good").is(0, "OK", &running);
    service("restart", "good").is(0, "OK", &running);
    let line = fleet.lab.shell(NODE, "systemctl show -p ExecStart good");
    assert!(line.contains("12345"), "{line}");
    service("stop", "good")
        .is(0, "OK", &stopped)
        .is(0, "OK", std::slice::from_ref(&changed));
    assert_eq!(active("good"), "inactive");
    service("stop", "good")
        .is(0, "OK", &stopped)
        .is(0, "OK", &[unchanged]);
    service("start", "once").is(0, "OK", &stopped);

    // What does not come up says why.
    let failed = [("status", json!("stopped")), ("state", json!("failed"))];
    let reply = service("start", "crashes").is(
        1,
        "Could not start 'crashes': it is failed (exit-code, status 3)",
        &failed,
    );
    reply.lists("log", "no such table: users");
    service("status", "crashes").is(0, "OK", &failed);
    let reply = service("start", "refuses").is(1, "systemctl ended with exit code 1: ", &failed);
    reply.lists("log", "port 80 is taken");
    service("start", "again").is(
        1,
        "started again and again, as it ends each time",
        &[("state", json!("restarting"))],
    );

    // Also where it happens to run when it is looked at.
    service("start", "loops").is(
        1,
        "started again and again, as it ends each time",
        &[("state", json!("restarting"))],
    );
    service("stop", "loops").is(0, "OK", &[("status", json!("stopped"))]);
    service("status", "at@").is(5, "that is a template; name one made of it", &[]);

    // What takes longer than anybody waits goes on.
    service("start", "hangs").is(
        5,
        "it took longer than 2 s; it is still starting, and systemd goes on",
        &[("status", json!("stopped")), ("state", json!("starting"))],
    );
    assert_eq!(active("hangs"), "activating");
    service("stop", "hangs").is(0, "OK", &failed_or_stopped(&fleet));
    service("start", "stubborn").is(0, "OK", &running);
    service("stop", "stubborn").is(
        5,
        "it took longer than 2 s; it is still stopping, and systemd goes on",
        &[("state", json!("stopping"))],
    );
    fleet.lab.shell(NODE, "systemctl kill -s KILL stubborn");

    // What may not be started, and what is not there.
    fleet.lab.shell(NODE, "systemctl mask -q once");
    service("status", "once").is(
        0,
        "OK",
        &[("status", json!("stopped")), ("state", json!("masked"))],
    );
    service("start", "once").is(
        1,
        "it is masked; `systemctl unmask once` on the node allows it to be started",
        &[],
    );
    let masked = fleet
        .lab
        .shell(NODE, "systemctl show -p LoadState --value once");
    assert_eq!(masked, "masked\n");
    service("status", "nosuch").is(
        0,
        "OK",
        &[("status", json!("stopped")), ("state", json!("unknown"))],
    );
    service("start", "nosuch").is(1, "there is no service of that name", &[]);
    service("status", "--all").is(4, "Cannot validate input service", &[]);

    // What people see.
    mco(&fleet, &["service", "crashes", "start", "-I", NODE]).is(
        2,
        &[
            "   a1: Could not start 'crashes': it is failed (exit-code, status 3)\n       | ",
            "no such table: users\n",
            "   stopped = 1\n",
        ],
    );
    mco(&fleet, &["service", "status", "crashes", "-I", NODE])
        .is(0, &["   a1: stopped (failed: exit-code, status 3)\n"]);
    mco(&fleet, &["service", "good", "start", "-I", NODE]).is(0, &["\n   running = 1\n"]);
    mco(&fleet, &["service", "good", "start", "-I", NODE])
        .is(0, &["Nothing had to be changed on 1 of 1 nodes\n"]);
    mco(
        &fleet,
        &["service", "good", "start", "-I", NODE, "--strict"],
    )
    .is(
        2,
        &["   a1: Could not start 'good': Service is already running\n"],
    );
    mco(&fleet, &["service", "good", "stop"]).is(64, &[]);
    mco(&fleet, &["service", "good", "stop", "--yes"]).is(2, &["there is no service of that name"]);

    // Filters ask the same.
    service("start", "good").is(0, "OK", &running);
    let find = |query: &str| mco(&fleet, &["find", "-I", NODE, "-S", query]);
    find("service('good').status=running").is(0, &[NODE]);
    find("service('crashes').state=failed").is(0, &[NODE]);
    find("service('good').status=stopped").is(1, &[]);

    // The agent itself, which can't see its end.
    let us = unit(NODE);
    let pid = || {
        fleet
            .lab
            .shell(NODE, &format!("systemctl show -p MainPID --value {us}"))
    };
    let before = pid();
    service("stop", &us).is(1, "nobody could start it again from afar", &running);
    // Nor what it needs, as every service does.
    for name in ["sysinit.target", "system.slice"] {
        for verb in ["stop", "restart"] {
            service(verb, name).is(1, "the agent that answers would end with it", &running);
        }
    }
    for name in ["rescue.target", "systemd-poweroff"] {
        service("start", name).is(1, "the agent that answers would end with it", &[]);
    }
    assert_eq!(pid(), before);
    service("restart", &us)
        .is(0, "OK", &running)
        .is(0, "OK", &[changed]);
    fleet.lab.shell(NODE, &format!("until systemctl show -p MainPID,ActiveState {us} | grep -q '^ActiveState=active' && [ \"$(systemctl show -p MainPID --value {us})\" != {} ]; do sleep 0.1; done", before.trim()));
}

/// A unit whose start was called off may count as failed.
fn failed_or_stopped(fleet: &Fleet) -> [(&'static str, serde_json::Value); 1] {
    let state = fleet.lab.shell(NODE, "systemctl is-active hangs || true");
    let state = if state.trim() == "failed" {
        "failed"
    } else {
        "stopped"
    };
    [("state", json!(state))]
}

fn write_unit(fleet: &Fleet, name: &str, how: &str) {
    let path = fleet.file(NODE, &format!("/usr/lib/systemd/system/{name}.service"));
    fs::write(path, format!("[Service]\n{how}\n")).unwrap();
}
