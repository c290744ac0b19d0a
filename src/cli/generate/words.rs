//! What the library's completions lack: agents, actions, inputs and their values, which the program
//! itself tells (`mco completion --words`).

use clap_complete::Shell;

/// Applications with words of their own.
const APPLICATIONS: [&str; 3] = ["help", "plugin", "rpc"];

/// Options whose values are such words, and the one application that they count in, if it is one.
const OPTIONS: [(&str, Option<&str>); 5] = [
    ("action", Some("rpc")),
    ("agent", Some("rpc")),
    ("arg", Some("rpc")),
    ("format", Some("plugin")),
    ("with-agent", None),
];

/// The script of a program, with the words.
pub(super) fn extend(shell: Shell, program: &str, script: &str) -> String {
    // The client is a role of the whole program, and a program of its own.
    let inside = program != "mco";
    match shell {
        Shell::Bash => {
            let arguments = if inside {
                "[[ ${words[1]} == mco ]] || return 1\n    words=(mco completion --words -- \"${words[@]:2}\")"
            } else {
                "words=(completion --words -- \"${words[@]:1}\")"
            };
            format!(
                "{script}{}",
                fill(include_str!("words.bash"), program, arguments)
            )
        }
        Shell::Fish => {
            let arguments = if inside {
                "test \"$words[1]\" = mco; or return\n    set words mco completion --words -- $words[2..]"
            } else {
                "set words completion --words -- $words"
            };
            let function = fill(include_str!("words.fish"), program, arguments);
            let lines = script.lines().map(|line| fish_option(line, program));
            let options: String = lines.map(|line| line + "\n").collect();
            let words = APPLICATIONS.map(|application| {
                let inside = if inside {
                    format!("mco; and __fish_seen_subcommand_from {application}")
                } else {
                    application.to_owned()
                };
                format!(
                    "complete -c {program} -n \"__fish_{program}_using_subcommand {inside}\" -f -a \
                     \"(__fish_{program}_words)\"\n"
                )
            });
            let words = words.concat();
            format!("{options}{function}{words}")
        }
        Shell::Zsh => {
            let arguments = if inside {
                "mco completion --words --"
            } else {
                "completion --words --"
            };
            let function = fill(include_str!("words.zsh"), program, arguments);
            let begins = format!("\n_{program}() {{\n");
            let called = format!("{begins}    local {program}_called=$words[1]\n");
            let last = format!("if [ \"$funcstack[1]\" = \"_{program}\" ]; then\n");
            let script = zsh_words(script, program).replacen(&begins, &called, 1);
            script.replacen(&last, &format!("{function}{last}"), 1)
        }
        _ => script.to_owned(),
    }
}

fn fill(template: &str, program: &str, arguments: &str) -> String {
    template
        .replace("PROGRAM", program)
        .replace("ARGUMENTS", arguments)
}

/// An option's line, with its values.
fn fish_option(line: &str, program: &str) -> String {
    let is_known = OPTIONS.iter().any(|(option, application)| {
        line.ends_with(" -r")
            && line.contains(&format!(" -l {option} "))
            && application.is_none_or(|application| line.contains(&format!(" {application}\"")))
    });
    if is_known {
        format!("{line} -f -a \"(__fish_{program}_words)\"")
    } else {
        line.to_owned()
    }
}

/// The script with its last resort replaced where there are words. Which application a line is of
/// stands above it, `(rpc)`.
fn zsh_words(script: &str, program: &str) -> String {
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
        let option = OPTIONS.iter().any(|(option, only)| {
            only.is_none_or(|only| only == application)
                && (line.starts_with(&format!("'--{option}="))
                    || line.starts_with(&format!("'*--{option}="))
                    || (*option == "agent" && line.starts_with("'-a+"))
                    || (*option == "with-agent" && line.starts_with("'*-A+")))
        });
        let default = line
            .strip_suffix(":_default' \\")
            .filter(|_| positional || option);
        if let Some(line) = default {
            // With two colons the words before these would be hidden.
            out.push_str(&line.replacen("'*::", "'*:", 1));
            out.extend([":_", program, "_words' \\\n"]);
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
        for program in ["mco", "mcollective"] {
            let fish = script(&format!("completions/{program}.fish"));
            let asks = format!("-f -a \"(__fish_{program}_words)\"");
            assert_eq!(
                fish.matches(&asks).count(),
                fish.matches(" -l with-agent ").count() + 4 + APPLICATIONS.len(),
                "{program}"
            );
            let zsh = script(&format!("completions/_{program}"));
            let asks = format!(":_{program}_words' \\");
            assert_eq!(
                zsh.matches(&asks).count(),
                // Each option, short and long.
                2 * fish.matches(" -l with-agent ").count() + 5 + APPLICATIONS.len(),
                "{program}"
            );
            assert!(zsh.contains(&format!("local {program}_called=$words[1]")));
            let bash = script(&format!("completions/{program}.bash"));
            assert!(bash.contains(&format!("complete -F _{program}_or_words ")));
        }
    }
}
