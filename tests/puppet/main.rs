//! A real Puppet agent against a real Puppet server, both as Debian packages them, through a fleet
//! of ours. They need root and some programs, and take a minute or two. Whatever keeps them from
//! running is said, and they count as ignored.

#![allow(clippy::unwrap_used, clippy::expect_used)] // all of it is tests: a panic is how they fail
#![allow(clippy::disallowed_methods)] // files of a test need no atomic replacement
#![allow(clippy::print_stdout)] // nobody else prints here

#[allow(dead_code, unused_imports, reason = "the other tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;

mod runs;
mod server;

use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let missing = if arguments.list {
        None
    } else {
        server::missing()
    };
    if let Some(why) = &missing {
        println!("==> SKIPPED: 1 test of a real Puppet: {why}");
    }
    let trial = Trial::test("runs::a_real_puppet_does_as_told", || {
        runs::a_real_puppet_does_as_told();
        Ok(())
    });
    let trials = vec![trial.with_ignored_flag(missing.is_some())];
    libtest_mimic::run(&arguments, trials).exit_code()
}
