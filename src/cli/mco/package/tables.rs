//! `-o table`: a row for each package of each node.

use serde_json::{Map, Value};

use super::lines::{also, architecture, each, last_run, state, warnings};
use crate::{
    cli::render::{table::Table, view::cell},
    client::{Account, Answer},
};

/// What there is to update.
pub(super) fn updates(account: &Account) -> Table {
    let mut table = Table::new(["Node", "Package", "Current", "Available", "Repo"]);
    for answer in account.answers.iter().filter(|answer| answer.is_ok()) {
        for update in outdated(answer).into_iter().flatten() {
            // A node of the original does not say which version is installed.
            let text = |name: &str| cell(update.get(name));
            table.push([
                answer.reply.sender.as_str().to_owned(),
                text("package"),
                text("current"),
                text("version"),
                text("repo"),
            ]);
        }
    }
    table
}

/// The same, and a row for each that could not tell it, or not all of it.
pub(super) fn updates_and_faults(account: &Account) -> Table {
    let mut table = updates(account);
    let mut faults = Vec::new();
    for answer in &account.answers {
        let texts = if answer.is_ok() {
            warnings(&answer.reply.data)
        } else {
            vec![answer.reply.statusmsg.clone()]
        };
        faults.extend(
            texts
                .into_iter()
                .map(|text| (answer.reply.sender.as_str(), text)),
        );
    }
    if faults.is_empty() {
        return table;
    }
    table.header.push("Message".to_owned());
    for row in &mut table.rows {
        row.push(String::new());
    }
    for (node, text) in faults {
        table.push([node, NONE, NONE, NONE, NONE, &text]);
    }
    table
}

/// What a node has to update.
pub(super) fn outdated(answer: &Answer) -> Option<&Vec<Value>> {
    answer.reply.data.get("outdated_packages")?.as_array()
}

/// How packages are; `asked` are the names that were meant.
pub(super) fn packages(account: &Account, action: &str, asked: &[String]) -> Table {
    let changes = action != "status";
    let mut header = vec!["Node", "Outcome", "Package", "Ensure", "Arch"];
    header.extend(changes.then_some("Changed"));
    header.push("Message");
    let mut table = Table::new(header);
    // Who refuses says nothing of them.
    let unknown: Vec<Map<String, Value>> = asked
        .iter()
        .map(|name| Map::from_iter([("name".to_owned(), Value::from(name.as_str()))]))
        .collect();
    for answer in &account.answers {
        let reply = &answer.reply;
        let mut rows: Vec<&Map<String, Value>> = each(&reply.data).collect();
        if !rows.iter().any(|row| known(row.get("name")).is_some()) {
            rows = unknown.iter().collect();
        }
        for package in rows {
            let text =
                |value| known(value).map_or_else(|| NONE.to_owned(), |value| cell(Some(value)));
            let mut row = vec![
                reply.sender.as_str().to_owned(),
                reply.outcome.as_str().to_owned(),
                text(package.get("name")),
                text(package.get("ensure")),
                text(architecture(package)),
            ];
            row.extend(changes.then(|| text(reply.data.get("changed"))));
            let failure = (!answer.is_ok()).then(|| reply.statusmsg.clone());
            let mut message: Vec<String> = failure
                .into_iter()
                .chain(also(&reply.data, false))
                .collect();
            if !changes {
                let name = package.get("name").and_then(Value::as_str);
                message.extend(state(package).map(str::to_owned));
                message.extend(last_run(&reply.data, name));
            }
            row.push(message.join("; "));
            table.push(row);
        }
    }
    table
}

fn known(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Stands where there is nothing to say, so that every row has as many words.
const NONE: &str = "-";
