//! What is asked of nodes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    filter::Filter,
    names::{ActionName, AgentName, Collective, Identity, RequestId},
};

/// A request, complete: everything that decides what runs where and where the answer goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its id; a node runs an id of a caller once.
    pub id: RequestId,
    /// The collective that it was sent in.
    pub collective: Collective,
    /// The agent that is to act.
    pub agent: AgentName,
    /// The action to run.
    pub action: ActionName,
    /// The action's inputs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Which nodes are meant; kept in directed requests too.
    #[serde(default, skip_serializing_if = "Filter::is_empty")]
    pub filter: Filter,
    /// The nodes that a directed request is for. `None` is a broadcast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Identity>>,
    /// The identity of the sending process.
    pub sender: Identity,
    /// The destination for replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// When it was made, in milliseconds since the epoch.
    pub time_ms: u64,
    /// How long it may be acted upon, in milliseconds.
    pub ttl_ms: u64,
    /// Whether an answer is wanted (`process_results`).
    pub want_reply: bool,
    /// Whether a node that the filter does not choose is to say so.
    #[serde(default)]
    pub want_nomatch: bool,
}
