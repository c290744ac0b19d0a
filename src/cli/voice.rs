//! Words to a person that are no results. A stream that can't be written to is no reason to fail:
//! there is nobody to tell.

use std::{
    fmt::Display,
    io::{Write as _, stderr, stdout},
};

/// A line on standard output.
pub(super) fn say(text: impl Display) {
    drop(writeln!(stdout(), "{text}"));
}

/// A line on standard error.
pub(super) fn complain(text: impl Display) {
    drop(writeln!(stderr(), "{text}"));
}
