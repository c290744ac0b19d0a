//! Who signed this: the security providers, and the proof that something was verified.

mod provider;
mod verified;

pub use provider::{ReplyError, RequestError, SecurityProvider, SignError, SignedRequest};
pub use verified::Verified;
