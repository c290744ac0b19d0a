//! The daemon's counters, as `rpcutil daemon_stats` reports them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Counts what became of messages since the start.
#[derive(Debug)]
pub struct Stats {
    start: SystemTime,
    counters: [AtomicU64; Counter::COUNT],
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Counter {
    /// Messages received.
    Total,
    /// Messages whose signature held.
    Validated,
    /// Messages whose signature did not.
    Unvalidated,
    /// Requests that the filter chose this node for.
    Passed,
    /// Requests that it did not.
    Filtered,
    /// Requests that came too late.
    Expired,
    /// Requests that came again.
    Replayed,
    /// Requests that were refused for another reason: clocks, a restart, too many of one caller.
    Refused,
    /// Replies sent.
    Replies,
    /// Messages that were not looked at, as too many answers were on their way.
    Dropped,
}

impl Counter {
    const COUNT: usize = 10;
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            start: SystemTime::now(),
            counters: Default::default(),
        }
    }
}

impl Stats {
    /// Counts one.
    pub fn count(&self, counter: Counter) {
        if let Some(cell) = self.counters.get(counter as usize) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many so far.
    pub fn value(&self, counter: Counter) -> u64 {
        self.counters
            .get(counter as usize)
            .map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// When the daemon started, in seconds since the epoch.
    pub fn started(&self) -> u64 {
        self.start
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}
