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
mod endurance;
mod fault;
mod fleet;
mod install;
mod itself;
mod judge;
mod lab;
mod machine;
mod memory;
mod mishaps;
mod notes;
mod openrc;
mod packages;
mod pause;
mod place;
mod pulse;
mod puppet;
mod puppet_ca;
mod renewal;
mod rollout;
mod rpms;
mod services;
mod skew;
mod storm;
mod told;
mod watch;

use std::{
    os::unix::fs::MetadataExt as _,
    process::{Command, ExitCode, ExitStatus},
};

use libtest_mimic::{Arguments, Trial};

/// The tests on nodes, the longest first.
const TESTS: &[(&str, fn())] = &[
    (
        "endurance::a_large_fleet_endures_minutes_of_faults",
        endurance::a_large_fleet_endures_minutes_of_faults,
    ),
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
    (
        "packages::apt_does_as_it_is_told",
        packages::apt_does_as_it_is_told,
    ),
    ("rpms::dnf_does_as_it_is_told", rpms::dnf_does_as_it_is_told),
    (
        "rpms::zypper_does_as_it_is_told",
        rpms::zypper_does_as_it_is_told,
    ),
    (
        "install::a_fresh_machine_installs_runs_replaces_and_removes_it",
        install::a_fresh_machine_installs_runs_replaces_and_removes_it,
    ),
    (
        "puppet_ca::puppets_certificates_are_used_where_they_lie",
        puppet_ca::puppets_certificates_are_used_where_they_lie,
    ),
    (
        "puppet_ca::puppet_enterprise_is_asked_first_and_its_names_are_taken",
        puppet_ca::puppet_enterprise_is_asked_first_and_its_names_are_taken,
    ),
    (
        "rollout::two_commands_make_a_fleet_and_one_takes_a_node_out",
        rollout::two_commands_make_a_fleet_and_one_takes_a_node_out,
    ),
    (
        "mishaps::a_mistake_costs_no_machine_its_fleet",
        mishaps::a_mistake_costs_no_machine_its_fleet,
    ),
    (
        "puppet::a_run_outlives_the_service_that_began_it",
        puppet::a_run_outlives_the_service_that_began_it,
    ),
    (
        "openrc::scripts_of_every_kind_do_as_they_are_told",
        openrc::scripts_of_every_kind_do_as_they_are_told,
    ),
    (
        "puppet::runall_names_the_dead_and_goes_on_with_the_others",
        puppet::runall_names_the_dead_and_goes_on_with_the_others,
    ),
    (
        "services::units_of_every_kind_do_as_they_are_told",
        services::units_of_every_kind_do_as_they_are_told,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = if arguments.list {
        None
    } else if std::env::var_os(VARIABLES[0]).is_none() {
        Some("they take minutes; `tests/run nodes` runs them".into())
    } else if is_root() {
        lab::missing()
    } else if let Some(code) = as_root() {
        return code;
    } else {
        Some("they need root, or sudo without a password".into())
    };
    if let Some(why) = &missing {
        println!("==> SKIPPED: {} tests on nodes: {why}", TESTS.len());
    }
    let trial = |(name, test): &(&'static str, fn())| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    };
    let here = itself::TESTS.iter().map(trial);
    let on_nodes = TESTS
        .iter()
        .map(|test| trial(test).with_ignored_flag(missing.is_some()));
    libtest_mimic::run(&arguments, here.chain(on_nodes).collect()).exit_code()
}

/// What the tests are told by, `MCOLLECTIVE_NODES` first: without it they don't use nodes.
const VARIABLES: [&str; 7] = [
    "MCOLLECTIVE_NODES",
    "MCOLLECTIVE_NODES_CACHE",
    "MCOLLECTIVE_NODES_MINUTES",
    "MCOLLECTIVE_NODES_ROUNDS",
    "MCOLLECTIVE_NODES_SEED",
    "MCOLLECTIVE_RELEASE_BIN",
    "RUST_BACKTRACE",
];

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The same as root, where `sudo` lets us without a question.
fn as_root() -> Option<ExitCode> {
    let sudo = || {
        let mut command = Command::new("sudo");
        command.arg("-n");
        command
    };
    let may = sudo().arg("true").status();
    may.ok().filter(ExitStatus::success)?;
    let status = sudo()
        .arg(format!("--preserve-env={}", VARIABLES.join(",")))
        .arg(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .status()
        .unwrap();
    Some(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
