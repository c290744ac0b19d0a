//! The part of Ruby's `printf` that DDLs use: `%[-0+][width][.precision]` and one of `s d i f e g`,
//! and `%%`.

use std::fmt::Write as _;

use super::AggregateError;

/// A format, read once.
pub(super) struct Format {
    pieces: Vec<Piece>,
}

enum Piece {
    Text(String),
    Value(Spec),
}

#[derive(Clone, Copy)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

/// A DDL from anywhere must not ask for megabytes of blanks.
const MAX_WIDTH: usize = 200;

impl Format {
    pub(super) fn new(text: &str) -> Result<Self, AggregateError> {
        let pieces = pieces(text).ok_or_else(|| AggregateError::Format(text.to_owned()))?;
        Ok(Self { pieces })
    }

    /// The format that is given, or `<label><output>: %f`.
    pub(super) fn or(
        text: Option<&str>,
        label: &str,
        output: &str,
    ) -> Result<Self, AggregateError> {
        match text {
            Some(text) => Self::new(text),
            None => Self::new(&format!("{label}{}: %f", output.replace('%', "%%"))),
        }
    }

    /// With one number.
    pub(super) fn number(&self, value: f64) -> String {
        self.print(|spec| spec.number(value))
    }

    /// With a value and how often it occurs.
    pub(super) fn pair(&self, text: &str, count: u64) -> String {
        let mut first = true;
        self.print(|spec| {
            if std::mem::take(&mut first) {
                return match text.parse() {
                    Ok(number) if spec.kind != 's' => spec.number(number),
                    _ => spec.text(text),
                };
            }
            match spec.kind {
                's' | 'd' | 'i' => spec.digits(&count.to_string()),
                #[allow(clippy::cast_precision_loss)] // nobody counts that far
                _ => spec.number(count as f64),
            }
        })
    }

    fn print(&self, mut value: impl FnMut(&Spec) -> String) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(spec) => out.push_str(&value(spec)),
            }
        }
        out
    }
}

fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut chars = text.chars().peekable();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        if c != '%' {
            plain.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            plain.push('%');
            continue;
        }
        let mut spec = Spec {
            left: false,
            zero: false,
            plus: false,
            width: 0,
            precision: None,
            kind: 's',
        };
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0' | '+' | ' ')) {
            match flag {
                '-' => spec.left = true,
                '0' => spec.zero = true,
                '+' => spec.plus = true,
                _ => {}
            }
        }
        spec.width = digits(&mut chars)?;
        if chars.next_if_eq(&'.').is_some() {
            spec.precision = Some(digits(&mut chars)?);
        }
        spec.kind = chars
            .next()
            .filter(|c| matches!(c, 's' | 'd' | 'i' | 'f' | 'e' | 'g'))?;
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(Piece::Value(spec));
    }
    pieces.push(Piece::Text(plain));
    Some(pieces)
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut number = 0;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        number = number * 10 + usize::try_from(digit).ok()?;
        if number > MAX_WIDTH {
            return None;
        }
    }
    Some(number)
}

impl Spec {
    fn number(&self, value: f64) -> String {
        let text = match self.kind {
            // As Ruby, towards minus infinity.
            'd' | 'i' => format!("{:.0}", value.floor()),
            'f' => format!("{value:.*}", self.precision.unwrap_or(6)),
            'e' => exponent(value, self.precision.unwrap_or(6)),
            _ => value.to_string(),
        };
        self.digits(&text)
    }

    fn digits(&self, text: &str) -> String {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None if self.plus => ("+", text),
            None => ("", text),
        };
        if self.zero && !self.left {
            let width = self.width.saturating_sub(sign.len());
            return format!("{sign}{digits:0>width$}");
        }
        self.pad(&format!("{sign}{digits}"))
    }

    fn text(&self, text: &str) -> String {
        let shown = text.chars().take(self.precision.unwrap_or(usize::MAX));
        self.pad(&shown.collect::<String>())
    }

    fn pad(&self, text: &str) -> String {
        let width = self.width;
        if self.left {
            format!("{text:<width$}")
        } else {
            format!("{text:>width$}")
        }
    }
}

/// `1.5e+03`, where Rust writes `1.5e3`.
fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |e| ('-', e));
    let mut out = digits.to_owned();
    // Writing to a String can't fail.
    let _: std::fmt::Result = write!(out, "e{sign}{exponent:0>2}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_as_ruby() {
        for (format, value, expected) in [
            ("%f", 2.5, "2.500000"),
            ("Average: %0.2f", 2.345_678, "Average: 2.35"),
            ("Average: %d", 2.9, "Average: 2"),
            ("%d", -2.1, "-3"),
            ("%5d|%-5d|%05d|%+d", 7.0, "    7|7    |00007|+7"),
            ("%06.1f", -1.25, "-001.2"),
            ("%e", 1500.0, "1.500000e+03"),
            ("%.1e", 0.015, "1.5e-02"),
            ("%d%%", 50.0, "50%"),
            ("%s", 1.5, "1.5"),
            ("none", 1.0, "none"),
        ] {
            assert_eq!(
                Format::new(format).unwrap().number(value),
                expected,
                "{format}"
            );
        }
        for (format, expected) in [
            ("%s = %d", "apache = 12"),
            ("%10s: %3s", "    apache:  12"),
            ("%-8s|%.1f", "apache  |12.0"),
            ("%.2s %05d", "ap 00012"),
            ("%s", "apache"),
        ] {
            assert_eq!(
                Format::new(format).unwrap().pair("apache", 12),
                expected,
                "{format}"
            );
        }
        for bad in ["%", "%x", "%-", "%5", "%1000s", "%.999f", "%*d", "%1$s"] {
            assert!(Format::new(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_format_is_survived(format in ".*|[%a-z0-9.+-]{0,9}", text in ".*", value: f64) {
            if let Ok(format) = Format::new(&format) {
                drop(format.pair(&text, 3));
                drop(format.number(value));
            }
        }
    }
}
