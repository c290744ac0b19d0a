//! Setting one value in a text whose every other byte stays.

use std::ops::Range;

use super::{Document, Field, Item, ItemKind, scan::BOM};

/// What an object's fields are indented by where none shows it.
const INDENT: &str = "  ";

/// One replacement of a piece of the text.
type Edit = (Range<usize>, String);

impl Document {
    /// The text in which the outermost object has a value under a key, which is one name.
    ///
    /// The setting that counts gets the value; where there is none, one is added at the end.
    pub fn with(&self, key: &str, value: bool) -> String {
        let last = self.root.items.iter().rev().find_map(|item| {
            let ItemKind::Field(field) = &item.kind else {
                return None;
            };
            (field.path.first()? == key).then_some(field)
        });
        let edits = match last {
            Some(field) if field.path.len() == 1 => vec![replaced(field, value)],
            _ => self.added(&format!("{}: {value}", quoted(key))),
        };
        self.apply(edits)
    }

    fn apply(&self, edits: Vec<Edit>) -> String {
        let mut text = String::with_capacity(self.text.len() + 64);
        let mut done = 0;
        for (range, new) in edits {
            text.push_str(self.text.get(done..range.start).unwrap_or_default());
            text.push_str(&new);
            done = range.end;
        }
        text.push_str(self.text.get(done..).unwrap_or_default());
        text
    }

    /// A setting more, at the end of the outermost object.
    fn added(&self, setting: &str) -> Vec<Edit> {
        let end = self.text.len();
        let line_end = self.line_end();
        let Some((open, close)) = self.root.braces else {
            let new = if self.text.ends_with('\n') || self.text.trim_start_matches(BOM).is_empty() {
                format!("{setting}{line_end}")
            } else {
                format!("{line_end}{setting}")
            };
            return vec![(end..end, new)];
        };
        let last = self.root.items.last();
        let after = last.map_or(open + 1, |item| item.end);
        let between = self.text.get(after..close).unwrap_or_default();
        let mut edits = Vec::new();
        let Some(line) = between.rfind('\n') else {
            let new = match last {
                Some(item) if !item.comma => format!(", {setting}"),
                _ => format!(" {setting} "),
            };
            let at = if last.is_some_and(|item| item.comma) {
                close
            } else {
                after
            };
            return vec![(at..at, new)];
        };
        if let Some(item) = last
            && !item.comma
            && self.root.items.iter().any(|item| item.comma)
        {
            edits.push((item.end..item.end, ",".into()));
        }
        let start = after + line + 1;
        let before_brace = self.text.get(start..close).unwrap_or_default();
        if before_brace.trim().is_empty() {
            let indent = last.map_or(INDENT, |item| self.indent(item));
            edits.push((start..start, format!("{indent}{setting}{line_end}")));
        } else {
            edits.push((close..close, format!(" {setting} ")));
        }
        edits
    }

    /// The line ends that the file has.
    fn line_end(&self) -> &'static str {
        let first = self.text.find('\n');
        let before = first.and_then(|at| self.text.get(..at));
        if before.is_some_and(|line| line.ends_with('\r')) {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// What stands before an item on its line, where that is blank.
    fn indent(&self, item: &Item) -> &str {
        let before = self.text.get(..item.at).unwrap_or_default();
        let line = before
            .rfind('\n')
            .and_then(|newline| before.get(newline + 1..));
        line.filter(|line| line.bytes().all(|byte| matches!(byte, b' ' | b'\t')))
            .unwrap_or(INDENT)
    }
}

fn replaced(field: &Field, value: bool) -> Edit {
    let span = &field.value.span;
    if field.assigned {
        (span.clone(), value.to_string())
    } else {
        // What `+=` or a bare `{` says is not meant any more.
        (field.operator..span.end, format!(": {value}"))
    }
}

/// A key in quotes, as Puppet writes it.
fn quoted(key: &str) -> String {
    let mut out = String::from("\"");
    for c in key.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                use std::fmt::Write as _;
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
