//! What an agent is to the daemon: a DDL, and a way to call its actions.

use std::{future::Future, pin::Pin, sync::Arc};

use serde_json::{Map, Value};

use super::host::Host;
use crate::{
    mcorpc::{
        ddl::Ddl,
        names::{ActionName, CallerId, Identity, RequestId},
        reply::{Outcome, StatusCode},
    },
    sys::command::Launcher,
};

/// The outputs of an action by name.
pub type Outputs = Map<String, Value>;

/// A call under way.
pub type Running = Pin<Box<dyn Future<Output = Result<Outputs, ActionError>> + Send>>;

/// A named set of actions, compiled in or plugged in.
pub trait Agent: Send + Sync {
    /// What it offers, and within which limits.
    fn ddl(&self) -> &Ddl;

    /// Starts an action that the DDL declares, with inputs that the DDL allows. Whatever blocks
    /// belongs on a thread of its own: the daemon's heart-beats run beside it. An action that is
    /// stopped is dropped at the point where it waits.
    fn call(&self, call: ActionCall) -> Running;
}

/// One call of an action.
#[derive(Clone)]
pub struct ActionCall {
    /// The action.
    pub action: ActionName,
    /// Its validated inputs.
    pub inputs: Map<String, Value>,
    /// Who asks.
    pub caller: CallerId,
    /// From which process.
    pub sender: Identity,
    /// By which request.
    pub id: RequestId,
    /// The node.
    pub host: Arc<Host>,
    /// Starts the programs that the action needs. They end, or are left, as its DDL says of the
    /// action; and as long as this lives, the action counts as running: what works on a thread of
    /// its own takes it (or the whole call) along.
    pub launcher: Launcher,
}

impl ActionCall {
    /// A text input, or nothing.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.inputs.get(name).and_then(Value::as_str)
    }
}

/// Why an action did not succeed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// How the node ended.
    pub outcome: Outcome,
    /// The original's code for it.
    pub code: StatusCode,
    /// What went wrong.
    pub message: String,
    /// Outputs that were set all the same.
    pub outputs: Outputs,
}

impl ActionError {
    /// The action gives up, as the original's `fail!` does.
    pub fn aborted(message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, StatusCode::ABORTED, message)
    }

    /// Something unexpected, as any exception was in the original.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, StatusCode::UNKNOWN_ERROR, message)
    }

    /// The DDL declares an action that the agent does not have.
    pub fn unknown_action(action: &ActionName, agent: &str) -> Self {
        Self::new(
            Outcome::Invalid,
            StatusCode::UNKNOWN_ACTION,
            format!("Unknown action '{action}' for agent '{agent}'"),
        )
    }

    /// Any other end.
    pub fn new(outcome: Outcome, code: StatusCode, message: impl Into<String>) -> Self {
        Self {
            outcome,
            code,
            message: message.into(),
            outputs: Map::new(),
        }
    }
}
