//! What tokens are made of: values, regexes, texts in quotes.

use super::{Bad, Lexed, Lexer, Operators};
use crate::mcorpc::filter::Token;

/// What was written to the right of an operator.
pub(super) enum Value {
    Regex(String),
    Text(String),
}

/// Whether a value may stand without quotes.
pub(in crate::mcorpc::filter) fn is_plain_value(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c| ends_plain(c) || is_comparison(c) || c == '~')
}

fn ends_plain(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '/' | '\'' | '"' | '\\')
}

fn is_comparison(c: char) -> bool {
    matches!(c, '=' | '<' | '>' | '!')
}

pub(super) fn is_word(c: char) -> bool {
    !ends_plain(c) && !is_comparison(c)
}

pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Lexer<'a> {
    pub(super) fn operator(&mut self, known: Operators) -> Option<&'static str> {
        let (written, sent) = known
            .iter()
            .find(|(written, _)| self.rest().starts_with(written))?;
        self.at += written.len();
        self.skip_blanks();
        Some(sent)
    }

    pub(super) fn value(&mut self) -> Lexed<Value> {
        let value = match self.peek() {
            None => return Err(self.bad_char("there is nothing to compare with")),
            Some('/') => Value::Regex(self.regex()?),
            Some('\'' | '"') => Value::Text(self.quoted(true)?),
            Some(_) => {
                let text = self.take_while(|c| !ends_plain(c)).to_owned();
                if text.is_empty() {
                    return Err(self.bad_char("there is nothing to compare with"));
                }
                Value::Text(text)
            }
        };
        match self.peek() {
            None | Some(')') => Ok(value),
            Some(c) if c.is_whitespace() => Ok(value),
            Some('/') => Err(self
                .bad_char("a value with a slash in it stands in quotes, a regex between slashes")),
            Some(_) => Err(self.bad_char("a blank or ) must follow the value")),
        }
    }

    /// `/.../`, with its slashes; `\/` does not end it.
    pub(super) fn regex(&mut self) -> Lexed<String> {
        let start = self.at;
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            if c == '/' && !escaped {
                let text = self.rest().get(..=at).unwrap_or_default().to_owned();
                self.at += text.len();
                if text.len() == 2 {
                    return Err(Bad {
                        span: start..self.at,
                        what: "the regex is empty".into(),
                    });
                }
                if self.peek().is_some_and(|c| !c.is_whitespace() && c != ')') {
                    return Err(self.bad_char("a blank or ) must follow the regex"));
                }
                return Ok(text);
            }
            escaped = c == '\\' && !escaped;
        }
        Err(Bad {
            span: start..self.text.len(),
            what: "the regex has no / at its end".into(),
        })
    }

    /// A text in quotes of either kind; a backslash may escape quotes and itself.
    pub(super) fn quoted(&mut self, escapes: bool) -> Lexed<String> {
        let start = self.at;
        let quote = self.peek();
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if Some(c) == quote {
                self.at += at + c.len_utf8();
                return Ok(out);
            }
            let next = chars
                .next_if(|(_, next)| escapes && c == '\\' && matches!(next, '\\' | '\'' | '"'));
            out.push(next.map_or(c, |(_, next)| next));
        }
        Err(Bad {
            span: start..self.text.len(),
            what: "the quotes are not closed".into(),
        })
    }

    pub(super) fn single(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// An error at the next character, or past the end.
    pub(super) fn bad_char(&self, what: &str) -> Bad {
        let width = self.peek().map_or(0, char::len_utf8);
        Bad {
            span: self.at..self.at + width,
            what: what.to_owned(),
        }
    }
}
