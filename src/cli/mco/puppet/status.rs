//! `mco puppet status`: a line for each node.

use std::io;

use serde_json::{Map, Value};

use super::results;
use crate::{
    cli::render::{Out, View, out::safe_line, table::Table},
    client::{Account, Answer},
    mcorpc::ddl::Action,
    text,
};

pub(super) struct Status<'a> {
    declared: &'a Action,
}

impl<'a> Status<'a> {
    pub(super) const fn of(declared: &'a Action) -> Self {
        Self { declared }
    }
}

impl View for Status<'_> {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        // The longest name decides where the lines begin.
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        out.line("")?;
        for line in rows(account) {
            out.line(line)?;
        }
        results::footer(out, account, Some(self.declared), false)
    }

    fn declared(&self) -> Option<&Action> {
        Some(self.declared)
    }

    fn shows_failures(&self) -> bool {
        true
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(["Node", "Status", "Enabled", "Daemon", "Last Run", "Message"]);
        for answer in &account.answers {
            let data = &answer.reply.data;
            let text = |name: &str| {
                data.get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let yes =
                |name: &str, yes: &str, no: &str| match data.get(name).and_then(Value::as_bool) {
                    Some(true) => yes.to_owned(),
                    Some(false) => no.to_owned(),
                    None => String::new(),
                };
            let last = data.get("lastrun").and_then(Value::as_i64).unwrap_or(0);
            let last = (last > 0)
                .then(|| crate::sys::clock::Local::at(last))
                .flatten();
            table.push([
                answer.reply.sender.to_string(),
                match text("disable_message") {
                    reason if reason.is_empty() => text("status"),
                    reason => format!("{}: {reason}", text("status")),
                },
                yes("enabled", "yes", "no"),
                yes("daemon_present", "running", "stopped"),
                last.map_or_else(|| none(data).to_owned(), |last| last.to_string()),
                message(answer),
            ]);
        }
        Some(table)
    }
}

/// Why there is no time of a last run: that there was none is only one reason.
fn none(data: &Map<String, Value>) -> &'static str {
    match data.get("message").and_then(Value::as_str) {
        Some(message) if message.contains("last run unknown") => "unknown",
        _ => "never",
    }
}

fn message(answer: &Answer) -> String {
    let reply = &answer.reply;
    let message = reply.data.get("message").and_then(Value::as_str);
    let message = message
        .filter(|_| answer.is_ok())
        .unwrap_or(&reply.statusmsg);
    safe_line(message)
}

/// Names to the right, as the original has them.
fn rows(account: &Account) -> Vec<String> {
    let senders = account.answers.iter().map(|answer| &answer.reply.sender);
    let longest = senders.map(|sender| sender.as_str().len()).max();
    let width = longest.unwrap_or(0) + 3;
    let row = |answer: &Answer| {
        format!(
            "{}: {}",
            text::right(answer.reply.sender.as_str(), width),
            message(answer)
        )
    };
    account.answers.iter().map(row).collect()
}
