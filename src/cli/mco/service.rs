//! `mco service SERVICE ACTION`: asks for a service, starts or stops it.

use std::io;

use super::{
    Options, Session, filters, plan,
    rows::{self, Rows},
};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View},
        tree::{General, ServiceArgs},
    },
    client::{Account, Answer},
    mcorpc::{
        ddl::{Action, builtin},
        similar,
    },
};

pub(super) const ACTIONS: [&str; 4] = ["start", "stop", "restart", "status"];

/// Calls.
pub(super) fn run(args: &ServiceArgs, general: &General) -> Result<Exit, CommandError> {
    let (service, name) = words(&args.words)?;
    let filter = filters::filter(general, &args.filters)?;
    let ddl = builtin::service();
    let action = plan::action(name)?;
    let texts = [("service".to_owned(), service.to_owned())];
    let mut inputs = plan::inputs(ddl, &action, &texts)?;
    if args.changing.strict {
        inputs.remove(builtin::IDEMPOTENT);
    }
    let options = Options {
        general,
        common: &args.common,
        progress: true,
    };
    Session::run(&options, async |session| {
        let call = session.plan(ddl, &action, inputs, filter)?;
        if name != "status" && !args.changing.yes && session.is_unfiltered(&call) {
            session
                .confirm(&call, "operate on services unfiltered")
                .await?;
        }
        let mut view = Statuses {
            action: name.to_owned(),
            rows: Rows {
                caption: format!("{name} Service results"),
                declared: ddl.find_action(name),
                verbose: session.verbose,
                display: args.common.output.display,
            },
        };
        let account = session.show(&call, &mut view).await?;
        Ok(session.exit(&account))
    })
}

/// The service and the action. What could be either is the action where it stands first.
fn words(words: &[String]) -> Result<(&str, &str), CommandError> {
    let missing = || {
        CommandError::usage("Please specify service name and action")
            .hint("for example `mco service httpd status`")
    };
    // Behind these a name may begin as an option does.
    let words = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
    match rows::thing_and_action(words, &ACTIONS).ok_or_else(missing)? {
        ([], _) => Err(missing()),
        ([service], action) if ACTIONS.contains(&action) => Ok((service, action)),
        ([first], last) => {
            // Which of the two was meant for the action is told by the nearest.
            let word = [last, first]
                .into_iter()
                .find(|word| similar::closest(word, ACTIONS).is_some());
            let text = "start, stop, restart or status";
            Err(rows::no_action(word.unwrap_or(last), &ACTIONS, text))
        }
        _ => Err(CommandError::usage("one service and one action are needed")
            .hint("call `mco service` once for each service")),
    }
}

/// How the service does on every node.
struct Statuses {
    action: String,
    rows: Rows,
}

impl Statuses {
    /// Nothing where all went as it was wanted, and nobody wants to know more.
    fn text(&self, answer: &Answer) -> Vec<String> {
        let status = rows::shown(answer, "status");
        let expected = match self.action.as_str() {
            "status" => None,
            "stop" => Some("stopped"),
            _ => Some("running"),
        };
        if expected == Some(status.as_str()) && !self.rows.shows_all() {
            return Vec::new();
        }
        let state = rows::shown(answer, "state");
        let detail = rows::shown(answer, "detail");
        let more: Vec<&str> = [state.as_str(), detail.as_str()]
            .into_iter()
            .filter(|text| !text.is_empty() && *text != status)
            .collect();
        vec![if more.is_empty() {
            status
        } else {
            format!("{status} ({})", more.join(": "))
        }]
    }
}

impl View for Statuses {
    fn name(&self) -> &'static str {
        "service"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        self.rows.print(out, account, |answer| self.text(answer))
    }

    fn shows(&self, _answer: &Answer) -> bool {
        true
    }

    fn shows_failures(&self) -> bool {
        true
    }

    fn declared(&self) -> Option<&Action> {
        self.rows.declared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_word_may_come_first() {
        let list = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        for (text, expected) in [
            ("httpd status", ("httpd", "status")),
            ("status httpd", ("httpd", "status")),
            ("start stop", ("stop", "start")),
            ("status status", ("status", "status")),
        ] {
            assert_eq!(words(&list(text)).unwrap(), expected);
        }
        for (text, message) in [
            ("status", "Please specify service name and action"),
            ("httpd", "Please specify service name and action"),
            (
                "frobnicate httpd",
                "Action has to be one of start, stop, restart or status",
            ),
            ("a b status", "one service and one action are needed"),
        ] {
            let error = words(&list(text)).unwrap_err().to_string();
            assert_eq!(error.lines().next(), Some(message));
        }
        assert!(words(&[]).is_err());
    }
}
