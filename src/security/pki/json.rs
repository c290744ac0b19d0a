//! JSON as signed messages have it: no key twice, no bottomless nesting, a bounded number of
//! values.
//!
//! Two readers that take different ones of a doubled key would read different orders under one
//! signature. And a value costs up to forty times in memory what it costs on the wire.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may stand in each other.
pub(super) const MAX_DEPTH: usize = 64;
/// How many values a message may have.
pub(super) const MAX_VALUES: usize = 500_000;

/// Reads one value, and nothing after it.
pub(super) fn read(text: &[u8]) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict {
        depth: MAX_DEPTH,
        left: &left,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Whether [`read`] would take it back.
pub(super) fn fits(value: &Map<String, Value>, outer: usize) -> bool {
    fn walk<'a>(
        mut values: impl Iterator<Item = &'a Value>,
        depth: usize,
        left: &mut usize,
    ) -> bool {
        depth > 0
            && values.all(|value| {
                *left = left.saturating_sub(1);
                *left > 0
                    && match value {
                        Value::Array(values) => {
                            let values: &mut dyn Iterator<Item = _> = &mut values.iter();
                            walk(values, depth - 1, left)
                        }
                        Value::Object(values) => {
                            let values: &mut dyn Iterator<Item = _> = &mut values.values();
                            walk(values, depth - 1, left)
                        }
                        _ => true,
                    }
            })
    }
    let values: &mut dyn Iterator<Item = _> = &mut value.values();
    // The envelope's own fields, with room for a full list of targets.
    walk(values, MAX_DEPTH - outer, &mut (MAX_VALUES - 1000))
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => {
                return Err(D::Error::custom(format_args!(
                    "more than {MAX_VALUES} values"
                )));
            }
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key {key:?} stands twice"
                )));
            }
            object.insert(key, entries.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_stands_once_at_any_depth() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"x":[{"a":1,"b":2,"\u0061":3}]}"#,
            r#"{"x":{"y":{"":0,"":0}}}"#,
        ] {
            let error = read(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("stands twice"), "{error}");
        }
        read(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#).unwrap();
    }

    #[test]
    fn nesting_and_number_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        read(nested(MAX_DEPTH).as_bytes()).unwrap();
        for deep in [MAX_DEPTH + 1, 127, 129, 1_000_000] {
            assert!(read(nested(deep).as_bytes()).is_err());
            assert!(read("[".repeat(deep).as_bytes()).is_err());
        }
        let many = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        read(many(MAX_VALUES).as_bytes()).unwrap();
        assert!(read(many(MAX_VALUES + 1).as_bytes()).is_err());
    }

    #[test]
    fn nothing_follows() {
        for bad in [
            "",
            "1 1",
            "{} x",
            "[1,]",
            "NaN",
            "1e999",
            "\"\u{1}\"",
            "{1:2}",
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(read(b"\"\xff\"").is_err());
    }

    #[test]
    fn what_fits_is_read_back() {
        let mut nested = Value::Null;
        for depth in 2..MAX_DEPTH + 3 {
            nested = Value::Array(vec![nested]);
            let data = Map::from_iter([("a".to_owned(), nested.clone())]);
            let message = serde_json::json!({ "data": data });
            let taken = read(message.to_string().as_bytes()).is_ok();
            assert_eq!(fits(&data, 1), taken, "{depth}");
        }
    }

    proptest! {
        #[test]
        fn otherwise_it_reads_as_everybody_does(text in r#"[\[\]{}":,a0-9.eE\\ntrufalse -]{0,40}"#) {
            if let Ok(value) = read(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
