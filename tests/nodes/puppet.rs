//! The agent `puppet` as a service of a real systemd, which ends all that a service has begun when it
//! is restarted.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use serde_json::json;

use crate::{
    clock::wait_for,
    fleet::{Fleet, unit},
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

pub(crate) fn a_run_outlives_the_service_that_began_it() {
    let fleet = Fleet::start();
    let home = fleet.file(NODE, "/srv/puppet");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("puppet"), PUPPET).unwrap();
    fs::set_permissions(home.join("puppet"), fs::Permissions::from_mode(0o755)).unwrap();
    configure(
        &fleet,
        NODE,
        "plugin.puppet.command = /srv/puppet/puppet agent\n",
    );
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
