//! What an application knows without asking any node, in every form in which results can be had.

use std::io;

use serde_json::Value;

use super::{
    Out,
    format::{Form, Format},
    json,
    table::Table,
    yaml,
};
use crate::cli::voice::complain;

/// What is known, for all forms but text.
pub(crate) struct Local {
    /// All of it.
    pub(crate) document: Value,
    /// The same part by part; empty where it is one.
    pub(crate) lines: Vec<Value>,
    /// The same in rows.
    pub(crate) table: Table,
}

impl Local {
    /// Shows it; `text` is what a person reads.
    pub(crate) fn show(&self, out: &mut Out, form: Form, text: &str) -> io::Result<()> {
        match form {
            Form::Of(Format::Text) => text.lines().try_for_each(|line| out.line(line)),
            Form::Of(Format::Table) => self.table.print(out),
            Form::Of(Format::Yaml) => yaml::print(out, &self.document),
            Form::Of(Format::Jsonl) if !self.lines.is_empty() => {
                self.lines.iter().try_for_each(|line| json::line(out, line))
            }
            Form::Of(Format::Jsonl) => json::line(out, &self.document),
            Form::Of(Format::Json) | Form::Array => json::print(out, &self.document),
            Form::Of(Format::Senders) => {
                complain("note: no node was asked, so there are no senders");
                Ok(())
            }
        }?;
        out.flush()
    }
}
