//! What came of a call as scripts get it: one model for `json`, `jsonl` and `yaml`, the same in
//! every application. README and `man mco` document it. Fields may be added; what is there keeps
//! its name and meaning as long as `schema` is 1.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::stats::timestamp;
use crate::{
    client::{Account, Answer, Call, Interrupt, Silent},
    mcorpc::{
        aggregate::{Aggregates, Rows, Summary},
        ddl::Action,
        filter::Filter,
        names::{ActionName, AgentName, Collective, Identity, RequestId},
        reply::Outcome,
    },
};

/// The version of the model.
pub(crate) const SCHEMA: u32 = 1;

/// The whole of it.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    #[serde(flatten)]
    pub(super) head: Head<'a>,
    replies: Vec<Row<'a>>,
    no_response: Vec<Quiet<'a>>,
    not_asked: &'a [Identity],
    unexpected: Vec<Row<'a>>,
}

/// What is no matter of a single node.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    schema: u32,
    application: &'static str,
    #[serde(flatten)]
    own: Map<String, Value>,
    broker: &'a str,
    request: Request<'a>,
    ended: &'static str,
    stats: Stats,
    aggregates: Vec<Value>,
}

/// What was asked, of whom.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    collective: &'a Collective,
    agent: &'a AgentName,
    action: &'a ActionName,
    data: &'a Map<String, Value>,
    filter: &'a Filter,
}

impl<'a> Request<'a> {
    /// The request of a call that was not made yet.
    pub(super) fn of(call: &'a Call) -> Self {
        Self {
            id: None,
            collective: &call.collective,
            agent: &call.agent,
            action: &call.action,
            data: &call.data,
            filter: &call.filter,
        }
    }
}

/// One node's answer.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    sender: &'a Identity,
    outcome: Outcome,
    statuscode: i64,
    statusmsg: &'a str,
    data: &'a Map<String, Value>,
    agent: &'a AgentName,
    action: &'a ActionName,
    ms: f64,
}

impl<'a> Row<'a> {
    pub(super) fn of(answer: &'a Answer, action: &'a ActionName) -> Self {
        let reply = &answer.reply;
        Self {
            sender: &reply.sender,
            outcome: reply.outcome,
            statuscode: reply.statuscode.0,
            statusmsg: &reply.statusmsg,
            data: &reply.data,
            agent: &reply.agent,
            action,
            ms: milliseconds(answer.after),
        }
    }
}

/// A node of which nothing was heard.
#[derive(Serialize)]
pub(super) struct Quiet<'a> {
    sender: &'a Identity,
    reason: &'static str,
}

impl<'a> From<&'a Silent> for Quiet<'a> {
    fn from(silent: &'a Silent) -> Self {
        Self {
            sender: &silent.node,
            reason: silent.why.as_str(),
        }
    }
}

/// How many ended how, and how long it took.
#[derive(Serialize)]
struct Stats {
    nodes: usize,
    replies: usize,
    ok: usize,
    failed: usize,
    no_response: usize,
    not_asked: usize,
    not_matching: usize,
    unexpected: usize,
    rejected: usize,
    started: String,
    discovery_ms: f64,
    request_ms: f64,
}

impl<'a> Report<'a> {
    /// Puts together what is known; `own` is what only this application has.
    pub(super) fn new(
        application: &'static str,
        own: Map<String, Value>,
        broker: &'a str,
        call: &'a Call,
        account: &'a Account,
        declared: Option<&Action>,
    ) -> Self {
        let rows = |answers: &'a [Answer]| {
            let rows = answers.iter().map(|answer| Row::of(answer, &call.action));
            rows.collect()
        };
        Self {
            head: Head {
                schema: SCHEMA,
                application,
                own,
                broker,
                request: Request {
                    id: Some(&account.id),
                    ..Request::of(call)
                },
                ended: ended(account),
                stats: Stats::of(account),
                aggregates: declared.map_or_else(Vec::new, |action| {
                    summaries(action, account).iter().map(aggregate).collect()
                }),
            },
            replies: rows(&account.answers),
            no_response: account.no_response.iter().map(Quiet::from).collect(),
            not_asked: &account.unasked,
            unexpected: rows(&account.unexpected),
        }
    }

    /// The nodes that answered nothing that was shown yet, each as a line of its own.
    pub(super) fn rest(&self) -> impl Iterator<Item = Value> {
        let typed = |kind: &'static str| {
            move |row: Value| {
                let mut line = Map::new();
                line.insert("type".to_owned(), kind.into());
                if let Value::Object(row) = row {
                    line.extend(row);
                }
                Value::Object(line)
            }
        };
        let silent = self.no_response.iter().map(|row| json!(row));
        let unasked = self.not_asked.iter().map(|node| json!({ "sender": node }));
        let unexpected = self.unexpected.iter().map(|row| json!(row));
        silent
            .map(typed("no_response"))
            .chain(unasked.map(typed("not_asked")))
            .chain(unexpected.map(typed("unexpected")))
    }
}

impl Stats {
    fn of(account: &Account) -> Self {
        let ok = account.answers.iter().filter(|answer| answer.is_ok());
        let ok = ok.count();
        Self {
            nodes: account.addressed() + account.unasked.len(),
            replies: account.answers.len(),
            ok,
            failed: account.answers.len() - ok,
            no_response: account.no_response.len(),
            not_asked: account.unasked.len(),
            not_matching: account.nomatch.len(),
            unexpected: account.unexpected.len(),
            rejected: account.rejected,
            started: timestamp(account.started),
            discovery_ms: milliseconds(account.discovery),
            request_ms: milliseconds(account.elapsed),
        }
    }
}

/// How the call as a whole ended.
fn ended(account: &Account) -> &'static str {
    match account.interrupted {
        Some(Interrupt::Interrupted) => "interrupted",
        Some(Interrupt::Terminated) => "terminated",
        None if account.gave_up_after.is_some() => "max_fail",
        None => "complete",
    }
}

/// The action's summaries over all answers, failed ones included.
pub(super) fn summaries(action: &Action, account: &Account) -> Vec<Summary> {
    let mut aggregates = Aggregates::new(action);
    for answer in &account.answers {
        aggregates.add(&answer.reply.data);
    }
    aggregates.summarize()
}

fn aggregate(summary: &Summary) -> Value {
    let mut line = json!({ "output": summary.output, "title": summary.title });
    let (key, value) = match &summary.result {
        Ok(Rows::Counts { counts, .. }) => {
            let counts = counts
                .iter()
                .map(|(value, count)| json!({ "value": value, "count": count }));
            ("counts", counts.collect())
        }
        Ok(Rows::Empty) => ("counts", Value::Array(Vec::new())),
        Ok(Rows::Number { value, .. }) => ("number", json!(value)),
        Err(why) => ("error", json!(why.to_string())),
    };
    if let Some(line) = line.as_object_mut() {
        line.insert(key.to_owned(), value);
    }
    line
}

/// Milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: std::time::Duration) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        reason = "a wait of fewer than 2^52 microseconds"
    )]
    let microseconds = duration.as_micros() as f64;
    microseconds / 1000.0
}
