//! Actions that take too long, panic, or are too many, with real processes.

use std::sync::{LazyLock, Mutex, mpsc};

use serde_json::{Map, Value, json};

use super::*;
use crate::{
    agent::testing::{Site, Tester},
    sys::process::{Force, end_group, is_alive, session_groups},
};

static SITE: LazyLock<Site> = LazyLock::new(Site::new);

async fn call(agent: &Arc<dyn Agent>, action: &str, cap: &Cap) -> End {
    let host = SITE.host(vec![Arc::clone(agent)]);
    let request = SITE.request("0123456789abcdef", "tester", action);
    run(Arc::clone(agent), &request, host, cap).await
}

fn outputs(said: &str) -> Outputs {
    Map::from_iter([("said".to_owned(), Value::from(said))])
}

/// An agent whose actions run a shell script, and the process ids of the shells.
fn runs(script: &'static str) -> (Arc<dyn Agent>, mpsc::Receiver<u32>) {
    let (sender, pids) = mpsc::channel();
    let sender = Mutex::new(sender);
    let agent = Tester::agent(move |call: ActionCall| {
        let command = call.launcher.command("/bin/sh").args(["-c", script]);
        let running = command.start().unwrap();
        sender.lock().unwrap().send(running.pid()).unwrap();
        async move {
            // A careless agent: it keeps nothing but what it waits for.
            drop(call);
            let ended = running.ended().await;
            Ok(outputs(&ended.stdout.text()))
        }
    });
    (agent, pids)
}

/// Waits for this many shells.
async fn begun(pids: &mpsc::Receiver<u32>, count: usize) -> Vec<u32> {
    let mut begun = Vec::new();
    while begun.len() < count {
        begun.extend(pids.try_recv());
        tokio::task::yield_now().await;
    }
    begun
}

#[tokio::test]
async fn an_action_answers_with_what_its_program_said() {
    let (agent, pids) = runs("echo $LC_ALL $0");
    let cap = Cap::new(1);
    let end = call(&agent, "kill", &cap).await;
    assert_eq!((end.outcome, end.code), (Outcome::Ok, StatusCode::OK));
    assert_eq!(end.data, outputs("C /bin/sh\n"));
    assert_eq!(cap.running(), 0);
    assert!(!is_alive(pids.recv().unwrap()));
}

/// A shell and its children do not mind TERM.
const STUBBORN: &str =
    "trap '' TERM; sleep 600 & sh -c 'sleep 600; sleep 600' & sleep 600; sleep 600; wait";

#[tokio::test]
async fn an_action_over_its_time_is_killed_with_all_that_it_started() {
    let (agent, pids) = runs(STUBBORN);
    let cap = Cap::new(1);
    let end = call(&agent, "kill", &cap).await;
    assert_eq!(end.outcome, Outcome::Timeout);
    assert_eq!(end.code, StatusCode::UNKNOWN_ERROR);
    assert_eq!(end.message, "timed out after 1 s and is being stopped");
    assert_eq!(
        end.data,
        json!({ "said": null }).as_object().unwrap().clone()
    );
    // The answer did not wait for its end; the place does.
    assert_eq!(cap.running(), 1);
    let busy = call(&agent, "kill", &cap).await;
    assert_eq!(busy.outcome, Outcome::Refused);
    cap.stopped().await;
    assert_eq!(cap.running(), 0);
    let pid = pids.recv().unwrap();
    assert_eq!(session_groups(pid).unwrap(), Vec::<u32>::new());
    assert!(!is_alive(pid));
    assert!(pids.try_recv().is_err(), "what was refused was not run");
}

#[tokio::test]
async fn an_action_that_minds_term_is_gone_when_it_is_answered() {
    let (agent, pids) = runs("sleep 600 & wait");
    let cap = Cap::new(1);
    let end = call(&agent, "kill", &cap).await;
    if end.message == "timed out after 1 s and is being stopped" {
        // A busy machine.
        cap.stopped().await;
    } else {
        assert_eq!(end.message, "timed out after 1 s and was stopped");
    }
    let pid = pids.recv().unwrap();
    assert!(!is_alive(pid));
    assert_eq!((session_groups(pid).unwrap(), cap.running()), (vec![], 0));
}

#[tokio::test]
async fn an_action_that_is_left_goes_on_and_keeps_its_place() {
    let (agent, pids) = runs("exec sleep 600");
    let cap = Cap::new(1);
    let end = call(&agent, "leave", &cap).await;
    assert_eq!(end.outcome, Outcome::StillRunning);
    assert_eq!(end.code, StatusCode::UNKNOWN_ERROR);
    assert_eq!(end.message, "still running after 1 s; it goes on");
    let pid = pids.recv().unwrap();
    assert!(is_alive(pid));
    let busy = call(&agent, "leave", &cap).await;
    assert_eq!(
        (busy.outcome, busy.message.as_str()),
        (
            Outcome::Refused,
            "too busy: 1 actions are running; send it again later"
        )
    );
    end_group(pid, Force::Kill).unwrap();
    // Its end is noticed in its own time, and then the place is free.
    while cap.running() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn calls_that_are_given_up_are_stopped_or_left_too() {
    let (agent, pids) = runs("exec sleep 600");
    let cap = Cap::new(2);
    let stopped = call(&agent, "kill", &cap);
    let left = call(&agent, "leave", &cap);
    let both = async { tokio::join!(stopped, left) };
    // Both have begun, and are given up.
    let pids = tokio::select! {
        _ = both => panic!("they take longer"),
        pids = begun(&pids, 2) => pids,
    };
    cap.stopped().await;
    let alive: Vec<bool> = pids.iter().copied().map(is_alive).collect();
    assert_eq!(alive, [false, true]);
    assert_eq!(cap.running(), 1);
    end_group(pids[1], Force::Kill).unwrap();
}

#[tokio::test]
async fn a_daemon_that_ends_answers_for_what_runs() {
    let (agent, pids) = runs("exec sleep 600");
    let cap = Cap::new(2);
    let ending = async {
        let begun = begun(&pids, 2).await;
        cap.end();
        begun
    };
    let stopped = call(&agent, "kill", &cap);
    let left = call(&agent, "leave", &cap);
    let (stopped, left, pids) = tokio::join!(stopped, left, ending);
    assert_eq!(
        (stopped.outcome, stopped.code),
        (Outcome::Failed, StatusCode(5))
    );
    let message = "ended early as the agent is being stopped and ";
    assert!(stopped.message.starts_with(message), "{stopped:?}");
    assert_eq!(left.outcome, Outcome::StillRunning);
    assert_eq!(
        left.message,
        "still running as the agent is being stopped; it goes on"
    );
    cap.stopped().await;
    assert!(!is_alive(pids[0]) && is_alive(pids[1]));
    end_group(pids[1], Force::Kill).unwrap();
}

#[tokio::test]
async fn work_on_a_thread_keeps_its_place_until_it_has_ended() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let agent = Tester::agent(move |call: ActionCall| {
        let gate = Arc::clone(&gate);
        async move {
            tokio::task::spawn_blocking(move || {
                let _call = call;
                gate.lock().unwrap().recv().unwrap();
            })
            .await
            .unwrap();
            Ok(Outputs::new())
        }
    });
    let cap = Cap::new(1);
    let end = call(&agent, "kill", &cap).await;
    assert_eq!(end.message, "timed out after 1 s and is being stopped");
    assert_eq!(cap.running(), 1);
    go.send(()).unwrap();
    cap.stopped().await;
    assert_eq!(cap.running(), 0);
}

#[tokio::test]
async fn a_panic_ends_its_own_call_and_no_other() {
    let cap = Cap::new(4);
    let inside = Tester::agent(|call: ActionCall| async move {
        tokio::task::yield_now().await;
        assert!(call.text("nothing").is_some(), "told to");
        Ok(Outputs::new())
    });
    let at_once = Tester::agent(|call: ActionCall| {
        assert!(call.text("nothing").is_some(), "told to");
        async { Ok(Outputs::new()) }
    });
    let well = Tester::agent(|_| async { Ok(outputs("well")) });
    let (inside, at_once, well) = tokio::join!(
        call(&inside, "kill", &cap),
        call(&at_once, "leave", &cap),
        call(&well, "kill", &cap)
    );
    for end in [inside, at_once] {
        assert_eq!(
            (end.outcome, end.code, end.message.as_str()),
            (
                Outcome::Failed,
                StatusCode(5),
                "the action panicked; the node's log has more"
            )
        );
    }
    assert_eq!((well.outcome, well.data), (Outcome::Ok, outputs("well")));
    assert_eq!(cap.running(), 0);
}

#[tokio::test]
async fn beyond_the_cap_calls_are_refused_at_once() {
    let cap = Cap::new(3);
    let held: Vec<_> = (0..3).map(|_| cap.take(true).unwrap()).collect();
    let agent = Tester::agent(|_| async { panic!("nobody may run this") });
    for _ in 0..10 {
        let end = call(&agent, "kill", &cap).await;
        assert_eq!(
            (end.outcome, end.code),
            (Outcome::Refused, StatusCode::UNKNOWN_ERROR)
        );
        assert_eq!(
            end.message,
            "too busy: 3 actions are running; send it again later"
        );
    }
    drop(held);
    let well = Tester::agent(|_| async { Ok(outputs("well")) });
    assert_eq!(call(&well, "kill", &cap).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn what_the_ddl_does_not_allow_takes_no_place() {
    let cap = Cap::new(0);
    let agent = Tester::agent(|_| async { Ok(Outputs::new()) });
    assert_eq!(call(&agent, "nosuch", &cap).await.outcome, Outcome::Invalid);
}
