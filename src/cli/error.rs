//! How a command ends: the exit codes, and the one error type of the command line.

use std::fmt;

/// Exit codes; 64 to 78 are those of BSD's `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every addressed node answered ok; `find` found a node.
    Ok,
    /// No node matched, or the operator said no.
    NobodyMatched,
    /// Some node failed, was denied, timed out, or did not answer.
    SomeFailed,
    /// Nodes were discovered and none answered.
    NobodyAnswered,
    /// No discovery was made and none answered.
    NobodyAnsweredUndiscovered,
    /// The command line is wrong.
    Usage,
    /// The broker can't be reached.
    Unavailable,
    /// Something in the program itself went wrong.
    Software,
    /// Refused: TLS, password, authorisation.
    Refused,
    /// The configuration is wrong, or switched off by `pe.conf`.
    Config,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::NobodyMatched => 1,
            Self::SomeFailed => 2,
            Self::NobodyAnswered => 3,
            Self::NobodyAnsweredUndiscovered => 4,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::Refused => 77,
            Self::Config => 78,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The original's code for the same end: all errors were 1. (An interrupted wait for answers
    /// counted as one in which nobody answered; whoever waits says so.)
    pub const fn legacy_code(self) -> u8 {
        match self {
            Self::Usage
            | Self::Unavailable
            | Self::Software
            | Self::Refused
            | Self::Config
            | Self::Interrupted
            | Self::Terminated => 1,
            _ => self.code(),
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct CommandError {
    /// What to exit with.
    pub exit: Exit,
    /// One line: what is wrong, and where.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl CommandError {
    /// An error without advice.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A wrong configuration.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Exit::Config, message)
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Writing to standard output failed.
impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            // `mco ... | head`: the reader has seen enough, and nobody wants to hear of it.
            return Self::new(Exit::Ok, String::new());
        }
        Self::new(Exit::Software, format!("cannot write the output: {error}"))
    }
}
