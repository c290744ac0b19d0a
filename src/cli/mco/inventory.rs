//! `mco inventory NODE`: all that a node says of itself.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::{Options, Session, plan};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, columns, inspect::inspect, json, out::safe_line, stats},
        tree::{General, InventoryArgs},
        voice::complain,
    },
    client::Account,
    mcorpc::{ddl::builtin, filter::Filter, names::Identity, reply::Outcome},
};

type Data = Map<String, Value>;

/// Reports.
pub(super) fn run(args: &InventoryArgs, general: &General) -> Result<Exit, CommandError> {
    let Some(node) = &args.node else {
        return Err(
            CommandError::usage("Need to specify a node name").hint("`mco find` lists the nodes")
        );
    };
    let node =
        Identity::new(node.clone()).map_err(|error| CommandError::usage(error.to_string()))?;
    let filter = Filter {
        identity: vec![node.to_string()],
        ..Filter::default()
    };
    let options = Options {
        general,
        common: &args.common,
        progress: false,
    };
    Session::run(&options, async |session| {
        let ddl = builtin::rpcutil();
        let mut ask = async |action: &str| -> Result<Account, CommandError> {
            let call = session.plan(ddl, &plan::action(action)?, Map::new(), filter.clone())?;
            session.call(&call, |_, _| Ok(())).await
        };
        let stats = ask("daemon_stats").await?;
        // A node that is silent once is not asked again.
        let inventory = if stats.answers.is_empty() {
            stats.clone()
        } else {
            ask("inventory").await?
        };
        let Some(answer) = inventory.answers.first() else {
            let why = if inventory.interrupted.is_some() {
                "interrupted"
            } else {
                "no answer"
            };
            return Err(CommandError::new(
                session.exit(&inventory),
                format!("Did not receive any results from node {node}: {why}"),
            )
            .hint(format!(
                "`mco find -I {node}` asks whether the broker sees it"
            )));
        };
        if answer.reply.outcome != Outcome::Ok {
            return Err(CommandError::new(
                Exit::SomeFailed,
                format!(
                    "Failed to retrieve the inventory of {node}: {}",
                    safe_line(&answer.reply.statusmsg)
                ),
            ));
        }
        let data = &answer.reply.data;
        let counters = match stats.answers.first() {
            Some(answer) if answer.reply.outcome == Outcome::Ok => Some(&answer.reply.data),
            Some(answer) => {
                complain(format_args!(
                    "warning: Failed to retrieve daemon_stats from {node}: {}",
                    safe_line(&answer.reply.statusmsg)
                ));
                None
            }
            None => None,
        };
        if args.json {
            json::print(
                &mut session.out,
                &json!({ "identity": node, "daemon_stats": counters, "inventory": data }),
            )?;
        } else {
            report(&mut session.out, &node, counters, data)?;
        }
        Ok(session.exit(&inventory))
    })
}

fn report(
    out: &mut Out,
    node: &Identity,
    counters: Option<&Data>,
    data: &Data,
) -> std::io::Result<()> {
    out.line(format!("Inventory for {node}:\n"))?;
    if let Some(counters) = counters {
        out.line("   Server Statistics:")?;
        for (label, value) in statistics(counters, data) {
            out.line(format!("{label:>29}: {}", safe_line(&value)))?;
        }
        out.line("")?;
    }
    let names = |key: &str| -> Vec<String> {
        let mut names: Vec<String> = data
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|name| safe_line(&text(name)))
            .collect();
        names.sort();
        names
    };
    let plugins: Vec<String> = names("data_plugins")
        .iter()
        .map(|name| name.strip_suffix("_data").unwrap_or(name).to_owned())
        .collect();
    section(
        out,
        "Agents",
        "No agents installed",
        columns::fixed(&names("agents"), 3, 15, "      "),
    )?;
    section(
        out,
        "Data Plugins",
        "No data plugins installed",
        columns::fixed(&plugins, 3, 15, "      "),
    )?;
    let classes = columns::names(&names("classes"), "    ");
    section(
        out,
        "Configuration Management Classes",
        "No classes applied",
        classes,
    )?;
    let mut facts: Vec<String> = data
        .get("facts")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("      {} => {}", safe_line(name), safe_line(&text(value))))
        .collect();
    facts.sort();
    section(out, "Facts", "No facts known", facts)
}

fn section(out: &mut Out, title: &str, none: &str, lines: Vec<String>) -> std::io::Result<()> {
    out.line(format!("   {title}:"))?;
    if lines.is_empty() {
        out.line(format!("      {none}"))?;
    }
    for line in lines {
        out.line(line)?;
    }
    if title == "Facts" {
        Ok(())
    } else {
        out.line("")
    }
}

/// The original's rows, in its order.
fn statistics(counters: &Data, data: &Data) -> Vec<(&'static str, String)> {
    let count = |key: &str| counters.get(key).map(text).unwrap_or_default();
    let time = |key: &str| counters.pointer_f64(key);
    let collectives: Vec<String> = data
        .get("collectives")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    let start = counters
        .get("starttime")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let start = UNIX_EPOCH.checked_add(Duration::from_secs(start));
    vec![
        ("Version", count("version")),
        (
            "Start Time",
            start.map_or_else(String::new, stats::local_time),
        ),
        ("Config File", count("configfile")),
        ("Collectives", collectives.join(", ")),
        (
            "Main Collective",
            data.get("main_collective").map(text).unwrap_or_default(),
        ),
        ("Process ID", count("pid")),
        ("Total Messages", count("total")),
        ("Messages Passed Filters", count("passed")),
        ("Messages Filtered", count("filtered")),
        ("Expired Messages", count("ttlexpired")),
        ("Replies Sent", count("replies")),
        (
            "Total Processor Time",
            format!("{:.6} seconds", time("utime") + time("stime")),
        ),
        ("System Time", format!("{:.6} seconds", time("stime"))),
    ]
}

/// A time among the daemon's `times`.
trait Times {
    fn pointer_f64(&self, key: &str) -> f64;
}

impl Times for Data {
    fn pointer_f64(&self, key: &str) -> f64 {
        self.get("times")
            .and_then(|times| times.get(key))
            .and_then(Value::as_f64)
            .unwrap_or(0.0)
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => inspect(other),
    }
}
