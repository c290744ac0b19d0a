//! `mco puppet summary`: how figures of the last runs are spread over the fleet.

use std::io;

use serde_json::{Map, Value, json};

use super::results;
use crate::{
    cli::render::{Out, View, graph, stats, table::Table},
    client::{Account, Answer},
};

pub(super) struct Spread;

/// What is shown: the label, and the output of `last_run_summary`.
const ROWS: [(&str, &str); 8] = [
    ("Total resources", "total_resources"),
    ("Out Of Sync resources", "out_of_sync_resources"),
    ("Failed resources", "failed_resources"),
    ("Changed resources", "changed_resources"),
    ("Corrected resources", "corrected_resources"),
    ("Config Retrieval time (seconds)", "config_retrieval_time"),
    ("Total run-time (seconds)", "total_time"),
    ("Time since last run (seconds)", "since_lastrun"),
];

impl View for Spread {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        let nodes = ran(account).count();
        let never = account
            .answers
            .iter()
            .filter(|answer| answer.is_ok())
            .count()
            - nodes;
        if account.addressed() == 0 {
            return results::footer(out, account, None, false);
        }
        out.line(format!("Summary statistics for {nodes} nodes:\n"))?;
        for (label, name) in ROWS {
            let values = values(account, name);
            let figures = figures(&values).map_or_else(String::new, |(min, mean, max)| {
                let [min, mean, max] = [min, mean, max].map(short);
                format!(
                    "{}  min: {min:<6} avg: {mean:<6} max: {max:<6}",
                    graph::spread(&values, BUCKETS)
                )
            });
            out.line(format!("{label:>33}: {figures}").trim_end())?;
        }
        out.line("")?;
        if never > 0 {
            out.line(format!(
                "{never} more have no figures: Puppet has not completed a run there, or nobody can tell\n"
            ))?;
        }
        stats::missing(out, account)
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let rows = ROWS.iter().map(|(_, name)| {
            let figures = figures(&values(account, name));
            let figures =
                figures.map(|(min, mean, max)| json!({"min": min, "avg": mean, "max": max}));
            ((*name).to_owned(), json!(figures))
        });
        let mut own = Map::new();
        own.insert("figures".to_owned(), Value::Object(rows.collect()));
        own
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["What", "Min", "Avg", "Max"]);
        for (label, name) in ROWS {
            let figures = figures(&values(account, name));
            let cells = figures.map(|(min, mean, max)| [min, mean, max].map(short));
            let [min, mean, max] = cells.unwrap_or_default();
            table.push([label.to_owned(), min, mean, max]);
        }
        Some(table)
    }
}

/// The bars of a row.
const BUCKETS: usize = 20;

/// Answers of nodes where a run was completed: others have nothing to count, and a last run in 1970.
fn ran(account: &Account) -> impl Iterator<Item = &Answer> {
    account.answers.iter().filter(|answer| {
        let last = answer.reply.data.get("lastrun").and_then(Value::as_i64);
        answer.is_ok() && last.is_some_and(|last| last > 0)
    })
}

fn values(account: &Account, name: &str) -> Vec<f64> {
    ran(account)
        .filter_map(|answer| answer.reply.data.get(name)?.as_f64())
        // What is below nothing is not known.
        .filter(|value| value.is_finite() && *value >= 0.0)
        .collect()
}

/// The least, the mean and the most.
fn figures(values: &[f64]) -> Option<(f64, f64, f64)> {
    let max = values.iter().copied().reduce(f64::max)?;
    let min = values.iter().copied().reduce(f64::min)?;
    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^52 nodes")]
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Some((min, mean, max))
}

/// As the original shortens numbers.
fn short(number: f64) -> String {
    if number >= 1_000_000.0 {
        format!("{:.1}m", number / 1_000_000.0)
    } else if number >= 1000.0 {
        format!("{:.1}k", number / 1000.0)
    } else {
        format!("{number:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (number, expected) in [
            (0.0, "0.0"),
            (999.94, "999.9"),
            (1000.0, "1.0k"),
            (1_234_567.0, "1.2m"),
        ] {
            assert_eq!(short(number), expected);
        }
        assert_eq!(figures(&[1.0, 2.0, 6.0]), Some((1.0, 3.0, 6.0)));
        assert_eq!(figures(&[]), None);
    }
}
