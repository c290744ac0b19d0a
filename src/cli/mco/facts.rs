//! `mco facts FACT`: which values a fact has in the fleet, and how often.

use std::{collections::BTreeMap, io};

use serde_json::{Map, Value, json};

use super::{Options, Session, filters, plan, suggest};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View, out::safe_line, stats, table::Table},
        tree::{FactsArgs, General},
    },
    client::{Account, Answer},
    mcorpc::{ddl::builtin, inspect::inspect, names::Identity},
    text,
};

/// Reports.
pub(super) fn run(args: &FactsArgs, general: &General) -> Result<Exit, CommandError> {
    let Some(fact) = &args.fact else {
        return Err(
            CommandError::usage("Please specify a fact to report for").hint(
                "for example `mco facts os.family`; `mco inventory NODE` lists the facts of a node",
            ),
        );
    };
    let filter = filters::filter(general, &args.filters)?;
    let ddl = builtin::rpcutil();
    let action = plan::action("get_fact")?;
    let inputs = plan::inputs(ddl, &action, &[("fact".to_owned(), fact.clone())])?;
    let options = Options {
        general,
        common: &args.common,
        progress: true,
    };
    Session::run(&options, async |session| {
        let call = session.plan(ddl, &action, inputs, filter)?;
        let mut view = Counts {
            fact: fact.clone(),
            verbose: session.verbose,
        };
        let account = session.show(&call, &mut view).await?;
        let asked = account.answers.iter().find(|answer| answer.is_ok());
        if let Some(answer) = asked.filter(|_| groups(&account).is_empty()) {
            suggest::facts(session, &answer.reply.sender, &[fact]).await;
        }
        Ok(session.exit(&account))
    })
}

/// How often each value occurs.
struct Counts {
    fact: String,
    verbose: bool,
}

/// A value, and the nodes that have it.
struct Group<'a> {
    value: &'a Value,
    nodes: Vec<&'a Identity>,
}

/// Values by their text, as the original sorts them.
fn groups(account: &Account) -> BTreeMap<String, Group<'_>> {
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    for answer in account.answers.iter().filter(|answer| answer.is_ok()) {
        let reply = &answer.reply;
        let Some(value) = reply.data.get("value").filter(|value| !value.is_null()) else {
            continue;
        };
        let group = groups.entry(shown(value)).or_insert_with(|| Group {
            value,
            nodes: Vec::new(),
        });
        group.nodes.push(&reply.sender);
    }
    for group in groups.values_mut() {
        group.nodes.sort();
    }
    groups
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => inspect(other),
    }
}

impl View for Counts {
    fn name(&self) -> &'static str {
        "facts"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        let groups = groups(account);
        if groups.is_empty() {
            out.line(format!(
                "No values found for fact {}",
                safe_line(&self.fact)
            ))?;
        } else {
            out.line(format!("Report for fact: {}\n", safe_line(&self.fact)))?;
        }
        let longest = groups.keys().map(|text| text.chars().count()).max();
        let width = longest.unwrap_or(0).max(40);
        for (value, group) in &groups {
            out.line(format!(
                "        {} found {} times",
                text::left(&safe_line(value), width),
                group.nodes.len()
            ))?;
            if self.verbose {
                out.line("")?;
                for node in &group.nodes {
                    out.line(format!("            {node}"))?;
                }
                out.line("")?;
            }
        }
        if self.verbose {
            stats::verbose(out, account, "rpc stats")?;
        } else {
            stats::short(out, account)?;
        }
        stats::missing(out, account)
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let values: Vec<Value> = groups(account)
            .values()
            .map(|group| {
                json!({ "value": group.value, "count": group.nodes.len(), "nodes": group.nodes })
            })
            .collect();
        let own = [("fact", json!(self.fact)), ("values", json!(values))];
        own.map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect()
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["Value", "Count"]);
        for (text, group) in groups(account) {
            table.push([text, group.nodes.len().to_string()]);
        }
        Some(table)
    }

    /// Only nodes that have the fact.
    fn shows(&self, answer: &Answer) -> bool {
        answer.is_ok()
            && answer
                .reply
                .data
                .get("value")
                .is_some_and(|value| !value.is_null())
    }
}
