//! What a process has accepted, as far as the next one of this node has to know it: a date up to
//! which anything may have been run, and the few requests beyond it.
//!
//! One date alone would do, but a caller's clock may be a minute ahead: after a restart the requests
//! of everybody whose clock is right would be refused until that date is over.

use crate::mcorpc::names::RequestId;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Whatever is dated up to then may have been accepted; `None` says that nothing ever was.
    pub until_ms: Option<u64>,
    /// What was accepted and is dated later: of callers whose clocks are ahead.
    pub ahead: Vec<Ahead>,
}

/// A request that was dated ahead of this node's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Its id.
    pub id: RequestId,
    /// Its date.
    pub time_ms: u64,
}

/// Clocks that are set over the network differ by less, and a restart takes longer.
const USUAL_MS: u64 = 500;

/// How many requests ahead are told apart; the date covers those beyond.
pub(super) const MOST_AHEAD: usize = 128;

impl Accepted {
    /// Everything that is dated up to then.
    pub fn until(time_ms: u64) -> Self {
        Self {
            until_ms: Some(time_ms),
            ahead: Vec::new(),
        }
    }

    /// Whether a request may have been run.
    pub(super) fn covers(&self, id: &RequestId, time_ms: u64) -> bool {
        self.until_ms.is_some_and(|until| time_ms <= until)
            || self.ahead.iter().any(|ahead| ahead.id == *id)
    }

    /// Takes note of one more.
    pub(super) fn add(&mut self, id: &RequestId, time_ms: u64, now_ms: u64) {
        if time_ms <= now_ms.saturating_add(USUAL_MS) {
            self.cover(time_ms);
            return;
        }
        self.ahead.push(Ahead {
            id: id.clone(),
            time_ms,
        });
        if self.ahead.len() > MOST_AHEAD {
            let earliest = self.ahead.iter().map(|ahead| ahead.time_ms).min();
            self.cover(earliest.unwrap_or(time_ms));
        }
    }

    /// The same with all of it below one date, for who can't keep more.
    pub fn cover_all(&mut self) {
        if let Some(latest) = self.ahead.iter().map(|ahead| ahead.time_ms).max() {
            self.cover(latest);
        }
    }

    fn cover(&mut self, time_ms: u64) {
        let until = self.until_ms.max(Some(time_ms));
        self.until_ms = until;
        self.ahead.retain(|ahead| Some(ahead.time_ms) > until);
    }
}
