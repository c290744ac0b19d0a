//! Policies as the original reads them, for sites that depend on it: `plugin.actionpolicy.compat`.
//!
//! A caller is searched in its field, so that a line for `cert=johnny` serves `cert=john`. With four
//! fields the last is always an expression, in which `*` is a class that no node has. Facts are compared
//! as texts; what is written with `>=`, `==`, `!=` or a regex never matches. `and` and `or` go from
//! left to right, and a data function that fails is false. A line that can't be read is skipped. Only
//! the way is another: nothing is evaluated as code.

use std::collections::BTreeSet;

use super::{Effect, Groups, Names, Nodes, Policy, Rule, Warning, groups::shown};
use crate::mcorpc::filter::{Filter, Node, Token, parse};

/// Which nodes a rule speaks of. All must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Never,
    Fact(String),
    Class(String),
    Expression(Vec<Token>),
}

/// Reads a text.
pub(super) fn parse(text: &str, groups: &Groups, unset_default: bool) -> (Policy, Vec<Warning>) {
    let mut policy = Policy {
        rules: Vec::new(),
        default_allows: unset_default,
        default_line: None,
    };
    let mut warnings = Vec::new();
    for (line, text) in (1..).zip(text.split('\n')) {
        if text.starts_with('#') || text.trim().is_empty() {
            continue;
        }
        let mut warn = |message: String| warnings.push(Warning { line, message });
        if let Some(allows) = default(text) {
            policy.default_line = Some(line);
            policy.default_allows = allows;
        } else if let Some(rule) = rule(line, text, groups, &mut warn) {
            policy.rules.push(rule);
        } else {
            warn("the line can't be read, and is skipped, as the original does".to_owned());
        }
    }
    (policy, warnings)
}

/// `policy default WORD`, whatever follows.
fn default(text: &str) -> Option<bool> {
    let rest = text.strip_prefix("policy")?;
    let words = rest.trim_start().strip_prefix("default")?;
    let word = words.trim_start();
    let blanks = rest.starts_with(char::is_whitespace) && words.starts_with(char::is_whitespace);
    let end = word
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(word.len());
    let word = word.get(..end).filter(|word| blanks && !word.is_empty())?;
    Some(word == "allow")
}

fn rule(line: usize, text: &str, groups: &Groups, warn: &mut impl FnMut(String)) -> Option<Rule> {
    let mut fields = text.split('\t').filter(|field| !field.is_empty());
    let effect = match fields.next()? {
        "allow" if text.starts_with('a') => Effect::Allow,
        "deny" if text.starts_with('d') => Effect::Deny,
        _ => return None,
    };
    let (callers, actions, facts) = (fields.next()?, fields.next()?, fields.next()?);
    let condition = match fields.next_back() {
        None => {
            if facts == "*" {
                warn("with four fields `*` never matches, as in the original".to_owned());
            }
            expression(facts)
        }
        Some(classes) => list(facts, true, warn).and_then(|mut condition| {
            condition.0.extend(list(classes, false, warn)?.0);
            Ok(condition)
        }),
    };
    let (effect, nodes) = match condition {
        Ok(condition) => (effect, Nodes::Original(condition)),
        Err(what) => {
            // The original ends there with an error.
            warn(format!("{what}, so whoever gets as far is denied"));
            (Effect::Deny, Nodes::Unknown)
        }
    };
    Some(Rule {
        line,
        effect,
        callers: self::callers(callers, groups),
        actions: self::actions(actions),
        nodes,
    })
}

fn callers(field: &str, groups: &Groups) -> Names {
    if field == "*" {
        return Names::All;
    }
    let listed = field.split_whitespace().filter_map(|word| groups.get(word));
    Names::Within {
        text: field.to_owned(),
        names: listed.flat_map(|group| group.callers.clone()).collect(),
    }
}

fn actions(field: &str) -> Names {
    if field == "*" {
        return Names::All;
    }
    Names::Listed {
        names: field
            .split_whitespace()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>(),
        doubtful: false,
    }
}

fn expression(field: &str) -> Result<Condition, String> {
    if field == "*" {
        return Ok(Condition(vec![Part::Never]));
    }
    let tokens = parse::expression(field)
        .map_err(|error| format!("`{}` can't be read: {}", shown(field), error.what))?;
    Ok(Condition(vec![Part::Expression(tokens)]))
}

/// A column of a rule with five fields.
fn list(field: &str, facts: bool, warn: &mut impl FnMut(String)) -> Result<Condition, String> {
    let mut words = field.split_whitespace();
    if field == "*" {
        return Ok(Condition(Vec::new()));
    }
    let is_call = field
        .find('(')
        .is_some_and(|open| field.get(open..).is_some_and(|rest| rest.contains(')')));
    if is_call || words.any(|word| word.starts_with('!') || ["not", "and", "or"].contains(&word)) {
        return expression(field);
    }
    let part = |word: &str| match (split(word).is_some(), facts) {
        (true, true) => Part::Fact(word.to_owned()),
        (false, false) => Part::Class(word.to_owned()),
        _ => {
            warn(format!(
                "`{}` is in the wrong column, and never matches",
                shown(word)
            ));
            Part::Never
        }
    };
    Ok(Condition(field.split_whitespace().map(part).collect()))
}

/// A comparison as `/(.+)(<|>|=|<=|>=)(.+)/` takes it apart: at the last sign that has something
/// behind it, so that of two signs the first belongs to the name.
fn split(word: &str) -> Option<(&str, char, &str)> {
    let mut signs = word.char_indices().rev();
    let (at, sign) =
        signs.find(|&(at, c)| at > 0 && at + 1 < word.len() && matches!(c, '<' | '>' | '='))?;
    Some((word.get(..at)?, sign, word.get(at + 1..)?))
}

impl Condition {
    pub(super) fn holds(&self, node: &dyn Node) -> bool {
        self.0.iter().all(|part| match part {
            Part::Never => false,
            Part::Fact(word) => fact(word, node),
            Part::Class(word) => class(word, node),
            Part::Expression(tokens) => from_left_to_right(tokens, node),
        })
    }
}

fn fact(word: &str, node: &dyn Node) -> bool {
    let Some((name, sign, value)) = split(word) else {
        return false;
    };
    // A structure is no text that anything is compared with.
    let fact = node.fact(name);
    let fact = match &fact {
        None => "",
        Some(serde_json::Value::String(text)) => text,
        Some(_) => return false,
    };
    match sign {
        '<' => fact < value,
        '>' => fact > value,
        _ => fact == value,
    }
}

fn class(word: &str, node: &dyn Node) -> bool {
    let filter = Filter {
        cf_class: vec![word.to_owned()],
        ..Filter::default()
    };
    filter.matches(node).unwrap_or(false)
}

fn call(token: &Token, node: &dyn Node) -> bool {
    let filter = Filter {
        compound: vec![vec![token.clone()]],
        ..Filter::default()
    };
    filter.matches(node).unwrap_or(false)
}

/// What stands within a pair of parentheses so far.
#[derive(Default)]
struct Level {
    so_far: Option<bool>,
    or: bool,
    not: bool,
}

impl Level {
    fn value(&mut self, value: bool) {
        let value = value != std::mem::take(&mut self.not);
        self.so_far = Some(match self.so_far {
            None => value,
            Some(before) if self.or => before || value,
            Some(before) => before && value,
        });
    }
}

/// The parser has made sure that the parentheses match.
fn from_left_to_right(tokens: &[Token], node: &dyn Node) -> bool {
    let (mut level, mut outer) = (Level::default(), Vec::new());
    for token in tokens {
        match token {
            Token::And => level.or = false,
            Token::Or => level.or = true,
            Token::Not => level.not = !level.not,
            Token::Open => outer.push(std::mem::take(&mut level)),
            Token::Close => {
                let value = level.so_far == Some(true);
                level = outer.pop().unwrap_or_default();
                level.value(value);
            }
            Token::Statement(word) if split(word).is_some() && !word.starts_with('/') => {
                level.value(fact(word, node));
            }
            Token::Statement(word) => level.value(class(word, node)),
            Token::Function(_) => level.value(call(token, node)),
        }
    }
    level.so_far == Some(true)
}

#[cfg(test)]
mod tests;
