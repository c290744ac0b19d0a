//! Any text is read as an expression or refused with a place inside it; what was read is evaluated,
//! said in words and carried in JSON. Any JSON that is a filter is evaluated, too.

use std::borrow::Cow;

use mcollective::mcorpc::filter::{
    DataError, Filter, Node, Token, compound, describe::describe, fact, parse,
};
use serde_json::{Map, Value, json};

/// Checks one text.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match parse::expression(&text) {
        Ok(tokens) => {
            let printed = compound::print(&tokens);
            assert_eq!(
                parse::expression(&printed).as_ref(),
                Ok(&tokens),
                "{text:?} is printed as {printed:?}"
            );
            let filter = with(tokens);
            evaluate(&filter);
            let carried = serde_json::to_vec(&filter).unwrap();
            assert_eq!(serde_json::from_slice::<Filter>(&carried).unwrap(), filter);
        }
        Err(error) => {
            assert!(error.text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.to_string().is_empty());
        }
    }
    if let Ok(filter) = serde_json::from_slice::<Filter>(data) {
        evaluate(&filter);
    }
    let mut filter = Filter::default();
    for word in fact::words(&text) {
        match word {
            fact::Word::Fact(fact) => filter.fact.push(fact),
            fact::Word::Class(class) => filter.cf_class.push(class),
        }
    }
    filter.fact.extend(text.parse());
    evaluate(&filter);
    filter.identity.push(text.into_owned());
    evaluate(&filter);
}

fn with(tokens: Vec<Token>) -> Filter {
    Filter {
        compound: vec![tokens],
        ..Filter::default()
    }
}

fn evaluate(filter: &Filter) {
    let first = filter.matches(&Example);
    assert_eq!(
        first,
        filter.matches(&Example),
        "the same node, another answer"
    );
    drop(filter.check());
    drop(describe(filter));
}

/// A node with something of everything.
pub(super) struct Example;

impl Node for Example {
    fn identity(&self) -> &'static str {
        "web1.example.net"
    }

    fn agents(&self) -> Cow<'_, [String]> {
        vec!["rpcutil".to_owned(), "service".to_owned()].into()
    }

    fn classes(&self) -> Cow<'_, [String]> {
        vec!["apache".to_owned(), "role::web".to_owned()].into()
    }

    fn fact(&self, name: &str) -> Option<Value> {
        match name {
            "country" => Some("uk".into()),
            "cores" => Some(12.into()),
            "load" => Some(json!(0.25)),
            "disks" => Some(json!(["sda", "sdb"])),
            "os" => Some(json!({"family": "Debian"})),
            _ => None,
        }
    }

    fn data(&self, plugin: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError> {
        match (plugin, query) {
            ("fstat", Some(path)) => Ok(Map::from_iter([
                ("name".to_owned(), path.into()),
                ("size".to_owned(), 42.into()),
                ("present".to_owned(), true.into()),
                ("mtime".to_owned(), Value::Null),
            ])),
            ("fstat", None) => Err(DataError::Invalid("needs a path".to_owned())),
            ("slow", _) => Err(DataError::Failed("too slow".to_owned())),
            _ => Err(DataError::UnknownPlugin),
        }
    }
}
