//! What `--dry-run` shows: the request, and who would get it.

use std::io;

use super::{
    columns,
    out::{Out, Paint, safe_line},
};
use crate::{
    client::{Call, Discovered, Targets},
    mcorpc::names::Identity,
};

/// Prints the request and its nodes.
pub(crate) fn print(
    out: &mut Out,
    call: &Call,
    targets: &Targets,
    discovered: &Discovered,
) -> io::Result<()> {
    let count = discovered.names.len();
    let title = format!(
        "Dry run: {}#{} would be sent to {count} {}{}",
        call.agent,
        call.action,
        if count == 1 { "node" } else { "nodes" },
        groups(targets, count)
    );
    out.line(out.painted(Paint::Bold, &title))?;
    if !call.data.is_empty() {
        out.line("")?;
        for (name, value) in &call.data {
            out.line(format!("    {} = {value}", safe_line(name)))?;
        }
    }
    list(out, "Nodes:", &discovered.names)?;
    list(out, "No response to discovery from:", &discovered.silent)
}

/// In how many groups, where that is not one.
fn groups(targets: &Targets, count: usize) -> String {
    let Some(batch) = targets.batch else {
        return String::new();
    };
    let size = batch.size.part(count);
    let pause = humantime::format_duration(batch.pause);
    format!(
        ", in {} batches of up to {size}, {pause} apart",
        count.div_ceil(size)
    )
}

fn list(out: &mut Out, title: &str, names: &[Identity]) -> io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let mut names: Vec<&Identity> = names.iter().collect();
    names.sort();
    out.line(format!("\n{title}\n"))?;
    for line in columns::names(&names, "    ") {
        out.line(line.trim_end())?;
    }
    Ok(())
}
