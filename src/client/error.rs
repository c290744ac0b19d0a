//! Why a call could not be made, or not be accounted for.

use crate::{connector, mcorpc::names::NameError, security::SignError};

/// A call that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The broker can't be reached, or ended the session.
    #[error(transparent)]
    Connector(#[from] connector::Error),
    /// The broker refused a frame.
    #[error("the broker refused: {0}")]
    Refused(String),
    /// Nobody knows who was asked, so nobody can be missed.
    #[error("{UNTOLD}{}", lost(.why.as_ref()))]
    Unaccounted {
        /// How the broker was lost, if it was.
        why: Option<connector::Error>,
        /// Whether something was to be done, and not only found out.
        in_earnest: bool,
    },
    /// The request can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A name that can't be one.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// The broker lists whom it passes a request on to, and then goes away before that is here.
pub(super) const UNTOLD: &str = "the broker did not tell who was asked";

/// Why the broker could not tell, where that is known.
fn lost(error: Option<&connector::Error>) -> String {
    error.map_or_else(String::new, |error| format!(": {error}"))
}
