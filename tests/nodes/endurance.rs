//! Minutes of faults by chance on a large fleet: three nodes, and a crowd of agents on a fourth.
//! `MCOLLECTIVE_NODES_MINUTES` makes it longer, and `MCOLLECTIVE_NODES_SEED` brings the same faults.

use std::time::{Duration, Instant};

use crate::{
    chance::Chance,
    fault::{
        Fault,
        Kind::{self, Cut, FullDisk, Kill, Mute, NoDescriptors, Pause, Power, Renewal, Restart},
    },
    fleet::{AGENTS, BROKER, CROWD, Fleet},
    memory::Memory,
    skew::Skewed,
    storm::{self, Planned},
    watch::watched_on,
};

/// Agents besides those of the three nodes.
const CROWD_SIZE: usize = 200;

/// How long it goes on, in minutes, if it is not told otherwise.
const MINUTES: u64 = 5;

/// The test.
pub(crate) fn a_large_fleet_endures_minutes_of_faults() {
    let seed = Chance::seed();
    let minutes = std::env::var("MCOLLECTIVE_NODES_MINUTES").map_or(MINUTES, |text| {
        text.parse()
            .expect("MCOLLECTIVE_NODES_MINUTES must be a whole number")
    });
    println!("endurance: MCOLLECTIVE_NODES_SEED={seed} brings the same faults again");
    let fleet = Fleet::start_large(CROWD_SIZE);
    watched_on(&fleet, "endurance", seed, |watch| {
        let mut chance = Chance::new(seed);
        let mut skewed = Skewed::new(watch.fleet);
        let mut memory = Memory::default();
        let began = Instant::now();
        for number in 1.. {
            skewed.send(watch.fleet, &mut chance);
            storm::round(watch, number, plan(&watch.fleet.agents, &mut chance));
            skewed.send(watch.fleet, &mut chance);
            memory.look(watch.fleet);
            if began.elapsed() > Duration::from_mins(minutes) {
                break;
            }
        }
        println!("endurance: {}", memory.told());
        let noted = watch.fleet.on_disk(CROWD);
        println!("endurance: the crowd's state and audits take {noted} MiB");
        skewed.judge(&watch.notes());
    });
}

/// What goes wrong in one round: one, two or three faults, and where one is of the crowd, of some.
pub(crate) fn plan(agents: &[&'static str], chance: &mut Chance) -> Vec<Planned> {
    let crowd = &agents[AGENTS.len()..];
    let mut nodes = vec![BROKER];
    nodes.extend(AGENTS);
    // What befalls all of the crowd leaves nothing to befall one of them.
    nodes.push(*chance.pick(&[CROWD, SOME, SOME, SOME]));
    let mut plan = Vec::new();
    for _ in 0..=chance.below(3) {
        let node = *chance.pick(&nodes);
        nodes.retain(|other| *other != node);
        let kind = *chance.pick(kinds(node));
        let whom = if node == SOME {
            some_of(crowd, chance)
        } else {
            vec![node]
        };
        let (after, lasts) = storm::when(chance);
        plan.extend(
            whom.into_iter()
                .map(|node| (Fault { node, kind }, after, lasts)),
        );
    }
    plan
}

/// Stands for some agents of the crowd.
const SOME: &str = "some of the crowd";

/// Up to eight of them, each once.
fn some_of(crowd: &[&'static str], chance: &mut Chance) -> Vec<&'static str> {
    let many = 1 + chance.below(8);
    let first = chance.below(crowd.len());
    let from = crowd.iter().cycle().skip(first);
    from.take(many.min(crowd.len())).copied().collect()
}

fn kinds(node: &str) -> &'static [Kind] {
    match node {
        // A node's cable, power and disk are those of all on it.
        CROWD => &[Cut, Mute, Power, FullDisk],
        SOME => &[Kill, Restart, Pause, NoDescriptors, Renewal],
        _ => &[
            Kill,
            Restart,
            Pause,
            Cut,
            Mute,
            Power,
            FullDisk,
            NoDescriptors,
            Renewal,
        ],
    }
}
