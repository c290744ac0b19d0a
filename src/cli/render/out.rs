//! Standard output and the colours on it.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

pub(crate) use crate::text::{line as safe_line, lines as safe};

/// When to paint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output.
pub(crate) struct Out {
    writer: BufWriter<io::Stdout>,
    paint: bool,
    terminal: bool,
}

/// The original's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// For failures.
    Red,
    /// For success.
    Green,
    /// For messages.
    Yellow,
    /// For titles.
    Bold,
}

impl Out {
    /// Decides about colours by the option, the environment and the terminal.
    pub(crate) fn new(colour: Colour, configured: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let paint = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => configured && by_environment(terminal, |name| std::env::var(name).ok()),
        };
        Self {
            writer: BufWriter::new(io::stdout()),
            paint,
            terminal,
        }
    }

    /// Whether a person reads along.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The text in a colour, where colours are wanted.
    pub(crate) fn painted(&self, paint: Paint, text: &str) -> String {
        if !self.paint {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Red => 31,
            Paint::Green => 32,
            Paint::Yellow => 33,
            Paint::Bold => 1,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.writer.write_all(text.as_ref().as_bytes())?;
        self.writer.write_all(b"\n")
    }

    /// Writes what has gathered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Whether the usual variables let colours be, which are for terminals unless one says otherwise.
fn by_environment(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is = |name, wanted| variable(name).is_some_and(|value| value == wanted);
    if set("NO_COLOR") {
        return false;
    }
    if set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") {
        return true;
    }
    terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_environment() {
        let wanted = |terminal, variables: &[(&str, &str)]| {
            by_environment(terminal, |name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(wanted(true, &[]) && !wanted(false, &[]));
        assert!(!wanted(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(wanted(true, &[("NO_COLOR", "")]));
        assert!(wanted(false, &[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")]));
        assert!(!wanted(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!wanted(true, &[("CLICOLOR", "0")]));
        assert!(!wanted(true, &[("TERM", "dumb")]));
    }

    #[test]
    fn a_node_cannot_drive_the_terminal() {
        assert_eq!(safe("a\tb\nzwölf"), "a\tb\nzwölf");
        assert_eq!(
            safe("\x1b[2Jgone\u{9b}1m\r\u{202e}"),
            "\\u{1b}[2Jgone\\u{9b}1m\\u{d}\\u{202e}"
        );
        assert_eq!(safe_line("a\nb"), "a\\nb");
    }
}
