//! `puppetral`: what Puppet's resource types find on a node.

use std::sync::LazyLock;

use crate::mcorpc::ddl::{Action, Ddl, Input, InputType, Kind, Metadata};

static DDL: LazyLock<Ddl> = LazyLock::new(|| {
    Ddl::new(Kind::Agent, metadata())
        .action(find())
        .action(search())
});

/// The DDL of the agent `puppetral`.
pub fn puppetral() -> &'static Ddl {
    &DDL
}

fn metadata() -> Metadata {
    Metadata {
        name: "puppetral".to_owned(),
        description: "View and edit resources with Puppet's resource abstraction layer".to_owned(),
        author: "R.I.Pienaar <rip@devco.net>, Max Martin <max@puppetlabs.com>".to_owned(),
        license: "Apache-2.0".to_owned(),
        version: "0.5.1".to_owned(),
        url: "https://github.com/puppetlabs/mcollective-puppetral-agent".to_owned(),
        timeout: 180,
    }
}

fn find() -> Action {
    Action::new("find", "Get the attributes and status of a resource")
        .always()
        .input(kind("Type of resource to check"))
        .input(Input::new(
            "title",
            "Resource name",
            "Name of resource to check",
            InputType::matching("^.+$", 90),
        ))
        .output("type", "Type of the inspected resource", "Type")
        .output("title", "Title of the inspected resource", "Title")
        .output("tags", "Tags of the inspected resource", "Tags")
        .output(
            "exported",
            "Boolean flag indicating export status",
            "Exported",
        )
        .output(
            "parameters",
            "Parameters of the inspected resource",
            "Parameters",
        )
        .output(
            "managed",
            "Flag for managed state of the inspected resource",
            "Managed",
        )
}

fn search() -> Action {
    Action::new(
        "search",
        "Get detailed info for all resources of a given type",
    )
    .always()
    .input(kind("Type of resource to check"))
    .output("result", "The values of the inspected resources", "Result")
}

fn kind(description: &str) -> Input {
    Input::new(
        "type",
        "Resource type",
        description,
        InputType::matching("^.+$", 90),
    )
}
