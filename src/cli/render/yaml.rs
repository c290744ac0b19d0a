//! JSON values as YAML in block style. Whatever could be read as something else is quoted as in
//! JSON, which is YAML too; control characters are thereby escaped.

use std::io;

use serde::Serialize;
use serde_json::Value;

use super::Out;
use crate::mcorpc::inspect::escaped_json;

/// Any value, as one document.
pub(crate) fn print(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let value = serde_json::to_value(value).map_err(io::Error::other)?;
    out.line(text(&value).trim_end_matches('\n'))
}

/// A document, with a line end.
fn text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut out),
        Value::Object(map) if !map.is_empty() => self::map(map, 0, &mut out),
        other => {
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
    out
}

fn list(items: &[Value], indent: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        // The first line of a list within a list or a map stands where its parent left off.
        if at > 0 || out.ends_with('\n') || out.is_empty() {
            pad(indent, out);
        }
        out.push_str("- ");
        match item {
            Value::Array(items) if !items.is_empty() => list(items, indent + 2, out),
            Value::Object(map) if !map.is_empty() => self::map(map, indent + 2, out),
            other => {
                out.push_str(&scalar(other));
                out.push('\n');
            }
        }
    }
}

fn map(map: &serde_json::Map<String, Value>, indent: usize, out: &mut String) {
    for (at, (key, item)) in map.iter().enumerate() {
        if at > 0 || out.ends_with('\n') || out.is_empty() {
            pad(indent, out);
        }
        out.push_str(&string(key));
        out.push(':');
        match item {
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                list(items, indent, out);
            }
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                self::map(map, indent + 2, out);
            }
            other => {
                out.push(' ');
                out.push_str(&scalar(other));
                out.push('\n');
            }
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        other => other.to_string(),
    }
}

/// A text without quotes where it can't be taken for anything else.
fn string(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain {
        text.to_owned()
    } else {
        escaped_json(&Value::String(text.to_owned()).to_string())
    }
}

/// Texts that are no texts to one YAML or another.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_well() {
        let value = json!({
            "schema": 1,
            "replies": [
                {"sender": "a.example.net", "data": {"x": [], "w": {}, "z": [[1, 2], "no"]}},
                {"sender": "b", "data": null},
            ],
            "text": "two\nlines: \u{1b}[2J\u{9b}\u{202e}",
            "0755": "0755",
        });
        assert_eq!(
            text(&value),
            r#"schema: 1
replies:
- sender: a.example.net
  data:
    x: []
    w: {}
    z:
    - - 1
      - 2
    - "no"
- sender: b
  data: null
text: "two\nlines: \u001b[2J\u009b\u202e"
"0755": "0755"
"#
        );
        assert_eq!(text(&json!([])), "[]\n");
        assert_eq!(text(&json!("x")), "x\n");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "(yes|No|~|-|1e3|0x1f|12:30|<<|=|a: b|a #b|null|\\.inf)".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[ -~]{0,8}", inner), 0..4)
                    .prop_map(|pairs| { Value::Object(pairs.into_iter().collect()) }),
            ]
        })
    }

    /// What a reader that is not ours makes of it: every scalar in turn, with whether it was quoted.
    fn scalars(text: &str) -> Vec<(String, bool)> {
        use granit_parser::{Event, Parser, ScalarStyle};
        let mut found = Vec::new();
        for event in Parser::new_from_str(text) {
            if let (Event::Scalar(value, style, ..), _) = event.unwrap() {
                found.push((value.into_owned(), style == ScalarStyle::DoubleQuoted));
            }
        }
        found
    }

    fn expected(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| expected(item, into)),
            Value::Object(map) => {
                for (key, item) in map {
                    into.push(key.clone());
                    expected(item, into);
                }
            }
            Value::String(text) => into.push(text.clone()),
            other => into.push(other.to_string()),
        }
    }

    #[test]
    fn what_is_no_character_is_escaped() {
        let text = text(&serde_json::json!({"a": "\u{fffe}\u{ffff}\u{feff}\u{2028}"}));
        assert!(text.contains("\\ufffe\\uffff\\ufeff\\u2028"), "{text}");
        assert_eq!(scalars(&text)[1].0, "\u{fffe}\u{ffff}\u{feff}\u{2028}");
    }

    proptest! {
        #[test]
        fn another_reader_reads_the_same(value in value()) {
            let text = text(&value);
            let mut wanted = Vec::new();
            expected(&value, &mut wanted);
            let read: Vec<String> = scalars(&text).into_iter().map(|(value, _)| value).collect();
            prop_assert_eq!(read, wanted, "{}", text);
        }
    }
}
