//! One RPC call from an operator's side: whom to wait for, sending, gathering, and the account of
//! how every addressed node ended.
//!
//! `targets` finds out who is meant and asks them in groups, with names from `discovery`, as many as
//! `limit` takes, in parts of a `share`.
//!
//! `gather` is sans-IO and decides who is still missing; `watch` whose answer is lost; `call` moves
//! bytes; `presence` reads the broker's list of who is connected. Printing is left to `cli`.

mod account;
mod call;
pub mod discovery;
mod error;
mod gather;
mod limit;
mod presence;
mod share;
mod state;
mod targets;
mod watch;

pub use account::{Account, Answer, Silence, Silent, Verdict};
pub use call::{Addressing, Call, Client, Interrupt, Progress};
pub use error::Error;
pub use gather::{Gather, Heard};
pub use limit::{Choice, Limit};
pub use presence::{Presence, PresentNode};
pub use share::{NoShare, Share};
pub use targets::{Batch, Discovered, Targets};
