//! What the library's completions lack: agents, actions, inputs and their values, nodes, facts and
//! classes, which the program itself tells (`mco completion --words`), and the way from
//! `mcollective mco` to the script of `mco`.

use clap_complete::Shell;

/// Applications with words of their own.
const APPLICATIONS: [&str; 9] = [
    "facts",
    "help",
    "inventory",
    "package",
    "plugin",
    "policy",
    "puppet",
    "rpc",
    "service",
];

/// Options whose values are such words: long, short, and the one application that they count in, if
/// it is one.
const OPTIONS: [(&str, Option<char>, Option<&str>); 15] = [
    ("action", None, Some("rpc")),
    ("agent", Some('a'), Some("rpc")),
    ("arg", None, Some("rpc")),
    ("disc-method", None, None),
    ("dm", None, None),
    ("format", None, Some("plugin")),
    ("with", Some('W'), None),
    ("with-agent", Some('A'), None),
    ("wa", None, None),
    ("with-class", Some('C'), None),
    ("wc", None, None),
    ("with-fact", Some('F'), None),
    ("wf", None, None),
    ("with-identity", Some('I'), None),
    ("wi", None, None),
];

/// The script of a program, with the words.
pub(super) fn extend(shell: Shell, program: &str, script: &str) -> String {
    // The client is a role of the whole program, and a program of its own.
    match (shell, program) {
        (Shell::Bash, "mco") => format!("{script}{}", include_str!("words.bash")),
        (Shell::Bash, _) => format!("{script}{}", include_str!("through.bash")),
        (Shell::Fish, "mco") => fish_mco(script),
        (Shell::Fish, _) => format!("{script}{}", include_str!("through.fish")),
        (Shell::Zsh, "mco") => zsh_mco(script),
        (Shell::Zsh, _) => zsh_through(script),
        _ => script.to_owned(),
    }
}

fn fish_mco(script: &str) -> String {
    let options: String = script
        .lines()
        .map(|line| fish_option(line) + "\n")
        .collect();
    let words = APPLICATIONS.map(|application| {
        format!(
            "complete -c mco -n \"__fish_mco_using_subcommand {application}\" -f -a \
             \"(__fish_mco_words)\"\n"
        )
    });
    format!("{options}{}{}", include_str!("words.fish"), words.concat())
}

/// An option's line, with its values.
fn fish_option(line: &str) -> String {
    let is_known = OPTIONS.iter().any(|(option, _, application)| {
        line.ends_with(" -r")
            && line.contains(&format!(" -l {option} "))
            && application.is_none_or(|application| line.contains(&format!(" {application}\"")))
    });
    if is_known {
        format!("{line} -f -a \"(__fish_mco_words)\"")
    } else {
        line.to_owned()
    }
}

/// In a script for zsh: where the function of a program begins.
fn zsh_begins(program: &str) -> String {
    format!("\n_{program}() {{\n")
}

fn zsh_mco(script: &str) -> String {
    let begins = zsh_begins("mco");
    let called =
        format!("{begins}    local -a mco_called; mco_called=(${{mco_through:-$words[1]}})\n");
    let last = "if [ \"$funcstack[1]\" = \"_mco\" ]; then\n";
    let script = zsh_words(script).replacen(&begins, &called, 1);
    script.replacen(last, &format!("{}{last}", include_str!("words.zsh")), 1)
}

/// The script with what it says of `mcollective mco` replaced by the function of `mco`.
fn zsh_through(script: &str) -> String {
    let begins = zsh_begins("mcollective");
    let called = format!("{begins}    local mcollective_called=$words[1]\n");
    let script = script.replacen(&begins, &called, 1);
    let end = "&& ret=0\n";
    let parts = script.split_once("\n(mco)\n").and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some((before, after))
    });
    match parts {
        Some((before, after)) => format!(
            "{before}\n(mco)\nlocal -a mco_through; mco_through=($mcollective_called mco)\n\
             _mco {end}{after}"
        ),
        None => script,
    }
}

/// The script with its last resort replaced where there are words. Which application a line is of
/// stands above it, `(rpc)`.
fn zsh_words(script: &str) -> String {
    let mut application = "";
    let mut out = String::new();
    for line in script.lines() {
        if let Some(name) = line
            .trim()
            .strip_prefix('(')
            .and_then(|line| line.strip_suffix(')'))
        {
            application = name;
        }
        let positional = APPLICATIONS.contains(&application)
            && (line.starts_with("'*::") || line.starts_with("'::"));
        let text = line.trim_start_matches('\'').trim_start_matches('*');
        let option = OPTIONS.iter().any(|(option, short, only)| {
            only.is_none_or(|only| only == application)
                && (text.starts_with(&format!("--{option}="))
                    || short.is_some_and(|short| text.starts_with(&format!("-{short}+"))))
        });
        let default = line
            .strip_suffix(":_default' \\")
            .filter(|_| positional || option);
        if let Some(line) = default {
            // With two colons the words before these would be hidden.
            out.push_str(&line.replacen("'*::", "'*:", 1));
            out.push_str(":_mco_words' \\\n");
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::generate::files;

    #[test]
    fn every_shell_asks_where_there_is_something_to_tell() {
        let files = files();
        let script = |name: &str| {
            let found = files.iter().find(|(file, _)| file == name);
            String::from_utf8(found.unwrap().1.clone()).unwrap()
        };
        let fish = script("completions/mco.fish");
        // Six options of every application, five of them by a second name, which fish has on the same
        // line, and five by a short one.
        let everywhere = fish.matches(" -l with-agent ").count();
        let asks = "-f -a \"(__fish_mco_words)\"";
        assert_eq!(
            fish.matches(asks).count(),
            6 * everywhere + 4 + APPLICATIONS.len(),
        );
        let zsh = script("completions/_mco");
        assert_eq!(
            zsh.matches(":_mco_words' \\").count(),
            (6 + 5 + 5) * everywhere + 5 + APPLICATIONS.len(),
        );
        let bash = script("completions/mco.bash");
        assert!(bash.contains("complete -F _mco_or_words "));
    }

    #[test]
    fn the_tree_of_mco_is_there_once() {
        for (name, bytes) in files() {
            let text = String::from_utf8(bytes).unwrap();
            if !name.starts_with("completions/") || !name.contains("mcollective") {
                continue;
            }
            assert!(
                text.contains("_as_mco") || text.contains("_mco && ret=0"),
                "{name}"
            );
            assert!(text.contains("check-config"), "{name}");
            assert!(!text.contains("with-agent"), "{name}");
        }
    }
}
