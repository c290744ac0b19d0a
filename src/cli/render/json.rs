//! JSON for scripts: indented for a reader, on one line for a pipe.

use std::io;

use serde::Serialize;

use super::{Out, out::is_control};

/// Any value, as one document.
pub(crate) fn print(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let text = if out.is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    out.line(escaped(&text.map_err(io::Error::other)?))
}

/// Any value, on one line.
pub(crate) fn line(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    out.line(escaped(&text))
}

/// JSON leaves control characters above ASCII as they are, and a terminal obeys some of them.
/// They can only stand in strings, where an escape says the same.
pub(super) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_control(c) {
            use std::fmt::Write as _;
            let _infallible = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_terminal_gets_nothing_to_obey_and_a_script_gets_the_same() {
        let value = json!({"a": "\u{1b}[2J\u{9b}\u{7f}\u{202e}é日\u{1f600}"});
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(
            text,
            "{\n  \"a\": \"\\u001b[2J\\u009b\\u007f\\u202eé日\u{1f600}\"\n}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
