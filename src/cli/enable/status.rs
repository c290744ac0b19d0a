//! `mcollective enable status`: how this machine stands, and what is wrong with it.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::print;
use crate::{
    agent,
    cli::{
        CommandError, Exit, mco,
        tree::{EnableOutput, General, StatusArgs},
        voice::say,
    },
    config::{self, ServerConfig},
    enable::status::Status,
    sys::process,
};

/// Looks, tries the client's connection, and tells.
pub(super) fn run(args: &StatusArgs) -> Result<Exit, CommandError> {
    let mut status = Status::look();
    try_clients(&mut status);
    try_agent(&mut status);
    match args.output {
        EnableOutput::Json => print(&document(&status))?,
        EnableOutput::Text => tell(&status),
    }
    Ok(if status.is_wrong() {
        Exit::SomeFailed
    } else {
        Exit::Ok
    })
}

/// Asks the fleet once under each client's configuration.
fn try_clients(status: &mut Status) {
    for at in 0..status.roles.len() {
        let Some(role) = status
            .roles
            .get_mut(at)
            .filter(|role| role.name == "client")
        else {
            continue;
        };
        let general = General::with_config(role.file.clone());
        match mco::wait_for(&general, 0, Instant::now(), &|_| {}) {
            Ok(nodes) => role
                .facts
                .push(("connection", format!("works, {nodes} nodes answer"))),
            Err(error) => {
                role.facts.push(("connection", "does not work".into()));
                status.wrong(error.message, error.hint.unwrap_or_default());
            }
        }
    }
}

/// Looks whether an agent could note what it is asked, and what its policies are worth.
fn try_agent(status: &mut Status) {
    let agent = status.roles.iter().find(|role| role.name == "agent");
    let read = agent.map(|role| ServerConfig::load(&role.file, &config::process_environment));
    // Who is not root may only look at what everybody may read.
    let Some(Ok(config)) = read.filter(|_| process::is_root()) else {
        return;
    };
    if let Some(Err(error)) = config.audit.as_ref().map(agent::check_audit) {
        status.wrong(
            format!("the audit can't be written: {error}"),
            "make room, or see `plugin.rpcaudit.logfile`",
        );
    }
    for fault in config
        .authorization
        .as_ref()
        .map(agent::check_policies)
        .unwrap_or_default()
    {
        status.weak(fault, "");
    }
}

fn tell(status: &Status) {
    let program = std::env::current_exe().unwrap_or_default();
    say(format_args!(
        "mcollective {} ({})",
        env!("CARGO_PKG_VERSION"),
        program.display()
    ));
    for role in &status.roles {
        let colon = if role.service.is_empty() { "" } else { ": " };
        say(format_args!("\n{}{colon}{}", role.name, role.service));
        say(format_args!(
            "  {:14} {}",
            "configuration",
            role.file.display()
        ));
        for (name, text) in &role.facts {
            say(format_args!("  {name:14} {text}"));
        }
    }
    for (wrong, title) in [(true, "Wrong"), (false, "Could be safer")] {
        let findings = status
            .findings
            .iter()
            .filter(|finding| finding.wrong == wrong);
        for (number, finding) in findings.enumerate() {
            if number == 0 {
                say(format_args!("\n{title}:"));
            }
            say(format_args!("  {}", finding.what));
            if !finding.cure.is_empty() {
                say(format_args!("    -> {}", finding.cure));
            }
        }
    }
    if !status.is_wrong() {
        say(if status.partial {
            "\nNothing is wrong in what you may read; run it as root to see all"
        } else {
            "\nNothing is wrong"
        });
    }
}

fn document(status: &Status) -> Value {
    let roles: Vec<Value> = status
        .roles
        .iter()
        .map(|role| {
            let facts: Map<String, Value> = role
                .facts
                .iter()
                .map(|(name, text)| (name.replace(' ', "_"), text.clone().into()))
                .collect();
            json!({ "role": role.name, "configuration": role.file, "service": role.service, "facts": facts })
        })
        .collect();
    let findings: Vec<Value> = status
        .findings
        .iter()
        .map(|f| json!({ "wrong": f.wrong, "what": f.what, "cure": f.cure }))
        .collect();
    json!({
        "schema": 1,
        "version": env!("CARGO_PKG_VERSION"),
        "program": std::env::current_exe().ok(),
        "ok": !status.is_wrong(),
        "partial": status.partial,
        "roles": roles,
        "findings": findings,
    })
}
