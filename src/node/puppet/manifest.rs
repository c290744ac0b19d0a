//! A manifest of one resource, in which nothing that was asked for can become code, and no property
//! makes another resource of it: a file has its `path` as its name, and with that as a property the
//! title would be no more than a label.

use std::fmt::Write as _;

use serde_json::{Map, Value};

pub use super::resources::capitalised;

/// A resource that can't be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not a name of a type or of a property.
    #[error("'{0}' can't be the name of a {1}")]
    Name(String, &'static str),
    /// Not a value.
    #[error("the property {0} must be a text, a number, a boolean or a list of them")]
    Value(String),
}

/// Writes the manifest of one resource.
pub fn of(
    kind: &str,
    name: &str,
    properties: &Map<String, Value>,
) -> Result<String, ManifestError> {
    let kind = kind.to_lowercase();
    if !kind.split("::").all(is_word) {
        return Err(ManifestError::Name(kind, "type"));
    }
    let mut text = String::new();
    for property in properties.keys() {
        if !is_word(property) {
            return Err(ManifestError::Name(property.clone(), "property"));
        }
    }
    let given: Vec<&str> = properties.keys().map(String::as_str).collect();
    if !given.is_empty() {
        text.push_str(&same_name(&kind, &given));
    }
    writeln!(text, "{kind} {{ {}:", quoted(name)).ok();
    for (property, value) in properties {
        let value = written(value).ok_or_else(|| ManifestError::Value(property.clone()))?;
        text.push_str("  ");
        text.push_str(property);
        text.push_str(" => ");
        text.push_str(&value);
        text.push_str(",\n");
    }
    text.push_str("}\n");
    Ok(text)
}

/// Puppet alone knows what a type has as its name, so it is asked while it compiles: a manifest whose
/// properties give another one fails. (A defined type has its title alone.) All of it are words.
fn same_name(kind: &str, given: &[&str]) -> String {
    let given = given.join(" ");
    format!(
        "$renames = inline_template('<%= (type = Puppet::Type.type(:\"{kind}\")) ? \
         (type.title_patterns.flat_map {{ |_, keys| keys.map {{ |key| key.first.to_s }} }} & \
         %w[{given}]).join(\" \") : \"\" %>')\n\
         if $renames != '' {{\n  fail(\"the property ${{renames}} would make it another {kind} than the one that \
         is named; give it as the name\")\n}}\n"
    )
}

/// A small letter, and small letters, digits and `_`.
pub fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn written(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(list) => {
            let simple = |value: &Value| match value {
                Value::Array(_) => None,
                value => written(value),
            };
            let list: Option<Vec<String>> = list.iter().map(simple).collect();
            format!("[{}]", list?.join(", "))
        }
        Value::Null | Value::Object(_) => return None,
    })
}

/// Within single quotes only these two have a meaning.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(kind: &str, name: &str, properties: Value) -> Result<String, ManifestError> {
        let Value::Object(properties) = properties else {
            panic!()
        };
        of(kind, name, &properties)
    }

    #[test]
    fn values_stay_values() {
        let text = write(
            "File",
            "/tmp/it's",
            json!({"content": "a\\'; exec { 'x': } \n$x ${y}", "mode": "0644", "backup": false, "tag": ["a", 1]}),
        );
        let text = text.unwrap();
        let (check, text) = text.split_at(text.find("\nfile {").unwrap() + 1);
        assert!(check.contains(r#"Puppet::Type.type(:"file")"#), "{check}");
        assert!(check.contains("%w[content mode backup tag]"), "{check}");
        assert_eq!(
            text,
            "file { '/tmp/it\\'s':\n  content => 'a\\\\\\'; exec { \\'x\\': } \n$x ${y}',\n  mode => '0644',\n  \
             backup => false,\n  tag => ['a', 1],\n}\n"
        );
    }

    #[test]
    fn names_are_words() {
        for kind in ["", "a b", "a::", "class{x}", "a;b", "1a", "a-b"] {
            assert!(write(kind, "x", json!({})).is_err(), "{kind}");
        }
        assert!(write("nginx::vhost", "x", json!({})).is_ok());
        for property in ["", "a=>1", "Ensure", "a b"] {
            assert!(
                write("file", "x", json!({ property: 1 })).is_err(),
                "{property}"
            );
        }
        for value in [json!(null), json!({"a": 1}), json!([[1]])] {
            assert!(
                write("file", "x", json!({ "a": value })).is_err(),
                "{value}"
            );
        }
    }
}
