//! Comparing what a data plugin says.
//!
//! Ruby converts the filter's text to the type of the plugin's value, and a text that can't be
//! converted is a fault, not a "no".

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Map, Number, Value};

use super::{EvalError, Function};
use crate::mcorpc::pattern;

/// Whether its regex, if it has one, can be used at all.
pub(super) fn check(function: &Function) -> Result<(), EvalError> {
    if is_match(function) {
        drop(regex(function)?);
    }
    Ok(())
}

fn is_match(function: &Function) -> bool {
    ["=~", "!=~"].contains(&&*function.operator)
}

fn regex(function: &Function) -> Result<Regex, EvalError> {
    let (body, flags) = pattern::split_slashed(&function.r_compare);
    Ok(pattern::search_with(body, flags)?)
}

pub(super) fn holds(function: &Function, outputs: &Map<String, Value>) -> Result<bool, EvalError> {
    let Some(name) = &function.value else {
        return Err(EvalError::Malformed(
            "a data function lacks the output to compare, such as `.size`",
        ));
    };
    let value = match outputs.get(name) {
        None | Some(Value::Null) => return Ok(false),
        Some(value) => value,
    };
    let operator = function.operator.as_str();
    let ordering = operator.contains(['<', '>']);
    if ordering && !value.is_number() {
        return Ok(false);
    }
    // Ruby's answer to a way of running commands that we never had.
    if function
        .params
        .as_ref()
        .is_some_and(|params| params.contains('`'))
    {
        return Ok(false);
    }
    if is_match(function) {
        let Value::String(text) = value else {
            return Ok(false);
        };
        let found = regex(function)?.is_match(text);
        return Ok(found == (operator == "=~"));
    }
    let order = match value {
        Value::String(text) => Some(text.as_str().cmp(&function.r_compare)),
        Value::Number(number) => compare_numbers(number, &function.r_compare),
        Value::Bool(value) => match function.r_compare.as_str() {
            "true" => Some(value.cmp(&true)),
            "false" => Some(value.cmp(&false)),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let Some(order) = order else {
        return Err(EvalError::Type {
            expression: function.to_string(),
            value: value.to_string(),
            with: function.r_compare.clone(),
        });
    };
    match operator {
        "==" => Ok(order.is_eq()),
        "!=" => Ok(order.is_ne()),
        "<" => Ok(order.is_lt()),
        "<=" => Ok(order.is_le()),
        ">" => Ok(order.is_gt()),
        ">=" => Ok(order.is_ge()),
        _ => Err(EvalError::Malformed(
            "a data function has an unknown operator",
        )),
    }
}

fn compare_numbers(number: &Number, text: &str) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (number.as_i128(), integer(text)) {
        return Some(left.cmp(&right));
    }
    number.as_f64()?.partial_cmp(&float(text)?)
}

/// What Ruby's `Integer` takes: a sign, prefixes, a leading zero for octal, single underscores.
fn integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = [("0x", 16), ("0b", 2), ("0o", 8), ("0d", 10)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((radix, lower.strip_prefix(prefix)?)))
        .unwrap_or(if lower.len() > 1 && lower.starts_with('0') {
            (8, lower.trim_start_matches('0'))
        } else {
            (10, lower.as_str())
        });
    let digits = if digits.is_empty() && radix == 8 {
        "0"
    } else {
        digits
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(&without_underscores(digits)?, radix).ok()?;
    Some(if negative { -value } else { value })
}

/// What Ruby's `Float` takes; Rust's also takes words such as `inf`.
fn float(text: &str) -> Option<f64> {
    let text = without_underscores(text.trim())?;
    if let Some(number) = integer(&text) {
        #[allow(clippy::cast_precision_loss)] // as Ruby's own conversion
        return Some(number as f64);
    }
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if plain && !text.ends_with('.') {
        text.parse().ok()
    } else {
        None
    }
}

fn without_underscores(text: &str) -> Option<String> {
    let odd = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!odd).then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: Value, operator: &str, with: &str) -> Result<bool, EvalError> {
        let function = Function {
            name: "f".into(),
            params: None,
            value: Some("x".into()),
            operator: operator.into(),
            r_compare: with.into(),
        };
        holds(&function, &Map::from_iter([("x".to_owned(), value)]))
    }

    #[test]
    fn the_text_is_converted_to_the_values_type() {
        for (value, operator, with, expected) in [
            (json!("a"), "==", "a", true),
            (json!("9"), ">", "1", false), // facts are strings
            (json!("abc"), "=~", "/^A/i", true),
            (json!("abc"), "!=~", "/^a/", false),
            (json!("abc"), "==", "~/a/", false), // what `=~` in -S becomes
            (json!(true), "==", "true", true),
            (json!(true), "!=", "false", true),
            (json!(true), "<", "false", false),
            (json!(true), "=~", "/true/", false),
            (json!(5), ">", "4", true),
            (json!(5), "==", "0x5", true),
            (json!(8), "==", "010", true),
            (json!(5), "<", "5.5", true),
            (json!(-5), "<", "-4", true),
            (json!(0), "==", "00", true),
            (json!(5), "=~", "/5/", false),
            (json!(1.5), ">=", "1.5", true),
            (json!(1.5), ">", "1_0", false),
            (json!(null), "!=", "1", false),
        ] {
            assert_eq!(
                check(value.clone(), operator, with),
                Ok(expected),
                "{value} {operator} {with}"
            );
        }
        for (value, operator, with) in [
            (json!(5), "==", "five"),
            (json!(5), "==", "inf"),
            (json!(5), "==", "1__0"),
            (json!(true), "==", "1"),
            (json!([1]), "==", "1"),
        ] {
            assert!(matches!(
                check(value, operator, with),
                Err(EvalError::Type { .. })
            ));
        }
        assert!(check(json!(1), "~", "1").is_err());
        assert!(check(json!("a"), "=~", "/(/").is_err());
    }

    #[test]
    fn what_is_not_said_does_not_hold() {
        let mut function = Function {
            name: "f".into(),
            params: Some("`id`".into()),
            value: Some("x".into()),
            operator: "==".into(),
            r_compare: "1".into(),
        };
        let outputs = Map::from_iter([("x".to_owned(), json!(1))]);
        assert_eq!(holds(&function, &outputs), Ok(false));
        function.params = None;
        assert_eq!(holds(&function, &outputs), Ok(true));
        assert_eq!(holds(&function, &Map::new()), Ok(false));
        function.value = None;
        assert!(holds(&function, &outputs).is_err());
    }
}
