//! Manual pages: what clap knows of a command, and the paragraphs under its help as sections.

use clap::{Arg, Command};

/// The date on the pages: that of the last change of the command line.
const DATE: &str = "2026-11-29";

/// What `mco(1)` says for all applications, in short.
const COMMON: &str = r#".SH "EXIT STATUS"
0 where every node that was addressed answered ok, 1 where no node matched, 2 where some node failed
or did not answer, 3 or 4 where none answered, 64 and more where the command could not be carried out.
.SH "ENVIRONMENT AND FILES"
Variables and configuration files of all applications are listed in
.BR mco (1).
"#;

/// One page, by its name below the repository's top level.
pub(super) fn page(command: &Command, name: &str, section: &str) -> (String, Vec<u8>) {
    let command = command
        .clone()
        .name(name.to_owned())
        .bin_name(name.replace('-', " "))
        .mut_args(with_other_names);
    let after = command
        .get_after_long_help()
        .or(command.get_after_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    let subcommands = command
        .get_subcommands()
        .any(|command| !command.is_hide_set());
    let page = clap_mangen::Man::new(command)
        .title(name.to_uppercase())
        .section(section)
        .source("MCollective")
        .date(DATE);
    let mut bytes = Vec::new();
    // Writing to memory can't fail.
    drop(page.render_title(&mut bytes));
    drop(page.render_name_section(&mut bytes));
    drop(page.render_synopsis_section(&mut bytes));
    drop(page.render_description_section(&mut bytes));
    drop(page.render_options_section(&mut bytes));
    if subcommands {
        drop(page.render_subcommands_section(&mut bytes));
    }
    let text = String::from_utf8_lossy(&bytes);
    // A break on either side of a blank line is what formatters complain of.
    let mut text = text.replace("\n.br\n\n.br\n", "\n.sp\n");
    for (title, lines) in paragraphs(&after) {
        text.push_str(&section_of(&title, &lines));
    }
    if name.starts_with("mco-") {
        text.push_str(COMMON);
    }
    text.push_str(&see_also(name));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = lines.join("\n") + "\n";
    (format!("man/{name}.{section}"), text.into_bytes())
}

/// The other names of an option have a place in its text.
fn with_other_names(option: Arg) -> Arg {
    let aliases = option.get_visible_aliases().unwrap_or_default();
    if option.is_positional() || aliases.is_empty() {
        return option;
    }
    let names: Vec<String> = aliases.iter().map(|name| format!("--{name}")).collect();
    let help = option
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    option.help(format!("{help} (also {})", names.join(", ")))
}

/// A text of paragraphs that begin with `Title:` on a line of its own.
fn paragraphs(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let title = line
            .strip_suffix(':')
            .filter(|title| title.starts_with(|c: char| c.is_uppercase()));
        match (title, found.last_mut()) {
            (Some(title), _) => found.push((title.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.to_owned()),
            (None, None) => found.push(("Notes".to_owned(), vec![line.to_owned()])),
        }
    }
    for (_, lines) in &mut found {
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
    }
    found
}

/// Lines as they stand.
fn section_of(title: &str, lines: &[String]) -> String {
    let mut text = format!(".SH {}\n.nf\n", quoted(&title.to_uppercase()));
    for line in lines {
        let line = line
            .replace('\\', "\\e")
            .replace('-', "\\-")
            .replace('\'', "\\(aq");
        if line.starts_with('.') {
            text.push_str("\\&");
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str(".fi\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\(dq"))
}

/// The pages that this one belongs to.
fn see_also(name: &str) -> String {
    let pages: &[(&str, &str)] = match name {
        "mcollective" => &[("mco", "1")],
        "mco" => &[("mcollective", "8")],
        _ if name.starts_with("mco-") => &[("mco", "1")],
        _ if name.starts_with("mcollective-enable-") => &[("mcollective-enable", "8")],
        _ => &[("mcollective", "8"), ("mco", "1")],
    };
    let pages: Vec<String> = pages
        .iter()
        .map(|(page, section)| format!(".BR {page} ({section})"))
        .collect();
    format!(".SH \"SEE ALSO\"\n{}\n", pages.join(" ,\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_sections() {
        let text = "Exit codes:\n  0  fine\n\nExamples:\n  .hidden 'x' \\n -v\n";
        let found = paragraphs(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            section_of(&found[0].0, &found[0].1),
            ".SH \"EXIT CODES\"\n.nf\n  0  fine\n.fi\n"
        );
        assert_eq!(
            section_of("x", &[".a 'x' \\n -v".to_owned()]),
            ".SH \"X\"\n.nf\n\\&.a \\(aqx\\(aq \\en \\-v\n.fi\n"
        );
    }
}
