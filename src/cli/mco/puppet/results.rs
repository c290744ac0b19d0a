//! What each node answered to `enable`, `disable`, `runonce` and `resource`, as `mco rpc` shows it.

use std::io;

use serde_json::Value;

use crate::{
    cli::{
        mco::rows,
        render::{Out, View, results, stats, summary},
        tree::DisplayMode,
        voice::complain,
    },
    client::{Account, Answer},
    mcorpc::{
        ddl::{Action, Display},
        names::ActionName,
    },
};

/// Which answers are shown.
pub(super) fn display(wanted: Option<DisplayMode>, declared: &Action) -> Display {
    match wanted {
        Some(DisplayMode::Ok) => Display::Ok,
        Some(DisplayMode::Failed) => Display::Failed,
        Some(DisplayMode::All) => Display::Always,
        None => declared.display,
    }
}

pub(super) struct Results<'a> {
    pub(super) declared: &'a Action,
    pub(super) display: Display,
    /// Whether the operator said which results to show.
    pub(super) narrowed: bool,
    pub(super) verbose: bool,
}

impl Results<'_> {
    /// Why a run was not begun, or which reason to be disabled stays, is worth a look where all else
    /// that went well is not.
    fn display(&self, answer: &Answer) -> Display {
        let tells_why = ["runonce", "disable"].contains(&self.declared.name.as_str());
        if !self.narrowed && tells_why && rows::is_unchanged(answer) {
            return Display::Always;
        }
        self.display
    }
}

impl View for Results<'_> {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn begin(&mut self, out: &mut Out) -> io::Result<()> {
        out.line("")
    }

    fn answer(&mut self, out: &mut Out, answer: &Answer) -> io::Result<()> {
        if self.verbose {
            return results::verbose(out, answer);
        }
        results::answer(out, answer, Some(self.declared), self.display(answer))
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        footer(out, account, Some(self.declared), self.verbose)
    }

    fn declared(&self) -> Option<&Action> {
        Some(self.declared)
    }

    fn shows(&self, answer: &Answer) -> bool {
        !self.narrowed || results::shown(answer, self.display)
    }

    fn shows_failures(&self) -> bool {
        true
    }

    fn array(&self, account: &Account, action: &ActionName) -> Option<Value> {
        Some(results::array(account, action))
    }
}

/// The summaries and the figures under the results; that nobody matched, where that is so.
pub(super) fn footer(
    out: &mut Out,
    account: &Account,
    declared: Option<&Action>,
    verbose: bool,
) -> io::Result<()> {
    if account.addressed() == 0 && account.unasked.is_empty() && account.interrupted.is_none() {
        out.flush()?;
        complain("No request was acted upon: no node matched");
        return Ok(());
    }
    out.line("")?;
    if let Some(action) = declared {
        summary::print(out, action, account)?;
        let is_a_switch = ["enable", "disable"].contains(&action.name.as_str());
        if let Some(line) = rows::unchanged(account).filter(|_| is_a_switch) {
            out.line(line)?;
        }
    }
    if verbose {
        stats::verbose(out, account, "rpc stats")?;
    } else {
        stats::short(out, account)?;
    }
    stats::missing(out, account)
}
