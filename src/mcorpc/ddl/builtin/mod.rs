//! The DDLs of what is compiled in, one file each. Texts of agents that the original has are the
//! original's: scripts and people read them.

mod discovery;
mod rpcutil;

pub use discovery::discovery;
pub use rpcutil::rpcutil;

use super::Ddl;

/// The agents that are compiled in, sorted by name.
pub fn agents() -> [&'static Ddl; 2] {
    [discovery(), rpcutil()]
}

/// The agent of this name.
pub fn agent(name: &str) -> Option<&'static Ddl> {
    agents().into_iter().find(|ddl| ddl.name == name)
}
