//! `mco policy check`: which line of a node's policies decides a call, and why. It talks to nobody.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use crate::{
    agent::{self, Explained},
    cli::{
        CommandError, Exit,
        render::{Out, json as print, out::safe_line},
        tree::{General, PolicyArgs},
        voice::complain,
    },
    config::{self, ServerConfig},
    mcorpc::{
        names::{ActionName, AgentName, CallerId, NameError},
        policy::Standing,
    },
    node::{classes::Classes, facts},
    sys::paths,
};

/// Explains.
pub(super) fn run(args: &PolicyArgs, general: &General) -> Result<Exit, CommandError> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let (["check", agent, action], Some(caller)) = (&words[..], &args.caller) else {
        return Err(
            CommandError::usage("`mco policy` needs `check AGENT ACTION --caller CALLER`")
                .hint("for example `mco policy check service restart --caller cert=ann`"),
        );
    };
    let (caller, agent, action): (CallerId, AgentName, ActionName) = (
        caller.parse().map_err(|error| usage(&error))?,
        agent.parse().map_err(|error| usage(&error))?,
        action.parse().map_err(|error| usage(&error))?,
    );
    let config = server(general)?;
    let files = args.facts.as_ref().map(std::slice::from_ref);
    let files = files.unwrap_or(&config.facts.files);
    let classes = args.classes.as_ref().unwrap_or(&config.classes_file);
    for (file, named) in [
        (files.first(), args.facts.is_some()),
        (Some(classes), args.classes.is_some()),
    ] {
        if let (Some(file), true) = (file, named) {
            readable(file)?;
        }
    }
    let Some(settings) = &config.authorization else {
        let by = format!(
            "`rpcauthorization` is off in {}, so that no policy is asked",
            config.common.file.display()
        );
        let explained = Explained {
            allowed: true,
            by,
            rules: Vec::new(),
        };
        return show(args, general, &known(&config, &caller, explained)?);
    };
    let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let facts = facts::source(Some(&files.join(":")), Duration::ZERO).snapshot();
    let classes = Classes::new(classes);
    let explained = agent::explain(settings, &caller, &agent, &action, facts, &classes);
    show(args, general, &known(&config, &caller, explained)?)
}

/// Whom the node does not know it refuses before any policy is asked.
fn known(
    config: &ServerConfig,
    caller: &CallerId,
    explained: Explained,
) -> Result<Explained, CommandError> {
    let rules = config.common.security.pki.caller_rules();
    let rules =
        rules.map_err(|error| CommandError::config(format!("`plugin.pki.clients`: {error}")))?;
    if rules.iter().any(|rule| rule.caller() == caller.as_str()) {
        return Ok(explained);
    }
    Ok(Explained {
        allowed: false,
        by: format!(
            "`plugin.pki.clients` of {}, in which nobody is known as {caller}; otherwise {} by {}",
            config.common.file.display(),
            verdict(&explained),
            explained.by
        ),
        ..explained
    })
}

fn usage(error: &NameError) -> CommandError {
    CommandError::usage(error.to_string())
}

/// The node's configuration.
fn server(general: &General) -> Result<ServerConfig, CommandError> {
    let is_clients = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default();
        name == "client.cfg" || name == ".mcollective"
    };
    let file = match &general.config {
        Some(file) if is_clients(file) => {
            return Err(CommandError::usage(format!(
                "{} is a client's configuration, and policies are a node's",
                file.display()
            ))
            .hint("name a node's server.cfg with `--config`"));
        }
        Some(file) => Ok(file.clone()),
        None => config::find("server.cfg", &paths::Config::Server.candidates()),
    };
    file.and_then(|file| ServerConfig::load(&file, &config::process_environment))
        .map_err(|faults| CommandError::config(faults.to_string()))
}

fn readable(file: &Path) -> Result<(), CommandError> {
    crate::sys::file::open_regular(file)
        .map(drop)
        .map_err(|error| CommandError::config(error.to_string()))
}

fn show(args: &PolicyArgs, general: &General, explained: &Explained) -> Result<Exit, CommandError> {
    let mut out = Out::new(general.color, true);
    let verdict = verdict(explained);
    let standings = explained.rules.iter().map(|(_, _, standing)| *standing);
    let doubtful = standings.into_iter().any(|one| one == Standing::Doubtful);
    if args.json {
        let rules = explained.rules.iter().map(
            |(line, text, standing)| json!({ "line": line, "text": text, "why": why(*standing) }),
        );
        print::print(
            &mut out,
            &json!({
                "decision": verdict,
                "rule": explained.by,
                "certain": !doubtful,
                "rules": rules.collect::<Vec<_>>(),
            }),
        )?;
    } else {
        out.line(format!("{verdict} by {}", safe_line(&explained.by)))?;
        for (line, text, standing) in &explained.rules {
            let text = safe_line(&text.replace('\t', "  "));
            out.line(format!("{line:>5}: {text}  ({})", why(*standing)))?;
        }
    }
    out.flush()?;
    if doubtful {
        complain(
            "note: what can't be said here, such as what a data plugin answers, the running agent may know, \
             and then decide otherwise",
        );
    }
    Ok(if explained.allowed {
        Exit::Ok
    } else {
        Exit::NobodyMatched
    })
}

fn verdict(explained: &Explained) -> &'static str {
    if explained.allowed {
        "allowed"
    } else {
        "denied"
    }
}

fn why(standing: Standing) -> &'static str {
    match standing {
        Standing::OtherCallers => "other callers",
        Standing::OtherActions => "other actions",
        Standing::OtherNodes => "other facts or classes",
        Standing::Doubtful => "it can't be said whether it matches",
        Standing::Matches => "matches",
    }
}
