//! Results for scripts.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Out;
use crate::{
    client::{Account, Answer},
    mcorpc::names::{ActionName, Identity},
};

/// One element of the original's `-j` array.
#[derive(Serialize)]
struct Row<'a> {
    agent: &'a str,
    action: &'a str,
    sender: &'a Identity,
    statuscode: i64,
    statusmsg: &'a str,
    data: &'a Map<String, Value>,
}

/// The original's array: one object for each answer, in the order in which they came.
pub(crate) fn array(out: &mut Out, account: &Account, action: &ActionName) -> io::Result<()> {
    let rows: Vec<Row<'_>> = account
        .answers
        .iter()
        .map(|answer| row(answer, action))
        .collect();
    print(out, &rows)
}

fn row<'a>(answer: &'a Answer, action: &'a ActionName) -> Row<'a> {
    let reply = &answer.reply;
    Row {
        agent: reply.agent.as_str(),
        action: action.as_str(),
        sender: &reply.sender,
        statuscode: reply.statuscode.0,
        statusmsg: &reply.statusmsg,
        data: &reply.data,
    }
}

/// Any value: indented for a reader, on one line for a pipe.
pub(crate) fn print(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let text = if out.is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    out.line(text.map_err(io::Error::other)?)
}
