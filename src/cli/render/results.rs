//! What each node answered, one block a node (the original's `printrpc`).

use std::io;

use serde_json::{Map, Value, json};

use super::{
    out::{Out, Paint, safe, safe_line},
    pretty::{pretty, pretty_outputs},
};
use crate::{
    client::{Account, Answer},
    mcorpc::{
        ddl::{Action, Display, builtin},
        names::ActionName,
        reply::{Outcome, Reply, StatusCode},
    },
    text,
};

/// What Ruby's `pp` fits into a line, without the space before it that the original adds then.
const WIDTH: usize = 79;

/// Prints one answer, if this display shows it.
pub(crate) fn answer(
    out: &mut Out,
    answer: &Answer,
    action: Option<&Action>,
    display: Display,
) -> io::Result<()> {
    let reply = &answer.reply;
    let ok = reply.statuscode == StatusCode::OK;
    if !shown(answer, display) {
        return Ok(());
    }
    let status = match reply.statuscode {
        StatusCode::OK => String::new(),
        code @ StatusCode(2..=4) => out.painted(Paint::Yellow, code.text()),
        code => out.painted(Paint::Red, outcome_text(reply.outcome, code)),
    };
    out.line(format!("{:<40} {status}", reply.sender))?;
    if reply.statusmsg != "OK" {
        let message = out.painted(Paint::Yellow, &safe_line(&reply.statusmsg));
        out.line(format!("   {message}"))?;
    }
    if ok {
        data(out, reply, action)?;
    }
    out.line("")
}

/// Whether this display shows an answer.
pub(crate) fn shown(answer: &Answer, display: Display) -> bool {
    let ok = answer.reply.statuscode == StatusCode::OK;
    match display {
        Display::Always => true,
        Display::Ok => ok,
        Display::Failed => !ok,
    }
}

/// The original's words for a code, and our own where it had none.
fn outcome_text(outcome: Outcome, code: StatusCode) -> &'static str {
    match outcome {
        Outcome::Timeout => "Timed Out",
        Outcome::StillRunning => "Still Running",
        Outcome::Refused => "Refused",
        Outcome::NoAgent => "No Such Agent",
        _ => code.text(),
    }
}

/// Outputs by name, their labels lined up at the colon; without those that are our own.
fn data(out: &mut Out, reply: &Reply, action: Option<&Action>) -> io::Result<()> {
    let mut rows: Vec<(&str, &Value)> = reply
        .data
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, value)| {
            action.is_none_or(|action| {
                builtin::shows(reply.agent.as_str(), action.name.as_str(), name, value)
            })
        })
        .collect();
    rows.sort_by_key(|(name, _)| *name);
    let label = |name: &str| -> String {
        let declared = action.and_then(|action| action.output_named(name));
        safe_line(declared.map_or(name, |output| output.display_as.as_str()))
    };
    let longest = rows
        .iter()
        .map(|(name, _)| label(name).chars().count())
        .max()
        .unwrap_or(0);
    let indent = longest + 3;
    for (name, value) in rows {
        let label = label(name);
        let lines: Vec<String> = match value {
            Value::String(text) => safe(text).lines().map(str::to_owned).collect(),
            other => pretty(other, WIDTH),
        };
        let first = lines
            .first()
            .map_or(String::new(), |line| format!(" {line}"));
        out.line(format!("{}:{first}", text::right(&label, indent)))?;
        for line in lines.iter().skip(1) {
            out.line(format!("{}{line}", text::left("", indent + 2)))?;
        }
    }
    Ok(())
}

/// The original's array: one object for each answer, in the order in which they came.
/// Outputs that are our own are left out.
pub(crate) fn array(account: &Account, action: &ActionName) -> Value {
    let row = |answer: &Answer| {
        let reply = &answer.reply;
        let data: Map<String, Value> = reply
            .data
            .iter()
            .filter(|(name, value)| {
                builtin::shows(reply.agent.as_str(), action.as_str(), name, value)
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        json!({
            "agent": reply.agent,
            "action": action,
            "sender": reply.sender,
            "statuscode": reply.statuscode,
            "statusmsg": reply.statusmsg,
            "data": data,
        })
    };
    account.answers.iter().map(row).collect()
}

/// The verbose form: the message and the data of every node.
pub(crate) fn verbose(out: &mut Out, answer: &Answer) -> io::Result<()> {
    let reply = &answer.reply;
    out.line(format!(
        "{:<40}: {}",
        reply.sender,
        safe_line(&reply.statusmsg)
    ))?;
    for line in pretty_outputs(&reply.data, WIDTH) {
        out.line(format!("    {line}"))?;
    }
    out.line("")
}
