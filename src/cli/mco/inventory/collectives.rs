//! `mco inventory --list-collectives` and `--collective-graph`: which nodes are in which collective.

use std::{collections::BTreeMap, fmt::Write as _, io, path::Path};

use serde_json::{Map, Value, json};

use crate::{
    cli::{
        CommandError, Exit,
        mco::{Options, Session, plan},
        render::{Out, View, out::safe_line, stats, table::Table},
        tree::{General, InventoryArgs},
    },
    client::{Account, Answer},
    mcorpc::{ddl::builtin, filter::Filter, names::Identity},
    sys::{self, file::Mode},
};

/// Reports.
pub(super) fn run(
    args: &InventoryArgs,
    filter: Filter,
    general: &General,
) -> Result<Exit, CommandError> {
    let options = Options {
        general,
        common: &args.common,
        progress: true,
    };
    Session::run(&options, async |session| {
        let action = plan::action("collective_info")?;
        let call = session.plan(builtin::rpcutil(), &action, Map::new(), filter)?;
        let graph = args.collective_graph.as_deref();
        let account = session.show(&call, &mut Collectives { graph }).await?;
        if let Some(file) = graph {
            let dot = dot(&members(&account));
            sys::file::write_atomic(file, dot.as_bytes(), Mode::KeepOr(0o644))
                .map_err(|error| CommandError::new(Exit::Software, error.to_string()))?;
            if session.form.is_text() {
                let nodes = answers(&account).count();
                session.out.line(format!(
                    "Graph of {nodes} nodes has been written to {}",
                    file.display()
                ))?;
            }
        }
        Ok(session.report_exit(&account))
    })
}

/// The nodes of each collective, both by name.
fn members(account: &Account) -> BTreeMap<&str, Vec<&Identity>> {
    let mut members: BTreeMap<&str, Vec<&Identity>> = BTreeMap::new();
    for answer in answers(account) {
        let collectives = answer.reply.data.get("collectives");
        let collectives = collectives.and_then(Value::as_array);
        for name in collectives.into_iter().flatten().filter_map(Value::as_str) {
            members.entry(name).or_default().push(&answer.reply.sender);
        }
    }
    for nodes in members.values_mut() {
        nodes.sort();
        nodes.dedup();
    }
    members
}

fn answers(account: &Account) -> impl Iterator<Item = &Answer> {
    account.answers.iter().filter(|answer| answer.is_ok())
}

/// The smallest collectives first.
fn by_size(account: &Account) -> Vec<(&str, Vec<&Identity>)> {
    let mut collectives: Vec<_> = members(account).into_iter().collect();
    collectives.sort_by_key(|(_, nodes)| nodes.len());
    collectives
}

/// A graph for `dot`, laid out as the original's.
fn dot(members: &BTreeMap<&str, Vec<&Identity>>) -> String {
    let mut dot = String::from("graph {\n");
    for (collective, nodes) in members {
        let collective = quoted(collective);
        let _infallible = writeln!(dot, "   subgraph {collective} {{");
        for node in nodes {
            let _infallible = writeln!(dot, "      {} -- {collective}", quoted(node.as_str()));
        }
        dot.push_str("   }\n");
    }
    dot.push_str("}\n");
    dot
}

fn quoted(name: &str) -> String {
    let name = safe_line(name).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{name}\"")
}

struct Collectives<'a> {
    graph: Option<&'a Path>,
}

impl View for Collectives<'_> {
    fn name(&self) -> &'static str {
        "inventory"
    }

    fn begin(&mut self, out: &mut Out) -> io::Result<()> {
        if self.graph.is_some() {
            out.line("Retrieving collective info....")?;
            out.flush()?;
        }
        Ok(())
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        if self.graph.is_none() {
            out.line(format!("   {:<30} Nodes", "Collective"))?;
            out.line(format!("   {:<30} =====", "=========="))?;
            for (name, nodes) in by_size(account) {
                out.line(format!("   {:<30} {}", safe_line(name), nodes.len()))?;
            }
            let nodes = answers(account).count();
            out.line(format!("\n   {:>30} {nodes}\n", "Total nodes:"))?;
        }
        stats::complain_of_silence(account);
        Ok(())
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let collectives: Vec<Value> = by_size(account)
            .into_iter()
            .map(|(name, nodes)| json!({ "name": name, "count": nodes.len(), "nodes": nodes }))
            .collect();
        let own = json!({ "collectives": collectives });
        own.as_object().cloned().unwrap_or_default()
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["Collective", "Nodes"]);
        for (name, nodes) in by_size(account) {
            table.push([name, &nodes.len().to_string()]);
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_is_the_originals_and_names_cannot_break_out() {
        let node = |name: &str| Identity::new(name).unwrap();
        let (a, b) = (node("a"), node("b"));
        let members = BTreeMap::from([("eu", vec![&a]), ("all\" {", vec![&a, &b])]);
        assert_eq!(
            dot(&members),
            "graph {\n   subgraph \"all\\\" {\" {\n      \"a\" -- \"all\\\" {\"\n      \"b\" -- \"all\\\" {\"\n   }\n   \
             subgraph \"eu\" {\n      \"a\" -- \"eu\"\n   }\n}\n"
        );
    }
}
