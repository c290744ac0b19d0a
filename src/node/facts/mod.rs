//! What is so on this machine: `os.family` is `Debian`, `role` is `web`.
//!
//! Facts come from the files that the site names (`plugin.yaml`) or, where it names none, from the
//! machine itself in Facter's structure. Either way they are what the original makes of them:
//! structures stay, and every leaf is text, so that a filter means the same everywhere.

mod files;
pub mod native;
mod plain;
mod ruby;
mod yaml;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

pub use self::{
    files::FileFacts,
    native::NativeFacts,
    yaml::{YamlError, parse as parse_yaml},
};

/// Where facts come from.
pub trait FactSource: Send + Sync {
    /// The facts of now, or of a moment ago. May read files.
    fn snapshot(&self) -> Arc<Facts>;
}

/// The source that a configuration asks for: the files of `plugin.yaml`, separated by colons, or
/// the machine where there is no such setting. `cache` is `fact_cache_time`.
pub fn source(files: Option<&str>, cache: Duration) -> Arc<dyn FactSource> {
    match files.filter(|files| !files.trim().is_empty()) {
        Some(files) => Arc::new(FileFacts::new(files, cache)),
        None => Arc::new(NativeFacts::new(cache)),
    }
}

/// All facts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    facts: Map<String, Value>,
    unknown: Option<String>,
}

impl Facts {
    /// Takes facts as they are: leaves should be strings.
    pub fn new(facts: Map<String, Value>) -> Self {
        Self {
            facts,
            unknown: None,
        }
    }

    /// The same, of which some are missing or old for this reason, if there is one.
    #[must_use]
    pub fn without(self, unknown: Option<String>) -> Self {
        Self { unknown, ..self }
    }

    /// Why there may be others, where that can't be said.
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// A fact, and why it may be another.
    pub fn get_or_doubt(&self, path: &str) -> (Option<Value>, Option<String>) {
        (self.get(path).cloned(), self.unknown.clone())
    }

    /// A fact by its literal name, or else by a dotted path into a structure: `os.family`,
    /// `mountpoints.0`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        within(&self.facts, path)
    }

    /// All facts by name, for an inventory.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.facts
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}

impl From<Map<String, Value>> for Facts {
    fn from(facts: Map<String, Value>) -> Self {
        Self::new(facts)
    }
}

/// At each level the whole rest is tried as a name first: names like `eth0.100` have dots too.
fn within<'a>(map: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    map.get(path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| {
            let (name, rest) = (path.get(..dot)?, path.get(dot + 1..)?);
            step(map.get(name)?, rest)
        })
    })
}

fn step<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => within(map, path),
        Value::Array(list) => {
            let (index, rest) = match path.split_once('.') {
                Some((index, rest)) => (index, Some(rest)),
                None => (path, None),
            };
            let number = index.bytes().all(|byte| byte.is_ascii_digit());
            let element = list.get(index.parse::<usize>().ok().filter(|_| number)?)?;
            rest.map_or(Some(element), |rest| step(element, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(value: Value) -> Facts {
        let Value::Object(map) = value else {
            panic!("no map")
        };
        Facts::new(map)
    }

    #[test]
    fn a_literal_name_comes_before_a_path() {
        let facts = facts(json!({"os.family": "literal", "os": {"family": "Debian", "name": "x"}}));
        assert_eq!(facts.get("os.family"), Some(&json!("literal")));
        assert_eq!(facts.get("os.name"), Some(&json!("x")));
    }

    #[test]
    fn paths_lead_into_maps_and_lists() {
        let facts = facts(json!({
            "disks": [{"name": "sda"}, ["x", "y"]],
            "networking": {"interfaces": {"eth0.100": {"ip": "10.0.0.1"}}},
            "role": "web",
        }));
        for (path, expected) in [
            ("disks.0.name", Some(json!("sda"))),
            ("disks.1.1", Some(json!("y"))),
            ("networking.interfaces.eth0.100.ip", Some(json!("10.0.0.1"))),
            ("disks.2", None),
            ("disks.-1", None),
            ("disks.+1", None),
            ("disks.", None),
            ("disks.99999999999999999999", None),
            ("role.x", None),
            ("role", Some(json!("web"))),
            (".", None),
            ("", None),
        ] {
            assert_eq!(facts.get(path), expected.as_ref(), "{path}");
        }
    }

    #[test]
    fn the_configuration_chooses_the_source() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("facts.yaml");
        crate::sys::file::write_new(&path, b"role: web", 0o644).unwrap();
        let files = source(path.to_str(), Duration::from_mins(5));
        assert_eq!(files.snapshot().get("role"), Some(&json!("web")));
        let native = source(Some(" "), Duration::from_mins(5));
        assert_eq!(native.snapshot().get("kernel"), Some(&json!("Linux")));
    }
}
