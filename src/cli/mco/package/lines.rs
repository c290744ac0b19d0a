//! What people read of the packages of one node.

use std::iter;

use serde_json::{Map, Value};

use crate::{cli::render::view::cell, sys::clock};

/// rpm's or dpkg's: the original has the former only.
pub(super) fn architecture(package: &Map<String, Value>) -> Option<&Value> {
    let has = |name| package.get(name).filter(|value| !value.is_null());
    has("arch").or_else(|| has("architecture"))
}

/// The outputs of each package: of the one, or of several.
pub(super) fn each(data: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let several = data.get("packages").and_then(Value::as_array);
    let one = several.is_none().then_some(data);
    let several = several.into_iter().flatten().filter_map(Value::as_object);
    one.into_iter().chain(several)
}

/// How each package is, as the original prints the one.
pub(super) fn statuses(data: &Map<String, Value>) -> Vec<String> {
    let lines = |package: &Map<String, Value>| {
        let text = |name: &str| cell(package.get(name));
        let line = format!("{}-{}.{}", text("name"), text("ensure"), text("arch"));
        let state = state(package).map(|state| format!("| {state}"));
        iter::once(line).chain(state).collect::<Vec<_>>()
    };
    each(data).flat_map(lines).collect()
}

/// What dpkg says of a package that is neither there nor away as it should be.
pub(super) fn state(package: &Map<String, Value>) -> Option<&'static str> {
    let is = |name: &str, word: &str| package.get(name).and_then(Value::as_str) == Some(word);
    let state = STATES.iter().find(|(state, _)| is("status", state));
    let state = state.map(|(_, words)| *words);
    state.or_else(|| is("desired", "hold").then_some("held: it is not to be changed"))
}

/// dpkg's words, and what they mean.
const STATES: [(&str, &str); 6] = [
    ("config-files", "its configuration files are left"),
    (
        "half-installed",
        "half-installed: its installation or removal was begun, and is not finished",
    ),
    ("unpacked", "unpacked, and not configured yet"),
    (
        "half-configured",
        "half-configured: its configuration was begun, and is not finished",
    ),
    ("triggers-awaited", "waits for triggers of other packages"),
    ("triggers-pending", "its triggers are still to be run"),
];

/// What was done to packages that nobody had named: those that are there no more, or older, and
/// the others where all is to be shown.
pub(super) fn also(data: &Map<String, Value>, all: bool) -> Vec<String> {
    let rows = data.get("also").and_then(Value::as_array);
    let rows: Vec<&Map<String, Value>> = rows
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    let loud = ["removed", "downgraded"].map(|done| (done, true));
    let quiet = ["upgraded", "installed"].map(|done| (done, all));
    let shown = loud.into_iter().chain(quiet).filter(|(_, shown)| *shown);
    shown
        .filter_map(|(done, _)| {
            let is_so = |row: &&&Map<String, Value>| cell(row.get("done")) == done;
            let rows: Vec<String> = rows.iter().filter(is_so).map(|row| effect(row)).collect();
            (!rows.is_empty()).then(|| format!("also {done}: {}", rows.join(", ")))
        })
        .collect()
}

/// `bar 1.0`, `bar 1.0 -> 2.0`.
fn effect(row: &Map<String, Value>) -> String {
    let text = |name: &str| cell(row.get(name));
    let versions = [text("from"), text("to")];
    let versions: Vec<&str> = versions
        .iter()
        .map(String::as_str)
        .filter(|version| !version.is_empty())
        .collect();
    format!("{} {}", text("package"), versions.join(" -> "))
}

/// What keeps a list of updates from being whole.
pub(super) fn warnings(data: &Map<String, Value>) -> Vec<String> {
    let warnings = data.get("warnings").and_then(Value::as_array);
    let texts = warnings.into_iter().flatten().filter_map(Value::as_str);
    texts.map(|text| format!("warning: {text}")).collect()
}

/// What people should know of the change that was begun last: that it goes on; or that it has failed,
/// and this package, or any, is not as it wanted it.
pub(super) fn last_run(data: &Map<String, Value>, package: Option<&str>) -> Option<String> {
    let run = data.get("run")?.as_object()?;
    let text = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| run.get(name).and_then(Value::as_i64);
    let begun = format!(
        "`{}`, begun {} ago,",
        text("what"),
        clock::age(number("age").unwrap_or_default())
    );
    if text("state") == "running" {
        return Some(format!("{begun} is still running"));
    }
    let unchanged = run.get("unchanged")?.as_array()?;
    if !unchanged
        .iter()
        .any(|name| package.is_none_or(|package| name == package))
    {
        return None;
    }
    Some(match number("exitcode") {
        Some(code) => format!("{begun} has ended with exit code {code}: {}", text("words")),
        None => format!("{begun} has vanished; nobody knows how it ended"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(value: &Value) -> Vec<String> {
        statuses(value.as_object().unwrap())
    }

    #[test]
    fn a_status_is_name_version_and_architecture() {
        for (value, expected) in [
            (
                json!({"name": "bash", "ensure": "5.1-2.el9", "arch": "x86_64"}),
                &["bash-5.1-2.el9.x86_64"][..],
            ),
            (json!({"name": "foo", "ensure": "purged"}), &["foo-purged."]),
            (
                json!({
                    "packages": [{"name": "a", "ensure": "absent"}, {"name": "b", "ensure": "1"}],
                    "ensure": ["absent", "1"],
                }),
                &["a-absent.", "b-1."],
            ),
        ] {
            assert_eq!(lines(&value), expected);
        }
    }

    #[test]
    fn the_last_run_is_told_where_it_matters() {
        let run = |run: &Value, package| {
            let data = json!({"name": "a", "run": run});
            last_run(data.as_object().unwrap(), package)
        };
        let mut failed = json!({
            "what": "install a", "state": "ended", "exitcode": 100, "words": "E: no", "age": 185,
            "unchanged": ["a"],
        });
        let told = "`install a`, begun 3 minutes ago, has ended with exit code 100: E: no";
        assert_eq!(run(&failed, None).unwrap(), told);
        assert_eq!(run(&failed, Some("a")).unwrap(), told);
        assert_eq!(run(&failed, Some("b")), None);
        failed["exitcode"] = Value::Null;
        assert!(run(&failed, None).unwrap().contains(" has vanished; "));
        failed["unchanged"] = json!([]);
        assert_eq!(run(&failed, None), None);
        failed["state"] = json!("running");
        assert_eq!(
            run(&failed, Some("b")).unwrap(),
            "`install a`, begun 3 minutes ago, is still running"
        );
        assert_eq!(run(&json!("nonsense"), None), None);
    }

    #[test]
    fn dpkgs_states_and_effects_are_told() {
        let bad = json!({"name": "bad", "ensure": "absent", "status": "half-configured"});
        let several = json!({"packages": [
            bad,
            {"name": "b", "ensure": "1", "desired": "hold", "status": "installed"},
        ]});
        assert_eq!(
            lines(&several),
            [
                "bad-absent.",
                "| half-configured: its configuration was begun, and is not finished",
                "b-1.",
                "| held: it is not to be changed"
            ]
        );
        let data = json!({"also": [
            {"package": "a", "done": "removed", "from": "1", "to": null},
            {"package": "b", "done": "installed", "from": null, "to": "2"},
            {"package": "c", "done": "removed", "from": "3", "to": null},
            {"package": "d", "done": "upgraded", "from": "3", "to": "4"},
            "nonsense",
        ]});
        let also = |all| also(data.as_object().unwrap(), all);
        assert_eq!(also(false), ["also removed: a 1, c 3"]);
        assert_eq!(
            also(true),
            [
                "also removed: a 1, c 3",
                "also upgraded: d 3 -> 4",
                "also installed: b 2"
            ]
        );
        assert_eq!(
            warnings(json!({"warnings": ["x", 1]}).as_object().unwrap()),
            ["warning: x"]
        );
    }
}
