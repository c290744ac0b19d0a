//! What `service` and `package` print, as the original does: a row for each node that has something
//! to say, its name right-aligned; then summaries and the footer.

use std::io;

use serde_json::Value;

use crate::{
    cli::{
        CommandError,
        render::{Out, out::safe_line, stats, summary},
        tree::DisplayMode,
    },
    client::{Account, Answer},
    mcorpc::{ddl::Action, similar},
    text,
};

/// How the rows of one call are shown.
pub(super) struct Rows {
    /// The title of the figures with `-v`.
    pub(super) caption: String,
    pub(super) declared: Option<&'static Action>,
    pub(super) verbose: bool,
    /// Which answers the operator wants to see, where that was said.
    pub(super) display: Option<DisplayMode>,
}

impl Rows {
    /// Prints everything. `text` gives the lines for an answer that is a success.
    pub(super) fn print(
        &self,
        out: &mut Out,
        account: &Account,
        text: impl Fn(&Answer) -> Vec<String>,
    ) -> io::Result<()> {
        self.print_with(out, account, text, |_| Vec::new())
    }

    /// The same; `more` gives further lines for every answer.
    pub(super) fn print_with(
        &self,
        out: &mut Out,
        account: &Account,
        text: impl Fn(&Answer) -> Vec<String>,
        more: impl Fn(&Answer) -> Vec<String>,
    ) -> io::Result<()> {
        let rows: Vec<(&Answer, Vec<String>)> = account
            .answers
            .iter()
            .filter(|answer| self.displays(answer))
            .map(|answer| {
                let mut lines = lines(answer, &text);
                lines.extend(more(answer));
                (answer, lines)
            })
            .filter(|(_, lines)| !lines.is_empty())
            .collect();
        let longest = account
            .answers
            .iter()
            .map(|answer| answer.reply.sender.as_str().len())
            .max();
        let width = longest.unwrap_or(0) + 3;
        for (answer, lines) in rows {
            for (at, line) in lines.iter().enumerate() {
                let line = safe_line(line);
                match at {
                    0 => out.line(format!(
                        "{}: {line}",
                        text::right(answer.reply.sender.as_str(), width)
                    ))?,
                    _ => out.line(format!("{}  {line}", text::left("", width)))?,
                }
            }
        }
        self.footer(out, account)
    }

    /// Summaries and figures.
    pub(super) fn footer(&self, out: &mut Out, account: &Account) -> io::Result<()> {
        out.line("")?;
        if let Some(action) = self.declared {
            summary::print(out, action, account)?;
        }
        if let Some(line) = unchanged(account) {
            out.line(line)?;
        }
        if self.verbose {
            stats::verbose(out, account, &self.caption)?;
        } else {
            stats::short(out, account)?;
        }
        stats::missing(out, account)
    }

    fn displays(&self, answer: &Answer) -> bool {
        match self.display {
            Some(DisplayMode::Ok) => answer.is_ok(),
            Some(DisplayMode::Failed) => !answer.is_ok(),
            Some(DisplayMode::All) | None => true,
        }
    }

    /// Whether all answers are to be shown.
    pub(super) fn shows_all(&self) -> bool {
        self.verbose || matches!(self.display, Some(DisplayMode::All | DisplayMode::Ok))
    }
}

fn lines(answer: &Answer, text: impl Fn(&Answer) -> Vec<String>) -> Vec<String> {
    if answer.is_ok() {
        return text(answer);
    }
    let reply = &answer.reply;
    let mut lines = vec![reply.statusmsg.clone()];
    let log = reply.data.get("log").and_then(Value::as_array);
    let log = log.into_iter().flatten().filter_map(Value::as_str);
    lines.extend(log.map(|line| format!("| {line}")));
    lines
}

/// Whether a node was already as it was wanted.
pub(super) fn is_unchanged(answer: &Answer) -> bool {
    answer.is_ok() && answer.reply.data.get("changed") == Some(&Value::Bool(false))
}

/// How many nodes were already as they were wanted, where there are any.
pub(super) fn unchanged(account: &Account) -> Option<String> {
    how_many(account, "Nothing had to be changed", is_unchanged)
}

/// On how many nodes that is so, where there are any.
pub(super) fn how_many(
    account: &Account,
    what: &str,
    is_so: impl Fn(&Answer) -> bool,
) -> Option<String> {
    let count = account
        .answers
        .iter()
        .filter(|answer| is_so(answer))
        .count();
    let all = account.answers.len();
    (count > 0).then(|| format!("{what} on {count} of {all} nodes"))
}

/// A value for a row: texts as they are, lists with commas, nothing for nothing.
pub(super) fn shown(answer: &Answer, output: &str) -> String {
    crate::cli::render::view::cell(answer.reply.data.get(output))
}

/// The two words of a command line, whichever came first: what is meant, and the action.
pub(super) fn thing_and_action<'a>(
    words: &'a [String],
    actions: &[&str],
) -> Option<(&'a [String], &'a str)> {
    match words {
        [first, rest @ ..] if actions.contains(&first.as_str()) => Some((rest, first)),
        [rest @ .., last] => Some((rest, last)),
        [] => None,
    }
}

/// The operator's word is no action. `text` lists the actions as the original did.
pub(super) fn no_action(word: &str, actions: &[&str], text: &str) -> CommandError {
    let error = CommandError::usage(format!("Action has to be one of {text}"));
    match similar::closest(word, actions) {
        Some(close) => error.hint(format!("did you mean `{close}`?")),
        None => error,
    }
}
