//! What a node answers.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names::{AgentName, CallerId, Identity, RequestId};

/// The status codes of the original's SimpleRPC. Other agents may send others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusCode(pub i64);

impl StatusCode {
    /// All is well.
    pub const OK: Self = Self(0);
    /// The action gave up, or the caller may not run it.
    pub const ABORTED: Self = Self(1);
    /// The DDL declares the action, but the agent has none.
    pub const UNKNOWN_ACTION: Self = Self(2);
    /// An input is missing.
    pub const MISSING_DATA: Self = Self(3);
    /// An input is not what the DDL allows.
    pub const INVALID_DATA: Self = Self(4);
    /// Anything unexpected.
    pub const UNKNOWN_ERROR: Self = Self(5);

    /// The original's words for a code that is not 0.
    pub const fn text(self) -> &'static str {
        match self.0 {
            0 => "",
            1 => "Request Aborted",
            2 => "Unknown Action",
            3 => "Missing Request Data",
            4 => "Invalid Request Data",
            _ => "Unknown Request Status",
        }
    }
}

/// How an addressed node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The action succeeded.
    Ok,
    /// The action failed.
    Failed,
    /// The caller may not run it.
    Denied,
    /// The inputs, or the action's name, are not what the DDL allows.
    Invalid,
    /// The action was stopped because it took too long.
    Timeout,
    /// The action took too long and goes on.
    StillRunning,
    /// The filter does not choose this node.
    Nomatch,
    /// The node has no such agent.
    NoAgent,
    /// The node would not look at the request: clock, replayed, expired, busy.
    Refused,
    /// Nothing was heard of the node in time. Only a client says so.
    NoResponse,
    /// The node was not addressed and answered all the same. Only a client says so.
    Unexpected,
}

impl Outcome {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Timeout => "timeout",
            Self::StillRunning => "still_running",
            Self::Nomatch => "nomatch",
            Self::NoAgent => "no_agent",
            Self::Refused => "refused",
            Self::NoResponse => "no_response",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A reply, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The id of the request that it answers.
    pub id: RequestId,
    /// Who had signed that request, where that could be told.
    pub caller: CallerId,
    /// The agent that answers.
    pub agent: AgentName,
    /// The node that answers.
    pub sender: Identity,
    /// How it ended.
    pub outcome: Outcome,
    /// The original's code for it.
    pub statuscode: StatusCode,
    /// `OK`, or what went wrong.
    pub statusmsg: String,
    /// The action's outputs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// When it was made, in milliseconds since the epoch.
    pub time_ms: u64,
}
