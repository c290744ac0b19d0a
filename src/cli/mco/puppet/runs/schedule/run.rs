//! One run, from what its node says.

use std::time::Duration;

use super::{Status, Times};

/// A run that was begun, or may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) since: Duration,
    /// The node has said that it runs, or was seen to.
    pub(super) confirmed: bool,
    /// When it was begun, by the node's own clock, where it has said so.
    pub(super) initiated_at: i64,
    /// Its node was looked at since.
    looked_at: bool,
    /// It was seen to be gone without a result.
    vanished: u8,
}

/// Whose run it is that a node tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// One that we asked for.
    Ours,
    /// Another's; ours was not begun there, or others came after it.
    Others,
    /// The node does not say.
    Untold,
}

/// What follows from a status.
pub(super) enum Step {
    Wait,
    /// A run of somebody else's is under way, and ours was not begun.
    Held,
    /// The run has ended; with a failure that is known already.
    Ending(Option<String>),
    Failed(String),
    /// It did not begin.
    Again,
}

impl Run {
    pub(super) const fn since(since: Duration) -> Self {
        Self {
            since,
            confirmed: false,
            initiated_at: 0,
            looked_at: false,
            vanished: 0,
        }
    }

    /// Whether this is the first status after the order, and the last run that it tells of is from
    /// before: only another one can be ours.
    pub(super) fn is_first_look_at(&mut self, status: &Status) -> bool {
        let first = !std::mem::replace(&mut self.looked_at, true);
        first && status.own.is_none() && status.last_run < self.initiated_at
    }

    pub(super) fn step(
        &mut self,
        status: &Status,
        before: &Status,
        whose: Whose,
        now: Duration,
        times: Times,
    ) -> Step {
        let completed = status.last_run != before.last_run;
        if whose == Whose::Others && !self.confirmed {
            return if status.is_busy() {
                Step::Held
            } else {
                Step::Again
            };
        }
        // A run that was begun there since.
        let own = status.own.as_ref().filter(|own| {
            whose == Whose::Ours
                || before.own.as_ref().is_none_or(|before| {
                    before.initiated_at != own.initiated_at || before.state == "running"
                })
        });
        let is_over = match whose {
            // What is under way is another, which came after it.
            Whose::Ours => own.is_some_and(|own| own.state == "ended"),
            Whose::Others => completed && status.asked != before.asked,
            Whose::Untold => false,
        };
        if status.applying && !is_over {
            self.confirmed = true;
            return Step::Wait;
        }
        if whose == Whose::Others && is_over {
            return Step::Ending(None);
        }
        match own.map(|own| (own, own.state.as_str())) {
            Some((own, "running" | "hung"))
                if own.signalled && now.saturating_sub(self.since) >= times.begin =>
            {
                Step::Failed(format!(
                    "the Puppet daemon was told to run, and began nothing within {} s",
                    times.begin.as_secs()
                ))
            }
            Some((_, "running" | "hung")) => {
                self.confirmed = true;
                self.vanished = 0;
                Step::Wait
            }
            Some((own, "ended")) => match own.code {
                None | Some(0) if completed => Step::Ending(None),
                Some(code) if code != 0 => Step::Ending(Some(failed(code, &own.words))),
                _ => Step::Failed(format!(
                    "it ended without a completed run{}",
                    said(&own.words)
                )),
            },
            // Between its end and the note of it there is a moment.
            Some((_, "vanished")) if self.vanished == 0 => {
                self.vanished = 1;
                Step::Wait
            }
            Some((_, "vanished")) => {
                Step::Failed("the run is gone, and completed nothing".to_owned())
            }
            _ if completed => Step::Ending(None),
            _ if now.saturating_sub(self.since) >= times.begin => Step::Failed(format!(
                "it did not begin within {} s",
                times.begin.as_secs()
            )),
            // It answers, and never heard of it.
            _ if !self.confirmed => Step::Again,
            _ => Step::Wait,
        }
    }
}

fn failed(code: i64, words: &str) -> String {
    format!("puppet ended with exit code {code}{}", said(words))
}

/// The last error of what was said, or the last line: a backtrace may follow.
fn said(words: &str) -> String {
    let lines = || words.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines()
        .find(|line| line.trim_start().starts_with("Error: "))
        .or_else(|| lines().next());
    last.map_or_else(String::new, |line| format!(": {}", line.trim()))
}
