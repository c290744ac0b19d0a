//! What the last run did, in figures: `last_run_summary.yaml`.

use std::path::Path;

use serde_json::{Map, Number, Value};

use super::written;
use crate::node::facts::parse_yaml;

/// The figures of a run: maps of `version`, `resources`, `time`, `changes`, `events` and what newer
/// versions add. Any of them may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    parts: Map<String, Value>,
    name: String,
}

/// What a summary says of one count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Nothing: another version's, or a run without a catalog.
    Missing,
    /// This.
    Is(i64),
    /// Something that is no count.
    Odd,
}

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
    /// Reads the file.
    pub(super) fn of(path: &Path) -> Self {
        match written::read(path, LARGEST) {
            Ok(None) => Self::Absent,
            Ok(Some(text)) => Self::parse(&text, &written::name(path)),
            Err(why) => Self::Broken(why),
        }
    }

    fn parse(text: &str, name: &str) -> Self {
        let map = match parse_yaml(text) {
            Ok(map) => map,
            Err(error) => return Self::Broken(format!("{name} can't be read: {error}")),
        };
        if map.is_empty() {
            return Self::Broken(format!("{name} is empty"));
        }
        let numbers = |(part, value)| {
            let value = match value {
                Value::Object(map) if part == "version" => {
                    let version = |(name, value)| (name, version(value));
                    Value::Object(map.into_iter().map(version).collect())
                }
                value => numbers(value),
            };
            (part, value)
        };
        let summary = Summary {
            parts: map.into_iter().map(numbers).collect(),
            name: name.to_owned(),
        };
        if summary.last_run().is_none() {
            return Self::Broken(format!("{name} does not say when the last run was"));
        }
        Self::Read(summary)
    }
}

impl Summary {
    /// When the run ended, in seconds since 1970; the file has nothing to say without it.
    pub fn last_run(&self) -> Option<i64> {
        let at = self.part("time", "last_run")?;
        at.as_i64()
            .or_else(|| at.as_f64().and_then(whole))
            .filter(|at| (1..LATEST).contains(at))
    }

    fn part(&self, part: &str, name: &str) -> Option<&Value> {
        self.parts.get(part)?.get(name)
    }

    /// A count.
    pub fn count(&self, part: &str, name: &str) -> Figure {
        match self.parts.get(part) {
            None | Some(Value::Null) => return Figure::Missing,
            // What YAML has as nothing.
            Some(Value::String(text)) if text.is_empty() => return Figure::Missing,
            Some(Value::Object(_)) => {}
            Some(_) => return Figure::Odd,
        }
        let Some(count) = self.part(part, name) else {
            return Figure::Missing;
        };
        let count = count
            .as_i64()
            .or_else(|| count.as_f64().and_then(whole))
            .filter(|count| *count >= 0);
        count.map_or(Figure::Odd, Figure::Is)
    }

    /// Whether there was a catalog, of which something can be counted.
    pub fn has_resources(&self) -> bool {
        matches!(self.parts.get("resources"), Some(Value::Object(_)))
    }

    /// Which catalog it was: a text, or a number where Puppet counts seconds.
    pub fn config_version(&self) -> Option<&Value> {
        let version = self.part("version", "config")?;
        let is_one = version.is_number() || version.as_str().is_some_and(|text| !text.is_empty());
        is_one.then_some(version)
    }

    /// Which of the counts that tell how a run ended is none, in a sentence.
    pub fn oddity(&self) -> Option<String> {
        let odd = |(part, name): &(&str, &str)| self.count(part, name) == Figure::Odd;
        let (part, name) = TELLING.into_iter().find(odd)?;
        Some(format!("{} has no number as {part}.{name}", self.name))
    }

    /// Seconds, where they are some.
    pub fn seconds(&self, name: &str) -> Option<&Number> {
        self.part("time", name)?.as_number()
    }

    /// All of it, with the parts that the original expects.
    pub fn as_map(&self) -> Map<String, Value> {
        let mut map: Map<String, Value> = PARTS
            .iter()
            .map(|part| ((*part).to_owned(), Value::Object(Map::new())))
            .collect();
        map.extend(self.parts.clone());
        map
    }

    /// Whether the run did not do all that it should have.
    pub fn failed(&self) -> bool {
        // Where no catalog could be had there are no resources.
        !self.any("resources", "total")
            || self.any("resources", "failed")
            || self.any("resources", "failed_to_restart")
            || self.any("events", "failure")
    }

    /// Whether the run changed something.
    pub fn changed(&self) -> bool {
        self.any("changes", "total") || self.any("resources", "changed")
    }

    fn any(&self, part: &str, name: &str) -> bool {
        matches!(self.count(part, name), Figure::Is(1..))
    }
}

/// The counts that tell how a run ended, and those that are shown.
const TELLING: [(&str, &str); 8] = [
    ("resources", "total"),
    ("resources", "failed"),
    ("resources", "failed_to_restart"),
    ("resources", "changed"),
    ("resources", "corrective_change"),
    ("resources", "out_of_sync"),
    ("changes", "total"),
    ("events", "failure"),
];

/// The year 10000.
const LATEST: i64 = 253_402_300_800;

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

/// A version that looks like a number may be the hash of a commit, or 1.10; only seconds since 1970 are
/// one.
fn version(value: Value) -> Value {
    let Value::String(text) = value else {
        return value;
    };
    let counted = text.len() < 16 && !text.starts_with(['0', '+']);
    match text.parse::<u64>() {
        Ok(number) if counted => number.into(),
        _ => text.into(),
    }
}

fn number(text: &str) -> Option<Number> {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    // A version such as `7.23.0` is none.
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

    /// As the file would be read.
    fn parse(text: &str) -> Reading {
        match written::whole(text, "s.yaml") {
            Ok(text) => Reading::parse(text, "s.yaml"),
            Err(why) => Reading::Broken(why),
        }
    }

    fn read(text: &str) -> Summary {
        match parse(text) {
            Reading::Read(summary) => summary,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn figures_are_numbers_and_versions_are_texts() {
        let summary = read(SUMMARY);
        assert_eq!(summary.last_run(), Some(1_795_479_548));
        assert_eq!(summary.count("resources", "total"), Figure::Is(9));
        assert_eq!(
            summary.seconds("filebucket").and_then(Number::as_f64),
            Some(4.1481e-05)
        );
        assert_eq!(summary.as_map()["version"]["puppet"], json!("7.23.0"));
        assert_eq!(summary.config_version(), Some(&json!(1_795_479_548)));
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
            ("---\n", "s.yaml is empty"),
            (
                "--- foo\n",
                "s.yaml can't be read: the document is not a map of facts",
            ),
            ("---\ntime:\n  last_run: 17954", "s.yaml is cut off"),
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
                "---\ntime:\n  last_run: 9223372036854775807\n",
                "s.yaml does not say when the last run was",
            ),
            (
                "---\ntime:\n  last_run: .nan\n",
                "s.yaml does not say when the last run was",
            ),
        ] {
            assert_eq!(parse(text), Reading::Broken(expected.into()), "{text:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Reading::of(&dir.path().join("none")), Reading::Absent);
        assert!(matches!(Reading::of(dir.path()), Reading::Broken(_)));
    }

    #[test]
    fn a_summary_that_was_cut_anywhere_says_so_or_says_the_same() {
        let whole = read(SUMMARY);
        for end in 0..SUMMARY.len() {
            match parse(&SUMMARY[..end]) {
                Reading::Broken(why) => assert!(why.starts_with("s.yaml "), "{why}"),
                Reading::Read(cut) => {
                    assert_eq!(cut.last_run(), whole.last_run(), "{end}");
                    assert_eq!(
                        (cut.failed(), cut.changed(), cut.oddity()),
                        (whole.failed(), whole.changed(), None)
                    );
                }
                Reading::Absent => panic!("{end}"),
            }
        }
    }

    #[test]
    fn what_is_no_count_is_said_and_never_taken_for_none() {
        for (from, to, expected) in [
            ("failed: 0", "failed: two", "resources.failed"),
            ("failed: 0", "failed: -3", "resources.failed"),
            ("failed: 0", "failed: .nan", "resources.failed"),
            ("failed: 0", "failed: 1e400", "resources.failed"),
            ("failed: 0", "failed: [1]", "resources.failed"),
            ("failed: 0", "failed: 1.0e+300", "resources.failed"),
            ("total: 9", "total: many", "resources.total"),
            ("failure: 0", "failure: {}", "events.failure"),
            ("changes:\n  total: 2", "changes: 17", "changes.total"),
        ] {
            let summary = read(&SUMMARY.replacen(from, to, 1));
            assert_eq!(
                summary.oddity(),
                Some(format!("s.yaml has no number as {expected}")),
                "{to}"
            );
        }
        let quoted = read(&SUMMARY.replace("failed: 0", "failed: '3'"));
        assert_eq!((quoted.failed(), quoted.oddity()), (true, None));
        let without = read(&SUMMARY.replace("events:", "events: ~\nmore:"));
        assert_eq!((without.failed(), without.oddity()), (false, None));
        let tagged = format!("\u{feff}{}", SUMMARY.replace('\n', "\r\n"))
            .replace("---", "--- !ruby/object:Puppet::Summary");
        assert_eq!(read(&tagged), read(SUMMARY));
        let symbols = SUMMARY
            .replace("time:", ":time:")
            .replace("last_run:", ":last_run:");
        assert_eq!(read(&symbols).last_run(), read(SUMMARY).last_run());
    }

    #[test]
    fn a_version_is_what_was_written() {
        for (version, expected) in [
            ("1795479548", json!(1_795_479_548)),
            ("'1.10'", json!("1.10")),
            ("'0012345'", json!("0012345")),
            ("1234e56", json!("1234e56")),
            (
                "'1234567890123456789012345678901234567890'",
                json!("1234567890123456789012345678901234567890"),
            ),
        ] {
            let text = SUMMARY.replace("config: 1795479548", &format!("config: {version}"));
            assert_eq!(read(&text).config_version(), Some(&expected), "{version}");
        }
        let none = SUMMARY.replace("config: 1795479548", "config:");
        assert_eq!(read(&none).config_version(), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}\n?") {
            drop(parse(&text));
        }
    }
}
