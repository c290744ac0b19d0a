//! This process, and the groups of those it starts.
#![allow(
    unsafe_code,
    reason = "nix offers user numbers only together with the name service, and no pidfd_open"
)]

use std::{
    io,
    os::fd::{AsFd as _, FromRawFd as _, OwnedFd},
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        resource::{Resource, Usage, UsageWho, getrlimit, getrusage, setrlimit},
        signal::{self, Signal},
        time::TimeVal,
    },
    unistd::Pid,
};

use super::file;

/// How hard to end a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// TERM: it may clean up. Who is stopped goes on to do so.
    Ask,
    /// KILL: it may not.
    Kill,
}

impl Force {
    const fn signal(self) -> Signal {
        match self {
            Self::Ask => Signal::SIGTERM,
            Self::Kill => Signal::SIGKILL,
        }
    }
}

/// Ends a process group, which a child leads that was started with `process_group(0)`. A group that
/// is gone already is no error.
pub fn end_group(leader: u32, force: Force) -> io::Result<()> {
    // 0 and 1 stand for our own group and for everybody.
    let leader = i32::try_from(leader).ok().filter(|pid| *pid > 1);
    let leader = leader.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let signals = match force {
        Force::Ask => [Signal::SIGTERM, Signal::SIGCONT].as_slice(),
        Force::Kill => &[Signal::SIGKILL],
    };
    for signal in signals {
        match signal::killpg(Pid::from_raw(leader), *signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The groups of a session in which a process is alive; `None` where there is no /proc to ask.
pub fn session_groups(session: u32) -> Option<Vec<u32>> {
    let mut groups = Vec::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.parse::<u32>().is_ok()) else {
            continue;
        };
        // A process that has gone in the meantime has no file.
        let stat = file::read_lossy(&Path::new("/proc").join(name).join("stat"), 4096);
        let Some(member) = stat.ok().as_deref().and_then(membership) else {
            continue;
        };
        if member.alive && member.session == session && !groups.contains(&member.group) {
            groups.push(member.group);
        }
    }
    Some(groups)
}

/// Where a process belongs.
#[derive(Debug, PartialEq, Eq)]
struct Membership {
    alive: bool,
    group: u32,
    session: u32,
}

/// Reads `/proc/PID/stat`: the name, which comes second, may hold anything.
fn membership(stat: &str) -> Option<Membership> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let mut number = |nth| fields.nth(nth)?.parse().ok();
    Some(Membership {
        alive: !["Z", "X", "x"].contains(&state),
        group: number(1)?,
        session: number(0)?,
    })
}

/// Ends one process. One that is gone already is no error.
pub fn end(pid: u32, force: Force) -> io::Result<()> {
    // 0 stands for our own group.
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    match signal::kill(Pid::from_raw(pid), force.signal()) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Tells a Puppet daemon to run now, by USR1.
pub fn tell_daemon_to_run(pid: u32) -> io::Result<()> {
    // 0 stands for our own group.
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(signal::kill(Pid::from_raw(pid), Signal::SIGUSR1)?)
}

/// Whether a process of this id exists, ours or not.
pub fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0);
    pid.is_some_and(|pid| {
        matches!(
            signal::kill(Pid::from_raw(pid), None),
            Ok(()) | Err(Errno::EPERM)
        )
    })
}

/// Waits until a process is gone, which need not be our child; false where it is still there at
/// the deadline.
pub fn wait_gone(pid: u32, deadline: Instant) -> bool {
    let Some(handle) = handle(pid) else {
        return !is_alive(pid);
    };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        // A process that ended makes its descriptor readable.
        let mut waited = [PollFd::new(handle.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waited, left) {
            Ok(0) => return false,
            Err(Errno::EINTR) => {}
            Ok(_) | Err(_) => return true,
        }
    }
}

/// A descriptor that stands for a process, as long as that is not gone yet.
fn handle(pid: u32) -> Option<OwnedFd> {
    // SAFETY: the system call takes two integers and touches no memory of ours.
    let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let descriptor = i32::try_from(descriptor).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the descriptor was just opened and belongs to nobody else.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    effective_ids().0 == 0
}

/// The numbers of the user and of the group that this process acts as.
pub fn effective_ids() -> (u32, u32) {
    // SAFETY: both only return a number and can't fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Processor time that was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// By this process, in its own code.
    pub user: Duration,
    /// By the kernel for this process.
    pub system: Duration,
    /// By children that have ended.
    pub children_user: Duration,
    /// By the kernel for children that have ended.
    pub children_system: Duration,
}

/// The processor time of this process and its children, as `times(2)` has it.
pub fn times() -> Times {
    let pair = |who| {
        let usage = getrusage(who).ok();
        let of =
            |part: fn(&Usage) -> TimeVal| usage.as_ref().map_or(Duration::ZERO, |u| span(part(u)));
        (of(Usage::user_time), of(Usage::system_time))
    };
    let (user, system) = pair(UsageWho::RUSAGE_SELF);
    let (children_user, children_system) = pair(UsageWho::RUSAGE_CHILDREN);
    Times {
        user,
        system,
        children_user,
        children_system,
    }
}

/// Resident memory of this process in bytes; `None` without /proc.
pub fn resident_bytes() -> Option<u64> {
    status_kib(
        &file::read_lossy(Path::new("/proc/self/status"), 1 << 20).ok()?,
        "VmRSS",
    )
}

/// Raises the limit of open files to what the administrator allows, and says what it is now.
pub fn raise_open_files() -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(hard)
}

fn span(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

fn status_kib(status: &str, key: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    number.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::process::{CommandExt as _, ExitStatusExt as _},
        process::Command,
    };

    use super::*;

    #[test]
    fn a_whole_group_ends() {
        // The shell's child would hold the pipe open if only the shell were killed.
        let mut child = Command::new("/bin/sh")
            .args(["-c", "sleep 600 & sleep 600"])
            .stdout(std::process::Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        assert!(is_alive(child.id()));
        end_group(child.id(), Force::Kill).unwrap();
        let mut out = Vec::new();
        io::Read::read_to_end(&mut child.stdout.take().unwrap(), &mut out).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        end_group(child.id(), Force::Ask).unwrap();
        assert!(!is_alive(child.id()));
    }

    #[test]
    fn a_session_is_known_by_its_groups() {
        let stat = "7 (a) b (c) S 1 42 41 0 -1 4194560";
        let member = |alive| Membership {
            alive,
            group: 42,
            session: 41,
        };
        assert_eq!(membership(stat), Some(member(true)));
        assert_eq!(membership(&stat.replace(" S ", " Z ")), Some(member(false)));
        assert_eq!(membership("7 (a"), None);
        assert_eq!(membership("7 (a) S 1 x"), None);
        let ours = nix::unistd::getsid(None).unwrap().as_raw();
        let group = nix::unistd::getpgrp().as_raw();
        let groups = session_groups(ours.try_into().unwrap()).unwrap();
        assert!(groups.contains(&group.try_into().unwrap()), "{groups:?}");
        assert_eq!(session_groups(u32::MAX), Some(Vec::new()));
    }

    #[test]
    fn everybody_and_ourselves_are_no_group() {
        for leader in [0, 1, u32::MAX] {
            assert!(end_group(leader, Force::Ask).is_err());
        }
        assert!(!is_alive(0));
        assert!(is_alive(std::process::id()));
    }

    #[test]
    fn the_process_knows_what_it_uses() {
        let times = times();
        assert!(times.user + times.system > Duration::ZERO);
        assert!(resident_bytes().unwrap() > 100_000);
        assert_eq!(
            status_kib("Name:\tx\nVmRSS:\t  12 kB\n", "VmRSS"),
            Some(12_288)
        );
        assert_eq!(status_kib("VmRSSx: 1", "VmRSS"), None);
        let limit = raise_open_files().unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, limit);
    }
}
