//! What agents and data plugins declare: their actions, inputs, outputs and summaries.
//!
//! One model serves the agents that are compiled in ([`builtin`]), those that bring a file, and
//! both ends of the wire: the client converts, completes and checks what was typed ([`convert`],
//! [`validate`]), the node checks what arrived and pre-fills its reply, and leaves
//! secrets out of what it notes ([`redact`]). [`doc`] prints it.

mod build;
pub mod builtin;
pub mod convert;
pub mod doc;
pub mod json;
pub mod model;
pub mod redact;
pub mod ruby;
pub mod validate;
pub mod validators;
mod version;

pub use convert::ConvertError;
pub use model::{
    Action, Aggregate, Ddl, Display, Input, InputType, Kind, Metadata, OnTimeout, Output, Query,
    Validation,
};
pub use validate::DdlError;
pub use version::COMPATIBLE_VERSION;

pub(crate) use version::newer;
