//! The words of HOCON: blanks, comments, texts in quotes, bare words.

use super::{Error, position};

/// What some editors put before a text.
pub(super) const BOM: char = '\u{feff}';

/// A place in a text that moves forward.
pub(super) struct Scanner<'t> {
    text: &'t str,
    pub(super) at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn sees(&self, word: &str) -> bool {
        self.rest().starts_with(word)
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        let there = self.sees(word);
        if there {
            self.at += word.len();
        }
        there
    }

    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn error(&self, message: impl Into<String>, right: &'static str) -> Error {
        self.error_at(self.at, message, right)
    }

    pub(super) fn error_at(
        &self,
        at: usize,
        message: impl Into<String>,
        right: &'static str,
    ) -> Error {
        Error {
            at: position(self.text, at),
            message: message.into(),
            right,
        }
    }

    pub(super) fn line_of(&self, at: usize) -> usize {
        position(self.text, at).line
    }

    /// Whether a comment begins here.
    pub(super) fn sees_comment(&self) -> bool {
        self.sees("#") || self.sees("//")
    }

    /// Goes over blanks on this line.
    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        let blank = rest.trim_start_matches(is_blank);
        self.at += rest.len() - blank.len();
    }

    /// Goes over blanks, comments and line ends; whether there was a line end.
    pub(super) fn skip_lines(&mut self) -> bool {
        let mut line_end = false;
        loop {
            self.skip_blanks();
            if self.take("\n") {
                line_end = true;
            } else if self.sees_comment() {
                let rest = self.rest();
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else {
                return line_end;
            }
        }
    }

    /// A bare word; empty where there is none. `stops` says what ends it beside HOCON's own.
    pub(super) fn word(&mut self, stops: impl Fn(char) -> bool) -> &'t str {
        let start = self.at;
        while let Some(c) = self.peek() {
            if c == '\n' || is_blank(c) || is_reserved(c) || stops(c) || self.sees("//") {
                break;
            }
            self.at += c.len_utf8();
        }
        self.since(start)
    }

    /// A text in one or three double quotes, which begins here.
    pub(super) fn quoted(&mut self) -> Result<String, Error> {
        let start = self.at;
        if self.take("\"\"\"") {
            let body = self.at;
            let Some(end) = self.rest().find("\"\"\"") else {
                return Err(self.error_at(
                    start,
                    "a text in three quotes that does not end",
                    "it ends with `\"\"\"`",
                ));
            };
            self.at += end + 3;
            // Further quotes belong to the text.
            while self.take("\"") {}
            let text = self.since(body);
            return Ok(text.get(..text.len() - 3).unwrap_or_default().to_owned());
        }
        self.at += 1;
        let mut out = String::new();
        while let Some(c) = self.peek() {
            let here = self.at;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escaped(here)?),
                '\n' | '\r' => break,
                c if c.is_control() => {
                    return Err(self.error_at(
                        here,
                        "a control character in a text",
                        "write it as `\\t` or `\\u0000`, or use three quotes",
                    ));
                }
                c => out.push(c),
            }
        }
        Err(self.error_at(
            start,
            "a text that does not end on its line",
            "it ends with `\"`",
        ))
    }

    fn escaped(&mut self, start: usize) -> Result<char, Error> {
        let c = self.peek();
        self.at += c.map_or(0, char::len_utf8);
        Ok(match c {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                if let Some(unit) = self.hex() {
                    return Ok(self.paired(unit));
                }
                return Err(self.error_at(
                    start,
                    "`\\u` without four hexadecimal digits",
                    "write `\\u00e9`",
                ));
            }
            _ => {
                return Err(self.error_at(
                    start,
                    "a backslash before what needs none",
                    "a backslash itself is written `\\\\`",
                ));
            }
        })
    }

    /// Two units of UTF-16 make one character; half of one is none.
    fn paired(&mut self, high: u16) -> char {
        let back = self.at;
        if (0xd800..0xdc00).contains(&high)
            && self.take("\\u")
            && let Some(low) = self.hex()
        {
            if let Some(Ok(c)) = char::decode_utf16([high, low]).next() {
                return c;
            }
            self.at = back;
        }
        self.at = self.at.max(back);
        char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }
}

/// Blank, but no line end.
fn is_blank(c: char) -> bool {
    c != '\n' && (c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}') || c == BOM)
}

/// What no bare word contains.
fn is_reserved(c: char) -> bool {
    matches!(
        c,
        '$' | '"'
            | '{'
            | '}'
            | '['
            | ']'
            | ':'
            | '='
            | ','
            | '+'
            | '#'
            | '`'
            | '^'
            | '?'
            | '!'
            | '@'
            | '*'
            | '&'
            | '\\'
    )
}
