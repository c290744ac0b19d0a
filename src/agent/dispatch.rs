//! Runs one action within its limits: its inputs as the DDL allows, its time, a cap on how many
//! run at once, and a panic that ends this call and nothing else.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    action::{ActionCall, ActionError, Agent, Outputs},
    host::Host,
};
use crate::{
    mcorpc::{
        ddl::{Action, DdlError, OnTimeout},
        names::CallerId,
        reply::{Outcome, StatusCode},
        request::Request,
    },
    security::Verified,
};

/// How many actions run at once.
#[derive(Clone, Debug)]
pub(super) struct Cap {
    running: Arc<AtomicUsize>,
    limit: usize,
}

impl Cap {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            running: Arc::default(),
            limit,
        }
    }

    /// Takes a place, until the guard is dropped; none if all are taken.
    fn take(&self) -> Option<Place> {
        self.running
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
                (running < self.limit).then_some(running + 1)
            })
            .ok()
            .map(|_| Place(Arc::clone(&self.running)))
    }

    /// How many run now.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }
}

struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How a call ended, ready to be a reply.
#[derive(Debug, PartialEq)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) code: StatusCode,
    pub(super) message: String,
    pub(super) data: Outputs,
}

/// Checks the inputs and runs the action to its end, or to the end of its time.
pub(super) async fn run(
    agent: Arc<dyn Agent>,
    request: &Verified<Request>,
    host: Arc<Host>,
    cap: &Cap,
) -> End {
    let caller: &CallerId = request.caller();
    let request = request.value();
    let ddl = agent.ddl();
    let invalid = |error: DdlError| {
        ActionError::new(
            Outcome::Invalid,
            StatusCode::INVALID_DATA,
            error.to_string(),
        )
    };
    let action = match ddl.declared_action(request.action.as_str()) {
        Ok(action) => action,
        Err(error) => return failed(None, invalid(error)),
    };
    if let Err(error) = action.validate(&request.data) {
        return failed(Some(action), invalid(error));
    }
    let Some(place) = cap.take() else {
        let busy = format!("too busy: {} actions are running", cap.running());
        let error = ActionError::new(Outcome::Refused, StatusCode::UNKNOWN_ERROR, busy);
        return failed(Some(action), error);
    };
    let running = agent.call(ActionCall {
        action: request.action.clone(),
        inputs: request.data.clone(),
        caller: caller.clone(),
        sender: request.sender.clone(),
        id: request.id.clone(),
        host,
    });
    // A task of its own: a panic stays in it, and it can be left behind.
    let mut task = tokio::spawn(async move {
        let ended = running.await;
        drop(place);
        ended
    });
    let limit = ddl.metadata.time_limit();
    match tokio::time::timeout(limit, &mut task).await {
        Ok(Ok(Ok(outputs))) => {
            let mut data = action.prefill();
            data.extend(outputs);
            End {
                outcome: Outcome::Ok,
                code: StatusCode::OK,
                message: "OK".to_owned(),
                data,
            }
        }
        Ok(Ok(Err(error))) => failed(Some(action), error),
        Ok(Err(panic)) => {
            tracing::error!(agent = ddl.name(), action = %request.action, "the action panicked: {panic}");
            failed(
                Some(action),
                ActionError::unexpected("the action panicked; the node's log has more"),
            )
        }
        Err(_) => {
            let seconds = ddl.metadata.timeout;
            let (outcome, message) = match action.on_timeout {
                OnTimeout::Kill => {
                    task.abort();
                    (
                        Outcome::Timeout,
                        format!("timed out after {seconds} s and was stopped"),
                    )
                }
                OnTimeout::Leave => (
                    Outcome::StillRunning,
                    format!("still running after {seconds} s; it goes on"),
                ),
            };
            failed(
                Some(action),
                ActionError::new(outcome, StatusCode::UNKNOWN_ERROR, message),
            )
        }
    }
}

fn failed(action: Option<&Action>, error: ActionError) -> End {
    let mut data = action.map(Action::prefill).unwrap_or_default();
    data.extend(error.outputs);
    End {
        outcome: error.outcome,
        code: error.code,
        message: error.message,
        data,
    }
}
