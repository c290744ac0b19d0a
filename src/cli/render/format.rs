//! The forms in which results can be had.

use clap::ValueEnum;

/// What `--output` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, each result as it comes
    Text,
    /// One document at the end, with how every node ended
    Json,
    /// One object on a line for each result as it comes, and a summary
    Jsonl,
    /// One row for each node
    Table,
    /// The names of the nodes alone, for another command
    Senders,
    /// The document of json as YAML
    Yaml,
}

/// The form of one run: a format, or the original's `--json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// What the original prints with `--json`: an array, where it had one.
    Array,
    /// Any other.
    Of(Format),
}

impl Form {
    /// What the options ask for.
    pub(crate) fn of(output: Option<Format>, json: bool) -> Self {
        match output {
            None if json => Self::Array,
            output => Self::Of(output.unwrap_or(Format::Text)),
        }
    }

    /// Whether a person reads it, as far as can be told.
    pub(crate) fn is_text(self) -> bool {
        self == Self::Of(Format::Text)
    }

    /// Whether it is a document that tells of everything, silence included.
    pub(crate) fn tells_all(self) -> bool {
        matches!(self, Self::Of(Format::Json | Format::Jsonl | Format::Yaml))
    }
}
