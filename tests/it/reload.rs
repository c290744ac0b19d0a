//! What a running agent takes over on SIGHUP, and what it does not, without dropping its connection.

use std::fs;

use nix::sys::signal::Signal;

use crate::support::Fleet;

/// Adds lines to a node's configuration.
fn add(fleet: &Fleet, lines: &str) {
    let path = fleet.path("node1/server.cfg");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{lines}")).unwrap();
}

#[test]
fn policies_facts_collectives_and_levels_change_on_the_same_connection() {
    let mut fleet = Fleet::start(1);
    let policies = fleet.path("node1/policies");
    fs::create_dir(&policies).unwrap();
    let policy = "policy default deny\nallow\tcert=peadmin\tget_fact\t*\t*\n";
    fs::write(policies.join("rpcutil.policy"), policy).unwrap();
    fs::write(fleet.path("node1/more.yaml"), "planet: mars\n").unwrap();
    let dir = fleet.path("node1");
    let facts = format!(
        "plugin.yaml = {0}/facts.yaml:{0}/more.yaml\n",
        dir.display()
    );
    add(
        &fleet,
        "rpcauthorization = 1\nrpcauthprovider = action_policy\nloglevel = debug\ncollectives = mcollective, sub\n",
    );
    add(&fleet, &facts);
    let client = fleet.client_with(
        "sub.cfg",
        &[(
            "connector = activemq",
            "connector = activemq\ncollectives = mcollective, sub",
        )],
    );
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
    fleet.agents[0].signal(Signal::SIGHUP);
    fleet.agents[0].wait_for("were read again");

    fleet
        .mco(["rpc", "rpcutil", "ping"])
        .exits(2)
        .says("not authorized");
    fleet.agents[0].wait_for("denied by");
    fleet
        .mco(["rpc", "rpcutil", "get_fact", "fact=planet"])
        .exits(0)
        .says("mars");
    fleet.agents[0].wait_for("DEBUG");
    crate::support::mco(&client, ["find", "-T", "sub", "-F", "planet=mars"])
        .exits(0)
        .says("node1");
    // It was connected once, before all that.
    fleet.agents[0].signal(Signal::SIGTERM);
    fleet.agents[0].wait_for("stopping");
    assert_eq!(fleet.agents[0].times_said("connected broker="), 1);
}

#[test]
fn a_faulty_file_leaves_the_old_in_force_and_says_where() {
    let mut fleet = Fleet::start(1);
    let lines = fs::read_to_string(fleet.path("node1/server.cfg")).unwrap();
    let line = lines.lines().count() + 1;
    add(
        &fleet,
        "loglevel = loud\nrpcauthorization = 1\nrpcauthprovider = action_policy\n",
    );
    fleet.agents[0].signal(Signal::SIGHUP);
    fleet.agents[0].wait_for(&format!("server.cfg:{line}: "));
    fleet.agents[0].wait_for("nothing was changed");
    fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
}

#[test]
fn what_needs_a_restart_is_said() {
    let mut fleet = Fleet::start(1);
    add(&fleet, "plugin.activemq.heartbeat_interval = 5\n");
    fleet.agents[0].signal(Signal::SIGHUP);
    fleet.agents[0].wait_for("needs a restart");
    fleet.agents[0].wait_for("were read again");
    fleet.mco(["ping"]).exits(0);
}
