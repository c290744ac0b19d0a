//! `memory`, `processors`, `disks`, `mountpoints`, `dmi`, `virtual`: what the machine consists of.

use super::tree::{Tree, human, percent};
use crate::sys::machine::{Dmi, Machine, Memory, Mount, Processors};

pub(super) fn put(facts: &mut Tree, machine: &Machine) {
    let both = Tree::default()
        .with_tree("system", memory(machine.memory))
        .with_tree("swap", memory(machine.swap));
    facts.put_tree("memory", both);
    facts.put_tree(
        "processors",
        processors(&machine.processors, &machine.kernel.machine),
    );
    let mut mounts = Tree::default();
    for mount in &machine.mounts {
        mounts.put_tree(&mount.path, mountpoint(mount));
    }
    facts.put_tree("mountpoints", mounts);
    let mut disks = Tree::default();
    for disk in &machine.disks {
        let kind = disk
            .rotational
            .map(|turns| if turns { "hdd" } else { "ssd" });
        let one = Tree::default()
            .with("size", Some(human(disk.size)))
            .with("size_bytes", Some(disk.size))
            .with("vendor", disk.vendor.as_ref())
            .with("model", disk.model.as_ref())
            .with("type", kind);
        disks.put_tree(&disk.name, one);
    }
    facts.put_tree("disks", disks);
    facts.put_tree("dmi", dmi(&machine.dmi));
    let kind = machine.virtualization.as_deref();
    facts.put("virtual", kind);
    facts.put("is_virtual", kind.map(|kind| !PHYSICAL.contains(&kind)));
}

/// None of it where there is no such memory: a machine without swap has no swap.
fn memory(memory: Memory) -> Tree {
    if memory.total == 0 {
        return Tree::default();
    }
    let used = memory.total.saturating_sub(memory.available);
    Tree::default()
        .with("total", Some(human(memory.total)))
        .with("total_bytes", Some(memory.total))
        .with("available", Some(human(memory.available)))
        .with("available_bytes", Some(memory.available))
        .with("used", Some(human(used)))
        .with("used_bytes", Some(used))
        .with("capacity", Some(percent(used, memory.total)))
}

fn processors(processors: &Processors, machine: &str) -> Tree {
    let mut tree = Tree::default()
        .with("count", Some(processors.logical))
        .with("physicalcount", Some(processors.physical))
        .with("isa", Some(machine));
    if let Some(cores) = processors.cores.filter(|cores| *cores > 0) {
        let threads = processors.logical / cores / processors.physical.max(1);
        tree.put("cores", Some(cores));
        tree.put("threads", Some(threads.max(1)));
    }
    tree.put_texts("models", &processors.models);
    tree
}

fn mountpoint(mount: &Mount) -> Tree {
    let mut tree = Tree::default()
        .with("device", Some(&mount.device))
        .with("filesystem", Some(&mount.filesystem));
    tree.put_texts("options", &mount.options);
    if let Some(space) = mount.space {
        let reachable = space.used.saturating_add(space.available);
        tree = tree
            .with("size", Some(human(space.size)))
            .with("size_bytes", Some(space.size))
            .with("available", Some(human(space.available)))
            .with("available_bytes", Some(space.available))
            .with("used", Some(human(space.used)))
            .with("used_bytes", Some(space.used))
            .with("capacity", Some(percent(space.used, reachable)));
    }
    tree
}

fn dmi(dmi: &Dmi) -> Tree {
    let bios = Tree::default()
        .with("vendor", dmi.bios_vendor.as_ref())
        .with("version", dmi.bios_version.as_ref())
        .with("release_date", dmi.bios_date.as_ref());
    let product = Tree::default()
        .with("name", dmi.product.as_ref())
        .with("serial_number", dmi.serial.as_ref())
        .with("uuid", dmi.uuid.as_ref());
    Tree::default()
        .with("manufacturer", dmi.manufacturer.as_ref())
        .with_tree("bios", bios)
        .with_tree("product", product)
}

/// A host of virtual machines is no virtual machine.
const PHYSICAL: [&str; 2] = ["physical", "xen0"];
