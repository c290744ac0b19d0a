//! A list of nodes from standard input: names on lines, or JSON as `mco` prints it: the array of
//! `--json`, the document of `--output json`, the lines of `--output jsonl`.

use std::str::FromStr;

use serde_json::Value;

use super::{ListError, flatfile, identity};
use crate::mcorpc::names::Identity;

/// How the list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// JSON if it begins with `[`, else text.
    #[default]
    Auto,
    /// A name on each line.
    Text,
    /// A JSON array.
    Json,
}

/// A form that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stdin discovery plugin only knows the types auto/text/json, not {0:?}")]
pub struct UnknownForm(String);

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownForm(text.to_owned())),
        }
    }
}

/// Reads the names, in their order. Nodes whose answer was a failure are meant, too.
pub fn parse(text: &str, form: Form) -> Result<Vec<Identity>, ListError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(ListError::Empty);
    }
    match form {
        Form::Auto if text.split_whitespace().next() == Some("Node") => Err(ListError::Table),
        Form::Text => flatfile::parse(text),
        Form::Auto if !text.starts_with(['[', '{']) => flatfile::parse(text),
        Form::Auto | Form::Json => json(text),
    }
}

fn json(text: &str) -> Result<Vec<Identity>, ListError> {
    let mut names = Vec::new();
    // Lines of JSON are several values one after the other.
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value.map_err(|error| ListError::Json(error.to_string()))? {
            Value::Array(elements) => add(&elements, &mut names)?,
            Value::Object(object) => match object.get("replies").or_else(|| object.get("nodes")) {
                Some(Value::Array(elements)) => add(elements, &mut names)?,
                _ if object
                    .get("type")
                    .is_none_or(|kind| kind == "reply" || kind == "node") =>
                {
                    add(&[Value::Object(object)], &mut names)?;
                }
                // Who stayed silent, and figures.
                _ => {}
            },
            _ => return Err(ListError::NotAnArray),
        }
    }
    Ok(names)
}

fn add(elements: &[Value], names: &mut Vec<Identity>) -> Result<(), ListError> {
    for (at, element) in elements.iter().enumerate() {
        let number = at + 1;
        let name = match element {
            // `mco find -j` prints bare names.
            Value::String(name) => name,
            Value::Object(object) => ["sender", "certname"]
                .iter()
                .find_map(|key| object.get(*key)?.as_str())
                .ok_or(ListError::NoSender(number))?,
            _ => return Err(ListError::NotHashes(number)),
        };
        names.push(identity(name, || format!("element {number}"))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        let names = parse(text, Form::Auto).unwrap();
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_text_and_json() {
        assert_eq!(names("a\nb\n"), ["a", "b"]);
        assert_eq!(
            names(r#" [{"sender":"a","statuscode":5},{"certname":"b"},"c"]"#),
            ["a", "b", "c"]
        );
        assert_eq!(names("[]"), [""; 0]);
        assert_eq!(
            names(r#"{"schema":1,"replies":[{"sender":"a"}],"no_response":[{"sender":"b"}]}"#),
            ["a"]
        );
        assert_eq!(
            names(
                "{\"type\":\"reply\",\"sender\":\"a\"}\n{\"type\":\"no_response\",\"sender\":\"b\"}\n\
                 {\"type\":\"node\",\"sender\":\"c\"}\n{\"type\":\"summary\"}\n"
            ),
            ["a", "c"]
        );
    }

    #[test]
    fn says_in_the_originals_words_what_is_wrong() {
        let wrong = |text, form| parse(text, form).unwrap_err().to_string();
        assert_eq!(
            wrong(" \n", Form::Auto),
            "data piped on STDIN contained only whitespace - could not discover hosts from it."
        );
        assert_eq!(wrong("7", Form::Json), "JSON hosts list is not an array");
        assert!(wrong("{}", Form::Json).starts_with("JSON host list does not have senders in it"));
        assert!(wrong("[1]", Form::Auto).starts_with("JSON host list is not an array of Hashes"));
        assert!(
            wrong(r#"[{"x":1}]"#, Form::Auto)
                .starts_with("JSON host list does not have senders in it")
        );
        let table = "Node   Outcome\nnode1  ok\n";
        assert_eq!(wrong(table, Form::Auto), "a table is no list of nodes");
        assert_eq!(
            wrong("Node\nnode1\n", Form::Auto),
            "a table is no list of nodes"
        );
        assert!(wrong("[", Form::Auto).starts_with("JSON hosts list cannot be read"));
        assert_eq!(
            wrong("[]", Form::Text),
            "Identities can only match /^[\\w\\.\\-]+$/: line 1 is \"[]\""
        );
        assert_eq!(
            "xml".parse::<Form>().unwrap_err().to_string(),
            "stdin discovery plugin only knows the types auto/text/json, not \"xml\""
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(names in proptest::collection::vec("[a-z0-9_.-]{1,12}", 1..9)) {
            let json: Vec<Value> =
                names.iter().map(|name| serde_json::json!({ "sender": name })).collect();
            let text = serde_json::to_string(&json).unwrap();
            let back = parse(&text, Form::Auto).unwrap();
            prop_assert!(back.iter().map(Identity::as_str).eq(names.iter().map(String::as_str)));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,60}") {
            drop(parse(&text, Form::Auto));
        }
    }
}
