//! HOCON, the format of `pe.conf`: read with the place of everything, and changed in one place.
//!
//! Comments (`#`, `//`), `=`, `:`, `+=` or none before `{`, quoted and bare keys, dotted and nested
//! ones, commas or line ends, triple-quoted texts, and `${...}` are read; of two settings of a key
//! the later one counts, and objects merge. A bare `::` in a key is read too, which strict HOCON
//! refuses, because that is how everybody names what stands there.
//!
//! Not followed: `include`, which is noted with its place, and variables of the environment in
//! `${...}`, because those of whoever calls are not those that the file was written for.
//!
//! A change is made in the text: what is not the value that is set stays as it is, byte by byte.

mod edit;
mod lookup;
mod parse;
mod scan;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range};

pub use lookup::{Found, Setting};

/// Objects and lists in one another, and names in one dotted key.
pub const DEEPEST: usize = 64;

/// A file that was understood.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
    root: Object,
}

/// What stands between braces, or in a file without them.
#[derive(Clone, Debug, Default)]
struct Object {
    items: Vec<Item>,
    /// Where its braces are.
    braces: Option<(usize, usize)>,
}

/// One setting or one `include`.
#[derive(Clone, Debug)]
struct Item {
    at: usize,
    end: usize,
    /// Whether a comma follows.
    comma: bool,
    kind: ItemKind,
}

#[derive(Clone, Debug)]
enum ItemKind {
    Field(Field),
    Include,
}

/// One setting.
#[derive(Clone, Debug)]
struct Field {
    path: Vec<String>,
    /// Where `:` or `=` stands; none where it is `+=` or missing.
    assigned: bool,
    /// Where what follows the key begins.
    operator: usize,
    value: Value,
}

#[derive(Clone, Debug)]
struct Value {
    span: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Plain(Plain),
    Object(Object),
    Reference {
        path: Vec<String>,
        optional: bool,
    },
    /// Parts of which at least one is a reference.
    Joined,
}

/// A value that holds no others that could be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// `true` or `false`, without quotes.
    Bool(bool),
    /// Text, in quotes or not.
    Text,
    /// A number.
    Number,
    /// `null`.
    Null,
    /// `[...]`, or what `+=` makes.
    List,
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Null => "null",
            Self::List => "a list",
        })
    }
}

/// A place in a text, counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

/// Why a text is no HOCON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where.
    pub at: Position,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub right: &'static str,
}

impl Document {
    /// Reads a file's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            Error {
                at: position(&String::from_utf8_lossy(before), before.len()),
                message: "a byte that is not UTF-8".into(),
                right: "save the file as UTF-8",
            }
        })?;
        Ok(Self {
            root: parse::document(text)?,
            text: text.to_owned(),
        })
    }

    /// The file as it is.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the first `include` of its outermost object stands.
    pub fn include(&self) -> Option<Position> {
        let mut items = self.root.items.iter();
        let include = items.find(|item| matches!(item.kind, ItemKind::Include))?;
        Some(self.position(include.at))
    }

    fn position(&self, at: usize) -> Position {
        position(&self.text, at)
    }
}

/// Where a byte of a text is.
fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let shown = before.get(line_start..).unwrap_or_default();
    Position {
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        // An editor does not count it.
        column: shown.chars().filter(|c| *c != scan::BOM).count() + 1,
    }
}
