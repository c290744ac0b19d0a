//! A broker that reads its configuration and certificates again: who is still allowed stays and
//! notices nothing, who is not is told why.

use nix::sys::signal::Signal;

use crate::support::{Bystanders, Solo};

#[test]
fn roles_hold_for_those_who_are_connected() {
    let mut broker = Solo::start("");
    let mut others = Bystanders::join(&broker);
    let mut client = broker.peer("peadmin");
    client.subscribe("/queue/mcollective.reply.peadmin_1.1");
    let mut idle = broker.peer("peadmin");
    let mut node1 = broker.peer("node1");
    node1.subscribe("/topic/mcollective.a.agent");
    let mut node2 = broker.peer("node2");
    node2.subscribe("/topic/mcollective.a.agent");

    broker.reload("clients = console\n");
    client.is_told("peadmin is a node here and may not subscribe to");
    // What it has may stay, as a node's.
    idle.publish("/topic/mcollective.a.agent", "", "");
    idle.is_told("peadmin is a node here and may not send to");
    others.exchange();

    broker.reload("clients = console\ncollectives.node1 = elsewhere\n");
    node1.is_told("node1 may not use /topic/mcollective.a.agent");
    others.exchange();

    broker.reload("clients = console\nnodes = bystander\n");
    node2.is_told("node2 is neither a client nor a node here");
    others.exchange();
    assert_eq!(broker.figure("reload_cuts"), 3);
    assert_eq!(broker.figure("nodes"), 1);

    broker.reload("");
    broker.peer("peadmin");
    let mut node2 = broker.peer("node2");
    node2.subscribe("/topic/mcollective.a.agent");
    others.exchange();
}

#[test]
fn a_node_that_bears_other_names_is_cut_when_identities_are_checked() {
    let mut broker = Solo::start("identity_check = off\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("shared");
    let selector = "selector:mc_identity = 'node1'\n";
    node.subscribe_with("/queue/mcollective.nodes", selector);
    broker.reload("");
    node.is_told("shared may not act as node1");
    others.exchange();
}

#[test]
fn a_revoked_certificate_ends_its_sessions_at_a_signal() {
    let mut broker = Solo::start("ssl.crl = crl.pem\n");
    let mut others = Bystanders::join(&broker);
    let mut node1 = broker.peer("node1");
    let mut quiet = broker.quiet("node1");
    quiet.shake_hands().unwrap();
    let mut node2 = broker.peer("node2");
    broker.revoke(2, &["node1"]);
    broker.reload("ssl.crl = crl.pem\n");
    node1.is_told("node1 may no longer be connected: its certificate was revoked");
    quiet.send("CONNECT\n\n\0");
    quiet.is_told("its certificate was revoked");
    assert!(
        broker.quiet("node1").try_send("CONNECT\n\n\0").is_err() || {
            // In TLS 1.3 a client hears of it only after its own handshake.
            let mut refused = broker.quiet("node1");
            drop(refused.try_send("CONNECT\n\n\0"));
            refused.try_frame().is_err()
        }
    );
    node2.subscribe("/topic/mcollective.a.agent");
    others.exchange();
}

#[test]
fn a_changed_revocation_list_is_noticed_without_a_signal() {
    let mut broker = Solo::start("ssl.crl = crl.pem\nreload_interval = 100ms\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("node1");
    // One that is half written changes nothing.
    std::fs::write(broker.path("crl.pem"), "-----BEGIN X509 CRL-----\n").unwrap();
    broker.daemon.wait_for("the old certificates stay in force");
    others.exchange();
    node.subscribe("/topic/mcollective.a.agent");
    broker.revoke(2, &["node1"]);
    broker.daemon.wait_for("have changed, and were read again");
    node.is_told("its certificate was revoked");
    others.exchange();
}

#[test]
fn other_limits_hold_for_those_who_are_connected() {
    let mut broker = Solo::start("limit.frame_size = 2k\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("node1");
    let body = "x".repeat(3000);
    node.subscribe("/topic/mcollective.a.agent");
    broker.reload("limit.frame_size = 4k\nlimit.subscriptions = 2\n");
    node.publish("/queue/mcollective.reply.peadmin_1.1", "", &body);
    node.subscribe("/topic/mcollective.b.agent");
    let topic = "/topic/mcollective.c.agent";
    node.send(&format!("SUBSCRIBE\nid:3\ndestination:{topic}\n\n\0"));
    node.is_told("at most 2 subscriptions");

    // More than there may be now is no reason to cut anybody.
    broker.reload("limit.connections = 1\nlimit.handshakes = 1\nlimit.subscriptions = 1\n");
    others.exchange();
    assert!(broker.quiet("node2").shake_hands().is_err());
    broker.reload("");
    broker.peer("node2");
    others.exchange();
}

#[test]
fn a_faulty_configuration_changes_nothing_and_is_said() {
    let mut broker = Solo::start("limit.subscriptions = 5\n");
    let mut others = Bystanders::join(&broker);
    for wrong in [
        "clients = /(/\n",
        "limit.subscriptions = none\n",
        "ssl.cert = absent.pem\n",
        "unheard_of = 1\n",
    ] {
        broker.configure(&format!("nodes = nobody\n{wrong}"));
        broker.daemon.signal(Signal::SIGHUP);
        broker.daemon.wait_for("nothing changes");
        others.exchange();
        broker.peer("node1");
    }
    std::fs::remove_file(broker.path("broker.cfg")).unwrap();
    broker.daemon.signal(Signal::SIGHUP);
    broker.daemon.wait_for("nothing changes");
    others.exchange();
}

#[test]
fn what_can_not_change_is_said_and_the_level_of_the_log_can() {
    let mut broker = Solo::start("");
    let mut others = Bystanders::join(&broker);
    let lines = broker.reload("plain_listen = 127.0.0.1:0\n");
    let remark = "plain_listen stay as they are until the broker is started again";
    assert!(lines.iter().any(|line| line.contains(remark)), "{lines:?}");
    others.exchange();
    broker.configure("loglevel = warn\n");
    broker.daemon.signal(Signal::SIGHUP);
    broker.daemon.signal(Signal::SIGUSR1);
    let lines = broker.daemon.lines_until("figures: ");
    assert!(!lines.concat().contains("read again"), "{lines:?}");
    broker.reload("loglevel = info\n");
    others.exchange();
}
