//! What the filter options say of whom a request means.

use super::plan::usage;
use crate::{
    cli::{CommandError, tree::HostFilters},
    mcorpc::{
        filter::{FactFilter, Filter, Token, Word, fact, parse},
        names::Identity,
        similar,
    },
};

/// What `-S` can ask of nodes: the original's data plugins, and Puppet's.
const DATA_QUERIES: [&str; 8] = [
    "agent",
    "collective",
    "fact",
    "fstat",
    "package",
    "puppet",
    "resource",
    "service",
];

/// The filter that the options describe.
pub(super) fn filter(filters: &HostFilters) -> Result<Filter, CommandError> {
    let mut filter = Filter::default();
    let lists = [
        ("--with", &filters.with),
        ("--with-class", &filters.with_class),
        ("--with-agent", &filters.with_agent),
    ];
    for (option, texts) in lists {
        if texts.iter().any(|text| text.trim().is_empty()) {
            // An empty variable of a script must not mean everybody.
            return Err(CommandError::usage(format!("{option} is empty"))
                .hint("leave the option out to mean every node"));
        }
    }
    for word in filters.with.iter().flat_map(|text| fact::words(text)) {
        match word {
            Word::Fact(fact) => filter.fact.push(fact),
            Word::Class(class) => filter.cf_class.push(class),
        }
    }
    for text in &filters.with_fact {
        filter.fact.push(text.parse::<FactFilter>().map_err(usage)?);
    }
    for text in &filters.select {
        let tokens = parse::expression(text).map_err(usage)?;
        tokens.iter().try_for_each(known_query)?;
        filter.compound.push(tokens);
    }
    filter.cf_class.extend(filters.with_class.iter().cloned());
    filter.agent.extend(filters.with_agent.iter().cloned());
    filter
        .identity
        .extend(filters.with_identity.iter().cloned());
    for name in filter.identity.iter().filter(|name| !name.starts_with('/')) {
        Identity::new(name.clone()).map_err(usage)?;
    }
    filter.check().map_err(usage)?;
    Ok(filter)
}

/// A misspelt data query would be false on every node, and look like a filter that nobody meets.
fn known_query(token: &Token) -> Result<(), CommandError> {
    let Token::Function(function) = token else {
        return Ok(());
    };
    let name = function.name.as_str();
    if DATA_QUERIES.contains(&name) {
        return Ok(());
    }
    let error = CommandError::usage(format!("Can't find DDL for data plugin '{name}_data'"));
    Err(match similar::closest(name, &DATA_QUERIES) {
        Some(close) => error.hint(format!("did you mean `{close}`?")),
        None => error.hint(format!("nodes know {}", DATA_QUERIES.join(", "))),
    })
}
