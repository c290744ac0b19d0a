//! The agents that are compiled in.

mod discovery;
mod package;
mod puppet;
mod puppetral;
mod rpcutil;
mod service;

use std::sync::Arc;

use serde_json::Value;

use super::action::{ActionCall, Agent};
use crate::mcorpc::ddl::builtin::IDEMPOTENT;

/// All of them.
pub fn builtin() -> Vec<Arc<dyn Agent>> {
    vec![
        Arc::new(discovery::Discovery),
        Arc::new(package::Package),
        Arc::new(puppet::Puppet),
        Arc::new(puppetral::PuppetRal),
        Arc::new(rpcutil::RpcUtil),
        Arc::new(service::Service),
    ]
}

/// Whether the caller takes it for a success when what it wants is so already.
fn is_idempotent(call: &ActionCall) -> bool {
    call.inputs.get(IDEMPOTENT).and_then(Value::as_bool) == Some(true)
}
