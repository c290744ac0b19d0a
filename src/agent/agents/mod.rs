//! The agents that are compiled in.

mod discovery;
mod rpcutil;

use std::sync::Arc;

use super::action::Agent;

/// All of them.
pub fn builtin() -> Vec<Arc<dyn Agent>> {
    vec![Arc::new(discovery::Discovery), Arc::new(rpcutil::RpcUtil)]
}
