//! Whom a request means: facts, classes, agents, identities and compound expressions.
//!
//! (being built: evaluation and parsing)

use serde::{Deserialize, Serialize};

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
