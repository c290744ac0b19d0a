//! `mco inventory --fields` and `--template`: a line for each node.

use std::io;

use serde_json::{Map, Value, json};

use super::fields::{Line, Said};
use crate::{
    cli::{
        CommandError, Exit,
        mco::{Options, Session, plan},
        render::{Out, View, out::safe_line, stats, table::Table, view::cell},
        tree::{General, InventoryArgs},
    },
    client::{Account, Answer},
    mcorpc::{ddl::builtin, filter::Filter, names::ActionName},
};

/// Reports.
pub(super) fn run(
    args: &InventoryArgs,
    line: Line,
    filter: Filter,
    general: &General,
) -> Result<Exit, CommandError> {
    let options = Options {
        general,
        common: &args.common,
        progress: true,
    };
    Session::run(&options, async |session| {
        let action = plan::action("inventory")?;
        let call = session.plan(builtin::rpcutil(), &action, Map::new(), filter)?;
        let account = session.show(&call, &mut Rows { line }).await?;
        Ok(session.report_exit(&account))
    })
}

struct Rows {
    line: Line,
}

impl Rows {
    fn values(&self, answer: &Answer) -> Vec<(String, Value)> {
        let said = Said::new(&answer.reply.sender, &answer.reply.data);
        let field = |field| said.value(field);
        let named = self.line.named();
        named.map(|name| (name.name.clone(), field(name))).collect()
    }

    fn rows(&self, account: &Account) -> Value {
        let answers = account.answers.iter().filter(|answer| answer.is_ok());
        let row = |answer| Value::Object(self.values(answer).into_iter().collect());
        answers.map(row).collect()
    }
}

impl View for Rows {
    fn name(&self) -> &'static str {
        "inventory"
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        if !answer.is_ok() {
            return Ok(());
        }
        let said = Said::new(&answer.reply.sender, &answer.reply.data);
        out.line(self.line.text(&said, safe_line))
    }

    fn end(&mut self, _out: &mut Out, account: &Account) -> io::Result<()> {
        stats::complain_of_silence(account);
        Ok(())
    }

    fn own(&self, account: &Account) -> Map<String, Value> {
        let rows = json!({ "rows": self.rows(account) });
        rows.as_object().cloned().unwrap_or_default()
    }

    fn table(&self, account: &Account) -> Option<Table> {
        let mut table = Table::new(self.line.named().map(|field| field.name.clone()));
        for answer in account.answers.iter().filter(|answer| answer.is_ok()) {
            table.push(
                self.values(answer)
                    .iter()
                    .map(|(_, value)| cell(Some(value))),
            );
        }
        Some(table)
    }

    fn array(&self, account: &Account, _action: &ActionName) -> Option<Value> {
        Some(self.rows(account))
    }
}
