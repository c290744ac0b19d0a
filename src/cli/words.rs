//! The words of a command line before they are parsed: the link's name, `MCOLLECTIVE_EXTRA_OPTS`,
//! and the names of options, which may be shortened and may have `_` for `-`.

use std::ffi::OsString;

use clap::Command;

use super::{
    split::split,
    tree::ExitCodes,
    walk::{Found, Place, long_option, walk},
};

/// Applications that take none of the common options, so that extra ones would be errors there.
const WITHOUT_OPTIONS: [&str; 3] = ["help", "completion", "plugin"];

/// Options that the original did not have. They must not make a short form of one of its options
/// ambiguous.
const OURS: [&str; 15] = [
    "ask",
    "color",
    "colour",
    "dry-run",
    "exit-codes",
    "fields",
    "max-fail",
    "output",
    "template",
    "untouched",
    "version",
    "batch-sleep-time",
    "publish-timeout",
    "strict",
    "wait",
];

/// Makes the words that `mcollective` would have been called with. `tree` is the whole tree of
/// options, built.
pub(super) fn prepare(
    arguments: Vec<OsString>,
    link: Option<&str>,
    extra: &str,
    tree: &Command,
) -> Result<Vec<OsString>, String> {
    let mut words = vec![OsString::from("mcollective")];
    if let Some(link) = link {
        words.push("mco".into());
        if let Some(application) = link.strip_prefix("mc-") {
            words.push(application.into());
        }
    }
    words.extend(arguments.into_iter().skip(1));
    if !extra.trim().is_empty()
        && let Some((at, application)) = application(&words, tree)
    {
        let mut extra = split(extra).ok_or("MCOLLECTIVE_EXTRA_OPTS ends within a quote")?;
        if WITHOUT_OPTIONS.contains(&application) {
            extra = general_only(extra, tree);
        }
        let after = at + 1;
        words.splice(after..after, extra.into_iter().map(OsString::from));
    }
    spell_out(&mut words, tree);
    Ok(words)
}

/// Where the application's name stands, and which it is.
fn application<'a>(words: &[OsString], tree: &'a Command) -> Option<(usize, &'a str)> {
    let mut place = walk(tree, &["mcollective"]);
    for (at, word) in words.iter().enumerate().skip(1) {
        place.step(&word.to_string_lossy());
        match place.path.as_slice() {
            ["mco", application] => return Some((at, application)),
            ["mco"] | [] if place.words.is_empty() => {}
            _ => return None,
        }
    }
    None
}

/// Those of the extra options that every application takes.
fn general_only(extra: Vec<String>, tree: &Command) -> Vec<String> {
    let mut place = walk(tree, &["mcollective", "mco"]);
    let mut kept = Vec::new();
    for word in extra {
        let value = place.wanting.is_some();
        let option = !place.ended && word.len() > 1 && word.starts_with('-');
        let given = place.given.len();
        place.step(&word);
        let known = place.wanting.is_some() || place.given.len() > given || place.took_flag;
        if value || (option && known) {
            kept.push(word);
        }
    }
    kept
}

/// Writes every option with its whole name. What can't be told stays as it is, to be complained of.
fn spell_out(words: &mut [OsString], tree: &Command) {
    let mut place = walk(tree, &["mcollective"]);
    for word in words.iter_mut().skip(1) {
        if let Some(text) = word.to_str()
            && let Some(whole) = whole_option(&place, text)
        {
            *word = whole.into();
        }
        place.step(&word.to_string_lossy());
    }
}

fn whole_option(place: &Place<'_>, word: &str) -> Option<String> {
    if place.ended || place.wanting.is_some() {
        return None;
    }
    let option = word.strip_prefix("--").filter(|name| !name.is_empty())?;
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    let whole = match long_option(place.command, name) {
        Found::One(option) => option.get_long()?.to_owned(),
        Found::Several(names) => {
            let mut theirs = names.iter().filter(|name| !OURS.contains(name));
            let only = theirs.next().filter(|_| theirs.next().is_none());
            only.map_or_else(|| name.replace('_', "-"), |name| (*name).to_owned())
        }
        Found::None => name.replace('_', "-"),
    };
    Some(match value {
        Some(value) => format!("--{whole}={value}"),
        None => format!("--{whole}"),
    })
}

/// Which exit codes are wanted, for a command line that may be too wrong to be parsed; `extra` are
/// the options of the environment.
pub(super) fn exit_codes(words: &[OsString], extra: &str) -> ExitCodes {
    let extra: Vec<OsString> = split(extra)
        .unwrap_or_default()
        .into_iter()
        .map(OsString::from)
        .collect();
    match value_of("exit-codes", words).or_else(|| value_of("exit-codes", &extra)) {
        Some("legacy") => ExitCodes::Legacy,
        _ => ExitCodes::Full,
    }
}

/// The last value that an option was given anywhere on a command line.
pub(super) fn value_of<'a>(wanted: &str, words: &'a [OsString]) -> Option<&'a str> {
    let texts: Vec<&str> = words.iter().map_while(|word| word.to_str()).collect();
    let mut found = None;
    for (at, word) in texts.iter().enumerate() {
        let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) else {
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, texts.get(at + 1).copied()),
        };
        if wanted.starts_with(name) {
            found = value;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(arguments: &[&str], link: Option<&str>, extra: &str) -> Vec<String> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let mut tree = crate::cli::command();
        tree.build();
        let words = prepare(arguments, link, extra, &tree).unwrap();
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
            exit_codes(&words, "")
        };
        let extra = "-t 3 --exit-codes legacy";
        assert_eq!(exit_codes(&["mco".into()], extra), ExitCodes::Legacy);
        let typed = ["mco".into(), "--exit-codes=full".into()];
        assert_eq!(exit_codes(&typed, extra), ExitCodes::Full);
        assert_eq!(exit_codes(&[], "'--exit-codes legacy"), ExitCodes::Full);
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
    fn some_applications_take_only_general_extras() {
        assert_eq!(
            prepared(
                &["mco", "plugin", "doc"],
                Some("mco"),
                "-t 1 -c x --dt=3 -v -q --color never"
            ),
            [
                "mcollective",
                "mco",
                "plugin",
                "-c",
                "x",
                "-v",
                "--color",
                "never",
                "doc"
            ]
        );
    }

    #[test]
    fn names_may_have_underscores_and_values_keep_theirs() {
        assert_eq!(
            prepared(
                &[
                    "x",
                    "mco",
                    "rpc",
                    "--with_fact=a_b=c_d",
                    "--arg",
                    "--a_b",
                    "--",
                    "--a_b"
                ],
                None,
                ""
            ),
            [
                "mcollective",
                "mco",
                "rpc",
                "--with-fact=a_b=c_d",
                "--arg",
                "--a_b",
                "--",
                "--a_b"
            ]
        );
    }

    #[test]
    fn names_may_be_short_and_the_originals_stay_unique() {
        let spelt = |words: &[&str]| {
            let words: Vec<&str> = ["mco"].iter().chain(words).copied().collect();
            prepared(&words, Some("mco"), "")[2..].join(" ")
        };
        assert_eq!(spelt(&["ping", "--time", "3"]), "ping --timeout 3");
        assert_eq!(spelt(&["rpc", "--disc_m=mc"]), "rpc --disc-method=mc");
        assert_eq!(spelt(&["rpc", "--o"]), "rpc --one");
        assert_eq!(spelt(&["rpc", "--out", "json"]), "rpc --output json");
        assert_eq!(spelt(&["rpc", "--conf", "x"]), "rpc --config x");
        assert_eq!(
            spelt(&["inventory", "--col", "x"]),
            "inventory --collective-graph x"
        );
        assert_eq!(spelt(&["inventory", "--m", "x"]), "inventory --map x");
        assert_eq!(spelt(&["ping", "--np"]), "ping --no-progress");
        // Whose they are can't be told.
        assert_eq!(spelt(&["ping", "--disc", "x"]), "ping --disc x");
        assert_eq!(spelt(&["ping", "--nosuch_x=a_b"]), "ping --nosuch-x=a_b");
    }
}
