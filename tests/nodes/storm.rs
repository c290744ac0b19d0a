//! Faults by chance, one, two or three at a time, of any kind, on any node, for any time.

use std::time::Duration;

use crate::{
    chance::Chance,
    clock,
    fault::Fault,
    fleet::{AGENTS, BROKER},
    watch::{Watch, watched},
};

/// How long a fault may last: shorter and longer than calls wait, and than a heart-beat's silence.
const LASTS_MS: [u64; 5] = [300, 1200, 2500, 4000, 6500];

/// How many times something goes wrong, if `MCOLLECTIVE_NODES_ROUNDS` does not say otherwise.
const ROUNDS: usize = 10;

/// The test.
pub(crate) fn nobody_is_lost_whatever_goes_wrong() {
    let seed = Chance::seed();
    let rounds = std::env::var("MCOLLECTIVE_NODES_ROUNDS").ok();
    let rounds = rounds.map_or(ROUNDS, |text| {
        text.parse()
            .expect("MCOLLECTIVE_NODES_ROUNDS must be a number")
    });
    println!("storm: MCOLLECTIVE_NODES_SEED={seed} brings the same faults again");
    watched("storm", seed, |watch| {
        let mut chance = Chance::new(seed);
        for number in 1..=rounds {
            round(watch, number, plan(&mut chance));
        }
    });
}

/// A fault, after how long it begins, and how long it lasts.
pub(crate) type Planned = (Fault, u64, u64);

/// What goes wrong in one round.
pub(crate) fn plan(chance: &mut Chance) -> Vec<Planned> {
    let mut nodes = vec![BROKER];
    nodes.extend(AGENTS);
    let many = 1 + chance.below(3);
    (0..many)
        .map(|_| {
            let fault = Fault::any(chance, &nodes);
            nodes.retain(|node| *node != fault.node);
            let (after, lasts) = when(chance);
            (fault, after, lasts)
        })
        .collect()
}

/// After how long a fault begins, and how long it lasts, in milliseconds.
pub(crate) fn when(chance: &mut Chance) -> (u64, u64) {
    let after = u64::try_from(chance.below(1500)).unwrap();
    (after, *chance.pick(&LASTS_MS))
}

/// Brings such faults about and ends them, and waits until all is whole again.
pub(crate) fn round(watch: &Watch<'_>, number: usize, plan: Vec<Planned>) {
    let said = told(&plan);
    println!("storm: round {number}: {said}");
    let began = clock::now_ms();
    // Beginnings and ends in the order of their time.
    let mut moments: Vec<(u64, bool, Fault)> = plan
        .into_iter()
        .flat_map(|(fault, after, lasts)| [(after, true, fault), (after + lasts, false, fault)])
        .collect();
    moments.sort_by_key(|(at, ..)| *at);
    for (at, begins, fault) in moments {
        let passed = clock::now_ms().saturating_sub(began);
        std::thread::sleep(Duration::from_millis(at.saturating_sub(passed)));
        if begins {
            watch.begin(fault.node, fault.kind);
        } else {
            watch.end(fault);
        }
    }
    let took = watch.whole().as_secs_f64();
    println!("storm: round {number}: whole again after {took:.1} s");
    // Some calls in peace, which all must succeed.
    std::thread::sleep(Duration::from_millis(500));
}

/// The plan in words; who has the same fault at the same time stands together.
fn told(plan: &[Planned]) -> String {
    let alike =
        |one: &Planned, next: &Planned| (one.0.kind, one.1, one.2) == (next.0.kind, next.1, next.2);
    let groups = plan.chunk_by(alike).map(|group| {
        let names: Vec<&str> = group.iter().map(|(fault, ..)| fault.node).collect();
        let (fault, after, lasts) = &group[0];
        format!(
            "{:?} of {} at {after} ms for {lasts} ms",
            fault.kind,
            names.join(" ")
        )
    });
    groups.collect::<Vec<_>>().join(", ")
}
