//! `mco puppet`: what the Puppet agents of a fleet do, and runs of them.
//!
//! `request` makes the inputs of a run from the options, `results` shows answers as the original
//! does, `status`, `count` and `spread` have their own rows. `runs` is for those who wait for the
//! end of runs: `runonce --wait` and `runall`.

mod count;
mod request;
mod results;
mod runs;
mod spread;
mod status;

use serde_json::{Map, Value};

use super::{Options, Session, filters, plan};
use crate::{
    cli::{
        CommandError, Exit,
        tree::{General, PuppetArgs},
    },
    mcorpc::{
        ddl::{Ddl, builtin},
        similar,
    },
};

pub(super) const COMMANDS: [&str; 8] = [
    "count", "disable", "enable", "resource", "runall", "runonce", "status", "summary",
];

/// Does what the first word says.
pub(super) fn run(args: &PuppetArgs, general: &General) -> Result<Exit, CommandError> {
    let mut words = args.words.iter().map(String::as_str);
    let Some(command) = words.next() else {
        return Err(CommandError::usage("Please specify a command.")
            .hint("for example `mco puppet status`; `mco help puppet` lists the commands"));
    };
    let words: Vec<&str> = words.collect();
    let mut inputs = match command {
        "status" | "count" | "summary" | "enable" => {
            none(&words)?;
            Map::new()
        }
        "disable" => request::disable(&words),
        "runonce" => {
            none(&words)?;
            request::run(args)?
        }
        "runall" => request::run(args)?,
        "resource" => request::resource(&words)?,
        other => return Err(unknown(other)),
    };
    let limit = match command {
        "runall" => Some(request::concurrency(&words)?),
        _ => None,
    };
    if args.rerun.is_some() && limit.is_none() {
        return Err(CommandError::usage("--rerun is for runall"));
    }
    let ddl = builtin::puppet();
    let name = match command {
        "count" => "status",
        "summary" => "last_run_summary",
        "runall" => "runonce",
        name => name,
    };
    let action = plan::action(name)?;
    let declared = ddl.wanted_action(name).map_err(plan::usage)?;
    plan::idempotent(declared, &mut inputs, args.strict);
    declared.validate(&inputs).map_err(plan::usage)?;
    let filter = filters::filter(general, &args.filters)?;
    let mut common = args.common.clone();
    if command == "runall" || (command == "runonce" && args.wait.is_some()) {
        if common.batches.batch.is_some_and(|size| !size.is_zero()) {
            return Err(
                CommandError::usage("runs that are waited for are not begun in batches")
                    .hint("`mco puppet runall N` keeps N running at a time"),
            );
        }
        // Ours to heed: it counts runs, not answers.
        common.batches.max_fail = None;
    }
    let options = Options {
        general,
        common: &common,
        progress: !matches!(command, "count" | "summary"),
    };
    Session::run(&options, async |session| {
        let runs = |inputs: Map<String, Value>| runs::Wanted {
            inputs,
            filter: filter.clone(),
            limit,
            wait: args.wait.unwrap_or(runs::LONGEST_RUN),
            max_fail: args.common.batches.max_fail,
        };
        if command == "runall" {
            return runs::all(session, runs(inputs), args.rerun).await;
        }
        if command == "runonce" && args.wait.is_some() {
            return runs::once(session, runs(inputs)).await;
        }
        let call = session.plan(ddl, &action, inputs, filter.clone())?;
        let account = match command {
            "status" => {
                session
                    .show(&call, &mut status::Status::of(declared))
                    .await?
            }
            "count" => session.show(&call, &mut count::Counts).await?,
            "summary" => session.show(&call, &mut spread::Spread).await?,
            _ => {
                let mut view = results::Results {
                    declared,
                    display: results::display(args.common.output.display, declared),
                    narrowed: args.common.output.display.is_some(),
                    verbose: session.verbose,
                };
                session.show(&call, &mut view).await?
            }
        };
        Ok(session.exit(&account))
    })
}

/// The agent.
fn ddl() -> &'static Ddl {
    builtin::puppet()
}

fn none(words: &[&str]) -> Result<(), CommandError> {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(CommandError::usage(format!(
            "`{word}` is one word too many"
        ))),
    }
}

fn unknown(command: &str) -> CommandError {
    let error = CommandError::usage(
        "Action must be count, enable, disable, resource, runall, runonce, status or summary",
    );
    match similar::closest(command, COMMANDS) {
        Some(close) => error.hint(format!("did you mean `{close}`?")),
        None => error,
    }
}
