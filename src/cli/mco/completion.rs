//! `mco completion --list-*`: what the original's shell scripts ask, which operators have copied.

use super::help;
use crate::{
    cli::{
        CommandError, Exit,
        render::{Colour, Out},
        tree::CompletionArgs,
    },
    mcorpc::ddl::builtin,
};

/// Lists.
pub(super) fn run(args: &CompletionArgs, verbose: bool) -> Result<Exit, CommandError> {
    let mut rows = match (
        args.list_applications,
        args.list_agents,
        args.list_actions,
        args.list_inputs,
    ) {
        (true, false, false, false) => help::applications(),
        (false, true, false, false) => builtin::agents()
            .into_iter()
            .map(|ddl| (ddl.name().to_owned(), ddl.metadata.description.clone()))
            .collect(),
        (false, false, true, false) => actions(args)?,
        (false, false, false, true) => inputs(args)?,
        (false, false, false, false) => {
            return Err(CommandError::usage(
                "Please choose either --list-[agents|actions|inputs|applications]",
            ));
        }
        _ => {
            return Err(CommandError::usage(
                "Please choose only one of --list-[agents|actions|inputs|applications]",
            ));
        }
    };
    rows.sort();
    let mut out = Out::new(Colour::Never, false);
    for (name, description) in rows {
        out.line(if verbose {
            format!("{name}:{description}")
        } else {
            name
        })?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn actions(args: &CompletionArgs) -> Result<Vec<(String, String)>, CommandError> {
    let Some(agent) = &args.agent else {
        return Err(CommandError::usage(
            "Please specify an agent to list actions for",
        ));
    };
    Ok(builtin::agent(agent)
        .iter()
        .flat_map(|ddl| &ddl.actions)
        .map(|action| (action.name.clone(), action.description.clone()))
        .collect())
}

fn inputs(args: &CompletionArgs) -> Result<Vec<(String, String)>, CommandError> {
    let (Some(agent), Some(action)) = (&args.agent, &args.action) else {
        return Err(CommandError::usage(
            "Please specify an action and agent to list inputs for",
        ));
    };
    Ok(builtin::agent(agent)
        .iter()
        .filter_map(|ddl| ddl.find_action(action))
        .flat_map(|action| &action.inputs)
        .map(|input| (input.name.clone(), input.description.clone()))
        .collect())
}
