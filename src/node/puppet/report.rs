//! What the last run said: the log lines of `last_run_report.yaml`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::written;
use crate::node::facts::parse_yaml;

/// The log lines of the last run, as the original gives them; or why there are none, in words.
pub fn logs(path: &Path) -> Result<Vec<Value>, String> {
    let name = written::name(path);
    let text = written::read(path, LARGEST)?.ok_or_else(|| format!("there is no {name}"))?;
    parse(&text).map_err(|why| format!("{name} {why}"))
}

fn parse(text: &str) -> Result<Vec<Value>, String> {
    // What is behind is most of a report, may be more than a reader takes, and is not asked for.
    let head = text.find(BEHIND).and_then(|at| text.get(..=at));
    if let Some(logs) = head.and_then(|head| parse_whole(head).ok()) {
        return Ok(logs);
    }
    parse_whole(text)
}

fn parse_whole(text: &str) -> Result<Vec<Value>, String> {
    let report = parse_yaml(text).map_err(|error| format!("can't be read: {error}"))?;
    let Some(Value::Array(logs)) = report.get("logs") else {
        return Err("has no log".into());
    };
    let from = logs.len().saturating_sub(MOST);
    Ok(logs
        .iter()
        .skip(from)
        .filter_map(Value::as_object)
        .map(line)
        .collect())
}

fn line(entry: &Map<String, Value>) -> Value {
    let text = |name: &str| {
        let text = entry.get(name).and_then(Value::as_str).unwrap_or_default();
        text.chars().take(LONGEST).collect::<String>()
    };
    // Symbols are written with a colon by old versions.
    let level = text("level");
    json!({
        "time_utc": text("time"),
        "time": text("time"),
        "level": level.trim_start_matches(':'),
        "source": text("source"),
        "msg": text("message"),
    })
}

/// What comes after the log in reports since Puppet 4.
const BEHIND: &str = "\nresource_statuses:";

const LARGEST: u64 = 32 << 20;

/// Lines of a reply, the last ones, and characters of a line: a reply is no archive.
const MOST: usize = 1000;
const LONGEST: usize = 2000;

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn tags_of_ruby_do_not_matter() {
        let text = "--- !ruby/object:Puppet::Transaction::Report\nhost: vm\nlogs:\n- !ruby/object:Puppet::Util::Log\n  \
            level: !ruby/sym notice\n  message: defined 'x'\n  source: \"/Stage[main]/File[/x]/ensure\"\n  tags:\n  - a\n  \
            time: '2026-11-24T00:19:08.415276406+00:00'\n- level: :err\n  message: >\n    bad\n  time: 2026\n- nonsense\n\
            resource_statuses: {}\n";
        let logs = parse(text).unwrap();
        assert_eq!(logs.len(), 2, "{logs:?}");
        assert_eq!(logs[0]["msg"], json!("defined 'x'"));
        assert_eq!(logs[0]["level"], json!("notice"));
        assert_eq!(logs[0]["source"], json!("/Stage[main]/File[/x]/ensure"));
        assert_eq!(logs[1]["level"], json!("err"));
        assert_eq!(parse("---\nhost: x\n"), Err("has no log".into()));
        assert!(parse("--- [").is_err());
        assert!(logs_of_nothing().contains("report.yaml"));
    }

    #[test]
    fn a_report_of_many_resources_is_read_as_far_as_it_is_asked_for() {
        let mut text = "---\nhost: vm\nlogs:\n- message: hello\nresource_statuses:\n".to_owned();
        for number in 0..60_000 {
            let _never_fails = writeln!(
                text,
                "  File[/{number}]: {{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8}}"
            );
        }
        assert!(parse_whole(&text).is_err());
        assert_eq!(parse(&text).unwrap()[0]["msg"], json!("hello"));
        let other_order = "---\nresource_statuses: {}\nlogs:\n- message: hello\n";
        assert_eq!(parse(other_order).unwrap().len(), 1);
        assert_eq!(
            parse("---\nhost: x\nresource_statuses: {}\n"),
            Err("has no log".into())
        );
    }

    fn logs_of_nothing() -> String {
        logs(Path::new("/nonexistent/report.yaml")).unwrap_err()
    }
}
