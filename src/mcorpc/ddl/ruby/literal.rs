//! Literals: texts in all their quotes, symbols, numbers, regular expressions, lists of words, here
//! documents.

use super::{
    RubyError,
    cursor::is_name,
    parse::Parser,
    syntax::{Expression, ExpressionKind, Piece},
};

/// How the inside of a text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Escapes and `#{...}`.
    Double,
    /// Only the delimiter and the backslash can be escaped.
    Single,
    /// `#{...}`; escapes are the regular expression's own.
    Regex,
}

impl Parser<'_> {
    /// `"..."` or `'...'`, and more of them that follow directly: they are one text.
    pub(super) fn text(&mut self) -> Result<ExpressionKind, RubyError> {
        let mut pieces = Vec::new();
        while let Some(quote @ ('"' | '\'')) = self.cursor.peek() {
            self.cursor.next();
            let inside = if quote == '"' {
                Inside::Double
            } else {
                Inside::Single
            };
            pieces.extend(self.delimited(quote, quote, inside)?);
            self.cursor.skip_blanks();
        }
        Ok(ExpressionKind::Text(pieces))
    }

    /// `:name`, `:"any text"`.
    pub(super) fn symbol(&mut self) -> Result<ExpressionKind, RubyError> {
        let at = self.cursor.at();
        self.cursor.next();
        if let Some(quote @ ('"' | '\'')) = self.cursor.peek() {
            self.cursor.next();
            let inside = if quote == '"' {
                Inside::Double
            } else {
                Inside::Single
            };
            return Ok(ExpressionKind::Symbol(
                self.delimited(quote, quote, inside)?,
            ));
        }
        let Some(name) = self.cursor.name() else {
            return self.cursor.refuse(at, "a symbol is written `:name`");
        };
        let mut name = name.to_owned();
        if let Some(mark @ ('?' | '!')) = self.cursor.peek() {
            self.cursor.next();
            name.push(mark);
        }
        Ok(ExpressionKind::Symbol(vec![Piece::Plain(name)]))
    }

    /// `12`, `1_000`, `0x1f`, `1.5`, `1e3`.
    pub(super) fn number(&mut self) -> Result<ExpressionKind, RubyError> {
        let at = self.cursor.at();
        let radix = match self.cursor.rest().get(..2) {
            Some("0x" | "0X") => 16,
            Some("0b" | "0B") => 2,
            Some("0o" | "0O") => 8,
            _ => 10,
        };
        if radix != 10 {
            self.cursor.next();
            self.cursor.next();
        }
        let mut text = self.cursor.take_while(is_name).replace('_', "");
        let fraction = self.cursor.rest().strip_prefix('.');
        let is_float = radix == 10
            && fraction.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_float {
            self.cursor.next();
            text.push('.');
            text.push_str(&self.cursor.take_while(is_name).replace('_', ""));
        }
        // The sign of an exponent is no part of a name.
        if radix == 10
            && text.ends_with(['e', 'E'])
            && let Some(sign @ ('-' | '+')) = self.cursor.peek()
        {
            self.cursor.next();
            text.push(sign);
            text.push_str(self.cursor.take_while(is_name));
        }
        if radix == 10 && text.contains(['.', 'e', 'E']) {
            if let Some(float) = text.parse::<f64>().ok().filter(|float| float.is_finite()) {
                return Ok(ExpressionKind::Float(float));
            }
        } else {
            let octal = radix == 10 && text.len() > 1 && text.starts_with('0');
            let radix = if octal { 8 } else { radix };
            if let Ok(integer) = i64::from_str_radix(&text, radix) {
                return Ok(ExpressionKind::Integer(integer));
            }
        }
        self.cursor
            .refuse(at, format!("`{}` is not a number", shorten(&text)))
    }

    /// `/.../flags`.
    pub(super) fn regex(&mut self) -> Result<ExpressionKind, RubyError> {
        self.cursor.next();
        self.regex_until('/', '/')
    }

    fn regex_until(&mut self, open: char, close: char) -> Result<ExpressionKind, RubyError> {
        let source = self.delimited(open, close, Inside::Regex)?;
        let flags = self.cursor.take_while(|c| c.is_ascii_alphabetic());
        Ok(ExpressionKind::Regex {
            source,
            flags: flags.to_owned(),
        })
    }

    /// `%w[a b]`, `%i[a b]`, `%q(text)`, `%Q(text)`, `%(text)`, `%r{regex}`.
    pub(super) fn percent(&mut self) -> Result<ExpressionKind, RubyError> {
        let at = self.cursor.at();
        self.cursor.next();
        let letter = self.cursor.take_while(|c| c.is_ascii_alphabetic());
        let open = self.cursor.next();
        let Some(open) = open.filter(char::is_ascii_punctuation) else {
            return self
                .cursor
                .refuse(at, "a text with % is written `%w[a b]` or `%q(text)`");
        };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            other => other,
        };
        match letter {
            "" | "Q" => Ok(ExpressionKind::Text(self.delimited(
                open,
                close,
                Inside::Double,
            )?)),
            "q" => Ok(ExpressionKind::Text(self.delimited(
                open,
                close,
                Inside::Single,
            )?)),
            "r" => self.regex_until(open, close),
            "w" | "i" => {
                let pieces = self.delimited(open, close, Inside::Single)?;
                let words = pieces.iter().flat_map(|piece| match piece {
                    Piece::Plain(text) => text.split_whitespace(),
                    Piece::Value(_) => "".split_whitespace(),
                });
                let word = |word: &str| {
                    let pieces = vec![Piece::Plain(word.to_owned())];
                    let kind = if letter == "w" {
                        ExpressionKind::Text(pieces)
                    } else {
                        ExpressionKind::Symbol(pieces)
                    };
                    Expression { at, kind }
                };
                Ok(ExpressionKind::Array(words.map(word).collect()))
            }
            other => self.cursor.refuse(
                at,
                format!("`%{other}` is Ruby that a DDL does not need; %w %i %q %Q %r can be used"),
            ),
        }
    }

    /// `<<END`, `<<-END`, `<<~END`, with the terminator in quotes or not.
    pub(super) fn heredoc(&mut self) -> Result<ExpressionKind, RubyError> {
        let at = self.cursor.at();
        self.cursor.take("<<");
        let squiggly = self.cursor.take("~");
        let indented = squiggly || self.cursor.take("-");
        let quote = self.cursor.peek().filter(|c| matches!(c, '"' | '\''));
        let terminator = if let Some(quote) = quote {
            self.cursor.next();
            let text = self.cursor.take_while(|c| c != quote && c != '\n');
            self.cursor.next();
            text
        } else {
            self.cursor.take_while(is_name)
        };
        let Some(body) = self.cursor.heredoc(terminator, indented) else {
            let what = format!("the text that `{terminator}` is to end never ends");
            return self.cursor.refuse(at, what);
        };
        let body = if squiggly {
            without_margin(body)
        } else {
            body.to_owned()
        };
        if quote == Some('\'') {
            return Ok(ExpressionKind::Text(vec![Piece::Plain(body)]));
        }
        // Errors inside are told at the place of the text's beginning.
        let mut inner = self.nested(&body);
        let pieces = inner.pieces_to_end();
        match pieces {
            Ok(pieces) => Ok(ExpressionKind::Text(pieces)),
            Err(error) => self
                .cursor
                .refuse(at, format!("in this text: {}", error.what)),
        }
    }

    /// All of a here document.
    fn pieces_to_end(&mut self) -> Result<Vec<Piece>, RubyError> {
        let mut pieces = Pieces::default();
        while let Some(c) = self.cursor.next() {
            match c {
                '\\' => self.escape(&mut pieces.plain)?,
                '#' if self.cursor.peek() == Some('{') => pieces.value(self.interpolated()?),
                c => pieces.plain.push(c),
            }
        }
        Ok(pieces.finish())
    }

    /// The inside of a text up to its end, which is taken too. Brackets nest.
    fn delimited(
        &mut self,
        open: char,
        close: char,
        inside: Inside,
    ) -> Result<Vec<Piece>, RubyError> {
        let start = self.cursor.at();
        let mut pieces = Pieces::default();
        let mut depth = 0_usize;
        loop {
            let Some(c) = self.cursor.next() else {
                let what = format!("the text that begins here is not ended by {close}");
                return self.cursor.refuse(start.saturating_sub(1), what);
            };
            match c {
                c if c == close && depth == 0 => return Ok(pieces.finish()),
                c if c == close => depth -= 1,
                c if c == open => depth += 1,
                '\\' if inside == Inside::Double => {
                    self.escape(&mut pieces.plain)?;
                    continue;
                }
                '\\' => {
                    let escaped = self.cursor.peek();
                    match escaped {
                        Some(c) if c == close || c == open => {
                            // `\/` means the slash itself to a regular expression, too.
                            if inside == Inside::Regex && c != '/' {
                                pieces.plain.push('\\');
                            }
                            pieces.plain.push(c);
                        }
                        Some('\\') if inside == Inside::Single => pieces.plain.push('\\'),
                        Some(c) => pieces.plain.extend(['\\', c]),
                        None => continue,
                    }
                    self.cursor.next();
                    continue;
                }
                '#' if inside != Inside::Single && self.cursor.peek() == Some('{') => {
                    pieces.value(self.interpolated()?);
                    continue;
                }
                _ => {}
            }
            pieces.plain.push(c);
        }
    }

    /// `{...}` after a `#`.
    fn interpolated(&mut self) -> Result<Expression, RubyError> {
        self.cursor.next();
        self.cursor.skip_lines();
        let value = self.expression()?;
        self.cursor.skip_lines();
        if self.cursor.take("}") {
            return Ok(value);
        }
        self.cursor
            .refuse(self.cursor.at(), "expected } after the value in #{...}")
    }

    /// What follows a backslash in double quotes.
    fn escape(&mut self, out: &mut String) -> Result<(), RubyError> {
        let at = self.cursor.at();
        let Some(c) = self.cursor.next() else {
            return Ok(());
        };
        match c {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            's' => out.push(' '),
            'r' => out.push('\r'),
            'e' => out.push('\u{1b}'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            // A continued line.
            '\n' => {}
            '\r' if self.cursor.peek() == Some('\n') => {
                self.cursor.next();
            }
            'u' => return self.unicode(at, out),
            'x' => return self.code(at, 16, 2, None, out),
            '0'..='7' => return self.code(at, 8, 2, Some(c), out),
            'c' | 'C' | 'M' => {
                return self
                    .cursor
                    .refuse(at, "control characters are written `\\x..` in a DDL");
            }
            c => out.push(c),
        }
        Ok(())
    }

    /// `\x41`, `\101`: one byte, which must be ASCII, since texts are UTF-8.
    fn code(
        &mut self,
        at: usize,
        radix: u32,
        most: usize,
        first: Option<char>,
        out: &mut String,
    ) -> Result<(), RubyError> {
        let mut digits: String = first.into_iter().collect();
        let most = most + digits.len();
        while let Some(c) = self.cursor.peek().filter(|c| c.is_digit(radix)) {
            if digits.len() == most {
                break;
            }
            digits.push(c);
            self.cursor.next();
        }
        let code = u32::from_str_radix(&digits, radix).ok();
        match code.filter(|code| *code < 128).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                Ok(())
            }
            None => self
                .cursor
                .refuse(at, "an escape by number must be of an ASCII character"),
        }
    }

    /// `\u00e9`, `\u{e9 1f600}`.
    fn unicode(&mut self, at: usize, out: &mut String) -> Result<(), RubyError> {
        let codes = if self.cursor.take("{") {
            let codes = self.cursor.take_while(|c| c != '}' && c != '\n');
            self.cursor.take("}");
            codes.to_owned()
        } else {
            let digits = self.cursor.rest().chars().take(4).collect::<String>();
            for _ in digits.chars() {
                self.cursor.next();
            }
            digits
        };
        for code in codes.split_whitespace() {
            let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
            let Some(c) = c else {
                return self
                    .cursor
                    .refuse(at, "`\\u` needs the four hexadecimal digits of a character");
            };
            out.push(c);
        }
        Ok(())
    }
}

/// Collects the pieces of a text.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    plain: String,
}

impl Pieces {
    fn value(&mut self, value: Expression) {
        if !self.plain.is_empty() {
            self.done
                .push(Piece::Plain(std::mem::take(&mut self.plain)));
        }
        self.done.push(Piece::Value(value));
    }

    fn finish(mut self) -> Vec<Piece> {
        if !self.plain.is_empty() {
            self.done.push(Piece::Plain(self.plain));
        }
        self.done
    }
}

/// `<<~`: without the blanks that all lines begin with.
fn without_margin(body: &str) -> String {
    let margin = body
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    body.split_inclusive('\n')
        .map(|line| line.get(margin..).unwrap_or("\n"))
        .collect()
}

/// A text for a message.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
