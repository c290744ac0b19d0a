//! Native facts from machines as files describe them.

use serde_json::json;

use super::*;
use crate::sys::machine::{Disk, Interface, Kernel, Memory, Mount, Network, OsRelease, Processors};

fn machine() -> Machine {
    let address = |text: &str, prefix| (text.parse().unwrap(), prefix);
    Machine {
        hostname: "web1".into(),
        fqdn: "web1.example.net".into(),
        kernel: Kernel {
            name: "Linux".into(),
            release: "6.1.0-18-amd64".into(),
            machine: "x86_64".into(),
        },
        os: OsRelease {
            id: "debian".into(),
            pretty: "Debian GNU/Linux 12 (bookworm)".into(),
            version: "12.5".into(),
            codename: Some("bookworm".into()),
            ..OsRelease::default()
        },
        memory: Memory {
            total: 2_148_007_936,
            available: 1 << 30,
        },
        processors: Processors {
            logical: 4,
            physical: 1,
            cores: Some(2),
            models: vec!["CPU".into(); 4],
            hypervisor: true,
        },
        uptime: Some(90_000),
        load: Some([0.5, 1.0, 0.25]),
        network: Network {
            interfaces: vec![Interface {
                name: "eth0.7".into(),
                mac: Some("02:fc:00:00:00:01".into()),
                mtu: 1500,
                addresses: vec![address("192.0.2.2", 24), address("2001:db8::2", 64)],
                up: true,
            }],
            primary: Some("eth0.7".into()),
        },
        mounts: vec![Mount {
            path: "/srv".into(),
            filesystem: "nfs4".into(),
            ..Mount::default()
        }],
        disks: vec![Disk {
            name: "sda".into(),
            size: 1 << 30,
            ..Disk::default()
        }],
        virtualization: Some("kvm".into()),
        ..Machine::default()
    }
}

fn facts() -> Facts {
    Facts::new(of(&machine()))
}

#[test]
fn the_structure_is_facters() {
    let facts = facts();
    for (path, expected) in [
        ("os.name", "Debian"),
        ("os.family", "Debian"),
        ("os.architecture", "amd64"),
        ("os.hardware", "x86_64"),
        ("os.release.full", "12.5"),
        ("os.release.major", "12"),
        ("os.distro.codename", "bookworm"),
        ("kernel", "Linux"),
        ("kernelrelease", "6.1.0-18-amd64"),
        ("kernelversion", "6.1.0"),
        ("kernelmajversion", "6.1"),
        ("networking.hostname", "web1"),
        ("networking.domain", "example.net"),
        ("networking.ip", "192.0.2.2"),
        ("networking.scope6", "global"),
        ("networking.interfaces.eth0.7.netmask", "255.255.255.0"),
        (
            "networking.interfaces.eth0.7.bindings.0.network",
            "192.0.2.0",
        ),
        ("memory.system.total", "2.00 GiB"),
        ("memory.system.total_bytes", "2148007936"),
        ("processors.count", "4"),
        ("processors.threads", "2"),
        ("processors.models.3", "CPU"),
        ("mountpoints./srv.filesystem", "nfs4"),
        ("disks.sda.size", "1.00 GiB"),
        ("system_uptime.hours", "25"),
        ("load_averages.1m", "0.5"),
        ("is_virtual", "true"),
        ("identity.privileged", "true"),
    ] {
        assert_eq!(facts.get(path), Some(&json!(expected)), "{path}");
    }
    assert_eq!(facts.get("memory.swap"), None);
}

#[test]
fn the_old_flat_names_say_the_same() {
    let facts = facts();
    for (name, expected) in [
        ("hostname", "web1"),
        ("fqdn", "web1.example.net"),
        ("ipaddress", "192.0.2.2"),
        ("ipaddress_eth0_7", "192.0.2.2"),
        ("interfaces", "eth0_7"),
        ("operatingsystem", "Debian"),
        ("operatingsystemrelease", "12.5"),
        ("osfamily", "Debian"),
        ("architecture", "amd64"),
        ("processorcount", "4"),
        ("memorysize_mb", "2048.5"),
        ("uptime_days", "1"),
        ("uptime", "1 day"),
        ("lsbdistid", "Debian"),
        ("blockdevice_sda_size", "1073741824"),
    ] {
        assert_eq!(facts.as_map().get(name), Some(&json!(expected)), "{name}");
    }
}

#[test]
fn a_machine_that_says_nothing_has_few_facts() {
    let facts = Facts::new(of(&Machine::default()));
    assert_eq!(facts.get("os.family"), None);
    assert_eq!(facts.get("networking"), None);
    assert_eq!(facts.get("virtual"), None);
    assert!(facts.get("mcollective.version").is_some());
}

fn leaves_are_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty() && list.iter().all(leaves_are_text),
        Value::Object(map) => !map.is_empty() && map.values().all(leaves_are_text),
        _ => false,
    }
}

#[test]
fn every_leaf_of_this_machine_is_text() {
    let facts = probe_everything();
    assert!(leaves_are_text(&Value::Object(facts.clone())), "{facts:#?}");
    assert!(facts.len() > 20);
}

#[test]
fn the_machine_is_looked_at_again_after_the_cache_time() {
    let cache = Duration::from_mins(5);
    let facts = NativeFacts::new(cache);
    let start = Instant::now();
    let first = facts.snapshot_at(start);
    assert!(Arc::ptr_eq(&first, &facts.snapshot_at(start + cache / 2)));
    assert!(!Arc::ptr_eq(&first, &facts.snapshot_at(start + cache)));
}
