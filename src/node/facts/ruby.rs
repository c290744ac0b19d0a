//! What Ruby's `to_s` makes of a value: the text that a filter is compared with.

use serde_json::Value;

/// The same structure with every leaf as text; `null` is the empty text.
pub(super) fn stringify(value: Value) -> Value {
    match value {
        Value::Null => Value::String(String::new()),
        Value::Bool(yes) => Value::String(yes.to_string()),
        Value::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            Value::String(float.map_or_else(|| number.to_string(), float_text))
        }
        Value::String(text) => Value::String(text),
        Value::Array(list) => Value::Array(list.into_iter().map(stringify).collect()),
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| (key, stringify(value)))
                .collect(),
        ),
    }
}

/// `Float#to_s`: the shortest digits, always with a point; an exponent from 10^16 on and below
/// 10^-4.
pub(super) fn float_text(float: f64) -> String {
    if float.is_nan() {
        return "NaN".into();
    }
    if float.is_infinite() {
        return if float > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{float:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if mantissa.contains('.') { "" } else { ".0" };
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        return format!("{mantissa}{point}e{sign}{digits:0>2}");
    }
    let text = float.to_string();
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn floats_read_as_ruby_writes_them() {
        for (float, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (2048.50, "2048.5"),
            (10.4, "10.4"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (1e15, "1000000000000000.0"),
            (1e16, "1.0e+16"),
            (1e20, "1.0e+20"),
            (1.5e300, "1.5e+300"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float_text(float), text);
        }
    }

    #[test]
    fn leaves_become_text_and_structures_stay() {
        let value = json!({"a": [1, null, true, {"b": 1.50}], "c": -7, "d": "x", "e": {}});
        let expected = json!({"a": ["1", "", "true", {"b": "1.5"}], "c": "-7", "d": "x", "e": {}});
        assert_eq!(stringify(value), expected);
    }

    proptest::proptest! {
        #[test]
        fn no_digit_is_lost(float in proptest::num::f64::NORMAL) {
            proptest::prop_assert_eq!(float_text(float).parse::<f64>().unwrap().to_bits(), float.to_bits());
        }
    }
}
