//! Certificates that are revoked: by the broker, and by the agents that it tells.

use std::fs;

use mcollective::tls::{Files, mint::Role};

use crate::support::{Daemon, Office, mco};

/// An agent that takes newer lists, in a file of its own.
fn agent(office: &Office, name: &str, files: &Files) -> (Daemon, std::path::PathBuf) {
    let list = office.path(&format!("{name}-crl.pem"));
    fs::copy(office.authority.crl_path(), &list).unwrap();
    let more = format!(
        "plugin.activemq.pool.1.ssl.crl = {}\nplugin.pki.crl_updates = yes\n",
        list.display()
    );
    let mut agent = office.agent(name, files, &more);
    agent.wait_for("connected");
    (agent, list)
}

#[test]
fn a_revoked_node_is_cut_and_a_revoked_caller_obeyed_by_nobody() {
    let mut office = Office::open();
    let [web1, web2] = ["web1", "web2"].map(|name| office.issue(Role::Node, name));
    let (mut first, list) = agent(&office, "web1", &web1);
    let (mut second, _) = agent(&office, "web2", &web2);
    let peadmin = office.issue(Role::Client, "peadmin");
    let signer = office.issue(Role::Client, "signer");
    // Through an operator's connection, signed with a key apart from it.
    let config = office.path("client.cfg");
    let text = format!(
        "{}plugin.pki.clients = peadmin\nplugin.pki.cert = {}\nplugin.pki.key = {}\n",
        office.connector(&peadmin),
        signer.cert.display(),
        signer.key.display()
    );
    fs::write(&config, text).unwrap();
    let ping = ["rpc", "rpcutil", "ping", "-I", "web1"];
    mco(&config, ping).exits(0);
    mco(&config, ["rpc", "rpcutil", "ping", "-I", "web2"]).exits(0);

    office.authority.revoke("web2").unwrap();
    second.wait_for("revoked");
    first.wait_for("were read again");
    let published = || fs::read(office.authority.crl_path()).unwrap();
    assert_eq!(fs::read(&list).unwrap(), published());
    // It tries again, and is not let in.
    office.daemon.wait_for("was revoked");

    office.authority.revoke("signer").unwrap();
    first.wait_for("were read again");
    assert_eq!(fs::read(&list).unwrap(), published());
    let said = mco(&config, ping);
    assert_ne!(said.code, Some(0), "{said:?}");
    first.wait_for("revoked");
}

#[test]
fn an_agent_that_was_away_is_told_when_it_comes_back() {
    let mut office = Office::open();
    let files = office.issue(Role::Node, "web1");
    office.issue(Role::Node, "web2");
    let list = office.path("web1-crl.pem");
    fs::copy(office.authority.crl_path(), &list).unwrap();
    office.authority.revoke("web2").unwrap();
    office.daemon.wait_for("were read again");
    let more = format!(
        "plugin.activemq.pool.1.ssl.crl = {}\nplugin.pki.crl_updates = yes\n",
        list.display()
    );
    let mut agent = office.agent("web1", &files, &more);
    agent.wait_for("were read again");
    assert_eq!(
        fs::read(&list).unwrap(),
        fs::read(office.authority.crl_path()).unwrap()
    );
}
