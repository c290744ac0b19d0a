//! The agent `service` on a machine that was booted by `OpenRC`, with its own scripts and those of `SysV`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::{
    clock,
    fleet::{Fleet, PATIENCE, unit},
    machine::{Reply, mco, rpc, write_lines},
};

const NODE: &str = "o1";

/// Scripts by name.
const SCRIPTS: [(&str, &str); 6] = [
    (
        "good",
        "#!/sbin/openrc-run
supervisor=supervise-daemon
command=/bin/sleep
command_args=infinity
",
    ),
    (
        "refuses",
        "#!/sbin/openrc-run
start() { echo 'port 80 is taken' >&2; return 7; }
",
    ),
    (
        "slow",
        "#!/sbin/openrc-run
start() { until [ -e /run/go ]; do sleep 0.1; done; }
",
    ),
    (
        "stubborn",
        "#!/sbin/openrc-run
start() { :; }
stop() { until [ -e /run/enough ]; do sleep 0.1; done; }
",
    ),
    (
        "idle",
        "#!/sbin/openrc-run
start() { mark_service_inactive; return 1; }
",
    ),
    (
        "old",
        "#!/bin/sh
### BEGIN INIT INFO
# Provides: old
# Required-Start:
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: a script of System V
### END INIT INFO
. /lib/lsb/init-functions
pid=/run/old.pid
case $1 in
start)
    [ ! -e /run/slowly ] || until [ -e /run/go ]; do sleep 0.1; done
    [ ! -e /etc/broken ] || { echo 'no such table: users' >&2; exit 1; }
    start-stop-daemon --start --quiet --background --make-pidfile --pidfile $pid --exec /bin/sleep -- infinity ;;
stop) start-stop-daemon --stop --quiet --pidfile $pid --remove-pidfile ;;
restart) $0 stop; $0 start ;;
status) status_of_proc -p $pid /bin/sleep old ;;
esac
",
    ),
];

pub(crate) fn scripts_of_every_kind_do_as_they_are_told() {
    let fleet = Fleet::start();
    fleet.add_openrc(NODE);
    for (name, script) in SCRIPTS {
        let path = fleet.file(NODE, &format!("/etc/init.d/{name}"));
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let machine = Machine { fleet };
    machine.configure("plugin.service.wait = 2\n");
    by_openrc(&machine);
    what_openrc_alone_knows(&machine);
    machine.configure("plugin.service.provider = service\n");
    by_the_service_command(&machine);
}

struct Machine {
    fleet: Fleet,
}

impl Machine {
    fn shell(&self, line: &str) -> String {
        self.fleet.lab.shell(NODE, line)
    }

    #[track_caller]
    fn call(&self, action: &str, name: &str) -> Reply {
        let service = format!("service={name}");
        rpc(&self.fleet, NODE, &["service", action, &service])
    }

    /// Adds lines to `server.cfg`, and has them read.
    fn configure(&self, lines: &str) {
        write_lines(&self.fleet, NODE, lines);
        let seen = self.fleet.log(NODE).len();
        self.shell(&format!("rc-service {} restart", unit(NODE)));
        self.fleet.wait_for_log(NODE, seen, "connected");
    }

    /// Holds a service against a state.
    #[track_caller]
    fn is(&self, name: &str, state: &str) {
        let status = if state == "running" { state } else { "stopped" };
        self.call("status", name).is(
            0,
            "OK",
            &[("status", json!(status)), ("state", json!(state))],
        );
    }

    /// Waits for a service to get into a state.
    fn becomes(&self, name: &str, state: &str) {
        clock::wait_for(&format!("{name} to be {state}"), PATIENCE, || {
            let reply = self.call("status", name);
            (reply.data["state"] == json!(state)).then_some(())
        });
    }
}

fn by_openrc(machine: &Machine) {
    let (changed, unchanged) = ([("changed", json!(true))], [("changed", json!(false))]);
    machine.is("good", "stopped");
    machine.call("start", "good").is(0, "OK", &changed);
    machine.is("good", "running");
    machine.call("start", "good").is(0, "OK", &unchanged);
    let pid = || machine.shell("cat /run/openrc/options/good/child_pid");
    let before = pid();
    machine.call("restart", "good").is(0, "OK", &changed);
    assert_ne!(pid(), before);
    machine.call("stop", "good").is(0, "OK", &changed);
    machine.call("stop", "good").is(0, "OK", &unchanged);
    machine.is("good", "stopped");

    machine.call("start", "refuses").is(
        1,
        "Could not start 'refuses': rc-service ended with exit code 1: port 80 is taken; ",
        &[("state", json!("stopped"))],
    );
    machine.call("start", "idle").is(
        1,
        "idle has started, but is inactive; it is stopped (inactive)",
        &[("state", json!("stopped"))],
    );
    machine.is("nosuch", "unknown");
    machine
        .call("start", "nosuch")
        .is(1, "there is no service of that name", &[]);

    // What takes longer than anybody waits goes on, and is not begun twice.
    for _ in 0..2 {
        machine.call("start", "slow").is(
            5,
            "it is still starting, and openrc goes on",
            &[("state", json!("starting"))],
        );
    }
    machine.shell("touch /run/go");
    machine.becomes("slow", "running");
    machine.call("start", "stubborn").is(0, "OK", &changed);
    machine.call("stop", "stubborn").is(
        5,
        "it took longer than 2 s; it is still stopping, and openrc goes on",
        &[("state", json!("stopping"))],
    );
    machine.shell("touch /run/enough");
    machine.becomes("stubborn", "stopped");

    mco(&machine.fleet, &["service", "good", "start", "-I", NODE]).is(0, &["\n   running = 1\n"]);
    let find = ["find", "-I", NODE, "-S", "service('good').status=running"];
    mco(&machine.fleet, &find).is(0, &[NODE]);
}

fn what_openrc_alone_knows(machine: &Machine) {
    // `good` runs. Its supervisor dies, and then it itself and all that was noted of it.
    machine.shell("kill -9 $(cat /run/supervise-good.pid)");
    machine.call("status", "good").is(
        0,
        "OK",
        &[
            ("state", json!("running")),
            ("detail", json!("unsupervised")),
        ],
    );
    for verb in ["start", "restart"] {
        machine.shell(
            "kill -9 $(cat /run/supervise-good.pid) || true
             kill -9 $(cat /run/openrc/options/good/child_pid)
             rm -r /run/openrc/options/good",
        );
        machine.is("good", "failed");
        machine.call(verb, "good").is(0, "OK", &[]);
        machine.is("good", "running");
    }
    // A script of System V, asked by OpenRC.
    machine.is("old", "stopped");
    machine.call("start", "old").is(0, "OK", &[]);
    machine.is("old", "running");
    machine.shell("kill -9 $(cat /run/old.pid)");
    machine.call("status", "old").is(
        0,
        "OK",
        &[
            ("state", json!("failed")),
            ("detail", json!("old is not running ... failed!")),
        ],
    );
    machine.shell("rm /run/old.pid");
}

fn by_the_service_command(machine: &Machine) {
    machine.is("old", "stopped");
    machine.call("start", "old").is(
        0,
        "OK",
        &[("changed", json!(true)), ("status", json!("running"))],
    );
    machine
        .call("start", "old")
        .is(0, "OK", &[("changed", json!(false))]);
    let before = machine.shell("cat /run/old.pid");
    machine.call("restart", "old").is(0, "OK", &[]);
    assert_ne!(machine.shell("cat /run/old.pid"), before);
    machine.shell("kill -9 $(cat /run/old.pid)");
    machine.is("old", "failed");
    machine.call("start", "old").is(0, "OK", &[]);
    machine.call("stop", "old").is(0, "OK", &[]);
    machine.is("old", "stopped");
    machine.shell("touch /etc/broken");
    machine.call("start", "old").is(
        1,
        "Could not start 'old': service ended with exit code 1: no such table: users; it is stopped",
        &[("status", json!("stopped"))],
    );
    machine.shell("rm /etc/broken /run/go; touch /run/slowly");
    machine.call("start", "old").is(
        5,
        "it took longer than 2 s; it is stopped, and its init script goes on",
        &[],
    );
    machine.shell("touch /run/go");
    machine.becomes("old", "running");
    machine
        .call("status", "nosuch")
        .is(5, "Could not find init script for 'nosuch'", &[]);
}
