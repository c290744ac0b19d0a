//! The ground: what the operating system gives, and the only home of `unsafe`, nix and sysinfo.
//!
//! Nothing here knows what a request or a fact is; the storeys above give the numbers a meaning.
//! Whatever can block for ever (a FIFO, a dead network file system, the name service) is kept out
//! or bounded here, so that nobody above has to think of it.

pub mod clock;
pub mod command;
pub mod file;
pub mod host;
pub mod journal;
pub mod machine;
pub mod memory;
pub mod notify;
pub mod nss;
pub mod owner;
pub mod paths;
pub mod process;
pub mod refusals;
pub mod resolve;
pub mod scope;
pub mod signal;
pub mod terminal;
pub mod upstream;
