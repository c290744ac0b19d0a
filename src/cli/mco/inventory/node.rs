//! `mco inventory NODE`: all that a node says of itself.

use std::{
    io,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};

use crate::{
    cli::{
        CommandError, Exit,
        mco::{Options, Session, plan},
        render::{Out, View, columns, out::safe_line, stats, table::Table, view::cell},
        tree::{General, InventoryArgs},
        voice::complain,
    },
    client::{Account, Answer},
    mcorpc::{ddl::builtin, filter::Filter, inspect::inspect, names::Identity},
};

type Data = Map<String, Value>;

/// Reports.
pub(super) fn run(
    args: &InventoryArgs,
    node: &Identity,
    filter: &Filter,
    general: &General,
) -> Result<Exit, CommandError> {
    let options = Options {
        general,
        common: &args.common,
        progress: false,
    };
    Session::run(&options, async |session| {
        let ddl = builtin::rpcutil();
        let plan = |session: &Session, action: &str| {
            session.plan(ddl, &plan::action(action)?, Map::new(), filter.clone())
        };
        let asked = plan(session, "inventory")?;
        if session.is_dry_run() {
            return Err(session.rehearse(&asked, "inventory").await?);
        }
        let inventory = session.call(&asked, &mut |_, _| Ok(())).await?;
        let mut report = Report {
            node: node.clone(),
            counters: None,
        };
        // A node that is silent once is not asked again.
        if inventory.answers.iter().any(Answer::is_ok) {
            let asked = plan(session, "daemon_stats")?;
            let stats = session.call(&asked, &mut |_, _| Ok(())).await?;
            report.counters = stats.answers.into_iter().next().map(|answer| {
                if answer.is_ok() {
                    Ok(answer.reply.data)
                } else {
                    Err(answer.reply.statusmsg)
                }
            });
        }
        session.present(&asked, &inventory, &mut report)?;
        let exit = session.exit(&inventory);
        if session.form.is_text() && inventory.answers.is_empty() {
            let why = if inventory.interrupted.is_some() {
                "interrupted"
            } else {
                "no answer"
            };
            let why = if inventory.nomatch.is_empty() {
                why
            } else {
                "it does not match the filter"
            };
            let message = format!("Did not receive any results from node {node}: {why}");
            let hint = format!("`mco find -I {node}` asks whether the broker sees it");
            return Err(CommandError::new(session.none_exit(exit), message).hint(hint));
        }
        Ok(exit)
    })
}

/// What the node said of itself.
struct Report {
    node: Identity,
    /// Of `daemon_stats`, or why there is nothing.
    counters: Option<Result<Data, String>>,
}

impl Report {
    fn counters(&self) -> Option<&Data> {
        self.counters.as_ref()?.as_ref().ok()
    }
}

impl View for Report {
    fn name(&self) -> &'static str {
        "inventory"
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        if !answer.is_ok() {
            return Ok(());
        }
        if let Some(Err(why)) = &self.counters {
            complain(format_args!(
                "warning: Failed to retrieve daemon_stats from {}: {}",
                self.node,
                safe_line(why)
            ));
        }
        report(out, &self.node, self.counters(), &answer.reply.data)
    }

    fn end(&mut self, _out: &mut Out, _account: &Account) -> io::Result<()> {
        Ok(())
    }

    fn own(&self, account: &Account) -> Data {
        let inventory = inventory(account);
        let own = [
            ("identity", json!(self.node)),
            ("daemon_stats", json!(self.counters())),
            ("inventory", json!(inventory)),
        ];
        own.map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect()
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["Section", "Name", "Value"]);
        let data = inventory(account)?;
        if let Some(counters) = self.counters() {
            for (label, value) in statistics(counters, data) {
                table.push(["statistics", label, &value]);
            }
        }
        for (section, list) in [
            ("agent", "agents"),
            ("data plugin", "data_plugins"),
            ("class", "classes"),
        ] {
            for name in names(data, list) {
                table.push([section, &name, ""]);
            }
        }
        let mut facts: Vec<(&String, &Value)> = facts(data).collect();
        facts.sort_by_key(|(name, _)| *name);
        for (name, value) in facts {
            table.push(["fact", name, &cell(Some(value))]);
        }
        Some(table)
    }
}

fn inventory(account: &Account) -> Option<&Data> {
    let answer = account.answers.iter().find(|answer| answer.is_ok())?;
    Some(&answer.reply.data)
}

fn names(data: &Data, key: &str) -> Vec<String> {
    let names = data.get(key).and_then(Value::as_array);
    let mut names: Vec<String> = names.into_iter().flatten().map(text).collect();
    names.sort();
    names
}

fn facts(data: &Data) -> impl Iterator<Item = (&String, &Value)> {
    let facts = data.get("facts").and_then(Value::as_object);
    facts.into_iter().flatten()
}

fn report(out: &mut Out, node: &Identity, counters: Option<&Data>, data: &Data) -> io::Result<()> {
    out.line(format!("Inventory for {node}:\n"))?;
    if let Some(counters) = counters {
        out.line("   Server Statistics:")?;
        for (label, value) in statistics(counters, data) {
            out.line(format!("{label:>29}: {}", safe_line(&value)))?;
        }
        out.line("")?;
    }
    let names = |key: &str| -> Vec<String> {
        let names = names(data, key);
        names.iter().map(|name| safe_line(name)).collect()
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
    let mut facts: Vec<String> = facts(data)
        .map(|(name, value)| format!("      {} => {}", safe_line(name), safe_line(&text(value))))
        .collect();
    facts.sort();
    section(out, "Facts", "No facts known", facts)
}

fn section(out: &mut Out, title: &str, none: &str, lines: Vec<String>) -> io::Result<()> {
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
            seconds(time("utime") + time("stime")),
        ),
        ("System Time", seconds(time("stime"))),
    ]
}

/// As Ruby prints a float of so many microseconds.
fn seconds(time: f64) -> String {
    format!("{:?} seconds", (time * 1e6).round() / 1e6)
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
