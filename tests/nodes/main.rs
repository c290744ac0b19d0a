//! System tests: a broker and agents as services of real systemds, on machines that are killed, cut
//! off and paused while calls are made in a loop. What must hold of every call is in `judge`.
//!
//! They need root and some packages (`tests/support/nodes check` says what is missing) and take
//! minutes, so they run only where `MCOLLECTIVE_NODES` is set, which `tests/run` does. Whatever
//! keeps them from running is said, and they count as ignored.

#![allow(clippy::unwrap_used, clippy::expect_used)] // all of it is tests: a panic is how they fail
#![allow(clippy::disallowed_methods)] // files of a test need no atomic replacement
#![allow(clippy::print_stdout)] // nobody else prints here

mod cable;
mod call;
mod chance;
mod clock;
mod crash;
mod fault;
mod fleet;
mod judge;
mod lab;
mod notes;
mod pause;
mod renewal;
mod storm;
mod told;
mod watch;

use libtest_mimic::{Arguments, Trial};

/// The tests on nodes, the longest first.
const TESTS: &[(&str, fn())] = &[
    (
        "storm::nobody_is_lost_whatever_goes_wrong",
        storm::nobody_is_lost_whatever_goes_wrong,
    ),
    (
        "cable::a_dead_connection_is_noticed_by_its_silence",
        cable::a_dead_connection_is_noticed_by_its_silence,
    ),
    (
        "crash::a_broker_that_ends_costs_no_call_its_account",
        crash::a_broker_that_ends_costs_no_call_its_account,
    ),
    (
        "crash::an_agent_that_ends_is_named_and_comes_back",
        crash::an_agent_that_ends_is_named_and_comes_back,
    ),
    (
        "cable::what_was_sent_into_a_cut_cable_is_not_run_later",
        cable::what_was_sent_into_a_cut_cable_is_not_run_later,
    ),
    (
        "cable::a_short_break_breaks_no_connection",
        cable::a_short_break_breaks_no_connection,
    ),
    (
        "pause::an_agent_answers_in_time_or_does_nothing",
        pause::an_agent_answers_in_time_or_does_nothing,
    ),
    (
        "pause::a_broker_does_not_deliver_what_nobody_waits_for",
        pause::a_broker_does_not_deliver_what_nobody_waits_for,
    ),
    (
        "pause::the_watchdog_starts_what_stands_still",
        pause::the_watchdog_starts_what_stands_still,
    ),
    (
        "renewal::certificates_change_and_no_call_notices",
        renewal::certificates_change_and_no_call_notices,
    ),
    (
        "renewal::certificates_on_disk_serve_the_next_connection",
        renewal::certificates_on_disk_serve_the_next_connection,
    ),
    (
        "renewal::the_broker_moves_to_another_address",
        renewal::the_broker_moves_to_another_address,
    ),
];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let missing = if arguments.list { None } else { missing() };
    if let Some(why) = &missing {
        println!("==> SKIPPED: {} tests on nodes: {why}", TESTS.len());
    }
    let trials = TESTS
        .iter()
        .map(|(name, test)| {
            Trial::test(*name, move || {
                test();
                Ok(())
            })
            .with_ignored_flag(missing.is_some())
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Why there can be no nodes here, if so.
fn missing() -> Option<String> {
    if std::env::var_os("MCOLLECTIVE_NODES").is_none() {
        return Some("they take minutes; `tests/run nodes` runs them".into());
    }
    lab::missing()
}
