//! Rows and columns.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::out::{Out, Paint, safe_line};
use crate::text;

/// A table with a header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// The columns' names.
    pub(crate) header: Vec<String>,
    /// The rows, each as long as the header.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// Without rows.
    pub(crate) fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self {
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn push<S: Into<String>>(&mut self, row: impl IntoIterator<Item = S>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// Prints it, two blanks between the columns.
    pub(crate) fn print(&self, out: &mut Out) -> io::Result<()> {
        let mut lines = self.lines().into_iter();
        if let Some(header) = lines.next() {
            out.line(out.painted(Paint::Bold, &header))?;
        }
        lines.try_for_each(|line| out.line(line))
    }

    fn lines(&self) -> Vec<String> {
        let rows: Vec<Vec<String>> = std::iter::once(&self.header)
            .chain(&self.rows)
            .map(|row| row.iter().map(|cell| safe_line(cell)).collect())
            .collect();
        let mut widths = vec![0; self.header.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width()).min(text::WIDEST);
            }
        }
        rows.iter()
            .map(|row| {
                let mut line = String::new();
                for (width, cell) in widths.iter().zip(row) {
                    line.push_str(cell);
                    let blanks = width.saturating_sub(cell.width()) + 2;
                    line.extend(std::iter::repeat_n(' ', blanks));
                }
                line.truncate(line.trim_end().len());
                line
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_the_eye_sees() {
        let mut table = Table::new(["node", "value", "n"]);
        table.push(["a", "zwölf", "1"]);
        table.push(["bbb", "日本", ""]);
        table.push(["c", "x\ny\u{1b}", "12"]);
        assert_eq!(
            table.lines(),
            [
                "node  value       n",
                "a     zwölf       1",
                "bbb   日本",
                "c     x\\ny\\u{1b}  12",
            ]
        );
        assert_eq!(Table::default().lines(), [""]);
    }
}
