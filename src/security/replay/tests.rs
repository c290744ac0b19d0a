//! Windows under clocks that jump and agents that restart.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const START: u64 = 1_700_000_000_000;
const TTL: u64 = 10_000;

fn caller(name: &str) -> CallerId {
    CallerId::new(format!("cert={name}")).unwrap()
}

fn id(number: usize) -> RequestId {
    RequestId::new(format!("r{number}")).unwrap()
}

fn admit(window: &mut Window, number: usize, time_ms: u64, now_ms: u64) -> Result<(), Refusal> {
    window.admit(&caller("a"), &id(number), time_ms, TTL, now_ms)
}

#[test]
fn an_id_of_a_caller_runs_once() {
    let mut window = Window::new(START, Accepted::default());
    assert_eq!(admit(&mut window, 1, START, START), Ok(()));
    assert_eq!(admit(&mut window, 1, START, START), Err(Refusal::Replayed));
    // Under another date it is the same id, too.
    assert_eq!(
        admit(&mut window, 1, START + 9, START + 9),
        Err(Refusal::Replayed)
    );
    assert_eq!(admit(&mut window, 2, START, START), Ok(()));
    assert_eq!(
        window.admit(&caller("b"), &id(1), START, TTL, START),
        Ok(())
    );
}

#[test]
fn a_request_has_its_time() {
    let late = START + 3_600_000;
    let mut window = Window::new(START, Accepted::default());
    let mut at = |number, time, now| admit(&mut window, number, time, now);
    assert_eq!(at(1, late + MAX_SKEW_MS, late), Ok(()));
    assert_eq!(
        at(2, late + MAX_SKEW_MS + 1, late),
        Err(Refusal::Clock {
            by_ms: MAX_SKEW_MS + 1
        })
    );
    assert_eq!(at(3, late, late + TTL + MAX_SKEW_MS), Ok(()));
    assert_eq!(
        at(4, late, late + TTL + MAX_SKEW_MS + 1),
        Err(Refusal::Expired)
    );
    // Whatever it says of itself, it lives no longer than is allowed.
    let mut window = Window::new(START, Accepted::default()).with_max_ttl(1000);
    let now = START + MAX_SKEW_MS + 1001;
    for ttl in [1001, u64::MAX] {
        let result = window.admit(&caller("a"), &id(1), START, ttl, now);
        assert_eq!(result, Err(Refusal::Expired));
    }
    assert!(
        window
            .admit(&caller("a"), &id(1), u64::MAX, u64::MAX, now)
            .is_err()
    );
}

#[test]
fn what_may_have_run_before_the_start_does_not_run() {
    let mut window = Window::new(START, Accepted::default());
    assert_eq!(
        admit(&mut window, 1, START - 1, START + 5),
        Err(Refusal::BeforeStart)
    );
    assert_eq!(admit(&mut window, 1, START, START + 5), Ok(()));
    assert_eq!(window.accepted(), &Accepted::until(START));

    let mut window = Window::new(START, Accepted::until(START + 500));
    assert_eq!(
        admit(&mut window, 1, START + 500, START + 600),
        Err(Refusal::BeforeStart)
    );
    assert_eq!(admit(&mut window, 1, START + 501, START + 600), Ok(()));
    assert_eq!(window.accepted(), &Accepted::until(START + 501));
}

#[test]
fn a_clock_that_is_ahead_keeps_nobody_else_waiting_after_a_restart() {
    let mut window = Window::new(START, Accepted::default());
    assert_eq!(admit(&mut window, 1, START + 10, START + 10), Ok(()));
    assert_eq!(admit(&mut window, 2, START + 40_000, START + 20), Ok(()));
    let mut window = Window::new(START + 500, window.accepted().clone());
    assert_eq!(
        admit(&mut window, 2, START + 40_000, START + 600),
        Err(Refusal::BeforeStart)
    );
    assert_eq!(admit(&mut window, 3, START + 600, START + 600), Ok(()));
    // It is known as long as nothing newer covers it.
    let kept = window.accepted().ahead.clone();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        admit(&mut window, 4, START + 40_001, START + 40_001),
        Ok(())
    );
    assert_eq!(window.accepted(), &Accepted::until(START + 40_001));
}

#[test]
fn how_many_are_ahead_is_bounded() {
    let mut window = Window::new(START, Accepted::default());
    for number in 0..accepted::MOST_AHEAD + 2 {
        let time = START + 30_000 + number as u64;
        assert_eq!(admit(&mut window, number, time, START), Ok(()));
    }
    // The earliest are covered by the date.
    assert_eq!(window.accepted().ahead.len(), accepted::MOST_AHEAD);
    assert_eq!(window.accepted().until_ms, Some(START + 30_001));
    let mut window = Window::new(START, window.accepted().clone());
    for number in 0..accepted::MOST_AHEAD + 2 {
        let time = START + 30_000 + number as u64;
        assert_eq!(
            admit(&mut window, number, time, START),
            Err(Refusal::BeforeStart)
        );
    }
}

#[test]
fn a_clock_that_is_set_back_neither_blocks_nor_repeats() {
    // The clock was an hour ahead at the start.
    let mut window = Window::new(START + 3_600_000, Accepted::until(START - 5));
    assert_eq!(admit(&mut window, 1, START + 1, START), Ok(()));
    assert_eq!(
        admit(&mut window, 9, START - 6, START),
        Err(Refusal::BeforeStart)
    );

    // Forgotten, because its time was over; then the clock goes back to when it was not.
    let later = START + 3_600_000;
    assert_eq!(admit(&mut window, 2, later, later), Ok(()));
    assert_eq!(
        admit(&mut window, 1, START + 1, START + 1),
        Err(Refusal::Expired)
    );
    assert_eq!(admit(&mut window, 2, later, later), Err(Refusal::Replayed));
}

#[test]
fn one_caller_can_not_push_out_anothers_requests() {
    let mut window = Window::new(START, Accepted::default());
    let mut of = |name: &str, number, now| window.admit(&caller(name), &id(number), now, TTL, now);
    assert_eq!(of("quiet", 0, START), Ok(()));
    for number in 0..QUOTA {
        assert_eq!(of("loud", number, START), Ok(()));
    }
    assert_eq!(of("loud", QUOTA, START), Err(Refusal::TooMany));
    assert_eq!(of("loud", 0, START), Err(Refusal::Replayed));
    assert_eq!(of("quiet", 0, START), Err(Refusal::Replayed));
    assert_eq!(of("quiet", 1, START), Ok(()));
    let later = START + TTL + MAX_SKEW_MS + 1;
    assert_eq!(of("loud", QUOTA, later), Ok(()));
    assert_eq!(of("new", 1, later), Ok(()));
    assert_eq!(window.callers.len(), 2, "quiet ones are not kept");
    assert_eq!(window.remembered(), 2);
    assert_eq!(window.callers[&caller("loud")].requests.len(), 1);
    window.forget(later + TTL + MAX_SKEW_MS + 1);
    assert_eq!((window.remembered(), window.callers.len()), (0, 0));
}

#[test]
fn a_longer_life_of_requests_does_not_revive_the_forgotten() {
    let mut window = Window::new(START, Accepted::default()).with_max_ttl(1000);
    let at = |window: &mut Window, number, time, now| {
        window.admit(&caller("a"), &id(number), time, u64::MAX, now)
    };
    assert_eq!(at(&mut window, 1, START, START), Ok(()));
    // Forgotten with the next request.
    let later = START + 1000 + MAX_SKEW_MS + 1;
    assert_eq!(at(&mut window, 2, later, later), Ok(()));
    window.set_max_ttl(3_600_000, later);
    assert_eq!(at(&mut window, 1, START, later), Err(Refusal::Expired));
    assert_eq!(at(&mut window, 2, later, later), Err(Refusal::Replayed));
    // The new length holds for what is dated after all that.
    let new = later + MAX_SKEW_MS + 1;
    assert_eq!(at(&mut window, 3, new, new + 3_000_000), Ok(()));
    window.set_max_ttl(1000, new);
    assert_eq!(
        at(&mut window, 4, new, new + 1001 + MAX_SKEW_MS),
        Err(Refusal::Expired)
    );
}

#[derive(Clone, Debug)]
enum Step {
    /// Time passes, or is set back.
    Clock(i64),
    Restart,
    /// The longest life of requests is changed.
    MaxTtl(u64),
    /// One of the requests that exist arrives.
    Request(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (-100_000_i64..200_000).prop_map(Step::Clock),
        1 => Just(Step::Restart),
        1 => (0_u64..200_000).prop_map(Step::MaxTtl),
        8 => (0_usize..12).prop_map(Step::Request),
    ]
}

proptest! {
    /// Whatever the clock does, and however often the agent starts anew.
    #[test]
    fn nothing_is_admitted_twice(
        requests in prop::collection::vec((0_u64..400_000, 0_u64..200_000), 12),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut now = START;
        let mut max_ttl = 100_000;
        let mut window = Window::new(now, Accepted::default()).with_max_ttl(max_ttl);
        let mut run = HashSet::new();
        for step in steps {
            match step {
                Step::Clock(by) => now = now.saturating_add_signed(by),
                Step::Restart => {
                    window = Window::new(now, window.accepted().clone()).with_max_ttl(max_ttl);
                }
                Step::MaxTtl(new) => {
                    max_ttl = new;
                    window.set_max_ttl(max_ttl, now);
                }
                Step::Request(number) => {
                    let (time, ttl) = requests[number];
                    let time = START + time;
                    if window.admit(&caller("a"), &id(number), time, ttl, now).is_ok() {
                        prop_assert!(run.insert(number), "{} ran twice", number);
                        prop_assert!(time <= now + MAX_SKEW_MS);
                        prop_assert!(now <= time + ttl.min(max_ttl) + MAX_SKEW_MS);
                    }
                }
            }
        }
    }
}
