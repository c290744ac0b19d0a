//! Whether a process id still stands for the process that wrote it down.

use std::path::PathBuf;

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

/// By what a process is told from another one that has its id later: when it began, in ticks since
/// the boot.
pub(super) fn birth(pid: u32) -> Option<u64> {
    begun(&file::read_lossy(&of(pid, "stat"), LONGEST).ok()?)
}

/// The name, which comes second, may hold anything.
fn begun(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    // Who has ended and was not waited for is gone for us.
    let alive = !["Z", "X", "x"].contains(&state);
    fields.nth(18)?.parse().ok().filter(|_| alive)
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

    #[test]
    fn a_birth_stays_the_same() {
        let own = std::process::id();
        assert!(birth(own).is_some_and(|birth| birth > 0));
        assert_eq!(birth(own), birth(own));
        assert_eq!(birth(u32::MAX), None);
        let stat = |state: &str| {
            format!("7 (a) b) {state} 1 7 7 0 -1 4194304 1 0 0 0 1 2 3 4 20 0 1 0 4242 9 9")
        };
        assert_eq!(begun(&stat("S")), Some(4242));
        assert_eq!(begun(&stat("Z")), None);
        assert_eq!(begun("7 (a"), None);
    }
}
