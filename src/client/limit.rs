//! Which of the discovered nodes are asked under `--limit`.
//!
//! A draw sorts the names first and then takes the first of a Fisher-Yates shuffle driven by
//! `SplitMix64` from the seed, so that the same seed chooses the same of the same nodes anywhere.

use super::Share;
use crate::mcorpc::names::Identity;

/// How many are asked, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub share: Share,
    /// Which.
    pub choice: Choice,
}

/// Which nodes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Those that answered discovery first, or stand first in the list.
    First,
    /// Any, drawn from this seed.
    Random(u64),
}

impl Limit {
    /// Whether so many are enough.
    pub fn is_met_by(self, found: usize) -> bool {
        match self.share {
            Share::Count(count) => found >= count,
            Share::Percent(_) => found > 0,
        }
    }

    /// Takes as many as it allows.
    pub fn choose(self, mut names: Vec<Identity>) -> Vec<Identity> {
        let count = self.share.at_most(names.len());
        if let Choice::Random(seed) = self.choice {
            names.sort();
            shuffle(&mut names, count, seed);
        }
        names.truncate(count);
        names
    }
}

/// Draws the first `count` places of a shuffle.
fn shuffle<T>(items: &mut [T], count: usize, seed: u64) {
    let mut state = seed;
    for at in 0..count.min(items.len()) {
        let left = items.len() - at;
        // 128 bits keep the product whole; the bias for fewer than 2^32 nodes is below 2^-32.
        let drawn = (u128::from(split_mix(&mut state)) * left as u128) >> 64;
        items.swap(at, at + usize::try_from(drawn).unwrap_or(0));
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(count: usize) -> Vec<Identity> {
        (0..count)
            .map(|n| Identity::new(format!("node{n}")).unwrap())
            .collect()
    }

    fn random(count: usize, seed: u64) -> Limit {
        Limit {
            share: Share::Count(count),
            choice: Choice::Random(seed),
        }
    }

    #[test]
    fn the_generator_is_the_published_one() {
        let mut state = 1_234_567;
        assert_eq!(split_mix(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(split_mix(&mut state), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_seed_chooses_the_same_whoever_answered_first() {
        let mut other_order = names(20);
        other_order.reverse();
        let chosen = random(5, 7).choose(names(20));
        assert_eq!(chosen, random(5, 7).choose(other_order));
        assert_ne!(chosen, random(5, 8).choose(names(20)));
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 5);
    }

    #[test]
    fn every_node_can_be_drawn() {
        let drawn: BTreeSet<Identity> = (0..200)
            .flat_map(|seed| random(1, seed).choose(names(6)))
            .collect();
        assert_eq!(drawn.len(), 6);
    }

    #[test]
    fn the_first_are_the_first() {
        let limit = Limit {
            share: Share::Percent(50),
            choice: Choice::First,
        };
        assert_eq!(limit.choose(names(5)), names(2));
        assert_eq!(limit.choose(Vec::new()), []);
    }
}
