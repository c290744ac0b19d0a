//! JSON for scripts: indented for a reader, on one line for a pipe.

use std::io;

use serde::Serialize;

use super::Out;
use crate::mcorpc::inspect::escaped_json;

/// Any value, as one document.
pub(crate) fn print(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let text = if out.is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    out.line(escaped_json(&text.map_err(io::Error::other)?))
}

/// Any value, on one line.
pub(crate) fn line(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    out.line(escaped_json(&text))
}
