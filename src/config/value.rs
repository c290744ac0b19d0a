//! What the texts after `=` mean: numbers and truth as the original reads them, times and sizes
//! also with a unit, lists, names and patterns of names.
//!
//! Every function here is pure and says `None` to what it can't read; `reader` makes a fault of it.

use std::{fmt, str::FromStr, time::Duration};

use regex::{Regex, RegexBuilder};

/// Longer than anybody waits, and short enough to be added to any clock.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// A whole number as Ruby's `Integer()` reads it: `0x10`, `0b1`, `0o17`, `010` (octal), `1_000`.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', b'd', ..] => (10, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.as_str()),
        _ => (10, lower.as_str()),
    };
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    let digits = digits.replace('_', "");
    // `from_str_radix` takes a sign of its own.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

/// Yes or no: the original's words, and `on` and `off`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "y" | "t" | "on" => Some(true),
        "0" | "no" | "false" | "n" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// A time: seconds, whole or with a decimal point, or with units (`1m 30s`).
pub(super) fn duration(text: &str) -> Option<Duration> {
    let duration = if let Some(seconds) = integer(text) {
        Duration::from_secs(u64::try_from(seconds).ok()?)
    } else if let Some(seconds) = decimal(text) {
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        humantime::parse_duration(text).ok()?
    };
    (duration <= LONGEST).then_some(duration)
}

/// A number with or without a decimal point, neither signed nor with an exponent.
pub(super) fn decimal(text: &str) -> Option<f64> {
    if let Some(whole) = integer(text) {
        let whole = u32::try_from(whole).ok()?;
        return Some(whole.into());
    }
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(fraction))
        .then(|| text.parse().ok())
        .flatten()
}

/// A number of bytes, also in `k`, `M` or `G` (of 1024).
pub(super) fn size(text: &str) -> Option<u64> {
    if let Some(bytes) = integer(text) {
        return u64::try_from(bytes).ok();
    }
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(at)?;
    let unit = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    let number = u64::try_from(integer(number.trim_ascii_end())?).ok()?;
    number.checked_mul(unit)
}

/// The items between commas, without blanks around them and without empty ones. A comma inside
/// `/.../` belongs to the pattern.
pub(super) fn list(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let end = if rest.starts_with('/') {
            end_of_pattern(rest)
        } else {
            rest.find(',')
        };
        let (item, after) = match end {
            Some(end) => (rest.get(..end), rest.get(end + 1..)),
            None => (Some(rest), None),
        };
        items.extend(item.map(str::trim_ascii).filter(|item| !item.is_empty()));
        rest = after.unwrap_or_default().trim_ascii();
    }
    items
}

/// The comma after the pattern at the start of `text`.
fn end_of_pattern(text: &str) -> Option<usize> {
    text.match_indices(',').map(|(at, _)| at).find(|&at| {
        let before = text.get(..at).unwrap_or_default().trim_ascii_end();
        before.len() > 1 && before.ends_with('/') && !before.ends_with("\\/")
    })
}

/// A name, or a pattern that whole names match.
#[derive(Clone)]
pub enum NamePattern {
    /// This name.
    Name(String),
    /// Every name that the expression matches from its first character to its last. A part is not
    /// enough, so that `/admin/` does not let `notadmin.example.net` in.
    Regex {
        /// What was written between the slashes.
        source: String,
        /// The anchored expression.
        regex: Regex,
    },
}

impl FromStr for NamePattern {
    type Err = String;

    /// Reads `NAME` or `/regex/`; otherwise says what is wrong.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(source) = text.strip_prefix('/') else {
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
            return if !text.is_empty() && text.chars().all(valid) {
                Ok(Self::Name(text.into()))
            } else {
                Err("a name has letters, digits, `_`, `.` and `-`, a pattern is `/regex/`".into())
            };
        };
        let Some(source) = source.strip_suffix('/').filter(|source| !source.is_empty()) else {
            return Err("a pattern ends with `/`".into());
        };
        // On its own first: `a)|(b` is a fault, and must not become one by what is put around it.
        let build = |text: &str| RegexBuilder::new(text).size_limit(1 << 20).build();
        let explain = |error: regex::Error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        };
        build(source).map_err(explain)?;
        let regex = build(&format!(r"\A(?:{source})\z")).map_err(explain)?;
        Ok(Self::Regex {
            source: source.into(),
            regex,
        })
    }
}

impl NamePattern {
    /// Whether it means this name.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Regex { regex, .. } => regex.is_match(name),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Regex { source, .. } => write!(f, "/{source}/"),
        }
    }
}

impl fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for NamePattern {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_are_rubys() {
        for (text, expected) in [
            ("0", Some(0)),
            ("60", Some(60)),
            ("-1", Some(-1)),
            ("+7", Some(7)),
            ("1_000", Some(1000)),
            ("0x1F", Some(31)),
            ("-0x10", Some(-16)),
            ("0b101", Some(5)),
            ("0o17", Some(15)),
            ("0d19", Some(19)),
            ("010", Some(8)),
            ("0_7", Some(7)),
            ("08", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("0x", None),
            ("0x_1", None),
            ("--1", None),
            ("+-1", None),
            ("0x-1", None),
            ("", None),
            ("1.5", None),
            ("1 2", None),
            ("ten", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn truth_has_rubys_words() {
        for text in ["1", "yes", "True", "Y", "t", "on"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["0", "NO", "false", "n", "F", "off"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        for text in ["", "2", "yess", "enabled", "1 # comment"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        for (text, expected) in [
            ("60", Some(60_000)),
            ("0", Some(0)),
            ("0.01", Some(10)),
            ("30.0", Some(30_000)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("1m 30s", Some(90_000)),
            ("200ms", Some(200)),
            ("-1", None),
            ("1.", None),
            (".5", None),
            ("soon", None),
            ("1e3", None),
            ("20y", None),
            ("9999999999999999999999.0", None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(duration(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sizes_have_binary_units() {
        for (text, expected) in [
            ("2097152", Some(2_097_152)),
            ("16k", Some(16_384)),
            ("4 MiB", Some(4 << 20)),
            ("1G", Some(1 << 30)),
            ("-1", None),
            ("-1k", None),
            ("1T", None),
            ("k", None),
            ("99999999999G", None),
        ] {
            assert_eq!(size(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lists_split_at_commas_outside_patterns() {
        for (text, expected) in [
            ("a, b,c", vec!["a", "b", "c"]),
            (" a ,, ", vec!["a"]),
            ("/a{1,2}/, b", vec!["/a{1,2}/", "b"]),
            ("x,/y,z/ ,/w/", vec!["x", "/y,z/", "/w/"]),
            (r"/a\/,b/, c", vec![r"/a\/,b/", "c"]),
            ("/open, b", vec!["/open, b"]),
            (",", vec![]),
        ] {
            assert_eq!(list(text), expected, "{text:?}");
        }
    }

    #[test]
    fn patterns_match_whole_names_only() {
        let parse = |text| NamePattern::from_str(text).unwrap();
        assert!(parse("web1.example.net").matches("web1.example.net"));
        assert!(!parse("web1.example.net").matches("web1xexample.net"));
        assert!(parse("/web.*/").matches("web1"));
        assert!(!parse("/admin/").matches("notadmin.example.net"));
        assert!(!parse("/a|b/").matches("ax"));
        assert!(!parse("/a/").matches("a\n"));
        for bad in [
            "",
            "a b",
            "/a",
            "/",
            "//",
            "/(/",
            "/a)|(b/",
            "/(?x)a #/",
            "/\\w{9}{999}{999}/",
        ] {
            assert!(NamePattern::from_str(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-fxob_+./, -]{0,12}|\\PC{0,12}") {
            let _read = (integer(&text), boolean(&text), duration(&text), decimal(&text), size(&text));
            drop((list(&text), NamePattern::from_str(&text)));
        }

        #[test]
        fn numbers_read_as_printed(number: i64) {
            prop_assert_eq!(integer(&number.to_string()), Some(number));
            let sign = if number < 0 { "-" } else { "" };
            let hex = format!("{sign}0x{:X}", number.unsigned_abs());
            prop_assert_eq!(integer(&hex), Some(number));
        }

        #[test]
        fn times_read_as_printed(seconds in 0..LONGEST.as_secs()) {
            let time = Duration::from_secs(seconds);
            prop_assert_eq!(duration(&seconds.to_string()), Some(time));
            prop_assert_eq!(duration(&humantime::format_duration(time).to_string()), Some(time));
        }

        #[test]
        fn lists_read_as_printed(items in proptest::collection::vec("[a-z.]{1,5}|/[a-z,]{1,4}x/", 0..5)) {
            let text = items.join(", ");
            prop_assert_eq!(list(&text), items);
        }
    }
}
