//! Mounted file systems.
//!
//! Only local ones are asked for their size: asking a network file system whose server is gone
//! waits for ever, and no fact is worth an agent that hangs.

use std::path::PathBuf;

use super::{MANY, Root};

/// One mounted file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub path: String,
    /// What.
    pub device: String,
    /// `ext4`, `xfs`, `nfs4`, ...
    pub filesystem: String,
    /// `rw`, `relatime`, ...
    pub options: Vec<String>,
    /// How large; `None` where asking could block.
    pub space: Option<Space>,
}

/// Bytes of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// All.
    pub size: u64,
    /// What a user other than root can still write.
    pub available: u64,
    /// What is taken.
    pub used: u64,
}

/// The mounts that a person would call one.
pub(super) fn probe(root: &Root) -> Vec<Mount> {
    let mut mounts = parse(&root.text("proc/self/mounts"));
    for mount in &mut mounts {
        if LOCAL.contains(&mount.filesystem.as_str()) {
            mount.space = space(&root.path(mount.path.trim_start_matches('/')));
        }
    }
    mounts
}

/// Reads a mount table. A later mount at the same place hides the earlier one.
fn parse(table: &str) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for line in table.lines() {
        let mut fields = line.split(' ').map(unescape);
        let (Some(device), Some(path), Some(filesystem), Some(options)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let kernel = path.starts_with("/proc") || path.starts_with("/sys");
        let wanted = !kernel && (device.starts_with('/') || KEPT.contains(&filesystem.as_str()));
        mounts.retain(|mount| mount.path != path);
        if wanted && mounts.len() < MANY {
            let options = options.split(',').map(Into::into).collect();
            mounts.push(Mount {
                path,
                device,
                filesystem,
                options,
                space: None,
            });
        }
    }
    mounts
}

/// Blanks, tabs, line ends and backslashes are written in octal: `\040`.
fn unescape(field: &str) -> String {
    if !field.contains('\\') {
        return field.into();
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let code = code.filter(|_| first == b'\\');
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() {
            after.get(3..).unwrap_or_default()
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn space(path: &PathBuf) -> Option<Space> {
    let stat = nix::sys::statvfs::statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
    Some(Space {
        size: bytes(stat.blocks()),
        available: bytes(stat.blocks_available()),
        used: bytes(stat.blocks().saturating_sub(stat.blocks_free())),
    })
}

/// File systems whose answer comes from this machine's own kernel and disks.
const LOCAL: [&str; 15] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "vfat", "zfs", "tmpfs",
    "overlay", "squashfs", "iso9660", "ramfs",
];

/// File systems without a device that count all the same, as Facter has them.
const KEPT: [&str; 7] = ["tmpfs", "overlay", "zfs", "nfs", "nfs4", "cifs", "btrfs"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_files_is_listed() {
        let table = "\
proc /proc proc rw 0 0
sysfs /sys sysfs rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw 0 0
/dev/vda / ext4 rw,relatime 0 0
/dev/vdb /mnt/a\\040b xfs ro 0 0
server:/export /srv nfs4 rw 0 0
devpts /dev/pts devpts rw 0 0
/dev/vdc / ext4 ro 0 0
short line
";
        let mounts = parse(table);
        let shown: Vec<_> = mounts
            .iter()
            .map(|m| (m.path.as_str(), m.device.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("/mnt/a b", "/dev/vdb"),
                ("/srv", "server:/export"),
                ("/", "/dev/vdc")
            ]
        );
        assert_eq!(mounts[2].options, ["ro"]);
    }

    #[test]
    fn network_file_systems_are_never_asked() {
        for remote in [
            "nfs",
            "nfs4",
            "cifs",
            "fuse.sshfs",
            "ceph",
            "9p",
            "autofs",
            "glusterfs",
        ] {
            assert!(!LOCAL.contains(&remote), "{remote}");
        }
        assert!(space(&PathBuf::from("/")).is_some_and(|space| space.size > 0));
        assert_eq!(space(&PathBuf::from("/nonexistent")), None);
    }

    proptest::proptest! {
        #[test]
        fn escapes_never_lose_plain_text(text in "[a-z\\\\0-9]{0,20}") {
            let unescaped = unescape(&text);
            proptest::prop_assert!(unescaped.chars().count() <= text.len());
            if !text.contains('\\') {
                proptest::prop_assert_eq!(unescaped, text);
            }
        }
    }
}
