//! Comparisons exactly as Ruby's, oddities included: nodes of both kinds must choose alike.
//!
//! The oddities: whole numbers are compared as numbers only with whole numbers, decimal fractions
//! only with what has three characters at least; everything else is compared as text. So
//! `10.4 > 9` is false. `010` is eight, and `08` can't be compared at all.

use std::cmp::Ordering;

use serde_json::Value;

use crate::mcorpc::pattern::{self, PatternError};

/// A comparison that Ruby refuses too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// A text that looks like a number and is none.
    #[error("{0:?} can't be compared as a number")]
    NotNumeric(String),
    /// The regex can't be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// A comparison with its operator and, for `=~`, its compiled regex.
pub struct Comparison<'a> {
    kind: Kind,
    value: &'a str,
}

enum Kind {
    Equal,
    Matches(Box<regex::Regex>),
    Ordered(fn(Ordering) -> bool),
    Never,
}

impl<'a> Comparison<'a> {
    /// Makes one ready. An operator that the original does not know never holds.
    pub fn new(operator: &str, value: &'a str) -> Result<Self, CompareError> {
        let kind = match operator {
            "==" => Kind::Equal,
            "!=" => Kind::Ordered(Ordering::is_ne),
            "<" => Kind::Ordered(Ordering::is_lt),
            "<=" => Kind::Ordered(Ordering::is_le),
            ">" => Kind::Ordered(Ordering::is_gt),
            ">=" => Kind::Ordered(Ordering::is_ge),
            "=~" => Kind::Matches(Box::new(pattern::search(unslashed(value))?)),
            _ => Kind::Never,
        };
        Ok(Self { kind, value })
    }

    /// Whether a fact holds: of an array any element, of a structure any key.
    pub fn holds(&self, fact: &Value) -> Result<bool, CompareError> {
        match fact {
            Value::Array(elements) => {
                any(elements.iter().filter_map(scalar), |text| self.text(&text))
            }
            Value::Object(keys) => any(keys.keys(), |key| self.text(key)),
            fact => scalar(fact).map_or(Ok(false), |text| self.text(&text)),
        }
    }

    fn text(&self, fact: &str) -> Result<bool, CompareError> {
        Ok(match &self.kind {
            Kind::Equal => fact == self.value,
            Kind::Matches(regex) => regex.is_match(fact),
            Kind::Ordered(holds) => order(fact, self.value)?.is_some_and(holds),
            Kind::Never => false,
        })
    }
}

/// Ruby's `any?`: the first that holds ends it, a fault before that is a fault.
fn any<T>(
    items: impl IntoIterator<Item = T>,
    holds: impl Fn(T) -> Result<bool, CompareError>,
) -> Result<bool, CompareError> {
    for item in items {
        if holds(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `/x/` as `x`; with one slash only, or with nothing inside, the text as it is.
fn unslashed(value: &str) -> &str {
    value
        .strip_prefix('/')
        .and_then(|value| value.strip_suffix('/'))
        .filter(|inner| !inner.is_empty())
        .unwrap_or(value)
}

/// A fact's value as the text that Ruby makes of it; structures inside structures have none.
fn scalar(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::Null => Some("".into()),
        Value::Bool(value) => Some(value.to_string().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::String(text) => Some(text.into()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn order(fact: &str, value: &str) -> Result<Option<Ordering>, CompareError> {
    if is_whole(fact) && is_whole(value) {
        return Ok(Some(whole(fact)?.cmp(&whole(value)?)));
    }
    if is_fraction(fact) && is_fraction(value) {
        return Ok(float(fact)?.partial_cmp(&float(value)?));
    }
    Ok(Some(fact.as_bytes().cmp(value.as_bytes())))
}

/// `^[0-9]+$`, which any line may fulfil.
fn is_whole(text: &str) -> bool {
    text.split('\n')
        .any(|line| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()))
}

/// `^[0-9]+.[0-9]+$`, whose dot is any character.
fn is_fraction(text: &str) -> bool {
    text.split('\n').any(|line| {
        let mut odd = line.char_indices().filter(|(_, c)| !c.is_ascii_digit());
        match (odd.next(), odd.next()) {
            (None, _) => line.len() >= 3,
            (Some((at, c)), None) => at > 0 && at + c.len_utf8() < line.len(),
            (Some(_), Some(_)) => false,
        }
    })
}

/// A whole number of any size: its digits count first, then what they are.
fn whole(text: &str) -> Result<(usize, String), CompareError> {
    let refuse = || CompareError::NotNumeric(text.chars().take(80).collect());
    let digits = text.trim();
    let decimal = if digits.len() > 1 && digits.starts_with('0') {
        // Ruby's `Integer("010")` is octal, and "08" raises.
        u128::from_str_radix(digits, 8)
            .map_err(|_| refuse())?
            .to_string()
    } else if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.to_owned()
    } else {
        return Err(refuse());
    };
    Ok((decimal.len(), decimal))
}

/// What Ruby's `Float` makes of a text of the form that [`is_fraction`] finds.
fn float(text: &str) -> Result<f64, CompareError> {
    let refuse = || CompareError::NotNumeric(text.chars().take(80).collect());
    let digits = text.trim();
    if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        let value = u32::from_str_radix(hex, 16).map_err(|_| refuse())?;
        return Ok(f64::from(value));
    }
    digits.replacen('_', "", 1).parse().map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn holds(fact: &Value, operator: &str, value: &str) -> Result<bool, CompareError> {
        Comparison::new(operator, value)?.holds(fact)
    }

    #[test]
    fn oddities_are_rubys() {
        for (fact, operator, value, expected) in [
            (json!("12"), "==", "12.0", false),
            (json!("10.4"), ">", "9", false), // as text
            (json!("12"), ">", "9.5", false), // as text
            (json!("10.4"), ">", "9.5", true),
            (json!("5.5"), ">", "10", true),    // as text
            (json!("100"), ">", "10.5", true),  // three digits do for a fraction
            (json!("7.10"), "<=", "7.1", true), // as fractions
            (json!("7.10"), ">=", "7.1", true),
            (json!("9"), "<", "10", true),
            (json!("-1"), "<", "1", true), // as text
            (json!("010"), "<", "9", true),
            (
                json!("99999999999999999999999999999999999999999999"),
                ">",
                "9",
                true,
            ),
            (json!("a"), "!=", "b", true),
            (json!("1"), "!=", "01", false),
            (json!(["a", "b"]), "!=", "a", true), // any differs
            (json!(["a", "b"]), "==", "b", true),
            (json!(["a", ["b"]]), "==", "b", false),
            (json!({"a": "x"}), "==", "a", true), // keys
            (json!({"a": "x"}), "==", "x", false),
            (json!("debian"), "=~", "/^deb/", true),
            (json!("debian"), "=~", "bia", true),
            (json!("Debian"), "=~", "deb", false),
            (json!("a\nb"), "=~", "^b$", true),
            (json!("/etc/x"), "=~", "/etc", true), // a single slash is part of it
            (json!(true), "==", "true", true),
            (json!(4), "<", "10", true),
            (json!(null), "==", "", true),
            (json!("a"), "=", "a", false), // no such operator
        ] {
            assert_eq!(
                holds(&fact, operator, value),
                Ok(expected),
                "{fact} {operator} {value}"
            );
        }
    }

    #[test]
    fn faults_are_rubys() {
        for (fact, operator, value) in [("08", "<", "9"), ("1-2", "<", "1.5"), ("x\n12", "<", "3")]
        {
            assert!(
                matches!(
                    holds(&json!(fact), operator, value),
                    Err(CompareError::NotNumeric(_))
                ),
                "{fact}"
            );
        }
        assert!(matches!(
            holds(&json!("a"), "=~", "("),
            Err(CompareError::Pattern(_))
        ));
        assert_eq!(float("0x1F").unwrap().to_bits(), 31_f64.to_bits());
        assert_eq!(float("1_2").unwrap().to_bits(), 12_f64.to_bits());
        assert_eq!(float("1e3").unwrap().to_bits(), 1000_f64.to_bits());
    }

    proptest! {
        #[test]
        fn numbers_compare_as_numbers(a in 0..2000_u32, b in 0..2000_u32) {
            let fact = json!(a.to_string());
            prop_assert_eq!(holds(&fact, "<", &b.to_string()), Ok(a < b));
            prop_assert_eq!(holds(&fact, ">=", &b.to_string()), Ok(a >= b));
            prop_assert_eq!(holds(&fact, "!=", &b.to_string()), Ok(a != b));
        }

        #[test]
        fn any_text_is_survived(fact in ".{0,9}|[0-9_.x\n]{0,6}", value in ".{0,9}|[0-9_.x\n]{0,6}") {
            for operator in ["==", "!=", "=~", "<", "<=", ">", ">="] {
                drop(holds(&json!(fact), operator, &value));
            }
        }
    }
}
