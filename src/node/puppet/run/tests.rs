//! Runs of a program that behaves like Puppet, as far as its files go.

use super::*;
use crate::{
    node::puppet::{LastRun, Options},
    sys::file::{self, Mode},
};

struct Machine {
    dir: tempfile::TempDir,
    puppet: Puppet,
}

impl Machine {
    /// With a program that does this when it is to run.
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("puppet");
        let text = format!("#!/bin/sh\ncd {}\n{script}\n", dir.path().display());
        file::write_program(&program, &text);
        let mut options = Options {
            // Not `agent`: nobody asks it for its settings.
            command: vec![program.to_str().unwrap().into(), "run".into()],
            ..Options::default()
        };
        let files = [
            ("lastrunfile", "summary"),
            ("agent_catalog_run_lockfile", "lock"),
            ("agent_disabled_lockfile", "disabled"),
            ("pidfile", "pid"),
        ];
        for (setting, file) in files {
            options.files.insert(setting.into(), dir.path().join(file));
        }
        let puppet = Puppet::new(options, dir.path().join("state"));
        Self { dir, puppet }
    }

    async fn run(&self) -> Result<Started, RunError> {
        self.puppet
            .run_once(
                &Wish::default(),
                &request(),
                &Launcher::of_daemon().leaving(),
            )
            .await
    }

    /// Waits until the run that was begun has ended.
    async fn ended(&self) -> State {
        loop {
            let state = self.puppet.state();
            if matches!(&state.run, Some((Record { end: Some(_), .. }, _))) {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn put(&self, name: &str) {
        file::write_atomic(&self.dir.path().join(name), b"", Mode::Exactly(0o644)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        file::read_text(&self.dir.path().join(name), 10_000).unwrap_or_default()
    }
}

fn request() -> RequestId {
    "b6f8".parse().unwrap()
}

/// Holds its lock until it may go on.
const SLOW: &str = "echo run >>runs; echo \"$@\" >arguments; echo $$ >lock\n\
    until [ -e go ]; do sleep 0.01; done\nprintf 'time:\\n  last_run: 7\\n' >summary; rm lock";

#[tokio::test]
async fn a_run_is_begun_once_and_its_end_is_noted() {
    let machine = Machine::new(SLOW);
    let started = machine.run().await.unwrap();
    assert!(
        started.begun
            && started
                .summary
                .starts_with("Started a Puppet run using the '"),
        "{started:?}"
    );
    assert!(machine.puppet.state().applying && machine.puppet.state().own_run());
    let noted = machine.puppet.state().run.unwrap().0.request;
    assert_eq!(noted, Some(request()));
    let again = machine.run().await.unwrap();
    assert_eq!((again.begun, again.summary.as_str()), (false, BUSY));
    let hangs = State {
        hang: Some("the run hangs".into()),
        ..machine.puppet.state()
    };
    assert_eq!(busy(&hangs), format!("{BUSY}; the run hangs"));
    machine.put("go");
    let state = machine.ended().await;
    assert_eq!(state.run.unwrap().1.end().unwrap().code, Some(0));
    assert!(matches!(state.last_run, LastRun::Is(summary) if summary.last_run() == Some(7)));
    assert_eq!(machine.read("runs"), "run\n");
    assert!(
        machine
            .read("arguments")
            .starts_with("run --onetime --no-daemonize ")
    );
}

#[tokio::test]
async fn two_calls_at_once_begin_one_run() {
    let machine = Machine::new(SLOW);
    let (one, other) = tokio::join!(machine.run(), machine.run());
    assert_ne!(one.unwrap().begun, other.unwrap().begun);
    machine.put("go");
    machine.ended().await;
    assert_eq!(machine.read("runs"), "run\n");
}

#[tokio::test]
async fn a_command_that_fails_at_once_is_a_failure() {
    let machine = Machine::new("echo 'Error: no such thing' >&2; exit 3");
    let error = machine.run().await.unwrap_err().to_string();
    assert!(
        error.ends_with(" had exit code 3, expected 0: Error: no such thing"),
        "{error}"
    );
    let machine = Machine::new("exit 0");
    assert!(machine.run().await.unwrap().begun);
    std::fs::remove_file(machine.dir.path().join("puppet")).unwrap();
    let error = machine.run().await.unwrap_err().to_string();
    assert!(error.contains("can't be run"), "{error}");
    let (_, run) = machine.puppet.state().run.unwrap();
    assert!(
        run.end().unwrap().words.starts_with("can't be run: "),
        "{run:?}"
    );
}

#[tokio::test]
async fn a_run_that_was_about_to_begin_when_this_daemon_was_killed_is_not_begun_again() {
    let machine = Machine::new("echo run >>runs");
    let state = machine.puppet.state();
    machine.puppet.note(&record(0, &request(), &state, false));
    let state = machine.puppet.state();
    let (noted, run) = state.run.as_ref().unwrap();
    assert_eq!(
        (noted.request.clone(), run),
        (Some(request()), &RunState::Running)
    );
    let started = machine.run().await.unwrap();
    assert_eq!((started.begun, machine.read("runs").as_str()), (false, ""));
}

#[tokio::test]
async fn a_run_without_a_place_of_its_own_is_a_run_all_the_same() {
    let machine = Machine::new("echo run >>runs; exit 0");
    let words = machine.puppet.options().command.clone();
    for (apart, runs) in [
        ("/usr/bin/env", "run\n"),
        ("/nonexistent/systemd-run", "run\nrun\n"),
        (
            "/bin/sh -c 'echo \"Failed to start transient scope unit: no bus\" >&2; exit 1' --",
            "run\nrun\nrun\n",
        ),
    ] {
        let apart = crate::node::puppet::command_words(apart).unwrap();
        let launcher = Launcher::of_daemon().leaving();
        let started = machine
            .puppet
            .start_behind(
                apart,
                &words,
                &request(),
                &machine.puppet.state(),
                &launcher,
            )
            .await
            .unwrap();
        // What systemd is told is nobody's business.
        assert!(
            started
                .summary
                .starts_with("Started a Puppet run using the '/"),
            "{started:?}"
        );
        assert!(!started.summary.contains("Failed"));
        assert_eq!(machine.read("runs"), runs);
        let state = machine.ended().await;
        assert_eq!(state.run.unwrap().1.end().unwrap().code, Some(0));
    }
}

#[tokio::test]
async fn a_disabled_puppet_does_not_run() {
    let machine = Machine::new("echo run >>runs");
    assert!(machine.puppet.disable("rebuilding").unwrap());
    let error = machine.run().await.unwrap_err();
    assert_eq!(
        error,
        RunError::Refused("Puppet is disabled: 'rebuilding'".into())
    );
    assert_eq!(machine.read("runs"), "");
}

#[tokio::test]
async fn a_daemon_is_told_to_run() {
    let machine = Machine::new(
        "echo daemon >daemon; trap 'echo run >>runs' USR1; echo $$ >pid\n\
        while [ ! -e go ]; do sleep 0.01; done",
    );
    let launcher = Launcher::of_daemon();
    let daemon = Options::launch(&launcher, &machine.puppet.options().command);
    let daemon = daemon.unwrap().start().unwrap();
    while machine.puppet.state().daemon.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let started = machine.run().await.unwrap();
    assert_eq!(started.summary, "Signalled the running Puppet Daemon");
    while machine.read("runs").is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(machine.puppet.state().run.unwrap().1, RunState::Running);
    machine.put("go");
    daemon.ended().await;
    assert_eq!(machine.puppet.state().run.unwrap().1, RunState::Vanished);
}
