//! From nothing to a fleet with `mcollective enable`, on machines that have only the program: a broker
//! with an authority of its own, nodes that join with its token, an operator on a machine apart. Then
//! a node is revoked, cut off by its power, upgraded, and taken back.

use std::fs;

use serde_json::Value;

use crate::{
    clock, fleet,
    lab::{Lab, PROGRAM},
};

/// A command's line for a node's shell that gives its words and its exit code.
pub(crate) fn coded(line: &str) -> String {
    format!("{line} 2>&1 && echo 'exit 0' || echo \"exit $?\"")
}

/// Waits until `mco ping` on a machine names just these nodes.
#[track_caller]
pub(crate) fn wait_for_nodes(lab: &Lab, on: &str, nodes: &[&str]) {
    let line = "su peadmin -c 'mcollective mco ping -j' | tr -d '\\n'";
    clock::wait_for(&format!("{nodes:?} in the fleet"), fleet::PATIENCE, || {
        let said = lab.shell(on, &format!("{line} || true"));
        let found: Value = serde_json::from_str(&said).ok()?;
        let mut found: Vec<String> = found["replies"]
            .as_array()?
            .iter()
            .map(|reply| reply["sender"].as_str().unwrap_or_default().to_owned())
            .collect();
        found.sort();
        (found == nodes).then_some(())
    });
}

pub(crate) fn two_commands_make_a_fleet_and_one_takes_a_node_out() {
    let lab = Lab::open(&fleet::program());
    lab.up(&["broker", "a1", "a2", "ops"]);
    rehearse(&lab);
    let join = enable_broker(&lab);
    enable_nodes(&lab, &join);
    enable_operator(&lab);
    let token = join.rsplit(' ').next().unwrap();
    ask_too_much(&lab, token);
    lose_power_and_upgrade(&lab);
    revoke(&lab);
    disable(&lab);
}

/// A rehearsal says all and does nothing; nobody but root does more.
fn rehearse(lab: &Lab) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    let said = on("broker", "mcollective enable broker --dry-run");
    assert!(
        said.contains("Would make a certificate authority"),
        "{said}"
    );
    on(
        "broker",
        "test ! -e /etc/mcollective && test ! -e /var/lib/mcollective-broker",
    );
    let said = on(
        "broker",
        &coded("su -s /bin/sh nobody -c 'mcollective enable broker'"),
    );
    assert!(
        said.contains("only root") && said.contains("exit 70"),
        "{said}"
    );
}

/// One command on the broker. It ends with the proof, and prints the other.
fn enable_broker(lab: &Lab) -> String {
    let on = |name: &str, line: &str| lab.shell(name, line);
    let said = on("broker", "mcollective enable broker");
    assert!(
        said.contains("The broker lets the operator in, and 0 nodes answer"),
        "{said}"
    );
    let join = said
        .lines()
        .find(|line| line.trim().starts_with("mcollective enable agent --join "))
        .unwrap_or_else(|| panic!("{said}"))
        .trim()
        .to_owned();
    on(
        "broker",
        "systemctl is-active -q mcollective-broker && systemctl is-enabled -q mcollective-broker",
    );
    let said = on(
        "broker",
        "ps -o user= -C mcollective; stat -c '%a %U' /var/lib/mcollective-broker/ca/ca-key.pem ~peadmin/.mcollective.d/peadmin-key.pem",
    );
    assert_eq!(said, "mcollective\n600 mcollective\n600 peadmin\n");
    let said = on(
        "broker",
        &coded("mcollective enable broker --detailed-exitcodes"),
    );
    assert!(
        said.contains("exit 0"),
        "nothing changes the second time: {said}"
    );
    // Who the broker is, and an operator, own directories that root writes to, and lay a link there.
    for (dir, file, role) in [
        ("/var/lib/mcollective-broker", "cert.pem", "broker"),
        ("/var/lib/peadmin/.mcollective.d", "ca.pem", "client"),
    ] {
        let said = on(
            "broker",
            &format!(
                "mkdir /root/kept; cp -a {dir}/*.pem /root/kept; cp -p /etc/shadow /root/shadow; rm {dir}/{file}; ln -s /etc/shadow {dir}/{file}; \
                 chown -h --reference={dir} {dir}/{file}; mcollective enable {role} --replace 2>&1 || echo exit $?; \
                 cmp /etc/shadow /root/shadow; stat -c '%a %U' /etc/shadow; cp -a --remove-destination /root/kept/*.pem {dir}; rm -r /root/kept"
            ),
        );
        let refused = "is a symbolic link in a directory that is not root's\nhint: remove it: root does not follow links that \
                       others have made\nexit 78\n640 root\n";
        assert!(said.ends_with(refused), "{said}");
    }
    join
}

/// The other on each node.
fn enable_nodes(lab: &Lab, join: &str) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    for node in ["a1", "a2"] {
        let said = on(node, join);
        assert!(
            said.contains("Connected to broker:61613 (mcollective-agent.service)"),
            "{said}"
        );
    }
    wait_for_nodes(lab, "broker", &["a1", "a2"]);
    let said = on("a1", &coded(&format!("{join} --detailed-exitcodes")));
    assert!(
        said.contains("exit 0"),
        "nothing changes the second time: {said}"
    );
    let said = on("a1", &coded("mcollective enable status"));
    assert!(
        said.contains("active, enabled: Connected to broker:61613"),
        "{said}"
    );
    assert!(
        said.contains("Nothing is wrong") && said.contains("exit 0"),
        "{said}"
    );
    // What others could change or read is told.
    let loose = |node: &str, loosen: &str, fasten: &str, path: &str| {
        on(node, loosen);
        let said = on(node, &coded("mcollective enable status"));
        assert!(said.contains(path) && said.contains("exit 2"), "{said}");
        on(node, fasten);
    };
    loose(
        "a1",
        "chmod 666 /etc/mcollective/server.cfg /etc/mcollective/policies/package.policy",
        "chmod 640 /etc/mcollective/server.cfg; chmod 644 /etc/mcollective/policies/package.policy",
        "package.policy: everybody on this machine can change it",
    );
    loose(
        "broker",
        "chmod 644 /var/lib/mcollective-broker/ca/ca-key.pem",
        "chmod 600 /var/lib/mcollective-broker/ca/ca-key.pem",
        "ca-key.pem: everybody on this machine can read this key",
    );
    let pin = on(
        "a1",
        "grep -o 'peadmin@sha256:[0-9a-f]*' /etc/mcollective/server.cfg",
    );
    assert_eq!(pin.trim().len(), "peadmin@sha256:".len() + 64, "{pin}");

    // Puppet Enterprise's policy of packages, which is the owner's to change.
    let package = |action: &str| {
        let line = format!("su peadmin -c 'mcollective mco package dash {action} -y -I a1'");
        on("broker", &coded(&line))
    };
    let said = package("status");
    assert!(said.contains("dash-") && said.contains("exit 0"), "{said}");
    let said = package("purge");
    assert!(
        said.contains("not authorized") && said.contains("exit 2"),
        "{said}"
    );
    let explain = "mcollective mco policy check package purge --caller cert=peadmin";
    let said = on("a1", &coded(explain));
    assert!(
        said.contains("/etc/mcollective/policies/package.policy"),
        "{said}"
    );
    on("a1", "rm /etc/mcollective/policies/package.policy");
    on("a1", &coded(join));
    on("a1", "test ! -e /etc/mcollective/policies/package.policy");

    // An action that changes something, ordered by the operator.
    on(
        "broker",
        "su peadmin -c 'mcollective mco service cron restart -y -I a1' || su peadmin -c 'mcollective mco rpc rpcutil ping -I a1'",
    );
}

/// An operator on a machine of their own: allowed by the broker, and obeyed by those who list the key.
fn enable_operator(lab: &Lab) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    on(
        "broker",
        "sed -i 's/^clients = .*/clients = peadmin, deploy/' /etc/mcollective/broker.cfg && systemctl reload mcollective-broker",
    );
    let said = on(
        "broker",
        "mcollective enable token create --role client --name deploy -o json",
    );
    let made: Value = serde_json::from_str(&said).unwrap();
    let client_token = made["token"].as_str().unwrap();
    let said = on(
        "ops",
        &coded(&format!("mcollective enable agent --join {client_token}")),
    );
    assert!(
        said.contains("this token is for clients") && said.contains("exit 64"),
        "{said}"
    );
    let said = on(
        "ops",
        &format!("mcollective enable client --name deploy --join {client_token} -o json"),
    );
    let made: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(made["nodes"], 0, "no node knows this key yet: {said}");
    let caller = made["caller"].as_str().unwrap();
    let ask = "su deploy -c 'mcollective mco rpc rpcutil ping'";
    let said = on("ops", &coded(ask));
    assert!(
        !said.contains("exit 0"),
        "no node knows this key yet: {said}"
    );
    for node in ["a1", "a2"] {
        on(
            node,
            &format!(
                "sed -i 's/^plugin.pki.clients = .*/&, {caller}/' /etc/mcollective/server.cfg && systemctl reload mcollective-agent"
            ),
        );
    }
    clock::wait_for("the new operator is obeyed", fleet::PATIENCE, || {
        on("ops", &coded(ask)).contains("exit 0").then_some(())
    });
}

/// What a token does not give.
fn ask_too_much(lab: &Lab, token: &str) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    for (words, expected) in [
        (
            format!("agent --join {token} --identity ../evil"),
            "can't be a node's name",
        ),
        (
            format!("agent --join {token} --caller peadmin@sha256:abc"),
            "64 hexadecimal digits",
        ),
        ("broker --client /x/".to_owned(), "is not a name"),
        (
            format!("agent --join {token} --identity localhost"),
            "every machine calls itself localhost",
        ),
        (format!("client --join {token}"), "this token is for nodes"),
    ] {
        let said = on("ops", &coded(&format!("mcollective enable {words}")));
        assert!(
            said.contains(expected) && said.contains("exit 64"),
            "{words}: {said}"
        );
    }
    on(
        "ops",
        "test ! -e /etc/mcollective && test ! -e /etc/evil-key.pem",
    );
    let said = on(
        "ops",
        &coded(&format!(
            "mcollective enable agent --no-start --identity peadmin --join {token}"
        )),
    );
    assert!(
        said.contains("exit 77"),
        "a node under an operator's name: {said}"
    );
    let said = on(
        "ops",
        &coded(&format!(
            "mcollective enable agent --no-start --identity a1 --join {token}"
        )),
    );
    assert!(
        said.contains("exit 77"),
        "a node under another's name: {said}"
    );
    let id = on(
        "broker",
        "mcollective enable token list | awk '/node/ {print $1; exit}'",
    );
    on("broker", &format!("mcollective enable token revoke {id}"));
    let said = on(
        "ops",
        &coded(&format!(
            "mcollective enable agent --no-start --join {token}"
        )),
    );
    assert!(!said.contains("exit 0"), "a revoked token: {said}");
}

/// A machine that loses power, and one that gets a newer program, are nodes again by themselves.
fn lose_power_and_upgrade(lab: &Lab) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    // A machine that lost power is a node again by itself.
    lab.cut("a1");
    lab.down("a2");
    lab.up(&["a2"]);
    lab.plug("a1");
    wait_for_nodes(lab, "broker", &["a1", "a2"]);

    // A newer program takes the old one's place under a running fleet.
    on(
        "a1",
        &format!(
            "cp {PROGRAM} /usr/local/bin/newer && umount -l {PROGRAM} && mv /usr/local/bin/newer {PROGRAM} && systemctl restart mcollective-agent"
        ),
    );
    wait_for_nodes(lab, "broker", &["a1", "a2"]);
    // What was not restarted is told of, until it is enabled once more.
    let replace = format!("cp {PROGRAM} /usr/local/bin/newer && mv /usr/local/bin/newer {PROGRAM}");
    on("a1", &replace);
    let told = "mcollective-agent.service runs the program that was there before this one";
    let said = on("a1", "mcollective enable status");
    assert!(said.contains(told), "{said}");
    let said = on("a1", "mcollective enable agent");
    assert!(
        said.contains("Restarted mcollective-agent.service"),
        "{said}"
    );
    let said = on("a1", "mcollective enable status");
    assert!(!said.contains(told), "{said}");
    wait_for_nodes(lab, "broker", &["a1", "a2"]);
}

/// Revoked is out, and stays out; the others have the list.
fn revoke(lab: &Lab) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    on("broker", "mcollective enable revoke a2");
    wait_for_nodes(lab, "broker", &["a1"]);
    let said = on("a2", &coded("mcollective enable status"));
    assert!(
        said.contains("is not connected") && said.contains("revoked") && said.contains("exit 2"),
        "{said}"
    );
    // With a new key, and a token made since, it is one of them again.
    let said = on(
        "broker",
        "mcollective enable token create --name a2 --uses 1 -o json",
    );
    let made: Value = serde_json::from_str(&said).unwrap();
    let command = made["command"].as_str().unwrap();
    let said = on(
        "a2",
        &coded(&format!("{command} --no-start --new-key --dry-run")),
    );
    assert!(said.contains("Would join broker:61613 as a2"), "{said}");
    on("a2", &format!("{command} --new-key"));
    wait_for_nodes(lab, "broker", &["a1", "a2"]);
    clock::wait_for("the list on a1", fleet::PATIENCE, || {
        let (ours, theirs) = (
            fs::read(lab.disk("a1").join("etc/mcollective/ssl/crl.pem")).ok()?,
            fs::read(
                lab.disk("broker")
                    .join("var/lib/mcollective-broker/ca/crl.pem"),
            )
            .ok()?,
        );
        (ours == theirs).then_some(())
    });
}

/// And back out: the service goes, the data stays.
fn disable(lab: &Lab) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    on("a1", "mcollective enable agent --disable");
    on(
        "a1",
        "! systemctl is-active -q mcollective-agent && test ! -e /etc/systemd/system/mcollective-agent.service && test -e /etc/mcollective/server.cfg",
    );
    on(
        "broker",
        "mcollective enable broker --disable && test -e /var/lib/mcollective-broker/ca/ca-key.pem",
    );
}
