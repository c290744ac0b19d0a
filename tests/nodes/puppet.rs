//! The agent `puppet` as a service of a real systemd, which ends all that a service has begun when it
//! is restarted.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use serde_json::json;

use crate::{
    clock::wait_for,
    fleet::{AGENTS, Fleet, PATIENCE, unit},
    machine::{configure, mco, rpc},
};

const NODE: &str = "a1";

/// A Puppet as far as its files go, whose runs last until they may end.
const PUPPET: &str = "#!/bin/sh
cd /srv/puppet
if [ $1 = config ]; then
  shift 4
  for name; do echo \"$name = $PWD/$name\"; done
  exit 0
fi
echo run >>runs
echo $$ >agent_catalog_run_lockfile
until [ -e go ]; do sleep 0.1; done
cat >lastrunfile <<END
version: {config: 1, puppet: 7.23.0}
resources: {total: 9, changed: 1, failed: 0}
time: {total: 1, last_run: $((1795479547 + $(wc -l <runs)))}
changes: {total: 1}
END
rm agent_catalog_run_lockfile
";

/// Gives a node this Puppet; where its files are.
fn install(fleet: &Fleet, node: &str) -> PathBuf {
    let home = fleet.file(node, "/srv/puppet");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("puppet"), PUPPET).unwrap();
    fs::set_permissions(home.join("puppet"), fs::Permissions::from_mode(0o755)).unwrap();
    configure(
        fleet,
        node,
        "plugin.puppet.command = /srv/puppet/puppet agent\n",
    );
    home
}

pub(crate) fn a_run_outlives_the_service_that_began_it() {
    let fleet = Fleet::start();
    let home = install(&fleet, NODE);
    // What systemd does unless a unit says otherwise.
    let unit = unit(NODE);
    let show = |property: &str| {
        let line = format!("systemctl show -p {property} --value {unit}");
        fleet.lab.shell(NODE, &line).trim().to_owned()
    };
    assert_eq!(show("KillMode"), "control-group");

    rpc(&fleet, NODE, &["puppet", "runonce", "force=true"]).is(
        0,
        "OK",
        &[("changed", json!(true))],
    );
    let agent = show("MainPID");
    fleet.lab.shell(NODE, &format!("systemctl restart {unit}"));
    assert_ne!(show("MainPID"), agent);
    let status = || rpc(&fleet, NODE, &["puppet", "status"]).data;
    let during = status();
    assert_eq!(during["applying"], json!(true), "{during:#}");
    assert_eq!(during["run"]["state"], json!("running"), "{during:#}");
    // It is joined, not begun once more, and its end is seen by an agent that has not begun it.
    rpc(&fleet, NODE, &["puppet", "runonce", "idempotent=true"]).is(
        0,
        "OK",
        &[("changed", json!(false))],
    );
    fs::write(home.join("go"), "").unwrap();
    wait_for("the end of the run", Duration::from_mins(1), || {
        (status()["run"]["state"] == json!("ended")).then_some(())
    });
    assert_eq!(fs::read_to_string(home.join("runs")).unwrap(), "run\n");
    mco(&fleet, &["puppet", "runonce", "--wait=60", "-I", NODE]).is(0, &["a1 changed after "]);
}

/// Two nodes lose their power during their runs: one comes back, and one does not.
pub(crate) fn runall_names_the_dead_and_goes_on_with_the_others() {
    let fleet = Fleet::start();
    let homes = AGENTS.map(|name| install(&fleet, name));
    fs::write(homes[2].join("go"), "").unwrap();
    let runs = |at: usize| fs::read_to_string(homes[at].join("runs")).unwrap_or_default();
    let ended = std::thread::scope(|scope| {
        let all = scope.spawn(|| mco(&fleet, &["puppet", "runall", "2", "--wait=40"]));
        for at in 0..2 {
            let lock = homes[at].join("agent_catalog_run_lockfile");
            wait_for("the beginning of a run", PATIENCE, || {
                lock.exists().then_some(())
            });
            fleet.lab.down(AGENTS[at]);
        }
        assert_eq!(runs(2), "", "there were two places");
        fleet.lab.up(&["a2"]);
        all.join().unwrap()
    });
    let gone = "no longer connected to the broker; what they run may go on";
    assert!(ended.stderr.contains(gone), "{ended:#?}");
    ended.is(
        2,
        &[
            ": Found 3 enabled nodes\n",
            ": a3 changed after ",
            ": a2 failed after ",
            " the run is gone, and completed nothing\n",
            "a1    no_response           not_connected\n",
            "1 changed, 1 failed, 1 without response\n",
        ],
    );
    assert_eq!([runs(0), runs(1), runs(2)], ["run\n"; 3]);
    // What the cut has left there is told in a sentence, and keeps nobody from a run.
    let left = rpc(&fleet, "a2", &["puppet", "status"]).data;
    let told = left["message"].as_str().unwrap();
    for part in [
        "the run lock was left behind by process ",
        "the run that was started here is gone, and completed nothing",
    ] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    fs::write(homes[1].join("go"), "").unwrap();
    let words = ["puppet", "runonce", "--wait=60", "--force", "-I", "a2"];
    mco(&fleet, &words).is(0, &["a2 changed after "]);
}
