//! Any text is read as facts or refused; every leaf is a text, and what was read is read again from its
//! JSON, which is YAML too.

use mcollective::node::facts::parse_yaml;
use serde_json::Value;

/// Checks one document.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(facts) = parse_yaml(&text) else { return };
    assert!(facts.values().all(texts));
    let json = Value::Object(facts.clone()).to_string();
    // What aliases have made of a small text may be too large to be read.
    if let Ok(again) = parse_yaml(&json) {
        assert_eq!(again, facts, "{json}");
    } else {
        assert!(json.len() > text.len(), "{json}");
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
