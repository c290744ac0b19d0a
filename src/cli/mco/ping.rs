//! `mco ping`: who is there, and how fast.

use std::io;

use serde_json::{Map, Value, json};

use super::{Options, Session, filters};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View, graph, stats, table::Table},
        tree::{General, PingArgs},
    },
    client::{Account, Answer, Verdict},
    sys,
};

/// Pings.
pub(super) fn run(args: &PingArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(general, &args.filters)?;
    let options = Options {
        general,
        common: &args.common,
        progress: false,
    };
    Session::run(&options, async |session| {
        let call = session.plan_ping(filter)?;
        let mut view = Times {
            graph: args.graph || session.ping_graph,
        };
        let account = session.show(&call, &mut view).await?;
        Ok(match account.verdict() {
            // The original's ping makes no discovery, so for it silence is always 4.
            Verdict::NobodyMatched | Verdict::NobodyAnswered if account.interrupted.is_none() => {
                Exit::NobodyAnsweredUndiscovered
            }
            _ => session.exit(&account),
        })
    })
}

/// Who is there, and how fast.
struct Times {
    graph: bool,
}

impl View for Times {
    fn name(&self) -> &'static str {
        "ping"
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        if !answer.is_ok() {
            return Ok(());
        }
        out.line(format!(
            "{:<40} time={} ms",
            answer.reply.sender,
            stats::milliseconds(answer.after)
        ))
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        let times = times(account);
        out.line("\n\n---- ping statistics ----")?;
        let mut line = statistics(&times);
        if self.graph {
            let width = sys::terminal::width().unwrap_or(80);
            let room = width.saturating_sub(line.chars().count());
            line.push_str(&graph::bars(&times, room));
        }
        out.line(line)?;
        stats::missing(out, account)
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let mut own = Map::new();
        if let Some((min, max, mean)) = spread(&times(account)) {
            let [min, max, mean] = [min, max, mean].map(|ms| (ms * 1000.0).round() / 1000.0);
            let times = json!({ "min_ms": min, "max_ms": max, "avg_ms": mean });
            own.insert("times".to_owned(), times);
        }
        own
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["Node", "Milliseconds"]);
        for answer in account.answers.iter().filter(|answer| answer.is_ok()) {
            let time = stats::milliseconds(answer.after);
            table.push([answer.reply.sender.as_str(), &time]);
        }
        Some(table)
    }
}

fn times(account: &Account) -> Vec<f64> {
    account
        .answers
        .iter()
        .filter(|answer| answer.is_ok())
        .map(|answer| answer.after.as_secs_f64() * 1000.0)
        .collect()
}

/// The shortest and the longest time, and the mean.
fn spread(times: &[f64]) -> Option<(f64, f64, f64)> {
    let max = times.iter().copied().reduce(f64::max)?;
    let min = times.iter().copied().reduce(f64::min)?;
    #[allow(clippy::cast_precision_loss, reason = "fewer than 2^52 times")]
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    Some((min, max, mean))
}

/// The original's line, with the blank before the graph.
fn statistics(times: &[f64]) -> String {
    let Some((min, max, mean)) = spread(times) else {
        return "No responses received".to_owned();
    };
    let count = times.len();
    format!("{count} replies max: {max:.2} min: {min:.2} avg: {mean:.2} ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_the_originals() {
        assert_eq!(
            statistics(&[10.08, 50.58]),
            "2 replies max: 50.58 min: 10.08 avg: 30.33 "
        );
        assert_eq!(statistics(&[]), "No responses received");
    }
}
