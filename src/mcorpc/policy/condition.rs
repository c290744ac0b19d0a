//! The facts and classes of a rule: which nodes it speaks of.
//!
//! A field is `*`, a list of which all must hold, or an expression as after `-S`. All become one
//! [`Filter`], so that a rule and a filter of the same words mean the same nodes.

use super::groups::shown;
use crate::mcorpc::{
    ddl::builtin,
    filter::{
        FactFilter, Filter, Function, Token,
        compare::Comparison,
        fact::{self, Word},
        parse,
    },
    pattern,
};

/// What a list in a field may name. An expression may name everything in either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Facts and classes: the last field of a rule with four.
    Any,
    Classes,
    Facts,
}

/// A filter of all these fields, and what is to be said of it; or what is wrong.
pub(super) fn read(fields: &[(Column, &str)]) -> Result<(Filter, Vec<String>), String> {
    let mut filter = Filter::default();
    let mut notes = Vec::new();
    for &(column, field) in fields {
        if field == "*" {
            continue;
        }
        if is_expression(field) {
            let tokens = parse::expression(field)
                .map_err(|error| format!("`{}` can't be read: {}", shown(field), error.what))?;
            check(&tokens)?;
            notes.extend(tokens.iter().filter_map(unknown_plugin));
            filter.compound.push(tokens);
        } else {
            list(column, field, &mut filter)?;
        }
    }
    let dead = filter.fact.iter().map(|fact| fact.operator.as_str());
    for operator in dead.filter(|operator| !matches!(*operator, "==" | "<" | ">")) {
        notes.push(format!(
            "`{operator}` is compared here as after -F; nodes of the original never match it"
        ));
    }
    Ok((filter, notes))
}

/// Whether a field is an expression and not a list. Parentheses in a regex are none.
fn is_expression(field: &str) -> bool {
    field.split_whitespace().any(|word| {
        let outside_regex = word.split('/').next().unwrap_or_default();
        matches!(word, "and" | "or" | "not")
            || word.starts_with('!')
            || outside_regex.contains(['(', ')'])
    })
}

fn list(column: Column, field: &str, filter: &mut Filter) -> Result<(), String> {
    for word in fact::words(field) {
        match word {
            Word::Fact(fact) if column == Column::Classes => {
                return Err(format!(
                    "`{}` is no class; a fact belongs into the field before",
                    shown(&format!("{}{}{}", fact.fact, fact.operator, fact.value))
                ));
            }
            Word::Class(class) if column == Column::Facts => {
                return Err(format!(
                    "`{}` is no comparison of a fact; write name=value without blanks (a class \
                     belongs into the next field)",
                    shown(&class)
                ));
            }
            Word::Fact(fact) => {
                comparison(&fact)?;
                filter.fact.push(fact);
            }
            Word::Class(class) => {
                if class.starts_with(['*', '=', '<', '>', '!', '&', '|']) {
                    return Err(format!("`{}` is no class", shown(&class)));
                }
                pattern::from_slashed(&class)
                    .transpose()
                    .map_err(|error| error.to_string())?;
                filter.cf_class.push(class);
            }
        }
    }
    Ok(())
}

fn comparison(fact: &FactFilter) -> Result<(), String> {
    Comparison::new(&fact.operator, &fact.value)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// What would otherwise be found only when somebody calls, or not at all.
fn check(tokens: &[Token]) -> Result<(), String> {
    if is_ambiguous(tokens) {
        return Err(
            "`and` after `or` can be read in two ways; write parentheses round what belongs \
             together"
                .to_owned(),
        );
    }
    for token in tokens {
        let regex = match token {
            Token::Statement(text) => regex(text).map(|regex| pattern::search(&regex)),
            Token::Function(function) if function.operator.ends_with('~') => {
                let (body, flags) = pattern::split_slashed(&function.r_compare);
                Some(pattern::search_with(body, flags))
            }
            _ => None,
        };
        regex.transpose().map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn unknown_plugin(token: &Token) -> Option<String> {
    let Token::Function(Function { name, .. }) = token else {
        return None;
    };
    builtin::query(name).is_none().then(|| {
        format!(
            "there is no data plugin `{}`, so it can't be said whether the rule matches",
            shown(name)
        )
    })
}

/// The regex of `/regex/` or `fact=/regex/`.
fn regex(statement: &str) -> Option<String> {
    let at = statement.find('/')?;
    let (before, regex) = statement.split_at(at);
    (before.is_empty() || before.ends_with('=')).then(|| regex.replace('/', ""))
}

/// Whether it matters that the original goes from left to right here, and elsewhere lets `and`
/// bind tighter: where an `and` follows an `or` within the same parentheses.
fn is_ambiguous(tokens: &[Token]) -> bool {
    // For each parenthesis that is open: whether an `or` came.
    let mut had_or = vec![false];
    for token in tokens {
        match token {
            Token::Open => had_or.push(false),
            Token::Close => drop(had_or.pop()),
            Token::Or => had_or.iter_mut().rev().take(1).for_each(|had| *had = true),
            Token::And if had_or.last() == Some(&true) => return true,
            _ => {}
        }
    }
    false
}
