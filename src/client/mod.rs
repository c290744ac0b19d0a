//! One RPC call from an operator's side: whom to wait for, sending, gathering, and the account of
//! how every addressed node ended.
//!
//! `gather` is sans-IO and decides who is still missing; `call` moves bytes; `presence` reads the
//! broker's list of who is connected. Printing is left to `cli`.

mod account;
mod call;
mod gather;
mod presence;

pub use account::{Account, Answer, Verdict};
pub use call::{Addressing, Call, Client, Error, Interrupt, Progress};
pub use gather::{Gather, Heard};
pub use presence::{Presence, PresentNode};
