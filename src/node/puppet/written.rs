//! A text that Puppet has written, or in what way it is none.

use std::path::Path;

use crate::sys::file;

/// Reads all of a text; `None` where there is no such file, and else a sentence of what is there in
/// its stead. What is being written is read again.
pub(super) fn read(path: &Path, largest: u64) -> Result<Option<String>, String> {
    once(path, largest).or_else(|_| once(path, largest))
}

fn once(path: &Path, largest: u64) -> Result<Option<String>, String> {
    match file::read_lossy(path, largest) {
        Ok(text) => whole(&text, &name(path)).map(|text| Some(text.to_owned())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The text without a mark at its beginning. All that Puppet writes ends with a line's end: without
/// it the last line is not whole, and a number in it is another one.
pub(super) fn whole<'a>(text: &'a str, name: &str) -> Result<&'a str, String> {
    let text = unmarked(text);
    // What was not on the disk yet when a machine lost its power comes back as zeros.
    if text.contains('\0') {
        return Err(format!("{name} is no text"));
    }
    if text.is_empty() || (text.trim().is_empty() && !text.ends_with('\n')) {
        return Err(format!("{name} is empty"));
    }
    if !text.ends_with('\n') {
        return Err(format!("{name} is cut off"));
    }
    Ok(text)
}

/// Without the mark that some editors put at the beginning.
pub(super) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A file in a sentence.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_whole_or_said_not_to_be() {
        for (text, expected) in [
            ("a\n", Ok("a\n")),
            ("\u{feff}a\r\n", Ok("a\r\n")),
            ("\n", Ok("\n")),
            ("", Err("f is empty")),
            ("\u{feff}", Err("f is empty")),
            ("  ", Err("f is empty")),
            ("a", Err("f is cut off")),
            ("a\nb", Err("f is cut off")),
            ("a\n\0\0", Err("f is no text")),
        ] {
            assert_eq!(
                whole(text, "f"),
                expected.map_err(str::to_owned),
                "{text:?}"
            );
        }
    }
}
