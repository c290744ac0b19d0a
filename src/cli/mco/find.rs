//! `mco find`: the names of the nodes that a filter chooses.

use std::time::Instant;

use super::{Options, Session, filters};
use crate::{
    cli::{
        CommandError, Exit,
        render::{json, stats},
        tree::{FindArgs, General},
        voice::complain,
    },
    client::Answer,
    mcorpc::names::Identity,
};

/// Finds.
pub(super) fn run(args: &FindArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(&args.filters)?;
    let options = Options {
        general,
        common: &args.common,
        progress: false,
    };
    Session::run(&options, async |session| {
        let begun = Instant::now();
        let call = session.plan_ping(filter)?;
        let json = args.json;
        let account = session
            .call(&call, |out, answer| {
                if !answer.is_ok() {
                    complain(stats::unwilling(answer));
                } else if !json {
                    out.line(answer.reply.sender.as_str())?;
                    out.flush()?;
                }
                Ok(())
            })
            .await?;
        if json {
            let names: Vec<&Identity> = account
                .answers
                .iter()
                .filter(|answer| answer.is_ok())
                .map(|answer| &answer.reply.sender)
                .collect();
            json::print(&mut session.out, &names)?;
        }
        session.out.flush()?;
        if session.verbose {
            complain(format_args!(
                "\nDiscovered {} nodes in {:.2} seconds using the broker at {}",
                account
                    .answers
                    .iter()
                    .filter(|answer| answer.is_ok())
                    .count(),
                begun.elapsed().as_secs_f64(),
                session.broker()
            ));
        }
        if let Some(line) = stats::silent(&account) {
            complain(line);
        }
        Ok(if account.interrupted.is_some() {
            session.exit(&account)
        } else if account.answers.iter().any(Answer::is_ok) {
            Exit::Ok
        } else if account.no_response.is_empty() {
            Exit::NobodyMatched
        } else {
            // Whoever stayed silent may have matched.
            session.exit(&account)
        })
    })
}
