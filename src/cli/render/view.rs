//! How an application's results are shown: what is common to all forms is here, and a [`View`] has
//! what is the application's own.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Out,
    format::{Form, Format},
    json,
    report::{Report, Row},
    stats,
    table::Table,
    yaml,
};
use crate::{
    cli::voice::complain,
    client::{Account, Answer, Call},
    mcorpc::{ddl::Action, inspect::inspect, names::ActionName},
};

/// What is an application's own in what it shows.
pub(crate) trait View {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Text: what stands above the answers.
    fn begin(&mut self, _out: &mut Out) -> io::Result<()> {
        Ok(())
    }

    /// Text: one answer, as it comes.
    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()>;

    /// Text: what stands below the answers.
    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()>;

    /// Whether an answer is shown among the results. One that is not, and is no success, is told of
    /// on standard error.
    fn shows(&self, answer: &Answer) -> bool {
        answer.is_ok()
    }

    /// Whether answers that are no success are among the results.
    fn shows_failures(&self) -> bool {
        false
    }

    /// The action as its DDL declares it: labels and summaries come from there.
    fn declared(&self) -> Option<&Action> {
        None
    }

    /// What the document has beside what is common to all.
    fn own(&self, _account: &Account) -> Map<String, Value> {
        Map::new()
    }

    /// Rows and columns, where they are not the nodes and their outputs.
    fn table(&self, _account: &Account) -> Option<Table> {
        None
    }

    /// What `--json` prints, where that is not the document.
    fn array(&self, _account: &Account, _action: &ActionName) -> Option<Value> {
        None
    }
}

/// Shows the results of one call.
pub(crate) struct Renderer<'v> {
    form: Form,
    view: &'v mut dyn View,
}

/// An object on a line of its own, with what kind of line it is.
#[derive(Serialize)]
struct Line<T> {
    r#type: &'static str,
    #[serde(flatten)]
    of: T,
}

impl<'v> Renderer<'v> {
    /// Begins.
    pub(crate) fn begin(form: Form, view: &'v mut dyn View, out: &mut Out) -> io::Result<Self> {
        if form.is_text() {
            view.begin(out)?;
        }
        Ok(Self { form, view })
    }

    /// Takes an answer, and shows it where the form shows answers as they come.
    pub(crate) fn answer(&mut self, out: &mut Out, call: &Call, answer: &Answer) -> io::Result<()> {
        let Form::Of(format) = self.form else {
            return Ok(());
        };
        if !self.form.tells_all() && !answer.is_ok() && !self.view.shows_failures() {
            complain(stats::unwilling(answer));
        }
        match format {
            Format::Text => self.view.answer(out, answer)?,
            Format::Senders if self.view.shows(answer) => {
                out.line(answer.reply.sender.as_str())?;
            }
            Format::Jsonl => {
                let of = Row::of(answer, &call.action);
                json::line(
                    out,
                    &Line {
                        r#type: "reply",
                        of,
                    },
                )?;
            }
            _ => return Ok(()),
        }
        out.flush()
    }

    /// Shows the rest, when no more answers come.
    pub(crate) fn end(
        self,
        out: &mut Out,
        call: &Call,
        account: &Account,
        broker: &str,
    ) -> io::Result<()> {
        let view = self.view;
        let report = || {
            let own = view.own(account);
            Report::new(view.name(), own, broker, call, account, view.declared())
        };
        let array = match self.form {
            Form::Array => view.array(account, &call.action),
            Form::Of(_) => None,
        };
        // Whether those who were silent have a place in what is printed.
        let mut told = true;
        match (self.form, array) {
            (Form::Array, Some(array)) => {
                json::print(out, &array)?;
                told = false;
            }
            (Form::Array | Form::Of(Format::Json), _) => json::print(out, &report())?,
            (Form::Of(Format::Yaml), _) => yaml::print(out, &report())?,
            (Form::Of(Format::Jsonl), _) => {
                let report = report();
                for line in report.rest() {
                    json::line(out, &line)?;
                }
                let (r#type, of) = ("summary", report.head);
                json::line(out, &Line { r#type, of })?;
            }
            (Form::Of(Format::Table), _) => {
                let own = view.table(account);
                told = own.is_none();
                own.unwrap_or_else(|| nodes(view, account)).print(out)?;
            }
            (Form::Of(Format::Senders), _) => told = false,
            (Form::Of(Format::Text), _) => view.end(out, account)?,
        }
        out.flush()?;
        if !told {
            stats::complain_of_silence(account);
        }
        Ok(())
    }
}

/// A row for every node that was addressed: how it ended, and a column for each output.
fn nodes(view: &dyn View, account: &Account) -> Table {
    let shown: Vec<&Answer> = account
        .answers
        .iter()
        .filter(|answer| view.shows(answer))
        .collect();
    let declared = view.declared();
    let mut outputs: Vec<&str> = declared
        .iter()
        .flat_map(|action| &action.outputs)
        .map(|output| output.name.as_str())
        .collect();
    for key in shown.iter().flat_map(|answer| answer.reply.data.keys()) {
        if outputs.len() < MOST_COLUMNS && !outputs.contains(&key.as_str()) {
            outputs.push(key);
        }
    }
    let label = |name: &&str| {
        let output = declared.and_then(|action| action.output_named(name));
        output
            .map_or(*name, |output| output.display_as.as_str())
            .to_owned()
    };
    let message = |answer: &&Answer| answer.reply.statusmsg != "OK";
    let messages = shown.iter().any(message) || !account.no_response.is_empty();
    let mut header = vec!["Node".to_owned(), "Outcome".to_owned()];
    header.extend(messages.then(|| "Message".to_owned()));
    header.extend(outputs.iter().map(label));
    let width = header.len();
    let mut table = Table::new(header);
    let mut push = |node: &str, outcome: &str, message: &str, data: &Map<String, Value>| {
        let mut row = vec![node.to_owned(), outcome.to_owned()];
        row.extend(messages.then(|| message.to_owned()));
        row.extend(outputs.iter().map(|name| cell(data.get(*name))));
        row.resize(width, String::new());
        table.push(row);
    };
    for answer in shown {
        let reply = &answer.reply;
        let message = Some(reply.statusmsg.as_str()).filter(|message| *message != "OK");
        push(
            reply.sender.as_str(),
            reply.outcome.as_str(),
            message.unwrap_or_default(),
            &reply.data,
        );
    }
    let none = Map::new();
    for silent in &account.no_response {
        push(
            silent.node.as_str(),
            "no_response",
            silent.why.as_str(),
            &none,
        );
    }
    for node in &account.unasked {
        push(node.as_str(), "not_asked", "", &none);
    }
    table
}

/// What a node invents must not make the table grow without bound.
const MOST_COLUMNS: usize = 50;

/// A value in the space of a cell.
pub(crate) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items))
            if items
                .iter()
                .all(|item| !item.is_object() && !item.is_array()) =>
        {
            let items: Vec<String> = items.iter().map(|item| cell(Some(item))).collect();
            items.join(", ")
        }
        Some(other) => inspect(other),
    }
}
