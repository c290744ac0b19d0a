//! Reads a compound expression (`-S`) into the tokens that nodes evaluate.
//!
//! ```text
//! expression = [not] term { (and | or) [not] term }
//! term       = "(" expression ")" | class | /regex/ | fact OP value | plugin("query").output OP value
//! ```
//!
//! `not` binds tightest, then `and`, then `or`. Parentheses stay tokens, since the node joins truth
//! values in the order in which they come; here it is only checked that they make an expression.

use std::{fmt, ops::Range};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Token, lexer::Lexer};
use crate::text::is_control;

/// An expression that can't be read: what and where, with a caret under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What kind of fault it is, in the original's words.
    pub kind: ParseErrorKind,
    /// The expression.
    pub text: String,
    /// Where the fault is, in bytes.
    pub span: Range<usize>,
    /// What is wrong there, and what would be right.
    pub what: String,
}

/// The kinds of faults that the original tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// A token that means nothing.
    Malformed,
    /// Tokens in an order that means nothing.
    Order,
    /// Parentheses that do not match.
    Parenthesis,
}

/// Reads an expression.
pub fn expression(text: &str) -> Result<Vec<Token>, ParseError> {
    let refuse = |kind, span, what: &str| ParseError {
        kind,
        text: text.to_owned(),
        span,
        what: what.to_owned(),
    };
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    let mut open: Vec<Range<usize>> = Vec::new();
    // Whether what stands there so far is whole, so that `and`, `or` or `)` must follow.
    let mut complete = false;
    while let Some((token, span)) = lexer
        .token()
        .map_err(|bad| refuse(ParseErrorKind::Malformed, bad.span, &bad.what))?
    {
        let begins_term = !matches!(token, Token::And | Token::Or | Token::Close);
        if complete && begins_term {
            let what = "and or or must stand before this";
            return Err(refuse(ParseErrorKind::Order, span, what));
        }
        if !complete && !begins_term {
            let what = "a class, a comparison or ( must stand before this";
            return Err(refuse(ParseErrorKind::Order, span, what));
        }
        match token {
            Token::Open => open.push(span),
            Token::Close if open.pop().is_none() => {
                return Err(refuse(
                    ParseErrorKind::Parenthesis,
                    span,
                    "this closes nothing",
                ));
            }
            _ => {}
        }
        complete = matches!(
            token,
            Token::Statement(_) | Token::Function(_) | Token::Close
        );
        tokens.push(token);
    }
    if let (true, Some(span)) = (complete, open.pop()) {
        return Err(refuse(
            ParseErrorKind::Parenthesis,
            span,
            "this is never closed",
        ));
    }
    if !complete {
        let what = "a class, a comparison or ( must stand here";
        return Err(refuse(ParseErrorKind::Order, text.len()..text.len(), what));
    }
    Ok(tokens)
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ParseErrorKind::Malformed => "Malformed token(s)",
            ParseErrorKind::Order => "Parse errors",
            ParseErrorKind::Parenthesis => "Missing parenthesis",
        };
        let shown = |text: &str| -> String {
            text.chars()
                .map(|c| if is_control(c) { ' ' } else { c })
                .collect()
        };
        let before = shown(self.text.get(..self.span.start).unwrap_or_default());
        let inside = shown(self.text.get(self.span.clone()).unwrap_or_default());
        let carets = inside
            .chars()
            .map(|c| c.width().unwrap_or(0))
            .sum::<usize>();
        writeln!(f, "{kind} found while parsing -S input:")?;
        writeln!(f, "  {}", shown(&self.text))?;
        write!(
            f,
            "  {}{} {}",
            " ".repeat(before.width()),
            "^".repeat(carets.max(1)),
            self.what
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::filter::{Function, compound::print};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn becomes_the_originals_tokens() {
        let function =
            |name: &str, params: Option<&str>, value: &str, operator: &str, with: &str| {
                let mut map =
                    json!({"name": name, "value": value, "operator": operator, "r_compare": with});
                if let Some(params) = params {
                    map["params"] = params.into();
                }
                json!({"fstatement": map})
            };
        for (text, expected) in [
            (
                "country=uk and role=web",
                json!([{"statement": "country=uk"}, {"and": "and"}, {"statement": "role=web"}]),
            ),
            (
                "apache and !(country=uk or not(role=db))",
                json!([{"statement": "apache"}, {"and": "and"}, {"not": "not"}, {"(": "("},
                       {"statement": "country=uk"}, {"or": "or"}, {"not": "not"}, {"(": "("},
                       {"statement": "role=db"}, {")": ")"}, {")": ")"}]),
            ),
            ("os = debian\t", json!([{"statement": "os=debian"}])),
            ("mem <= 5", json!([{"statement": "mem<=5"}])),
            ("mem =< 5", json!([{"statement": "mem<=5"}])),
            ("os == debian", json!([{"statement": "os=debian"}])),
            ("os =~ deb", json!([{"statement": "os=/deb/"}])),
            ("os = /de b)/", json!([{"statement": "os=/de b)/"}])),
            ("/^role::/", json!([{"statement": "/^role::/"}])),
            (r#"d="a b""#, json!([{"statement": "d=a b"}])),
            (r"d='it\'s \d'", json!([{"statement": r"d=it's \d"}])),
            (
                "notify or android",
                json!([{"statement": "notify"}, {"or": "or"}, {"statement": "android"}]),
            ),
            ("and=1", json!([{"statement": "and=1"}])),
            (
                r#"fstat("/etc/hosts").md5=/baa3/"#,
                json!([function("fstat", Some("/etc/hosts"), "md5", "=~", "/baa3/")]),
            ),
            (
                "fstat('a (b)').size != 1",
                json!([function("fstat", Some("a (b)"), "size", "!=", "1")]),
            ),
            (
                "f().x!=/a/",
                json!([function("f", None, "x", "!=~", "/a/")]),
            ),
            ("f( ).x==a", json!([function("f", None, "x", "==", "a")])),
            ("f().x=~a", json!([function("f", None, "x", "=~", "/a/")])),
            (
                "f().x='/a/'",
                json!([function("f", None, "x", "==", "/a/")]),
            ),
            (
                "puppet().enabled=true",
                json!([function("puppet", None, "enabled", "==", "true")]),
            ),
        ] {
            let tokens = expression(text).unwrap();
            assert_eq!(serde_json::to_value(tokens).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn errors_point_at_the_place() {
        for (text, expected) in [
            (
                "country=uk)",
                "Missing parenthesis found while parsing -S input:\n  country=uk)\n            ^ this closes nothing",
            ),
            (
                "(a or b",
                "Missing parenthesis found while parsing -S input:\n  (a or b\n  ^ this is never closed",
            ),
            (
                "country=uk and and",
                "Parse errors found while parsing -S input:\n  country=uk and and\n                 ^^^ a class, a comparison or ( must stand before this",
            ),
            (
                "ä a=b c",
                "Parse errors found while parsing -S input:\n  ä a=b c\n    ^^^ and or or must stand before this",
            ),
            (
                "a and ",
                "Parse errors found while parsing -S input:\n  a and \n        ^ a class, a comparison or ( must stand here",
            ),
            (
                "",
                "Parse errors found while parsing -S input:\n  \n  ^ a class, a comparison or ( must stand here",
            ),
        ] {
            assert_eq!(expression(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_nodes_would_misread_is_refused() {
        for (text, span, what) in [
            ("a!=b", 1..3, "write not a=VALUE"),
            ("a=b=c", 0..5, "use -F"),
            ("a>b=c>d", 0..7, "use -F"),
            ("path=/etc/hosts", 10..11, "must follow the regex"),
            ("path='/etc'", 5..11, "begins with a slash"),
            ("a/b", 1..2, "can't contain /"),
            ("/a\\/b/", 0..6, "all slashes"),
            ("/a", 0..2, "no / at its end"),
            ("//", 0..2, "empty"),
            ("a=", 2..2, "nothing to compare with"),
            ("a=''", 2..4, "nothing"),
            ("a='b", 2..4, "not closed"),
            ("a>=/b/", 3..6, "only = can"),
            ("=b", 0..1, "no name"),
            ("'a'=b", 0..1, "quotes"),
            ("fact(os).value=1", 5..6, "in quotes"),
            ("f('a','b').x=1", 5..6, "one argument"),
            ("f('a').x", 0..8, "must be compared"),
            ("f('a')=1", 0..6, "needs an output"),
            ("f().=1", 0..4, "needs an output"),
            ("a-b().x=1", 0..3, "letters, digits"),
            ("f().x</a/", 0..9, "can't compare with a regex"),
        ] {
            let error = expression(text).unwrap_err();
            assert_eq!(error.kind, ParseErrorKind::Malformed, "{text}");
            assert_eq!(error.span, span, "{text}: {}", error.what);
            assert!(error.what.contains(what), "{text}: {}", error.what);
        }
    }

    fn statement() -> impl Strategy<Value = Token> {
        let fact = "[a-z][a-z._:-]{0,5}[0-9]";
        prop_oneof![
            fact.prop_map(Token::Statement),
            "/[a-z ^$.()]{1,5}/".prop_map(Token::Statement),
            (fact, "(<=|>=|=|<|>)", r"[^=<>/][^=<>]{0,5}")
                .prop_map(|(fact, operator, value)| Token::Statement(fact + &operator + &value)),
            (fact, r"/([a-z ^$.()]|\\/){1,5}/")
                .prop_map(|(fact, value)| Token::Statement(format!("{fact}={value}"))),
        ]
    }

    fn function() -> impl Strategy<Value = Token> {
        let compared = prop_oneof![
            ("(==|!=|<|<=|>|>=)", ".{0,6}"),
            ("(=~|!=~)", r"/([a-z ^$.()]|\\/){1,5}/"),
        ];
        (
            "[a-z_]{0,6}[0-9]",
            prop::option::of("[^\"]{0,6}|[^']{0,6}"),
            "[a-z_]{1,6}",
            compared,
        )
            .prop_map(|(name, params, value, (operator, r_compare))| {
                Token::Function(Function {
                    name,
                    params,
                    value: Some(value),
                    operator,
                    r_compare,
                })
            })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(
            terms in prop::collection::vec((prop_oneof![statement(), function()], 0..3_usize), 1..6)
        ) {
            let mut tokens = Vec::new();
            for (term, shape) in terms {
                if !tokens.is_empty() {
                    tokens.push(if shape == 0 { Token::And } else { Token::Or });
                }
                match shape {
                    0 => tokens.push(term),
                    1 => tokens.extend([Token::Not, term]),
                    _ => tokens.extend([Token::Open, term, Token::Close]),
                }
            }
            prop_assert_eq!(expression(&print(&tokens)), Ok(tokens));
        }

        #[test]
        fn any_text_is_survived(text in r#".*|[a-z()!/='". \\<>]{0,20}"#) {
            match expression(&text) {
                Ok(tokens) => prop_assert!(!tokens.is_empty()),
                Err(error) => {
                    prop_assert!(text.get(error.span.clone()).is_some());
                    drop(error.to_string());
                }
            }
        }
    }
}
