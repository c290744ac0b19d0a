//! What is wrong in a configuration: where, what, and what would be right, on one line each.
//!
//! All faults of a file are gathered before anything is said, so that an operator mends it once.
//! No value of a setting that may hold a secret ever gets into one.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::text;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file that it is in.
    pub file: PathBuf,
    /// The line, counted from 1; none where the fault is that something is missing.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right; empty where the message says all.
    pub suggestion: String,
}

impl Fault {
    pub(super) fn new(
        file: &Path,
        line: Option<usize>,
        message: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Self {
            file: file.to_path_buf(),
            line,
            message: message.into(),
            suggestion: suggestion.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", text::line(&self.message))?;
        if !self.suggestion.is_empty() {
            write!(f, "; {}", text::line(&self.suggestion))?;
        }
        Ok(())
    }
}

/// Why a configuration can't be used: at least one fault, in the order of lines.
///
/// Printed, it is its first fault and how many there are besides; [`Faults::iter`] has them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    first: Fault,
    rest: Vec<Fault>,
}

impl Faults {
    /// All of them; none where the list is empty.
    pub(super) fn gather(mut faults: Vec<Fault>) -> Option<Self> {
        in_order(&mut faults);
        let mut faults = faults.into_iter();
        Some(Self {
            first: faults.next()?,
            rest: faults.collect(),
        })
    }

    /// Every fault.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl From<Fault> for Faults {
    fn from(first: Fault) -> Self {
        Self {
            first,
            rest: Vec::new(),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match self.rest.len() {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more fault)"),
            more => write!(f, " (and {more} more faults)"),
        }
    }
}

impl std::error::Error for Faults {}

/// Sorts by file and line. What is missing has no line, and comes last: often another fault explains
/// it.
pub(super) fn in_order(faults: &mut [Fault]) {
    faults.sort_by_cached_key(|fault| (fault.line.is_none(), fault.file.clone(), fault.line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_first_and_counts_the_rest() {
        let fault = |line, message| Fault::new(Path::new("a.cfg"), line, message, "");
        let faults = Faults::gather(vec![
            fault(None, "missing"),
            fault(Some(4), "worse"),
            fault(Some(3), "bad"),
        ]);
        assert_eq!(
            faults.unwrap().to_string(),
            "a.cfg:3: bad (and 2 more faults)"
        );
        assert_eq!(Faults::gather(Vec::new()), None);
    }
}
