//! Completions and man pages, made from the tree of options. They are committed, and
//! `tests/it/generated.rs` compares them with what this makes.

mod man;
mod words;

use std::path::Path;

use clap::{ArgGroup, Command, Id};
use clap_complete::Shell;

use super::{CommandError, Exit, command, mco_command, voice::say};
use crate::sys;

/// Every file by its name below the repository's top level.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        for tree in [without_mco(command()), mco_command()] {
            let mut tree = without_hidden(&tree);
            let name = tree.get_name().to_owned();
            let mut bytes = Vec::new();
            clap_complete::generate(shell, &mut tree, name.clone(), &mut bytes);
            let file = match shell {
                Shell::Zsh => format!("completions/_{name}"),
                Shell::Fish => format!("completions/{name}.fish"),
                _ => format!("completions/{name}.bash"),
            };
            let script = words::extend(shell, &name, &String::from_utf8_lossy(&bytes));
            files.push((file, script.into_bytes()));
        }
    }
    let program = command();
    files.push(man::page(&program, "mcollective", "8"));
    for role in shown(&program).filter(|role| role.get_name() != "mco") {
        let name = format!("mcollective-{}", role.get_name());
        files.push(man::page(role, &name, "8"));
        for part in shown(role) {
            files.push(man::page(part, &format!("{name}-{}", part.get_name()), "8"));
        }
    }
    let mco = mco_command();
    files.push(man::page(&mco, "mco", "1"));
    for application in mco.get_subcommands() {
        files.push(man::page(
            application,
            &format!("mco-{}", application.get_name()),
            "1",
        ));
    }
    files
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|part| !part.is_hide_set())
}

/// What follows `mcollective mco` is left to the script of `mco`.
fn without_mco(tree: Command) -> Command {
    tree.mut_subcommand("mco", |mco| {
        let about = mco.get_about().cloned().unwrap_or_default();
        Command::new("mco").about(about).disable_help_flag(true)
    })
}

/// The tree without what help does not show, which the library would complete.
fn without_hidden(tree: &Command) -> Command {
    let mut copy = Command::new(tree.get_name().to_owned())
        .propagate_version(tree.is_propagate_version_set())
        .disable_help_flag(tree.is_disable_help_flag_set())
        // An option of this name of its own stands in the place of the flag.
        .disable_version_flag(
            tree.get_arguments()
                .any(|arg| arg.get_long() == Some("version")),
        )
        .disable_help_subcommand(tree.is_disable_help_subcommand_set())
        .visible_aliases(tree.get_visible_aliases().map(str::to_owned))
        .args(tree.get_arguments().filter(|arg| !arg.is_hide_set()))
        .groups(tree.get_groups().map(|group| {
            let is_shown = |id: &&Id| {
                let known = tree.get_arguments().find(|arg| arg.get_id() == *id);
                known.is_none_or(|arg| !arg.is_hide_set())
            };
            ArgGroup::new(group.get_id().clone()).args(group.get_args().filter(is_shown))
        }))
        .subcommands(shown(tree).map(without_hidden));
    if let Some(about) = tree.get_about() {
        copy = copy.about(about.clone());
    }
    if let Some(version) = tree.get_version() {
        copy = copy.version(version.to_owned());
    }
    copy
}

/// Writes them below a directory.
pub(super) fn write(dir: &Path) -> Result<Exit, CommandError> {
    for (name, bytes) in files() {
        let path = dir.join(&name);
        let failed = |error: &dyn std::fmt::Display| {
            CommandError::new(Exit::Software, format!("{}: {error}", path.display()))
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| failed(&error))?;
        }
        sys::file::write_atomic(&path, &bytes, sys::file::Mode::Exactly(0o644))
            .map_err(|error| failed(&error))?;
        say(format_args!("{name}"));
    }
    Ok(Exit::Ok)
}
