//! What Ruby's YAML takes an unquoted scalar for, and the text that comes of it.
//!
//! Ruby reads YAML 1.1: `yes` is true, `010` is eight, `12:30` counts sixtieths, `1_000` is a
//! thousand. Filters are written against what its `to_s` shows afterwards: `true`, `8`, `45000`
//! and `1000`. Quoted scalars never come here.

use super::ruby::float_text;

/// The text of an unquoted scalar.
pub(super) fn text(scalar: &str) -> String {
    word(scalar)
        .map(Into::into)
        .or_else(|| symbol(scalar))
        .or_else(|| sixtieths(scalar))
        .or_else(|| float(scalar))
        .or_else(|| integer(scalar))
        .unwrap_or_else(|| scalar.into())
}

fn word(scalar: &str) -> Option<&'static str> {
    if scalar.len() > 5 {
        return None;
    }
    Some(match scalar.to_ascii_lowercase().as_str() {
        "" | "~" | "null" => "",
        "true" | "yes" | "on" => "true",
        "false" | "no" | "off" => "false",
        ".inf" | "+.inf" => "Infinity",
        "-.inf" => "-Infinity",
        ".nan" => "NaN",
        _ => return None,
    })
}

/// `:name` and `:"a name"`.
fn symbol(scalar: &str) -> Option<String> {
    let name = scalar.strip_prefix(':').filter(|name| !name.is_empty())?;
    let quoted = |mark| name.strip_prefix(mark)?.strip_suffix(mark);
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(name).into())
}

/// `h:m:s`; with one colon Ruby counts hours and minutes, and the sum is in seconds all the same.
fn sixtieths(scalar: &str) -> Option<String> {
    let parts: Vec<&str> = scalar.split(':').collect();
    let (first, rest) = parts.split_first()?;
    let (_, digits) = signed(first);
    if !(1..=2).contains(&rest.len()) || !starts_with_digit(digits) || !only(digits, "_") {
        return None;
    }
    let last = rest.last()?;
    let (whole, fraction) = match last.split_once('.') {
        Some((whole, fraction)) if only(fraction, "_") => (whole, Some(fraction)),
        Some(_) => return None,
        None => (*last, None),
    };
    let below_sixty = |part: &str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
        _ => false,
    };
    let middle = rest.get(..rest.len() - 1)?;
    if !below_sixty(whole) || !middle.iter().all(|part| below_sixty(part)) {
        return None;
    }
    let weights = [3600_i64, 60, 1];
    let mut sum = 0_i64;
    for (part, weight) in parts.iter().zip(weights) {
        let part = part.split('.').next()?.replace('_', "");
        let part = part.parse::<i64>().ok()?;
        sum = sum.checked_add(part.checked_mul(weight)?)?;
    }
    let Some(fraction) = fraction else {
        return Some(sum.to_string());
    };
    let fraction = format!("0.{}0", fraction.replace('_', ""))
        .parse::<f64>()
        .ok()?;
    let weight = if rest.len() == 1 { 60.0 } else { 1.0 };
    // A sum beyond 2^53 is no time of day.
    let whole = f64::from(i32::try_from(sum).ok()?);
    Some(float_text(whole + fraction * weight))
}

/// A point is needed, and an exponent needs its sign: `1e3` is text.
fn float(scalar: &str) -> Option<String> {
    let (_, unsigned) = signed(scalar);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, unsigned.get(at + 1..)),
        None => (unsigned, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-'])?;
        if digits.is_empty() || !only(digits, "") {
            return None;
        }
    }
    let (whole, fraction) = mantissa.split_once('.')?;
    let whole_is_number = whole.is_empty() || (starts_with_digit(whole) && only(whole, "_,"));
    let none = whole.is_empty() && fraction.is_empty();
    if none || !whole_is_number || !only(fraction, "") {
        return None;
    }
    let plain = scalar.replace([',', '_'], "");
    plain.parse().ok().map(float_text)
}

fn integer(scalar: &str) -> Option<String> {
    let (sign, unsigned) = signed(scalar);
    let minus = if sign == "-" { "-" } else { "" };
    let based = |digits: &str, base: u32| {
        let digits = digits.replace([',', '_'], "");
        let number = u128::from_str_radix(&digits, base).ok()?;
        Some(format!("{}{number}", if number == 0 { "" } else { minus }))
    };
    // from_str_radix would take another sign.
    let clean = |digits: &str, set: fn(char) -> bool| {
        digits.chars().all(|c| set(c) || matches!(c, ',' | '_'))
    };
    if let Some(digits) = unsigned.strip_prefix("0b") {
        return based(digits, 2).filter(|_| clean(digits, |c| matches!(c, '0' | '1')));
    }
    if let Some(digits) = unsigned.strip_prefix("0x") {
        return based(digits, 16).filter(|_| clean(digits, |c| c.is_ascii_hexdigit()));
    }
    if unsigned.starts_with('0') {
        return based(unsigned, 8).filter(|_| clean(unsigned, |c| matches!(c, '0'..='7')));
    }
    // Decimal digits of any number stay as they are; separators stand between digits only.
    let separated = unsigned
        .split([',', '_'])
        .all(|group| !group.is_empty() && only(group, ""));
    separated.then(|| format!("{minus}{}", unsigned.replace([',', '_'], "")))
}

fn signed(text: &str) -> (&str, &str) {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    (text.get(..text.len() - digits.len()).unwrap_or(""), digits)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether there are digits and these marks only.
fn only(text: &str, marks: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_digit() || marks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn words_mean_what_ruby_means() {
        for (scalar, expected) in [
            ("", ""),
            ("~", ""),
            ("null", ""),
            ("NULL", ""),
            ("yes", "true"),
            ("On", "true"),
            ("TRUE", "true"),
            ("no", "false"),
            ("off", "false"),
            ("y", "y"),
            ("n", "n"),
            ("nullx", "nullx"),
            (".inf", "Infinity"),
            ("-.INF", "-Infinity"),
            (".NaN", "NaN"),
            (":web", "web"),
            (":\"a b\"", "a b"),
            (":", ":"),
            ("::1", ":1"),
        ] {
            assert_eq!(text(scalar), expected, "{scalar:?}");
        }
    }

    #[test]
    fn numbers_are_worked_out_as_ruby_does() {
        for (scalar, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("+5", "5"),
            ("1_000", "1000"),
            ("1,000", "1000"),
            ("0x1f", "31"),
            ("-0x1f", "-31"),
            ("017", "15"),
            ("00", "0"),
            ("0b11", "3"),
            ("12:30", "45000"),
            ("1:02:03", "3723"),
            ("1:30.5", "5430.0"),
            ("2048.50", "2048.5"),
            ("12.10", "12.1"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("1_0.5", "10.5"),
            ("1.0e+3", "1000.0"),
            ("1.5e-7", "1.5e-07"),
            (
                "123456789012345678901234567890123456789012",
                "123456789012345678901234567890123456789012",
            ),
        ] {
            assert_eq!(text(scalar), expected, "{scalar:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_stays_text() {
        for scalar in [
            "089",
            "0o17",
            "1e3",
            "1.0e3",
            "1e+3",
            "10.0.0.1",
            "02:fc:00:00:00:01",
            "1:60",
            "12:3a",
            "1__0",
            "1_",
            "_1",
            ".",
            "+.",
            "+",
            "-",
            "--1",
            "0x",
            "0x+1",
            "0b",
            "0b2",
            "1.2.3",
            "2026-11-23",
            "4.19.0-5-amd64",
            "fe80::1",
            "1:2:3:4",
            "99999999999999999999:00",
            "0xg",
            "0xfffffffffffffffffffffffffffffffffffff",
            "\u{661}",
            "e",
            "-",
            "1:",
        ] {
            assert_eq!(text(scalar), scalar);
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_whole_numbers_stay(scalar in "[-+0-9a-f:._,~x]{0,12}", number: i64) {
            let _text = text(&scalar);
            proptest::prop_assert_eq!(text(&number.to_string()), number.to_string());
        }
    }
}
