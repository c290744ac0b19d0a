//! What people read of the packages of one node.

use serde_json::{Map, Value};

use crate::cli::render::view::cell;

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

/// How the one package is, as the original prints it, or each of several.
pub(super) fn statuses(data: &Map<String, Value>) -> Vec<String> {
    if !matches!(data.get("packages"), Some(Value::Array(_))) {
        let text = |name: &str| cell(data.get(name));
        let mut lines = vec![format!(
            "{}-{}.{}",
            text("name"),
            text("ensure"),
            text("arch")
        )];
        lines.extend(state(data).map(|state| format!("| {state}")));
        return lines;
    }
    let line = |package: &Map<String, Value>| {
        let line = format!("{}: {}", cell(package.get("name")), status(package));
        match state(package) {
            Some(state) => format!("{line} ({state})"),
            None => line,
        }
    };
    each(data).map(line).collect()
}

/// One of several: `bash-5.2.15-2+b8.amd64`, and a word for what is not installed.
fn status(package: &Map<String, Value>) -> String {
    let text = |name: &str| cell(package.get(name));
    let (name, ensure, arch) = (text("name"), text("ensure"), cell(architecture(package)));
    match ensure.as_str() {
        "absent" | "purged" => ensure,
        _ if arch.is_empty() => format!("{name}-{ensure}"),
        _ => format!("{name}-{ensure}.{arch}"),
    }
}

/// What dpkg says of a package that is neither there nor away as it should be.
fn state(package: &Map<String, Value>) -> Option<&'static str> {
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

/// What people should know of the change that was begun last: that it goes on; or has failed, if it
/// was one of these packages.
pub(super) fn last_run(data: &Map<String, Value>) -> Option<String> {
    let run = data.get("run")?.as_object()?;
    let text = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default();
    let what = text("what");
    let of_these = each(data).any(|package| {
        let name = package.get("name").and_then(Value::as_str);
        name.is_some_and(|name| what.split(' ').skip(1).any(|word| word == name))
    });
    if !of_these && text("state") != "running" {
        return None;
    }
    match (text("state"), run.get("exitcode").and_then(Value::as_i64)) {
        ("running", _) => Some(format!("| `{what}` is still running")),
        ("vanished", _) => Some(format!(
            "| `{what}` has vanished; nobody knows how it ended"
        )),
        ("ended", Some(code)) if code != 0 => Some(format!(
            "| `{what}` has ended with exit code {code}: {}",
            text("words")
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_is_name_version_and_architecture() {
        let row = |value: Value| status(value.as_object().unwrap());
        for (value, expected) in [
            (
                json!({"name": "bash", "ensure": "5.1-2.el9", "arch": "x86_64"}),
                "bash-5.1-2.el9.x86_64",
            ),
            (
                json!({"name": "bash", "ensure": "5.2.15-2+b8"}),
                "bash-5.2.15-2+b8",
            ),
            (json!({"name": "foo", "ensure": "purged"}), "purged"),
        ] {
            assert_eq!(row(value), expected);
        }
        let data = json!({
            "packages": [{"name": "a", "ensure": "absent"}, {"name": "b", "ensure": "1"}],
            "ensure": ["absent", "1"],
        });
        let lines = statuses(data.as_object().unwrap());
        assert_eq!(lines, ["a: absent", "b: b-1"]);
        let lines = |value: Value| statuses(value.as_object().unwrap());
        let one = lines(json!({"name": "nosuch", "ensure": "purged"}));
        assert_eq!(one, ["nosuch-purged."]);
        let one = lines(json!({"name": "bash", "ensure": "5.2", "arch": "amd64"}));
        assert_eq!(one, ["bash-5.2.amd64"]);
        let run = |run: Value| last_run(json!({"name": "a", "run": run}).as_object().unwrap());
        assert_eq!(
            run(json!({"what": "install a", "state": "ended", "exitcode": 0})),
            None
        );
        let failed =
            json!({"what": "install a", "state": "ended", "exitcode": 100, "words": "E: no"});
        assert_eq!(
            run(failed.clone()).unwrap(),
            "| `install a` has ended with exit code 100: E: no"
        );
        let other = json!({"name": "b", "run": failed});
        assert_eq!(last_run(other.as_object().unwrap()), None);
        let running = json!({"what": "install c", "state": "running", "exitcode": null});
        assert_eq!(run(running).unwrap(), "| `install c` is still running");
    }

    #[test]
    fn dpkgs_states_and_effects_are_told() {
        let lines = |value: Value| statuses(value.as_object().unwrap());
        let bad = json!({"name": "bad", "ensure": "absent", "status": "half-configured"});
        assert_eq!(
            lines(bad.clone()),
            [
                "bad-absent.",
                "| half-configured: its configuration was begun, and is not finished"
            ]
        );
        assert_eq!(
            lines(
                json!({"packages": [bad, {"name": "b", "ensure": "1", "desired": "hold", "status": "installed"}]})
            ),
            [
                "bad: absent (half-configured: its configuration was begun, and is not finished)",
                "b: b-1 (held: it is not to be changed)"
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
