//! What the tests share: a fleet of real processes, and the program run to its end.

mod daemon;
mod fleet;
mod run;

pub(crate) use daemon::Daemon;
pub(crate) use fleet::{Fleet, Node};
pub(crate) use run::{Ended, mco, program, run};
