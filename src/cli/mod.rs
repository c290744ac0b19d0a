//! What a person types and sees: the tree of options, one file per role and per application of
//! `mco`, and all printing.

mod agent;
mod broker;
mod daemon;
mod enable;
mod error;
pub mod generate;
mod mco;
mod pe_conf;
pub mod render;
mod split;
pub mod tree;
mod usage;
mod voice;
mod walk;
mod words;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory as _, FromArgMatches as _, error::ErrorKind};

pub use error::{CommandError, Exit};
use tree::{ExitCodes, Mco, Program, Role};

/// Runs the program with these words, of which the first is its own name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let link = arguments
        .first()
        .map(OsString::as_os_str)
        .and_then(invoked_as);
    let extra = std::env::var("MCOLLECTIVE_EXTRA_OPTS").unwrap_or_default();
    let codes = words::exit_codes(&arguments, &extra);
    let mut tree = command();
    tree.build();
    match words::prepare(arguments, link.as_deref(), &extra, &tree) {
        Ok(words) => run(&words, link.is_some(), &tree, codes),
        Err(message) => report(&CommandError::usage(message), codes),
    }
}

/// The process can't even begin.
pub fn cannot_start(error: &dyn std::error::Error) -> ExitCode {
    report(
        &CommandError::new(Exit::Software, error.to_string()),
        ExitCodes::Full,
    )
}

/// The client's name where the program was called through a link: `mco`, or `mc-APPLICATION`.
fn invoked_as(program: &OsStr) -> Option<String> {
    let name = Path::new(program).file_name()?.to_str()?;
    (name == "mco" || name.starts_with("mc-")).then(|| name.to_owned())
}

fn run(words: &[OsString], linked: bool, tree: &clap::Command, codes: ExitCodes) -> ExitCode {
    let role = match parse(words, linked) {
        Ok(role) => role,
        Err(error) => return explain(&error, words, tree, codes),
    };
    let ended = match role {
        Role::Broker(args) => broker::run(&args),
        Role::Agent(args) => agent::run(&args),
        Role::Mco(args) => mco::run(*args),
        Role::Enable(args) => enable::run(&args),
        Role::Generate { dir } => generate::write(&dir),
        Role::Probe => agent::probe(),
    };
    match ended {
        Ok(exit) => exit_code(exit, codes),
        Err(error) => report(&error, codes),
    }
}

/// Parses them. Help for `mco` shows it as it was called.
fn parse(words: &[OsString], linked: bool) -> Result<Role, clap::Error> {
    let colour = match words::value_of("color", words) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    };
    if words.get(1).is_none_or(|role| role != "mco") {
        let tree = Program::command().color(colour);
        let mut matches = tree.try_get_matches_from(words)?;
        return Ok(Program::from_arg_matches_mut(&mut matches)?.role);
    }
    let name = if linked { "mco" } else { "mcollective mco" };
    let tree = Mco::command().bin_name(name).color(colour);
    let mut matches = tree.try_get_matches_from(words.iter().skip(1))?;
    let mco = Mco::from_arg_matches_mut(&mut matches)?;
    Ok(Role::Mco(Box::new(mco)))
}

/// What clap has to say: help and versions are answers, everything else is a wrong command line.
fn explain(
    error: &clap::Error,
    words: &[OsString],
    tree: &clap::Command,
    codes: ExitCodes,
) -> ExitCode {
    let mco = words.get(1).is_some_and(|role| role == "mco");
    match error.kind() {
        ErrorKind::DisplayHelp => {
            // Standard output may be closed; there is nobody to tell then.
            drop(error.print());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayVersion => {
            let name = if mco { "mco" } else { "mcollective" };
            voice::say(format_args!("{name} {}", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print());
            exit_code(Exit::Usage, codes)
        }
        _ => {
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            report(&usage::explain(error, &walk::walk(tree, &words)), codes)
        }
    }
}

fn report(error: &CommandError, codes: ExitCodes) -> ExitCode {
    if !error.message.is_empty() {
        voice::complain(format_args!("error: {error}"));
    }
    exit_code(error.exit, codes)
}

fn exit_code(exit: Exit, codes: ExitCodes) -> ExitCode {
    ExitCode::from(match codes {
        ExitCodes::Full => exit.code(),
        ExitCodes::Legacy => exit.legacy_code(),
    })
}

/// The whole tree, for help, completions and man pages.
pub fn command() -> clap::Command {
    Program::command()
}

/// The tree of `mco` alone.
pub fn mco_command() -> clap::Command {
    Mco::command()
}
