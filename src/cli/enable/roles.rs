//! `mcollective enable broker`, `agent` and `client`: orders, and how their work is told.

use std::{
    io::Read as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use super::print;
use crate::{
    cli::{
        CommandError, Exit, mco, pe_conf,
        tree::{
            BrokerPlan, ClientPlan, EnableOutput, General, NodePlan, Running, Source, Whose, Work,
        },
        voice::{complain, say},
    },
    config::gate::Asking,
    enable::{Authority, Manner, Site, Step, agent, broker, client},
    sys::file,
};

/// How long the broker may take to let the operator in.
const PATIENCE: Duration = Duration::from_secs(20);

/// A token is a few hundred characters.
const LARGEST_TOKEN: u64 = 64 << 10;

/// Makes this machine the broker.
pub(super) fn broker(plan: &BrokerPlan) -> Result<Exit, CommandError> {
    open(plan.running.disable)?;
    let order = broker::Order {
        name: plan.name.clone(),
        sans: plan.san.clone(),
        listen: plan.listen,
        clients: plan.client.clone(),
        authority: authority(&plan.source),
        puppet_ssl: plan.source.puppet_ssl.clone(),
        start: !plan.running.no_start,
        stop_old: plan.running.stop_old,
    };
    told("broker", plan.work, |site, said| {
        if plan.running.disable {
            return Ok(broker::disable(site)?);
        }
        let made = broker::enable(&order, site)?;
        if let Some(config) = made.client.filter(|_| order.start) {
            prove(&config, site, said)?;
        }
        if let Some(token) = made.token {
            said.insert("token".into(), token.to_string().into());
        }
        Ok(())
    })
}

/// Makes this machine a node.
pub(super) fn agent(plan: &NodePlan) -> Result<Exit, CommandError> {
    open(plan.running.disable)?;
    let Running {
        no_start,
        stop_old,
        disable,
    } = plan.running;
    let order = agent::Order {
        join: join(plan.join.as_deref(), plan.broker.is_some() || disable)?,
        broker: plan.broker.clone(),
        identity: plan.identity.clone(),
        callers: plan.caller.clone(),
        new_key: plan.new_key,
        authority: authority(&plan.source),
        puppet_ssl: plan.source.puppet_ssl.clone(),
        start: !no_start,
        stop_old,
    };
    told("agent", plan.work, |site, _| {
        if disable {
            agent::disable(site)?;
        } else {
            agent::enable(&order, site)?;
        }
        Ok(())
    })
}

/// Gives an operator what `mco` needs.
pub(super) fn client(plan: &ClientPlan) -> Result<Exit, CommandError> {
    pe_conf::pass(Asking::Client)?;
    let files = plan
        .cert
        .clone()
        .zip(plan.key.clone())
        .zip(plan.ca_file.clone());
    let order = client::Order {
        name: plan.name.clone(),
        user: plan.user.clone(),
        join: join(plan.join.as_deref(), plan.broker.is_some())?,
        broker: plan.broker.clone(),
        files: files.map(|((cert, key), ca)| (cert, key, ca)),
        authority: authority(&plan.source),
        puppet_ssl: plan.source.puppet_ssl.clone(),
        authorized_keys: plan.authorized_key.clone(),
        new_key: plan.new_key,
    };
    told("client", plan.work, |site, said| {
        let operator = client::enable(&order, site)?;
        if let Some(caller) = operator.caller {
            said.insert("caller".into(), caller.into());
        }
        match operator.config {
            Some(config) => prove(&config, site, said),
            None => Ok(()),
        }
    })
}

/// Asks `pe.conf`, but not whoever takes something away.
fn open(disable: bool) -> Result<(), CommandError> {
    if !disable {
        for note in pe_conf::pass(Asking::Daemon)? {
            complain(format_args!("warning: {note}"));
        }
    }
    Ok(())
}

const fn authority(source: &Source) -> Option<Authority> {
    match source.ca {
        Some(Whose::Own) => Some(Authority::Own),
        Some(Whose::Puppet) => Some(Authority::Puppet),
        None => None,
    }
}

/// The token: as it is given, from a file or from standard input; else that of the environment.
fn join(given: Option<&str>, without: bool) -> Result<Option<String>, CommandError> {
    let text = match given {
        None if without => return Ok(None),
        None => return Ok(std::env::var("MCOLLECTIVE_JOIN_TOKEN").ok()),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .take(LARGEST_TOKEN)
                .read_to_string(&mut text)?;
            text
        }
        Some(text) => match text.strip_prefix('@') {
            Some(path) => file::read_named_text(Path::new(path), LARGEST_TOKEN)
                .map_err(|error| CommandError::usage(error.to_string()))?,
            None => text.to_owned(),
        },
    };
    Ok(Some(text.trim().to_owned()))
}

/// Shows that the whole works: the broker lets the operator in, and so many nodes answer.
fn prove(
    config: &Path,
    site: &mut Site<'_>,
    said: &mut Map<String, Value>,
) -> Result<(), CommandError> {
    if site.is_rehearsal() {
        return Ok(());
    }
    let general = General::with_config(config.to_owned());
    let end = Instant::now() + PATIENCE;
    let nodes = loop {
        match mco::wait_for(&general, 0, Instant::now(), &|_| {}) {
            Err(error) if error.exit == Exit::Unavailable && Instant::now() < end => {}
            ended => break ended?,
        }
    };
    said.insert("nodes".into(), nodes.into());
    site.proven(format!(
        "The broker lets the operator in, and {nodes} {} answer",
        if nodes == 1 { "node does" } else { "nodes" }
    ));
    Ok(())
}

/// Does the work, tells each step, and ends with what is said besides.
fn told(
    role: &'static str,
    work: Work,
    order: impl FnOnce(&mut Site<'_>, &mut Map<String, Value>) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    let text = work.output == EnableOutput::Text;
    let tell = |step: &Step| {
        if text {
            say(capital(&step.text));
        }
    };
    let warn = |warning: &str| complain(format_args!("warning: {warning}"));
    let manner = Manner {
        dry_run: work.dry_run,
        replace: work.replace,
    };
    let mut site = Site::new(manner, &tell, &warn);
    let mut said = Map::new();
    let done = order(&mut site, &mut said);
    if text {
        if let Some(Value::String(token)) = said.get("token") {
            say(format_args!(
                "\nOn each node, as root:\n  mcollective enable agent --join {token}"
            ));
        }
    } else {
        let steps = site
            .steps()
            .iter()
            .map(|step| json!({ "kind": step.kind, "text": step.text, "changed": step.changed }));
        let mut document = json!({
            "schema": 1,
            "role": role,
            "changed": site.changed(),
            "dry_run": work.dry_run,
            "steps": steps.collect::<Vec<_>>(),
            "warnings": site.warnings(),
        });
        if let Value::Object(document) = &mut document {
            document.extend(said);
            if let Err(error) = &done {
                document.insert("error".into(), error.message.clone().into());
            }
        }
        print(&document)?;
    }
    done?;
    Ok(if work.detailed_exitcodes && site.changed() {
        Exit::SomeFailed
    } else {
        Exit::Ok
    })
}

/// A sentence; one that begins with the name of a unit or a file keeps it as it is.
fn capital(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if !first.chars().all(char::is_alphabetic) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
