//! Reads one token of a compound expression.
//!
//! More forgiving than the original where its answer would be silence or an error: blanks and tabs
//! may stand around every operator, `==`, `=~`, `=>` and `=<` mean for facts what they mean after
//! `-F`, and parentheses may stand in quotes. What the nodes would misread is refused here.

use std::ops::Range;

use super::{Function, Token, compound::STATEMENT_OPERATORS};

mod scan;

pub(super) use scan::is_plain_value;
use scan::{Value, is_name, is_word};

/// What is wrong with a token, and where.
pub(super) struct Bad {
    pub(super) span: Range<usize>,
    pub(super) what: String,
}

type Lexed<T> = Result<T, Bad>;

/// An expression and how far it is read, in bytes.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// What an operator is written as, and what it is sent as.
type Operators = &'static [(&'static str, &'static str)];

const FACT_OPERATORS: Operators = &[
    ("==", "="),
    ("=~", "=~"),
    ("=>", ">="),
    ("=<", "<="),
    ("<=", "<="),
    (">=", ">="),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
];

const FUNCTION_OPERATORS: Operators = &[
    ("!=~", "!=~"),
    ("!~", "!=~"),
    ("==", "=="),
    ("=~", "=~"),
    ("!=", "!="),
    ("=>", ">="),
    ("=<", "<="),
    ("<=", "<="),
    (">=", ">="),
    ("=", "=="),
    ("<", "<"),
    (">", ">"),
];

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and where it stands; none at the end.
    pub(super) fn token(&mut self) -> Lexed<Option<(Token, Range<usize>)>> {
        self.skip_blanks();
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        let token = match first {
            '(' => self.single(Token::Open),
            ')' => self.single(Token::Close),
            '!' => self.single(Token::Not),
            '/' => self.class_regex()?,
            '=' | '<' | '>' => return Err(self.bad_char("there is no name to the left of this")),
            '\'' | '"' => {
                return Err(self.bad_char("only what is compared with may stand in quotes"));
            }
            _ => self.word()?,
        };
        Ok(Some((token, start..self.at)))
    }

    fn word(&mut self) -> Lexed<Token> {
        let start = self.at;
        let word = self.take_while(is_word);
        if word.is_empty() {
            return Err(self.bad_char("this can't stand here"));
        }
        let ends = self.peek().is_none_or(char::is_whitespace);
        if ends || self.peek() == Some('(') {
            match word {
                "and" => return Ok(Token::And),
                "or" => return Ok(Token::Or),
                "not" => return Ok(Token::Not),
                _ => {}
            }
        }
        if self.peek() == Some('(') {
            return self.function(start, word);
        }
        let after_word = self.at;
        self.skip_blanks();
        if self.rest().starts_with("!=") {
            return Err(Bad {
                span: self.at..self.at + 2,
                what: format!(
                    "facts know no != here; write not {word}=VALUE, which also chooses nodes \
                     without the fact, or use -F"
                ),
            });
        }
        if let Some(operator) = self.operator(FACT_OPERATORS) {
            return self.comparison(start, word, operator);
        }
        self.at = after_word;
        if let Some(c) = self.peek().filter(|c| !c.is_whitespace() && *c != ')') {
            return Err(self.bad_char(&format!("a name can't contain {c}")));
        }
        Ok(Token::Statement(word.to_owned()))
    }

    fn class_regex(&mut self) -> Lexed<Token> {
        let start = self.at;
        let regex = self.regex()?;
        let inner = regex.get(1..regex.len() - 1).unwrap_or_default();
        if inner.contains('/') {
            return Err(Bad {
                span: start..self.at,
                what: "nodes take all slashes out of a class's regex; write . for a slash".into(),
            });
        }
        Ok(Token::Statement(regex))
    }

    fn comparison(&mut self, start: usize, fact: &str, operator: &str) -> Lexed<Token> {
        let value_at = self.at;
        let value = self.value()?;
        let bad = |what: String, end: usize| {
            Err(Bad {
                span: value_at..end,
                what,
            })
        };
        let (operator, value) = match (operator, value) {
            ("=~", Value::Text(text)) => ("=", format!("/{text}/")),
            ("=~", Value::Regex(text)) => ("=", text),
            (operator, Value::Regex(text)) if operator != "=" => {
                let what = format!("{operator} can't compare with a regex, only = can");
                return bad(what, value_at + text.len());
            }
            (_, Value::Text(text)) if text.is_empty() => {
                return bad("a fact can't be compared with nothing".into(), self.at);
            }
            (_, Value::Text(text)) if text.starts_with('/') => {
                let what = "nodes take a value that begins with a slash for a regex; write \
                            /^\\/like\\/this$/, or use -F";
                return bad(what.into(), self.at);
            }
            (operator, Value::Regex(text) | Value::Text(text)) => (operator, text),
        };
        // The node takes the first of its operators for the operator and drops what follows the
        // second.
        let whole = format!("{fact}{operator}{value}");
        let read = super::compound::statement_operator(&whole);
        let intact = read.is_some_and(|(at, found)| {
            at == fact.len() && found == operator && !value.contains(found)
        });
        if !intact {
            let what = format!(
                "nodes can't read a value with any of {} in it here; use -F, or fact('{fact}').value",
                STATEMENT_OPERATORS.join(" ")
            );
            return Err(Bad {
                span: start..self.at,
                what,
            });
        }
        Ok(Token::Statement(whole))
    }

    fn function(&mut self, start: usize, name: &str) -> Lexed<Token> {
        if !name.chars().all(is_name) {
            return Err(Bad {
                span: start..self.at,
                what: "the name of a data plugin has letters, digits and _ only".into(),
            });
        }
        self.at += 1;
        self.skip_blanks();
        let params = match self.peek() {
            Some('\'' | '"') => Some(self.quoted(false)?),
            _ => None,
        };
        self.skip_blanks();
        if self.peek() != Some(')') {
            return Err(self.bad_char(match params {
                Some(_) => "a data plugin takes one argument; ) must follow it",
                None => "the argument of a data plugin stands in quotes",
            }));
        }
        self.at += 1;
        let output_hint =
            format!("{name}(...) needs an output to compare, such as {name}(...).value=1");
        if self.peek() != Some('.') {
            return Err(Bad {
                span: start..self.at,
                what: output_hint,
            });
        }
        self.at += 1;
        let output = self.take_while(is_name).to_owned();
        if output.is_empty() {
            return Err(Bad {
                span: start..self.at,
                what: output_hint,
            });
        }
        self.skip_blanks();
        let Some(operator) = self.operator(FUNCTION_OPERATORS) else {
            return Err(Bad {
                span: start..self.at,
                what: "this must be compared, such as =1 or =true".into(),
            });
        };
        let (operator, r_compare) = match (operator, self.value()?) {
            ("==", Value::Regex(text)) => ("=~", text),
            ("!=", Value::Regex(text)) => ("!=~", text),
            ("=~" | "!=~", Value::Text(text)) => (operator, format!("/{text}/")),
            ("=~" | "!=~", Value::Regex(text)) | (_, Value::Text(text)) => (operator, text),
            (_, Value::Regex(_)) => {
                return Err(Bad {
                    span: start..self.at,
                    what: format!("{operator} can't compare with a regex"),
                });
            }
        };
        Ok(Token::Function(Function {
            name: name.to_owned(),
            params,
            value: Some(output),
            operator: operator.to_owned(),
            r_compare,
        }))
    }
}
