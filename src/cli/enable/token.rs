//! `mcollective enable token` and `revoke`: what the broker's machine does with its authority.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::print;
use crate::{
    cli::{
        CommandError, Exit, agent,
        tree::{
            AuthorityPlace, DaemonArgs, EnableOutput, RevokeArgs, TokenArgs, TokenCreate, TokenRole,
        },
        voice::{complain, say},
    },
    config::BrokerConfig,
    enable::{Problem, tokens},
    sys::paths,
    tls::{
        self,
        authority::{Authority, AuthorityError, Issued, TokenOrder, TokenRecord},
        mint::Role,
    },
};

/// How many join with one token, where nothing else is said.
const NODES: u32 = 1000;
const CLIENTS: u32 = 1;

/// Does what the words say.
pub(super) fn run(args: &TokenArgs) -> Result<Exit, CommandError> {
    match args {
        TokenArgs::Create(create_args) => create(create_args),
        TokenArgs::List(args) => list(&args.place),
        TokenArgs::Revoke(args) => {
            let (_, authority) = open(&args.place)?;
            let revoked = authority.revoke_token(&args.id).map_err(refused)?;
            if !revoked {
                return Err(CommandError::new(
                    Exit::NobodyMatched,
                    format!("there is no token {}", args.id),
                )
                .hint("`mcollective enable token list` shows them"));
            }
            if args.place.output == EnableOutput::Json {
                print(&json!({ "schema": 1, "revoked": args.id, "changed": true }))?;
            } else {
                say(format_args!("Nobody joins with token {} any more", args.id));
            }
            Ok(Exit::Ok)
        }
    }
}

fn create(args: &TokenCreate) -> Result<Exit, CommandError> {
    let (config, authority) = open(&args.place)?;
    let (role, names, uses) = match args.role {
        TokenRole::Node => (Role::Node, args.name.clone(), NODES),
        TokenRole::Client if args.name.is_empty() => {
            (Role::Client, vec!["peadmin".into()], CLIENTS)
        }
        TokenRole::Client => (Role::Client, args.name.clone(), CLIENTS),
    };
    let order = TokenOrder {
        role,
        names,
        uses: args.uses.unwrap_or(uses),
        life: args.expires,
        broker: match &args.broker {
            Some(broker) => broker.clone(),
            None => tokens::address(&config)?,
        },
        callers: tokens::callers(&config, &authority)?,
    };
    if role == Role::Client {
        for name in order
            .names
            .iter()
            .filter(|name| !tokens::is_client(&config, name))
        {
            complain(format_args!(
                "warning: the broker does not let {name} command: add it to `clients` in {}",
                config.file.display()
            ));
        }
    } else if order.callers.is_empty() {
        complain(
            "warning: no operator has a certificate yet, so nodes that join with this token obey nobody",
        );
    }
    if tls::broker_address(&order.broker).is_some_and(|(host, _)| tls::is_everybodys(&host)) {
        complain(format_args!(
            "warning: {} is another machine on each machine, so that only this one joins with the token: name the broker with `--broker HOST:PORT`",
            order.broker
        ));
    }
    let token = authority.create_token(&order).map_err(refused)?;
    let what = if role == Role::Client {
        "client"
    } else {
        "agent"
    };
    let command = format!("mcollective enable {what} --join {token}");
    if args.place.output == EnableOutput::Json {
        print(&json!({
            "schema": 1, "changed": true, "id": token.id(), "token": token.to_string(),
            "command": command, "role": what, "uses": order.uses,
            "expires_s": order.life.as_secs(), "broker": order.broker, "callers": order.callers,
        }))?;
        return Ok(Exit::Ok);
    }
    say(format_args!(
        "Token {} counts for {}, {} of them{}; on each, as root:\n  {command}",
        token.id(),
        humantime::format_duration(order.life),
        order.uses,
        if order.names.is_empty() {
            String::new()
        } else {
            format!(" named {}", order.names.join(", "))
        },
    ));
    if role == Role::Client {
        say(
            "Nodes that have joined already obey the keys that their token named: add the one that this \
             prints to their plugin.pki.clients",
        );
    }
    Ok(Exit::Ok)
}

fn list(place: &AuthorityPlace) -> Result<Exit, CommandError> {
    let (_, authority) = open(place)?;
    let tokens = authority.tokens().map_err(refused)?;
    let now = SystemTime::now();
    if place.output == EnableOutput::Json {
        let rows: Vec<Value> = tokens.iter().map(|token| row(token, now)).collect();
        print(&json!({ "schema": 1, "tokens": rows }))?;
        return Ok(Exit::Ok);
    }
    if tokens.is_empty() {
        say("There are no tokens; `mcollective enable token create` makes one");
    }
    for token in &tokens {
        let left = token.expires().duration_since(now).unwrap_or_default();
        let state = match (left.as_secs(), token.uses_left()) {
            (0, _) => "expired".into(),
            (_, 0) => "used up".into(),
            (seconds, uses) => format!(
                "{uses} left, for {}",
                humantime::format_duration(Duration::from_secs(seconds))
            ),
        };
        let names = token.names().join(" ");
        say(format_args!(
            "{}  {:6}  {state}  {}",
            token.id(),
            role(token),
            if names.is_empty() { "any name" } else { &names }
        ));
    }
    Ok(Exit::Ok)
}

fn row(token: &TokenRecord, now: SystemTime) -> Value {
    let left = token.expires().duration_since(now).unwrap_or_default();
    json!({
        "id": token.id(), "role": role(token), "names": token.names(),
        "uses_left": token.uses_left(), "expires_in_s": left.as_secs(), "live": token.is_live(),
    })
}

fn role(token: &TokenRecord) -> &'static str {
    if token.role() == Role::Client {
        "client"
    } else {
        "node"
    }
}

/// Revokes all certificates of a name.
pub(super) fn revoke(args: &RevokeArgs) -> Result<Exit, CommandError> {
    let (config, authority) = open(&args.place)?;
    let issued = authority.issued().map_err(refused)?;
    let broker = |i: &Issued| i.name == args.name && i.role == Role::Broker && i.is_valid();
    if issued.iter().any(broker) {
        return Err(CommandError::config(format!(
            "{} is the name of the broker: with its certificate revoked no node could reach it",
            args.name
        ))
        .hint("a broker whose key was stolen needs a new authority: move `ca_dir` away, `mcollective enable broker --replace`, and join every node again with `--replace`"));
    }
    let named: Vec<&Issued> = issued.iter().filter(|i| i.name == args.name).collect();
    if named.is_empty() {
        return Err(CommandError::config(format!(
            "no certificate of {} was ever made here",
            args.name
        ))
        .hint(format!(
            "{} has a directory for each name that has, or had, one",
            authority.dir().join("issued").display()
        )));
    }
    let revoked = authority.revoke(&args.name).map_err(refused)?;
    let live = authority.tokens().map_err(refused)?;
    let live: Vec<&str> = live
        .iter()
        .filter(|token| token.is_live())
        .map(TokenRecord::id)
        .filter(|id| named.iter().any(|i| i.token.as_deref() == Some(id)))
        .collect();
    if args.place.output == EnableOutput::Json {
        print(&json!({
            "schema": 1, "name": args.name, "changed": !revoked.is_empty(),
            "revoked": revoked.len(), "live_tokens": live,
        }))?;
        return Ok(Exit::Ok);
    }
    if revoked.is_empty() {
        say(format_args!(
            "No certificate of {} is valid, so there is nothing to revoke",
            args.name
        ));
    } else {
        say(format_args!(
            "{} is revoked; the broker and all agents refuse it within a minute",
            args.name
        ));
    }
    if tokens::is_client(&config, &args.name) {
        say(format_args!(
            "It is still one of `clients` in {}, and `plugin.pki.clients` of the nodes may name it: \
             take it out, unless it is to have a new certificate",
            config.file.display()
        ));
    }
    for id in &live {
        say(format_args!(
            "Whoever has its token {id} may still join under another name: `mcollective enable token revoke {id}`"
        ));
    }
    Ok(Exit::Ok)
}

/// The authority that the broker's configuration names.
fn open(place: &AuthorityPlace) -> Result<(BrokerConfig, Authority), CommandError> {
    let daemon = DaemonArgs {
        config: place.config.clone(),
        check_config: false,
        pidfile: None,
    };
    let usual: Vec<PathBuf> = paths::Config::Broker.candidates();
    let file = agent::file(&daemon, "broker.cfg", &usual).map_err(|error| {
        error.hint("this is done on the broker's machine, which `mcollective enable broker` makes")
    })?;
    let config =
        BrokerConfig::load(&file).map_err(|faults| CommandError::config(faults.to_string()))?;
    let Some(dir) = &config.ca_dir else {
        return Err(CommandError::config(format!(
            "{} names no `ca_dir`: certificates are made elsewhere",
            file.display()
        ))
        .hint("with Puppet's certificates, `puppetserver ca` issues and revokes them"));
    };
    let authority =
        Authority::open(dir).map_err(|error| CommandError::config(error.to_string()))?;
    Ok((config, authority))
}

#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn refused(error: AuthorityError) -> CommandError {
    Problem::from(error).into()
}
