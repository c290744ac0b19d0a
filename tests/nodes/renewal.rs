//! What changes under running daemons, and must be taken up without starting one again:
//! certificates, authorities, and the broker's address.

use std::{fmt::Write as _, fs};

use mcollective::tls::mint::{CertificateAuthority, Role};

use crate::{
    call::Asked,
    fault::{Kind::Kill, Target},
    fleet::{AGENTS, BROKER, Fleet},
    watch::{Watch, watched},
};

/// The fleet moves to another authority while calls are made, and none of them fails while both
/// are trusted.
pub(crate) fn certificates_change_and_no_call_notices() {
    watched("certificates", 41, |watch| {
        let pids = watch.pids();
        let (old, new) = (&watch.fleet.authority, other_authority());
        let both = format!("{}{}", old.cert_pem(), new.cert_pem());
        for (authority, trusted) in [
            (old, both.as_str()),
            (&new, both.as_str()),
            (&new, new.cert_pem()),
        ] {
            // In the end the broker trusts the old authority no more: whoever still showed it a
            // certificate of that one would be cut, and missed by a call in that moment.
            renew(watch, authority, trusted);
            // Calls in peace, before and after.
            for _ in 0..3 {
                let made = watch.call(Asked::named(&watch.mark(), &AGENTS, 3));
                assert_eq!(made.code, Some(0), "{made}");
            }
        }
        assert_eq!(watch.pids(), pids, "nobody was started again");
        // Who connects anew does so with the new certificates.
        let agents = AGENTS.map(|name| watch.fleet.main_pid(name));
        watch.begin(BROKER, Kill);
        watch.whole();
        assert_eq!(AGENTS.map(|name| watch.fleet.main_pid(name)), agents);
    });
}

fn other_authority() -> CertificateAuthority {
    CertificateAuthority::create("nodes' next CA", 2).unwrap()
}

/// Puts new certificates in place and has the daemons read them.
fn renew(watch: &Watch<'_>, authority: &CertificateAuthority, trusted: &str) {
    let fleet = watch.fleet;
    let logged = AGENTS.map(|name| fleet.log(name).len());
    for (name, role) in AGENTS
        .map(|name| (name, Role::Node))
        .into_iter()
        .chain([(BROKER, Role::Broker)])
    {
        fleet.certify(authority, name, role, trusted);
        let seen = fleet.log(name).len();
        fleet.systemctl(name, "reload");
        fleet.wait_for_log(name, seen, "read again");
    }
    fleet.certify_client(authority, trusted);
    // They show the broker the new ones by themselves.
    for (name, logged) in AGENTS.into_iter().zip(logged) {
        fleet.wait_for_log(name, logged, " connected ");
    }
}

/// Certificates are renewed on disk and nobody says so: the next connection uses them.
pub(crate) fn certificates_on_disk_serve_the_next_connection() {
    watched("certificates-on-disk", 42, |watch| {
        let agents = AGENTS.map(|name| watch.fleet.main_pid(name));
        let (authority, trusted) = (&watch.fleet.authority, watch.fleet.authority.cert_pem());
        for name in AGENTS {
            watch.fleet.certify(authority, name, Role::Node, trusted);
        }
        watch
            .fleet
            .certify(authority, BROKER, Role::Broker, trusted);
        watch.begin(BROKER, Kill);
        watch.whole();
        assert_eq!(AGENTS.map(|name| watch.fleet.main_pid(name)), agents);
    });
}

/// Addresses of the broker besides its first.
const OTHER: &str = "10.213.7.200";
const NOBODY: &str = "10.213.7.201";

/// The broker's name gets another address, and later two of which one is dead.
pub(crate) fn the_broker_moves_to_another_address() {
    watched("address", 43, |watch| {
        let pids = watch.pids();
        let fleet = watch.fleet;
        let first = fleet.address(BROKER);
        watch.trouble(Target::Broker);
        let seen = AGENTS.map(|name| fleet.log(name).len());
        name_broker(fleet, &[OTHER]);
        // The address goes away as with a machine that is moved: without a word to anybody.
        fleet.lab.shell(
            BROKER,
            &format!("ip addr del {first}/24 dev eth0; ip addr add {OTHER}/24 dev eth0"),
        );
        for (name, seen) in AGENTS.into_iter().zip(seen) {
            fleet.wait_for_log(name, seen, "connected");
        }
        watch.whole();
        assert_eq!(watch.pids(), pids, "nobody was started again");

        name_broker(fleet, &[NOBODY, OTHER]);
        watch.begin(BROKER, Kill);
        watch.whole();
        let made = watch.call(Asked::named(&watch.mark(), &AGENTS, 3));
        assert_eq!(made.code, Some(0), "{made}");
        let agents = AGENTS.map(|name| fleet.main_pid(name));
        assert_eq!(agents, pids[..3]);
    });
}

/// Changes the addresses of the broker's name, for agents and client.
fn name_broker(fleet: &Fleet, addresses: &[&str]) {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for address in addresses {
        writeln!(text, "{address} {BROKER}").unwrap();
    }
    for name in AGENTS {
        fs::write(fleet.file(name, "/etc/hosts"), &text).unwrap();
    }
    fs::write(fleet.lab.hosts(), &text).unwrap();
}
