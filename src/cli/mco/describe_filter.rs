//! `mco describe_filter`: what a filter asks of a node, in words. It talks to nobody.

use serde_json::json;

use super::filters;
use crate::{
    cli::{
        CommandError, Exit,
        render::{Form, Out, local::Local, out::safe, report, table::Table},
        tree::{DescribeFilterArgs, General},
    },
    mcorpc::filter::describe,
};

/// Describes.
pub(super) fn run(args: &DescribeFilterArgs, general: &General) -> Result<Exit, CommandError> {
    let filter = filters::filter(general, &args.filters)?;
    let described = describe::describe(&filter);
    let output = &args.common.output;
    let mut table = Table::new(["Filter", "Check"]);
    for section in describe::sections(&filter) {
        for check in section.checks {
            table.push([section.option, &check]);
        }
    }
    let known = Local {
        document: json!({
            "schema": report::SCHEMA,
            "application": "describe_filter",
            "filter": filter,
            "description": described,
        }),
        lines: Vec::new(),
        table,
    };
    let mut out = Out::new(general.color, true);
    let form = Form::of(output.output, output.json);
    known.show(&mut out, form, &safe(&described))?;
    Ok(Exit::Ok)
}
