//! `mcollective agent`: the daemon on every node.

use std::path::PathBuf;

use super::{
    CommandError, Exit, daemon, pe_conf,
    tree::{AgentArgs, DaemonArgs},
    voice::say,
};
use crate::{
    agent::{self, Runner},
    config::{self, Exposed, Faults, ServerConfig},
    node::facts,
    sys, tls,
};

/// Runs the agent until a signal ends it.
pub(super) fn run(args: &AgentArgs) -> Result<Exit, CommandError> {
    let notes = pe_conf::pass_daemon(&args.daemon)?;
    let file = file(
        &args.daemon,
        "server.cfg",
        &sys::paths::Config::Server.candidates(),
    )?;
    let read = ServerConfig::load(&file, &config::process_environment);
    if args.daemon.check_config {
        let authorization = read.as_ref().ok().and_then(|c| c.authorization.as_ref());
        for fault in authorization.map(agent::check_policies).unwrap_or_default() {
            say(format_args!("warning: {fault}"));
        }
        let audit = read.as_ref().ok().and_then(|config| config.audit.as_ref());
        if let Some(Err(error)) = audit.map(agent::check_audit) {
            say(format_args!("warning: the audit can't be written: {error}"));
        }
        for warning in read.as_ref().map(unreadable).unwrap_or_default() {
            say(format_args!("warning: {warning}"));
        }
        warn_of_exposed(&read.as_ref().map(ServerConfig::exposed).unwrap_or_default());
        let unusable = read.as_ref().map(unusable).unwrap_or_default();
        return Ok(checked(
            read.as_ref().map(|config| &config.common.warnings[..]),
            &unusable,
        ));
    }
    let config = read.map_err(|faults| CommandError::config(faults.to_string()))?;
    let log = daemon::start_log(config.common.logger.level);
    for note in notes {
        tracing::warn!("{note}");
    }
    for warning in &config.common.warnings {
        tracing::warn!("{warning}");
    }
    for warning in unreadable(&config) {
        tracing::warn!("{warning}");
    }
    let runner =
        Runner::new(config, log).map_err(|error| CommandError::config(error.to_string()))?;
    let _pidfile = args
        .daemon
        .pidfile
        .as_deref()
        .map(daemon::PidFile::write)
        .transpose()?;
    daemon::block_on(1, runner.run())?
        .map_err(|error| CommandError::new(Exit::Software, error.to_string()))?;
    Ok(Exit::Ok)
}

/// What of the facts and classes can't be read now. It may come later, so it is no fault.
fn unreadable(config: &ServerConfig) -> Vec<String> {
    let facts = config.facts.files.iter().map(|file| ("facts", file));
    facts
        .chain([("classes", &config.classes_file)])
        .filter_map(|(what, file)| {
            let error = sys::file::open_regular(file).err()?;
            Some(format!("there are no {what} of this node: {error}"))
        })
        .collect()
}

/// What is wrong with the certificates and keys, of the connection and of what is signed.
fn unusable(config: &ServerConfig) -> Vec<String> {
    let common = &config.common;
    let signing = common.security.pki.node(common.identity.as_ref());
    let mut wrong: Vec<String> = signing.err().iter().map(ToString::to_string).collect();
    let dialled = common.connector.pool.iter();
    for files in dialled.filter_map(|server| server.tls.as_ref()) {
        let error = tls::client_config(files)
            .err()
            .map(|error| error.to_string());
        // Most use the same files for everything.
        wrong.extend(error.filter(|error| !wrong.contains(error)));
    }
    wrong
}

/// Reads every native fact once and prints them.
pub(super) fn probe() -> Result<Exit, CommandError> {
    let mut out = super::render::Out::new(super::render::Colour::Never, false);
    super::render::json::print(&mut out, &facts::native::probe_everything())?;
    out.flush()?;
    Ok(Exit::Ok)
}

/// The configuration file that was named, or the first of the usual ones.
pub(super) fn file(
    args: &DaemonArgs,
    what: &str,
    usual: &[PathBuf],
) -> Result<PathBuf, CommandError> {
    match &args.config {
        Some(file) => Ok(file.clone()),
        None => {
            config::find(what, usual).map_err(|faults| CommandError::config(faults.to_string()))
        }
    }
}

/// Prints what others can read or change, and what to run.
pub(super) fn warn_of_exposed(exposed: &[Exposed]) {
    for exposed in exposed {
        say(format_args!("warning: {exposed}; `{}`", exposed.cure()));
    }
}

/// Prints every fault and every warning, and what of the files that it names can't be used.
pub(super) fn checked(read: Result<&[config::Fault], &Faults>, unusable: &[String]) -> Exit {
    match read {
        Ok(warnings) => {
            for warning in warnings {
                say(format_args!("warning: {warning}"));
            }
            for reason in unusable {
                say(format_args!("error: {reason}"));
            }
            if unusable.is_empty() {
                say(format_args!("The configuration can be used"));
                Exit::Ok
            } else {
                Exit::Config
            }
        }
        Err(faults) => {
            for fault in faults.iter() {
                say(format_args!("error: {fault}"));
            }
            Exit::Config
        }
    }
}
