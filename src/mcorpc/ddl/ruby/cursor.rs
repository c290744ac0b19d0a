//! Where the reader is in the text: blanks, comments, line ends, and texts that begin on the next
//! line.

use super::{RubyError, refuse};

/// A place in the text, in bytes.
pub(super) type At = usize;

/// Reads a text from its beginning to its end.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: At,
    /// A here document that begins after this line: where the line ends, and where reading goes on.
    heredoc: Option<(At, At)>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // What follows is data, not Ruby.
        let end = text
            .lines()
            .scan(0, |at, line| {
                let start = *at;
                *at += line.len() + 1;
                Some((start, line))
            })
            .find(|(_, line)| line.trim_end() == "__END__")
            .map_or(text.len(), |(start, _)| start_of(text, start));
        Self {
            text: text.get(..end).unwrap_or(text),
            at: 0,
            heredoc: None,
        }
    }

    pub(super) const fn at(&self) -> At {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    /// Takes one character.
    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        match self.heredoc {
            Some((line_end, resume)) if self.at == line_end => {
                self.at = resume;
                self.heredoc = None;
            }
            _ => self.at += c.len_utf8(),
        }
        Some(c)
    }

    /// Takes this text, if it is there.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let there = self.starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }

    /// Takes characters as long as they are of a kind.
    pub(super) fn take_while(&mut self, of_kind: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !of_kind(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Takes a name: letters, digits and `_`, not beginning with a digit.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        self.peek()
            .is_some_and(is_name_start)
            .then(|| self.take_while(is_name))
    }

    /// Takes this word, if it stands there by itself.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let there = self
            .rest()
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c| is_name(c) || matches!(c, '?' | '!' | ':')));
        if there {
            self.at += word.len();
        }
        there
    }

    /// Skips blanks and continued lines, but no line end.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            if self.starts_with("\\\n") {
                self.at += 1;
                self.next();
            } else if self.starts_with("\\\r\n") {
                self.at += 2;
                self.next();
            } else if self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r')) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// Skips blanks, line ends and comments.
    pub(super) fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('#') => self.skip_comment(),
                Some('\n') => {
                    self.next();
                    self.skip_block_comment();
                }
                _ if self.at == 0 && self.starts_with("=begin") => self.skip_block_comment(),
                _ => return,
            }
        }
    }

    /// Skips a comment up to the line end.
    pub(super) fn skip_comment(&mut self) {
        self.take_while(|c| c != '\n');
    }

    fn skip_block_comment(&mut self) {
        if self.starts_with("=begin") {
            let rest = self.rest();
            self.at += rest.find("\n=end").map_or(rest.len(), |end| end + 5);
            self.skip_comment();
        }
    }

    /// Takes the lines after this one up to the one that is `terminator`: a here document.
    pub(super) fn heredoc(&mut self, terminator: &str, indented: bool) -> Option<&'a str> {
        let line_end = match self.heredoc {
            Some((line_end, _)) => line_end,
            None => self.at + self.rest().find('\n')?,
        };
        let start = self.heredoc.map_or(line_end + 1, |(_, resume)| resume);
        let mut at = start;
        for line in self.text.get(start..)?.split_inclusive('\n') {
            let shown = line.trim_end_matches(['\n', '\r']);
            let shown = if indented { shown.trim_start() } else { shown };
            let next = at + line.len();
            if shown == terminator {
                self.heredoc = Some((line_end, next));
                return self.text.get(start..at);
            }
            at = next;
        }
        None
    }

    /// An error at a place.
    pub(super) fn refuse<T>(&self, at: At, what: impl Into<String>) -> Result<T, RubyError> {
        refuse(self.text, at, what)
    }
}

/// The next beginning of a character, since lines are counted without their `\r`.
fn start_of(text: &str, near: At) -> At {
    text.get(near..)
        .and_then(|rest| rest.find("__END__"))
        .map_or(text.len(), |more| near + more)
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
