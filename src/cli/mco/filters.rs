//! What the filter options say of whom a request means.

use serde_json::Value;

use super::{ddls, plan::usage};
use crate::{
    cli::{
        CommandError,
        tree::{General, HostFilters},
    },
    mcorpc::{
        filter::{FactFilter, Filter, Token, Word, fact, parse},
        names::Identity,
        similar,
    },
};

/// The filter that the options describe.
pub(super) fn filter(general: &General, filters: &HostFilters) -> Result<Filter, CommandError> {
    let mut filter = Filter::default();
    let lists = [
        ("--with", &filters.with),
        ("--with-class", &filters.with_class),
        ("--with-agent", &filters.with_agent),
        ("--with-identity", &filters.with_identity),
    ];
    for (option, texts) in lists {
        // An empty variable of a script must not mean everybody, between slashes neither.
        let says_nothing = |text: &String| text.chars().all(|c| c == '/' || c.is_whitespace());
        if texts.iter().any(says_nothing) {
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
        tokens
            .iter()
            .try_for_each(|token| known_query(general, token))?;
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

/// A misspelt data query, or one that its DDL does not allow, would be false on every node, and look
/// like a filter that nobody meets.
fn known_query(general: &General, token: &Token) -> Result<(), CommandError> {
    let Token::Function(function) = token else {
        return Ok(());
    };
    let ddl = ddls::query(general, &function.name)?;
    let asked = function.params.as_deref().map(Value::from);
    ddl.validate_query(asked.as_ref()).map_err(usage)?;
    let (Some(query), Some(output)) = (&ddl.query, &function.value) else {
        return Ok(());
    };
    let mut names = query.outputs.iter().map(|output| &output.name);
    // A plugin that declares nothing may say anything.
    if query.outputs.is_empty() || names.any(|name| name == output) {
        return Ok(());
    }
    let name = &function.name;
    let what = format!("Data plugin '{name}()' does not return a '{output}' value");
    let error = CommandError::usage(what);
    let names: Vec<&str> = query.outputs.iter().map(|one| one.name.as_str()).collect();
    Err(match similar::closest(output, &names) {
        Some(close) => error.hint(format!("did you mean `{close}`?")),
        None => error.hint(format!("it has {}", names.join(", "))),
    })
}
