//! A request that was heard, sent once more by somebody who may send: it runs nowhere again.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::site::{REPLIES, Site, body, broadcast, request};

#[test]
fn to_the_same_node_by_any_way_and_after_a_restart() {
    let mut site = Site::new();
    let mut peadmin = site.peer("peadmin");
    peadmin.subscribe(REPLIES);
    let signed = site.sign("peadmin", &request("r1", "rpcutil", "ping", ().into()));
    broadcast(&mut peadmin, "rpcutil", &signed.body);
    drop((peadmin.frame(), peadmin.frame()));
    let mut console = site.peer("console");
    let elsewhere = "/queue/mcollective.reply.console_1.1";
    console.subscribe(elsewhere);
    let text = std::str::from_utf8(&signed.body).unwrap();
    // As it was; to another address for replies; directed; to another agent.
    broadcast(&mut console, "rpcutil", &signed.body);
    site.fleet.agents[0].wait_for("received before, and is not run twice");
    for (to, headers) in [
        (
            "/topic/mcollective.rpcutil.agent",
            format!("reply-to:{elsewhere}\n"),
        ),
        (
            "/queue/mcollective.nodes",
            format!("mc_identity:node1\nreply-to:{elsewhere}\n"),
        ),
        ("/topic/mcollective.package.agent", String::new()),
    ] {
        console.publish(to, &headers, text);
        let line = site.fleet.agents[0].wait_for("received before, and is not run twice");
        assert!(line.contains("caller=cert=peadmin"), "{line}");
        // Who it was that sent it again.
        assert!(line.contains(" connection=console@127.0.0.1"), "{line}");
    }
    let told = site
        .fleet
        .mco(["rpc", "rpcutil", "daemon_stats", "-I", "node1", "-j"]);
    let told: Value = serde_json::from_str(&told.exits(0).stdout).unwrap();
    let stats = &told[0]["data"];
    assert_eq!(
        (&stats["replayed"], &stats["ttlexpired"]),
        (&4.into(), &0.into()),
        "{told}"
    );
    // Its memory is gone, and its clock is not.
    site.fleet.agents[0].signal(Signal::SIGKILL);
    site.fleet.agents[0].wait();
    site.fleet.restart_agent(0);
    site.wait();
    console.publish("/topic/mcollective.rpcutil.agent", "", text);
    site.fleet.agents[0].wait_for("dated before this agent");
    assert_eq!(site.decided("node1", "r1"), 1);
    // The refusals went to whom the request names.
    let mut node = site.peer("mallory");
    node.publish(elsewhere, "", "marker");
    assert_eq!(body(&console.frame()), "marker");
    site.is_well();
}

#[test]
fn to_a_node_or_in_a_collective_that_was_not_meant() {
    let site = Site::new();
    let mut directed = request("r1", "rpcutil", "ping", ().into());
    directed.targets = Some(vec!["node1".parse().unwrap()]);
    let mut filtered = request("r2", "rpcutil", "ping", ().into());
    filtered.filter.identity = vec!["node1".to_owned()];
    let mut elsewhere = request("r3", "rpcutil", "ping", ().into());
    elsewhere.collective = "other".parse().unwrap();
    let mut console = site.peer("console");
    for request in [directed, filtered, elsewhere] {
        let signed = site.sign("peadmin", &request);
        let text = std::str::from_utf8(&signed.body).unwrap();
        let headers = "mc_identity:node2\n";
        assert_eq!(
            console.deliver("/queue/mcollective.nodes", headers, text),
            1
        );
    }
    // What comes after them has been answered, so they are done with.
    site.fleet
        .mco(["rpc", "rpcutil", "ping", "-I", "node2"])
        .exits(0);
    for id in ["r1", "r2", "r3"] {
        assert_eq!(site.decided("node2", id), 0, "{id}");
    }
    site.is_well();
}
