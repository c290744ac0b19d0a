//! Who signed this: the security providers, the proof that something was verified, and the window
//! that lets nothing happen twice.
//!
//! Owns signatures and who may command. What a caller may do in detail is the agent's to decide.

pub mod pki;
mod provider;
pub mod replay;
mod verified;

pub use provider::{ReplyError, RequestError, SecurityProvider, SignError, SignedRequest};
pub use verified::Verified;
