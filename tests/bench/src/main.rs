//! A fleet in one process, to measure a broker with, and the floor to compare a broker with.
//!
//! `run` plays N nodes and a client against any broker and prints one JSON object; `limit-server`
//! does as little as a broker can do; `in-memory` plays fleets that are larger than the machine has
//! file descriptors for; `table` makes a table of many results. The script `run` beside this
//! package does the whole comparison.

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::Parser;

mod client;
mod dial;
mod fleet;
mod heap;
mod in_memory;
mod limit_server;
mod measure;
mod pki;
mod rounds;
mod session;
mod table;
mod tally;
mod usage;
mod wire;

/// What may go wrong is told to a person; nobody tells one error from another.
type Fault = Box<dyn Error + Send + Sync>;
type Result<T> = std::result::Result<T, Fault>;

/// The broker's own allocator, with a count of who holds how much.
#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// Plays an MCollective fleet against a broker, and measures the broker.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Measure a broker that is listened to by a whole fleet; prints one JSON object
    Run(Box<measure::Args>),
    /// The floor to compare with: copies frames and does nothing else that a broker does
    LimitServer(limit_server::Args),
    /// Measure the broker's session, routing and TLS code over streams in memory
    InMemory(in_memory::Args),
    /// Make a throw-away authority with a broker's and a client's certificate
    Pki {
        /// The directory to make
        dir: PathBuf,
    },
    /// Print a table of the results in a directory: medians, and ratios to the limit server's
    Table {
        /// Where `run --out` and `in-memory --out` put them
        dir: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Run(args) => measure::run(&args),
        Command::LimitServer(args) => limit_server::run(&args),
        Command::InMemory(args) => in_memory::run(&args),
        Command::Pki { dir } => pki::create(&dir).map(|()| ExitCode::SUCCESS),
        Command::Table { dir } => table::print(&dir).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|fault| {
        eprintln!("error: {fault}");
        ExitCode::FAILURE
    })
}
