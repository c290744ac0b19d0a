//! What answers mean, of our nodes and of the original's.

use serde_json::{Map, Value};

use super::told::{Asked, Begun, End, OwnRun, Status};
use crate::{client::Answer, mcorpc::reply::Reply};

/// What the original says where a run is under way already.
pub(super) const BUSY: &str = "Puppet is currently applying a catalog, cannot run now";

/// The answer to `runonce`.
pub(super) fn begun(answer: &Answer) -> Begun {
    let reply = &answer.reply;
    if reply.statusmsg.contains(BUSY) {
        return Begun::Busy;
    }
    if !answer.is_ok() {
        return Begun::No(reply.statusmsg.clone());
    }
    match reply.data.get("changed").and_then(Value::as_bool) {
        Some(false) => Begun::Busy,
        _ => Begun::Yes(number(&reply.data, "initiated_at")),
    }
}

/// The answer to `status`.
pub(super) fn status(reply: &Reply) -> Status {
    let data = &reply.data;
    Status {
        applying: data.get("applying").and_then(Value::as_bool) == Some(true),
        last_run: number(data, "lastrun"),
        own: data
            .get("run")
            .and_then(Value::as_object)
            .map(|run| OwnRun {
                state: text(run, "state"),
                initiated_at: number(run, "initiated_at"),
                code: run.get("exitcode").and_then(Value::as_i64),
                words: text(run, "words"),
                signalled: run.get("signalled").and_then(Value::as_bool) == Some(true),
            }),
        asked: match data.get("run_request").and_then(Value::as_str) {
            None => Asked::Untold,
            Some(id) => id.parse().map_or(Asked::Nobody, Asked::By),
        },
    }
}

/// The answer to `last_run_summary`: how the run ended.
pub(super) fn figures(reply: &Reply) -> End {
    let data = &reply.data;
    let result = data.get("run_result").and_then(Value::as_str);
    // Where there is a result, the problem is with something else.
    if let (None, Some(problem)) = (result, data.get("problem").and_then(Value::as_str)) {
        return End::Failed(problem.to_owned());
    }
    let failed = number(data, "failed_resources");
    match result {
        Some("changed") => End::Changed,
        Some("unchanged") => End::Unchanged,
        _ if number(data, "total_resources") <= 0 => {
            End::Failed("no catalog was applied; its log says why".to_owned())
        }
        _ if failed > 0 => End::Failed(format!("{failed} resources failed")),
        Some("failed") => {
            End::Failed("some resources could not be restarted, or events failed".to_owned())
        }
        // The original leaves it to us.
        _ if number(data, "changed_resources") > 0 => End::Changed,
        _ => End::Unchanged,
    }
}

/// How many milliseconds the last run took.
pub(super) fn took(reply: &Reply) -> u64 {
    let seconds = reply
        .data
        .get("total_time")
        .and_then(Value::as_f64)
        .unwrap_or(0.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "such a cast saturates"
    )]
    let ms = (seconds * 1000.0) as u64;
    ms
}

fn number(map: &Map<String, Value>, name: &str) -> i64 {
    map.get(name).and_then(Value::as_i64).unwrap_or(0)
}

fn text(map: &Map<String, Value>, name: &str) -> String {
    map.get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::cli::mco::puppet::runs::ended;

    fn answer(message: &str, ok: bool, data: Value) -> Answer {
        let end = if ok {
            End::Changed
        } else {
            End::Failed(message.into())
        };
        let of = ended::Of {
            id: "a".parse().unwrap(),
            caller: "cert=a".parse().unwrap(),
            agent: "puppet".parse().unwrap(),
        };
        let mut answer = ended::answer(&"n".parse().unwrap(), &end, Duration::ZERO, &of);
        let Value::Object(data) = data else { panic!() };
        answer.reply.data = data;
        answer
    }

    #[test]
    fn answers_of_both_are_understood() {
        assert_eq!(
            begun(&answer("", true, json!({"changed": true}))),
            Begun::Yes(0)
        );
        assert_eq!(
            begun(&answer(
                "",
                true,
                json!({"summary": "Started", "initiated_at": 7})
            )),
            Begun::Yes(7)
        );
        assert_eq!(
            begun(&answer("", true, json!({"changed": false}))),
            Begun::Busy
        );
        assert_eq!(begun(&answer(BUSY, false, json!({}))), Begun::Busy);
        assert_eq!(
            begun(&answer("disabled", false, json!({}))),
            Begun::No("disabled".into())
        );
        let ruby = status(&answer("", true, json!({"applying": true, "lastrun": 7})).reply);
        assert_eq!(
            ruby,
            Status {
                applying: true,
                last_run: 7,
                own: None,
                asked: Asked::Untold,
            }
        );
        for (data, expected) in [
            (json!({"run_request": null}), Asked::Untold),
            (json!({"run_request": ""}), Asked::Nobody),
            (
                json!({"run_request": "b6f8"}),
                Asked::By("b6f8".parse().unwrap()),
            ),
        ] {
            assert_eq!(status(&answer("", true, data).reply).asked, expected);
        }
        for (data, expected) in [
            (
                json!({"run_result": "unchanged", "total_resources": 9}),
                End::Unchanged,
            ),
            (
                json!({"total_resources": 9, "changed_resources": 2, "failed_resources": 0}),
                End::Changed,
            ),
            (
                json!({"total_resources": 9, "failed_resources": 2}),
                End::Failed("2 resources failed".into()),
            ),
            (
                json!({"run_result": "changed", "problem": "resources.txt can't be read"}),
                End::Changed,
            ),
            (
                json!({"problem": "it is empty"}),
                End::Failed("it is empty".into()),
            ),
        ] {
            assert_eq!(
                figures(&answer("", true, data.clone()).reply),
                expected,
                "{data}"
            );
        }
        assert!(figures(&answer("", true, json!({})).reply).is_failure());
        assert_eq!(
            took(&answer("", true, json!({"total_time": 1.5})).reply),
            1500
        );
    }
}
