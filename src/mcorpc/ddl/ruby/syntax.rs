//! What a DDL is made of once it has been read and before it is carried out.

use super::cursor::At;

/// A statement, and where it begins.
pub(super) struct Statement {
    pub(super) at: At,
    pub(super) kind: StatementKind,
}

pub(super) enum StatementKind {
    /// `name = value`.
    Assign(String, Expression),
    /// `action "x", :description => "y" do ... end`.
    Call {
        name: String,
        arguments: Arguments,
        block: Option<Vec<Statement>>,
    },
    /// `list.each do |name, name| ... end`.
    Each {
        list: Expression,
        names: Vec<String>,
        body: Vec<Statement>,
    },
    /// `if ... elsif ... else ... end`; the last arm's condition may be missing.
    If(Vec<Arm>),
}

/// A condition, which `else` lacks, and what is done where it holds.
pub(super) type Arm = (Option<Expression>, Vec<Statement>);

/// What is given to a call: values, then `key => value` pairs.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) values: Vec<Expression>,
    pub(super) pairs: Vec<(Expression, Expression)>,
}

impl Arguments {
    pub(super) const fn is_empty(&self) -> bool {
        self.values.is_empty() && self.pairs.is_empty()
    }
}

/// An expression, and where it begins.
pub(super) struct Expression {
    pub(super) at: At,
    pub(super) kind: ExpressionKind,
}

pub(super) enum ExpressionKind {
    Array(Vec<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Bool(bool),
    /// A call by name alone: an aggregate function, `respond_to?`.
    Call(String, Arguments),
    Float(f64),
    Hash(Vec<(Expression, Expression)>),
    Integer(i64),
    /// `value.name(arguments)`, or `value[...]` under the name `[]`.
    Method(Box<Expression>, String, Vec<Expression>),
    Nil,
    Not(Box<Expression>),
    Range {
        first: Box<Expression>,
        last: Box<Expression>,
        exclusive: bool,
    },
    Regex {
        source: Vec<Piece>,
        flags: String,
    },
    Symbol(Vec<Piece>),
    Text(Vec<Piece>),
    Variable(String),
}

/// A part of a text.
pub(super) enum Piece {
    Plain(String),
    /// `#{...}`.
    Value(Expression),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    And,
    Divide,
    Equal,
    Multiply,
    NotEqual,
    Or,
    Subtract,
}
