//! A compound expression (`-S`) as it stands in a request: the original's list of tokens.
//!
//! Each token is a map of one entry: `{"statement": "os=debian"}`, `{"and": "and"}`,
//! `{"fstatement": {...}}`. A printed expression reads back as the same tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub enum Token {
    /// Both sides must hold.
    And,
    /// `)`
    Close,
    /// A comparison with what a data plugin says.
    Function(Function),
    /// What follows must not hold.
    Not,
    /// `(`
    Open,
    /// One side must hold; binds less than `and`.
    Or,
    /// A class, `/regex/` of classes, or comparison of a fact.
    Statement(String),
}

/// `name('params').value operator r_compare`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// The data plugin, without `_data`.
    pub name: String,
    /// What it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<String>,
    /// Which of its outputs is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How: `==`, `!=`, `<`, `<=`, `>`, `>=`, `=~`, `!=~`.
    pub operator: String,
    /// With what; a regex stands between slashes.
    pub r_compare: String,
}

/// The shape in JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wire {
    And(And),
    #[serde(rename = ")")]
    Close(Close),
    FStatement(Function),
    Not(Not),
    #[serde(rename = "(")]
    Open(Open),
    Or(Or),
    Statement(String),
}

/// A word that stands for itself.
macro_rules! word {
    ($($name:ident $text:literal)*) => {$(
        #[derive(Serialize, Deserialize)]
        enum $name {
            #[serde(rename = $text)]
            Word,
        }
    )*};
}
word! { And "and" Close ")" Not "not" Open "(" Or "or" }

impl From<Wire> for Token {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::And(And::Word) => Self::And,
            Wire::Close(Close::Word) => Self::Close,
            Wire::FStatement(function) => Self::Function(function),
            Wire::Not(Not::Word) => Self::Not,
            Wire::Open(Open::Word) => Self::Open,
            Wire::Or(Or::Word) => Self::Or,
            Wire::Statement(text) => Self::Statement(text),
        }
    }
}

impl From<Token> for Wire {
    fn from(token: Token) -> Self {
        match token {
            Token::And => Self::And(And::Word),
            Token::Close => Self::Close(Close::Word),
            Token::Function(function) => Self::FStatement(function),
            Token::Not => Self::Not(Not::Word),
            Token::Open => Self::Open(Open::Word),
            Token::Or => Self::Or(Or::Word),
            Token::Statement(text) => Self::Statement(text),
        }
    }
}

/// The operators of statements, in the order in which the node looks for one.
pub(super) const STATEMENT_OPERATORS: [&str; 5] = [">=", "<=", "=", "<", ">"];

/// Where the statement's operator stands and which it is: the first in the text.
pub(super) fn statement_operator(text: &str) -> Option<(usize, &'static str)> {
    let at = text.find(['=', '<', '>'])?;
    let rest = text.get(at..)?;
    let operator = STATEMENT_OPERATORS
        .into_iter()
        .find(|operator| rest.starts_with(operator))?;
    Some((at, operator))
}

impl Token {
    /// The fact that a statement compares; none where it is a class.
    pub fn compared_fact(&self) -> Option<&str> {
        let Self::Statement(text) = self else {
            return None;
        };
        let (at, _) = statement_operator(text).filter(|_| !text.starts_with('/'))?;
        text.get(..at)
    }
}

/// Writes tokens as an operator would type them.
pub fn print(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        let glued = out.is_empty() || out.ends_with('(') || matches!(token, Token::Close);
        if !glued {
            out.push(' ');
        }
        out.push_str(&token.to_string());
    }
    out
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And => f.write_str("and"),
            Self::Close => f.write_str(")"),
            Self::Function(function) => function.fmt(f),
            Self::Not => f.write_str("not"),
            Self::Open => f.write_str("("),
            Self::Or => f.write_str("or"),
            Self::Statement(text) => match statement_operator(text) {
                Some((at, operator)) if !text.starts_with('/') => {
                    let (fact, value) = text.split_at(at);
                    let value = value.get(operator.len()..).unwrap_or_default();
                    if value.starts_with('/') {
                        f.write_str(text)
                    } else {
                        write!(f, "{fact}{operator}{}", Quoted(value))
                    }
                }
                _ => f.write_str(text),
            },
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        if let Some(params) = &self.params {
            let quote = if params.contains('"') { '\'' } else { '"' };
            write!(f, "{quote}{params}{quote}")?;
        }
        f.write_str(")")?;
        if let Some(value) = &self.value {
            write!(f, ".{value}")?;
        }
        let operator = match self.operator.as_str() {
            "==" | "=~" => "=",
            "!=~" => "!=",
            other => other,
        };
        if self.operator.ends_with('~') {
            write!(f, "{operator}{}", self.r_compare)
        } else {
            write!(f, "{operator}{}", Quoted(&self.r_compare))
        }
    }
}

/// A value, in quotes where it needs them.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        if super::lexer::is_plain_value(self.0) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn has_the_originals_shape() {
        let wire = json!([
            {"not": "not"}, {"(": "("}, {"statement": "os=debian"}, {"or": "or"},
            {"statement": "apache"}, {")": ")"}, {"and": "and"},
            {"fstatement": {"name": "fstat", "params": "/etc/hosts", "value": "size",
                            "operator": ">", "r_compare": "1"}}
        ]);
        let tokens: Vec<Token> = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!(serde_json::to_value(&tokens).unwrap(), wire);
        assert_eq!(
            print(&tokens),
            r#"not (os=debian or apache) and fstat("/etc/hosts").size>1"#
        );
        let nil = json!({"fstatement": {"name": "puppet", "params": null, "value": "enabled",
                                        "operator": "==", "r_compare": "true"}});
        assert!(serde_json::from_value::<Token>(nil).is_ok());
        for bad in [
            json!({"and": "or"}),
            json!({"xor": "xor"}),
            json!({"statement": "a", "and": "and"}),
            json!({}),
            json!("and"),
            json!({"fstatement": {"name": "a", "operator": "==", "r_compare": "1", "evil": 1}}),
        ] {
            assert!(
                serde_json::from_value::<Token>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }
}
