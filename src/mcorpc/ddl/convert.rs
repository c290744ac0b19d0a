//! What is typed as `key=value` becomes a value of the type that the DDL declares.

use serde_json::{Map, Value};

use super::{Action, Input, InputType};

/// A text that is not of the input's type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// Neither yes nor no.
    #[error("{0} does not look like a boolean argument")]
    Boolean(String),
    /// Not JSON of that type.
    #[error("{text} does not look like {kind} in JSON: {reason}")]
    Json {
        /// What was given.
        text: String,
        /// What it must be.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Not a number.
    #[error("{0} does not look like a number")]
    Number(String),
}

impl Action {
    /// Converts arguments; what is not declared stays a text.
    pub fn convert<'a>(
        &self,
        arguments: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Map<String, Value>, ConvertError> {
        arguments
            .into_iter()
            .map(|(name, text)| {
                let value = match self.input_named(name) {
                    Some(input) => input.convert(text)?,
                    None => text.into(),
                };
                Ok((name.to_owned(), value))
            })
            .collect()
    }
}

impl Input {
    /// Converts a text to this input's type.
    pub fn convert(&self, text: &str) -> Result<Value, ConvertError> {
        match &self.kind {
            InputType::Array => json(text, "an array", Value::is_array),
            InputType::Boolean => boolean(text).map(Value::Bool),
            InputType::Float => match number(text)? {
                Value::Number(number) => Ok(number.as_f64().into()),
                value => Ok(value),
            },
            InputType::Hash => json(text, "a hash", Value::is_object),
            InputType::Integer | InputType::Number => number(text),
            InputType::List(_) | InputType::String { .. } => Ok(text.into()),
            InputType::Validator(name) => match name.as_str() {
                "boolean" => boolean(text).map(Value::Bool),
                _ => Ok(text.into()),
            },
        }
    }
}

fn boolean(text: &str) -> Result<bool, ConvertError> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err(ConvertError::Boolean(text.to_owned())),
    }
}

/// Digits with or without a fraction. A sign may stand before them, which the original refuses.
fn number(text: &str) -> Result<Value, ConvertError> {
    let refuse = || ConvertError::Number(text.to_owned());
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match digits.split_once('.') {
        None if all_digits(digits) => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<u64>().map(Value::from))
            .map_err(|_| refuse()),
        Some((whole, fraction)) if all_digits(whole) && all_digits(fraction) => text
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::from)
            .ok_or_else(refuse),
        _ => Err(refuse()),
    }
}

fn json(text: &str, kind: &'static str, fits: fn(&Value) -> bool) -> Result<Value, ConvertError> {
    let refuse = |reason| ConvertError::Json {
        text: text.to_owned(),
        kind,
        reason,
    };
    let value: Value = serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
    if fits(&value) {
        Ok(value)
    } else {
        Err(refuse("it is of another type".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn convert(kind: InputType, text: &str) -> Result<Value, String> {
        Input::new("x", "", "", kind)
            .convert(text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn texts_become_values() {
        for (kind, text, expected) in [
            (InputType::Boolean, "YES", json!(true)),
            (InputType::Boolean, "0", json!(false)),
            (InputType::Integer, "42", json!(42)),
            (InputType::Integer, "-42", json!(-42)),
            (InputType::Number, "1.50", json!(1.5)),
            (InputType::Number, "18446744073709551615", json!(u64::MAX)),
            (InputType::Float, "5", json!(5.0)),
            (InputType::matching(".", 0), "5", json!("5")),
            (InputType::one_of(&["1"]), "1", json!("1")),
            (InputType::Array, "[1]", json!([1])),
            (InputType::Hash, r#"{"a":1}"#, json!({"a": 1})),
        ] {
            assert_eq!(convert(kind, text), Ok(expected), "{text}");
        }
        for (kind, text, expected) in [
            (
                InputType::Boolean,
                "maybe",
                "maybe does not look like a boolean argument",
            ),
            (InputType::Integer, "1e5", "1e5 does not look like a number"),
            (InputType::Number, "", " does not look like a number"),
            (InputType::Number, "1.", "1. does not look like a number"),
            (InputType::Number, "--1", "--1 does not look like a number"),
            (
                InputType::Number,
                "99999999999999999999",
                "99999999999999999999 does not look like a number",
            ),
        ] {
            assert_eq!(convert(kind, text), Err(expected.to_owned()));
        }
        assert!(convert(InputType::Array, "{}").is_err());
        let action = Action::new("a", "").input(Input::new("n", "", "", InputType::Integer));
        let data = action.convert([("n", "1"), ("other", "1")]).unwrap();
        assert_eq!(Value::Object(data), json!({"n": 1, "other": "1"}));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in r".*|[-+0-9.]{0,30}") {
            for kind in [InputType::Boolean, InputType::Float, InputType::Number, InputType::Hash] {
                drop(convert(kind, &text));
            }
        }
    }
}
