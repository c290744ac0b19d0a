//! `mco find`: the names of the nodes that a filter chooses.

use std::{io, time::Instant};

use serde_json::{Value, json};

use super::{Options, Session, filters};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View, stats, table::Table},
        tree::{FindArgs, General},
        voice::complain,
    },
    client::{Account, Answer},
    mcorpc::names::{ActionName, Identity},
};

/// Finds.
pub(super) fn run(args: &FindArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(general, &args.filters)?;
    let options = Options {
        general,
        common: &args.common,
        progress: false,
    };
    Session::run(&options, async |session| {
        let begun = Instant::now();
        let call = session.plan_ping(filter)?;
        let account = session.show(&call, &mut Found).await?;
        if session.verbose {
            complain(format_args!(
                "\nDiscovered {} nodes in {:.2} seconds using the broker at {}",
                found(&account).count(),
                begun.elapsed().as_secs_f64(),
                session.broker()
            ));
        }
        Ok(if account.interrupted.is_some() {
            session.exit(&account)
        } else if found(&account).next().is_some() {
            Exit::Ok
        } else if account.addressed() == 0 {
            Exit::NobodyMatched
        } else {
            // Whoever stayed silent, or refused to say, may have matched.
            session.none_exit(session.exit(&account))
        })
    })
}

fn found(account: &Account) -> impl Iterator<Item = &Identity> {
    account
        .answers
        .iter()
        .filter(|answer| answer.is_ok())
        .map(|answer| &answer.reply.sender)
}

/// Names alone.
struct Found;

impl View for Found {
    fn name(&self) -> &'static str {
        "find"
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        if answer.is_ok() {
            out.line(answer.reply.sender.as_str())?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Out, account: &Account) -> io::Result<()> {
        stats::complain_of_silence(account);
        Ok(())
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["Node"]);
        for node in found(account) {
            table.push([node.as_str()]);
        }
        Some(table)
    }

    fn array(&self, account: &Account, _action: &ActionName) -> Option<Value> {
        let names: Vec<&Identity> = found(account).collect();
        Some(json!(names))
    }
}
