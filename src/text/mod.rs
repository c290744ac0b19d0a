//! What somebody else wrote, made fit to be shown: in a log, on a terminal, in an ERROR frame, in a
//! column.
//!
//! A name that a peer claims may hold a line end, and make a second line of a log that says what the
//! peer wants; or what a terminal obeys. Wherever such text is shown, it has been through here.

use std::fmt::Write as _;

/// Control characters; those that change the direction of text, or end a line for some readers; and
/// what is no character, which YAML does not allow.
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// On one line, with all that steers made visible.
pub fn line(text: &str) -> String {
    escaped(text, is_control)
}

/// The same, but lines stay lines, and tabs stay.
pub fn lines(text: &str) -> String {
    escaped(text, |c| !matches!(c, '\n' | '\t') && is_control(c))
}

/// At most so many characters of it, on one line. What is cut is said.
pub fn excerpt(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", line(text.get(..end).unwrap_or_default())),
        None => line(text),
    }
}

/// With blanks behind it, up to a width. What is longer stays whole; and no width follows from what
/// others wrote beyond some hundred characters, so that one long text does not widen all lines.
pub fn left(text: &str, width: usize) -> String {
    let mut padded = text.to_owned();
    padded.push_str(&blanks_beside(text, width));
    padded
}

/// The same with blanks before it.
pub fn right(text: &str, width: usize) -> String {
    let mut padded = blanks_beside(text, width);
    padded.push_str(text);
    padded
}

fn blanks_beside(text: &str, width: usize) -> String {
    " ".repeat(width.min(WIDEST).saturating_sub(text.chars().count()))
}

/// The widest column.
pub const WIDEST: usize = 500;

fn escaped(text: &str, steers: impl Fn(char) -> bool) -> String {
    if !text.contains(&steers) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' if steers(c) => out.push_str("\\n"),
            '\t' if steers(c) => out.push_str("\\t"),
            c if steers(c) => {
                let _infallible = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_or_ends_a_line() {
        let text = "\x1b[2Jgone\u{9b}1m\r\u{202e}\n\té";
        let shown = "\\u{1b}[2Jgone\\u{9b}1m\\u{d}\\u{202e}";
        assert_eq!(line(text), format!("{shown}\\n\\té"));
        assert_eq!(lines(text), format!("{shown}\n\té"));
        assert_eq!(line("as it is"), "as it is");
    }

    #[test]
    fn columns_are_not_as_wide_as_somebody_wants() {
        assert_eq!((left("é", 3), right("é", 3)), ("é  ".into(), "  é".into()));
        assert_eq!(left("too long", 3), "too long");
        for width in [70_000, usize::MAX] {
            assert_eq!(
                (left("é", width), right("", width)),
                (left("é", WIDEST), left("", WIDEST))
            );
        }
        assert_eq!(left("é", WIDEST).chars().count(), WIDEST);
    }

    #[test]
    fn an_excerpt_is_short_and_says_so() {
        assert_eq!(excerpt(" é\n日本 ", 4), "é\\n日本");
        assert_eq!(excerpt("é\n日本", 2), "é\\n...");
    }
}
