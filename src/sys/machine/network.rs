//! Interfaces, their addresses, and which of them leads out.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use sysinfo::{InterfaceOperationalState, MacAddr, Networks};

use super::{MANY, Root};

/// The machine's interfaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Sorted by name.
    pub interfaces: Vec<Interface>,
    /// The interface of the default route, else the first that is up and has an address.
    pub primary: Option<String>,
}

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// `eth0`.
    pub name: String,
    /// `02:fc:00:00:00:01`; none on a loopback.
    pub mac: Option<String>,
    /// Largest packet.
    pub mtu: u64,
    /// Addresses and lengths of their prefixes, IPv4 before IPv6, global before local.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Whether the kernel says that it works.
    pub up: bool,
}

impl Network {
    pub(super) fn probe(root: &Root) -> Self {
        // sysinfo looks at the real /sys; under another root there are no interfaces.
        let networks = (root.0 == Path::new("/")).then(Networks::new_with_refreshed_list);
        let mut interfaces: Vec<_> = networks
            .and_then(Result::ok)
            .iter()
            .flatten()
            .take(MANY)
            .map(|(name, data)| Interface {
                name: name.to_string_lossy().into_owned(),
                mac: Some(data.mac_address())
                    .filter(|mac| *mac != MacAddr::UNSPECIFIED)
                    .map(|mac| mac.to_string()),
                mtu: data.mtu(),
                addresses: sorted(
                    data.ip_networks()
                        .iter()
                        .map(|net| (net.addr, net.prefix))
                        .collect(),
                ),
                up: matches!(data.operational_state(), InterfaceOperationalState::Up),
            })
            .collect();
        interfaces.sort_by(|a, b| a.name.cmp(&b.name));
        let routed = default_interface(&root.text("proc/net/route"))
            .or_else(|| default_interface6(&root.text("proc/net/ipv6_route")));
        let primary = routed.or_else(|| first_in_use(&interfaces));
        Self {
            interfaces,
            primary,
        }
    }
}

fn first_in_use(interfaces: &[Interface]) -> Option<String> {
    let in_use = |interface: &&Interface| {
        interface
            .addresses
            .iter()
            .any(|(address, _)| rank(address) < 2)
    };
    interfaces
        .iter()
        .find(in_use)
        .map(|interface| interface.name.clone())
}

fn sorted(mut addresses: Vec<(IpAddr, u8)>) -> Vec<(IpAddr, u8)> {
    addresses.sort_by_key(|(address, _)| (address.is_ipv6(), rank(address)));
    addresses
}

/// How little an address says about where a machine is.
fn rank(address: &IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => 3,
        IpAddr::V6(v6) if *v6 == Ipv6Addr::LOCALHOST => 3,
        IpAddr::V4(v4) if v4.is_link_local() || *v4 == Ipv4Addr::UNSPECIFIED => 2,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => 2,
        IpAddr::V6(v6) if v6.is_unique_local() => 1,
        _ => 0,
    }
}

/// The interface of the default route with the lowest metric, from `/proc/net/route`.
fn default_interface(table: &str) -> Option<String> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let &[name, destination, _, flags, _, _, metric, mask, ..] = fields.as_slice() else {
            return None;
        };
        let up = u32::from_str_radix(flags, 16).ok()? & 1 == 1;
        let default = destination == "00000000" && mask == "00000000";
        (up && default).then_some((metric.parse::<u32>().ok()?, name))
    });
    routes
        .min_by_key(|(metric, _)| *metric)
        .map(|(_, name)| name.to_owned())
}

/// The same from `/proc/net/ipv6_route`, where the rejecting route of `lo` does not count.
fn default_interface6(table: &str) -> Option<String> {
    let routes = table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let &[destination, prefix, _, _, _, metric, _, _, _, name] = fields.as_slice() else {
            return None;
        };
        let default =
            prefix == "00" && destination.bytes().all(|byte| byte == b'0') && name != "lo";
        default.then_some((u32::from_str_radix(metric, 16).ok()?, name))
    });
    routes
        .min_by_key(|(metric, _)| *metric)
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_default_route_leads_out() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
            down0\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(default_interface(table).as_deref(), Some("eth0"));
        assert_eq!(default_interface("header\nshort line\n"), None);
    }

    #[test]
    fn the_route_into_nothing_is_no_way_out() {
        let zero = "0".repeat(32);
        let lo = format!("{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n");
        let eth = format!("{zero} 00 {zero} 00 {zero} 00000400 00000001 00000000 00000003 eth0\n");
        assert_eq!(default_interface6(&lo), None);
        assert_eq!(
            default_interface6(&format!("{lo}{eth}")).as_deref(),
            Some("eth0")
        );
    }

    #[test]
    fn global_addresses_come_first() {
        let of = |text: &str| (text.parse::<IpAddr>().unwrap(), 64);
        let given = vec![
            of("fe80::1"),
            of("2001:db8::1"),
            of("169.254.0.1"),
            of("10.0.0.1"),
        ];
        let expected = [
            of("10.0.0.1"),
            of("169.254.0.1"),
            of("2001:db8::1"),
            of("fe80::1"),
        ];
        assert_eq!(sorted(given), expected);
    }

    #[test]
    fn without_a_route_an_interface_in_use_is_taken() {
        let interface = |name: &str, address: &str| Interface {
            name: name.into(),
            addresses: vec![(address.parse().unwrap(), 24)],
            ..Interface::default()
        };
        let (lo, eth) = (interface("lo", "127.0.0.1"), interface("eth0", "10.0.0.1"));
        assert_eq!(first_in_use(&[eth, lo.clone()]).as_deref(), Some("eth0"));
        assert_eq!(first_in_use(&[lo]), None);
    }
}
