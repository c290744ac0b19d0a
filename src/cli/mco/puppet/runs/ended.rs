//! How runs ended, as people and scripts see it.

use std::{io, time::Duration};

use serde_json::{Map, Value, json};

use super::{End, seconds, time};
use crate::{
    cli::{
        mco::puppet::results,
        render::{
            Out, View,
            out::{Paint, safe_line},
            table::Table,
        },
    },
    client::{Account, Answer},
    mcorpc::{
        names::{AgentName, CallerId, Identity, RequestId},
        reply::{Outcome, Reply, StatusCode},
    },
};

/// What all answers have in common.
pub(super) struct Of {
    pub(super) id: RequestId,
    pub(super) caller: CallerId,
    pub(super) agent: AgentName,
}

/// A run that ended, as if the node had answered only then.
pub(super) fn answer(name: &Identity, end: &End, took: Duration, of: &Of) -> Answer {
    let (outcome, code, message) = match end {
        End::Failed(why) => (Outcome::Failed, StatusCode::ABORTED, why.as_str()),
        End::TimedOut(why) => (
            Outcome::StillRunning,
            StatusCode::UNKNOWN_ERROR,
            why.as_str(),
        ),
        _ => (Outcome::Ok, StatusCode::OK, "OK"),
    };
    let mut data = Map::new();
    data.insert("result".to_owned(), end.word().into());
    data.insert("seconds".to_owned(), seconds(took));
    let reply = Reply {
        id: of.id.clone(),
        caller: of.caller.clone(),
        agent: of.agent.clone(),
        sender: name.clone(),
        outcome,
        statuscode: code,
        statusmsg: message.to_owned(),
        data,
        time_ms: 0,
    };
    Answer { reply, after: took }
}

/// A line for each node as its run ends, and a table.
#[derive(Default)]
pub(super) struct Ended;

impl View for Ended {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        let result = painted(out, answer);
        let reply = &answer.reply;
        let seconds = answer.after.as_secs_f64();
        let mut line = format!(
            "{}: {} {result} after {seconds:.0} seconds",
            time(),
            reply.sender
        );
        if !answer.is_ok() {
            line.push_str(": ");
            line.push_str(&safe_line(&reply.statusmsg));
        }
        out.line(line)
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        if account.addressed() + account.unasked.len() > 0 {
            out.line("")?;
            table(account).print(out)?;
            out.line("")?;
            let counts: Vec<String> = counts(account)
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(word, count)| format!("{count} {word}"))
                .collect();
            out.line(counts.join(", "))?;
        }
        results::footer(out, account, None, false)
    }

    fn shows_failures(&self) -> bool {
        true
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let counts = counts(account)
            .into_iter()
            .map(|(word, count)| (word.replace(' ', "_"), json!(count)));
        let mut own = Map::new();
        own.insert("runs".to_owned(), Value::Object(counts.collect()));
        own
    }

    fn table(&self, account: &Account) -> Option<Table> {
        Some(table(account))
    }
}

fn result(answer: &Answer) -> &str {
    answer
        .reply
        .data
        .get("result")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn painted(out: &Out, answer: &Answer) -> String {
    let word = result(answer);
    match word {
        "changed" => out.painted(Paint::Yellow, word),
        "unchanged" => out.painted(Paint::Green, word),
        word => out.painted(Paint::Red, word),
    }
}

fn table(account: &Account) -> Table {
    let mut table = Table::new(["Node", "Result", "Seconds", "Message"]);
    let mut answers: Vec<&Answer> = account.answers.iter().collect();
    answers.sort_by(|a, b| a.reply.sender.cmp(&b.reply.sender));
    for answer in answers {
        let message = Some(answer.reply.statusmsg.as_str()).filter(|message| *message != "OK");
        let seconds = format!("{:.0}", answer.after.as_secs_f64());
        table.push([
            answer.reply.sender.as_str(),
            result(answer),
            &seconds,
            message.unwrap_or_default(),
        ]);
    }
    for silent in &account.no_response {
        table.push([silent.node.as_str(), "no_response", "", silent.why.as_str()]);
    }
    for node in &account.unasked {
        table.push([node.as_str(), "not_asked", "", ""]);
    }
    table
}

fn counts(account: &Account) -> [(&'static str, usize); 6] {
    let count = |word: &str| {
        account
            .answers
            .iter()
            .filter(|answer| result(answer) == word)
            .count()
    };
    [
        ("changed", count("changed")),
        ("unchanged", count("unchanged")),
        ("failed", count("failed")),
        ("still running", count("timeout")),
        ("without response", account.no_response.len()),
        ("not asked", account.unasked.len()),
    ]
}
