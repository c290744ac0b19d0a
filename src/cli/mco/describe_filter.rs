//! `mco describe_filter`: what a filter asks of a node, in words. It talks to nobody.

use super::filters;
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, out::safe},
        tree::{DescribeFilterArgs, General},
    },
    mcorpc::filter::describe,
};

/// Describes.
pub(super) fn run(args: &DescribeFilterArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(&args.filters)?;
    let mut out = Out::new(general.color, true);
    for line in describe::describe(&filter).lines() {
        out.line(safe(line))?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}
