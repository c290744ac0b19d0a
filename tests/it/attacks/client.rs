//! What one client can do to another, or to the nodes' connections: nothing.

use super::site::{REPLIES, Site, broadcast, request};

#[test]
fn it_may_not_read_anothers_replies() {
    let mut site = Site::new();
    let mut peadmin = site.peer("peadmin");
    peadmin.subscribe(REPLIES);
    let mut console = site.peer("console");
    console.send(&format!("SUBSCRIBE\nid:1\ndestination:{REPLIES}\n\n\0"));
    console.is_told("may not");
    site.fleet.broker.wait_for("refused: console ");
    let mut node = site.peer("mallory");
    node.publish(REPLIES, "", "for peadmin");
    assert!(peadmin.frame().ends_with("\n\nfor peadmin"));
}

/// The address of a call that is to come can be guessed. Whoever takes it first would get no reply
/// (the client ends when it is refused), but would keep that client from working.
#[test]
fn it_may_not_squat_on_an_address_that_another_will_need() {
    let mut site = Site::new();
    for rest in ["peadmin_4711.0", "peadmin_1.1", "peadmin_x"] {
        let mut console = site.peer("console");
        console.send(&format!(
            "SUBSCRIBE\nid:1\ndestination:/queue/mcollective.reply.{rest}\n\n\0"
        ));
        console.is_told("console may not await replies of peadmin");
        site.fleet.broker.wait_for("refused: console ");
    }
    let mut console = site.peer("console");
    // Its own, and one of a machine's name, as the original's clients have it.
    console.subscribe("/queue/mcollective.reply.console_1.1");
    console.subscribe("/queue/mcollective.reply.host.example.net_1.1");
    site.is_well();
}

/// The broker ends the session of who sends where it may not. Whoever may ask for anything could have
/// all nodes do that.
#[test]
fn it_may_not_have_nodes_send_where_they_may_not() {
    let mut site = Site::new();
    let mut peadmin = site.peer("peadmin");
    for (at, address) in [
        "/topic/mcollective.rpcutil.agent",
        "/topic/mcollective.agents",
        "/queue/mcollective.nodes",
        "/broker/metrics",
        "/topic/broker.revocations",
        "/queue/other.reply.peadmin_1.1",
        "nowhere",
        "/queue/a\0b",
        &format!("/queue/{}", "x".repeat(1100)),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("r{at}");
        let mut asked = request(&id, "rpcutil", "ping", ().into());
        asked.reply_to = Some(address.to_owned());
        let signed = site.sign("peadmin", &asked);
        broadcast(&mut peadmin, "rpcutil", &signed.body);
        let line = site.fleet.agents[0].wait_for("is no address for replies");
        assert!(line.contains("caller=cert=peadmin"), "{line}");
        site.is_well();
        assert_eq!(site.decided("node1", &id), 0);
    }
    // Nobody had to connect again.
    assert_eq!(site.fleet.agents[0].times_said("next attempt"), 0);
}
