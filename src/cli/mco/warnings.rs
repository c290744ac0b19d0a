//! What goes amiss while nodes are asked, as lines on standard error: few of them, however often it
//! happens.

use std::cell::Cell;

use crate::{
    cli::{render::stats, voice::complain},
    client::Progress,
    text,
};

/// What was told already.
pub(super) struct Warnings {
    /// Every single thing is to be told.
    verbose: bool,
    lost: Cell<bool>,
    rejected: Cell<bool>,
}

impl Warnings {
    pub(super) const fn new(verbose: bool) -> Self {
        Self {
            verbose,
            lost: Cell::new(false),
            rejected: Cell::new(false),
        }
    }

    /// The line that something deserves during a call of which all is shown.
    pub(super) fn of_call(&self, event: &Progress<'_>) -> Option<String> {
        match event {
            Progress::Gone(nodes) => stats::names(
                "no longer connected to the broker; what they answer in time still counts",
                nodes,
            ),
            Progress::Restarted(nodes) => stats::names(
                "their agents were started anew, and do not answer what the old ones were asked",
                nodes,
            ),
            other => self.of_any(other),
        }
    }

    /// The same during one of many calls, whose caller knows who is missing.
    pub(super) fn of_any(&self, event: &Progress<'_>) -> Option<String> {
        let (told, line) = match event {
            // Nodes that are silent from now on are not to blame.
            Progress::Lost(why) => (&self.lost, why.clone()),
            Progress::Rejected(why) => (
                &self.rejected,
                format!("an answer counts for nothing: {why}{}", self.more()),
            ),
            _ => return None,
        };
        // Words of others are part of it, and begin no line of their own.
        (!told.replace(true) || self.verbose).then(|| text::line(&line))
    }

    /// Says that line.
    pub(super) fn tell(&self, event: &Progress<'_>) {
        if let Some(line) = self.of_any(event) {
            complain(format_args!("warning: {line}"));
        }
    }

    const fn more(&self) -> &'static str {
        if self.verbose {
            ""
        } else {
            " (`-v` tells of further ones, too)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line() {
        let forged = Progress::Rejected("signed by mallory, but sent as web1".into());
        let warnings = Warnings::new(false);
        let line = warnings.of_call(&forged).unwrap();
        assert_eq!(
            line,
            "an answer counts for nothing: signed by mallory, but sent as web1 (`-v` tells of further \
             ones, too)"
        );
        assert_eq!(warnings.of_call(&forged), None);
        let lines = Progress::Rejected("no field `a\nweb1 ok`".into());
        let line = Warnings::new(false).of_any(&lines).unwrap();
        assert!(line.contains("`a\\nweb1 ok`"), "{line}");
        let lost = Progress::Lost("the broker hung up".into());
        assert_eq!(warnings.of_any(&lost).unwrap(), "the broker hung up");
        assert_eq!(warnings.of_any(&lost), None);
        let all = Warnings::new(true);
        for _ in 0..2 {
            assert!(all.of_any(&forged).unwrap().ends_with("as web1"));
        }
    }

    #[test]
    fn who_is_gone_is_of_interest_in_one_call_only() {
        let gone = Progress::Gone(vec!["web1".parse().unwrap()]);
        let warnings = Warnings::new(false);
        assert!(warnings.of_call(&gone).unwrap().ends_with(": web1"));
        assert_eq!(warnings.of_any(&gone), None);
    }
}
