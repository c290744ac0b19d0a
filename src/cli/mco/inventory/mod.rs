//! `mco inventory`: what nodes say of themselves.

mod node;

use crate::cli::{
    CommandError, Exit,
    tree::{General, InventoryArgs},
};

/// Reports.
pub(super) fn run(args: &InventoryArgs, general: &General) -> Result<Exit, CommandError> {
    match &args.node {
        Some(name) => node::run(args, name, general),
        None => {
            Err(CommandError::usage("Need to specify a node name")
                .hint("`mco find` lists the nodes"))
        }
    }
}
