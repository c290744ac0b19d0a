//! `mco puppet count`: how many nodes are in which state.

use std::io;

use serde_json::{Map, Value, json};

use crate::{
    cli::render::{Out, View, out::Paint, stats, table::Table},
    client::{Account, Answer},
};

pub(super) struct Counts;

/// How many are so; the label, the name in documents, and whether a gap precedes it.
type Row = (&'static str, &'static str, usize);

impl View for Counts {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        out.line(format!("Total Puppet nodes: {}\n", account.addressed()))?;
        for (at, (label, _, count)) in rows(account).into_iter().enumerate() {
            if at == 2 || at == 4 {
                out.line("")?;
            }
            out.line(format!("{label:>33}: {count}"))?;
        }
        let unknown = unknown(account);
        if unknown > 0 {
            let label = "Enabled or disabled is unknown";
            out.line(format!("\n{label:>33}: {unknown}"))?;
        }
        out.line("")?;
        let failures = account.failures();
        if failures > 0 {
            let nodes = if failures == 1 { "node" } else { "nodes" };
            let line = format!("Failed to retrieve status of {failures} {nodes}");
            out.line(out.painted(Paint::Red, &line))?;
        }
        stats::missing(out, account)
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let counts = rows(account)
            .into_iter()
            .map(|(_, name, count)| (name.to_owned(), json!(count)))
            .chain([("enabled_unknown".to_owned(), json!(unknown(account)))]);
        let mut own = Map::new();
        own.insert("counts".to_owned(), Value::Object(counts.collect()));
        own
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["What", "Nodes"]);
        table.push(["Total Puppet nodes", &account.addressed().to_string()]);
        for (label, _, count) in rows(account) {
            table.push([label, &count.to_string()]);
        }
        Some(table)
    }
}

/// Nodes that answered, and can't tell whether runs are allowed.
fn unknown(account: &Account) -> usize {
    let answers = account.answers.iter().filter(|answer| answer.is_ok());
    let is_told = |answer: &&Answer| {
        !answer
            .reply
            .data
            .get("enabled")
            .is_some_and(Value::is_boolean)
    };
    answers.filter(is_told).count()
}

fn rows(account: &Account) -> [Row; 7] {
    let count = |name: &str, wanted: bool| {
        let so = |answer: &&Answer| answer.reply.data.get(name) == Some(&Value::Bool(wanted));
        account
            .answers
            .iter()
            .filter(|answer| answer.is_ok())
            .filter(so)
            .count()
    };
    [
        ("Nodes currently enabled", "enabled", count("enabled", true)),
        (
            "Nodes currently disabled",
            "disabled",
            count("enabled", false),
        ),
        (
            "Nodes currently doing puppet runs",
            "applying",
            count("applying", true),
        ),
        (
            "Nodes currently stopped",
            "not_applying",
            count("applying", false),
        ),
        (
            "Nodes with daemons started",
            "daemon",
            count("daemon_present", true),
        ),
        (
            "Nodes without daemons started",
            "no_daemon",
            count("daemon_present", false),
        ),
        (
            "Daemons started but idling",
            "idling",
            count("idling", true),
        ),
    ]
}
