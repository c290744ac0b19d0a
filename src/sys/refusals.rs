//! Refusals in the log: each kind has some lines in a while, and how many more there were is said
//! when the while is over. Whoever floods a daemon with what it refuses fills no log.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// What was refused of late, by kind. The kinds are few, and chosen by us.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<&'static str, Spell>>);

/// A while, of one kind.
#[derive(Debug)]
struct Spell {
    ends: Instant,
    said: u32,
    unsaid: u64,
}

/// The length of a while.
const WHILE: Duration = Duration::from_secs(10);

/// The lines of one kind in it.
const LINES: u32 = 10;

impl Refusals {
    /// Notes a refusal, and writes its line unless there were too many of its kind.
    pub fn log(&self, kind: &'static str, write: impl FnOnce()) {
        if self.note(kind, Instant::now()) {
            write();
        }
    }

    /// Whether a refusal has a line.
    fn note(&self, kind: &'static str, now: Instant) -> bool {
        let mut kinds = self.kinds();
        let spell = kinds.entry(kind).or_insert_with(|| Spell::new(now));
        if spell.ends <= now {
            spell.tell(kind);
            *spell = Spell::new(now);
        }
        let has_line = spell.said < LINES;
        if has_line {
            spell.said += 1;
        } else {
            spell.unsaid += 1;
        }
        has_line
    }

    /// When the next number is to be told; never where nothing was left out.
    pub fn due(&self) -> Option<Instant> {
        let kinds = self.kinds();
        let untold = kinds.values().filter(|spell| spell.unsaid > 0);
        untold.map(|spell| spell.ends).min()
    }

    /// Tells how many were left out, of each kind whose while is over.
    pub fn tell(&self, now: Instant) {
        self.kinds().retain(|kind, spell| {
            let over = spell.ends <= now;
            if over {
                spell.tell(kind);
            }
            !over
        });
    }

    /// Tells also of those whose while is not over, before the daemon ends.
    pub fn tell_rest(&self) {
        self.tell(Instant::now() + WHILE);
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Spell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spell {
    fn new(now: Instant) -> Self {
        Self {
            ends: now + WHILE,
            said: 0,
            unsaid: 0,
        }
    }

    fn tell(&self, kind: &str) {
        if self.unsaid > 0 {
            let (more, seconds) = (self.unsaid, WHILE.as_secs());
            tracing::warn!("{kind}: {more} more within {seconds} s");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_some_lines_and_a_number() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let lines = |kind, count: u32, now| {
            let noted = (0..count).filter(|_| refusals.note(kind, now));
            noted.count()
        };
        assert_eq!(lines("replayed", 1000, start), 10);
        assert_eq!(lines("clock", 3, start + WHILE / 2), 3);
        assert_eq!(refusals.due(), Some(start + WHILE));
        assert_eq!(refusals.kinds()["replayed"].unsaid, 990);
        refusals.tell(start + WHILE);
        assert_eq!(refusals.due(), None);
        assert_eq!(refusals.kinds().len(), 1, "the clock's while is not over");
        assert_eq!(lines("replayed", 11, start + WHILE), 10);
        // Nobody told in between: the next line does.
        assert_eq!(lines("replayed", 1, start + 2 * WHILE), 1);
        assert_eq!(refusals.due(), None);
    }
}
