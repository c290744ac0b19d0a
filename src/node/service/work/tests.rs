//! Services of an init system that is a few shell scripts in a directory.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use super::*;
use crate::node::service::Along;
use crate::sys::file::{Mode, make_fifo, read_text, write_atomic};

/// A service is a file that holds its condition; what is done to it is a script.
struct Scripted {
    dir: PathBuf,
    script: &'static str,
    starts_daemons: bool,
    looked: AtomicU32,
}

impl ServiceProvider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn ask(&self, service: &ServiceName) -> Program {
        Program::new("/bin/cat").args([self.dir.join(service.as_str()).to_str().unwrap()])
    }

    fn read(&self, _service: &ServiceName, ended: &Ended) -> Result<State, String> {
        let text = ended.stdout.text();
        let looked = self.looked.fetch_add(1, Ordering::Relaxed);
        let condition = match text.trim() {
            "running" | "us" | "loops" | "settles" => Condition::Running,
            "stopped" | "once" => Condition::Stopped,
            "failed" => Condition::Failed,
            "starting" => Condition::Starting,
            "stopping" => Condition::Stopping,
            "masked" => Condition::Masked,
            "unknown" => Condition::Unknown,
            other => return Err(format!("{other:?} is no state")),
        };
        Ok(State {
            runs_once: text.trim() == "once",
            is_us: text.trim() == "us",
            restarts: match text.trim() {
                "loops" => looked,
                "settles" => 3,
                _ => 0,
            },
            ..State::new(condition)
        })
    }

    fn act(&self, verb: Verb, service: &ServiceName, _state: &State) -> Vec<Program> {
        let program = Program::new("/bin/sh")
            .args(["-c", self.script, verb.as_str()])
            .env("FILE", self.dir.join(service.as_str()).to_str().unwrap());
        vec![if self.starts_daemons {
            program.starting_daemons()
        } else {
            program
        }]
    }

    fn restart_us(&self, service: &ServiceName) -> Option<Program> {
        let file = self.dir.join(format!("{service}.again"));
        Some(Program::new("/usr/bin/touch").args([file.to_str().unwrap()]))
    }

    fn ask_along(&self, names: &[String]) -> Option<Program> {
        let look = "cd \"$DIR\"; for name; do cat \"$name.along\"; done 2>/dev/null; true";
        let program = Program::new("/bin/sh").args(["-c", look, "look"]);
        Some(program.args(names).env("DIR", self.dir.to_str().unwrap()))
    }

    fn read_along(&self, ended: &Ended) -> Along {
        let text = ended.stdout.text();
        let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Along {
            is_us: names.iter().any(|name| name == "us"),
            names,
        }
    }

    fn log(&self, _service: &ServiceName) -> Option<Program> {
        Some(Program::new("/bin/sh").args(["-c", "echo one; echo; echo two"]))
    }
}

fn service() -> ServiceName {
    ServiceName::new("web").unwrap()
}

fn services(dir: &Path, state: &str, script: &'static str, wait: Duration) -> Services {
    write_atomic(&dir.join("web"), state.as_bytes(), Mode::Exactly(0o644)).unwrap();
    let provider = Scripted {
        dir: dir.into(),
        script,
        starts_daemons: false,
        looked: AtomicU32::default(),
    };
    Services {
        provider: Box::new(provider),
        wait,
        looks_first: true,
    }
}

async fn change(verb: Verb, state: &str, script: &'static str) -> Result<Change, Failure> {
    let dir = TempDir::new().unwrap();
    let services = services(dir.path(), state, script, Duration::from_mins(1));
    let changed = services
        .change(&Launcher::new(), verb, &service(), false)
        .await;
    if changed.as_ref().is_ok_and(|change| !change.changed) {
        assert_eq!(read_text(&dir.path().join("web"), 100).unwrap(), state);
    }
    changed
}

#[tokio::test]
async fn what_is_as_wanted_is_left_alone() {
    for (verb, state) in [
        (Verb::Start, "running"),
        (Verb::Stop, "stopped"),
        (Verb::Stop, "failed"),
        (Verb::Stop, "masked"),
    ] {
        let change = change(verb, state, "echo touched >$FILE").await.unwrap();
        assert!(!change.changed, "{verb:?} {state}");
        let dir = TempDir::new().unwrap();
        let services = services(dir.path(), state, "echo touched >$FILE", WAIT);
        let error = services
            .change(&Launcher::new(), verb, &service(), true)
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, FailureKind::Failed);
        assert!(error.message.starts_with(&format!(
            "Could not {} 'web': Service is already ",
            verb.as_str()
        )));
        assert_eq!(error.state, Some(change.state));
    }
}

#[tokio::test]
async fn who_does_not_look_is_not_told() {
    for (verb, state) in [(Verb::Start, "running"), (Verb::Stop, "stopped")] {
        let dir = TempDir::new().unwrap();
        let mut services = services(dir.path(), state, "echo $0 >$FILE.told", WAIT);
        services.looks_first = false;
        let launcher = Launcher::new();
        let change = services.change(&launcher, verb, &service(), false).await;
        assert!(!change.unwrap().changed && !dir.path().join("web.told").exists());
        let change = services.change(&launcher, verb, &service(), true).await;
        assert!(change.unwrap().changed);
        let told = read_text(&dir.path().join("web.told"), 100).unwrap();
        assert_eq!(told.trim(), verb.as_str());
    }
}

const WAIT: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_is_not_is_brought_there() {
    let toggle = "case $0 in stop) echo stopped;; *) echo running;; esac >$FILE";
    for (verb, state, expected) in [
        (Verb::Start, "stopped", Condition::Running),
        (Verb::Start, "failed", Condition::Running),
        (Verb::Stop, "running", Condition::Stopped),
        (Verb::Restart, "running", Condition::Running),
        (Verb::Restart, "stopped", Condition::Running),
    ] {
        let change = change(verb, state, toggle).await.unwrap();
        assert_eq!((change.state.condition, change.changed), (expected, true));
    }
    let once = change(Verb::Start, "stopped", "echo once >$FILE")
        .await
        .unwrap();
    assert_eq!(once.state.condition, Condition::Stopped);
}

#[tokio::test]
async fn a_start_that_leaves_it_stopped_is_a_failure_with_the_log() {
    let error = change(Verb::Start, "stopped", "echo failed >$FILE")
        .await
        .unwrap_err();
    assert_eq!(error.message, "Could not start 'web': it is failed");
    assert_eq!(error.log, ["one", "two"]);
    assert_eq!(error.state.unwrap().condition, Condition::Failed);
    let error = change(Verb::Start, "stopped", "echo no luck >&2; exit 7")
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "Could not start 'web': sh ended with exit code 7: no luck; it is stopped"
    );
    assert_eq!(error.kind, FailureKind::Failed);
    let error = change(Verb::Stop, "running", "true").await.unwrap_err();
    assert_eq!(error.message, "Could not stop 'web': it is running");
}

#[tokio::test]
async fn what_runs_for_the_moment_is_looked_at_again() {
    let error = change(Verb::Start, "stopped", "echo loops >$FILE")
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "Could not start 'web': it is started again and again, as it ends each time"
    );
    let settled = change(Verb::Restart, "stopped", "echo settles >$FILE").await;
    assert_eq!(settled.unwrap().state.condition, Condition::Running);
}

#[tokio::test]
async fn this_daemon_is_restarted_behind_its_back_and_not_stopped() {
    let dir = TempDir::new().unwrap();
    let services = services(dir.path(), "us", "echo touched >$FILE", WAIT);
    let launcher = Launcher::new();
    let error = services
        .change(&launcher, Verb::Stop, &service(), false)
        .await
        .unwrap_err();
    assert!(
        error
            .message
            .starts_with("Could not stop 'web': it is the agent that answers, "),
        "{error}"
    );
    let again = dir.path().join("web.again");
    assert!(!again.exists());
    let change = services
        .change(&launcher, Verb::Restart, &service(), false)
        .await;
    let change = change.unwrap();
    assert!(change.changed && again.exists());
    assert_eq!(change.state.condition, Condition::Running);
    assert_eq!(read_text(&dir.path().join("web"), 100).unwrap(), "us");
}

#[tokio::test]
async fn what_this_daemon_needs_is_not_taken_from_it() {
    for (needs, verb, refused) in [
        // One needs another in a circle, and at last this daemon one of them.
        (
            &[("web", "a b"), ("a", "web c"), ("c", "us")][..],
            Verb::Stop,
            true,
        ),
        (&[("web", "us")], Verb::Restart, true),
        (&[("web", "us")], Verb::Start, false),
        (
            &[("web", "a"), ("a", "web a"), ("c", "us")],
            Verb::Stop,
            false,
        ),
    ] {
        let dir = TempDir::new().unwrap();
        for (name, by) in needs {
            let file = dir.path().join(format!("{name}.along"));
            write_atomic(&file, by.as_bytes(), Mode::Exactly(0o644)).unwrap();
        }
        let before = if verb == Verb::Start {
            "stopped"
        } else {
            "running"
        };
        let script = "case $0 in stop) echo stopped ;; *) echo running ;; esac >$FILE";
        let services = services(dir.path(), before, script, Duration::from_mins(1));
        let changed = services
            .change(&Launcher::new(), verb, &service(), false)
            .await;
        match changed {
            Ok(change) => assert!(change.changed && !refused, "{needs:?}"),
            Err(error) => {
                assert!(refused, "{error}");
                assert!(error.message.contains("would end with it"), "{error}");
                assert_eq!(read_text(&dir.path().join("web"), 100).unwrap(), before);
            }
        }
    }
}

#[tokio::test]
async fn what_may_not_or_cannot_be_started_says_so() {
    let error = change(Verb::Start, "masked", "echo running >$FILE")
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "Could not start 'web': it is masked; allow web to be started first"
    );
    let error = change(Verb::Stop, "unknown", "true").await.unwrap_err();
    assert_eq!(
        error.message,
        "Could not stop 'web': there is no service of that name"
    );
    let error = change(Verb::Start, "gibberish", "true").await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Unexpected);
    assert_eq!(
        error.message,
        "Could not ask for 'web': \"gibberish\" is no state"
    );
}

#[tokio::test]
async fn what_takes_its_time_is_still_running() {
    for (verb, state, during, kind) in [
        (
            Verb::Start,
            "stopped",
            "echo starting",
            FailureKind::StillRunning,
        ),
        (
            Verb::Stop,
            "running",
            "echo stopping",
            FailureKind::StillRunning,
        ),
        (Verb::Stop, "running", "echo running", FailureKind::Failed),
    ] {
        let dir = TempDir::new().unwrap();
        let script = match during {
            "echo starting" => "echo starting >$FILE; exec sleep 600",
            "echo stopping" => "echo stopping >$FILE; exec sleep 600",
            _ => "exec sleep 600",
        };
        let services = services(dir.path(), state, script, Duration::from_secs(1));
        let error = services
            .change(&Launcher::new(), verb, &service(), false)
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.message.contains("it took longer than 1 s; it is "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_script_is_not_ended_half_way() {
    let dir = TempDir::new().unwrap();
    let (web, go) = (dir.path().join("web"), dir.path().join("web.go"));
    write_atomic(&web, b"stopped", Mode::Exactly(0o644)).unwrap();
    make_fifo(&go);
    let services = Services {
        provider: Box::new(Scripted {
            dir: dir.path().into(),
            script: "read _ <$FILE.go; echo running >$FILE; echo over >$FILE.go",
            starts_daemons: true,
            looked: AtomicU32::default(),
        }),
        wait: Duration::from_millis(50),
        looks_first: true,
    };
    let error = services
        .change(&Launcher::new(), Verb::Start, &service(), false)
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::StillRunning);
    assert_eq!(
        error.message,
        "Could not start 'web': it took longer than 0 s; it is stopped, and scripted goes on"
    );
    let told = tokio::task::spawn_blocking(move || {
        let mut pipe = std::fs::File::options().write(true).open(&go).unwrap();
        std::io::Write::write_all(&mut pipe, b"\n").unwrap();
        drop(pipe);
        std::fs::read_to_string(&go).unwrap()
    });
    assert_eq!(told.await.unwrap(), "over\n");
    assert_eq!(read_text(&web, 100).unwrap(), "running\n");
}
