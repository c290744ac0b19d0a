//! Two agents that bear the same identity, on a copied machine: both ends say so, and they do not
//! end each other's sessions for ever.

use std::{fs, time::Duration};

use crate::support::{Daemon, Fleet};

#[test]
fn two_agents_of_one_identity_are_told_and_come_back_less_and_less() {
    let mut fleet = Fleet::start(1);
    let copy = fleet.path("copy");
    fs::create_dir(&copy).unwrap();
    let own = fs::read_to_string(fleet.path("node1/server.cfg")).unwrap();
    let state = format!("statedir = {}\n", copy.display());
    fs::write(copy.join("server.cfg"), format!("{own}{state}")).unwrap();
    let mut twin = Daemon::start("agent", &copy.join("server.cfg"));
    twin.wait_for("connected");
    let line = fleet.broker.wait_for("replaces an older one");
    assert!(
        line.contains("a newer connection of node1 (127.0.0.1:"),
        "{line}"
    );
    let line = fleet.agents[0].wait_for("another connection bears the identity of this node");
    let (_, wait) = line.split_once("next attempt in ").unwrap();
    assert!(
        humantime::parse_duration(wait).unwrap() >= Duration::from_secs(5),
        "{line}"
    );
    // One answer, not two.
    fleet.mco(["ping"]).exits(0).says("1 replies max");
}
