//! All that is compiled in, with the original's words for what the original has, too.

use crate::mcorpc::ddl::{Ddl, Kind, Metadata, builtin};

/// One plugin.
pub(super) struct Plugin {
    /// Its type as it stands before the slash.
    pub(super) kind: &'static str,
    /// Its name after the slash.
    pub(super) name: String,
    /// What it says of itself.
    pub(super) ddl: Ddl,
}

/// Types and the titles of their groups, in the order in which they are listed.
pub(super) const GROUPS: [(&str, &str); 6] = [
    ("agent", "Agents"),
    ("aggregate", "Aggregate"),
    ("connector", "Connectors"),
    ("data", "Data Queries"),
    ("discovery", "Discovery Methods"),
    ("validator", "Validator Plugins"),
];

/// Type, name, description.
const OTHERS: [(&str, &str, &str); 28] = [
    (
        "aggregate",
        "average",
        "Displays the average of a set of numeric values",
    ),
    (
        "aggregate",
        "boolean_summary",
        "Aggregate function that will transform true/false values into predefined strings.",
    ),
    (
        "aggregate",
        "sum",
        "Determine the total added value of a set of values",
    ),
    (
        "aggregate",
        "summary",
        "Displays the summary of a set of results",
    ),
    (
        "connector",
        "activemq",
        "Connector plugin for ActiveMQ middleware",
    ),
    (
        "connector",
        "rabbitmq",
        "Connector plugin for RabbitMQ middleware",
    ),
    (
        "data",
        "agent",
        "Meta data about installed MColletive Agents",
    ),
    ("data", "collective", "Collective membership"),
    ("data", "fact", "Structured fact query"),
    ("data", "fstat", "Retrieve file stat data for a given file"),
    ("data", "service", "Checks the status of a service"),
    (
        "discovery",
        "broker",
        "The broker's list of who is connected; the nodes decide on the filter",
    ),
    (
        "discovery",
        "flatfile",
        "Flatfile based discovery for node identities",
    ),
    ("discovery", "mc", "MCollective Broadcast based discovery"),
    (
        "discovery",
        "stdin",
        "STDIN based discovery for node identities",
    ),
    (
        "validator",
        "array",
        "Validates that a value is included in a list",
    ),
    (
        "validator",
        "ipv4address",
        "Validates that a value is an ipv4 address",
    ),
    (
        "validator",
        "ipv6address",
        "Validates that a value is an ipv6 address",
    ),
    (
        "validator",
        "length",
        "Validates that the length of a string is less or equal to a specified value",
    ),
    (
        "validator",
        "package_name",
        "Validates that a string is a package name",
    ),
    (
        "validator",
        "puppet_resource",
        "Validates the validity of a Puppet resource type and name",
    ),
    (
        "validator",
        "puppet_server_address",
        "Validates that a string is a valid Puppet Server and Port for the Puppet agent",
    ),
    (
        "validator",
        "puppet_tags",
        "Validates that a comma seperated list of tags are valid Puppet class names",
    ),
    (
        "validator",
        "puppet_variable",
        "Validates that a variable name is a valid Puppet name",
    ),
    (
        "validator",
        "regex",
        "Validates that a string matches a supplied regular expression",
    ),
    (
        "validator",
        "service_name",
        "Validates that a string is a service name",
    ),
    (
        "validator",
        "shellsafe",
        "Validates that a string is shellsafe",
    ),
    (
        "validator",
        "typecheck",
        "Validates that a value is of a certain type",
    ),
];

/// All plugins, by type and name.
pub(super) fn plugins() -> Vec<Plugin> {
    let agents = builtin::agents().into_iter().map(|ddl| Plugin {
        kind: "agent",
        name: ddl.name().to_owned(),
        ddl: ddl.clone(),
    });
    let others = OTHERS.map(|(kind, name, description)| Plugin {
        kind,
        name: name.to_owned(),
        ddl: described(kind, name, description),
    });
    agents.chain(others).collect()
}

fn described(kind: &str, name: &str, description: &str) -> Ddl {
    let metadata = Metadata::own(name, description, 1);
    match kind {
        "discovery" => {
            let mut ddl = Ddl::new(Kind::Discovery, metadata);
            // The nodes decide on the whole filter whatever the names come from.
            ddl.capabilities = ["classes", "facts", "identity", "agents", "compound"]
                .map(str::to_owned)
                .to_vec();
            ddl
        }
        "data" => Ddl::new(Kind::Data, metadata),
        "aggregate" => Ddl::new(Kind::Aggregate, metadata),
        // Connectors have no kind of their own: what is shown of them is what is shown of these.
        _ => Ddl::new(Kind::Validator, metadata),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcorpc::ddl::validators;

    #[test]
    fn every_validator_is_listed() {
        for name in validators::NAMES {
            assert!(
                OTHERS
                    .iter()
                    .any(|(kind, other, _)| *kind == "validator" && *other == name),
                "{name}"
            );
        }
    }

    #[test]
    fn types_stand_together_and_names_are_sorted() {
        let plugins = plugins();
        let keys: Vec<(&str, &str)> = plugins
            .iter()
            .map(|plugin| (plugin.kind, plugin.name.as_str()))
            .collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
