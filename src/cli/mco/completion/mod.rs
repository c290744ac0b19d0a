//! `mco completion --list-*`: what the original's shell scripts ask, which operators have copied, and
//! what ours ask beyond it. It talks to nobody, and what can't be read is not listed. Names of nodes,
//! facts and classes are those that earlier commands have seen.

mod words;

use super::{ddls::Ddls, help, known::Names};
use crate::{
    cli::{
        CommandError, Exit, mco_command,
        render::{Colour, Out, out::safe_line},
        tree::{CompletionArgs, General},
    },
    mcorpc::ddl::{Action, Ddl, Input, InputType, Kind},
};
use words::{Line, Sources};

/// A name, and what it is.
type Row = (String, String);

/// Lists.
pub(super) fn run(args: &CompletionArgs, general: &General) -> Result<Exit, CommandError> {
    if args.words {
        return complete(&args.line, general);
    }
    let ddls = || Ddls::find(general).unwrap_or_default();
    let lists = [
        args.list_applications,
        args.list_agents,
        args.list_actions,
        args.list_inputs,
        args.list_values,
        args.list_plugins,
    ];
    if lists.iter().filter(|list| **list).count() > 1 {
        return Err(CommandError::usage(
            "Please choose only one of --list-[agents|actions|inputs|applications]",
        ));
    }
    let mut rows = if args.list_applications {
        help::applications()
    } else if args.list_agents {
        agents(&ddls(), general.verbose)
    } else if args.list_plugins {
        plugins(&ddls(), general.verbose)
    } else if args.list_actions {
        let Some(agent) = &args.agent else {
            return Err(CommandError::usage(
                "Please specify an agent to list actions for",
            ));
        };
        actions_of(&ddls(), agent)
    } else if args.list_inputs {
        let (Some(agent), Some(action)) = (&args.agent, &args.action) else {
            return Err(CommandError::usage(
                "Please specify an action and agent to list inputs for",
            ));
        };
        action_rows(&ddls(), agent, action, |action| {
            let rows = action.inputs.iter();
            rows.map(|input| (input.name.clone(), input.description.clone()))
                .collect()
        })
    } else if args.list_values {
        let (Some(agent), Some(action), Some(input)) = (&args.agent, &args.action, &args.input)
        else {
            return Err(CommandError::usage(
                "Please specify an input, action and agent to list values for",
            ));
        };
        action_rows(&ddls(), agent, action, |action| {
            let input = action.input_named(input);
            input.map(values).unwrap_or_default()
        })
    } else {
        return Err(CommandError::usage(
            "Please choose either --list-[agents|actions|inputs|applications]",
        ));
    };
    rows.sort();
    let mut out = Out::new(Colour::Never, false);
    for (name, description) in rows {
        let row = if general.verbose {
            format!("{name}:{description}")
        } else {
            name
        };
        out.line(safe_line(&row))?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

/// What may stand under the cursor of a shell, one candidate a line, with what it is behind a tab.
fn complete(line: &[String], general: &General) -> Result<Exit, CommandError> {
    let mut tree = mco_command();
    tree.build();
    let line = Line::read(&tree, line);
    let mut general = general.clone();
    if let Some(file) = line.option("config") {
        general.config = Some(file.into());
    }
    let sources = Sources {
        ddls: Ddls::find(&general).unwrap_or_default(),
        names: Names::find(&general, line.option("target")),
    };
    let mut out = Out::new(Colour::Never, false);
    for (name, about) in line.candidates(&sources) {
        out.line(format!("{}\t{}", safe_line(&name), safe_line(&about)))?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

/// The agents. Their descriptions are read only where they are wanted.
fn agents(ddls: &Ddls, described: bool) -> Vec<Row> {
    let row = |name: String| {
        if !described {
            return Some((name, String::new()));
        }
        let ddl = ddls.get(Kind::Agent, &name)?.ok()?;
        Some((name, ddl.metadata.description.clone()))
    };
    // In the original it has no DDL, and is nobody's to call.
    let names = ddls.names(Kind::Agent).into_iter();
    names
        .filter(|name| name != "discovery")
        .filter_map(row)
        .collect()
}

/// What `mco plugin doc` explains, by kind and name.
fn plugins(ddls: &Ddls, described: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for name in ddls.names(kind) {
            let description = match ddls.get(kind, &name) {
                Some(Ok(ddl)) if described => ddl.metadata.description.clone(),
                _ => String::new(),
            };
            rows.push((format!("{}/{name}", kind.as_str()), description));
        }
    }
    rows
}

/// The actions of an agent.
fn actions_of(ddls: &Ddls, agent: &str) -> Vec<Row> {
    agent_rows(ddls, agent, |ddl| {
        let rows = ddl.actions.iter();
        rows.map(|action| (action.name.clone(), action.description.clone()))
            .collect()
    })
}

/// Nothing, as in the original, where there is no such agent.
fn agent_rows(ddls: &Ddls, agent: &str, rows: impl FnOnce(&Ddl) -> Vec<Row>) -> Vec<Row> {
    match ddls.get(Kind::Agent, agent) {
        Some(Ok(ddl)) => rows(&ddl),
        _ => Vec::new(),
    }
}

fn action_rows(
    ddls: &Ddls,
    agent: &str,
    action: &str,
    rows: impl FnOnce(&Action) -> Vec<Row>,
) -> Vec<Row> {
    agent_rows(ddls, agent, |ddl| {
        ddl.find_action(action).map(rows).unwrap_or_default()
    })
}

/// The values that an input may have, where they can be told; with the default marked.
fn values(input: &Input) -> Vec<Row> {
    let values: Vec<String> = match &input.kind {
        InputType::Boolean => vec!["true".to_owned(), "false".to_owned()],
        InputType::List(texts) => texts.clone(),
        _ => input
            .default
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
    };
    let default = input.default.as_ref().map(|value| match value {
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    });
    values
        .into_iter()
        .map(|value| {
            let is_default = default.as_ref() == Some(&value);
            let about = if is_default { "the default" } else { "" };
            (value, about.to_owned())
        })
        .collect()
}
