//! The recorded command lines of the original's client, run again with ours against our agents:
//! what is printed for every node, the arrays of `-j`, and exit codes are the original's, but for
//! what `differences` names.

mod differences;
mod normal;
mod recorded;
mod site;

use std::{
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use differences::{Expected, LEFT_OUT, Output, expected, listed};
use normal::plain;
use recorded::Recording;
use regex::Regex;
use site::Site;

use crate::support::Ended;

/// What is wrong with how ours did, if anything is.
fn compare(recording: &Recording, ours: &Ended, legacy: &Ended) -> Vec<String> {
    let Expected { code, output, .. } = expected(&recording.name);
    let mut wrong = Vec::new();
    let wanted = code.unwrap_or(recording.code);
    if ours.code != Some(wanted) {
        wrong.push(format!("exit code {:?}, expected {wanted}", ours.code));
    }
    let wanted = output.legacy_code(recording.code);
    if legacy.code != Some(wanted) {
        let code = legacy.code;
        wrong.push(format!("legacy exit code {code:?}, expected {wanted}"));
    }
    wrong.extend(output.check(recording, ours));
    if output.is_ours() && code.is_none() && Output::Same.check(recording, ours).is_empty() {
        wrong.push("it is listed among the differences, and does not differ".to_owned());
    }
    wrong
}

/// Runs recordings, some at a time, and tells of all that differ.
#[track_caller]
fn run(site: &Site, recordings: &[Recording], at_once: usize) {
    assert!(!recordings.is_empty());
    let home = site.home();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(recording) = recordings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ours = home.run(recording, "full");
                    let legacy = home.run(recording, "legacy");
                    let faults = compare(recording, &ours, &legacy);
                    if !faults.is_empty() {
                        let (name, command) = (&recording.name, &recording.command);
                        let faults = faults.join("\n");
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("=== {name}: {command}\n{faults}\n{ours:#?}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Of the recordings those that are wanted; what we do not have is left out.
fn chosen(all: Vec<Recording>, wanted: impl Fn(&str) -> bool) -> Vec<Recording> {
    let bash = version_of_bash();
    let left_out = |name: &str| {
        let absent = LEFT_OUT.iter().any(|(prefix, _)| name.starts_with(prefix));
        absent || (bash.is_none() && name.starts_with("package-status"))
    };
    let bare = |name: &str| name.trim_start_matches("amq/").to_owned();
    all.into_iter()
        .filter(|recording| wanted(&recording.name) && !left_out(&bare(&recording.name)))
        .map(|mut recording| {
            if let Some(version) = &bash {
                recording.stdout = recording.stdout.replace(RECORDED_BASH, version);
            }
            recording
        })
        .collect()
}

/// What `package status` was asked of when it was recorded.
const RECORDED_BASH: &str = "5.2.15-2+b8";

/// The same here, where packages are dpkg's.
fn version_of_bash() -> Option<String> {
    let query = Command::new("/usr/bin/dpkg-query")
        .args(["-W", "-f", "${Version}", "bash"])
        .output();
    let version = query.ok().filter(|output| output.status.success())?.stdout;
    String::from_utf8(version).ok()
}

#[test]
fn the_recorded_command_lines_do_as_they_did() {
    let site = Site::new(4, "systemd");
    let apart = |name: &str| name.starts_with("puppet-") || name == "service-status-absent";
    run(&site, &chosen(recorded::all(), |name| !apart(name)), 4);
}

#[test]
fn those_recorded_with_their_frames_do_too() {
    let site = Site::new(2, "systemd");
    let apart = |name: &str| name.starts_with("amq/puppet-") || name == "amq/service-status-absent";
    run(
        &site,
        &chosen(recorded::with_frames(), |name| !apart(name)),
        4,
    );
}

#[test]
fn a_service_that_is_not_there_is_told_of_as_init_scripts_did() {
    let site = Site::new(4, "service");
    run(
        &site,
        &chosen(recorded::all(), |name| name == "service-status-absent"),
        1,
    );
}

/// Made while node1 was not to be managed.
const DISABLED: [&str; 4] = ["disable", "enable", "runonce-disabled", "status-disabled"];

/// Runs those of Puppet one by one.
fn run_puppet(nodes: usize, all: &[Recording], message: &str) {
    let site = Site::new(nodes, "systemd");
    let of = |name: &str, disabled: bool| {
        let action = name.trim_start_matches("amq/").strip_prefix("puppet-");
        action.is_some_and(|action| DISABLED.contains(&action) == disabled)
    };
    run(&site, &chosen(all.to_vec(), |name| of(name, false)), 1);
    for recording in chosen(all.to_vec(), |name| of(name, true)) {
        site.disable(1, message);
        // The one that forbids was made while it was managed.
        if recording.name.ends_with("-disable") {
            site.enable(1);
        }
        run(&site, &[recording], 1);
    }
}

#[test]
fn puppet_is_asked_and_told_as_it_was() {
    run_puppet(4, &recorded::all(), "maintenance window");
    run_puppet(2, &recorded::with_frames(), "for test");
}

#[test]
fn what_is_listed_was_recorded() {
    let all = [recorded::all(), recorded::with_frames()].concat();
    assert_eq!(all.len(), 142 + 61, "the recordings are complete");
    let is_there = |name: &str| all.iter().any(|recording| recording.name == name);
    let stale: Vec<&str> = listed().filter(|name| !is_there(name)).collect();
    assert!(stale.is_empty(), "{stale:?}");
}

/// `mco plugin` made packages of Ruby files, and had options for these.
const OF_PACKAGES: &str = "plugin";

#[test]
fn every_option_of_the_recorded_help_is_known() {
    let left = Regex::new(r"(?m)^ {4}(?:-\w, |    )(--.*?)(?:  |$)").unwrap();
    let name = Regex::new(r"--([a-z][a-z_-]+)").unwrap();
    let tree = mcollective::cli::mco_command();
    let (mut unknown, mut seen) = (Vec::new(), 0);
    for recording in recorded::all() {
        let words: Vec<&str> = recording.command.split(' ').collect();
        let (["mco", application, "--help"] | ["mco", "help", application]) = words[..] else {
            continue;
        };
        if application == OF_PACKAGES {
            continue;
        }
        let commands = [tree.find_subcommand(application).unwrap(), &tree];
        let ours: Vec<&str> = commands
            .into_iter()
            .flat_map(clap::Command::get_arguments)
            .flat_map(|one| {
                one.get_long()
                    .into_iter()
                    .chain(one.get_all_aliases().unwrap_or_default())
            })
            .chain(["help"])
            .collect();
        for line in left.captures_iter(&plain(&recording.stdout)) {
            for found in name.captures_iter(&line[1]) {
                seen += 1;
                // An application that shows answers has nothing to show where they go elsewhere.
                let elsewhere = &found[1] == "reply-to" && application != "rpc";
                if !elsewhere && !ours.contains(&found[1].replace('_', "-").as_str()) {
                    unknown.push(format!("{application}: --{}", &found[1]));
                }
            }
        }
    }
    assert!(seen > 200, "{seen}");
    assert!(unknown.is_empty(), "{unknown:#?}");
}
