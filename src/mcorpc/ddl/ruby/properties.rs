//! What a statement was given: values, and `key => value` pairs, by key.

use super::{RubyError, cursor::At, declare::Given, literal::shorten, refuse, value::Value};
use crate::mcorpc::similar;

/// What a statement was given, by key.
pub(super) struct Properties<'a> {
    pub(super) text: &'a str,
    pub(super) at: At,
    statement: &'a str,
    pub(super) values: Vec<Value>,
    pub(super) pairs: Vec<(String, Value, At)>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(
        text: &'a str,
        at: At,
        statement: &'a str,
        mut given: Given,
    ) -> Result<Self, RubyError> {
        // `input :x, {:prompt => ...}` is as good as without the braces.
        if given.pairs.is_empty()
            && let Some(Value::Hash(_)) = given.values.last()
            && let Some(Value::Hash(pairs)) = given.values.pop()
        {
            given.pairs = pairs.into_iter().map(|(k, v)| (k, v, at)).collect();
        }
        let mut pairs: Vec<(String, Value, At)> = Vec::new();
        for (key, value, place) in given.pairs {
            let Some(key) = key.as_name() else {
                return refuse(text, place, "keys are symbols or texts");
            };
            // Where a key is given twice the later one counts.
            pairs.retain(|(known, ..)| known != key);
            pairs.push((key.to_owned(), value, place));
        }
        Ok(Self {
            text,
            at,
            statement,
            values: given.values,
            pairs,
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&(String, Value, At)> {
        self.pairs.iter().find(|(known, ..)| known == key)
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &str) -> Result<&(String, Value, At), RubyError> {
        if let Some(found) = self.get(key) {
            return Ok(found);
        }
        let keys: Vec<&str> = self.pairs.iter().map(|(key, ..)| key.as_str()).collect();
        let hint = similar::closest(key, &keys)
            .filter(|close| !KEYS.contains(close))
            .map_or_else(String::new, |close| {
                format!(" (`:{}` may be meant)", shorten(close))
            });
        let what = format!("`{}` lacks `:{key}`{hint}", self.named());
        refuse(self.text, self.at, what)
    }

    /// The statement with its first value, for messages.
    fn named(&self) -> String {
        let name = self.values.first().and_then(Value::to_text);
        name.map_or_else(
            || self.statement.to_owned(),
            |name| format!("{} {}", self.statement, shorten(&name)),
        )
    }

    pub(super) fn text(&self, key: &str) -> Result<String, RubyError> {
        let (_, value, at) = self.required(key)?;
        value.to_text().map_or_else(
            || {
                let what = format!("`:{key}` needs a text, not {}", value.kind());
                refuse(self.text, *at, what)
            },
            Ok,
        )
    }

    /// A whole number that is not below zero; as a text it counts, too.
    pub(super) fn number(&self, key: &str) -> Result<u64, RubyError> {
        let (_, value, at) = self.required(key)?;
        let number = match value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is in range
            Value::Float(number) if (0.0..1e9).contains(number) => Some(number.ceil() as u64),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Nil if key == "maxlength" => Some(0),
            _ => None,
        };
        number.map_or_else(
            || refuse(self.text, *at, format!("`:{key}` needs a whole number")),
            Ok,
        )
    }

    pub(super) fn default(&self) -> Result<Option<serde_json::Value>, RubyError> {
        let Some((_, value, at)) = self.get("default") else {
            return Ok(None);
        };
        match value.to_json() {
            Some(serde_json::Value::Null) => Ok(None),
            Some(value) => Ok(Some(value)),
            None => {
                let what = format!("`:default` can't be {}", value.kind());
                refuse(self.text, *at, what)
            }
        }
    }

    /// The one value before the pairs, as a name.
    pub(super) fn name_value(&self, form: &str) -> Result<String, RubyError> {
        match self.values.as_slice() {
            [value] if value.as_name().is_some_and(|name| !name.is_empty()) => {
                Ok(value.as_name().unwrap_or_default().to_owned())
            }
            _ => refuse(
                self.text,
                self.at,
                format!("`{}` is written `{form}`", self.statement),
            ),
        }
    }

    pub(super) fn text_value(&self, form: &str) -> Result<String, RubyError> {
        match self.values.as_slice() {
            [Value::Text(text)] => Ok(text.clone()),
            _ => refuse(
                self.text,
                self.at,
                format!("`{}` is written `{form}`", self.statement),
            ),
        }
    }
}

/// The keys that DDLs have; none of them is a misspelling of another.
const KEYS: [&str; 16] = [
    "author",
    "default",
    "description",
    "display_as",
    "license",
    "list",
    "maxlength",
    "name",
    "optional",
    "prompt",
    "sensitive",
    "timeout",
    "type",
    "url",
    "validation",
    "version",
];
