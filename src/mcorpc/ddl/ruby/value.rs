//! What an expression comes to, and what can be asked of it.

use serde_json::{Map, Number};

use super::syntax::Operator;
use crate::mcorpc::pattern;

/// A Ruby value, as far as DDLs have them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Array(Vec<Self>),
    Bool(bool),
    /// What an aggregate function is called with: its name, then its arguments.
    Call(String, Vec<Self>),
    Float(f64),
    Hash(Vec<(Self, Self)>),
    Integer(i64),
    Nil,
    Range(i64, i64),
    Regex {
        source: String,
        flags: String,
    },
    Symbol(String),
    Text(String),
}

impl Value {
    /// For messages: what kind of value it is.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Array(_) => "a list",
            Self::Bool(_) => "true or false",
            Self::Call(..) => "a function",
            Self::Float(_) | Self::Integer(_) => "a number",
            Self::Hash(_) => "a hash",
            Self::Nil => "nil",
            Self::Range(..) => "a range",
            Self::Regex { .. } => "a regular expression",
            Self::Symbol(_) => "a symbol",
            Self::Text(_) => "a text",
        }
    }

    pub(super) const fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// A text or a symbol.
    pub(super) fn as_name(&self) -> Option<&str> {
        match self {
            Self::Symbol(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As `to_s` has it, for what it is used on.
    pub(super) fn to_text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            // As Ruby: `1.0`, not `1`.
            Self::Float(value) => Some(format!("{value:?}")),
            Self::Integer(value) => Some(value.to_string()),
            Self::Nil => Some(String::new()),
            Self::Symbol(text) | Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// As it stands in a model; symbols become texts.
    pub(super) fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Array(values) => values.iter().map(Self::to_json).collect::<Option<_>>()?,
            Self::Bool(value) => (*value).into(),
            Self::Float(value) => Number::from_f64(*value)?.into(),
            Self::Hash(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| Some((key.to_text()?, value.to_json()?)));
                pairs.collect::<Option<Map<_, _>>>()?.into()
            }
            Self::Integer(value) => (*value).into(),
            Self::Nil => serde_json::Value::Null,
            Self::Symbol(text) | Self::Text(text) => text.as_str().into(),
            Self::Call(..) | Self::Range(..) | Self::Regex { .. } => return None,
        })
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Array(values) | Self::Call(_, values) => {
                    values.iter().map(Self::weight).sum()
                }
                Self::Hash(pairs) => pairs.iter().map(|(k, v)| k.weight() + v.weight()).sum(),
                Self::Regex { source, .. } => source.len(),
                Self::Symbol(text) | Self::Text(text) => text.len(),
                _ => 0,
            }
    }

    /// What a list, a range or a hash gives to a block, one after another.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::Array(values) => Some(values.clone()),
            Self::Hash(pairs) => Some(
                pairs
                    .iter()
                    .map(|(key, value)| Self::Array(vec![key.clone(), value.clone()]))
                    .collect(),
            ),
            Self::Range(first, last) => {
                let most = i64::try_from(MAX_ITEMS).unwrap_or(i64::MAX);
                (last.saturating_sub(*first) < most)
                    .then(|| (*first..=*last).map(Self::Integer).collect())
            }
            _ => None,
        }
    }

    /// The outcome of an operator, where there is one.
    pub(super) fn operate(operator: Operator, left: &Self, right: &Self) -> Option<Self> {
        Some(match (operator, left, right) {
            (Operator::Equal, left, right) => Self::Bool(left == right),
            (Operator::NotEqual, left, right) => Self::Bool(left != right),
            (Operator::Add, Self::Text(a), Self::Text(b)) => Self::Text(format!("{a}{b}")),
            (Operator::Add, Self::Array(a), Self::Array(b)) => {
                Self::Array(a.iter().chain(b).cloned().collect())
            }
            (_, Self::Integer(a), Self::Integer(b)) => Self::Integer(match operator {
                Operator::Add => a.checked_add(*b)?,
                Operator::Subtract => a.checked_sub(*b)?,
                Operator::Multiply => a.checked_mul(*b)?,
                // Ruby rounds down.
                Operator::Divide if *b > 0 => a.checked_div_euclid(*b)?,
                _ => return None,
            }),
            (_, Self::Integer(_) | Self::Float(_), Self::Integer(_) | Self::Float(_)) => {
                let (a, b) = (left.as_float()?, right.as_float()?);
                let float = match operator {
                    Operator::Add => a + b,
                    Operator::Subtract => a - b,
                    Operator::Multiply => a * b,
                    Operator::Divide => a / b,
                    _ => return None,
                };
                Self::Float(Some(float).filter(|float| float.is_finite())?)
            }
            _ => return None,
        })
    }

    #[allow(clippy::cast_precision_loss)] // as Ruby does it
    const fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The outcome of a method, where it has one; otherwise what can be done.
    pub(super) fn call(&self, method: &str, arguments: &[Self]) -> Result<Self, String> {
        let unknown = || {
            Err(format!(
                "the method `{method}` of {} is not known here; texts have to_s to_sym capitalize upcase \
                 downcase strip sub gsub and [...], lists have include? and join",
                self.kind()
            ))
        };
        let text = |text: String| Ok(Self::Text(text));
        match (self, method, arguments) {
            (value, "to_s", []) => value.to_text().map_or_else(unknown, text),
            (value, "freeze", []) => Ok(value.clone()),
            (Self::Text(name) | Self::Symbol(name), "to_sym" | "intern", []) => {
                Ok(Self::Symbol(name.clone()))
            }
            (Self::Text(own), "strip", []) => text(own.trim().to_owned()),
            (Self::Text(own), "capitalize", []) => text(capitalize(own)),
            (Self::Text(own), "upcase", []) => text(own.to_uppercase()),
            (Self::Text(own), "downcase", []) => text(own.to_lowercase()),
            (Self::Text(own), "include?", [Self::Text(other)]) => {
                Ok(Self::Bool(own.contains(other.as_str())))
            }
            (Self::Text(own), "sub", [wanted, Self::Text(with)]) => {
                text(replace(own, wanted, with, 1)?)
            }
            (Self::Text(own), "gsub", [wanted, Self::Text(with)]) => {
                text(replace(own, wanted, with, 0)?)
            }
            (Self::Text(own), "[]", [Self::Range(first, last)]) => {
                Ok(slice(own, *first, *last).map_or(Self::Nil, Self::Text))
            }
            (Self::Text(own), "[]", [Self::Integer(at)]) => {
                Ok(slice(own, *at, *at).map_or(Self::Nil, Self::Text))
            }
            (Self::Array(values), "include?", [value]) => Ok(Self::Bool(values.contains(value))),
            (Self::Array(values), "join", arguments @ ([] | [Self::Text(_)])) => {
                let between = arguments
                    .first()
                    .and_then(Self::to_text)
                    .unwrap_or_default();
                let texts: Option<Vec<String>> = values.iter().map(Self::to_text).collect();
                texts.map_or_else(unknown, |texts| text(texts.join(&between)))
            }
            (Self::Array(values), "[]", [Self::Integer(at)]) => {
                let at = if *at < 0 {
                    *at + i64::try_from(values.len()).unwrap_or(0)
                } else {
                    *at
                };
                let value = usize::try_from(at).ok().and_then(|at| values.get(at));
                Ok(value.cloned().unwrap_or(Self::Nil))
            }
            (Self::Hash(pairs), "[]", [key]) => {
                let found = pairs.iter().rev().find(|(other, _)| other == key);
                Ok(found.map_or(Self::Nil, |(_, value)| value.clone()))
            }
            _ => unknown(),
        }
    }
}

/// A list that a block is carried out for may have so many items.
const MAX_ITEMS: usize = 1000;

/// The length of a text times that of what comes into it.
const MAX_REPLACED: usize = 1 << 20;

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + &chars.as_str().to_lowercase()
}

fn replace(text: &str, wanted: &Value, with: &str, most: usize) -> Result<String, String> {
    if text.len().saturating_mul(with.len()) > MAX_REPLACED {
        return Err("the text is too long to replace something in it".to_owned());
    }
    let wanted = match wanted {
        Value::Text(wanted) => regex::escape(wanted),
        Value::Regex { source, flags } => {
            let regex = pattern::search_with(source, flags).map_err(|error| error.to_string())?;
            return Ok(regex
                .replacen(text, most, expansion(with).as_str())
                .into_owned());
        }
        _ => return Err("what is replaced is a text or a regular expression".to_owned()),
    };
    let regex = pattern::search(&wanted).map_err(|error| error.to_string())?;
    Ok(regex
        .replacen(text, most, expansion(with).as_str())
        .into_owned())
}

/// Ruby's `\1` as the library's `${1}`.
fn expansion(with: &str) -> String {
    let mut out = String::new();
    let mut chars = with.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                out.extend(['$', '{', *digit, '}']);
                chars.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                chars.next();
            }
            ('$', _) => out.push_str("$$"),
            (c, _) => out.push(c),
        }
    }
    out
}

/// Characters of a text; numbers below zero count from its end.
fn slice(text: &str, first: i64, last: i64) -> Option<String> {
    let length = i64::try_from(text.chars().count()).ok()?;
    let place = |at: i64| if at < 0 { at + length } else { at };
    let (first, last) = (place(first), place(last));
    if first < 0 || first > length {
        return None;
    }
    let skip = usize::try_from(first).ok()?;
    let count = usize::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(0);
    Some(text.chars().skip(skip).take(count).collect())
}
