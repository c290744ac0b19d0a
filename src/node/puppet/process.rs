//! Whether a process id still stands for the process that wrote it down.

use std::path::PathBuf;

pub(super) use crate::node::birth::birth;
use crate::sys::{file, process};

/// Whether a process of this id is alive and is Puppet's. Ids are given again: a lock that was left
/// behind may name anybody. Where nobody can tell, it counts as Puppet's.
pub(super) fn is_puppet(pid: u32) -> bool {
    process::is_alive(pid)
        && match (read(pid, "cmdline"), read(pid, "comm")) {
            (Some(words), comm) => is_puppets(comm.unwrap_or_default().trim(), &words),
            (None, _) => true,
        }
}

/// By a program's name, or what a run calls itself (`puppet agent: applying configuration`); Ruby has
/// Puppet among its words. By that Puppet itself tells whether its lock is held.
fn is_puppets(comm: &str, words: &str) -> bool {
    // A process that has ended and was not waited for yet has no command line.
    if words.is_empty() {
        return false;
    }
    let first = words.split(['\0', ' ']).next().unwrap_or_default();
    let first = first.rsplit('/').next().unwrap_or_default();
    first.starts_with("puppet")
        || comm.ends_with("puppet")
        || comm.starts_with("puppet-")
        || ((first.starts_with("ruby") || comm.contains("ruby")) && words.contains("puppet"))
}

fn read(pid: u32, name: &str) -> Option<String> {
    file::read_lossy(&of(pid, name), LONGEST).ok()
}

fn of(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

/// More than the kernel shows of a command line that matters here.
const LONGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puppet_is_known_by_its_words() {
        for (comm, words, expected) in [
            ("puppet", "/usr/bin/ruby\0/usr/bin/puppet\0agent\0", true),
            ("ruby", "/usr/bin/ruby\0-S\0puppet\0agent\0", true),
            ("ruby", "puppet agent: applying configuration", true),
            ("ruby", "/opt/puppetlabs/puppet/bin/ruby\0-x\0", true),
            ("puppet", "/bin/sh\0/usr/local/bin/puppet\0agent\0", true),
            ("", "/usr/bin/ruby\0/usr/bin/puppet\0agent\0", true),
            ("ruby", "/usr/bin/ruby\0/usr/bin/another\0", false),
            ("sshd", "/usr/sbin/sshd\0-D\0", false),
            ("vi", "vi\0/etc/puppet/puppet.conf\0", false),
            ("man", "man\0puppet\0", false),
            ("puppet", "", false),
        ] {
            assert_eq!(is_puppets(comm, words), expected, "{comm} {words:?}");
        }
        assert!(!is_puppet(u32::MAX));
    }
}
