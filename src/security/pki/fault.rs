//! What can be wrong with any signed message, whatever it says.

use crate::security::{ReplyError, RequestError};

/// A message that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its certificates are not good, or not now.
    Certificate { name: String, reason: String },
    /// It is not a message of this kind.
    Form(String),
    /// Its signature does not hold.
    Signature { name: String },
}

impl From<Fault> for RequestError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Certificate { name, reason } => Self::Certificate { name, reason },
            Fault::Form(reason) => Self::Form(reason),
            Fault::Signature { name } => Self::Signature { name },
        }
    }
}

impl From<Fault> for ReplyError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Certificate { name, reason } => Self::Certificate { name, reason },
            Fault::Form(reason) => Self::Form(reason),
            Fault::Signature { name } => Self::Signature { name },
        }
    }
}
