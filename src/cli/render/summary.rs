//! The summaries that a DDL asks for, under the results.

use std::io;

use super::{
    out::{Out, Paint, safe_line},
    report,
};
use crate::{
    client::Account,
    mcorpc::{aggregate::Rows, ddl::Action},
};

/// Prints the action's aggregates over all answers, failed ones included.
pub(crate) fn print(out: &mut Out, action: &Action, account: &Account) -> io::Result<()> {
    for summary in report::summaries(action, account) {
        let title = out.painted(Paint::Bold, &format!("Summary of {}:", summary.title));
        out.line(format!("{title}\n"))?;
        match summary.result.as_ref().map(Rows::lines) {
            Ok([]) => {
                let nothing =
                    out.painted(Paint::Yellow, "     No aggregate summary could be computed");
                out.line(nothing)?;
            }
            Ok(lines) => {
                for line in lines {
                    out.line(format!("   {}", safe_line(line)))?;
                }
            }
            Err(why) => {
                let why = format!("     Could not compute summary - {why}");
                out.line(out.painted(Paint::Yellow, &safe_line(&why)))?;
            }
        }
        out.line("")?;
    }
    Ok(())
}
