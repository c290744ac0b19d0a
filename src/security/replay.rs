//! Nothing happens twice, and nothing late: which requests were seen, and which are of now.
//!
//! Time comes in as milliseconds since the epoch. The window is as long as a request may live, so
//! what it has forgotten could not be accepted any more; that holds across a restart and when the
//! clock is set back, too. What is remembered is bounded for each caller apart, so that none can
//! push out another's.

mod accepted;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

pub use accepted::{Accepted, Ahead};

use crate::mcorpc::names::{CallerId, RequestId};

/// How far the clocks of a caller and of this node may be apart.
pub const MAX_SKEW_MS: u64 = 60_000;
/// The longest life of a request, if not set otherwise.
pub const DEFAULT_MAX_TTL_MS: u64 = 10 * 60_000;
/// How many requests of one caller may be alive at once.
pub const QUOTA: usize = 4096;

/// Why a request is not acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is dated before this agent's start, or the one before may have run it: it is dated before
    /// others that were accepted, or is among them.
    #[error(
        "the request is dated before this agent's start, so it may have been run already; send it \
         again (and compare the clocks of caller and node if this stays)"
    )]
    BeforeStart,
    /// It is from the future.
    #[error(
        "the request is dated {}.{:03} s ahead of this node's clock; set the clocks of caller and \
         node right", by_ms / 1000, by_ms % 1000
    )]
    Clock {
        /// How far ahead.
        by_ms: u64,
    },
    /// Its time is over.
    #[error(
        "the request has expired by this node's clock; it came late, or the clocks of caller and \
         node differ"
    )]
    Expired,
    /// It was held up until its time was over.
    #[error(
        "the request has expired: it was on its way from the broker for {}.{:03} s, as this node \
         was paused or cut off", by_ms / 1000, by_ms % 1000
    )]
    Late {
        /// For how long.
        by_ms: u64,
    },
    /// It was seen before.
    #[error("a request with this id was received before, and is not run twice")]
    Replayed,
    /// The caller has too many requests alive.
    #[error("too many requests of this caller in the last minutes; wait, and send it again")]
    TooMany,
}

impl Refusal {
    /// Its kind in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BeforeStart => "dated before the start",
            Self::Clock { .. } => "clock",
            Self::Expired => "expired",
            Self::Late { .. } => "late",
            Self::Replayed => "replayed",
            Self::TooMany => "too many of one caller",
        }
    }
}

/// The requests that were admitted and could still be repeated.
#[derive(Debug)]
pub struct Window {
    /// Requests dated before are refused.
    started_ms: u64,
    /// What earlier processes had accepted, or may have.
    before: Accepted,
    /// The same with what this one accepted.
    accepted: Accepted,
    /// The newest date that was accepted, by this process or an earlier one.
    newest_ms: Option<u64>,
    max_ttl_ms: u64,
    /// Requests dated up to then live no longer than this: they may have been forgotten when nobody
    /// could live longer.
    shorter_ttl: Option<(u64, u64)>,
    /// Something that could be accepted up to then was forgotten. It lies in the past, unless the
    /// clock is set back.
    forgotten_ms: Option<u64>,
    callers: HashMap<CallerId, Seen>,
    fingerprints: RandomState,
}

/// What was seen of one caller.
#[derive(Debug, Default)]
struct Seen {
    /// The fingerprint of each request's id, and the last moment at which it could be accepted. A
    /// node keeps many of them, and an id takes ten times the room. By chance a new id may have the
    /// fingerprint of another, once in 10^15; then it is refused, and nothing worse.
    requests: HashMap<u64, u64>,
    /// The earliest of those moments.
    earliest_ms: u64,
}

impl Window {
    /// A window of a process that started now. `before` is what [`Self::accepted`] had said last
    /// before.
    ///
    /// Both bounds count. The note alone would do if it could be relied on, but it is a plain write,
    /// and what the machine lost when it lost its power was dated before its start.
    pub fn new(started_ms: u64, before: Accepted) -> Self {
        let dates = before.ahead.iter().map(|ahead| ahead.time_ms);
        Self {
            started_ms,
            newest_ms: dates.max().max(before.until_ms),
            accepted: before.clone(),
            before,
            max_ttl_ms: DEFAULT_MAX_TTL_MS,
            shorter_ttl: None,
            forgotten_ms: None,
            callers: HashMap::new(),
            fingerprints: RandomState::new(),
        }
    }

    /// The same with another longest life of requests.
    #[must_use]
    pub const fn with_max_ttl(mut self, max_ttl_ms: u64) -> Self {
        self.max_ttl_ms = max_ttl_ms;
        self
    }

    /// Changes the longest life of requests. A longer one holds for those that are dated after what
    /// could have been forgotten.
    pub fn set_max_ttl(&mut self, max_ttl_ms: u64, now_ms: u64) {
        if max_ttl_ms > self.max_ttl_ms {
            let dated = now_ms.saturating_add(MAX_SKEW_MS);
            let dated = self.newest_ms.map_or(dated, |newest| dated.max(newest));
            let (before, shorter) = self.shorter_ttl.unwrap_or((0, u64::MAX));
            self.shorter_ttl = Some((before.max(dated), shorter.min(self.max_ttl_ms)));
        }
        self.max_ttl_ms = max_ttl_ms;
    }

    /// The longest life of a request of this date.
    fn max_ttl(&self, time_ms: u64) -> u64 {
        match self.shorter_ttl {
            Some((until, shorter)) if time_ms <= until => self.max_ttl_ms.min(shorter),
            _ => self.max_ttl_ms,
        }
    }

    /// What was accepted; to be noted before a request is run.
    pub const fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Takes note of a request, which may then be run, once. To be asked when its signature held.
    pub fn admit(
        &mut self,
        caller: &CallerId,
        id: &RequestId,
        time_ms: u64,
        ttl_ms: u64,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        // A clock that was ahead at the start, and was set right since, must not keep us waiting
        // until it would have been so late. What ran before the start is known from the note.
        self.started_ms = self.started_ms.min(now_ms);
        let ttl_ms = ttl_ms.min(self.max_ttl(time_ms));
        let last_ms = time_ms.saturating_add(ttl_ms).saturating_add(MAX_SKEW_MS);
        let ahead_ms = time_ms.saturating_sub(now_ms);
        if ahead_ms > MAX_SKEW_MS {
            return Err(Refusal::Clock { by_ms: ahead_ms });
        }
        if now_ms > last_ms
            || self
                .forgotten_ms
                .is_some_and(|forgotten| last_ms <= forgotten)
        {
            return Err(Refusal::Expired);
        }
        if time_ms < self.started_ms || self.before.covers(id, time_ms) {
            return Err(Refusal::BeforeStart);
        }
        self.note(caller, id, last_ms, now_ms)?;
        self.newest_ms = self.newest_ms.max(Some(time_ms));
        self.accepted.add(id, time_ms, now_ms);
        Ok(())
    }

    fn note(
        &mut self,
        caller: &CallerId,
        id: &RequestId,
        last_ms: u64,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        if !self.callers.contains_key(caller) {
            // New callers are rare: the time to look through the others.
            self.forget(now_ms);
        }
        let id = self.fingerprints.hash_one(id);
        let seen = self.callers.entry(caller.clone()).or_default();
        if seen.requests.contains_key(&id) {
            return Err(Refusal::Replayed);
        }
        self.forgotten_ms = self.forgotten_ms.max(seen.forget(now_ms));
        if seen.requests.len() >= QUOTA {
            return Err(Refusal::TooMany);
        }
        if seen.requests.is_empty() || last_ms < seen.earliest_ms {
            seen.earliest_ms = last_ms;
        }
        seen.requests.insert(id, last_ms);
        Ok(())
    }

    /// How many requests it remembers.
    pub fn remembered(&self) -> usize {
        self.callers.values().map(|seen| seen.requests.len()).sum()
    }

    /// Forgets of all callers what could not be accepted any more, to save memory.
    pub fn forget(&mut self, now_ms: u64) {
        for seen in self.callers.values_mut() {
            self.forgotten_ms = self.forgotten_ms.max(seen.forget(now_ms));
        }
        self.callers.retain(|_, seen| !seen.requests.is_empty());
    }
}

impl Seen {
    /// Forgets what could not be accepted any more, and says up to when something of it could.
    fn forget(&mut self, now_ms: u64) -> Option<u64> {
        if self.earliest_ms >= now_ms {
            return None;
        }
        let mut forgotten = None;
        self.requests.retain(|_, last_ms| {
            let keep = *last_ms >= now_ms;
            if !keep {
                forgotten = forgotten.max(Some(*last_ms));
            }
            keep
        });
        if self.requests.capacity() > 4 * self.requests.len() {
            self.requests.shrink_to_fit();
        }
        self.earliest_ms = self.requests.values().copied().min().unwrap_or(u64::MAX);
        forgotten
    }
}

#[cfg(test)]
mod tests;
