//! What the kernel and a few files say about this machine, raw and in numbers.
//!
//! One `Machine` is one look; `node::facts::native` gives it Facter's structure. Whatever can't be
//! read is empty or `None`: in an empty root, a container without `/sys`, or on a kernel that
//! words things differently there are fewer facts, never an error.

mod accounts;
mod cpu;
mod disks;
mod mounts;
mod network;
mod os_release;
mod virtualization;

use std::path::{Path, PathBuf};

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

pub use self::{
    cpu::Processors,
    disks::Disk,
    mounts::Mount,
    network::{Interface, Network},
    os_release::OsRelease,
    virtualization::Dmi,
};
use super::file;

/// One look at this machine.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The name that the kernel was given.
    pub hostname: String,
    /// The name with its domain, where the machine knows one.
    pub fqdn: String,
    /// The kernel.
    pub kernel: Kernel,
    /// The distribution.
    pub os: OsRelease,
    /// Memory.
    pub memory: Memory,
    /// Swap, all zero where there is none.
    pub swap: Memory,
    /// Processors.
    pub processors: Processors,
    /// Seconds since the machine started.
    pub uptime: Option<u64>,
    /// Over one, five and fifteen minutes.
    pub load: Option<[f64; 3]>,
    /// Interfaces and the way out.
    pub network: Network,
    /// Mounted file systems that hold files.
    pub mounts: Vec<Mount>,
    /// Block devices.
    pub disks: Vec<Disk>,
    /// What the firmware says about the hardware.
    pub dmi: Dmi,
    /// What this machine runs in, in Facter's words: `kvm`, `docker`, ..., `physical`.
    pub virtualization: Option<String>,
    /// Whether `SELinux` is on.
    pub selinux: bool,
    /// The short name of the time zone.
    pub timezone: Option<String>,
    /// Who this process runs as.
    pub account: Account,
}

/// The kernel, as `uname` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// `Linux`.
    pub name: String,
    /// `6.1.0-18-amd64`.
    pub release: String,
    /// `x86_64`.
    pub machine: String,
}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What a program could still get.
    pub available: u64,
}

/// Who a process runs as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
    /// User name, where `/etc/passwd` has it.
    pub user: Option<String>,
    /// Group name, where `/etc/group` has it.
    pub group: Option<String>,
}

impl Machine {
    /// Looks at everything once. Takes some milliseconds, and reads files: not for an async task.
    pub fn probe() -> Self {
        Self::probe_at(Path::new("/"))
    }

    /// As `probe`, with all files looked up under another root. What system calls say (kernel,
    /// addresses, memory) is this machine's all the same.
    pub fn probe_at(root: &Path) -> Self {
        let root = Root(root.to_path_buf());
        let hostname = super::host::name();
        let (memory, swap) = memory();
        let processors = Processors::parse(&root.text("proc/cpuinfo"));
        let dmi = Dmi::read(&root);
        Self {
            fqdn: super::host::fqdn_at(&root.0, &hostname),
            hostname,
            kernel: kernel(),
            os: OsRelease::read(&root),
            memory,
            swap,
            uptime: System::uptime().ok().filter(|seconds| *seconds > 0),
            load: System::load_average()
                .ok()
                .map(|load| [load.one, load.five, load.fifteen]),
            network: Network::probe(&root),
            mounts: mounts::probe(&root),
            disks: disks::probe(&root),
            virtualization: virtualization::detect(&root, &dmi, &processors),
            dmi,
            processors,
            selinux: root.path("sys/fs/selinux/enforce").exists(),
            timezone: super::clock::Local::at(super::clock::now_secs()).map(|now| now.zone),
            account: accounts::current(&root),
        }
    }
}

/// Where the files are.
struct Root(PathBuf);

impl Root {
    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// A file's text; empty where it can't be read.
    fn text(&self, path: &str) -> String {
        file::read_lossy(&self.path(path), LIMIT).unwrap_or_default()
    }

    /// A file of one line; `None` where it says nothing.
    fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path);
        let line = text.lines().next().unwrap_or("").trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The names in a directory, sorted, and not endlessly many.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(path))
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.take(MANY).collect();
        names.sort_unstable();
        names
    }
}

fn kernel() -> Kernel {
    let Ok(uname) = nix::sys::utsname::uname() else {
        return Kernel::default();
    };
    Kernel {
        name: uname.sysname().to_string_lossy().into_owned(),
        release: uname.release().to_string_lossy().into_owned(),
        machine: uname.machine().to_string_lossy().into_owned(),
    }
}

fn memory() -> (Memory, Memory) {
    let what = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let Ok(system) = System::new_with_specifics(what) else {
        return Default::default();
    };
    let ram = Memory {
        total: system.total_memory(),
        available: system.available_memory(),
    };
    let swap = Memory {
        total: system.total_swap(),
        available: system.free_swap(),
    };
    (ram, swap)
}

/// More than any machine's `/proc/cpuinfo` or mount table.
const LIMIT: u64 = 8 << 20;

/// Of disks, mounts and interfaces: what no reply should carry more of.
const MANY: usize = 1000;

#[cfg(test)]
mod tests;
