//! `mco ping`: who is there, and how fast.

use std::time::Duration;

use serde_json::json;

use super::{Options, Session, filters};
use crate::{
    cli::{
        CommandError, Exit,
        render::{
            graph, json,
            stats::{self, milliseconds},
        },
        tree::{General, PingArgs},
        voice::complain,
    },
    client::Verdict,
    sys,
};

/// Pings.
pub(super) fn run(args: &PingArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(&args.filters)?;
    let options = Options {
        general,
        common: &args.common,
        progress: false,
    };
    Session::run(&options, async |session| {
        let call = session.plan_ping(filter)?;
        let quiet = args.json;
        let account = session
            .call(&call, |out, answer| {
                if !answer.is_ok() {
                    complain(stats::unwilling(answer));
                } else if !quiet {
                    out.line(format!(
                        "{:<40} time={} ms",
                        answer.reply.sender,
                        milliseconds(answer.after)
                    ))?;
                    out.flush()?;
                }
                Ok(())
            })
            .await?;
        if args.json {
            let replies: Vec<_> = account
                .answers
                .iter()
                .filter(|answer| answer.is_ok())
                .map(|answer| json!({ "sender": answer.reply.sender, "ms": ms(answer.after) }))
                .collect();
            json::print(
                &mut session.out,
                &json!({ "replies": replies, "no_response": account.no_response }),
            )?;
        } else {
            let times: Vec<f64> = account
                .answers
                .iter()
                .filter(|answer| answer.is_ok())
                .map(|answer| ms(answer.after))
                .collect();
            session.out.line("\n\n---- ping statistics ----")?;
            let mut line = statistics(&times);
            if args.graph || session.ping_graph {
                let width = sys::terminal::width().unwrap_or(80);
                line.push_str(&graph::bars(
                    &times,
                    width.saturating_sub(line.chars().count()),
                ));
            }
            session.out.line(line)?;
            stats::missing(&mut session.out, &account)?;
        }
        Ok(match account.verdict() {
            // The original's ping makes no discovery, so for it silence is always 4.
            Verdict::NobodyMatched | Verdict::NobodyAnswered if account.interrupted.is_none() => {
                Exit::NobodyAnsweredUndiscovered
            }
            _ => session.exit(&account),
        })
    })
}

/// Milliseconds, to the microsecond.
fn ms(duration: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a wait of fewer than 2^52 microseconds
    let microseconds = duration.as_micros() as f64;
    microseconds / 1000.0
}

/// The original's line, with the blank before the graph.
fn statistics(times: &[f64]) -> String {
    if times.is_empty() {
        return "No responses received".to_owned();
    }
    let max = times.iter().copied().fold(f64::MIN, f64::max);
    let min = times.iter().copied().fold(f64::MAX, f64::min);
    #[allow(clippy::cast_precision_loss)] // a mean of fewer than 2^52 times
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    format!(
        "{} replies max: {max:.2} min: {min:.2} avg: {mean:.2} ",
        times.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_the_originals() {
        assert_eq!(
            statistics(&[10.08, 50.57]),
            "2 replies max: 50.57 min: 10.08 avg: 30.32 "
                .replace("30.32", &format!("{:.2}", 60.65 / 2.0))
        );
        assert_eq!(statistics(&[]), "No responses received");
    }
}
