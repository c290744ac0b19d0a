//! What is known of a call under way.

use std::{
    collections::HashSet,
    time::{Duration, Instant, SystemTime},
};

use tokio::task::JoinSet;

use super::{Account, Answer, Gather, Interrupt, Presence, Silence, Silent, watch::Watch};
use crate::{
    connector,
    mcorpc::names::{Identity, RequestId},
};

/// What is known of a call under way.
pub(super) struct CallState {
    pub(super) id: RequestId,
    pub(super) address: String,
    pub(super) presence_address: Option<String>,
    /// The broker's list, once it has come, until the gathering takes it.
    pub(super) present: Option<Presence>,
    /// What later lists tell.
    pub(super) watch: Watch,
    pub(super) absent: HashSet<Identity>,
    pub(super) digests: HashSet<[u8; 32]>,
    pub(super) gather: Gather,
    pub(super) answers: Vec<Answer>,
    pub(super) unexpected: Vec<Answer>,
    /// How many were no answers to this, whatever they say.
    pub(super) rejected: usize,
    /// What is being sent. Ended when the call is.
    pub(super) sending: JoinSet<Result<(), connector::Error>>,
    pub(super) discovered: bool,
    pub(super) started: SystemTime,
    pub(super) sent: Instant,
    pub(super) discovery: Duration,
    pub(super) interrupted: Option<Interrupt>,
    /// How the connection was lost last, if it was.
    pub(super) lost: Option<connector::Error>,
    /// Others may have been asked.
    pub(super) is_open: bool,
}

impl CallState {
    pub(super) fn new(id: RequestId, address: String) -> Self {
        Self {
            id,
            address,
            presence_address: None,
            present: None,
            watch: Watch::default(),
            absent: HashSet::new(),
            digests: HashSet::new(),
            gather: Gather::open(),
            answers: Vec::new(),
            unexpected: Vec::new(),
            rejected: 0,
            sending: JoinSet::new(),
            discovered: false,
            started: SystemTime::now(),
            sent: Instant::now(),
            discovery: Duration::ZERO,
            interrupted: None,
            lost: None,
            is_open: false,
        }
    }

    pub(super) fn sent_after(&mut self, begun: Instant) {
        self.started = SystemTime::now();
        self.sent = Instant::now();
        self.discovery = self.sent.saturating_duration_since(begun);
    }

    /// Whether all who are still awaited are not connected, as the broker sees it.
    pub(super) fn only_absent_missing(&self) -> bool {
        !self.absent.is_empty()
            && self.gather.missing_count() <= self.absent.len()
            && self
                .gather
                .missing()
                .iter()
                .all(|name| self.absent.contains(name))
    }

    pub(super) fn into_account(self) -> Account {
        let why = |node: &Identity| match (self.watch.why(node), self.interrupted) {
            _ if self.absent.contains(node) => Silence::NotConnected,
            (Some(why), _) => why,
            (None, Some(_)) => Silence::Interrupted,
            (None, None) => Silence::Timeout,
        };
        let missing = self.gather.missing().into_iter();
        let no_response = missing
            .map(|node| Silent {
                why: why(&node),
                node,
            })
            .collect();
        Account {
            id: self.id,
            discovered: self.discovered,
            nomatch: self.gather.nomatch(),
            no_response,
            answers: self.answers,
            unasked: Vec::new(),
            unexpected: self.unexpected,
            rejected: self.rejected,
            started: self.started,
            discovery: self.discovery,
            elapsed: self.sent.elapsed(),
            lost: self.lost.is_some(),
            is_open: self.is_open,
            interrupted: self.interrupted,
            gave_up_after: None,
        }
    }
}
