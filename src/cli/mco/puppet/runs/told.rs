//! What nodes tell of their runs.

use crate::mcorpc::names::RequestId;

/// How a node ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The run changed something.
    Changed,
    /// There was nothing to change.
    Unchanged,
    /// The run failed, or was not begun, for this reason.
    Failed(String),
    /// It took too long, and may go on.
    TimedOut(String),
    /// The node did not say how it ended.
    Silent,
    /// It was not told to run.
    NotAsked,
}

impl End {
    /// In one word.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Failed(_) => "failed",
            Self::TimedOut(_) => "timeout",
            Self::Silent => "no_response",
            Self::NotAsked => "not_asked",
        }
    }

    pub(super) const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::TimedOut(_) | Self::Silent)
    }
}

/// What a node said to `runonce`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It runs, since then by its own clock; 0 where it does not say.
    Yes(i64),
    /// A run was under way already.
    Busy,
    /// It will not.
    No(String),
    /// Nothing.
    Silent,
}

/// What a node said to `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// A catalog is being applied.
    pub(super) applying: bool,
    /// When the last run was completed.
    pub(super) last_run: i64,
    /// What became of the run that was started there last; the original does not say.
    pub(super) own: Option<OwnRun>,
    /// Who had asked for that run.
    pub(super) asked: Asked,
}

/// Who had asked for the run that was started on a node last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    /// The node does not tell, as the original.
    #[default]
    Untold,
    /// No request that the node knows of.
    Nobody,
    /// This request.
    By(RequestId),
}

/// What became of the run that was started on a node last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnRun {
    /// `running`, `hung`, `ended`, `vanished`.
    pub(super) state: String,
    /// When it was begun.
    pub(super) initiated_at: i64,
    /// Its exit code.
    pub(super) code: Option<i64>,
    /// What it said last.
    pub(super) words: String,
    /// A daemon was told to make it.
    pub(super) signalled: bool,
}

impl Status {
    /// Whether no other run can begin: a process that waits for its splay holds no lock yet.
    pub(super) fn is_busy(&self) -> bool {
        let own = self.own.as_ref();
        self.applying
            || own.is_some_and(|own| {
                !own.signalled && matches!(own.state.as_str(), "running" | "hung")
            })
    }
}

/// What a node said to `last_run_summary`: how its run ended.
pub(super) type Figures = End;
