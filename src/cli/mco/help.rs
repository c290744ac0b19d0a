//! `mco help`, and what `mco` alone says. Both need no configuration.

use crate::{
    cli::{
        CommandError, Exit, mco_command,
        render::{Colour, Out, columns},
    },
    mcorpc::similar,
};

/// `mco` without an application.
pub(super) fn usage() -> Result<Exit, CommandError> {
    let mut out = Out::new(Colour::Never, false);
    out.line(format!(
        "The Marionette Collective version {}\n\nusage: mco command <options>\n\nKnown commands:\n",
        env!("CARGO_PKG_VERSION")
    ))?;
    let names: Vec<String> = applications().into_iter().map(|(name, _)| name).collect();
    for line in columns::fixed(&names, 3, 20, "   ") {
        out.line(line)?;
    }
    out.line(
        "\nType 'mco help' for a detailed list of commands and 'mco help command'\nto get detailed help for a command\n",
    )?;
    out.flush()?;
    Ok(Exit::Ok)
}

/// `mco help [APPLICATION]`.
pub(super) fn run(application: Option<&str>) -> Result<Exit, CommandError> {
    let mut out = Out::new(Colour::Auto, true);
    let Some(name) = application else {
        out.line(format!(
            "The Marionette Collective version {}\n",
            env!("CARGO_PKG_VERSION")
        ))?;
        for (name, about) in applications() {
            out.line(format!("  {name:<15} {about}"))?;
        }
        out.line("")?;
        out.flush()?;
        return Ok(Exit::Ok);
    };
    let mut tree = mco_command();
    tree.build();
    let Some(command) = tree.find_subcommand_mut(name) else {
        let names: Vec<String> = applications().into_iter().map(|(name, _)| name).collect();
        let error = CommandError::usage(format!("there is no application {name:?}"));
        return Err(match similar::closest(name, &names) {
            Some(close) => error.hint(format!("did you mean `{close}`?")),
            None => error.hint("`mco help` lists them"),
        });
    };
    let help = command.render_long_help();
    out.line(if out.is_terminal() {
        help.ansi().to_string()
    } else {
        help.to_string()
    })?;
    out.flush()?;
    Ok(Exit::Ok)
}

/// Names and first lines of the applications, sorted.
pub(super) fn applications() -> Vec<(String, String)> {
    let mut applications: Vec<(String, String)> = mco_command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| {
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            (command.get_name().to_owned(), about)
        })
        .collect();
    applications.sort();
    applications
}
