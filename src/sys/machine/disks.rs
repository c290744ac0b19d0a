//! Block devices, from `/sys/block`.

use super::Root;

/// One block device that could hold a file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// `sda`, `nvme0n1`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Who made it.
    pub vendor: Option<String>,
    /// What it is called.
    pub model: Option<String>,
    /// Whether it turns.
    pub rotational: Option<bool>,
}

/// All of them with a size, without those that live in memory or in files.
pub(super) fn probe(root: &Root) -> Vec<Disk> {
    let names = root.names("sys/block");
    let real = names.into_iter().filter(|name| {
        !["loop", "ram", "zram", "nbd"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    });
    real.filter_map(|name| disk(root, name)).collect()
}

fn disk(root: &Root, name: String) -> Option<Disk> {
    let of = |what: &str| root.line(&format!("sys/block/{name}/{what}"));
    // The kernel counts in sectors of 512 bytes, whatever the device does.
    let size = of("size")?
        .parse::<u64>()
        .ok()?
        .checked_mul(512)
        .filter(|size| *size > 0)?;
    Some(Disk {
        size,
        vendor: of("device/vendor"),
        model: of("device/model"),
        rotational: of("queue/rotational").map(|text| text == "1"),
        name,
    })
}
