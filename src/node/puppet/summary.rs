//! What the last run did, in figures: `last_run_summary.yaml`.

use std::path::Path;

use serde_json::{Map, Number, Value};

use crate::{
    node::facts::parse_yaml,
    sys::file::{self, FileError},
};

/// The figures of a run: maps of `version`, `resources`, `time`, `changes`, `events` and what newer
/// versions add. Any of them may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary(Map<String, Value>);

/// What the file is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// Puppet has never finished a run here.
    Absent,
    /// Figures.
    Read(Summary),
    /// Something else, in words.
    Broken(String),
}

impl Reading {
    /// Reads the file; one that is being written is read again.
    pub(super) fn of(path: &Path) -> Self {
        match Self::once(path) {
            Self::Broken(_) => Self::once(path),
            read => read,
        }
    }

    fn once(path: &Path) -> Self {
        match file::read_lossy(path, LARGEST) {
            Ok(text) => Self::parse(&text, &name(path)),
            Err(FileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::Absent
            }
            Err(error) => Self::Broken(error.to_string()),
        }
    }

    fn parse(text: &str, name: &str) -> Self {
        if text.trim().is_empty() {
            return Self::Broken(format!("{name} is empty"));
        }
        let map = match parse_yaml(text) {
            Ok(map) => map,
            Err(error) => return Self::Broken(format!("{name} can't be read: {error}")),
        };
        let Value::Object(map) = numbers(Value::Object(map)) else {
            return Self::Broken(format!("{name} is no map"));
        };
        let summary = Summary(map);
        if summary.last_run().is_none() {
            return Self::Broken(format!("{name} does not say when the last run was"));
        }
        Self::Read(summary)
    }
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Summary {
    /// When the run ended, in seconds since 1970; the file has nothing to say without it.
    pub fn last_run(&self) -> Option<i64> {
        let at = self.figure("time", "last_run")?;
        at.as_i64()
            .or_else(|| at.as_f64().and_then(whole))
            .filter(|at| *at > 0)
    }

    /// A figure.
    pub fn figure(&self, part: &str, name: &str) -> Option<&Value> {
        self.0.get(part)?.get(name)
    }

    /// A count, where it is one.
    pub fn count(&self, part: &str, name: &str) -> Option<i64> {
        let count = self.figure(part, name)?;
        count.as_i64().or_else(|| count.as_f64().and_then(whole))
    }

    /// Seconds, where they are some.
    pub fn seconds(&self, name: &str) -> Option<f64> {
        self.figure("time", name)?.as_f64()
    }

    /// All of it, with the parts that the original expects.
    pub fn as_map(&self) -> Map<String, Value> {
        let mut map: Map<String, Value> = PARTS
            .iter()
            .map(|part| ((*part).to_owned(), Value::Object(Map::new())))
            .collect();
        map.extend(self.0.clone());
        map
    }

    /// Whether the run did not do all that it should have.
    pub fn failed(&self) -> bool {
        let any = |part, name| self.count(part, name).is_some_and(|count| count > 0);
        // Where no catalog could be had there are no resources.
        self.count("resources", "total")
            .is_none_or(|total| total == 0)
            || any("resources", "failed")
            || any("resources", "failed_to_restart")
            || any("events", "failure")
    }

    /// Whether the run changed something.
    pub fn changed(&self) -> bool {
        let any = |part, name| self.count(part, name).is_some_and(|count| count > 0);
        any("changes", "total") || any("resources", "changed")
    }
}

const PARTS: [&str; 5] = ["changes", "time", "resources", "version", "events"];

/// What looks like a number is one: the reader gives texts.
fn numbers(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| (key, numbers(value)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(numbers).collect()),
        Value::String(text) => number(&text).map_or(Value::String(text), Value::Number),
        other => other,
    }
}

fn number(text: &str) -> Option<Number> {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    // No leading zeros: `007` is no number, and a version such as `7.23.0` is none either.
    let plain = text.trim_start_matches('-');
    if !text.chars().all(numeric) || !plain.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => text.parse().ok().and_then(Number::from_f64),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "such a cast saturates, and is checked"
)]
fn whole(number: f64) -> Option<i64> {
    (number.is_finite() && number.abs() < 1e15).then_some(number as i64)
}

const LARGEST: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SUMMARY: &str = "---\nversion:\n  config: 1795479548\n  puppet: 7.23.0\napplication:\n  run_mode: agent\n\
        resources:\n  changed: 2\n  corrective_change: 0\n  failed: 0\n  failed_to_restart: 0\n  out_of_sync: 2\n  \
        total: 9\ntime:\n  config_retrieval: 0.085043915\n  filebucket: 4.1481e-05\n  total: 0.022322145\n  \
        last_run: 1795479548\nchanges:\n  total: 2\nevents:\n  failure: 0\n  success: 2\n  total: 2\n";

    fn read(text: &str) -> Summary {
        match Reading::parse(text, "s.yaml") {
            Reading::Read(summary) => summary,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn figures_are_numbers_and_versions_are_texts() {
        let summary = read(SUMMARY);
        assert_eq!(summary.last_run(), Some(1_795_479_548));
        assert_eq!(summary.count("resources", "total"), Some(9));
        assert_eq!(summary.seconds("filebucket"), Some(4.1481e-05));
        assert_eq!(summary.figure("version", "puppet"), Some(&json!("7.23.0")));
        assert_eq!(summary.as_map()["application"]["run_mode"], json!("agent"));
        assert!(summary.changed() && !summary.failed());
    }

    #[test]
    fn what_failed_is_told_from_what_did_not() {
        let without = |name: &str, value: &str| {
            read(&SUMMARY.replace(&format!("{name}: 0"), &format!("{name}: {value}")))
        };
        assert!(without("failed", "1").failed());
        assert!(without("failed_to_restart", "1").failed());
        assert!(without("failure", "3").failed());
        // A catalog that could not be compiled.
        let summary =
            read("---\ntime:\n  last_run: 1795479548\nversion:\n  config:\n  puppet: 5.5.0\n");
        assert!(summary.failed() && !summary.changed());
        assert_eq!(summary.as_map()["events"], json!({}));
        let quiet = SUMMARY
            .replace("changed: 2", "changed: 0")
            .replace("total: 2", "total: 0");
        assert!(!read(&quiet).failed() && !read(&quiet).changed());
    }

    #[test]
    fn whatever_is_broken_is_a_sentence() {
        for (text, expected) in [
            ("", "s.yaml is empty"),
            ("  \n", "s.yaml is empty"),
            (
                "--- foo",
                "s.yaml can't be read: the document is not a map of facts",
            ),
            (
                "---\nversion:\n  config: 1\n",
                "s.yaml does not say when the last run was",
            ),
            (
                "---\ntime: 7\n",
                "s.yaml does not say when the last run was",
            ),
            (
                "---\ntime:\n  last_run: soon\n",
                "s.yaml does not say when the last run was",
            ),
            (
                "---\ntime:\n  last_run: -4\n",
                "s.yaml does not say when the last run was",
            ),
            (
                "---\ntime:\n  last_run: .nan\n",
                "s.yaml does not say when the last run was",
            ),
        ] {
            assert_eq!(
                Reading::parse(text, "s.yaml"),
                Reading::Broken(expected.into()),
                "{text:?}"
            );
        }
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Reading::of(&dir.path().join("none")), Reading::Absent);
        assert!(matches!(Reading::of(dir.path()), Reading::Broken(_)));
    }

    proptest::proptest! {
        #[test]
        fn a_summary_cut_anywhere_is_read_or_said_to_be_broken(end in 0..SUMMARY.len()) {
            let text = &SUMMARY[..end];
            proptest::prop_assert!(Reading::parse(text, "s.yaml") != Reading::Absent);
        }

        #[test]
        fn any_text_is_survived(text in ".{0,200}") {
            drop(Reading::parse(&text, "s.yaml"));
        }
    }
}
