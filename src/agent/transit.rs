//! How long a request was on its way from the broker to this node. Sans-IO.
//!
//! A request's own time is by its sender's clock, which may be a minute off; a node that was paused
//! or cut off would run what nobody waits for any more. So our broker says when it took each
//! request, by a clock of its own, and how far that clock and ours are apart is learned from
//! whatever came soonest: nothing arrives before it was sent, and what seems to come later than the
//! soonest was on its way that much longer. A broker that lies here can only deny.

use crate::connector::BrokerTime;

/// What is known of the broker's clock.
#[derive(Debug, Default)]
pub(super) struct Transit {
    base: Option<Base>,
}

/// The smallest distance seen between our clock and the broker's.
#[derive(Clone, Copy, Debug)]
struct Base {
    session: u64,
    distance_ms: i64,
    /// When, by our clock.
    at_ms: u64,
}

/// Two clocks drift apart, so an old distance may be off by a millisecond for each so many.
const DRIFT: u64 = 2_000;

impl Transit {
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
                    seen
                })
            }
            _ => Some(seen),
        };
    }

    /// Something with the broker's time is here that came at once. Where the broker's machine slept,
    /// or ours did, the distance that was known is wrong, and this is the right one.
    pub(super) fn observe_prompt(&mut self, broker: BrokerTime, now_ms: u64) {
        let seen = Base::new(broker, now_ms);
        if self.base.is_none_or(|known| known.session <= seen.session) {
            self.base = Some(seen);
        }
    }

    /// For how many milliseconds something has been on its way: at least, as far as is known.
    pub(super) fn age_ms(&self, broker: BrokerTime, now_ms: u64) -> u64 {
        let seen = Base::new(broker, now_ms);
        self.base
            .filter(|known| known.session == seen.session)
            .map(|known| {
                seen.distance_ms
                    .saturating_sub(known.drifted(now_ms).distance_ms)
            })
            .and_then(|age| u64::try_from(age).ok())
            .unwrap_or(0)
    }
}

impl Base {
    fn new(broker: BrokerTime, now_ms: u64) -> Self {
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        Self {
            session: broker.session,
            distance_ms: signed(now_ms).saturating_sub(signed(broker.ms)),
            at_ms: now_ms,
        }
    }

    fn drifted(self, now_ms: u64) -> Self {
        let span = now_ms.saturating_sub(self.at_ms) / DRIFT;
        Self {
            distance_ms: self
                .distance_ms
                .saturating_add(i64::try_from(span).unwrap_or(i64::MAX)),
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
        transit.observe_prompt(at(1, 9_000_001), 9_000_300);
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
        transit.observe_prompt(at(1, 1_001), 61_002);
        assert_eq!(transit.age_ms(at(1, 1_010), 61_011), 0);
    }

    #[test]
    fn no_time_is_too_large() {
        let mut transit = Transit::default();
        transit.observe(at(1, u64::MAX), 0);
        assert!(transit.age_ms(at(1, 0), u64::MAX) > 0);
        transit.observe_prompt(at(u64::MAX, 0), u64::MAX);
        transit.age_ms(at(u64::MAX, u64::MAX), 0);
    }
}
