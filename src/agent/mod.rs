//! The daemon on every node: receive, verify, refuse what is old or seen before, ask the filter,
//! authorise, audit, run, reply.
//!
//! `runner` moves messages; `admission` decides whether a verified request is to be acted upon
//! (sans-IO); `answer` takes it from there to its reply: `authorise` holds it against the policies,
//! `dispatch` runs an action within its limits (`cap`: how many at once), `audit` notes it.
//! `agents` has the actions themselves, each a [`action::Agent`]; `host` is what they and the filter
//! know of this node, and `note` what has to outlive the process. `shared` is what one reading of the
//! configuration makes of all that; `reload` and `renewal` read it, and the certificates, again.
//! `rest` gives memory back; `registration` is what a node tells unasked.

pub mod action;
mod admission;
pub mod agents;
mod answer;
mod audit;
mod authorise;
mod cap;
mod choosing;
mod dispatch;
mod enrolment;
pub mod host;
mod note;
mod registration;
mod reload;
mod renewal;
mod rest;
mod runner;
mod shared;
mod splay;
mod stats;
#[cfg(test)]
mod testing;
mod transit;

pub use audit::check_audit;
pub use authorise::{Explained, check_policies, explain};
pub use runner::{Error, LogSwitch, Runner};
pub use stats::Stats;
