//! Certificates that are renewed before they end.

use std::fs;

use mcollective::{
    connector::enrol::EnrolError,
    tls::{self, Files, mint::Role},
};

use crate::support::{Office, office};

fn pin_and_end(files: &Files) -> (tls::KeyPin, std::time::SystemTime) {
    let pair = tls::Certified::load(&files.cert, &files.key).unwrap();
    (
        tls::key_pin(pair.leaf()).unwrap(),
        pair.validity().not_after,
    )
}

#[test]
fn an_agent_renews_its_certificate_by_itself() {
    let mut office = Office::open();
    let files = office.issue_old(Role::Node, "web1", 65);
    let (pin, end) = pin_and_end(&files);
    let mut agent = office.agent("web1", &files, "plugin.pki.renew = yes\n");
    agent.wait_for("has renewed the certificate of this node");
    office
        .daemon
        .wait_for("renewed the certificate of web1 for ");
    let (new_pin, new_end) = pin_and_end(&files);
    assert_eq!(new_pin, pin);
    assert!(new_end > end);
    office.peer(&files);
}

#[test]
fn a_broker_renews_its_own() {
    let mut broker = Office::open_with(|_, authority| {
        let sans = ["localhost".to_owned()];
        office::issue_old(authority, Role::Broker, "broker", &sans, 65)
    });
    broker
        .daemon
        .wait_for("the broker's certificate was renewed");
    broker.daemon.wait_for("were read again");
    let node = broker.issue(Role::Node, "web1");
    broker.peer(&node);
}

#[test]
fn only_what_is_on_record_is_renewed() {
    let office = Office::open();
    let refused = |files: &Files| {
        let before = fs::read(&files.cert).unwrap();
        let error = office.renew(files).unwrap_err();
        assert!(matches!(error, EnrolError::Refused { .. }), "{error}");
        assert_eq!(fs::read(&files.cert).unwrap(), before);
    };
    // By the same authority, but of no record: restored from an old backup, or made elsewhere.
    let files = office.issue_old(Role::Node, "web1", 65);
    fs::remove_dir_all(office.authority.dir().join("issued/web1")).unwrap();
    refused(&files);
    // Early, there is nothing to do: the same comes back.
    let files = office.issue(Role::Node, "web2");
    let before = fs::read(&files.cert).unwrap();
    office.renew(&files).unwrap();
    assert_eq!(fs::read(&files.cert).unwrap(), before);
}
