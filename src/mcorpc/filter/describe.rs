//! A filter in words, as `mco describe_filter` prints it.
//!
//! Unlike the original this shows every `-S`, and says identities and agents too: what is not
//! shown is easily forgotten.

use std::fmt::{self, Write as _};

use super::{Filter, Token, compound::statement_operator};

/// What one kind of filter asks.
pub struct Section {
    /// The option that asks it.
    pub option: &'static str,
    /// What it asks, before the single checks.
    title: &'static str,
    /// The checks, each in words.
    pub checks: Vec<String>,
}

/// Says what a filter asks of a node. Empty where it asks nothing.
pub fn describe(filter: &Filter) -> String {
    let mut out = String::new();
    for section in sections(filter) {
        // Writing to a String can't fail.
        let _: fmt::Result = writeln!(out, "{} {}:\n", section.option, section.title);
        for check in section.checks {
            let _: fmt::Result = writeln!(out, "  {check}");
        }
        out.push('\n');
    }
    out
}

/// The same in its parts, without those that ask nothing.
pub fn sections(filter: &Filter) -> Vec<Section> {
    let facts = filter.fact.iter();
    let agents = filter.agent.iter();
    let identities = filter.identity.iter();
    let kinds = [
        (
            "-F",
            "filter expands to the following fact comparisons",
            facts
                .map(|f| fact(&f.fact, &f.operator, &f.value))
                .collect(),
        ),
        (
            "-C",
            "filter expands to the following class checks",
            filter.cf_class.iter().map(|name| class(name)).collect(),
        ),
        (
            "-A",
            "filter expands to the following agent checks",
            agents
                .map(|name| format!("Check if agent '{name}' is present on the host"))
                .collect(),
        ),
        (
            "-I",
            "filter expands to the following identity checks, of which one must hold",
            identities
                .map(|name| format!("Check if the identity is '{name}'"))
                .collect(),
        ),
    ];
    let queries = filter.compound.iter().map(|tokens| {
        let title = "Query expands to the following instructions";
        ("-S", title, instructions(tokens))
    });
    let sections = kinds.into_iter().chain(queries);
    sections
        .filter(|(_, _, checks)| !checks.is_empty())
        .map(|(option, title, checks)| Section {
            option,
            title,
            checks,
        })
        .collect()
}

fn instructions(tokens: &[Token]) -> Vec<String> {
    let mut depth = 0_usize;
    let mut lines = Vec::new();
    for token in tokens {
        if matches!(token, Token::Close) {
            depth = depth.saturating_sub(1);
        }
        let indent = "  ".repeat(depth.min(40));
        lines.push(indent + &instruction(token));
        if matches!(token, Token::Open) {
            depth += 1;
        }
    }
    lines
}

fn instruction(token: &Token) -> String {
    match token {
        Token::And => "AND".to_owned(),
        Token::Close => ")".to_owned(),
        Token::Not => "NOT".to_owned(),
        Token::Open => "(".to_owned(),
        Token::Or => "OR".to_owned(),
        Token::Statement(text) => match statement_operator(text) {
            Some((at, operator)) if !text.starts_with('/') => {
                let (name, value) = text.split_at(at);
                fact(
                    name,
                    operator,
                    value.get(operator.len()..).unwrap_or_default(),
                )
            }
            _ => class(text),
        },
        Token::Function(function) => {
            let params = function
                .params
                .as_ref()
                .map_or_else(String::new, |params| format!(" with parameters ({params})"));
            format!(
                "Execute the Data Query '{}'{params}. Check if the query's '{}' value {} '{}'",
                function.name,
                function.value.as_deref().unwrap_or_default(),
                function.operator,
                function.r_compare
            )
        }
    }
}

fn fact(name: &str, operator: &str, value: &str) -> String {
    format!("Check if fact '{name}' {operator} '{value}'")
}

fn class(name: &str) -> String {
    format!("Check if class '{name}' is present on the host")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::filter::parse;

    #[test]
    fn says_what_is_asked() {
        let filter = Filter {
            fact: vec!["a=>1".parse().unwrap()],
            cf_class: vec!["x".into()],
            agent: vec![],
            identity: vec!["/web/".into()],
            compound: vec![
                parse::expression(r#"apache and !(os>5 or fstat("/etc/hosts").md5=/ba/)"#).unwrap(),
            ],
        };
        let expected = "\
-F filter expands to the following fact comparisons:

  Check if fact 'a' >= '1'

-C filter expands to the following class checks:

  Check if class 'x' is present on the host

-I filter expands to the following identity checks, of which one must hold:

  Check if the identity is '/web/'

-S Query expands to the following instructions:

  Check if class 'apache' is present on the host
  AND
  NOT
  (
    Check if fact 'os' > '5'
    OR
    Execute the Data Query 'fstat' with parameters (/etc/hosts). Check if the query's 'md5' value =~ '/ba/'
  )

";
        assert_eq!(describe(&filter), expected);
        assert_eq!(describe(&Filter::default()), "");
    }
}
