//! How long to wait before the next attempt. No clock and no randomness of its own: both come in.

use std::time::{Duration, Instant};

use super::Settings;

/// Waits that grow while attempts fail, each shortened by chance so that a fleet that lost its
/// broker in one instant does not come back in one instant.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    initial: Duration,
    max: Duration,
    multiplier: f64,
    /// The next wait, before chance shortens it.
    next: Duration,
    /// The same where another connection bears our identity.
    next_replaced: Duration,
    connected: Option<Instant>,
    chance: Chance,
}

impl Backoff {
    /// As the settings have it. Nonsense in them is bent to the nearest sense: a wait of nothing
    /// would be a loop that takes a whole core.
    pub(super) fn new(settings: &Settings, chance: Chance) -> Self {
        let max = settings.max_reconnect_delay.max(SHORTEST);
        let initial = settings.initial_reconnect_delay.clamp(SHORTEST, max);
        let multiplier = settings.back_off_multiplier;
        Self {
            initial,
            max,
            multiplier: if multiplier.is_finite() {
                multiplier.max(1.0)
            } else {
                1.0
            },
            next: initial,
            next_replaced: REPLACED,
            connected: None,
            chance,
        }
    }

    /// An attempt failed: how long to wait before the next.
    pub(super) fn handle_failure(&mut self) -> Duration {
        let wait = self.next;
        // Compared as numbers first: the product may be more than a Duration can hold.
        let grown = wait.as_secs_f64() * self.multiplier;
        self.next = if grown >= self.max.as_secs_f64() {
            self.max
        } else {
            Duration::from_secs_f64(grown)
        };
        wait.mul_f64(0.5 + 0.5 * self.chance.fraction())
    }

    /// A session has begun.
    pub(super) fn handle_connected(&mut self, now: Instant) {
        self.connected = Some(now);
    }

    /// A session has ended: how long to wait before the next attempt. Only one that lasted starts
    /// the waits afresh, as a broker that ends every session at its first subscription would
    /// otherwise be called upon without a pause.
    pub(super) fn handle_lost(&mut self, now: Instant) -> Duration {
        let began = self.connected.take();
        if began.is_some_and(|began| now.saturating_duration_since(began) >= LASTING) {
            self.next = self.initial;
        }
        self.handle_failure()
    }

    /// Another connection bears our identity, and each attempt of ours ends one of its: the waits
    /// are long, until a session has shown that the other is gone.
    pub(super) fn handle_replaced(&mut self, now: Instant) -> Duration {
        let began = self.connected.take();
        if began.is_some_and(|began| now.saturating_duration_since(began) > MOST_REPLACED) {
            self.next_replaced = REPLACED;
        }
        let wait = self.next_replaced;
        self.next_replaced = (wait * 3).min(MOST_REPLACED);
        wait.mul_f64(0.5 + 0.5 * self.chance.fraction())
    }
}

/// A small generator (splitmix64) for waits and order, of which no secret depends.
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// Another generator, independent of this one.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// At least 0, below 1.
    pub(super) fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }

    /// At least 0, below `end`, which must not be 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The shortest wait.
const SHORTEST: Duration = Duration::from_millis(1);

/// The first wait where another connection bears our identity, and the longest.
const REPLACED: Duration = Duration::from_secs(10);
const MOST_REPLACED: Duration = Duration::from_mins(10);

/// What makes a session one that lasted.
const LASTING: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(initial_ms: u64, max_ms: u64, multiplier: f64, seed: u64) -> Backoff {
        let settings = Settings {
            initial_reconnect_delay: Duration::from_millis(initial_ms),
            max_reconnect_delay: Duration::from_millis(max_ms),
            back_off_multiplier: multiplier,
            ..Settings::default()
        };
        Backoff::new(&settings, Chance(seed))
    }

    #[test]
    fn a_session_that_lasted_starts_afresh_and_a_short_one_does_not() {
        let start = Instant::now();
        let mut backoff = backoff(10, 30_000, 2.0, 1);
        for _ in 0..10 {
            backoff.handle_failure();
        }
        backoff.handle_connected(start);
        let short = backoff.handle_lost(start + Duration::from_secs(9));
        assert!(short >= Duration::from_secs(5), "{short:?}");
        backoff.handle_connected(start);
        let lasting = backoff.handle_lost(start + Duration::from_secs(10));
        assert!(lasting <= Duration::from_millis(10), "{lasting:?}");
    }

    #[test]
    fn who_was_replaced_comes_back_less_and_less() {
        let mut now = Instant::now();
        let mut backoff = backoff(10, 30_000, 2.0, 1);
        let mut replaced_after = |session: Duration| {
            backoff.handle_connected(now);
            now += session;
            backoff.handle_replaced(now)
        };
        for most in [10, 30, 90, 270, 600, 600] {
            let wait = replaced_after(Duration::from_mins(10));
            let most = Duration::from_secs(most);
            assert!(wait <= most && wait >= most / 2, "{wait:?} of {most:?}");
        }
        let afresh = replaced_after(Duration::from_mins(11));
        assert!(afresh <= Duration::from_secs(10), "{afresh:?}");
    }

    #[test]
    fn nodes_do_not_return_together() {
        let waits: std::collections::BTreeSet<_> = (0..1000)
            .map(|seed| {
                backoff(1000, 30_000, 2.0, seed)
                    .handle_failure()
                    .as_millis()
                    / 10
            })
            .collect();
        // Fifty slots of 10 ms lie between half a second and a second.
        assert!(waits.len() >= 45, "{}", waits.len());
    }

    proptest! {
        #[test]
        fn waits_are_bounded_and_grow(
            initial in 0u64..100_000,
            max in 0u64..100_000,
            multiplier in prop_oneof![any::<f64>(), 0.0..10.0],
            seed: u64,
        ) {
            let mut backoff = backoff(initial, max, multiplier, seed);
            let longest = Duration::from_millis(max).max(SHORTEST);
            let mut expected = Duration::from_millis(initial).clamp(SHORTEST, longest);
            for _ in 0..50 {
                let wait = backoff.handle_failure();
                prop_assert!(wait <= expected, "{wait:?} above {expected:?}");
                prop_assert!(wait + Duration::from_nanos(1) >= expected / 2);
                prop_assert!(backoff.next >= expected.min(longest));
                expected = backoff.next;
                prop_assert!(expected <= longest);
            }
        }

        #[test]
        fn chance_stays_in_its_range(seed: u64, end in 1usize..100) {
            let mut chance = Chance(seed);
            for _ in 0..20 {
                prop_assert!((0.0..1.0).contains(&chance.fraction()));
                prop_assert!(chance.below(end) < end);
            }
        }
    }
}
