//! What `--dry-run` shows: the request, and who would get it.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    columns,
    format::{Form, Format},
    json,
    out::{Out, Paint, safe_line},
    report::{Quiet, Request, SCHEMA},
    stats,
    table::Table,
    yaml,
};
use crate::{
    client::{Call, Discovered, Targets},
    mcorpc::names::Identity,
};

/// A request that is not sent.
pub(crate) struct Rehearsal<'a> {
    /// The application.
    pub(crate) application: &'static str,
    /// The request.
    pub(crate) call: &'a Call,
    /// How it would be sent.
    pub(crate) targets: &'a Targets,
    /// Who would get it.
    pub(crate) discovered: &'a Discovered,
}

/// The document of it.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    application: &'static str,
    dry_run: bool,
    request: Request<'a>,
    nodes: &'a [Identity],
    batch_size: usize,
    no_response: Vec<Quiet<'a>>,
}

impl Rehearsal<'_> {
    /// Prints it.
    pub(crate) fn print(&self, out: &mut Out, form: Form) -> io::Result<()> {
        let names = &self.discovered.names;
        let format = match form {
            Form::Array => {
                json::print(out, names)?;
                Format::Senders
            }
            Form::Of(format) => format,
        };
        match format {
            Format::Text => return self.text(out),
            Format::Json => return json::print(out, &self.document()),
            Format::Yaml => return yaml::print(out, &self.document()),
            Format::Jsonl => {
                for node in names {
                    json::line(out, &json!({ "type": "node", "sender": node }))?;
                }
                let mut summary = json!({ "type": "dry_run" });
                let document = serde_json::to_value(self.document()).map_err(io::Error::other)?;
                if let (Some(summary), Value::Object(mut document)) =
                    (summary.as_object_mut(), document)
                {
                    document.shift_remove("nodes");
                    summary.extend(document);
                }
                return json::line(out, &summary);
            }
            Format::Table => {
                let mut table = Table::new(["Node"]);
                for node in names {
                    table.push([node.as_str()]);
                }
                table.print(out)?;
            }
            Format::Senders if form == Form::Array => {}
            Format::Senders => {
                for node in names {
                    out.line(node.as_str())?;
                }
            }
        }
        out.flush()?;
        let silent: Vec<&Identity> = self.discovered.silent.iter().map(|s| &s.node).collect();
        if let Some(line) = stats::names("No response to discovery from", &silent) {
            crate::cli::voice::complain(line);
        }
        Ok(())
    }

    fn document(&self) -> Document<'_> {
        let names = &self.discovered.names;
        let batch = self.targets.batch;
        Document {
            schema: SCHEMA,
            application: self.application,
            dry_run: true,
            request: Request::of(self.call),
            nodes: names,
            batch_size: batch.map_or(names.len(), |batch| batch.size.part(names.len())),
            no_response: self.discovered.silent.iter().map(Quiet::from).collect(),
        }
    }

    fn text(&self, out: &mut Out) -> io::Result<()> {
        let (call, discovered) = (self.call, self.discovered);
        let count = discovered.names.len();
        let title = format!(
            "Dry run: {}#{} would be sent to {count} {}{}",
            call.agent,
            call.action,
            if count == 1 { "node" } else { "nodes" },
            groups(self.targets, count)
        );
        out.line(out.painted(Paint::Bold, &title))?;
        if !call.data.is_empty() {
            out.line("")?;
            for (name, value) in &call.data {
                let value = safe_line(&value.to_string());
                out.line(format!("    {} = {value}", safe_line(name)))?;
            }
        }
        list(out, "Nodes:", discovered.names.iter().collect())?;
        let silent = discovered.silent.iter().map(|silent| &silent.node);
        list(out, "No response to discovery from:", silent.collect())
    }
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

fn list(out: &mut Out, title: &str, mut names: Vec<&Identity>) -> io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    names.sort();
    out.line(format!("\n{title}\n"))?;
    for line in columns::names(&names, "    ") {
        out.line(line.trim_end())?;
    }
    Ok(())
}
