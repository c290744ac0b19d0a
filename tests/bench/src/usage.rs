//! What a process and the machine have used, from the kernel's own accounts.

use std::{fs, time::Duration};

use mcollective::sys;
use nix::{
    sys::time::TimeValLike as _,
    time::{ClockId, clock_getcpuclockid, clock_gettime},
    unistd::{Pid, gettid},
};

use crate::Result;

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) const fn of(pid: u32) -> Self {
        Self(pid)
    }

    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// Processor time of all its threads, to the nanosecond; none once it is gone.
    pub(crate) fn cpu(self) -> Duration {
        let pid = Pid::from_raw(i32::try_from(self.0).unwrap_or(i32::MAX));
        clock_getcpuclockid(pid).map_or(Duration::ZERO, read)
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident(self) -> u64 {
        self.memory("smaps_rollup", "Rss:")
    }

    /// The most that was ever resident, in KiB.
    pub(crate) fn peak(self) -> u64 {
        self.memory("status", "VmHWM:")
    }

    fn memory(self, file: &str, key: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or_default()
    }
}

/// One thread of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thread(ClockId);

impl Thread {
    /// The one that asks.
    pub(crate) fn own() -> Self {
        // As pthread_getcpuclockid makes it: the complement of the thread's id, then three bits that
        // say that it is a thread's clock, and the scheduler's.
        Self(ClockId::from_raw((!gettid().as_raw() << 3) | 6))
    }

    /// Its processor time; none once it is gone.
    pub(crate) fn cpu(self) -> Duration {
        read(self.0)
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock).map_or(0, |time| time.num_nanoseconds());
    Duration::from_nanos(u64::try_from(time).unwrap_or_default())
}

/// How long the machine's processors were busy, all together: to see whether others disturbed a
/// measurement.
pub(crate) fn machine() -> Duration {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .map(|number| number.parse().unwrap_or_default())
        .collect();
    // user, nice, system, irq, softirq; not idle and what waits for a disk. A tick is 10 ms.
    let busy: u64 = [0, 1, 2, 5, 6].iter().filter_map(|at| ticks.get(*at)).sum();
    Duration::from_millis(busy * 10)
}

/// Makes sure that so many connections can be open.
pub(crate) fn open_files(connections: usize) -> Result<()> {
    let limit = sys::process::raise_open_files()?;
    if limit < connections as u64 + 50 {
        return Err(format!(
            "{connections} connections need more than the {limit} open files that this process may \
             have; in-memory plays larger fleets"
        )
        .into());
    }
    Ok(())
}
