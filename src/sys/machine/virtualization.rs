//! What the machine runs in, as well as files can tell.
//!
//! Facter asks `virt-what` and `lspci` besides; what those add is rare, and an agent starts no
//! programs for a fact.

use super::{Processors, Root};

/// What the firmware says about the hardware.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dmi {
    /// `QEMU`, `Dell Inc.`
    pub manufacturer: Option<String>,
    /// `Standard PC (Q35 + ICH9, 2009)`.
    pub product: Option<String>,
    /// Only root may read it.
    pub serial: Option<String>,
    /// Only root may read it.
    pub uuid: Option<String>,
    /// Who wrote the firmware.
    pub bios_vendor: Option<String>,
    /// Its version.
    pub bios_version: Option<String>,
    /// Its date.
    pub bios_date: Option<String>,
}

impl Dmi {
    pub(super) fn read(root: &Root) -> Self {
        let of = |name: &str| root.line(&format!("sys/class/dmi/id/{name}"));
        Self {
            manufacturer: of("sys_vendor"),
            product: of("product_name"),
            serial: of("product_serial"),
            uuid: of("product_uuid"),
            bios_vendor: of("bios_vendor"),
            bios_version: of("bios_version"),
            bios_date: of("bios_date"),
        }
    }
}

/// Facter's word for what the machine runs in; `None` where nothing at all could be read.
pub(super) fn detect(root: &Root, dmi: &Dmi, processors: &Processors) -> Option<String> {
    if !root.path("proc/self").exists() && *dmi == Dmi::default() {
        return None;
    }
    let found = container(root)
        .or_else(|| hypervisor(dmi))
        .or_else(|| kernel(root));
    let unnamed = if processors.hypervisor {
        "virtual"
    } else {
        "physical"
    };
    Some(found.unwrap_or_else(|| unnamed.into()))
}

fn container(root: &Root) -> Option<String> {
    if root.path(".dockerenv").exists() {
        return Some("docker".into());
    }
    if root.path("run/.containerenv").exists() {
        return Some("podman".into());
    }
    let environment = root.text("proc/1/environ");
    let named = environment
        .split('\0')
        .find_map(|entry| entry.strip_prefix("container="));
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return Some(if named == "lxc-libvirt" { "lxc" } else { named }.replace('-', "_"));
    }
    // Where the control groups are shared with the host, their paths tell.
    let groups = root.text("proc/1/cgroup");
    let within = |path: &str| groups.lines().any(|line| line.contains(path));
    if within("/docker/") || within("/docker-") {
        Some("docker".into())
    } else if within("/lxc/") || within("/lxc.payload") {
        Some("lxc".into())
    } else {
        None
    }
}

fn hypervisor(dmi: &Dmi) -> Option<String> {
    let in_any = |word: &str, texts: &[&Option<String>]| {
        texts
            .iter()
            .any(|text| text.as_ref().is_some_and(|text| text.contains(word)))
    };
    let (maker, product, bios) = (&dmi.manufacturer, &dmi.product, &dmi.bios_vendor);
    let table: [(&str, &str, &[&Option<String>]); 15] = [
        ("Google", "gce", &[bios]),
        ("Amazon", "kvm", &[maker, bios]),
        ("VMware", "vmware", &[maker, product]),
        ("VirtualBox", "virtualbox", &[product]),
        ("Parallels", "parallels", &[product]),
        ("RHEV Hypervisor", "rhev", &[product]),
        ("oVirt Node", "ovirt", &[product]),
        ("HVM domU", "xenhvm", &[product]),
        ("Xen", "xen", &[maker]),
        ("Virtual Machine", "hyperv", &[product]),
        ("BHYVE", "bhyve", &[product, bios]),
        ("OpenBSD", "vmm", &[maker, product]),
        ("KVM", "kvm", &[product]),
        ("QEMU", "kvm", &[maker, bios]),
        ("Bochs", "bochs", &[product]),
    ];
    table
        .iter()
        .find(|(word, _, texts)| in_any(word, texts))
        .map(|(_, name, _)| (*name).to_owned())
}

fn kernel(root: &Root) -> Option<String> {
    match root.line("sys/hypervisor/type").as_deref() {
        Some("xen") if root.text("proc/xen/capabilities").contains("control_d") => {
            Some("xen0".into())
        }
        Some("xen") => Some("xenu".into()),
        _ if root.path("proc/vz").exists() && !root.path("proc/bc").exists() => {
            Some("openvzve".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_firmware_gives_the_hypervisor_away() {
        let dmi = |maker: &str, product: &str, bios: &str| Dmi {
            manufacturer: Some(maker.into()),
            product: Some(product.into()),
            bios_vendor: Some(bios.into()),
            ..Dmi::default()
        };
        for (found, expected) in [
            (
                dmi("QEMU", "Standard PC (Q35 + ICH9, 2009)", "SeaBIOS"),
                Some("kvm"),
            ),
            (dmi("Amazon EC2", "m5.large", "Amazon EC2"), Some("kvm")),
            (
                dmi("Google", "Google Compute Engine", "Google"),
                Some("gce"),
            ),
            (
                dmi("VMware, Inc.", "VMware Virtual Platform", "Phoenix"),
                Some("vmware"),
            ),
            (
                dmi("Microsoft Corporation", "Virtual Machine", "AMI"),
                Some("hyperv"),
            ),
            (
                dmi("innotek GmbH", "VirtualBox", "innotek GmbH"),
                Some("virtualbox"),
            ),
            (dmi("Dell Inc.", "PowerEdge R640", "Dell Inc."), None),
        ] {
            assert_eq!(hypervisor(&found).as_deref(), expected, "{found:?}");
        }
    }
}
