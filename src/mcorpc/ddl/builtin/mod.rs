//! The DDLs of what is compiled in, one file each. Texts of agents that the original has are the
//! original's: scripts and people read them.

mod discovery;
mod puppet;
mod puppetral;
mod rpcutil;

pub use discovery::discovery;
pub use puppet::puppet;
pub use puppetral::puppetral;
pub use rpcutil::rpcutil;

use super::{Ddl, Input, InputType};

/// The agents that are compiled in, sorted by name.
pub fn agents() -> [&'static Ddl; 4] {
    [discovery(), puppet(), puppetral(), rpcutil()]
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
