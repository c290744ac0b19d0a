//! What the tests share: a fleet of real processes, a broker with peers that speak STOMP by hand,
//! and the program run to its end.

mod daemon;
mod fleet;
pub(crate) mod office;
mod peer;
mod pty;
mod run;
mod solo;

pub(crate) use daemon::Daemon;
pub(crate) use fleet::{Fleet, Node};
pub(crate) use office::Office;
pub(crate) use peer::Peer;
pub(crate) use pty::OnTerminal;
pub(crate) use run::{Ended, command, mco, program, run};
pub(crate) use solo::{Bystanders, Solo};
