//! `mco describe_filter`: what a filter asks of a node, in words. It talks to nobody.

use serde_json::json;

use super::filters;
use crate::{
    cli::{
        CommandError, Exit,
        render::{Form, Format, Out, json, out::safe, report, yaml},
        tree::{DescribeFilterArgs, General},
    },
    mcorpc::filter::describe,
};

/// Describes.
pub(super) fn run(args: &DescribeFilterArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(general, &args.filters)?;
    let described = describe::describe(&filter);
    let mut out = Out::new(general.color, true);
    let output = &args.common.output;
    let document = || {
        json!({
            "schema": report::SCHEMA,
            "application": "describe_filter",
            "filter": filter,
            "description": described,
        })
    };
    match Form::of(output.output, output.json) {
        Form::Of(Format::Text | Format::Table) => {
            for line in described.lines() {
                out.line(safe(line))?;
            }
        }
        Form::Array | Form::Of(Format::Json) => json::print(&mut out, &document())?,
        Form::Of(Format::Jsonl) => json::line(&mut out, &document())?,
        Form::Of(Format::Yaml) => yaml::print(&mut out, &document())?,
        Form::Of(Format::Senders) => {
            return Err(CommandError::usage("a filter alone has no senders")
                .hint("`mco find` asks the nodes which of them it means"));
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}
