//! What goes wrong while machines are made ready: two at once, the token of another broker, another
//! name, a new key that is refused, an authority that is gone. Nothing is lost, and the words say what
//! to do.

use serde_json::Value;

use crate::{
    fleet,
    lab::Lab,
    rollout::{coded, wait_for_nodes},
};

pub(crate) fn a_mistake_costs_no_machine_its_fleet() {
    let lab = Lab::open(&fleet::program());
    lab.up(&["broker", "other", "a1"]);
    two_at_once(&lab);
    let on = |name: &str, line: &str| lab.shell(name, line);
    let token = |name: &str| {
        let said = on(name, "mcollective enable token create");
        let word = said
            .split_whitespace()
            .find(|word| word.starts_with("mcoj1."));
        word.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let ours = token("broker");
    on("a1", &format!("mcollective enable agent --join {ours}"));
    wait_for_nodes(&lab, "broker", &["a1"]);
    without_room(&lab);
    let theirs = token("other");
    for (order, why) in [
        (
            format!("--join {theirs}"),
            "belongs to another broker's authority, /etc/mcollective/ssl/ca.pem, than other:61613 does\n\
             hint: `--replace`",
        ),
        (
            format!("--identity a9 --join {ours}"),
            "this node is a1 by /etc/mcollective/server.cfg, and not a9\nhint: `--replace`",
        ),
        (
            format!("--new-key --join {ours}"),
            "a1 has a certificate for another key",
        ),
    ] {
        let said = on("a1", &coded(&format!("mcollective enable agent {order}")));
        assert!(said.contains(why) && !said.contains("exit 0"), "{said}");
        on("a1", "systemctl restart mcollective-agent");
        wait_for_nodes(&lab, "broker", &["a1"]);
    }
    lose_the_authority(&lab);
    // What was meant can be had.
    on(
        "a1",
        &format!("mcollective enable agent --replace --join {theirs}"),
    );
    wait_for_nodes(&lab, "other", &["a1"]);
    wait_for_nodes(&lab, "broker", &[]);
    enable_once_more(&lab);
    on(
        "a1",
        "cd /etc/mcollective && ls server.cfg.bak ssl/a1.pem.bak ssl/ca.pem.bak",
    );
}

fn two_at_once(lab: &Lab) {
    let one = coded("mcollective enable broker");
    let said = lab.shell("broker", &format!("({one}) & ({one}); wait"));
    assert_eq!(said.matches("exit 0").count(), 2, "{said}");
    let made = said.matches("Made a certificate authority in").count();
    assert_eq!(made, 1, "{said}");
}

/// What is not said stays as it is: an address, a name, who may command.
fn enable_once_more(lab: &Lab) {
    let on = |line: &str| lab.shell("other", line);
    let said = on(
        "mcollective enable broker --listen 0.0.0.0:7000 --client peadmin --client deploy --replace",
    );
    assert!(
        said.contains("--join mcoj1."),
        "a token for another port: {said}"
    );
    let said = on("mcollective enable token create -o json");
    let made: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(made["broker"], "other:7000");
    assert_eq!(made["callers"].as_array().unwrap().len(), 2);
    let said = on(&coded("mcollective enable broker --detailed-exitcodes"));
    assert!(
        said.contains("exit 0") && !said.contains("warning"),
        "{said}"
    );
    // The usual operator may have been taken out.
    on("sed -i 's/^clients = .*/clients = deploy/' /etc/mcollective/broker.cfg");
    let said = on(&coded("mcollective enable broker"));
    assert!(
        said.contains("exit 0") && !said.contains("eadmin"),
        "{said}"
    );
    let said = on(&coded(
        "mcollective enable broker --client peadmin --replace",
    ));
    assert!(
        said.contains("warning: deploy may no longer command"),
        "{said}"
    );
}

/// What was begun on a full disk is done when there is room.
fn without_room(lab: &Lab) {
    let state = "/var/lib/mcollective-broker";
    for size in ["4k", "8k", "12k", "16k"] {
        let said = lab.shell(
            "other",
            &coded(&format!(
                "mkdir -p {state}; mount -t tmpfs -o mode=755,size={size} disk {state}; mcollective enable broker"
            )),
        );
        let full = "No space left on device (os error 28)\nhint: make room on the disk\nexit 70";
        assert!(said.contains(full), "{size}: {said}");
        lab.shell(
            "other",
            &format!("mount -o remount,size=1m {state}; mcollective enable broker"),
        );
        // And once more on a machine that has nothing.
        let undo = "mcollective enable broker --disable; rm -r /etc/mcollective /var/lib/peadmin/.mcollective*";
        lab.shell("other", &format!("{undo}; umount {state}"));
    }
    lab.shell("other", "mcollective enable broker");
}

/// A broker with a new authority is one that works, with the node that joins it again.
fn lose_the_authority(lab: &Lab) {
    let on = |name: &str, line: &str| lab.shell(name, line);
    let said = on(
        "broker",
        &coded("mv /var/lib/mcollective-broker/ca /root/ca; mcollective enable broker"),
    );
    let gone = "the authority in /var/lib/mcollective-broker/ca is gone, which has signed this broker's certificate\nhint: put it back";
    assert!(said.contains(gone), "{said}");
    let said = on("broker", "mcollective enable broker --replace");
    assert!(
        said.contains("The broker lets the operator in, and 0 nodes answer"),
        "{said}"
    );
    let join = said.lines().find(|line| line.contains(" --join "));
    let join = join.unwrap_or_else(|| panic!("{said}")).trim();
    let said = on("a1", &coded(join));
    assert!(
        said.contains("belongs to another broker's authority"),
        "{said}"
    );
    on("a1", &format!("{join} --replace"));
    wait_for_nodes(lab, "broker", &["a1"]);
    on(
        "broker",
        "cd /var/lib && ls mcollective-broker/cert.pem.bak mcollective-broker/key.pem.bak peadmin/.mcollective.d/peadmin-key.pem.bak",
    );
}
