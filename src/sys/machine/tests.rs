//! Parsing what the kernel says, whole and broken.

use std::fs;

use super::*;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    file::write_new(&path, text.as_bytes(), 0o644).unwrap();
}

#[test]
fn this_machine_says_something_about_itself() {
    let machine = Machine::probe();
    assert_eq!(machine.kernel.name, "Linux");
    assert!(!machine.kernel.machine.is_empty());
    assert!(machine.memory.total >= machine.memory.available);
    assert!(machine.memory.available > 0);
    assert!(machine.processors.logical >= 1);
    assert!(machine.uptime.is_some());
    assert!(
        machine
            .network
            .interfaces
            .iter()
            .any(|interface| interface.name == "lo")
    );
    assert!(machine.mounts.iter().any(|mount| mount.path == "/"));
}

#[test]
fn an_empty_root_has_fewer_facts_and_no_crash() {
    let root = tempfile::tempdir().unwrap();
    let machine = Machine::probe_at(root.path());
    assert_eq!(machine.os, OsRelease::default());
    assert_eq!(machine.virtualization, None);
    assert!(machine.mounts.is_empty() && machine.disks.is_empty());
    assert!(machine.network.interfaces.is_empty());
    assert!(machine.processors.logical >= 1);
    assert!(!machine.selinux);
    assert_eq!(machine.account.user, None);
}

#[test]
fn files_of_another_kind_are_skipped() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/os-release")).unwrap();
    fs::create_dir_all(root.path().join("proc/self")).unwrap();
    let fifo = root.path().join("proc/cpuinfo");
    file::make_fifo(&fifo);
    put(root.path(), "proc/self/mounts", "\u{0}\n\n    \n/dev/x\n");
    put(root.path(), "sys/block", "not a directory");
    let machine = Machine::probe_at(root.path());
    assert_eq!(machine.virtualization.as_deref(), Some("physical"));
    assert!(machine.mounts.is_empty());
}

#[test]
fn disks_containers_and_exact_versions_are_found() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    put(root, "etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    put(root, "etc/debian_version", "12.5\n");
    put(root, "etc/passwd", "someone:x:0:0::/:/bin/sh\n");
    put(root, "sys/block/sda/size", "2048\n");
    put(root, "sys/block/sda/device/model", "Disk   \n");
    put(root, "sys/block/sda/queue/rotational", "0\n");
    put(root, "sys/block/loop0/size", "2048\n");
    put(root, "sys/block/sr0/size", "0\n");
    put(root, "sys/block/sdb/size", "18446744073709551615\n");
    put(root, "proc/1/cgroup", "12:cpu:/docker/0123\n");
    put(root, "proc/self/x", "");
    put(root, "sys/fs/selinux/enforce", "1");
    let machine = Machine::probe_at(root);
    assert_eq!(machine.os.version, "12.5");
    let [disk] = machine.disks.as_slice() else {
        panic!("{:?}", machine.disks)
    };
    assert_eq!(
        (disk.name.as_str(), disk.size, disk.rotational),
        ("sda", 1 << 20, Some(false))
    );
    assert_eq!(disk.model.as_deref(), Some("Disk"));
    assert_eq!(machine.virtualization.as_deref(), Some("docker"));
    assert!(machine.selinux);
}

#[test]
fn testing_and_unstable_have_no_number_in_debian_version() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "etc/os-release", "ID=debian\n");
    put(root.path(), "etc/debian_version", "trixie/sid\n");
    assert_eq!(Machine::probe_at(root.path()).os.version, "");
}
