//! What the tests share: a fleet of real processes, and the program run to its end.

mod daemon;
mod fleet;
mod pty;
mod run;

pub(crate) use daemon::Daemon;
pub(crate) use fleet::{Fleet, Node};
pub(crate) use pty::OnTerminal;
pub(crate) use run::{Ended, mco, program, run};
