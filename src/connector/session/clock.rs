//! How late it is at the broker, as far as the start of a session tells.
//!
//! A request that waits in a socket, as the broker's machine stood still or the cable was out, would
//! be passed on when its sender has long given up. So it goes out with the broker's own time after
//! which it is void.

use std::time::Instant;

/// The broker's clock against ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BrokerClock {
    /// What it showed at most, in milliseconds since its start,
    latest_ms: u64,
    /// when ours showed this.
    at: Instant,
}

impl BrokerClock {
    /// The broker wrote `broker_ms` at some time between `asked` and `now`.
    pub(super) fn new(broker_ms: u64, asked: Instant, now: Instant) -> Self {
        Self {
            latest_ms: broker_ms.saturating_add(ms(asked, now)),
            at: now,
        }
    }

    /// What it shows at most, at a time that is to come.
    pub(super) fn at(&self, time: Instant) -> u64 {
        let passed = ms(self.at, time);
        self.latest_ms
            .saturating_add(passed)
            .saturating_add(passed / DRIFT)
    }
}

/// A clock that runs off by a millisecond in fewer than so many is broken.
const DRIFT: u64 = 2_000;

fn ms(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_not_known_is_in_the_senders_favour() {
        let asked = Instant::now();
        let after = |ms| asked + Duration::from_millis(ms);
        // It was written somewhere within 40 ms.
        let clock = BrokerClock::new(1_000, asked, after(40));
        assert_eq!(clock.at(after(40)), 1_040);
        assert_eq!(clock.at(after(1_040)), 2_040);
        assert_eq!(clock.at(after(3_600_040)), 3_601_040 + 1_800, "in an hour");
        assert_eq!(clock.at(asked), 1_040, "a time before is no time to come");
        let clock = BrokerClock::new(u64::MAX, asked, after(40));
        assert_eq!(clock.at(after(2_040)), u64::MAX);
    }
}
