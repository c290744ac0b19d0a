//! Deciding on a node whether it is meant.
//!
//! The original lets a node pass only where exactly one of several identities matches; they are
//! meant as alternatives, so here one or more do.

use std::borrow::Cow;

use regex::Regex;
use serde_json::{Map, Value};

use super::{
    FactFilter, Filter, Function, Token,
    compare::{CompareError, Comparison},
    compound::statement_operator,
};
use crate::mcorpc::pattern::{self, PatternError};

mod function;
mod truth;

/// What a filter may ask of a node. What costs is asked for only if the filter needs it.
pub trait Node {
    /// Who it is.
    fn identity(&self) -> &str;
    /// The agents that it has.
    fn agents(&self) -> Cow<'_, [String]>;
    /// The classes that the last Puppet run gave it.
    fn classes(&self) -> Cow<'_, [String]>;
    /// The same, and why these may not be all: a filter takes what there is, a policy does not.
    fn classes_or_doubt(&self) -> (Cow<'_, [String]>, Option<String>) {
        (self.classes(), None)
    }
    /// A fact, by its literal name first, then as a dotted path into structures.
    fn fact(&self, name: &str) -> Option<Value>;
    /// The same, and why it may be another.
    fn fact_or_doubt(&self, name: &str) -> (Option<Value>, Option<String>) {
        (self.fact(name), None)
    }
    /// What a data plugin says.
    fn data(&self, plugin: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError>;
}

/// Why a data plugin says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// It could not find out.
    #[error("{0}")]
    Failed(String),
    /// The question is not what its DDL allows.
    #[error("{0}")]
    Invalid(String),
    /// There is none of that name.
    #[error("there is no data plugin of that name")]
    UnknownPlugin,
}

/// Why it can't be said whether a filter holds. The original drops such a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A comparison that makes no sense.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A data plugin failed.
    #[error("the data plugin {plugin} failed: {reason}")]
    Data {
        /// Which.
        plugin: String,
        /// What it says.
        reason: String,
    },
    /// The tokens of a compound filter are no expression.
    #[error("the compound filter is malformed: {0}")]
    Malformed(&'static str),
    /// A regex can't be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// An output of a data plugin can't be compared with this.
    #[error("{expression}: the value {value} can't be compared with {with:?}")]
    Type {
        /// The comparison.
        expression: String,
        /// What the plugin said.
        value: String,
        /// What the filter has.
        with: String,
    },
}

/// A filter may hold so many tokens: every one may cost a data plugin's work.
const MAX_TOKENS: usize = 2000;

impl Filter {
    /// Whether this node is meant.
    pub fn matches(&self, node: &dyn Node) -> Result<bool, EvalError> {
        self.check_size()?;
        // What is cheap comes first.
        Ok(self.identities_match(node)?
            && all(&self.agent, |agent| has_agent(node, agent))?
            && all(&self.cf_class, |class| has_class(node, class))?
            && all(&self.fact, |fact| has_fact(node, fact))?
            && self.compounds_match(node)?)
    }

    /// Whether every pattern and comparison can be used at all: what would fail on every node is
    /// better refused before anybody is asked. Of compound expressions the rest is their parser's.
    pub fn check(&self) -> Result<(), EvalError> {
        self.check_size()?;
        for word in self
            .identity
            .iter()
            .chain(&self.agent)
            .chain(&self.cf_class)
        {
            Word::new(word)?;
        }
        for fact in &self.fact {
            Comparison::new(&fact.operator, &fact.value)?;
        }
        for token in self.compound.iter().flatten() {
            match token {
                Token::Function(function) => function::check(function)?,
                Token::Statement(text) => match Statement::new(text)? {
                    Statement::Class(class) => drop(Word::new(class)?),
                    Statement::Fact(fact) => drop(Comparison::new(&fact.operator, &fact.value)?),
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// One request must not keep a node busy. Names without a pattern cost next to nothing.
    fn check_size(&self) -> Result<(), EvalError> {
        let patterns = self.identity.iter().filter(|word| word.starts_with('/'));
        let words = patterns.count() + self.agent.len() + self.cf_class.len() + self.fact.len();
        let tokens = self.compound.iter().map(Vec::len).sum::<usize>();
        if words + tokens > MAX_TOKENS {
            return Err(EvalError::Malformed("it has more than 2000 parts"));
        }
        Ok(())
    }

    fn identities_match(&self, node: &dyn Node) -> Result<bool, EvalError> {
        for wanted in &self.identity {
            if Word::new(wanted)?.is(node.identity()) {
                return Ok(true);
            }
        }
        Ok(self.identity.is_empty())
    }

    fn compounds_match(&self, node: &dyn Node) -> Result<bool, EvalError> {
        all(&self.compound, |tokens| expression(node, tokens))
    }
}

fn all<T>(
    items: &[T],
    mut holds: impl FnMut(&T) -> Result<bool, EvalError>,
) -> Result<bool, EvalError> {
    for item in items {
        if !holds(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A name, or a regex where it begins with a slash.
enum Word<'a> {
    Name(&'a str),
    Pattern(Box<Regex>),
}

impl<'a> Word<'a> {
    fn new(text: &'a str) -> Result<Self, PatternError> {
        Ok(match pattern::from_slashed(text) {
            Some(regex) => Self::Pattern(Box::new(regex?)),
            None => Self::Name(text),
        })
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::Name(name) => *name == text,
            Self::Pattern(regex) => regex.is_match(text),
        }
    }
}

fn has_agent(node: &dyn Node, wanted: &str) -> Result<bool, EvalError> {
    // Every node is one of MCollective, as the original has it.
    if wanted == "mcollective" {
        return Ok(true);
    }
    let wanted = Word::new(wanted)?;
    Ok(node.agents().iter().any(|agent| wanted.is(agent)))
}

fn has_class(node: &dyn Node, wanted: &str) -> Result<bool, EvalError> {
    let wanted = Word::new(wanted)?;
    Ok(node.classes().iter().any(|class| wanted.is(class)))
}

fn has_fact(node: &dyn Node, filter: &FactFilter) -> Result<bool, EvalError> {
    // A fact that is not there never holds, not even with `!=`.
    let Some(fact) = node.fact(&filter.fact) else {
        return Ok(false);
    };
    Ok(Comparison::new(&filter.operator, &filter.value)?.holds(&fact)?)
}

/// Decides a compound expression. Every statement is asked, whatever the others say.
fn expression(node: &dyn Node, tokens: &[Token]) -> Result<bool, EvalError> {
    let mut truth = truth::Truth::default();
    for token in tokens {
        match token {
            Token::Statement(text) => truth.value(statement(node, text)?)?,
            Token::Function(function) => match call(node, function)? {
                Some(value) => truth.value(value)?,
                // `!foo().x=1` must not choose the nodes that have no `foo`.
                None => return Ok(false),
            },
            Token::And => truth.and()?,
            Token::Or => truth.or()?,
            Token::Not => truth.not()?,
            Token::Open => truth.open()?,
            Token::Close => truth.close()?,
        }
    }
    if tokens.is_empty() {
        return Ok(false);
    }
    truth.finish()
}

/// What a word of a compound expression says.
enum Statement<'a> {
    Class(&'a str),
    Fact(FactFilter),
}

impl<'a> Statement<'a> {
    fn new(text: &'a str) -> Result<Self, EvalError> {
        let Some((_, operator)) = statement_operator(text).filter(|_| !text.starts_with('/'))
        else {
            return Ok(Self::Class(text));
        };
        // As Ruby's `split`: what follows a second operator is lost.
        let mut parts = text.split(operator);
        let fact = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        if value.is_empty() && parts.all(str::is_empty) {
            return Err(EvalError::Malformed("a comparison lacks its value"));
        }
        let operator = match operator {
            _ if value.starts_with('/') => "=~",
            "=" => "==",
            other => other,
        };
        Ok(Self::Fact(FactFilter {
            fact: fact.to_owned(),
            value: value.to_owned(),
            operator: operator.to_owned(),
        }))
    }
}

fn statement(node: &dyn Node, text: &str) -> Result<bool, EvalError> {
    match Statement::new(text)? {
        Statement::Class(class) => has_class(node, class),
        Statement::Fact(fact) => has_fact(node, &fact),
    }
}

/// Asks a data plugin. `None`: there is none, or it may not be asked this.
fn call(node: &dyn Node, function: &Function) -> Result<Option<bool>, EvalError> {
    match node.data(&function.name, function.params.as_deref()) {
        Ok(outputs) => function::holds(function, &outputs).map(Some),
        Err(DataError::UnknownPlugin | DataError::Invalid(_)) => Ok(None),
        Err(DataError::Failed(reason)) => Err(EvalError::Data {
            plugin: function.name.chars().take(80).collect(),
            reason,
        }),
    }
}

#[cfg(test)]
mod tests;
