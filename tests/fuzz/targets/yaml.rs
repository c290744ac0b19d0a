//! Any text is read as facts or refused; every leaf is a text, and what was read is read again from its
//! JSON, which is YAML too.

use mcollective::{mcorpc::inspect::escaped_json, node::facts::parse_yaml};
use serde_json::Value;

/// Checks one document.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(facts) = parse_yaml(&text) else { return };
    assert!(facts.values().all(texts));
    // YAML does not take all characters as they are.
    let json = escaped_json(&Value::Object(facts.clone()).to_string());
    // Names of more than 1024 characters, and what aliases have made of a small text, are refused.
    if let Ok(again) = parse_yaml(&json) {
        assert_eq!(again, facts, "{json}");
    }
}

fn texts(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().all(texts),
        Value::Object(map) => map.values().all(texts),
        _ => false,
    }
}
