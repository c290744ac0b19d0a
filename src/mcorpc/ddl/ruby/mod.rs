//! The original's DDL files, which are Ruby, read without Ruby and never carried out as such.
//!
//! Read is what DDLs are written in, and nothing that could do anything but declare:
//!
//! * the statements `metadata`, `requires`, `usage`; of agents `action` and in it `input`, `output`,
//!   `display`, `summarize`, `aggregate`; of data queries `dataquery`; of discovery methods
//!   `discovery` and `capabilities`; with parentheses or not, and blocks as `do ... end` or `{ }`;
//! * texts in single and double quotes with their escapes and `#{...}`, here documents, `%w` and its
//!   kind, symbols, numbers, `true`, `false`, `nil`, lists, ranges, regular expressions, and hashes
//!   as `:key => value`, `key: value` and `"key": value`; lines continued by a comma or a backslash;
//! * `list.each do |name| ... end`, local variables, `if`, `unless`, `elsif`, `else`,
//!   `respond_to?(:word)`, the operators of arithmetic and comparison, and the harmless methods of
//!   texts and lists (`to_s`, `capitalize`, `sub`, `include?` and the like).
//!
//! Everything else is refused, with the place and what is meant. [`write()`] makes such a file.

mod cursor;
mod declare;
mod evaluate;
mod expression;
mod literal;
mod parse;
mod parts;
mod properties;
mod syntax;
mod value;
mod write;

use super::{Ddl, Kind};
use declare::Declared;
use evaluate::Evaluator;
use parse::Parser;

pub use write::write;

/// A DDL that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct RubyError {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in it, counted from 1.
    pub column: usize,
    /// What was expected there, or why it can't be.
    pub what: String,
}

/// Reads the DDL of the plugin that is called `name`.
pub fn read(kind: Kind, name: &str, text: &str) -> Result<Ddl, RubyError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let statements = Parser::new(text).file()?;
    let mut evaluator = Evaluator::new(text, Declared::new(kind, name, text));
    evaluator.run(&statements)?;
    evaluator.declared.finish()
}

/// An error at a place of a text.
fn refuse<T>(text: &str, at: usize, what: impl Into<String>) -> Result<T, RubyError> {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Err(RubyError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        what: what.into(),
    })
}

#[cfg(test)]
mod tests;
