//! A filter in words, as `mco describe_filter` prints it.
//!
//! Unlike the original this shows every `-S`, and says identities and agents too: what is not
//! shown is easily forgotten.

use std::fmt::{self, Write as _};

use super::{Filter, Token, compound::statement_operator};

/// Says what a filter asks of a node. Empty where it asks nothing.
pub fn describe(filter: &Filter) -> String {
    let mut out = String::new();
    let facts = filter.fact.iter();
    section(
        &mut out,
        "-F filter expands to the following fact comparisons:",
        facts.map(|f| fact(&f.fact, &f.operator, &f.value)),
    );
    section(
        &mut out,
        "-C filter expands to the following class checks:",
        filter.cf_class.iter().map(|name| class(name)),
    );
    section(
        &mut out,
        "-A filter expands to the following agent checks:",
        filter
            .agent
            .iter()
            .map(|name| format!("Check if agent '{name}' is present on the host")),
    );
    section(
        &mut out,
        "-I filter expands to the following identity checks, of which one must hold:",
        filter
            .identity
            .iter()
            .map(|name| format!("Check if the identity is '{name}'")),
    );
    for tokens in &filter.compound {
        let title = "-S Query expands to the following instructions:";
        section(&mut out, title, instructions(tokens).into_iter());
    }
    out
}

fn section(out: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    if lines.len() == 0 {
        return;
    }
    // Writing to a String can't fail.
    let _: fmt::Result = writeln!(out, "{title}\n");
    for line in lines {
        let _: fmt::Result = writeln!(out, "  {line}");
    }
    out.push('\n');
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
