//! Which node is to run when, and how each ended. Sans-IO: answers and time come in, whom to ask next
//! comes out. Time counts from the beginning.
//!
//! A node has a place from the moment it is told to run until its run has ended. Nothing takes a
//! node off the list but its end: one that is slow to begin is waited for, one that is silent is
//! asked again, and one that stays silent loses its place to others, but not its line in the result.
//! Our nodes tell by which request the run was asked for that they tell of: one that was not heard to
//! answer is known by that from a run of somebody else's. The original's nodes don't tell, and there
//! such a run is taken for ours.
//! Those that took longest last time begin first, so that no long run is left for the end.

mod run;

use std::{collections::HashMap, time::Duration};

use self::run::{Run, Step, Whose};
use super::{
    read::BUSY,
    told::{Asked, Begun, End, Figures, Status},
};
use crate::mcorpc::names::{Identity, RequestId};

/// When to do what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Between two questions to a running node.
    pub(super) poll: Duration,
    /// How long a node may take to begin, where it does not say that it has.
    pub(super) begin: Duration,
    /// How long a run may take.
    pub(super) run: Duration,
    /// How long a node may be silent before its place is given to another.
    pub(super) silence: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            begin: Duration::from_mins(5),
            run: super::LONGEST_RUN,
            silence: Duration::from_mins(2),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// A run that is not ours must end first.
    Foreign,
    Running(Run),
    /// The run has ended; how, is to be asked.
    Ending {
        failure: Option<String>,
        asked: u8,
    },
    Ended(End),
}

struct Node {
    name: Identity,
    state: State,
    /// What was so before, where the node has said so.
    before: Option<Status>,
    /// How often it was told to run.
    told: u8,
    /// The requests by which it was told, answered or not.
    orders: Vec<RequestId>,
    /// Since when a run that is not ours keeps it from beginning.
    held: Duration,
    next_poll: Duration,
    /// Since when it has not answered.
    silent: Option<Duration>,
    /// It was silent for too long, and has no place.
    lost: bool,
    begun: Duration,
    ended: Duration,
}

/// All nodes.
pub(super) struct Schedule {
    nodes: Vec<Node>,
    index: HashMap<Identity, usize>,
    limit: usize,
    times: Times,
    /// More failures end it.
    may_fail: Option<usize>,
    stopped: bool,
    /// A run of somebody else's is a failure, and is not waited for.
    strict: bool,
    /// Those that ended and were not told of yet.
    news: Vec<usize>,
}

/// A node before it begins: what it said, and how many milliseconds its last run took.
pub(super) type First = (Identity, Option<Status>, u64);

/// A node that does not begin is told so often.
const TELLS: u8 = 3;

/// How often at least a node is asked for the figures of a run that has ended.
const ASKS: u8 = 3;

/// The longest pause between two questions to a silent node.
const SLOWEST: Duration = Duration::from_secs(30);

impl Schedule {
    pub(super) fn new(
        mut first: Vec<First>,
        limit: usize,
        times: Times,
        may_fail: Option<usize>,
        strict: bool,
    ) -> Self {
        // The longest first; those that did not even say what they do, last. A dry run promises it.
        first.sort_by(|(name, status, took), (other, others, theirs)| {
            let said = status.is_none().cmp(&others.is_none());
            said.then(theirs.cmp(took)).then(name.cmp(other))
        });
        let nodes: Vec<Node> = first
            .into_iter()
            .map(|(name, status, _)| Node {
                name,
                state: match &status {
                    Some(status) if status.is_busy() && !strict => State::Foreign,
                    _ => State::Waiting,
                },
                before: status,
                told: 0,
                orders: Vec::new(),
                held: Duration::ZERO,
                next_poll: Duration::ZERO,
                silent: None,
                lost: false,
                begun: Duration::ZERO,
                ended: Duration::ZERO,
            })
            .collect();
        let index = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.name.clone(), at));
        Self {
            index: index.collect(),
            nodes,
            limit,
            times,
            may_fail,
            stopped: false,
            strict,
            news: Vec::new(),
        }
    }

    /// The order in which nodes begin.
    pub(super) fn order(&self) -> impl Iterator<Item = &Identity> {
        self.nodes.iter().map(|node| &node.name)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many have ended.
    pub(super) fn ended(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_over()).count()
    }

    /// Those that have a place now.
    pub(super) fn running(&self) -> impl Iterator<Item = &Identity> {
        self.nodes
            .iter()
            .filter(|node| node.has_place())
            .map(|node| &node.name)
    }

    /// Whether all have ended, or none that has not will be heard of.
    pub(super) fn is_done(&self) -> bool {
        self.nodes.iter().all(|node| node.is_over() || node.lost)
    }

    /// Begins no further node.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        for at in 0..self.nodes.len() {
            if matches!(self.nodes.get(at), Some(node) if matches!(node.state, State::Waiting | State::Foreign))
            {
                self.end(at, End::NotAsked, Duration::ZERO);
            }
        }
    }

    /// Whether more failed than may.
    pub(super) fn gave_up_after(&self) -> Option<usize> {
        self.may_fail.filter(|most| self.failures() > *most)
    }

    fn failures(&self) -> usize {
        let failed = |node: &&Node| {
            matches!(&node.state, State::Ended(end) if end.is_failure()) || node.lost
        };
        self.nodes.iter().filter(failed).count()
    }

    /// Whom to tell to run now. They count as running from here on.
    pub(super) fn begin(&mut self, now: Duration) -> Vec<Identity> {
        if self.gave_up_after().is_some() && !self.stopped {
            self.stop();
        }
        let mut free = self.limit.saturating_sub(self.running().count());
        let mut names = Vec::new();
        for node in &mut self.nodes {
            if free == 0 {
                break;
            }
            if node.state == State::Waiting {
                free -= 1;
                node.told += 1;
                if node.told == 1 {
                    node.begun = now;
                }
                node.next_poll = now + self.times.poll;
                node.state = State::Running(Run::since(now));
                names.push(node.name.clone());
            }
        }
        names
    }

    /// Whom to ask for their status now.
    pub(super) fn poll(&mut self, now: Duration) -> Vec<Identity> {
        let mut names = Vec::new();
        for node in &mut self.nodes {
            if matches!(node.state, State::Running(_) | State::Foreign) && node.next_poll <= now {
                names.push(node.name.clone());
            }
        }
        names
    }

    /// Whom to ask how their run ended.
    pub(super) fn ask(&mut self, now: Duration) -> Vec<Identity> {
        let mut names = Vec::new();
        for node in &mut self.nodes {
            if let State::Ending { asked, .. } = &mut node.state
                && node.next_poll <= now
            {
                *asked += 1;
                names.push(node.name.clone());
            }
        }
        names
    }

    /// When somebody is to be asked next.
    pub(super) fn next(&self) -> Option<Duration> {
        let asked = |node: &&Node| {
            matches!(
                node.state,
                State::Running(_) | State::Foreign | State::Ending { .. }
            )
        };
        self.nodes
            .iter()
            .filter(asked)
            .map(|node| node.next_poll)
            .min()
    }

    /// Takes the answer to `runonce`, which this request was.
    pub(super) fn handle_begun(
        &mut self,
        name: &Identity,
        begun: Begun,
        order: &RequestId,
        now: Duration,
    ) {
        let (strict, poll, times) = (self.strict, self.times.poll, self.times);
        let Some(at) = self.index.get(name).copied() else {
            return;
        };
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        node.orders.push(order.clone());
        let State::Running(run) = &mut node.state else {
            return;
        };
        match begun {
            Begun::Yes(at) => {
                run.confirmed = true;
                run.initiated_at = at;
                node.silent = None;
            }
            Begun::Busy if strict => return self.end(at, End::Failed(BUSY.to_owned()), now),
            Begun::Busy => node.hold(now),
            Begun::No(why) => return self.end(at, End::Failed(why), now),
            // It may have begun all the same: its status tells.
            Begun::Silent => node.keep_silent(now, times),
        }
        if let Some(node) = self.nodes.get_mut(at)
            && node.silent.is_none()
        {
            node.next_poll = now + poll;
        }
    }

    /// Takes the answer to `status`; none where there was none.
    pub(super) fn handle_status(&mut self, name: &Identity, status: Option<Status>, now: Duration) {
        let (times, stopped) = (self.times, self.stopped);
        let Some(at) = self.index.get(name).copied() else {
            return;
        };
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        let Some(status) = status else {
            node.keep_silent(now, times);
            return self.give_up(at, now);
        };
        node.silent = None;
        node.lost = false;
        node.next_poll = now + times.poll;
        let whose = node.whose(&status);
        if node.state == State::Foreign && whose == Whose::Ours {
            // It was heard the first time, and only its answer was not.
            node.state = State::Running(Run::since(node.held));
        }
        match &mut node.state {
            State::Foreign if !status.is_busy() => {
                node.before = Some(status);
                node.state = State::Waiting;
                if stopped {
                    self.end(at, End::NotAsked, now);
                }
            }
            State::Foreign => self.give_up(at, now),
            State::Running(run) => {
                let before = match (&node.before, whose) {
                    // Another run may have ended between the look before and the order.
                    (Some(_), Whose::Untold) if run.is_first_look_at(&status) => {
                        node.before.insert(status.clone()).clone()
                    }
                    (Some(before), _) => before.clone(),
                    // What was before was not heard, and this is not it.
                    (None, Whose::Ours) => Status::default(),
                    (None, _) => node.before.insert(status.clone()).clone(),
                };
                let step = run.step(&status, &before, whose, now, times);
                match step {
                    Step::Wait => self.give_up(at, now),
                    Step::Held => node.hold(now),
                    Step::Ending(failure) => {
                        node.state = State::Ending { failure, asked: 0 };
                        node.next_poll = now;
                    }
                    Step::Failed(why) => self.end(at, End::Failed(why), now),
                    Step::Again if node.told < TELLS && !stopped => node.state = State::Waiting,
                    Step::Again => {
                        let why = "it was told to run and does not begin".to_owned();
                        self.end(at, End::Failed(why), now);
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes the answer to `last_run_summary`; none where there was none.
    pub(super) fn handle_figures(
        &mut self,
        name: &Identity,
        figures: Option<Figures>,
        now: Duration,
    ) {
        let times = self.times;
        let Some(at) = self.index.get(name).copied() else {
            return;
        };
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        let State::Ending { failure, asked } = &node.state else {
            return;
        };
        let (failure, asked) = (failure.clone(), *asked);
        match (failure, figures) {
            (Some(why), Some(_)) => self.end(at, End::Failed(why), now),
            (None, Some(end)) => self.end(at, end, now),
            (failure, None) => {
                node.keep_silent(now, times);
                if node.lost && asked >= ASKS {
                    self.end(at, failure.map_or(End::Silent, End::Failed), now);
                }
            }
        }
    }

    /// Those that have ended since this was asked last, with the time that it took.
    pub(super) fn news(&mut self) -> Vec<(Identity, End, Duration)> {
        let news = std::mem::take(&mut self.news);
        news.into_iter()
            .filter_map(|at| {
                let node = self.nodes.get(at)?;
                let State::Ended(end) = &node.state else {
                    return None;
                };
                Some((
                    node.name.clone(),
                    end.clone(),
                    node.ended.saturating_sub(node.begun),
                ))
            })
            .collect()
    }

    /// No more answers come: who has not ended is silent, or was not asked.
    pub(super) fn finish(&mut self, now: Duration) {
        for at in 0..self.nodes.len() {
            match self.nodes.get(at).map(|node| &node.state) {
                Some(State::Waiting | State::Foreign) if self.stopped => {
                    self.end(at, End::NotAsked, now);
                }
                Some(State::Ended(_)) | None => {}
                // Silent for long, also where it was not told to run yet: nobody has stopped this.
                Some(_) => self.end(at, End::Silent, now),
            }
        }
    }

    /// Waits no longer for a run that has had its time, be it ours or another's.
    fn give_up(&mut self, at: usize, now: Duration) {
        let longest = self.times.run;
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        let (since, what) = match &node.state {
            State::Running(run) => (run.since, "it still runs"),
            State::Foreign => (node.held, "a run that is not ours still runs"),
            _ => return,
        };
        if now.saturating_sub(since) < longest {
            return;
        }
        let end = match node.silent {
            Some(_) => End::Silent,
            None => End::TimedOut(format!("{what} after {} s, and goes on", longest.as_secs())),
        };
        self.end(at, end, now);
    }

    fn end(&mut self, at: usize, end: End, now: Duration) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.state = State::Ended(end);
            node.ended = now.max(node.begun);
            node.lost = false;
            self.news.push(at);
        }
    }
}

impl Node {
    const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    const fn has_place(&self) -> bool {
        !self.lost
            && matches!(
                self.state,
                State::Running(_) | State::Foreign | State::Ending { .. }
            )
    }

    /// A run that is not ours must end before it is told again.
    fn hold(&mut self, now: Duration) {
        self.told = self.told.saturating_sub(1);
        self.held = now;
        self.state = State::Foreign;
    }

    /// Whose run it is that the node tells of.
    fn whose(&self, status: &Status) -> Whose {
        match &status.asked {
            Asked::By(request) if self.orders.contains(request) => Whose::Ours,
            Asked::Untold => Whose::Untold,
            Asked::By(_) | Asked::Nobody => Whose::Others,
        }
    }

    /// It did not answer: it is asked again, ever more seldom.
    fn keep_silent(&mut self, now: Duration, times: Times) {
        let since = *self.silent.get_or_insert(now);
        let silent = now.saturating_sub(since);
        self.next_poll = now + (silent / 2).clamp(times.poll, SLOWEST.max(times.poll));
        self.lost = silent >= times.silence;
    }
}

#[cfg(test)]
mod tests;
