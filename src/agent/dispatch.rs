//! Runs one action within its limits: its inputs as the DDL allows, its time, a cap on how many
//! run at once, and a panic that ends this call and nothing else.
//!
//! An action whose time is over, or whose daemon ends, is stopped or left to its end, as its DDL
//! says. Stopping drops its future, and that stops what it had started ([`Launcher`]); it is answered
//! when nothing is left of it, or after a moment if that takes long, as the caller does not wait for
//! ever.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{AbortHandle, JoinHandle},
    time::timeout,
};

use super::{
    action::{ActionCall, ActionError, Agent, Outputs},
    cap::Cap,
    host::Host,
};
use crate::{
    mcorpc::{
        ddl::{Action, DdlError, OnTimeout},
        names::RequestId,
        reply::{Outcome, StatusCode},
        request::Request,
    },
    security::Verified,
    sys::command::Launcher,
};

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
    let (caller, request) = (request.caller(), request.value());
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
    let stoppable = action.on_timeout == OnTimeout::Kill;
    let Some((place, gone)) = cap.take(stoppable) else {
        return failed(Some(action), busy(cap.running()));
    };
    let mut launcher = Launcher::of_daemon().holding(place);
    if !stoppable {
        launcher = launcher.leaving();
    }
    let call = ActionCall {
        action: request.action.clone(),
        inputs: request.data.clone(),
        caller: caller.clone(),
        sender: request.sender.clone(),
        id: request.id.clone(),
        host,
        launcher,
    };
    // A task of its own, so that a panic stays in it, also one of the call itself.
    let started = Arc::clone(&agent);
    let mut task = tokio::spawn(async move { started.call(call).await });
    let stop = stoppable.then(|| StopOnDrop(task.abort_handle()));
    let what = format!("{}#{}", ddl.name(), action.name);
    let seconds = ddl.metadata.timeout;
    // Why it is not waited for any longer, and how a caller should take that.
    let (why, outcome) = tokio::select! {
        // An action that has ended has not taken too long.
        biased;
        ended = &mut task => return match ended {
            Ok(Ok(outputs)) => succeeded(action, outputs),
            Ok(Err(error)) => failed(Some(action), error),
            Err(panic) => {
                tracing::error!(id = %request.id, "{what} panicked: {panic}");
                let message = "the action panicked; the node's log has more";
                failed(Some(action), ActionError::unexpected(message))
            }
        },
        () = tokio::time::sleep(ddl.metadata.time_limit()) => {
            (format!("after {seconds} s"), Outcome::Timeout)
        }
        () = async { cap.ending().await; tokio::time::sleep(LAST_MOMENT).await } => {
            ("as the agent is being stopped".to_owned(), Outcome::Failed)
        }
    };
    let (outcome, message) = if stop.is_some() {
        drop(stop);
        let stopped = timeout(PATIENCE, gone.wait()).await.is_ok();
        let verb = if outcome == Outcome::Timeout {
            "timed out"
        } else {
            "ended early"
        };
        let end = if stopped {
            "was stopped"
        } else {
            "is being stopped"
        };
        (outcome, format!("{verb} {why} and {end}"))
    } else {
        tokio::spawn(tell_end(task, request.id.clone(), what.clone()));
        (
            Outcome::StillRunning,
            format!("still running {why}; it goes on"),
        )
    };
    tracing::warn!(id = %request.id, "{what}: {message}");
    let error = ActionError::new(outcome, StatusCode::UNKNOWN_ERROR, message);
    failed(Some(action), error)
}

/// Too much runs already.
pub(super) fn busy(running: usize) -> ActionError {
    ActionError::new(
        Outcome::Refused,
        StatusCode::UNKNOWN_ERROR,
        format!("too busy: {running} actions are running; send it again later"),
    )
}

/// Stops an action when this is dropped; one that has ended does not mind.
struct StopOnDrop(AbortHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Logs how an action ends that was left.
async fn tell_end(task: JoinHandle<Result<Outputs, ActionError>>, id: RequestId, what: String) {
    match task.await {
        Ok(Ok(_)) => tracing::info!(%id, "{what}, which was left to run, has succeeded"),
        Ok(Err(error)) => {
            let error = error.message;
            tracing::warn!(%id, "{what}, which was left to run, has failed: {error}");
        }
        Err(panic) => tracing::error!(%id, "{what}, which was left to run, panicked: {panic}"),
    }
}

/// What ends so soon after the agent was told to end is answered for as it ended: it may be what
/// told it.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// How long an answer waits for the end of what is being stopped. The caller waits some seconds
/// longer than the action may take, and no more.
const PATIENCE: Duration = Duration::from_secs(1);

fn succeeded(action: &Action, outputs: Outputs) -> End {
    let mut data = action.prefill();
    data.extend(outputs);
    End {
        outcome: Outcome::Ok,
        code: StatusCode::OK,
        message: "OK".to_owned(),
        data,
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

#[cfg(test)]
mod tests;
