//! Words to a person that are no results. What others wrote may be part of them. A stream that can't be written to is no reason to fail:
//! there is nobody to tell.

use std::{
    fmt::Display,
    io::{Write as _, stderr, stdout},
};

use crate::text;

/// A line on standard output.
pub(super) fn say(text: impl Display) {
    drop(writeln!(stdout(), "{}", text::lines(&text.to_string())));
}

/// A line on standard error.
pub(super) fn complain(text: impl Display) {
    drop(writeln!(stderr(), "{}", text::lines(&text.to_string())));
}
