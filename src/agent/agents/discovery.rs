//! `discovery`: says that a node is there, to whomever its filter let through.

use std::future::ready;

use super::super::action::{ActionCall, ActionError, Agent, Outputs, Running};
use crate::mcorpc::ddl::{Ddl, builtin};

pub(super) struct Discovery;

impl Agent for Discovery {
    fn ddl(&self) -> &'static Ddl {
        builtin::discovery()
    }

    fn call(&self, call: ActionCall) -> Running {
        Box::pin(ready(if call.action.as_str() == "ping" {
            Ok(Outputs::new())
        } else {
            Err(ActionError::unknown_action(&call.action, "discovery"))
        }))
    }
}
