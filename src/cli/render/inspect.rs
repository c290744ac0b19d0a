//! Values as Ruby's `inspect` and `pp` show them: rows of the original, and scripts that read
//! them, have `["a", "b"]`, `{"k"=>"v"}` and `nil`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::out::is_control;

/// On one line.
pub(crate) fn inspect(value: &Value) -> String {
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

/// Over several lines where one would be wider than `width`.
pub(crate) fn pretty(value: &Value, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    write(value, 0, 0, width, &mut line, &mut lines);
    lines.push(line);
    lines
}

/// The outputs of an action, whose names are symbols in Ruby: `{:fact=>"role"}`.
pub(crate) fn pretty_outputs(outputs: &Map<String, Value>, width: usize) -> Vec<String> {
    let flat = pairs(outputs, symbol);
    if flat.chars().count() <= width || outputs.is_empty() {
        return vec![flat];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    write_map(outputs, symbol, 0, 0, width, &mut line, &mut lines);
    lines.push(line);
    lines
}

fn pairs(map: &Map<String, Value>, name: fn(&str) -> String) -> String {
    let pairs: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{}=>{}", name(key), inspect(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Writes a value that starts at column `line.len()`, with `trailing` columns to be left free
/// after it for closing brackets and a comma. A collection that does not fit has one element a
/// line, one column to the right of its bracket.
fn write(
    value: &Value,
    indent: usize,
    trailing: usize,
    width: usize,
    line: &mut String,
    lines: &mut Vec<String>,
) {
    let flat = inspect(value);
    let fits = line.chars().count() + flat.chars().count() + trailing <= width;
    let inner = indent + 1;
    match value {
        Value::Array(items) if !fits && !items.is_empty() => {
            line.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    next(inner, line, lines);
                }
                let closing = if at + 1 == items.len() {
                    trailing + 1
                } else {
                    1
                };
                write(item, inner, closing, width, line, lines);
            }
            line.push(']');
        }
        Value::Object(map) if !fits && !map.is_empty() => {
            write_map(map, quote, indent, trailing, width, line, lines);
        }
        _ => line.push_str(&flat),
    }
}

/// One pair a line.
fn write_map(
    map: &Map<String, Value>,
    name: fn(&str) -> String,
    indent: usize,
    trailing: usize,
    width: usize,
    line: &mut String,
    lines: &mut Vec<String>,
) {
    let inner = indent + 1;
    line.push('{');
    for (at, (key, item)) in map.iter().enumerate() {
        if at > 0 {
            next(inner, line, lines);
        }
        line.push_str(&name(key));
        line.push_str("=>");
        let closing = if at + 1 == map.len() { trailing + 1 } else { 1 };
        let room = line.chars().count() + inspect(item).chars().count() + closing;
        if room > width {
            // The value goes to a line of its own, a step further in.
            lines.push(std::mem::take(line));
            line.push_str(&" ".repeat(inner + 1));
            write(item, inner + 1, closing, width, line, lines);
        } else {
            write(item, inner, closing, width, line, lines);
        }
    }
    line.push('}');
}

fn next(indent: usize, line: &mut String, lines: &mut Vec<String>) {
    line.push(',');
    lines.push(std::mem::take(line));
    line.push_str(&" ".repeat(indent));
}

/// A name as Ruby writes a symbol.
fn symbol(name: &str) -> String {
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
fn quote(text: &str) -> String {
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
    fn outputs_are_symbols() {
        let outputs = |value: Value, width| {
            let Value::Object(map) = value else {
                panic!("no map")
            };
            pretty_outputs(&map, width)
        };
        assert_eq!(
            outputs(json!({"fact": "role", "value": {"a": 1}, "a b": null}), 80),
            [r#"{:fact=>"role", :value=>{"a"=>1}, :"a b"=>nil}"#]
        );
        assert_eq!(
            outputs(json!({"fact": "role", "value": ["aaaa", "b"]}), 16),
            [r#"{:fact=>"role","#, " :value=>", r#"  ["aaaa", "b"]}"#]
        );
        assert_eq!(outputs(json!({}), 0), ["{}"]);
    }

    #[test]
    fn a_wide_list_has_an_element_a_line() {
        assert_eq!(
            pretty(&json!(["aaaa", "bbbb"]), 80),
            [r#"["aaaa", "bbbb"]"#]
        );
        assert_eq!(
            pretty(&json!(["aaaa", ["b"]]), 12),
            [r#"["aaaa","#, r#" ["b"]]"#]
        );
        assert_eq!(
            pretty(&json!({"a": [1], "b": "cccccccc"}), 14),
            [r#"{"a"=>[1],"#, r#" "b"=>"#, r#"  "cccccccc"}"#]
        );
    }
}
