//! How every addressed node ended, and what that means for the call as a whole.

use std::time::{Duration, SystemTime};

use super::Interrupt;
use crate::mcorpc::{
    names::{Identity, RequestId},
    reply::{Outcome, Reply},
};

/// A reply and how long it took.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the node said.
    pub reply: Reply,
    /// From sending the request to having the reply.
    pub after: Duration,
}

impl Answer {
    /// Whether the node did what was asked.
    pub fn is_ok(&self) -> bool {
        self.reply.outcome == Outcome::Ok
    }
}

/// An addressed node of which nothing was heard, and what is known of that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silent {
    /// The node.
    pub node: Identity,
    /// What is known.
    pub why: Silence,
}

/// What is known of a node's silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// The broker does not see it.
    NotConnected,
    /// It is connected, and did not say whether the filter means it. It was sent no more.
    Undiscovered,
    /// It did not answer in time.
    Timeout,
    /// It lost the broker while it was asked.
    Disconnected,
    /// Its agent was ended while it was asked, and another one runs there, which does not answer.
    Restarted,
    /// The operator did not wait for it.
    Interrupted,
}

impl Silence {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::Undiscovered => "undiscovered",
            Self::Timeout => "timeout",
            Self::Disconnected => "disconnected",
            Self::Restarted => "restarted",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Account {
    /// The request's id.
    pub id: RequestId,
    /// Whether it was found out whom to wait for, and not merely given by the operator.
    pub discovered: bool,
    /// Replies of addressed nodes, in the order in which they came, without `nomatch`.
    pub answers: Vec<Answer>,
    /// Nodes that the filter does not choose, by their own word.
    pub nomatch: Vec<Identity>,
    /// Addressed nodes of which nothing was heard, by name.
    pub no_response: Vec<Silent>,
    /// Nodes that were chosen and never asked, because it ended before their turn.
    pub unasked: Vec<Identity>,
    /// Replies of nodes that were not addressed.
    pub unexpected: Vec<Answer>,
    /// How many replies were nobody's, or to something else: forged, mostly. They count for nothing.
    pub rejected: usize,
    /// When the request was sent.
    pub started: SystemTime,
    /// Time spent on finding out whom to wait for.
    pub discovery: Duration,
    /// Time from the request to the end of the wait.
    pub elapsed: Duration,
    /// Whether the connection was lost meanwhile, and perhaps answers with it.
    pub lost: bool,
    /// Whether others may have been asked, of whom nobody knows.
    pub is_open: bool,
    /// Why the wait ended before its time, if it did.
    pub interrupted: Option<Interrupt>,
    /// It ended between two groups because more than so many nodes had failed.
    pub gave_up_after: Option<usize>,
}

/// The call as a whole; `cli` turns it into an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every addressed node answered ok.
    Ok,
    /// No node matched.
    NobodyMatched,
    /// Some node failed, was denied, timed out or did not answer.
    SomeFailed,
    /// Nodes were discovered and none answered.
    NobodyAnswered,
    /// No discovery was made and none answered.
    NobodyAnsweredUndiscovered,
}

impl Account {
    /// Nobody was asked yet.
    pub fn empty(id: RequestId) -> Self {
        Self {
            id,
            discovered: false,
            answers: Vec::new(),
            nomatch: Vec::new(),
            no_response: Vec::new(),
            unasked: Vec::new(),
            unexpected: Vec::new(),
            rejected: 0,
            started: SystemTime::now(),
            discovery: Duration::ZERO,
            elapsed: Duration::ZERO,
            lost: false,
            is_open: false,
            interrupted: None,
            gave_up_after: None,
        }
    }

    /// Takes over what came of another group of the same call.
    pub(super) fn add(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.nomatch.extend(other.nomatch);
        self.no_response.extend(other.no_response);
        self.unasked.extend(other.unasked);
        self.unexpected.extend(other.unexpected);
        self.rejected += other.rejected;
        self.discovery += other.discovery;
        self.elapsed += other.elapsed;
        self.lost |= other.lost;
        self.is_open |= other.is_open;
        self.interrupted = self.interrupted.or(other.interrupted);
    }

    /// How many nodes were meant: those that answered and those that stayed silent.
    pub fn addressed(&self) -> usize {
        self.answers.len() + self.no_response.len()
    }

    /// How many of the nodes that were asked did not do it, silent ones included.
    pub fn failures(&self) -> usize {
        let failed = self.answers.iter().filter(|answer| !answer.is_ok());
        failed.count() + self.no_response.len()
    }

    /// Whether some node answered anything but ok.
    pub fn any_failed(&self) -> bool {
        !self.answers.iter().all(Answer::is_ok)
    }

    /// The call as a whole.
    pub fn verdict(&self) -> Verdict {
        match (self.answers.is_empty(), self.no_response.is_empty()) {
            (true, true) if self.discovered || !self.nomatch.is_empty() => Verdict::NobodyMatched,
            (true, _) if self.discovered => Verdict::NobodyAnswered,
            (true, _) => Verdict::NobodyAnsweredUndiscovered,
            (false, all_spoke) => {
                let all_known = self.unasked.is_empty() && !self.is_open;
                if all_spoke && all_known && !self.any_failed() {
                    Verdict::Ok
                } else {
                    Verdict::SomeFailed
                }
            }
        }
    }
}
