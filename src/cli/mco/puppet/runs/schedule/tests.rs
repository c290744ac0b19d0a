//! Fleets in simulated time: hours of runs in milliseconds.

use proptest::prelude::*;

use super::*;
use crate::cli::mco::puppet::runs::told::OwnRun;

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
    /// It tells of its own run, as ours do.
    modern: bool,
    /// Another run holds it until then.
    foreign: u64,
}

impl Sim {
    fn new(run: u64) -> Self {
        Self {
            delay: 0,
            run,
            silent: (0, 0),
            end: End::Changed,
            modern: true,
            foreign: 0,
        }
    }
}

struct Fleet {
    sims: Vec<Sim>,
    begun: Vec<Option<u64>>,
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
            sims,
        }
    }

    fn hears(&self, node: usize, now: u64) -> bool {
        let (from, to) = self.sims[node].silent;
        !(from..to).contains(&now)
    }

    /// Begins of the run, and its end.
    fn span(&self, node: usize) -> Option<(u64, u64)> {
        let sim = &self.sims[node];
        self.begun[node].map(|begun| (begun + sim.delay, begun + sim.delay + sim.run))
    }

    fn status(&self, node: usize, now: u64) -> Status {
        let sim = &self.sims[node];
        let span = self.span(node);
        let applying =
            now < sim.foreign || span.is_some_and(|(from, to)| (from..to).contains(&now));
        let over = span.is_some_and(|(_, to)| now >= to);
        let own = OwnRun {
            state: if over { "ended" } else { "running" }.to_owned(),
            initiated_at: 5,
            code: Some(0),
            words: String::new(),
            signalled: false,
        };
        Status {
            applying,
            last_run: if over {
                9
            } else if sim.foreign > 0 && now >= sim.foreign {
                2
            } else {
                1
            },
            own: (sim.modern && span.is_some()).then_some(own),
        }
    }

    fn begin(&mut self, node: usize, now: u64) -> Begun {
        if !self.hears(node, now) {
            return Begun::Silent;
        }
        if self.status(node, now).applying || self.begun[node].is_some() {
            return Begun::Busy;
        }
        self.begun[node] = Some(now);
        Begun::Yes
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
                fleet.hears(node, 0).then(|| fleet.status(node, 0)),
                fleet.sims[node].run,
            )
        })
        .collect();
    let mut schedule = Schedule::new(first, limit, times, may_fail, false);
    let mut ends = HashMap::new();
    let mut now = 0;
    // A call takes some time, and one to a silent node more.
    let took = |fleet: &Fleet, names: &[Identity], now: u64| {
        let silent = names.iter().any(|name| !fleet.hears(at(name), now));
        if names.is_empty() {
            0
        } else if silent {
            3 * SECOND
        } else {
            100
        }
    };
    for _ in 0..1_000_000 {
        let told = schedule.begin(ms(now));
        let asked = now;
        now += took(fleet, &told, asked);
        for name in &told {
            let begun = fleet.begin(at(name), asked);
            schedule.handle_begun(name, begun, ms(now));
        }
        let poll = schedule.poll(ms(now));
        let asked = now;
        now += took(fleet, &poll, asked);
        for name in &poll {
            let status = fleet
                .hears(at(name), asked)
                .then(|| fleet.status(at(name), asked));
            schedule.handle_status(name, status, ms(now));
        }
        let ask = schedule.ask(ms(now));
        let asked = now;
        now += took(fleet, &ask, asked);
        for name in &ask {
            let figures = fleet
                .hears(at(name), asked)
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
    sims[3].foreign = 300 * SECOND;
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
    sims[0].foreign = u64::MAX / 4;
    // Its daemon is killed while that other run goes on.
    sims[1].foreign = 600 * SECOND;
    sims[1].silent = (20 * SECOND, u64::MAX);
    sims[2].foreign = 3000 * SECOND;
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
    schedule.handle_begun(&name(0), Begun::Yes, ms(0));
    let own = |state: &str, code| OwnRun {
        state: state.into(),
        initiated_at: 7,
        code,
        words: "Info: a\nError: b\n".into(),
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

proptest! {
    #[test]
    fn nobody_is_lost_and_never_too_many_run(
        nodes in proptest::collection::vec(
            (0..100_u64, 1..900_u64, 0..500_u64, 0..400_u64, any::<bool>(), 0..3_u64), 1..25),
        limit in 1..6_usize,
    ) {
        let sims = nodes.iter().map(|(delay, run, from, length, modern, foreign)| Sim {
            delay: delay * SECOND,
            run: run * SECOND,
            silent: (from * SECOND, (from + length) * SECOND),
            modern: *modern,
            foreign: foreign.saturating_sub(1) * 60 * SECOND,
            end: End::Unchanged,
        }).collect();
        let mut fleet = Fleet::of(sims);
        // Who is silent for long loses its place, and only then may more run than wanted.
        let times = Times { silence: Duration::from_hours(10), ..Times::default() };
        let (ends, _) = simulate(&mut fleet, limit, times, None);
        prop_assert!(fleet.most_at_once() <= limit);
        for (node, end) in ends {
            // Where the order was not answered, a run of somebody else's that is under way then can't be
            // told from the one that was ordered; its end is taken for that.
            let sim = &fleet.sims[node];
            if sim.foreign > 0 && sim.silent.0 < sim.foreign && fleet.begun[node].is_none() {
                continue;
            }
            prop_assert_eq!(fleet.begun[node].is_some(), *end.word() == *"unchanged", "node{} {:?}", node, end);
        }
    }
}
