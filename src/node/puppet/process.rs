//! Whether a process id still stands for the process that wrote it down.

use std::path::PathBuf;

pub(super) use crate::node::birth::birth;
use crate::sys::{file, process};

/// Whether a process of this id is alive and is Puppet's. Ids are given again: a lock that was left
/// behind may name anybody. Where nobody can tell, it counts as Puppet's.
pub(super) fn is_puppet(pid: u32) -> bool {
    process::is_alive(pid)
        && match command_line(pid) {
            // A process that has ended and was not waited for yet has no command line.
            Some(words) => is_puppets(&words),
            None => true,
        }
}

/// What a run calls itself (`puppet agent: applying configuration`), or a program that runs `puppet`.
fn is_puppets(words: &str) -> bool {
    let mut names = words
        .split(['\0', ' '])
        .take(2)
        .map(|word| word.rsplit('/').next().unwrap_or_default());
    let first = names.next().unwrap_or_default();
    first.starts_with("ruby") || first.starts_with("puppet") || names.next() == Some("puppet")
}

fn command_line(pid: u32) -> Option<String> {
    file::read_lossy(&of(pid, "cmdline"), LONGEST).ok()
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
        for (words, expected) in [
            ("/usr/bin/ruby\0/usr/bin/puppet\0agent\0--onetime\0", true),
            ("puppet agent: applying configuration", true),
            ("/opt/puppetlabs/puppet/bin/ruby\0-x\0", true),
            ("/bin/sh\0/usr/local/bin/puppet\0agent\0", true),
            ("/usr/sbin/sshd\0-D\0", false),
            ("vi\0/etc/puppet/puppet.conf\0", false),
            ("", false),
        ] {
            assert_eq!(is_puppets(words), expected, "{words:?}");
        }
        assert!(!is_puppet(u32::MAX));
    }
}
