//! The one file: static, and safe from the two traps of static binaries. With
//! `MCOLLECTIVE_RELEASE_BIN` the release binary is tried, as only fat link-time optimisation
//! springs the first of them.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use crate::support::{Ended, program, run};

/// ELF's program header type of an interpreter, `PT_INTERP`.
const PT_INTERP: u32 = 3;

#[test]
fn release_binary_needs_no_interpreter() {
    let bytes = fs::read(program()).unwrap();
    let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(&bytes[..4], b"\x7fELF");
    let (table, size, count) = (u64_at(32), u16_at(54), u16_at(56));
    for number in 0..count {
        let at = usize::try_from(table).unwrap() + usize::from(number * size);
        let kind = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_ne!(kind, PT_INTERP, "the binary is dynamic: is RUSTFLAGS set?");
    }
    if std::env::var_os("MCOLLECTIVE_RELEASE_BIN").is_some() {
        assert!(bytes.len() < 10_000_000, "{} bytes", bytes.len());
    }
}

#[test]
fn release_binary_reads_every_fact() {
    let ended = run(["probe"]).exits(0);
    let facts: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(
        facts["kernel"] == "Linux" && facts["os"].is_object(),
        "{facts}"
    );
}

/// A user that is in no file sends the C library to modules that a static binary must not load.
#[test]
fn release_binary_survives_an_unknown_user_without_home() {
    // The program's directory may be closed to that user; a copy is not.
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = dir.path().join("mcollective");
    copy_program(&copy);
    let mut command = Command::new(&copy);
    command.env_clear().args(["mco", "ping"]);
    if is_root() {
        std::os::unix::process::CommandExt::uid(&mut command, 54_321);
    }
    let ended: Ended = command.output().unwrap().into();
    ended.exits(78).complains("client.cfg");
}

/// An empty root with only the file in it. Needs root's right to change it; `unshare` gives it to
/// anybody where the kernel lets it.
#[test]
fn release_binary_runs_in_an_empty_root() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("mcollective");
    copy_program(&copy);
    for words in [vec!["--version"], vec!["mco", "help"], vec!["probe"]] {
        let mut command = if is_root() {
            Command::new("chroot")
        } else {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "chroot"]);
            command
        };
        let ended: Ended = command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .arg(dir.path())
            .arg("/mcollective")
            .args(&words)
            .output()
            .unwrap()
            .into();
        ended.exits(0);
    }
}

#[test]
fn release_binary_is_the_client_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("mco");
    std::os::unix::fs::symlink(program(), &link).unwrap();
    let ended: Ended = Command::new(&link)
        .env_clear()
        .arg("help")
        .output()
        .unwrap()
        .into();
    ended.exits(0).says("  ping            Ping all nodes\n");
    let link = dir.path().join("mc-ping");
    std::os::unix::fs::symlink(program(), &link).unwrap();
    let ended: Ended = Command::new(&link)
        .env_clear()
        .arg("--help")
        .output()
        .unwrap()
        .into();
    ended.exits(0).says("Ping all nodes");
}

/// Copies by another process: a file that this one has open for writing would be inherited by the
/// children of tests beside this one, and could not be run as long as they have not begun.
fn copy_program(to: &std::path::Path) {
    let status = Command::new("cp").arg(program()).arg(to).status().unwrap();
    assert!(status.success());
}

fn is_root() -> bool {
    // The owner of /proc/self is the process's own user.
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}
