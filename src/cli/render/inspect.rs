//! Values as Ruby's `inspect` and `pp` show them: rows of the original, and scripts that read
//! them, have `["a", "b"]`, `{"k"=>"v"}` and `nil`.

use std::fmt::Write as _;

use serde_json::Value;

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
        Value::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}=>{}", quote(key), inspect(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
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
    let next = |line: &mut String, lines: &mut Vec<String>, indent: usize| {
        line.push(',');
        lines.push(std::mem::take(line));
        line.push_str(&" ".repeat(indent));
    };
    match value {
        Value::Array(items) if !fits && !items.is_empty() => {
            line.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    next(line, lines, inner);
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
            line.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    next(line, lines, inner);
                }
                line.push_str(&quote(key));
                line.push_str("=>");
                let closing = if at + 1 == map.len() { trailing + 1 } else { 1 };
                let room = line.chars().count() + inspect(item).chars().count() + closing;
                if room > width && !matches!(item, Value::Null | Value::Bool(_)) {
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
        _ => line.push_str(&flat),
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
            c if c.is_control() => {
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
        let value = json!({"family": "Debian", "n": [1, 2.5, null, true], "q": "a\"\n\u{1b}#{x}"});
        assert_eq!(
            inspect(&value),
            r#"{"family"=>"Debian", "n"=>[1, 2.5, nil, true], "q"=>"a\"\n\e\#{x}"}"#
        );
        assert_eq!(inspect(&json!([])), "[]");
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
