//! Whether the machine under the nodes stood still. A virtual one has its processors taken away for
//! seconds now and then, and whoever waits on the others can't tell that from a broker that is stuck.

use std::{
    ops::RangeInclusive,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

use crate::clock;

const BEAT: Duration = Duration::from_millis(20);

/// What a call is given for anything is several times as much.
const STILL: Duration = Duration::from_millis(500);

/// A thread on each processor that looks at the clock.
#[derive(Default)]
pub(crate) struct Pulse {
    /// When one of them stood still, in milliseconds since the epoch.
    stood: Mutex<Vec<RangeInclusive<u64>>>,
}

impl Pulse {
    /// The processors that there are.
    pub(crate) fn processors() -> Vec<usize> {
        let ours = sched_getaffinity(Pid::from_raw(0)).unwrap();
        (0..CpuSet::count())
            .filter(|processor| ours.is_set(*processor).unwrap())
            .collect()
    }

    /// Watches a processor from this thread.
    pub(crate) fn watch(&self, processor: usize, over: &AtomicBool) {
        let mut only = CpuSet::new();
        only.set(processor).unwrap();
        sched_setaffinity(Pid::from_raw(0), &only).unwrap();
        let mut last = Instant::now();
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(BEAT);
            let passed = last.elapsed();
            last = Instant::now();
            if passed > STILL {
                let until = clock::now_ms();
                self.note(until - u64::try_from(passed.as_millis()).unwrap(), until);
            }
        }
    }

    /// It stood still in this time.
    pub(crate) fn note(&self, from_ms: u64, until_ms: u64) {
        self.stood.lock().unwrap().push(from_ms..=until_ms);
    }

    /// Whether it stood still at any moment of this time.
    pub(crate) fn stood(&self, from_ms: u64, until_ms: u64) -> bool {
        let stood = self.stood.lock().unwrap();
        let mut stood = stood.iter();
        stood.any(|when| *when.start() <= until_ms && *when.end() >= from_ms)
    }

    /// How often, and for how long at most.
    pub(crate) fn told(&self) -> Option<String> {
        let stood = self.stood.lock().unwrap();
        let longest = stood.iter().map(|when| when.end() - when.start()).max()?;
        Some(format!(
            "a processor of this machine stood still {} times, for {longest} ms at most",
            stood.len()
        ))
    }
}
