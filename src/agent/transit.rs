//! How long a request was on its way from the broker to this node. Sans-IO.
//!
//! A request's own time is by its sender's clock, which may be a minute off; a node that was paused
//! or cut off would run what nobody waits for any more. So our broker says when it took each
//! request, by a clock of its own, and how far that clock and ours are apart is learned from
//! whatever came soonest: nothing arrives before it was sent, and what seems to come later than the
//! soonest was on its way that much longer; by how much even that may be off is known from what was
//! asked for, and counts. A broker that lies here can only deny.

use std::time::Duration;

use crate::connector::BrokerTime;

/// What is known of the broker's clock.
#[derive(Debug, Default)]
pub(super) struct Transit {
    base: Option<Base>,
    /// When the broker was asked for its time, and has not told it yet.
    asked_ms: Option<u64>,
}

/// The smallest distance seen between our clock and the broker's.
#[derive(Clone, Copy, Debug)]
struct Base {
    session: u64,
    distance_ms: i64,
    /// How much too large it may be, where that is known: what tells came soonest, and not at once.
    error_ms: Option<u64>,
    /// When, by our clock.
    at_ms: u64,
}

/// A receipt that is here so soon was not held up.
const PROMPT_MS: u64 = 500;

/// So much may the distance be off before the broker is asked what time it is. The last twentieth of
/// the time that somebody waits is kept free of new work, which is 500 ms of 10 s.
const MOST_DOUBT_MS: u64 = 250;

/// Two clocks drift apart, so an old distance may be off by a millisecond for each so many.
const DRIFT: u64 = 2_000;

impl Transit {
    /// The broker has opened a session, which was on its way for so long at most: this process may
    /// have been paused in the meantime.
    pub(super) fn opened(&mut self, broker: BrokerTime, took: Duration, now_ms: u64) {
        self.observe(broker, now_ms);
        if let Some(base) = &mut self.base
            && base.session == broker.session
            && base.error_ms.is_none()
        {
            base.error_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// Something with the broker's time is here, and may have been on its way for any time.
    pub(super) fn observe(&mut self, broker: BrokerTime, now_ms: u64) {
        let seen = Base::new(broker, now_ms);
        self.base = match self.base {
            Some(known) if known.session > seen.session => Some(known),
            Some(known) if known.session == seen.session => {
                let known = known.drifted(now_ms);
                Some(if known.distance_ms < seen.distance_ms {
                    known
                } else {
                    // So much of the error is known to have been one.
                    let less = known.distance_ms.abs_diff(seen.distance_ms);
                    Base {
                        error_ms: known.error_ms.map(|error| error.saturating_sub(less)),
                        ..seen
                    }
                })
            }
            _ => {
                self.asked_ms = None;
                Some(seen)
            }
        };
    }

    /// A receipt with the broker's time is here that was asked for then. If it came soon, and the
    /// broker's machine slept in the meantime, or ours did, the distance that was known is wrong,
    /// and this is the right one.
    pub(super) fn observe_receipt(&mut self, broker: BrokerTime, asked_ms: u64, now_ms: u64) {
        let took_ms = now_ms.saturating_sub(asked_ms);
        let seen = Base {
            error_ms: Some(took_ms),
            ..Base::new(broker, now_ms)
        };
        let is_better = |known: Base| {
            let error_ms = known.drifted(now_ms).error_ms;
            known.session == seen.session && error_ms.is_some_and(|error| error > took_ms)
        };
        if took_ms > PROMPT_MS && !self.base.is_some_and(is_better) {
            return;
        }
        if self.base.is_none_or(|known| known.session <= seen.session) {
            self.base = Some(seen);
        }
    }

    /// Whether the broker has to be asked what time it is: nothing came from it for long, or nobody
    /// knows how soon it came.
    pub(super) fn is_doubtful(&self, now_ms: u64) -> bool {
        let doubtful = |known: Base| {
            let error_ms = known.drifted(now_ms).error_ms;
            error_ms.is_none_or(|error| error > MOST_DOUBT_MS)
        };
        self.asked_ms.is_none() && self.base.is_some_and(doubtful)
    }

    /// It was asked.
    pub(super) fn asked(&mut self, now_ms: u64) {
        self.asked_ms = Some(now_ms);
    }

    /// It has told its time.
    pub(super) fn told(&mut self, broker: BrokerTime, now_ms: u64) {
        if let Some(asked_ms) = self.asked_ms.take() {
            self.observe_receipt(broker, asked_ms, now_ms);
        }
    }

    /// For how many milliseconds something may have been on its way, as far as is known.
    pub(super) fn age_ms(&self, broker: BrokerTime, now_ms: u64) -> u64 {
        let seen = Base::new(broker, now_ms);
        let known = self.base.filter(|known| known.session == seen.session);
        known.map_or(0, |known| {
            let known = known.drifted(now_ms);
            let age = seen.distance_ms.saturating_sub(known.distance_ms);
            let age = u64::try_from(age).unwrap_or(0);
            age.saturating_add(known.error_ms.unwrap_or(0))
        })
    }
}

impl Base {
    fn new(broker: BrokerTime, now_ms: u64) -> Self {
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        Self {
            session: broker.session,
            distance_ms: signed(now_ms).saturating_sub(signed(broker.ms)),
            error_ms: None,
            at_ms: now_ms,
        }
    }

    fn drifted(self, now_ms: u64) -> Self {
        let span = now_ms.saturating_sub(self.at_ms) / DRIFT;
        Self {
            distance_ms: self
                .distance_ms
                .saturating_add(i64::try_from(span).unwrap_or(i64::MAX)),
            error_ms: self.error_ms.map(|error| error.saturating_add(span)),
            at_ms: self.at_ms.saturating_add(span.saturating_mul(DRIFT)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(session: u64, ms: u64) -> BrokerTime {
        BrokerTime { session, ms }
    }

    #[test]
    fn what_waited_in_a_socket_is_as_old_as_it_waited() {
        let mut transit = Transit::default();
        assert_eq!(transit.age_ms(at(1, 500), 70_000), 0, "nothing is known");
        transit.observe(at(1, 1_000), 51_020);
        transit.observe(at(1, 2_000), 52_003);
        assert_eq!(transit.age_ms(at(1, 3_000), 53_003), 0);
        // It came sooner than anything before.
        assert_eq!(transit.age_ms(at(1, 3_000), 53_001), 0);
        assert_eq!(transit.age_ms(at(1, 3_000), 83_503), 30_485);
    }

    #[test]
    fn a_new_session_is_a_new_clock() {
        let mut transit = Transit::default();
        transit.observe(at(1, 9_000_000), 9_000_100);
        transit.observe(at(2, 10), 9_000_200);
        assert_eq!(transit.age_ms(at(2, 20), 9_000_210), 0);
        // What is left of the session before changes nothing, and can't be told.
        transit.observe(at(1, 9_000_001), 9_000_300);
        transit.observe_receipt(at(1, 9_000_001), 9_000_300, 9_000_300);
        assert_eq!(transit.age_ms(at(2, 20), 9_000_260), 50);
        assert_eq!(transit.age_ms(at(1, 1), 9_000_260), 0);
    }

    #[test]
    fn clocks_that_drift_do_not_make_requests_old() {
        let mut transit = Transit::default();
        // A clock that gains 100 ms in an hour is a bad one; ours gains that for a month.
        for hour in 0..720 {
            let (broker, ours) = (hour * 3_600_000, 77 + hour * 3_600_100);
            assert_eq!(transit.age_ms(at(1, broker), ours), 0, "hour {hour}");
            transit.observe(at(1, broker), ours);
        }
        let later = 720 * 3_600_100 + 77;
        assert!(transit.age_ms(at(1, 720 * 3_600_000 - 10_000), later) > 8_000);
    }

    #[test]
    fn a_broker_whose_clock_stood_still_is_believed_again_after_a_prompt_answer() {
        let mut transit = Transit::default();
        transit.observe(at(1, 0), 0);
        assert_eq!(transit.age_ms(at(1, 1_000), 61_000), 59_970);
        transit.observe_receipt(at(1, 1_001), 61_000, 61_600);
        assert!(
            transit.age_ms(at(1, 1_010), 61_011) > 59_000,
            "it came late"
        );
        transit.observe_receipt(at(1, 1_001), 61_001, 61_002);
        assert_eq!(transit.age_ms(at(1, 1_010), 61_011), 1);
    }

    #[test]
    fn a_node_that_was_idle_for_long_asks_and_knows_again() {
        let mut transit = Transit::default();
        assert!(!transit.is_doubtful(0), "there is no such broker");
        transit.observe(at(1, 0), 1_000);
        assert!(transit.is_doubtful(1_000), "nobody knows how long it took");
        transit.asked(1_000);
        assert!(!transit.is_doubtful(1_010), "it was asked already");
        transit.told(at(1, 10), 1_012);
        assert!(!transit.is_doubtful(400_000));
        // What comes sooner is known better.
        transit.observe(at(1, 400_000), 400_990);
        assert!(!transit.is_doubtful(600_000));
        let evening = 400_990;
        let morning = evening + 8 * 3_600_000;
        assert!(transit.is_doubtful(morning));
        // Something that waited for 10 s can't be told from something that did not.
        assert!(transit.age_ms(at(1, morning - 990), morning) > 10_000);
        transit.asked(morning - 5);
        transit.told(at(1, morning - 1_000), morning);
        assert!(transit.age_ms(at(1, morning - 10_990), morning) > 9_900);
        assert_eq!(transit.age_ms(at(1, morning - 1_000), morning), 5);
    }

    #[test]
    fn what_came_while_this_process_was_paused_with_its_session_is_not_taken_for_young() {
        let mut transit = Transit::default();
        // Paused between asking for the session and hearing of it, with two requests behind.
        transit.opened(at(1, 1_000), Duration::from_millis(6_400), 50_000 + 6_400);
        assert!(transit.age_ms(at(1, 1_100), 56_401) > 6_000);
        assert!(transit.is_doubtful(56_401));
        transit.asked(56_401);
        transit.told(at(1, 7_403), 56_404);
        assert_eq!(transit.age_ms(at(1, 7_500), 56_501), 3);
        // A prompt session needs no question.
        transit.opened(at(2, 1_000), Duration::from_millis(40), 60_000);
        assert!(!transit.is_doubtful(60_001));
        assert_eq!(transit.age_ms(at(2, 1_100), 60_100), 40);
    }

    #[test]
    fn by_a_slow_network_time_is_known_as_well_as_can_be() {
        let mut transit = Transit::default();
        transit.opened(at(1, 0), Duration::from_millis(1_500), 750);
        for minute in 1..600 {
            let now = minute * 60_000;
            assert!(transit.age_ms(at(1, now), now + 750) < 1_600, "{minute}");
            if transit.is_doubtful(now) {
                transit.asked(now);
                transit.told(at(1, now + 700), now + 1_400);
            }
        }
    }

    #[test]
    fn no_time_is_too_large() {
        let mut transit = Transit::default();
        transit.observe(at(1, u64::MAX), 0);
        assert!(transit.age_ms(at(1, 0), u64::MAX) > 0);
        transit.observe_receipt(at(u64::MAX, 0), u64::MAX, u64::MAX);
        transit.age_ms(at(u64::MAX, u64::MAX), 0);
    }
}
