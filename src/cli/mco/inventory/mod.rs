//! `mco inventory`: what nodes say of themselves. `node` reports on one, `rows` on many with the
//! fields that the operator chose, `collectives` on where they are.

mod collectives;
mod fields;
mod node;
mod rows;

use super::{filters, plan};
use crate::{
    cli::{
        CommandError, Exit,
        tree::{General, InventoryArgs},
    },
    mcorpc::names::Identity,
};

use fields::Line;

/// Reports.
pub(super) fn run(args: &InventoryArgs, general: &General) -> Result<Exit, CommandError> {
    if args.script.is_some() {
        return Err(CommandError::usage(
            "scripts for the original are Ruby, and there is none here",
        )
        .hint(
            "in place of `format \"%s: %s\"; fields { [identity, facts[\"role\"]] }` say \
                 `--template '{identity}: {facts.role}'`",
        ));
    }
    let mut filter = filters::filter(general, &args.filters)?;
    let line = match (&args.fields, &args.template) {
        (Some(list), _) => Some(Line::fields(list)?),
        (None, Some(text)) => Some(Line::template(text)?),
        (None, None) => None,
    };
    let node = args.node.clone().map(Identity::new).transpose();
    let node = node.map_err(plan::usage)?;
    if let Some(line) = line {
        filter.identity.extend(node.map(String::from));
        return rows::run(args, line, filter, general);
    }
    if args.list_collectives || args.collective_graph.is_some() {
        return collectives::run(args, filter, general);
    }
    match node {
        Some(_) if !filter.identity.is_empty() => Err(CommandError::usage(
            "a node is named already, and -I names another",
        )
        .hint("`--fields` and `--template` report on many nodes")),
        Some(node) => {
            filter.identity.push(node.to_string());
            node::run(args, &node, &filter, general)
        }
        None => Err(
            CommandError::usage("Need to specify either a node name or other options")
                .hint("`mco find` lists the nodes, `mco help inventory` the options"),
        ),
    }
}
