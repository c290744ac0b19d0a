//! Requests without their secrets, for what is written down.
//!
//! A secret is an input that its DDL declares `sensitive`, and whatever has a name that says so, at
//! any depth: a DDL that is older than that word, or an input that nobody declared, is no reason to
//! write a password into a file.

use serde_json::{Map, Value};

use super::Action;

/// Stands for a secret.
pub const REDACTED: &str = "***";

/// Parts of a name that make its value a secret.
const MARKS: [&str; 6] = ["pass", "psk", "secret", "token", "private", "credential"];

/// The inputs of a request, without secrets.
pub fn redacted(action: Option<&Action>, inputs: &Map<String, Value>) -> Map<String, Value> {
    let declared = |name: &str| {
        let input = action.and_then(|action| action.input_named(name));
        input.is_some_and(|input| input.sensitive)
    };
    inputs
        .iter()
        .map(|(name, value)| {
            let value = if declared(name) {
                REDACTED.into()
            } else {
                named(name, value)
            };
            (name.clone(), value)
        })
        .collect()
}

fn named(name: &str, value: &Value) -> Value {
    let name = name.to_ascii_lowercase();
    match value {
        _ if MARKS.iter().any(|mark| name.contains(mark)) => REDACTED.into(),
        Value::Object(map) => Value::Object(redacted(None, map)),
        Value::Array(items) => items.iter().map(|item| named("", item)).collect(),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcorpc::ddl::{Input, InputType};

    #[test]
    fn what_is_declared_or_named_a_secret_is_not_shown() {
        let input = |name| Input::new(name, "", "", InputType::Hash);
        let action = Action::new("set", "").input(input("user")).input(Input {
            sensitive: true,
            ..input("pin")
        });
        let inputs = json!({
            "user": "ann", "pin": {"a": 1}, "db_PASSWORD": "hunter2", "n": 3,
            "more": [{"api-token": ["hunter2"], "key": "k"}, "hunter"],
        });
        let expected = json!({
            "user": "ann", "pin": "***", "db_PASSWORD": "***", "n": 3,
            "more": [{"api-token": "***", "key": "k"}, "hunter"],
        });
        let inputs = inputs.as_object().unwrap();
        assert_eq!(Value::Object(redacted(Some(&action), inputs)), expected);
        // Of an action that is not known, the names still tell.
        assert_eq!(redacted(None, inputs)["pin"], json!({"a": 1}));
        assert_eq!(redacted(None, inputs)["db_PASSWORD"], "***");
    }
}
