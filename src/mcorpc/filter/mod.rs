//! Whom a request means: facts, classes, agents, identities and compound expressions.
//!
//! This file has the form in which a filter stands in a request. [`fact`] and [`parse`] read what
//! an operator types, [`eval`] decides on the node, [`describe`] says it in words. The meaning is
//! the original's, so that a mixed fleet answers as one; where it differs on purpose, the place
//! says so.

pub mod compare;
pub mod compound;
pub mod describe;
pub mod eval;
pub mod fact;
mod lexer;
pub mod parse;

use serde::{Deserialize, Serialize};

pub use compound::{Function, Token};
pub use eval::{DataError, EvalError, Node};
pub use fact::{FactError, Word};
pub use parse::ParseError;

/// A filter as it stands in a request. All kinds must hold; an empty filter means everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Comparisons of facts; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fact: Vec<FactFilter>,
    /// Classes, by name or `/regex/`; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cf_class: Vec<String>,
    /// Agents, by name or `/regex/`; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent: Vec<String>,
    /// Identities, by name or `/regex/`; one must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<String>,
    /// Compound expressions, each a list of tokens; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compound: Vec<Vec<Token>>,
}

/// One comparison of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactFilter {
    /// The fact's name.
    pub fact: String,
    /// What it is compared with.
    pub value: String,
    /// How: `==`, `!=`, `=~`, `<`, `<=`, `>`, `>=`.
    pub operator: String,
}

impl Filter {
    /// Whether everybody is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
