//! `mcollective enable --pe-conf FILE`: sets or shows the switch of Puppet Enterprise; and how every
//! role obeys it.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    CommandError, Exit,
    render::{Colour, Out, json},
    tree::{DaemonArgs, EnableOutput, PeConfArgs},
    voice::{complain, say},
};
use crate::{
    config::{
        self,
        gate::{self, Asking, Closed},
        pe_conf::{DecidedBy, Decision, KEY, PeConf},
    },
    enable::{
        pe_conf::{self, Done, Error},
        service::{self, Service},
    },
};

/// Sets or shows it.
pub(super) fn run(file: &Path, args: &PeConfArgs) -> Result<Exit, CommandError> {
    if args.check {
        return check(file, args.output);
    }
    let done = pe_conf::set(file, args.disable, args.dry_run).map_err(refused)?;
    let decision = PeConf::read(file).and_then(|pe_conf| pe_conf.decision());
    let mut warnings = doubts(decision.as_ref().ok()).to_vec();
    if args.disable && !args.dry_run && file == Path::new(config::pe_conf::USUAL) {
        warnings.extend(running());
    }
    match args.output {
        EnableOutput::Json => print(&json!({
            "schema": 1,
            "file": done.file,
            "key": KEY,
            "value": args.disable,
            "enabled": !args.disable,
            "changed": done.changed,
            "dry_run": args.dry_run,
            "backup": done.backup,
            "line": decision.as_ref().ok().and_then(line),
            "warnings": warnings,
        }))?,
        EnableOutput::Text => {
            tell(file, &done, args);
            for warning in warnings {
                complain(format_args!("warning: {warning}"));
            }
        }
    }
    Ok(if args.detailed_exitcodes && done.changed {
        Exit::SomeFailed
    } else {
        Exit::Ok
    })
}

/// The daemons that run: they have asked when they began.
fn running() -> impl Iterator<Item = String> {
    [Service::Broker, Service::Agent]
        .into_iter()
        .filter(|service| service::state(service.unit()).is_some_and(|state| state.runs()))
        .map(|service| {
            format!(
                "{} runs and goes on until it ends: `mcollective enable {} --disable` stops it",
                service.unit(),
                service.role()
            )
        })
}

fn tell(file: &Path, done: &Done, args: &PeConfArgs) {
    let name = file.display();
    let set = format!("\"{KEY}\": {}", args.disable);
    if file != done.file {
        let target = done.file.display();
        say(format_args!(
            "{name} is a symbolic link to {target}, which is what counts"
        ));
    }
    match (done.changed, &done.backup) {
        (false, _) => say(format_args!(
            "{name} has {set} already; nothing was changed"
        )),
        (true, Some(backup)) => {
            say(format_args!("{name} has {set} now"));
            say(format_args!(
                "What was there is kept as {}",
                backup.display()
            ));
        }
        (true, None) => say(format_args!("{name} would get {set}; nothing was changed")),
    }
}

fn check(file: &Path, output: EnableOutput) -> Result<Exit, CommandError> {
    let read = PeConf::read(file).and_then(|pe_conf| pe_conf.decision());
    let decision = read.map_err(|error| refused(error.into()))?;
    let word = if decision.enabled {
        "enabled"
    } else {
        "disabled"
    };
    match output {
        EnableOutput::Json => print(&json!({
            "schema": 1,
            "file": file,
            "key": KEY,
            "enabled": decision.enabled,
            "decided_by": match &decision.by {
                DecidedBy::Setting(_) => "setting",
                DecidedBy::Kept(_) => "configuration",
                DecidedBy::Default => "default",
            },
            "line": line(&decision),
            "configuration": match &decision.by {
                DecidedBy::Kept(file) => json!(file),
                _ => Value::Null,
            },
            "warnings": decision.doubts,
        }))?,
        EnableOutput::Text => {
            let name = file.display();
            match &decision.by {
                DecidedBy::Setting(at) => say(format_args!(
                    "{word}: {name}:{}: \"{KEY}\" is {}",
                    at.line, !decision.enabled
                )),
                DecidedBy::Kept(kept) => say(format_args!(
                    "{word}: {name} does not set \"{KEY}\", and {} is there, as on a Puppet Enterprise that was upgraded",
                    kept.display()
                )),
                DecidedBy::Default => say(format_args!(
                    "{word}: {name} does not set \"{KEY}\", and Puppet Enterprise takes true"
                )),
            }
            for doubt in &decision.doubts {
                complain(format_args!("warning: {doubt}"));
            }
        }
    }
    Ok(if decision.enabled {
        Exit::Ok
    } else {
        Exit::NobodyMatched
    })
}

fn line(decision: &Decision) -> Option<usize> {
    match &decision.by {
        DecidedBy::Setting(at) => Some(at.line),
        _ => None,
    }
}

fn doubts(decision: Option<&Decision>) -> &[String] {
    decision.map_or(&[], |decision| &decision.doubts)
}

fn print(value: &Value) -> Result<(), CommandError> {
    let mut out = Out::new(Colour::Never, false);
    json::print(&mut out, value)?;
    Ok(out.flush()?)
}

#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn refused(error: Error) -> CommandError {
    hinted(error.to_string(), error.hint())
}

fn hinted(message: String, hint: String) -> CommandError {
    let error = CommandError::config(message);
    if hint.is_empty() {
        error
    } else {
        error.hint(hint)
    }
}

/// Ends a role before it begins, where the machine's `pe.conf` disables it. What is worth knowing
/// all the same comes back.
pub(super) fn pass(asking: Asking) -> Result<Vec<String>, CommandError> {
    gate::pass(asking, &config::process_environment).map_err(closed)
}

/// The same for a daemon. A check of its configuration is no run, so there it is only told.
pub(super) fn pass_daemon(args: &DaemonArgs) -> Result<Vec<String>, CommandError> {
    match pass(Asking::Daemon) {
        Ok(notes) if args.check_config => {
            warn(&notes);
            Ok(Vec::new())
        }
        Err(error) if args.check_config => {
            warn(&[error.message]);
            Ok(Vec::new())
        }
        passed => passed,
    }
}

fn warn(notes: &[String]) {
    for note in notes {
        say(format_args!("warning: {note}"));
    }
}

#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn closed(closed: Closed) -> CommandError {
    hinted(closed.to_string(), closed.hint())
}
