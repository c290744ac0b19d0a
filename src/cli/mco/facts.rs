//! `mco facts FACT`: which values a fact has in the fleet, and how often.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Options, Session, filters, plan};
use crate::{
    cli::{
        CommandError, Exit,
        render::{inspect::inspect, json, out::safe_line, stats},
        tree::{FactsArgs, General},
    },
    mcorpc::{ddl::builtin, names::Identity, reply::Outcome},
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
    let filter = filters::filter(&args.filters)?;
    let ddl = builtin::rpcutil();
    let action = plan::action("get_fact")?;
    let inputs = plan::inputs(ddl, &action, &[("fact".to_owned(), fact.clone())])?;
    let options = Options {
        general,
        common: &args.common,
        progress: !args.json,
    };
    Session::run(&options, async |session| {
        let call = session.plan(ddl, &action, inputs, filter)?;
        let account = session.call(&call, |_, _| Ok(())).await?;
        // Sorted by their text, as the original does.
        let mut values: BTreeMap<String, (Value, Vec<&Identity>)> = BTreeMap::new();
        for answer in &account.answers {
            let reply = &answer.reply;
            let value = reply.data.get("value").cloned().unwrap_or_default();
            if reply.outcome == Outcome::Ok && !value.is_null() {
                let text = match &value {
                    Value::String(text) => text.clone(),
                    other => inspect(other),
                };
                values
                    .entry(text)
                    .or_insert_with(|| (value, Vec::new()))
                    .1
                    .push(&reply.sender);
            }
        }
        let out = &mut session.out;
        if args.json {
            let rows: Vec<Value> = values
                .values()
                .map(|(value, nodes)| json!({ "value": value, "count": nodes.len(), "nodes": nodes }))
                .collect();
            json::print(
                out,
                &json!({ "fact": fact, "values": rows, "no_response": account.no_response }),
            )?;
            return Ok(session.exit(&account));
        }
        if values.is_empty() {
            out.line(format!("No values found for fact {fact}"))?;
        } else {
            out.line(format!("Report for fact: {fact}\n"))?;
            let width = values
                .keys()
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
                .max(40);
            for (text, (_, nodes)) in &mut values {
                out.line(format!(
                    "        {:<width$} found {} times",
                    safe_line(text),
                    nodes.len()
                ))?;
                if session.verbose {
                    nodes.sort();
                    out.line("")?;
                    for node in nodes {
                        out.line(format!("            {node}"))?;
                    }
                    out.line("")?;
                }
            }
        }
        if session.verbose {
            stats::verbose(out, &account, "rpc stats")?;
        } else {
            stats::short(out, &account)?;
        }
        stats::missing(out, &account)?;
        Ok(session.exit(&account))
    })
}
