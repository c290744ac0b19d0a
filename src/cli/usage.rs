//! What is wrong with a command line, in the words that the original had for it, and what would be
//! right.

use std::fmt::Display;

use clap::{
    Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{
    CommandError,
    walk::{Found, Place, long_names, long_option},
};
use crate::mcorpc::similar;

/// Explains an error of clap's. `place` is where the words had led.
pub(super) fn explain(error: &clap::Error, place: &Place<'_>) -> CommandError {
    let text = |kind| context(error, kind);
    let argument = text(ContextKind::InvalidArg);
    let name = argument.split([' ', '=', '[']).next().unwrap_or_default();
    let value = text(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let wanted = text(ContextKind::InvalidSubcommand);
            unknown_command(place, &wanted)
        }
        ErrorKind::UnknownArgument if name.starts_with('-') && !place.ended => {
            unknown_option(place, name)
        }
        ErrorKind::UnknownArgument => superfluous(place, &argument),
        ErrorKind::InvalidValue if value.is_empty() => {
            CommandError::usage(format!("missing argument: {name}")).hint(format!(
                "`{}` takes a value",
                argument.replace(" <", " ").replace('>', "")
            ))
        }
        ErrorKind::InvalidValue => {
            let valid = values(error);
            let error = CommandError::usage(format!(
                "invalid argument: {name} {value}: it has to be one of {}",
                valid.join(", ")
            ));
            match similar::closest(&value, &valid) {
                Some(close) => error.hint(did_you_mean(close)),
                None => error,
            }
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            CommandError::usage(format!("invalid argument: {name} {value}{why}"))
        }
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues if !value.is_empty() => {
            CommandError::usage(format!("needless argument: {name}={value}"))
                .hint(format!("`{name}` takes no value"))
        }
        ErrorKind::ArgumentConflict => {
            let prior = text(ContextKind::PriorArg);
            CommandError::usage(format!("{argument} can't be used together with {prior}"))
                .hint("leave out one of them")
        }
        ErrorKind::MissingRequiredArgument => {
            CommandError::usage(format!("{argument} is missing")).hint(see_help(place))
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            let line = line.strip_prefix("error: ").unwrap_or(line);
            CommandError::usage(line).hint(see_help(place))
        }
    }
}

fn unknown_command(place: &Place<'_>, wanted: &str) -> CommandError {
    let names: Vec<&str> = visible(place.command).map(Command::get_name).collect();
    let (what, list) = match place.path.as_slice() {
        [] => (
            "there is no role".into(),
            "`mcollective --help` lists them".into(),
        ),
        ["mco"] => (
            "there is no application".into(),
            "`mco help` lists them".into(),
        ),
        path => (
            format!("`{}` has no command", path.join(" ")),
            see_help(place),
        ),
    };
    let error = CommandError::usage(format!("{what} {wanted:?}"));
    match similar::closest(wanted, &names) {
        Some(close) => error.hint(did_you_mean(close)),
        None if place.path.is_empty() && is_application(place.command, wanted) => {
            error.hint(did_you_mean(format!("mcollective mco {wanted}")))
        }
        None => error.hint(list),
    }
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
}

fn is_application(program: &Command, name: &str) -> bool {
    let mco = program.find_subcommand("mco");
    mco.is_some_and(|mco| mco.find_subcommand(name).is_some())
}

fn unknown_option(place: &Place<'_>, name: &str) -> CommandError {
    let long = name.strip_prefix("--").unwrap_or_default();
    if !long.is_empty()
        && let Found::Several(names) = long_option(place.command, long)
    {
        let mut names: Vec<String> = names.iter().map(|name| format!("`--{name}`")).collect();
        names.sort();
        return CommandError::usage(format!("ambiguous option: {name}"))
            .hint(format!("it may be {}", names.join(", ")));
    }
    let error = CommandError::usage(format!("invalid option: {name}"));
    let options = place
        .command
        .get_arguments()
        .filter(|option| !option.is_hide_set());
    let longs: Vec<&str> = options.flat_map(long_names).collect();
    match similar::closest(long, &longs) {
        Some(close) => error.hint(did_you_mean(format!("--{close}"))),
        None => error.hint(see_help(place)),
    }
}

/// A word that no place is left for.
fn superfluous(place: &Place<'_>, word: &str) -> CommandError {
    let error = CommandError::usage(format!("{word:?} is one word too many"));
    match place.path.as_slice() {
        ["mco", "ping" | "find" | "facts" | "inventory"] if !word.starts_with('-') => {
            error.hint(format!("to name a node say `-I {word}`"))
        }
        _ => error.hint(see_help(place)),
    }
}

fn see_help(place: &Place<'_>) -> String {
    match place.path.as_slice() {
        [] => "see `mcollective --help`".to_owned(),
        ["mco"] => "see `mco --help`".to_owned(),
        ["mco", application, ..] => format!("see `mco help {application}`"),
        [role, ..] => format!("see `mcollective {role} --help`"),
    }
}

fn did_you_mean(what: impl Display) -> String {
    format!("did you mean `{what}`?")
}

/// What clap knows of one side of an error, as text.
fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

fn values(error: &clap::Error) -> Vec<String> {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
