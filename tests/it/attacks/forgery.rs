//! Requests that nobody authorised has made, or not so, brought to the nodes by a client of the
//! broker. Each is one line in the log, and runs nowhere.

use mcollective::{
    security::SecurityProvider as _,
    tls::mint::{CertificateAuthority, Role},
};

use super::site::{Site, broadcast, request};

#[test]
fn by_the_wrong_key() {
    let mut site = Site::new();
    // An authority of the attacker's own issues the operator's name.
    let other = CertificateAuthority::create("test CA", 2).unwrap();
    let pair = other.issue(Role::Client, "peadmin", &[], 1).unwrap();
    std::fs::write(site.fleet.path("fake.pem"), pair.cert_pem).unwrap();
    std::fs::write(site.fleet.path("fake-key.pem"), pair.key_pem).unwrap();
    let mut console = site.peer("console");
    for (signer, log) in [
        ("mallory", "\"mallory\""),
        ("console", "\"console\""),
        ("fake", "\"peadmin\""),
    ] {
        let asked = request(signer, "rpcutil", "ping", ().into());
        let signed = forge(&site, signer, &asked);
        broadcast(&mut console, "rpcutil", &signed);
        let line = site.fleet.agents[0].wait_for("refused: ");
        assert!(line.contains(log), "{signer}: {line}");
        assert_eq!(site.decided("node1", signer), 0);
    }
    site.is_well();
}

/// Signs with a key whose certificate the signer itself believes in.
fn forge(site: &Site, signer: &str, asked: &mcollective::mcorpc::request::Request) -> Vec<u8> {
    use mcollective::security::pki::{self, Pki};
    let ca = if signer == "fake" {
        "fake.pem"
    } else {
        "ca.pem"
    };
    let name = if signer == "fake" { "peadmin" } else { signer };
    let pki = Pki::load(pki::Settings {
        identity: name.parse().unwrap(),
        cert: site.fleet.path(&format!("{signer}.pem")),
        key: site.fleet.path(&format!("{signer}-key.pem")),
        ca: vec![site.fleet.path(ca)],
        crl: Vec::new(),
        client_ca: None,
        clients: Vec::new(),
    });
    pki.unwrap().sign_request(asked).unwrap().body.to_vec()
}

#[test]
fn with_another_time_or_life() {
    const MINUTE: u64 = 60_000;
    let mut site = Site::new();
    let mut console = site.peer("console");
    let now = request("now", "rpcutil", "ping", ().into()).time_ms;
    for (id, time_ms, ttl_ms, log) in [
        ("future", now + 10 * MINUTE, MINUTE, "s ahead of this node"),
        ("past", now - 10 * MINUTE, MINUTE, "has expired"),
        // Ten years are as good as the longest that the node allows.
        (
            "decade",
            now - 60 * MINUTE,
            10 * 365 * 24 * 60 * MINUTE,
            "has expired",
        ),
        ("endless", now - 60 * MINUTE, u64::MAX, "has expired"),
        ("beginning", 0, u64::MAX, "has expired"),
        ("end", u64::MAX, u64::MAX, "s ahead of this node"),
    ] {
        let mut asked = request(id, "rpcutil", "ping", ().into());
        (asked.time_ms, asked.ttl_ms) = (time_ms, ttl_ms);
        let signed = site.sign("peadmin", &asked);
        broadcast(&mut console, "rpcutil", &signed.body);
        let line = site.fleet.agents[0].wait_for(&format!("id={id} "));
        assert!(line.contains(log), "{line}");
        assert_eq!(site.decided("node1", id), 0);
    }
    site.is_well();
}

/// What a request says is signed as a whole: with one character changed anywhere it is nothing.
#[test]
fn with_anything_changed() {
    let mut site = Site::new();
    let signed = site.sign("peadmin", &request("r1", "rpcutil", "ping", ().into()));
    let text = std::str::from_utf8(&signed.body).unwrap();
    let mut console = site.peer("console");
    for at in (0..text.len()).step_by(text.len() / 9) {
        let mut changed = text.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        broadcast(&mut console, "rpcutil", &changed);
        site.fleet.agents[0].wait_for("refused: ");
    }
    assert_eq!(site.decided("node1", "r1"), 0);
    site.is_well();
}
