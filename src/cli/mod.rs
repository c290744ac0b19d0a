//! What a person types and sees: the tree of options, one file per role and per application of
//! `mco`, and all printing.

mod agent;
mod broker;
mod daemon;
mod enable;
mod error;
pub mod generate;
mod mco;
pub mod render;
pub mod tree;
mod voice;
mod words;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

pub use error::{CommandError, Exit};
use tree::{ExitCodes, Mco, Program, Role};

/// Runs the program with these words, of which the first is its own name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let name = arguments
        .first()
        .map(OsString::as_os_str)
        .and_then(invoked_as);
    let extra = std::env::var("MCOLLECTIVE_EXTRA_OPTS").unwrap_or_default();
    let codes = words::exit_codes(&arguments);
    match words::prepare(arguments, name.as_deref(), &extra) {
        Ok(words) => run(words),
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

fn run(words: Vec<OsString>) -> ExitCode {
    let codes = words::exit_codes(&words);
    let role = match Program::try_parse_from(words) {
        Ok(program) => program.role,
        Err(error) => return explain(&error, codes),
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

/// What clap has to say: help and versions are answers, everything else is a wrong command line.
fn explain(error: &clap::Error, codes: ExitCodes) -> ExitCode {
    let answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    // Standard output may be closed; there is nobody to tell then.
    drop(error.print());
    if answer && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        ExitCode::SUCCESS
    } else {
        exit_code(Exit::Usage, codes)
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
