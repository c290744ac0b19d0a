//! When memory is given back: after calls, as what they took would stay with the process otherwise.

use super::{shared::Shared, stats::Counter};
use crate::sys;

/// How many messages there had been.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// When memory was given back.
    given_back: u64,
    /// When that was in a quiet moment.
    rested: u64,
}

/// After so many calls memory is given back at once. It takes less than a millisecond.
const MANY_CALLS: u64 = 1000;

impl Rest {
    /// In a quiet moment: gives memory back as long as calls have left something behind.
    pub(super) fn rest(&mut self, shared: &Shared) {
        let total = shared.host.stats().value(Counter::Total);
        let remembered = shared.gatehouse().window.remembered();
        if total != self.rested || remembered > 0 {
            self.rested = total;
            self.give_back(total, shared);
        }
    }

    /// After a message: gives memory back where there was no quiet moment for long.
    pub(super) fn after_many(&mut self, shared: &Shared) {
        let total = shared.host.stats().value(Counter::Total);
        if total.saturating_sub(self.given_back) >= MANY_CALLS {
            self.give_back(total, shared);
        }
    }

    fn give_back(&mut self, total: u64, shared: &Shared) {
        self.given_back = total;
        shared.gatehouse().window.forget(sys::clock::now_ms());
        sys::memory::give_back();
    }
}
