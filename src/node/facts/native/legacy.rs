//! The flat names of Facter 1 to 3, which filters and manifests still use.

use super::tree::{Tree, human, mebibytes};
use crate::sys::machine::{Machine, Memory};

/// Puts them beside the structures, out of which most are copied.
pub(super) fn put(facts: &mut Tree, machine: &Machine) {
    for (name, path) in COPIES {
        facts.put_copy(name, path);
    }
    put_memory(facts, "memory", machine.memory);
    put_memory(facts, "swap", machine.swap);
    for (number, model) in machine.processors.models.iter().enumerate() {
        facts.put(&format!("processor{number}"), Some(model));
    }
    let mut names = Vec::new();
    for interface in &machine.network.interfaces {
        let name = interface.name.replace(['.', ':', '-'], "_");
        for (fact, leaf) in PER_INTERFACE {
            let path = ["networking", "interfaces", &interface.name, leaf];
            facts.put_copy(&format!("{fact}_{name}"), &path);
        }
        names.push(name);
    }
    facts.put("interfaces", Some(names.join(",")));
    let disks: Vec<_> = machine
        .disks
        .iter()
        .map(|disk| disk.name.as_str())
        .collect();
    facts.put("blockdevices", Some(disks.join(",")));
    for disk in &machine.disks {
        facts.put(&format!("blockdevice_{}_size", disk.name), Some(disk.size));
    }
}

fn put_memory(facts: &mut Tree, name: &str, memory: Memory) {
    let Memory { total, available } = memory;
    if total > 0 {
        facts.put(&format!("{name}size"), Some(human(total)));
        facts.put(&format!("{name}free"), Some(human(available)));
        facts.put(&format!("{name}size_mb"), Some(mebibytes(total)));
        facts.put(&format!("{name}free_mb"), Some(mebibytes(available)));
    }
}

const PER_INTERFACE: [(&str, &str); 7] = [
    ("ipaddress", "ip"),
    ("ipaddress6", "ip6"),
    ("macaddress", "mac"),
    ("mtu", "mtu"),
    ("netmask", "netmask"),
    ("netmask6", "netmask6"),
    ("network", "network"),
];

const COPIES: [(&str, &[&str]); 40] = [
    ("architecture", &["os", "architecture"]),
    ("bios_release_date", &["dmi", "bios", "release_date"]),
    ("bios_vendor", &["dmi", "bios", "vendor"]),
    ("bios_version", &["dmi", "bios", "version"]),
    ("domain", &["networking", "domain"]),
    ("fqdn", &["networking", "fqdn"]),
    ("gid", &["identity", "group"]),
    ("hardwareisa", &["processors", "isa"]),
    ("hardwaremodel", &["os", "hardware"]),
    ("hostname", &["networking", "hostname"]),
    ("id", &["identity", "user"]),
    ("ipaddress", &["networking", "ip"]),
    ("ipaddress6", &["networking", "ip6"]),
    ("lsbdistcodename", &["os", "distro", "codename"]),
    ("lsbdistdescription", &["os", "distro", "description"]),
    ("lsbdistid", &["os", "distro", "id"]),
    ("lsbdistrelease", &["os", "distro", "release", "full"]),
    ("lsbmajdistrelease", &["os", "distro", "release", "major"]),
    ("lsbminordistrelease", &["os", "distro", "release", "minor"]),
    ("macaddress", &["networking", "mac"]),
    ("manufacturer", &["dmi", "manufacturer"]),
    ("netmask", &["networking", "netmask"]),
    ("netmask6", &["networking", "netmask6"]),
    ("network", &["networking", "network"]),
    ("network6", &["networking", "network6"]),
    ("operatingsystem", &["os", "name"]),
    ("operatingsystemmajrelease", &["os", "release", "major"]),
    ("operatingsystemrelease", &["os", "release", "full"]),
    ("osfamily", &["os", "family"]),
    ("physicalprocessorcount", &["processors", "physicalcount"]),
    ("processorcount", &["processors", "count"]),
    ("productname", &["dmi", "product", "name"]),
    ("scope6", &["networking", "scope6"]),
    ("selinux", &["os", "selinux", "enabled"]),
    ("serialnumber", &["dmi", "product", "serial_number"]),
    ("uptime", &["system_uptime", "uptime"]),
    ("uptime_days", &["system_uptime", "days"]),
    ("uptime_hours", &["system_uptime", "hours"]),
    ("uptime_seconds", &["system_uptime", "seconds"]),
    ("uuid", &["dmi", "product", "uuid"]),
];
