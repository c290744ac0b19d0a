//! The DDLs of what is compiled in, one file each. Texts of agents that the original has are the
//! original's: scripts and people read them.

mod discovery;
mod rpcutil;
mod service;

pub use discovery::discovery;
pub use rpcutil::rpcutil;
pub use service::service;

use super::{Ddl, Input, InputType};

/// The agents that are compiled in, sorted by name.
pub fn agents() -> [&'static Ddl; 3] {
    [discovery(), rpcutil(), service()]
}

/// The agent of this name.
pub fn agent(name: &str) -> Option<&'static Ddl> {
    agents().into_iter().find(|ddl| ddl.name == name)
}

/// The input by which a caller says that what is already as it is wanted (running, installed) is a
/// success. Requests of the original never have it, and get the original's failures; our client
/// sends it unless told otherwise.
pub const IDEMPOTENT: &str = "idempotent";

/// Its declaration.
fn idempotent() -> Input {
    Input::new(
        IDEMPOTENT,
        "Idempotent",
        "Whether it is a success when nothing has to be changed",
        InputType::Boolean,
    )
    .optional()
}
