//! `service`: asks for services, starts and stops them.

use serde_json::{Value, json};

use super::super::action::{ActionCall, ActionError, Agent, Outputs, Running};
use crate::{
    mcorpc::{
        ddl::{Ddl, builtin},
        reply::{Outcome, StatusCode},
    },
    node::service::{Failure, FailureKind, ServiceName, Services, Settings, State, Verb},
};

pub(super) struct Service;

impl Agent for Service {
    fn ddl(&self) -> &'static Ddl {
        builtin::service()
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin(run(call))
    }
}

async fn run(call: ActionCall) -> Result<Outputs, ActionError> {
    let name = call.text("service").unwrap_or_default();
    let service = ServiceName::new(name).map_err(|error| {
        let message = format!("Cannot validate input service: {error}");
        ActionError::new(Outcome::Invalid, StatusCode::INVALID_DATA, message)
    })?;
    let plugins = &call.host.config().common.plugins;
    let services = Settings::read(|key| plugins.get(key))
        .and_then(|settings| Services::new(&settings))
        .map_err(|error| ActionError::unexpected(error.to_string()))?;
    let verb = match call.action.as_str() {
        "status" => {
            let state = services.state(&call.launcher, &service).await;
            return state.map(|state| outputs(&state)).map_err(failed);
        }
        "start" => Verb::Start,
        "stop" => Verb::Stop,
        "restart" => Verb::Restart,
        _ => return Err(ActionError::unknown_action(&call.action, "service")),
    };
    let strict = !super::is_idempotent(&call);
    let change = services
        .change(&call.launcher, verb, &service, strict)
        .await
        .map_err(|failure| {
            let mut error = failed(failure);
            error.outputs.insert("changed".into(), Value::Null);
            error
        })?;
    let mut outputs = outputs(&change.state);
    outputs.insert("changed".into(), json!(change.changed));
    Ok(outputs)
}

fn outputs(state: &State) -> Outputs {
    let mut outputs = Outputs::new();
    outputs.insert("status".into(), json!(state.condition.status()));
    outputs.insert("state".into(), json!(state.condition.as_str()));
    if let Some(detail) = &state.detail {
        outputs.insert("detail".into(), json!(detail));
    }
    outputs
}

fn failed(failure: Failure) -> ActionError {
    let (outcome, code) = match failure.kind {
        FailureKind::Failed => (Outcome::Failed, StatusCode::ABORTED),
        FailureKind::StillRunning => (Outcome::StillRunning, StatusCode::UNKNOWN_ERROR),
        FailureKind::Unexpected => (Outcome::Failed, StatusCode::UNKNOWN_ERROR),
    };
    let mut error = ActionError::new(outcome, code, failure.message);
    if let Some(state) = &failure.state {
        error.outputs = outputs(state);
    }
    if !failure.log.is_empty() {
        error.outputs.insert("log".into(), json!(failure.log));
    }
    error
}
