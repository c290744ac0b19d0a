//! The grammar of expressions, and of what is given to a call.

use super::{
    RubyError,
    cursor::is_name,
    parse::{NOT_FOR_DDLS, Parser},
    syntax::{Arguments, Expression, ExpressionKind, Operator, Piece},
};

/// So many operators or methods may follow one another.
const MAX_CHAIN: usize = 100;

impl Parser<'_> {
    /// Values and pairs up to a closing bracket, or, without one, to the end of the statement.
    pub(super) fn arguments(&mut self, close: Option<char>) -> Result<Arguments, RubyError> {
        let mut arguments = Arguments::default();
        let start = self.cursor.at();
        loop {
            self.skip(close.is_some());
            let ended = match close {
                Some(_) => self.cursor.peek() == close,
                None => arguments.is_empty() && self.no_arguments(),
            };
            if ended {
                if close.is_some() {
                    self.cursor.next();
                }
                return Ok(arguments);
            }
            self.argument(&mut arguments)?;
            self.skip(close.is_some());
            if self.cursor.take(",") {
                self.cursor.skip_lines();
                continue;
            }
            match close {
                None => return Ok(arguments),
                Some(close) if self.cursor.peek() == Some(close) => {}
                Some(close) => {
                    if self.cursor.peek().is_none() {
                        let what = format!("what is opened here is not closed by {close}");
                        return self.cursor.refuse(start.saturating_sub(1), what);
                    }
                    let found = self.found();
                    let at = self.cursor.at();
                    let what = format!("expected , or {close}, found {found}");
                    return self.cursor.refuse(at, what);
                }
            }
        }
    }

    fn skip(&mut self, lines: bool) {
        if lines {
            self.cursor.skip_lines();
        } else {
            self.cursor.skip_blanks();
        }
    }

    /// Whether a statement's name stands alone.
    fn no_arguments(&self) -> bool {
        self.cursor
            .peek()
            .is_none_or(|c| matches!(c, '\n' | '#' | ';' | '{' | '}'))
            || ["do", "end", "if", "unless"]
                .iter()
                .any(|word| self.at_word(word))
    }

    /// A value, or `key => value`, or `key: value`.
    fn argument(&mut self, arguments: &mut Arguments) -> Result<(), RubyError> {
        if self.cursor.starts_with("**")
            || self.cursor.starts_with("&")
            || self.cursor.starts_with("*")
        {
            let at = self.cursor.at();
            return self
                .cursor
                .refuse(at, "splats and blocks can't be handed over in a DDL");
        }
        if let Some(label) = self.label() {
            let value = self.value_of_pair()?;
            arguments.pairs.push((label, value));
            return Ok(());
        }
        let value = self.expression()?;
        self.cursor.skip_blanks();
        if self.cursor.take("=>") {
            let pair = self.value_of_pair()?;
            arguments.pairs.push((value, pair));
            return Ok(());
        }
        // `"key": value`
        if matches!(value.kind, ExpressionKind::Text(_)) && self.cursor.peek() == Some(':') {
            self.cursor.next();
            let ExpressionKind::Text(pieces) = value.kind else {
                return Ok(());
            };
            let key = Expression {
                at: value.at,
                kind: ExpressionKind::Symbol(pieces),
            };
            let pair = self.value_of_pair()?;
            arguments.pairs.push((key, pair));
            return Ok(());
        }
        if !arguments.pairs.is_empty() {
            return self.cursor.refuse(
                value.at,
                "expected `key => value`, found a value without a key",
            );
        }
        arguments.values.push(value);
        Ok(())
    }

    /// `key:`, but not `a ? b :c` or `A::B`.
    fn label(&mut self) -> Option<Expression> {
        let at = self.cursor.at();
        let rest = self.cursor.rest();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = (rest.get(..end)?, rest.get(end..)?);
        let is_label = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && after.starts_with(':')
            && !after.starts_with("::");
        if !is_label {
            return None;
        }
        self.cursor.take(name);
        self.cursor.next();
        let pieces = vec![Piece::Plain(name.to_owned())];
        Some(Expression {
            at,
            kind: ExpressionKind::Symbol(pieces),
        })
    }

    fn value_of_pair(&mut self) -> Result<Expression, RubyError> {
        self.cursor.skip_lines();
        self.expression()
    }

    /// Any expression.
    pub(super) fn expression(&mut self) -> Result<Expression, RubyError> {
        self.deeper(|parser| parser.binary(0))
    }

    /// Operators, the loosest first.
    fn binary(&mut self, level: usize) -> Result<Expression, RubyError> {
        const LEVELS: [&[(&str, Operator)]; 6] = [
            &[("and", Operator::And), ("or", Operator::Or)],
            &[("||", Operator::Or)],
            &[("&&", Operator::And)],
            &[("==", Operator::Equal), ("!=", Operator::NotEqual)],
            &[("+", Operator::Add), ("-", Operator::Subtract)],
            &[("*", Operator::Multiply), ("/", Operator::Divide)],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        // Between `and` and the operators with signs, as Ruby has it.
        if level == 1 {
            left = self.range(left)?;
        }
        for _ in 0..MAX_CHAIN {
            self.cursor.skip_blanks();
            let found = operators.iter().find(|(text, _)| {
                let word = text.starts_with(|c: char| c.is_ascii_alphabetic());
                if word {
                    self.at_word(text)
                } else {
                    self.cursor.starts_with(text)
                }
            });
            let Some((text, operator)) = found else {
                return Ok(left);
            };
            self.cursor.take(text);
            self.cursor.skip_lines();
            let right = self.binary(level + 1)?;
            let at = left.at;
            let kind = ExpressionKind::Binary(*operator, Box::new(left), Box::new(right));
            left = Expression { at, kind };
        }
        self.too_long()
    }

    fn too_long<T>(&self) -> Result<T, RubyError> {
        let what = format!("more than {MAX_CHAIN} operators or methods follow one another");
        self.cursor.refuse(self.cursor.at(), what)
    }

    fn range(&mut self, first: Expression) -> Result<Expression, RubyError> {
        self.cursor.skip_blanks();
        let exclusive = self.cursor.take("...");
        if !exclusive && !self.cursor.take("..") {
            return Ok(first);
        }
        self.cursor.skip_blanks();
        let last = self.binary(2)?;
        let at = first.at;
        let kind = ExpressionKind::Range {
            first: Box::new(first),
            last: Box::new(last),
            exclusive,
        };
        Ok(Expression { at, kind })
    }

    fn unary(&mut self) -> Result<Expression, RubyError> {
        self.deeper(|parser| {
            let at = parser.cursor.at();
            if parser.cursor.take("!") || parser.cursor.take_word("not") {
                parser.cursor.skip_blanks();
                let kind = ExpressionKind::Not(Box::new(parser.unary()?));
                return Ok(Expression { at, kind });
            }
            if parser.cursor.take("-") {
                let zero = Expression {
                    at,
                    kind: ExpressionKind::Integer(0),
                };
                let value = Box::new(parser.unary()?);
                let kind = ExpressionKind::Binary(Operator::Subtract, Box::new(zero), value);
                return Ok(Expression { at, kind });
            }
            let primary = parser.primary()?;
            parser.methods(primary)
        })
    }

    /// `.method(arguments)` and `[index]` behind a value.
    pub(super) fn methods(&mut self, mut value: Expression) -> Result<Expression, RubyError> {
        for _ in 0..MAX_CHAIN {
            let at = self.cursor.at();
            if self.cursor.starts_with("[") {
                self.cursor.next();
                let arguments = self.arguments(Some(']'))?;
                let kind =
                    ExpressionKind::Method(Box::new(value), "[]".to_owned(), arguments.values);
                value = Expression { at, kind };
                continue;
            }
            if !self.cursor.starts_with(".") || self.cursor.starts_with("..") || self.at_each() {
                return Ok(value);
            }
            self.cursor.next();
            let Some(name) = self.cursor.name() else {
                return self
                    .cursor
                    .refuse(at, "expected a method's name after the dot");
            };
            let mut name = name.to_owned();
            if let Some(mark @ ('?' | '!')) = self.cursor.peek() {
                self.cursor.next();
                name.push(mark);
            }
            let arguments = if self.cursor.take("(") {
                self.arguments(Some(')'))?.values
            } else {
                Vec::new()
            };
            let kind = ExpressionKind::Method(Box::new(value), name, arguments);
            value = Expression { at, kind };
        }
        self.too_long()
    }

    fn primary(&mut self) -> Result<Expression, RubyError> {
        let at = self.cursor.at();
        let kind = match self.cursor.peek() {
            Some('"' | '\'') => self.text()?,
            Some(':') if !self.cursor.starts_with("::") => self.symbol()?,
            Some('0'..='9') => self.number()?,
            Some('/') => self.regex()?,
            Some('%') => self.percent()?,
            Some('<') if self.cursor.starts_with("<<") => self.heredoc()?,
            Some('[') => {
                self.cursor.next();
                let Arguments { mut values, pairs } = self.arguments(Some(']'))?;
                if !pairs.is_empty() {
                    let kind = ExpressionKind::Hash(pairs);
                    values.push(Expression { at, kind });
                }
                ExpressionKind::Array(values)
            }
            Some('{') => {
                self.cursor.next();
                let Arguments { values, pairs } = self.arguments(Some('}'))?;
                if let Some(value) = values.first() {
                    let what = "expected `key => value` in a hash";
                    return self.cursor.refuse(value.at, what);
                }
                ExpressionKind::Hash(pairs)
            }
            Some('(') => {
                self.cursor.next();
                self.cursor.skip_lines();
                let value = self.expression()?;
                self.cursor.skip_lines();
                if !self.cursor.take(")") {
                    return self.cursor.refuse(at, "this ( is not closed by )");
                }
                return Ok(value);
            }
            Some(c) if c.is_ascii_lowercase() || c == '_' => return self.word(),
            Some(c) => {
                let what = match c {
                    '`' => "programs are not run from a DDL".to_owned(),
                    '@' | '$' => "there are no variables of this kind in a DDL".to_owned(),
                    c if c.is_ascii_uppercase() || c == ':' => {
                        format!(
                            "{} is Ruby's own and not known here; a DDL has texts, symbols, numbers, lists \
                                 and hashes",
                            self.found()
                        )
                    }
                    _ => format!("expected a value, found {}", self.found()),
                };
                return self.cursor.refuse(at, what);
            }
            None => {
                return self
                    .cursor
                    .refuse(at, "expected a value, found the end of the file");
            }
        };
        Ok(Expression { at, kind })
    }

    /// `nil`, `true`, `false`, a variable, or a call by name.
    fn word(&mut self) -> Result<Expression, RubyError> {
        let at = self.cursor.at();
        if let Some(word) = NOT_FOR_DDLS.into_iter().find(|word| self.at_word(word)) {
            let what = format!("`{word}` is Ruby that is not carried out here");
            return self.cursor.refuse(at, what);
        }
        let mut name = self.cursor.name().unwrap_or_default().to_owned();
        let kind = match name.as_str() {
            "nil" => ExpressionKind::Nil,
            "true" => ExpressionKind::Bool(true),
            "false" => ExpressionKind::Bool(false),
            _ if self.variables.contains(&name) => ExpressionKind::Variable(name),
            _ => {
                if self.cursor.peek() == Some('?') {
                    self.cursor.next();
                    name.push('?');
                }
                let arguments = if self.cursor.take("(") {
                    self.arguments(Some(')'))?
                } else if self.command_call() {
                    self.arguments(None)?
                } else {
                    Arguments::default()
                };
                ExpressionKind::Call(name, arguments)
            }
        };
        Ok(Expression { at, kind })
    }

    /// Whether a call goes on without parentheses: `aggregate summary :value`.
    fn command_call(&mut self) -> bool {
        let rest = self.cursor.rest();
        let after = rest.trim_start_matches([' ', '\t']);
        after.len() < rest.len()
            && (after.starts_with(['"', '\''])
                || after
                    .strip_prefix(':')
                    .is_some_and(|rest| rest.starts_with(is_name)))
            && {
                self.cursor.skip_blanks();
                true
            }
    }
}
