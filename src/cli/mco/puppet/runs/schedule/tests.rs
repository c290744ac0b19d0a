//! Fleets in simulated time: hours of runs in milliseconds.

use proptest::prelude::*;

use super::*;
use crate::cli::mco::puppet::runs::told::{Asked, OwnRun};

/// A simulated node.
#[derive(Clone, Debug)]
struct Sim {
    /// After it is told, it takes so long until it applies.
    delay: u64,
    run: u64,
    /// It does not answer from here until there.
    silent: (u64, u64),
    /// What its run comes to.
    end: End,
    /// It hears, and its answers get lost, from here until there.
    mute: (u64, u64),
    /// It tells of its own run, and who had asked for it, as ours do.
    modern: bool,
    /// Another run holds it from here until there, unless one of ours does.
    foreign: (u64, u64),
    /// That run was asked for by another request.
    by_request: bool,
}

impl Sim {
    fn new(run: u64) -> Self {
        Self {
            delay: 0,
            run,
            silent: (0, 0),
            mute: (0, 0),
            end: End::Changed,
            modern: true,
            foreign: (0, 0),
            by_request: false,
        }
    }
}

struct Fleet {
    sims: Vec<Sim>,
    begun: Vec<Option<u64>>,
    /// The request that had begun it.
    orders: Vec<Option<RequestId>>,
}

const SECOND: u64 = 1000;

fn name(at: usize) -> Identity {
    Identity::new(format!("node{at}")).unwrap()
}

fn at(name: &Identity) -> usize {
    name.as_str().trim_start_matches("node").parse().unwrap()
}

impl Fleet {
    fn of(sims: Vec<Sim>) -> Self {
        Self {
            begun: vec![None; sims.len()],
            orders: vec![None; sims.len()],
            sims,
        }
    }

    fn hears(&self, node: usize, now: u64) -> bool {
        let (from, to) = self.sims[node].silent;
        !(from..to).contains(&now)
    }

    /// Whether what it says arrives.
    fn answers(&self, node: usize, now: u64) -> bool {
        let (from, to) = self.sims[node].mute;
        self.hears(node, now) && !(from..to).contains(&now)
    }

    /// Begins of the run, and its end.
    fn span(&self, node: usize) -> Option<(u64, u64)> {
        let sim = &self.sims[node];
        self.begun[node].map(|begun| (begun + sim.delay, begun + sim.delay + sim.run))
    }

    /// The same of the run that is not ours, which does not begin while ours has the lock.
    fn foreign(&self, node: usize) -> Option<(u64, u64)> {
        let (from, to) = self.sims[node].foreign;
        let ours = self.begun[node].zip(self.span(node));
        let is_kept = ours.is_some_and(|(begun, (_, end))| (begun..end).contains(&from));
        (from < to && !is_kept).then_some((from, to))
    }

    fn status(&self, node: usize, now: u64) -> Status {
        let sim = &self.sims[node];
        let spans = [self.span(node), self.foreign(node)];
        let applying =
            |span: &Option<(u64, u64)>| span.is_some_and(|(from, to)| (from..to).contains(&now));
        let ended = |(_, to): &(u64, u64)| *to <= now;
        let last_run = spans
            .iter()
            .flatten()
            .filter(|span| ended(span))
            .map(|(_, to)| *to);
        let own = |(_, to): (u64, u64), initiated_at| OwnRun {
            state: if now >= to { "ended" } else { "running" }.to_owned(),
            initiated_at,
            code: Some(0),
            words: String::new(),
            signalled: false,
        };
        let mut status = Status {
            applying: spans.iter().any(applying),
            last_run: last_run
                .max()
                .map_or(1, |at| i64::try_from(at).unwrap() + 2),
            ..Status::default()
        };
        if !sim.modern {
            return status;
        }
        let ours = self.begun[node].zip(self.span(node));
        let another = self
            .foreign(node)
            .filter(|(from, _)| sim.by_request && *from <= now);
        status.asked = Asked::Nobody;
        // The note is of the run that was asked for last.
        if let Some((begun, span)) = ours
            && another.is_none_or(|(from, _)| from < begun)
        {
            status.own = Some(own(span, 5));
            status.asked = self.orders[node].clone().map_or(Asked::Nobody, Asked::By);
        } else if let Some(span) = another {
            status.own = Some(own(span, 4));
            status.asked = Asked::By("another".parse().unwrap());
        }
        status
    }

    fn begin(&mut self, node: usize, order: &RequestId, now: u64) -> Begun {
        if !self.hears(node, now) {
            return Begun::Silent;
        }
        let begun = if self.status(node, now).applying || self.begun[node].is_some() {
            Begun::Busy
        } else {
            self.begun[node] = Some(now);
            self.orders[node] = Some(order.clone());
            // Whole seconds after whatever had ended before.
            Begun::Yes(i64::try_from(now).unwrap() + 3)
        };
        if self.answers(node, now) {
            begun
        } else {
            Begun::Silent
        }
    }

    /// The most that ran at a time.
    fn most_at_once(&self) -> usize {
        let spans: Vec<(u64, u64)> = (0..self.sims.len())
            .filter_map(|node| self.span(node))
            .collect();
        let at = |time: u64| {
            spans
                .iter()
                .filter(|(from, to)| *from <= time && time < *to)
                .count()
        };
        spans.iter().map(|(from, _)| at(*from)).max().unwrap_or(0)
    }
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// Runs it all; how each ended, and when all was over.
fn simulate(
    fleet: &mut Fleet,
    limit: usize,
    times: Times,
    may_fail: Option<usize>,
) -> (HashMap<usize, End>, u64) {
    let first = (0..fleet.sims.len())
        .map(|node| {
            (
                name(node),
                fleet.answers(node, 0).then(|| fleet.status(node, 0)),
                fleet.sims[node].run,
            )
        })
        .collect();
    let mut schedule = Schedule::new(first, limit, times, may_fail, false);
    let mut ends = HashMap::new();
    let mut now = 0;
    // A call takes some time, and one to a silent node more.
    let took = |fleet: &Fleet, names: &[Identity], now: u64| {
        let silent = names.iter().any(|name| !fleet.answers(at(name), now));
        if names.is_empty() {
            0
        } else if silent {
            3 * SECOND
        } else {
            100
        }
    };
    for round in 0..1_000_000 {
        let order: RequestId = format!("order{round}").parse().unwrap();
        let told = schedule.begin(ms(now));
        let asked = now;
        now += took(fleet, &told, asked);
        for name in &told {
            let begun = fleet.begin(at(name), &order, asked);
            schedule.handle_begun(name, begun, &order, ms(now));
        }
        let poll = schedule.poll(ms(now));
        let asked = now;
        now += took(fleet, &poll, asked);
        for name in &poll {
            let status = fleet
                .answers(at(name), asked)
                .then(|| fleet.status(at(name), asked));
            schedule.handle_status(name, status, ms(now));
        }
        let ask = schedule.ask(ms(now));
        let asked = now;
        now += took(fleet, &ask, asked);
        for name in &ask {
            let figures = fleet
                .answers(at(name), asked)
                .then(|| fleet.sims[at(name)].end.clone());
            schedule.handle_figures(name, figures, ms(now));
        }
        for (name, end, _) in schedule.news() {
            assert!(ends.insert(at(&name), end).is_none(), "{name} ended twice");
        }
        if schedule.is_done() {
            schedule.finish(ms(now));
            ends.extend(
                schedule
                    .news()
                    .into_iter()
                    .map(|(name, end, _)| (at(&name), end)),
            );
            assert_eq!(ends.len(), fleet.sims.len(), "somebody was lost");
            return (ends, now);
        }
        let next = schedule
            .next()
            .map_or(0, |next| next.as_micros().div_ceil(1000));
        now = now.max(u64::try_from(next).unwrap());
    }
    panic!("it does not end at {now}");
}

/// What no schedule can beat.
fn bound(sims: &[Sim], limit: usize) -> u64 {
    let sum: u64 = sims.iter().map(|sim| sim.delay + sim.run).sum();
    let longest = sims
        .iter()
        .map(|sim| sim.delay + sim.run)
        .max()
        .unwrap_or(0);
    longest.max(sum / limit as u64)
}

#[test]
fn very_different_runs_end_close_to_the_best_possible_schedule() {
    // From 10 s to 20 minutes, the long ones last in the list.
    let sims: Vec<Sim> = (0..200_u64)
        .map(|at| Sim::new((10 + at * at * 1190 / 40_000) * SECOND))
        .collect();
    for limit in [1, 7, 20, 50] {
        let mut fleet = Fleet::of(sims.clone());
        let (ends, took) = simulate(&mut fleet, limit, Times::default(), None);
        assert!(ends.values().all(|end| *end == End::Changed));
        assert!(
            fleet.most_at_once() <= limit,
            "{} of {limit}",
            fleet.most_at_once()
        );
        let best = bound(&sims, limit);
        // A second or so goes by until an end is noticed.
        let runs = 200_u64.div_ceil(limit as u64);
        assert!(
            took <= best + best / 20 + 2 * SECOND * runs,
            "{limit}: {took} of {best}"
        );
    }
}

#[test]
fn the_slow_the_silent_and_the_busy_are_not_lost() {
    let mut sims = vec![Sim::new(60 * SECOND); 12];
    sims[0].delay = 240 * SECOND;
    sims[1].modern = false;
    sims[2].modern = false;
    sims[2].delay = 200 * SECOND;
    sims[3].foreign = (0, 300 * SECOND);
    sims[4].silent = (65 * SECOND, 100 * SECOND);
    sims[5].silent = (0, u64::MAX);
    sims[6].silent = (10 * SECOND, u64::MAX);
    sims[7].end = End::Failed("it broke".into());
    sims[8].end = End::Unchanged;
    sims[9].silent = (0, 90 * SECOND);
    let mut fleet = Fleet::of(sims);
    let (ends, _) = simulate(&mut fleet, 4, Times::default(), None);
    for node in [0, 1, 2, 3, 4, 9, 10, 11] {
        assert_eq!(ends[&node], End::Changed, "node{node}");
        assert!(fleet.begun[node].is_some(), "node{node}");
    }
    assert_eq!(ends[&5], End::Silent);
    assert_eq!(ends[&7], End::Failed("it broke".into()));
    assert_eq!(ends[&8], End::Unchanged);
}

#[test]
fn a_run_without_end_and_one_that_never_begins_have_their_time() {
    let mut sims = vec![Sim::new(60 * SECOND); 3];
    sims[0].run = u64::MAX / 4;
    sims[1].modern = false;
    sims[1].delay = u64::MAX / 4;
    let (ends, took) = simulate(&mut Fleet::of(sims), 1, Times::default(), None);
    assert!(matches!(&ends[&0], End::TimedOut(_)), "{ends:?}");
    assert_eq!(
        ends[&1],
        End::Failed("it did not begin within 300 s".into())
    );
    assert_eq!(ends[&2], End::Changed);
    assert!(took < 2 * 3600 * SECOND, "{took}");
}

#[test]
fn a_run_that_is_not_ours_is_waited_for_and_has_its_time_too() {
    let mut sims = vec![Sim::new(60 * SECOND); 4];
    sims[0].foreign = (0, u64::MAX / 4);
    // Its daemon is killed while that other run goes on.
    sims[1].foreign = (0, 600 * SECOND);
    sims[1].silent = (20 * SECOND, u64::MAX);
    sims[2].foreign = (0, 3000 * SECOND);
    let (ends, took) = simulate(&mut Fleet::of(sims), 2, Times::default(), None);
    assert_eq!(
        ends[&0],
        End::TimedOut("a run that is not ours still runs after 3600 s, and goes on".into())
    );
    assert_eq!(
        ends[&1],
        End::Silent,
        "it was not asked, and that is a failure"
    );
    assert_eq!((&ends[&2], &ends[&3]), (&End::Changed, &End::Changed));
    assert!(took < 2 * 3600 * SECOND, "{took}");
}

#[test]
fn a_process_that_waits_for_its_splay_is_a_run_too() {
    let own = |state: &str, at| Status {
        last_run: at,
        own: Some(OwnRun {
            state: state.into(),
            initiated_at: at,
            ..OwnRun::default()
        }),
        ..Status::default()
    };
    let first = vec![(name(0), Some(own("running", 1)), 0)];
    let mut schedule = Schedule::new(first, 1, Times::default(), None, false);
    assert_eq!(schedule.begin(ms(0)), []);
    assert_eq!(schedule.poll(ms(0)), [name(0)]);
    schedule.handle_status(&name(0), Some(own("running", 1)), ms(0));
    assert_eq!(schedule.begin(ms(500)), []);
    schedule.handle_status(&name(0), Some(own("ended", 1)), ms(1000));
    assert_eq!(schedule.begin(ms(1000)), [name(0)]);
}

#[test]
fn too_many_failures_begin_no_more() {
    let mut sims = vec![Sim::new(10 * SECOND); 20];
    for sim in &mut sims {
        sim.end = End::Failed("x".into());
    }
    let (ends, _) = simulate(&mut Fleet::of(sims), 2, Times::default(), Some(3));
    let failed = ends.values().filter(|end| end.is_failure()).count();
    assert!((4..=5).contains(&failed), "{failed}");
    assert_eq!(
        ends.values().filter(|end| **end == End::NotAsked).count(),
        20 - failed
    );
}

#[test]
fn what_a_run_says_at_its_end_is_told() {
    let mut schedule = Schedule::new(
        vec![(name(0), Some(Status::default()), 0)],
        1,
        Times::default(),
        None,
        false,
    );
    assert_eq!(schedule.begin(ms(0)), [name(0)]);
    schedule.handle_begun(&name(0), Begun::Yes(7), &"a".parse().unwrap(), ms(0));
    let own = |state: &str, code| OwnRun {
        state: state.into(),
        initiated_at: 7,
        code,
        words: "Info: a\nError: b\nfrom /opt/x.rb:5:in `<main>'\n".into(),
        signalled: false,
    };
    let status = |own: OwnRun| {
        Some(Status {
            own: Some(own),
            ..Status::default()
        })
    };
    schedule.handle_status(&name(0), status(own("vanished", None)), ms(1000));
    assert!(!schedule.is_done(), "once may be a moment");
    schedule.handle_status(&name(0), status(own("ended", Some(1))), ms(2000));
    assert_eq!(schedule.ask(ms(2000)), [name(0)]);
    schedule.handle_figures(&name(0), Some(End::Unchanged), ms(2000));
    let why = "puppet ended with exit code 1: Error: b".to_owned();
    assert_eq!(schedule.news(), [(name(0), End::Failed(why), ms(2000))]);
}

#[test]
fn a_daemon_that_was_told_and_begins_nothing_is_not_waited_for() {
    let first = vec![(name(0), Some(Status::default()), 0)];
    let mut schedule = Schedule::new(first, 1, Times::default(), None, false);
    assert_eq!(schedule.begin(ms(0)), [name(0)]);
    schedule.handle_begun(&name(0), Begun::Yes(7), &"a".parse().unwrap(), ms(0));
    let told = Status {
        own: Some(OwnRun {
            state: "running".into(),
            initiated_at: 7,
            signalled: true,
            ..OwnRun::default()
        }),
        asked: Asked::By("a".parse().unwrap()),
        ..Status::default()
    };
    schedule.handle_status(&name(0), Some(told.clone()), ms(299_000));
    assert!(!schedule.is_done());
    // One that applies takes its time.
    let applying = Status {
        applying: true,
        ..told.clone()
    };
    schedule.handle_status(&name(0), Some(applying), ms(400_000));
    assert!(!schedule.is_done());
    schedule.handle_status(&name(0), Some(told), ms(401_000));
    let why = "the Puppet daemon was told to run, and began nothing within 300 s".to_owned();
    assert_eq!(schedule.news(), [(name(0), End::Failed(why), ms(401_000))]);
}

#[test]
fn a_run_of_somebody_elses_is_not_taken_for_one_that_was_ordered() {
    let mut sims = vec![Sim::new(60 * SECOND); 6];
    // The order is not heard, as it comes in a moment of silence, and another run is under way, or has
    // just ended when the node is heard again.
    for (node, foreign) in [(0, (0, 200)), (1, (5, 300)), (2, (1, 30))] {
        sims[node].foreign = (foreign.0 * SECOND, foreign.1 * SECOND);
        sims[node].silent = (0, 40 * SECOND);
    }
    sims[1].by_request = true;
    // The order is heard, and the answer is not; and another run comes right after ours.
    sims[3].mute = (0, 90 * SECOND);
    sims[3].foreign = (70 * SECOND, 900 * SECOND);
    sims[4].mute = (0, 20 * SECOND);
    sims[4].delay = 50 * SECOND;
    sims[5].mute = (0, 3 * SECOND);
    sims[5].foreign = (61 * SECOND, 1500 * SECOND);
    sims[5].by_request = true;
    let mut fleet = Fleet::of(sims);
    let (ends, took) = simulate(&mut fleet, 6, Times::default(), None);
    for node in 0..6 {
        assert_eq!(ends[&node], End::Changed, "node{node}");
        assert!(fleet.begun[node].is_some(), "node{node}");
    }
    assert!((200 * SECOND..300 * SECOND).contains(&fleet.begun[0].unwrap()));
    assert!(
        took < 900 * SECOND,
        "{took}: ours were over long before the others"
    );
}

#[test]
fn a_run_by_itself_before_the_order_is_not_its_end() {
    let mut sims = [300, 250, 200].map(|run| Sim::new(run * SECOND)).to_vec();
    // Of the original's: while it waits for its turn, Puppet runs there as every half hour.
    sims[1].modern = false;
    sims[1].delay = 100 * SECOND;
    sims[1].foreign = (20 * SECOND, 50 * SECOND);
    let mut fleet = Fleet::of(sims);
    let (ends, took) = simulate(&mut fleet, 1, Times::default(), None);
    assert!(ends.values().all(|end| *end == End::Changed), "{ends:?}");
    assert_eq!(fleet.most_at_once(), 1);
    assert!(took > 850 * SECOND, "{took}: each was waited for");
}

proptest! {
    #[test]
    fn nobody_is_lost_and_never_too_many_run(
        nodes in proptest::collection::vec(
            ((0..100_u64, 1..900_u64), (0..500_u64, 0..400_u64), (0..500_u64, 0..200_u64), any::<bool>(),
                (0..400_u64, 0..300_u64, any::<bool>())), 1..25),
        limit in 1..6_usize,
    ) {
        let span = |(from, length): (u64, u64)| (from * SECOND, (from + length) * SECOND);
        let sims = nodes.iter().map(|((delay, run), silent, mute, modern, (from, length, by_request))| Sim {
            delay: delay * SECOND,
            run: run * SECOND,
            silent: span(*silent),
            // One of the original's would run once more, and nobody could tell.
            mute: if *modern { span(*mute) } else { (0, 0) },
            modern: *modern,
            // Half of them from the beginning, or not at all.
            foreign: span((from.saturating_sub(200), length.saturating_sub(100))),
            by_request: *by_request,
            end: End::Unchanged,
        }).collect();
        let mut fleet = Fleet::of(sims);
        // Who is silent for long loses its place, and only then may more run than wanted.
        let times = Times { silence: Duration::from_hours(10), ..Times::default() };
        let (ends, _) = simulate(&mut fleet, limit, times, None);
        prop_assert!(fleet.most_at_once() <= limit);
        for (node, end) in ends {
            // A node of the original's that has not answered the order does not tell whose run is under
            // way then: the end of another is taken for the end of ours.
            let sim = &fleet.sims[node];
            if !sim.modern && fleet.foreign(node).is_some() && fleet.begun[node].is_none() {
                continue;
            }
            prop_assert_eq!(fleet.begun[node].is_some(), *end.word() == *"unchanged", "node{} {:?}", node, end);
        }
    }
}
