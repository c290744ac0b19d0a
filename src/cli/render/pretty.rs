//! Values as Ruby's `pp` shows them: over several lines where one would be too wide.

use serde_json::{Map, Value};

use crate::mcorpc::inspect::{inspect, outputs as flat_outputs, quote, symbol};

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
    let flat = flat_outputs(outputs);
    if flat.chars().count() <= width || outputs.is_empty() {
        return vec![flat];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    write_map(outputs, symbol, 0, 0, width, &mut line, &mut lines);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
