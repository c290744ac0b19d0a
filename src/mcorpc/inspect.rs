//! Values as Ruby's `inspect` shows them: rows and audits of the original, and scripts that read
//! them, have `["a", "b"]`, `{"k"=>"v"}` and `nil`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::text::is_control;

/// On one line.
pub fn inspect(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inspect).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => pairs(map, quote),
    }
}

/// Inputs or outputs of an action, whose names are symbols in Ruby: `{:fact=>"role"}`.
pub fn outputs(outputs: &Map<String, Value>) -> String {
    pairs(outputs, symbol)
}

fn pairs(map: &Map<String, Value>, name: fn(&str) -> String) -> String {
    let pairs: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{}=>{}", name(key), inspect(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A name as Ruby writes a symbol.
pub fn symbol(name: &str) -> String {
    let plain = name.strip_suffix(['?', '!']).unwrap_or(name);
    let word = plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && plain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if word {
        format!(":{name}")
    } else {
        format!(":{}", quote(name))
    }
}

/// A string as Ruby writes it, with what would drive a terminal escaped.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\x1b' => out.push_str("\\e"),
            '#' if matches!(chars.peek(), Some('{' | '$' | '@')) => out.push_str("\\#"),
            c if is_control(c) => {
                let _infallible = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// JSON leaves control characters above ASCII as they are, and a terminal obeys some of them.
/// They can only stand in strings, where an escape says the same.
pub fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_control(c) {
            let _infallible = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn looks_like_ruby() {
        let value =
            json!({"family": "Debian", "n": [1, 2.5, null, true], "q": "a\"\n\u{1b}#{x}\u{202e}"});
        assert_eq!(
            inspect(&value),
            r#"{"family"=>"Debian", "n"=>[1, 2.5, nil, true], "q"=>"a\"\n\e\#{x}\u202E"}"#
        );
        assert_eq!(inspect(&json!([])), "[]");
    }

    #[test]
    fn the_terminal_gets_nothing_to_obey_and_a_script_gets_the_same() {
        let value = json!({"a": "\u{1b}[2J\u{9b}\u{7f}\u{202e}é日\u{1f600}"});
        let text = escaped_json(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(
            text,
            "{\n  \"a\": \"\\u001b[2J\\u009b\\u007f\\u202eé日\u{1f600}\"\n}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
