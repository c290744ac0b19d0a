//! Waits by chance, so that a fleet which is told something at the same time does not act at the same
//! time.

use std::{collections::hash_map::RandomState, hash::BuildHasher as _, time::Duration};

/// A part of this time, by chance.
pub(super) fn part_of(whole: Duration) -> Duration {
    // The standard library's hash keys are random; that is enough for waits.
    part(whole, RandomState::new().hash_one(std::process::id()))
}

/// The part that a number stands for.
fn part(whole: Duration, chance: u64) -> Duration {
    let part = u32::try_from(chance >> 32).unwrap_or(0);
    whole.mul_f64(f64::from(part) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_time_has_its_chance() {
        let whole = Duration::from_mins(1);
        assert_eq!(part(whole, 0), Duration::ZERO);
        assert_eq!(part(whole, 1 << 63), whole / 2);
        assert!(part(whole, u64::MAX) < whole);
        assert!(part(whole, u64::MAX) > whole * 99 / 100);
    }
}
