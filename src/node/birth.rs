//! Tells a process from another one that has its id later.

use std::path::PathBuf;

use crate::sys::file;

/// When a process began, in ticks since the boot; none where it has ended.
pub(super) fn birth(pid: u32) -> Option<u64> {
    let stat = PathBuf::from(format!("/proc/{pid}/stat"));
    begun(&file::read_lossy(&stat, LONGEST).ok()?)
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

const LONGEST: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

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
