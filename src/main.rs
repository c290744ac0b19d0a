//! The program: sets up what the whole process shares, and hands the words over.

use std::process::ExitCode;

use mcollective::{cli, sys};

/// Buffers are freed on other threads than they were made on; the C library's allocator is slow
/// at that, and its arenas grow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before any thread: a static C library must not load name service modules.
    if let Err(error) = sys::nss::pin() {
        return cli::cannot_start(&error);
    }
    cli::main(std::env::args_os().collect())
}
