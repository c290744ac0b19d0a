//! Carries statements out: variables, lists, conditions. What is left are calls of the DDL's own
//! words, which [`declare`](super::declare) takes.

use super::{
    RubyError,
    cursor::At,
    declare::{Declared, Given},
    refuse,
    syntax::{Arguments, Expression, ExpressionKind, Operator, Piece, Statement, StatementKind},
    value::Value,
};

/// A DDL may come to so many statements; the largest that is known has some hundreds.
const MAX_STATEMENTS: usize = 5000;
/// And make so many bytes of text while it does.
const MAX_TEXT: usize = 4 << 20;

/// Carries out the statements of one file.
pub(super) struct Evaluator<'a> {
    text: &'a str,
    variables: Vec<(String, Value)>,
    statements: usize,
    bytes: usize,
    pub(super) declared: Declared<'a>,
}

impl<'a> Evaluator<'a> {
    pub(super) const fn new(text: &'a str, declared: Declared<'a>) -> Self {
        Self {
            text,
            variables: Vec::new(),
            statements: 0,
            bytes: 0,
            declared,
        }
    }

    fn refuse<T>(&self, at: At, what: impl Into<String>) -> Result<T, RubyError> {
        refuse(self.text, at, what)
    }

    pub(super) fn run(&mut self, statements: &[Statement]) -> Result<(), RubyError> {
        statements.iter().try_for_each(|one| self.statement(one))
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), RubyError> {
        let at = statement.at;
        self.statements += 1;
        if self.statements > MAX_STATEMENTS {
            let what = format!("the file comes to more than {MAX_STATEMENTS} statements");
            return self.refuse(at, what);
        }
        match &statement.kind {
            StatementKind::Assign(name, value) => {
                let value = self.value(value)?;
                self.set(name, value);
                Ok(())
            }
            StatementKind::Each { list, names, body } => {
                let Some(items) = self.value(list)?.items() else {
                    return self.refuse(list.at, "each needs a list, of at most 1000 items");
                };
                let known = self.variables.len();
                for item in items {
                    match (names.as_slice(), item) {
                        ([], _) => {}
                        ([name], item) => self.variables.push((name.clone(), item)),
                        (names, Value::Array(parts)) => {
                            let parts = parts.into_iter().chain(std::iter::repeat(Value::Nil));
                            self.variables.extend(names.iter().cloned().zip(parts));
                        }
                        _ => return self.refuse(at, "the items of this list have no parts"),
                    }
                    self.run(body)?;
                    self.variables.truncate(known);
                }
                Ok(())
            }
            StatementKind::If(arms) => {
                for (condition, body) in arms {
                    let holds = match condition {
                        Some(condition) => self.value(condition)?.is_true(),
                        None => true,
                    };
                    if holds {
                        return self.run(body);
                    }
                }
                Ok(())
            }
            StatementKind::Call {
                name,
                arguments,
                block,
            } => {
                let given = self.given(arguments)?;
                let inside = self.declared.call(at, name, given, block.is_some())?;
                if let Some(block) = block {
                    self.run(block)?;
                }
                self.declared.leave(inside);
                Ok(())
            }
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    fn given(&mut self, arguments: &Arguments) -> Result<Given, RubyError> {
        let values = arguments.values.iter().map(|value| self.value(value));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let mut pairs = Vec::new();
        for (key, value) in &arguments.pairs {
            pairs.push((self.value(key)?, self.value(value)?, key.at));
        }
        Ok(Given { values, pairs })
    }

    fn value(&mut self, expression: &Expression) -> Result<Value, RubyError> {
        let at = expression.at;
        Ok(match &expression.kind {
            ExpressionKind::Array(values) => {
                let values = values.iter().map(|value| self.value(value));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            ExpressionKind::Binary(operator, left, right) => {
                let left = self.value(left)?;
                match operator {
                    Operator::And if !left.is_true() => return Ok(left),
                    Operator::Or if left.is_true() => return Ok(left),
                    Operator::And | Operator::Or => return self.value(right),
                    _ => {}
                }
                let right = self.value(right)?;
                let Some(value) = Value::operate(*operator, &left, &right) else {
                    let what = format!("{} and {} can't be joined so", left.kind(), right.kind());
                    return self.refuse(at, what);
                };
                self.counted(at, value)?
            }
            ExpressionKind::Bool(value) => Value::Bool(*value),
            ExpressionKind::Call(name, arguments) => {
                let given = self.given(arguments)?;
                self.function(at, name, given)?
            }
            ExpressionKind::Float(value) => Value::Float(*value),
            ExpressionKind::Hash(pairs) => {
                let mut hash = Vec::new();
                for (key, value) in pairs {
                    hash.push((self.value(key)?, self.value(value)?));
                }
                Value::Hash(hash)
            }
            ExpressionKind::Integer(value) => Value::Integer(*value),
            ExpressionKind::Method(value, name, arguments) => {
                let value = self.value(value)?;
                let arguments = arguments.iter().map(|argument| self.value(argument));
                let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
                match value.call(name, &arguments) {
                    Ok(value) => self.counted(at, value)?,
                    Err(what) => return self.refuse(at, what),
                }
            }
            ExpressionKind::Nil => Value::Nil,
            ExpressionKind::Not(value) => Value::Bool(!self.value(value)?.is_true()),
            ExpressionKind::Range {
                first,
                last,
                exclusive,
            } => match (self.value(first)?, self.value(last)?) {
                (Value::Integer(first), Value::Integer(last)) => {
                    Value::Range(first, last.saturating_sub(i64::from(*exclusive)))
                }
                _ => return self.refuse(at, "ranges go from one whole number to another"),
            },
            ExpressionKind::Regex { source, flags } => Value::Regex {
                source: self.joined(source)?,
                flags: flags.clone(),
            },
            ExpressionKind::Symbol(pieces) => Value::Symbol(self.joined(pieces)?),
            ExpressionKind::Text(pieces) => Value::Text(self.joined(pieces)?),
            ExpressionKind::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                // One that was assigned in an arm which was not carried out is nil.
                let value = found.map_or(Value::Nil, |(_, value)| value.clone());
                self.counted(at, value)?
            }
        })
    }

    /// `respond_to?(:word)`, or an aggregate function.
    fn function(&self, at: At, name: &str, given: Given) -> Result<Value, RubyError> {
        if name == "respond_to?" {
            let [word] = given.values.as_slice() else {
                return self.refuse(at, "`respond_to?` is asked about one word");
            };
            let known = word.as_name().is_some_and(|word| self.declared.knows(word));
            return Ok(Value::Bool(known));
        }
        if !self.declared.in_summary() {
            let what = format!("there is no variable and no function `{name}`");
            return self.refuse(at, what);
        }
        let mut arguments = given.values;
        if !given.pairs.is_empty() {
            let pairs = given.pairs.into_iter();
            arguments.push(Value::Hash(
                pairs.map(|(key, value, _)| (key, value)).collect(),
            ));
        }
        Ok(Value::Call(name.to_owned(), arguments))
    }

    fn joined(&mut self, pieces: &[Piece]) -> Result<String, RubyError> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Value(expression) => {
                    let value = self.value(expression)?;
                    let Some(value) = value.to_text() else {
                        let what = format!("{} can't be put into a text", value.kind());
                        return self.refuse(expression.at, what);
                    };
                    text.push_str(&value);
                }
            }
        }
        self.bytes += text.len();
        self.within(0)?;
        Ok(text)
    }

    /// Counts what an operation made, so that no file can have us hold more and more.
    fn counted(&mut self, at: At, value: Value) -> Result<Value, RubyError> {
        self.bytes += value.weight();
        self.within(at)?;
        Ok(value)
    }

    fn within(&self, at: At) -> Result<(), RubyError> {
        if self.bytes > MAX_TEXT {
            let what = format!("the file comes to more than {MAX_TEXT} bytes of text");
            return self.refuse(at, what);
        }
        Ok(())
    }
}
