//! Which connection bears which identity: one each, and the newest wins.
//!
//! An older connection is most often dead and has not noticed. Where both are alive they replace
//! each other again and again, which is reported: usually an old daemon runs beside the agent.
//! Agents of ours say which process they are: one that comes back after it was replaced is alive,
//! while a machine that loses its power twice comes with another one each time.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::table::ConnectionId;

/// Replacements within this time are flapping. An agent of ours tries less and less often, down to
/// once in ten minutes.
const FLAPPING: Duration = Duration::from_mins(15);

/// So many processes take turns at most, if they do.
const MOST_GONE: usize = 4;

/// Flapping of one identity is reported so often.
const REPORTS: Duration = Duration::from_mins(10);

/// All identities that are connected.
#[derive(Debug, Default)]
pub(crate) struct Identities(HashMap<Arc<str>, Bearer>);

#[derive(Debug)]
struct Bearer {
    connection: ConnectionId,
    process: Option<u64>,
    /// The processes that were replaced last, the latest at the end.
    gone: Vec<u64>,
    /// The latest of the replacements that came soon after one another.
    replaced: Option<Instant>,
    /// When they were last reported.
    reported: Option<Instant>,
    /// How many there have been since then.
    unreported: u64,
}

/// What a claim leads to.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The identity as it is kept here, so that all share one text.
    pub(crate) identity: Arc<str>,
    /// The connection did not bear it before.
    pub(crate) is_new: bool,
    /// The connection that bore it, and has to go.
    pub(crate) replaced: Option<ConnectionId>,
    /// What is to be said of it.
    pub(crate) report: Option<Report>,
}

/// What is to be said of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// It was the first: the older connection had most often died.
    Once,
    /// It is one of so many since the last report.
    Flapping(u64),
    /// It is one of many, and that was reported not long ago.
    Silence,
}

impl Identities {
    /// Makes a connection, of this process if that is known, the bearer of an identity.
    pub(crate) fn claim(
        &mut self,
        id: ConnectionId,
        identity: &str,
        process: Option<u64>,
        now: Instant,
    ) -> Claim {
        let known = self.0.get_key_value(identity);
        let (identity, replaced) = match known {
            Some((identity, bearer)) if bearer.connection == id => {
                return Claim {
                    identity: Arc::clone(identity),
                    is_new: false,
                    replaced: None,
                    report: None,
                };
            }
            Some((identity, bearer)) => (Arc::clone(identity), Some(bearer)),
            None => (identity.into(), None),
        };
        let (next, report) = match replaced {
            None => (Bearer::first(id, process), None),
            Some(bearer) => {
                let (next, report) = bearer.replaced_by(id, process, now);
                (next, Some(report))
            }
        };
        let replaced = replaced.map(|bearer| bearer.connection);
        self.0.insert(Arc::clone(&identity), next);
        Claim {
            identity,
            is_new: true,
            replaced,
            report,
        }
    }

    /// A connection is gone; nothing happens where a newer one bears the identity.
    pub(crate) fn release(&mut self, id: ConnectionId, identity: &str) {
        if self.0.get(identity).is_some_and(|b| b.connection == id) {
            self.0.remove(identity);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Bearer {
    const fn first(connection: ConnectionId, process: Option<u64>) -> Self {
        Self {
            connection,
            process,
            gone: Vec::new(),
            replaced: None,
            reported: None,
            unreported: 0,
        }
    }

    /// The one that comes after it, and what is to be said of that.
    fn replaced_by(
        &self,
        connection: ConnectionId,
        process: Option<u64>,
        now: Instant,
    ) -> (Self, Report) {
        let mut next = Self {
            replaced: Some(now),
            gone: self.gone.clone(),
            ..Self::first(connection, process)
        };
        if let Some(old) = self.process.filter(|_| process != self.process) {
            next.gone.retain(|gone| *gone != old);
            next.gone.push(old);
            if next.gone.len() > MOST_GONE {
                next.gone.remove(0);
            }
        }
        let is_back = match (self.process, process) {
            (Some(_), Some(process)) => self.gone.contains(&process),
            _ => true,
        };
        if !is_back || self.replaced.is_none_or(|at| now >= at + FLAPPING) {
            return (next, Report::Once);
        }
        next.unreported = self.unreported + 1;
        next.reported = self.reported;
        if next.reported.is_some_and(|at| now < at + REPORTS) {
            return (next, Report::Silence);
        }
        let report = Report::Flapping(next.unreported);
        (next.reported, next.unreported) = (Some(now), 0);
        (next, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flapping_is_reported_once_in_a_while() {
        let start = Instant::now();
        let mut identities = Identities::default();
        let mut next = 0;
        let mut claim = |seconds| {
            next += 1;
            let now = start + Duration::from_secs(seconds);
            identities.claim(ConnectionId(next), "a", None, now).report
        };
        assert_eq!(claim(0), None);
        assert_eq!(claim(60), Some(Report::Once));
        assert_eq!(claim(70), Some(Report::Flapping(1)));
        assert_eq!(claim(80), Some(Report::Silence));
        assert_eq!(claim(90), Some(Report::Silence));
        assert_eq!(claim(670), Some(Report::Flapping(3)));
        // Long after that it is a first time again.
        assert_eq!(claim(670 + 900), Some(Report::Once));
    }

    #[test]
    fn a_process_that_comes_back_flaps_and_a_new_one_does_not() {
        let start = Instant::now();
        let mut identities = Identities::default();
        let mut next = 0;
        let mut claim = |process: u64| {
            next += 1;
            let now = start + Duration::from_secs(next);
            let claim = identities.claim(ConnectionId(next), "a", Some(process), now);
            claim.report
        };
        assert_eq!(claim(1), None);
        // The machine loses its power again and again; a connection is handed over.
        for process in [2, 3, 3, 4, 4] {
            assert_eq!(claim(process), Some(Report::Once), "{process}");
        }
        // The first of two says nothing of the second yet; that it returns does.
        assert_eq!(claim(5), Some(Report::Once));
        assert_eq!(claim(4), Some(Report::Flapping(1)));
        assert_eq!(claim(5), Some(Report::Silence));
    }
}
