//! `os`, `kernel...`, `timezone`, `system_uptime`: what runs here, and since when.

use super::tree::Tree;
use crate::sys::machine::{Machine, OsRelease};

pub(super) fn put(facts: &mut Tree, machine: &Machine) {
    let (kernel, os) = (&machine.kernel, &machine.os);
    let version = kernel
        .release
        .split(|c: char| c != '.' && !c.is_ascii_digit())
        .next();
    let major = kernel
        .release
        .match_indices('.')
        .nth(1)
        .and_then(|(at, _)| kernel.release.get(..at));
    facts.put("kernel", Some(&kernel.name));
    facts.put("kernelrelease", Some(&kernel.release));
    facts.put("kernelversion", version);
    facts.put("kernelmajversion", major);
    facts.put("timezone", machine.timezone.as_ref());

    let name = name(os, &kernel.name);
    let release = release(os);
    let distro = Tree::default()
        .with("id", Some(&name).filter(|_| !os.id.is_empty()))
        .with("description", Some(&os.pretty))
        .with("codename", os.codename.as_ref())
        .with_tree("release", self::release(os));
    let tree = Tree::default()
        .with("name", Some(&name))
        .with("family", Some(family(os, &name)))
        .with(
            "architecture",
            Some(architecture(&kernel.machine, family(os, &name))),
        )
        .with("hardware", Some(&kernel.machine))
        .with_tree("release", release)
        .with_tree("distro", distro)
        .with_tree(
            "selinux",
            Tree::default().with("enabled", Some(machine.selinux)),
        );
    facts.put_tree("os", tree);

    if let Some(seconds) = machine.uptime {
        let uptime = Tree::default()
            .with("seconds", Some(seconds))
            .with("hours", Some(seconds / 3600))
            .with("days", Some(seconds / 86_400))
            .with("uptime", Some(uptime_text(seconds)));
        facts.put_tree("system_uptime", uptime);
    }
    if let Some([one, five, fifteen]) = machine.load {
        let round =
            |load: f64| crate::node::facts::ruby::float_text((load * 100.0).round() / 100.0);
        let load = Tree::default()
            .with("1m", Some(round(one)))
            .with("5m", Some(round(five)))
            .with("15m", Some(round(fifteen)));
        facts.put_tree("load_averages", load);
    }
}

/// Facter's name of a distribution.
fn name(os: &OsRelease, kernel: &str) -> String {
    let known = NAMES
        .iter()
        .find(|(id, _)| *id == os.id)
        .map(|(_, name)| (*name).to_owned());
    known.unwrap_or_else(|| {
        let mut letters = os.id.chars();
        match letters.next() {
            Some(first) => first.to_uppercase().chain(letters).collect(),
            None => kernel.to_owned(),
        }
    })
}

/// The family: by the distribution itself, then by what it says that it is like.
fn family<'a>(os: &OsRelease, name: &'a str) -> &'a str {
    let mut ids = std::iter::once(&os.id).chain(&os.like);
    let family = ids.find_map(|id| FAMILIES.iter().find(|(_, ids)| ids.contains(&id.as_str())));
    family.map_or(name, |(family, _)| family)
}

/// Debian has names of its own.
fn architecture<'a>(machine: &'a str, family: &str) -> &'a str {
    match machine {
        "x86_64" if family == "Debian" => "amd64",
        "aarch64" if family == "Debian" => "arm64",
        "i486" | "i586" | "i686" => "i386",
        other => other,
    }
}

fn release(os: &OsRelease) -> Tree {
    let full = Some(&os.version).filter(|version| !version.is_empty());
    // Ubuntu's 22.04 is one number: there is no Ubuntu 22.
    if os.id == "ubuntu" {
        return Tree::default().with("full", full).with("major", full);
    }
    let mut parts = os.version.split('.');
    let mut tree = Tree::default();
    tree.put("full", full);
    tree.put("major", parts.next());
    tree.put("minor", parts.next());
    tree
}

/// `3 days`, `1 day`, `5:07 hours`.
fn uptime_text(seconds: u64) -> String {
    match seconds / 86_400 {
        0 => format!("{}:{:02} hours", seconds / 3600, seconds / 60 % 60),
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}

const NAMES: [(&str, &str); 24] = [
    ("almalinux", "AlmaLinux"),
    ("alpine", "Alpine"),
    ("amzn", "Amazon"),
    ("arch", "Archlinux"),
    ("centos", "CentOS"),
    ("debian", "Debian"),
    ("devuan", "Devuan"),
    ("fedora", "Fedora"),
    ("gentoo", "Gentoo"),
    ("linuxmint", "Linuxmint"),
    ("mageia", "Mageia"),
    ("manjaro", "ManjaroLinux"),
    ("ol", "OracleLinux"),
    ("opensuse", "OpenSuSE"),
    ("opensuse-leap", "OpenSuSE"),
    ("opensuse-tumbleweed", "OpenSuSE"),
    ("photon", "PhotonOS"),
    ("raspbian", "Raspbian"),
    ("rhel", "RedHat"),
    ("rocky", "Rocky"),
    ("scientific", "Scientific"),
    ("sled", "SLED"),
    ("sles", "SLES"),
    ("ubuntu", "Ubuntu"),
];

const FAMILIES: [(&str, &[&str]); 6] = [
    (
        "RedHat",
        &[
            "rhel",
            "redhat",
            "fedora",
            "centos",
            "rocky",
            "almalinux",
            "ol",
            "amzn",
            "scientific",
            "cloudlinux",
            "virtuozzo",
            "xenserver",
            "xcp-ng",
            "photon",
        ],
    ),
    (
        "Debian",
        &["debian", "ubuntu", "linuxmint", "devuan", "raspbian"],
    ),
    (
        "Suse",
        &[
            "sles",
            "sled",
            "suse",
            "opensuse",
            "opensuse-leap",
            "opensuse-tumbleweed",
        ],
    ),
    ("Archlinux", &["arch", "manjaro"]),
    ("Gentoo", &["gentoo"]),
    ("Mandrake", &["mandrake", "mandriva", "mageia"]),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn os(id: &str, like: &str, version: &str) -> OsRelease {
        OsRelease {
            id: id.into(),
            like: like.split_whitespace().map(Into::into).collect(),
            version: version.into(),
            ..OsRelease::default()
        }
    }

    #[test]
    fn distributions_have_the_names_that_facter_gives_them() {
        for (release, expected) in [
            (os("rhel", "fedora", ""), ("RedHat", "RedHat")),
            (os("rocky", "rhel centos fedora", ""), ("Rocky", "RedHat")),
            (os("ubuntu", "debian", ""), ("Ubuntu", "Debian")),
            (os("sles", "suse", ""), ("SLES", "Suse")),
            (
                os("opensuse-leap", "suse opensuse", ""),
                ("OpenSuSE", "Suse"),
            ),
            (os("alpine", "", ""), ("Alpine", "Alpine")),
            (os("pop", "ubuntu debian", ""), ("Pop", "Debian")),
            (os("", "", ""), ("Linux", "Linux")),
        ] {
            let name = name(&release, "Linux");
            assert_eq!((name.as_str(), family(&release, &name)), expected);
        }
    }

    #[test]
    fn releases_are_taken_apart() {
        for (given, expected) in [
            (
                os("debian", "", "12.5"),
                json!({"full": "12.5", "major": "12", "minor": "5"}),
            ),
            (
                os("centos", "", "7.9.2009"),
                json!({"full": "7.9.2009", "major": "7", "minor": "9"}),
            ),
            (
                os("ubuntu", "", "22.04"),
                json!({"full": "22.04", "major": "22.04"}),
            ),
            (os("arch", "", ""), json!({})),
        ] {
            assert_eq!(
                serde_json::Value::Object(release(&given).into_map()),
                expected
            );
        }
    }

    #[test]
    fn uptime_is_said_in_the_largest_unit() {
        for (seconds, text) in [
            (59, "0:00 hours"),
            (18_420, "5:07 hours"),
            (86_400, "1 day"),
            (172_800, "2 days"),
        ] {
            assert_eq!(uptime_text(seconds), text);
        }
    }
}
