//! `networking`: names, interfaces and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::tree::Tree;
use crate::sys::machine::{Interface, Machine};

pub(super) fn put(facts: &mut Tree, machine: &Machine) {
    let (hostname, domain) = names(&machine.fqdn);
    let mut tree = Tree::default()
        .with("hostname", Some(hostname))
        .with("domain", domain)
        .with("fqdn", Some(&machine.fqdn))
        .with("primary", machine.network.primary.as_ref());
    let interfaces = &machine.network.interfaces;
    let is_primary = |one: &&Interface| Some(&one.name) == machine.network.primary.as_ref();
    if let Some(primary) = interfaces.iter().find(is_primary) {
        put_interface(&mut tree, primary);
    }
    let mut all = Tree::default();
    for interface in interfaces {
        let mut one = Tree::default();
        put_interface(&mut one, interface);
        let state = if interface.up { "up" } else { "down" };
        one.put(
            "operational_state",
            Some(state).filter(|_| interface.name != "lo"),
        );
        let bindings = |v6| {
            let of = move |(address, _): &&(IpAddr, u8)| address.is_ipv6() == v6;
            interface
                .addresses
                .iter()
                .filter(of)
                .map(|(address, prefix)| {
                    Tree::default()
                        .with("address", Some(address))
                        .with("netmask", Some(netmask(*address, *prefix)))
                        .with("network", Some(network(*address, *prefix)))
                })
        };
        one.put_trees("bindings", bindings(false));
        one.put_trees("bindings6", bindings(true));
        all.put_tree(&interface.name, one);
    }
    facts.put_tree("networking", tree.with_tree("interfaces", all));
}

/// The host's bare name and its domain.
pub(super) fn names(fqdn: &str) -> (&str, Option<&str>) {
    match fqdn.split_once('.') {
        Some((name, domain)) => (name, Some(domain)),
        None => (fqdn, None),
    }
}

/// The first address of either kind, which is the most general one.
fn put_interface(tree: &mut Tree, interface: &Interface) {
    tree.put("mac", interface.mac.as_ref());
    tree.put("mtu", Some(interface.mtu).filter(|mtu| *mtu > 0));
    for (v6, suffix) in [(false, ""), (true, "6")] {
        let first = interface
            .addresses
            .iter()
            .find(|(address, _)| address.is_ipv6() == v6);
        if let Some((address, prefix)) = first {
            tree.put(&format!("ip{suffix}"), Some(address));
            tree.put(
                &format!("netmask{suffix}"),
                Some(netmask(*address, *prefix)),
            );
            tree.put(
                &format!("network{suffix}"),
                Some(network(*address, *prefix)),
            );
            tree.put("scope6", scope(*address));
        }
    }
}

fn netmask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(_) => {
            let shift = 32_u32.saturating_sub(prefix.into());
            Ipv4Addr::from_bits(u32::MAX.checked_shl(shift).unwrap_or(0)).into()
        }
        IpAddr::V6(_) => {
            let shift = 128_u32.saturating_sub(prefix.into());
            Ipv6Addr::from_bits(u128::MAX.checked_shl(shift).unwrap_or(0)).into()
        }
    }
}

fn network(address: IpAddr, prefix: u8) -> IpAddr {
    match (address, netmask(address, prefix)) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => (address & mask).into(),
        (IpAddr::V6(address), IpAddr::V6(mask)) => (address & mask).into(),
        (address, _) => address,
    }
}

fn scope(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) if address.is_loopback() => Some("host"),
        IpAddr::V6(address) if address.is_unicast_link_local() => Some("link"),
        IpAddr::V6(_) => Some("global"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_follow_from_prefixes() {
        for (address, prefix, mask, net) in [
            ("192.0.2.77", 24, "255.255.255.0", "192.0.2.0"),
            ("10.1.2.3", 0, "0.0.0.0", "0.0.0.0"),
            ("10.1.2.3", 32, "255.255.255.255", "10.1.2.3"),
            ("10.1.2.3", 200, "255.255.255.255", "10.1.2.3"),
            ("fd00::1:2", 64, "ffff:ffff:ffff:ffff::", "fd00::"),
            ("::1", 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(netmask(address, prefix).to_string(), mask);
            assert_eq!(network(address, prefix).to_string(), net);
        }
    }

    #[test]
    fn a_bare_name_has_no_domain() {
        assert_eq!(names("web1"), ("web1", None));
        assert_eq!(names("web1.example.net"), ("web1", Some("example.net")));
    }
}
