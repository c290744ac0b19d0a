//! `mcollective enable` where Puppet has given machines certificates already: in the layout of Debian's
//! packages, and in that of Puppet Enterprise with its switch in `pe.conf`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use mcollective::tls::mint::{CertificateAuthority, Role};

use crate::{
    fleet,
    lab::Lab,
    rollout::{coded, wait_for_nodes},
};

/// Puts a certificate where Puppet keeps it.
fn certify(ssl: &Path, authority: &CertificateAuthority, role: Role, name: &str) {
    for dir in ["certs", "private_keys"] {
        fs::create_dir_all(ssl.join(dir)).unwrap();
    }
    let pair = authority.issue(role, name, &[], 60).unwrap();
    fs::write(ssl.join(format!("certs/{name}.pem")), pair.cert_pem).unwrap();
    let key = ssl.join(format!("private_keys/{name}.pem"));
    fs::write(&key, pair.key_pem).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(ssl.join("certs/ca.pem"), authority.cert_pem()).unwrap();
    let list = authority.revocation_list(&[], 1, 60).unwrap();
    fs::write(ssl.join("crl.pem"), list).unwrap();
}

pub(crate) fn puppets_certificates_are_used_where_they_lie() {
    let lab = Lab::open(&fleet::program());
    lab.up(&["server", "web1"]);
    let on = |name: &str, line: &str| lab.shell(name, line);
    let authority = CertificateAuthority::create("Puppet CA", 60).unwrap();
    let ssl = |name: &str| lab.disk(name).join("var/lib/puppet/ssl");
    for (name, role) in [("server", Role::Broker), ("web1", Role::Node)] {
        on(
            name,
            "mkdir -p /etc/puppet && echo '[main]' >/etc/puppet/puppet.conf",
        );
        certify(&ssl(name), &authority, role, name);
    }
    on("server", "echo '*' >/etc/puppet/autosign.conf");

    let said = on("server", &coded("mcollective enable broker"));
    assert!(
        said.contains("used where it lies, in /var/lib/puppet/ssl"),
        "{said}"
    );
    assert!(
        said.contains("signs whatever it is asked for") && said.contains("exit 0"),
        "{said}"
    );
    on(
        "server",
        "! test -e /var/lib/mcollective-broker/ca && ! grep -q ca_dir /etc/mcollective/broker.cfg",
    );
    // Without a certificate of its own an operator is told how to get one, and nothing is made.
    let said = on(
        "server",
        &coded("mcollective enable client --broker server"),
    );
    assert!(
        said.contains("puppetserver ca generate --certname peadmin"),
        "{said}"
    );
    assert!(
        said.contains("exit 78") && !said.contains("Made the system user"),
        "{said}"
    );
    certify(&ssl("server"), &authority, Role::Client, "peadmin");
    let said = on("server", "mcollective enable client --broker server");
    let caller = said
        .split_whitespace()
        .find(|word| word.starts_with("peadmin@sha256:"))
        .unwrap();

    let said = on("web1", &coded("mcollective enable agent"));
    assert!(
        said.contains("--broker HOST") && said.contains("exit 64"),
        "{said}"
    );
    let said = on(
        "web1",
        &format!("mcollective enable agent --broker server --caller {caller} 2>&1"),
    );
    assert!(
        said.contains("Connected to server:61613") && !said.contains("warning"),
        "{said}"
    );
    wait_for_nodes(&lab, "server", &["web1"]);
    on("web1", "! test -e /etc/mcollective/ssl");
    // The broker's own machine is a node too; a name without a key is warned of.
    let said = on("server", "mcollective enable agent --broker server 2>&1");
    assert!(
        said.contains("whoever gets a certificate named peadmin"),
        "{said}"
    );
    wait_for_nodes(&lab, "server", &["server", "web1"]);
    let said = on("server", &coded("mcollective enable status"));
    assert!(
        said.contains("(autosign)") && said.contains("can be peadmin"),
        "{said}"
    );
    assert!(
        said.contains("connection     works, 2 nodes answer") && said.contains("exit 0"),
        "{said}"
    );
}

pub(crate) fn puppet_enterprise_is_asked_first_and_its_names_are_taken() {
    let lab = Lab::open(&fleet::program());
    lab.up(&["master", "web1"]);
    let on = |name: &str, line: &str| lab.shell(name, line);
    let authority = CertificateAuthority::create("Puppet CA", 60).unwrap();
    let ssl = |name: &str| lab.disk(name).join("etc/puppetlabs/puppet/ssl");
    certify(&ssl("master"), &authority, Role::Broker, "master");
    certify(
        &ssl("master"),
        &authority,
        Role::Client,
        "pe-internal-peadmin-mcollective-client",
    );
    certify(&ssl("web1"), &authority, Role::Node, "web1");
    for name in ["master", "web1"] {
        on(
            name,
            "printf '[main]\\ncertname = %s\\n' $(hostname) >/etc/puppetlabs/puppet/puppet.conf",
        );
    }
    let pe_conf = "/etc/puppetlabs/enterprise/conf.d/pe.conf";
    on("master", &format!(
        "mkdir -p /opt/puppetlabs/server /etc/puppetlabs/enterprise/conf.d; echo 2018.1 >/opt/puppetlabs/server/pe_version
         printf '{{\\n  \"pe_install::disable_mco\": true\\n}}\\n' >{pe_conf}; chmod 600 {pe_conf}"
    ));
    let said = on("master", &coded("mcollective enable broker"));
    assert!(
        said.contains("pe.conf:2:3: ") && said.contains("exit 78"),
        "{said}"
    );
    on("master", "! test -e /etc/puppetlabs/mcollective");
    on("master", &format!("mcollective enable --pe-conf {pe_conf}"));

    on("master", "mcollective enable broker");
    let said = on(
        "master",
        "grep ^clients /etc/puppetlabs/mcollective/broker.cfg",
    );
    assert_eq!(
        said,
        "clients = master, pe-internal-puppet-console-mcollective-client\n"
    );
    on("master", "mcollective enable client --broker master");
    let said = on(
        "master",
        "grep -c pe-internal-peadmin ~peadmin/.mcollective; stat -c %a ~peadmin/.mcollective.d/master-key.pem",
    );
    assert_eq!(said, "2\n600\n");

    // The old daemon's configuration stays until it is to be replaced.
    on(
        "web1",
        "mkdir -p /etc/puppetlabs/mcollective && echo 'securityprovider = ssl' >/etc/puppetlabs/mcollective/server.cfg",
    );
    let enable = "mcollective enable agent --broker master --caller pe-internal-peadmin-mcollective-client=peadmin-public";
    let said = on("web1", &coded(enable));
    assert!(
        said.contains("a configuration that this agent can't use"),
        "{said}"
    );
    assert!(said.contains("exit 78"), "{said}");
    on("web1", &format!("{enable} --replace"));
    on(
        "web1",
        "grep -q 'securityprovider = ssl' /etc/puppetlabs/mcollective/server.cfg.bak",
    );
    wait_for_nodes(&lab, "master", &["web1"]);
}
