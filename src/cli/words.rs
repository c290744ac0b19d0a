//! The words of a command line before they are parsed: the link's name, `MCOLLECTIVE_EXTRA_OPTS`,
//! and `_` in option names.

use std::ffi::OsString;

use super::tree::ExitCodes;

/// Applications that take none of the common options, so that extra ones would be errors there.
const WITHOUT_OPTIONS: [&str; 3] = ["help", "completion", "plugin"];

/// Makes the words that `mcollective` would have been called with.
pub(super) fn prepare(
    arguments: Vec<OsString>,
    link: Option<&str>,
    extra: &str,
) -> Result<Vec<OsString>, String> {
    let mut words = vec![OsString::from("mcollective")];
    if let Some(link) = link {
        words.push("mco".into());
        if let Some(application) = link.strip_prefix("mc-") {
            words.push(application.into());
        }
    }
    words.extend(arguments.into_iter().skip(1));
    // Everything after `--` is the user's own.
    let end = words
        .iter()
        .position(|word| word == "--")
        .unwrap_or(words.len());
    for word in words.iter_mut().take(end) {
        if let Some(name) = word.to_str().and_then(|word| word.strip_prefix("--")) {
            *word = with_dashes(name).into();
        }
    }
    if extra.trim().is_empty() || words.get(1).is_none_or(|word| word != "mco") {
        return Ok(words);
    }
    // The application's name is the first word that is neither an option nor an option's value.
    let Some(at) = application_at(&words) else {
        return Ok(words);
    };
    if words
        .get(at)
        .is_some_and(|word| WITHOUT_OPTIONS.iter().any(|name| word == *name))
    {
        return Ok(words);
    }
    let extra = split(extra)?;
    let after = at + 1;
    words.splice(after..after, extra.into_iter().map(OsString::from));
    Ok(words)
}

/// Which exit codes are wanted, for a command line that may be too wrong to be parsed.
pub(super) fn exit_codes(words: &[OsString]) -> ExitCodes {
    let texts: Vec<&str> = words.iter().map_while(|word| word.to_str()).collect();
    let mut codes = ExitCodes::Full;
    for (at, word) in texts.iter().enumerate() {
        let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) else {
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, texts.get(at + 1).copied()),
        };
        if "exit-codes".starts_with(name) {
            codes = match value {
                Some("legacy") => ExitCodes::Legacy,
                _ => ExitCodes::Full,
            };
        }
    }
    codes
}

fn application_at(words: &[OsString]) -> Option<usize> {
    let mut at = 2;
    while let Some(word) = words.get(at) {
        match word.to_str() {
            Some("-c" | "--config" | "--color" | "--exit-codes") => at += 2,
            Some(option) if option.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
    None
}

/// An option's word with `-` for `_` in its name, and its value as it is.
fn with_dashes(option: &str) -> String {
    match option.split_once('=') {
        Some((name, value)) => format!("--{}={value}", name.replace('_', "-")),
        None => format!("--{}", option.replace('_', "-")),
    }
}

/// Splits as a shell does: blanks, quotes of both kinds, backslashes.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    let unfinished = || "MCOLLECTIVE_EXTRA_OPTS ends within a quote".to_owned();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => loop {
                match chars.next().ok_or_else(unfinished)? {
                    '\'' => {
                        word.get_or_insert_default();
                        break;
                    }
                    c => word.get_or_insert_default().push(c),
                }
            },
            '"' => loop {
                match chars.next().ok_or_else(unfinished)? {
                    '"' => {
                        word.get_or_insert_default();
                        break;
                    }
                    '\\' => match chars.next().ok_or_else(unfinished)? {
                        c @ ('"' | '\\' | '$' | '`') => word.get_or_insert_default().push(c),
                        c => word.get_or_insert_default().extend(['\\', c]),
                    },
                    c => word.get_or_insert_default().push(c),
                }
            },
            '\\' => word
                .get_or_insert_default()
                .push(chars.next().ok_or_else(unfinished)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(arguments: &[&str], link: Option<&str>, extra: &str) -> Vec<String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let words = prepare(arguments, link, extra).unwrap();
        words
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_link_names_client_and_application() {
        assert_eq!(
            prepared(&["mco", "ping"], Some("mco"), ""),
            ["mcollective", "mco", "ping"]
        );
        assert_eq!(
            prepared(&["mc-ping", "-v"], Some("mc-ping"), ""),
            ["mcollective", "mco", "ping", "-v"]
        );
        assert_eq!(
            prepared(&["mcollective", "broker"], None, "-v"),
            ["mcollective", "broker"]
        );
    }

    #[test]
    fn extra_options_come_first_so_that_typed_ones_win() {
        assert_eq!(
            prepared(
                &["mco", "-c", "x", "ping", "-t", "2"],
                Some("mco"),
                "-t 1 -F 'a = b'"
            ),
            [
                "mcollective",
                "mco",
                "-c",
                "x",
                "ping",
                "-t",
                "1",
                "-F",
                "a = b",
                "-t",
                "2"
            ]
        );
        assert_eq!(
            prepared(&["mco", "help"], Some("mco"), "-t 1"),
            ["mcollective", "mco", "help"]
        );
    }

    #[test]
    fn exit_codes_are_seen_in_any_command_line() {
        let codes = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            exit_codes(&words)
        };
        assert_eq!(
            codes("mco ping --exit-codes legacy --nosuch"),
            ExitCodes::Legacy
        );
        assert_eq!(codes("mco --exit=legacy png"), ExitCodes::Legacy);
        assert_eq!(
            codes("mco ping --exit-codes legacy --exit-codes full"),
            ExitCodes::Full
        );
        assert_eq!(codes("mco ping -- legacy"), ExitCodes::Full);
        assert_eq!(codes("mco ping --exit-codes"), ExitCodes::Full);
    }

    #[test]
    fn names_may_have_underscores_and_values_keep_theirs() {
        assert_eq!(
            prepared(
                &["x", "rpc", "--with_fact=a_b=c_d", "--", "--a_b"],
                None,
                ""
            ),
            ["mcollective", "rpc", "--with-fact=a_b=c_d", "--", "--a_b"]
        );
    }

    #[test]
    fn splits_as_a_shell_does() {
        assert_eq!(
            split(r#"a "b c" 'd "e' f\ g "" "\x\"""#).unwrap(),
            ["a", "b c", "d \"e", "f g", "", "\\x\""]
        );
        assert!(split("'a").is_err() && split("a\\").is_err());
    }
}
