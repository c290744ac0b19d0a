//! `fact('os.family').value`: a fact, of which a structure is given as JSON.

use std::{fmt, sync::Arc};

use serde_json::{Value, json};

use super::{DataError, DataPlugin, Outputs, required};
use crate::node::facts::FactSource;

/// Looks into the node's facts.
pub struct FactData {
    facts: Arc<dyn FactSource>,
}

impl FactData {
    /// Facts from this source.
    pub fn new(facts: Arc<dyn FactSource>) -> Self {
        Self { facts }
    }
}

impl fmt::Debug for FactData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactData")
    }
}

impl DataPlugin for FactData {
    fn name(&self) -> &'static str {
        "fact"
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        let path = required(self.name(), query, 256, "a fact such as `os.family`")?;
        let facts = self.facts.snapshot();
        let (value, encoding) = match facts.get(path) {
            // The original says false three times for a fact that is not there.
            None => (json!(false), json!(false)),
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                (json!(value.to_string()), json!("application/json"))
            }
            Some(leaf) => (leaf.clone(), json!("text/plain")),
        };
        let exists = json!(value != json!(false));
        let outputs = [
            ("exists", exists),
            ("value", value),
            ("value_encoding", encoding),
        ];
        Ok(outputs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::facts::Facts;

    struct Fixed(Arc<Facts>);

    impl FactSource for Fixed {
        fn snapshot(&self) -> Arc<Facts> {
            Arc::clone(&self.0)
        }
    }

    #[test]
    fn texts_structures_and_nothing_are_told_apart() {
        let Value::Object(facts) =
            json!({"os": {"family": "Debian"}, "disks": ["a", "b"], "no": "false"})
        else {
            panic!()
        };
        let plugin = FactData::new(Arc::new(Fixed(Arc::new(Facts::new(facts)))));
        for (query, exists, value, encoding) in [
            ("os.family", true, json!("Debian"), json!("text/plain")),
            (
                "os",
                true,
                json!("{\"family\":\"Debian\"}"),
                json!("application/json"),
            ),
            ("disks.1", true, json!("b"), json!("text/plain")),
            ("no", true, json!("false"), json!("text/plain")),
            ("nosuch", false, json!(false), json!(false)),
        ] {
            let expected = json!({"exists": exists, "value": value, "value_encoding": encoding});
            assert_eq!(
                Value::Object(plugin.query(Some(query)).unwrap()),
                expected,
                "{query}"
            );
        }
        assert!(plugin.query(Some(&"x".repeat(257))).is_err());
    }
}
