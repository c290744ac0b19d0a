//! A text with a name on each line (`--nodes FILE`). Blank lines and `#` lines say nothing.

use super::{ListError, identity};
use crate::mcorpc::names::Identity;

/// Reads the names, in their order.
pub fn parse(text: &str) -> Result<Vec<Identity>, ListError> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| identity(line, || format!("line {number}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_skips_comments() {
        let names = parse("\u{feff}a.example.net\r\n\n# out of order: b\n  c-1 \n").unwrap();
        assert_eq!(
            names,
            ["a.example.net", "c-1"].map(|n| Identity::new(n).unwrap())
        );
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(
            parse("a\nb c\n").unwrap_err().to_string(),
            "Identities can only match /^[\\w\\.\\-]+$/: line 2 is \"b c\""
        );
    }
}
