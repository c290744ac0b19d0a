//! How the daemons end, and how they come back.

use nix::sys::signal::Signal;

use crate::support::Fleet;

#[test]
fn daemons_end_in_peace_when_asked() {
    let mut fleet = Fleet::start(1);
    fleet.agents[0].signal(Signal::SIGTERM);
    assert!(fleet.agents[0].wait().success());
    // The node has said goodbye: nobody waits for it.
    fleet.mco(["find"]).exits(1);
    fleet.broker.signal(Signal::SIGTERM);
    assert!(fleet.broker.wait().success());
}

#[test]
fn agents_are_back_when_their_broker_is() {
    let mut fleet = Fleet::start(2);
    fleet.replace_broker();
    for agent in &mut fleet.agents {
        agent.wait_for("connected");
    }
    fleet.mco(["ping"]).exits(0).says("2 replies max");
}

#[test]
fn a_call_under_way_when_the_broker_is_restarted_names_everybody() {
    let mut fleet = Fleet::start(2);
    fleet.agents[1].signal(Signal::SIGSTOP);
    let config = fleet.path("client.cfg");
    let call = std::thread::spawn(move || {
        let words = ["rpc", "rpcutil", "ping", "-t", "3"];
        crate::support::mco(&config, words)
    });
    fleet.agents[0].wait_for("rpcutil#ping");
    fleet.end_broker(Signal::SIGTERM);
    fleet.restart_broker();
    let ended = call.join().unwrap();
    // The answer of the first may be lost with the broker.
    assert!(matches!(ended.code, Some(2 | 3)), "{ended:#?}");
    ended.says("No response from:").says("node1").says("node2");
}

#[test]
fn certificates_are_read_again_without_a_restart() {
    let mut fleet = Fleet::start(1);
    fleet.agents[0].signal(Signal::SIGHUP);
    fleet.agents[0].wait_for("read again");
    fleet.broker.signal(Signal::SIGHUP);
    fleet.broker.wait_for("read again");
    fleet.mco(["ping"]).exits(0);
}

#[test]
fn a_renewed_certificate_of_the_broker_is_served_without_dropping_anybody() {
    let mut fleet = Fleet::start(1);
    // A broker of another authority: who connects from now on refuses it, who is connected stays.
    let other = mcollective::tls::mint::CertificateAuthority::create("another CA", 2).unwrap();
    let role = mcollective::tls::mint::Role::Broker;
    let pair = other
        .issue(role, "broker", &["localhost".to_owned()], 1)
        .unwrap();
    std::fs::write(fleet.path("broker.pem"), pair.cert_pem).unwrap();
    std::fs::write(fleet.path("broker-key.pem"), pair.key_pem).unwrap();
    fleet.broker.signal(Signal::SIGHUP);
    fleet.broker.wait_for("read again");
    fleet.mco(["ping"]).exits(77).complains("not trusted");
    // A half-written renewal changes nothing.
    std::fs::write(fleet.path("broker.pem"), "-----BEGIN CERT").unwrap();
    fleet.broker.signal(Signal::SIGHUP);
    fleet.broker.wait_for("the old certificates stay in force");
}
