//! What is compiled in besides agents and data queries, and declares little but itself.

use crate::mcorpc::ddl::{Ddl, Kind, Metadata};

/// All of them; those of a kind stand together, sorted by name.
pub(super) fn others() -> Vec<Ddl> {
    let aggregates = AGGREGATES.map(|(name, title, about, usage)| {
        let mut ddl = ddl(Kind::Aggregate, name, title, about, PIETER, 5).usage(usage);
        DIRECTORY.clone_into(&mut ddl.metadata.url);
        ddl
    });
    let connectors = CONNECTORS.map(|(name, title, about)| {
        let mut ddl = ddl(Kind::Connector, name, title, about, "Puppet Labs", 60);
        "1.0.0".clone_into(&mut ddl.metadata.version);
        DIRECTORY.clone_into(&mut ddl.metadata.url);
        ddl
    });
    let methods = METHODS.map(|(name, about, author, timeout, capabilities)| {
        let mut ddl = ddl(Kind::Discovery, name, name, about, author, timeout);
        if author != OURS {
            "0.1".clone_into(&mut ddl.metadata.version);
        }
        ddl.capabilities(capabilities)
    });
    let validators =
        VALIDATORS.map(|(name, title, about)| ddl(Kind::Validator, name, title, about, LOUBSER, 1));
    let facts = FACTS.map(|(name, about)| Ddl::new(Kind::Facts, Metadata::own(name, about, 1)));
    let security =
        SECURITY.map(|(name, about)| Ddl::new(Kind::Security, Metadata::own(name, about, 1)));
    aggregates
        .into_iter()
        .chain(connectors)
        .chain(methods)
        .chain(validators)
        .chain(facts)
        .chain(security)
        .collect()
}

fn ddl(kind: Kind, name: &str, title: &str, about: &str, author: &str, timeout: u64) -> Ddl {
    let mut metadata = Metadata::own(title, about, timeout);
    if author != OURS {
        author.clone_into(&mut metadata.author);
        "ASL 2.0".clone_into(&mut metadata.license);
        "1.0".clone_into(&mut metadata.version);
    }
    Ddl::new(kind, metadata).named(name)
}

/// The author of what the original does not have.
const OURS: &str = "";
/// Where the original's plugins were listed.
const DIRECTORY: &str = "https://docs.puppetlabs.com/mcollective/plugin_directory/";
const LOUBSER: &str = "P. Loubser <pieter.loubser@puppetlabs.com>";
const PIETER: &str = "Pieter Loubser <pieter.loubser@puppetlabs.com>";

/// Name, title, description, usage.
const AGGREGATES: [(&str, &str, &str, &str); 4] = [
    (
        "average",
        "average",
        "Displays the average of a set of numeric values",
        "In an action of a DDL:\n\n  summarize do\n    aggregate average(:value, :format => \"Average: %0.2f\")\n  end\n\nWithout a format it is `Average of value: 15.000000`.\n",
    ),
    (
        "boolean_summary",
        "boolean_summary",
        "Aggregate function that will transform true/false values into predefined strings.",
        "In an action of a DDL:\n\n  summarize do\n    aggregate boolean_summary(:alive, {:true => \"Alive\", :false => \"Dead\"})\n  end\n\nWithout labels they are True and False.\n",
    ),
    (
        "sum",
        "Sum",
        "Determine the total added value of a set of values",
        "In an action of a DDL:\n\n  summarize do\n    aggregate sum(:value)\n  end\n\nWithout a format it is `Sum of value: 30.000000`.\n",
    ),
    (
        "summary",
        "summary",
        "Displays the summary of a set of results",
        "In an action of a DDL:\n\n  summarize do\n    aggregate summary(:value, :format => \"%s on %d nodes\")\n  end\n\nOf lists each element counts. Without a format it is `web = 25`.\n",
    ),
];

/// Name, title, description.
const CONNECTORS: [(&str, &str, &str); 2] = [
    (
        "activemq",
        "ActiveMQ Connector",
        "Connector plugin for ActiveMQ middleware",
    ),
    (
        "rabbitmq",
        "RabbitMQ Connector",
        "Connector plugin for RabbitMQ middleware",
    ),
];

/// The nodes decide on the whole filter, whatever their names come from.
const ALL: &[&str] = &["classes", "facts", "identity", "agents", "compound"];

/// Name, description, author, seconds, what it can filter on.
const METHODS: [(&str, &str, &str, u64, &[&str]); 4] = [
    (
        "broker",
        "The broker's list of who is connected; the nodes decide on the filter",
        OURS,
        2,
        ALL,
    ),
    (
        "flatfile",
        "Flatfile based discovery for node identities",
        "R.I.Pienaar <rip@devco.net>",
        0,
        ALL,
    ),
    (
        "mc",
        "MCollective Broadcast based discovery",
        "R.I.Pienaar <rip@devco.net>",
        2,
        ALL,
    ),
    (
        "stdin",
        "STDIN based discovery for node identities",
        "Tomas Doran <bobtfish@bobtfish.net.net>",
        0,
        ALL,
    ),
];

/// Name, title, description.
const VALIDATORS: [(&str, &str, &str); 13] = [
    (
        "array",
        "Array",
        "Validates that a value is included in a list",
    ),
    (
        "ipv4address",
        "IPv4 Address",
        "Validates that a value is an ipv4 address",
    ),
    (
        "ipv6address",
        "IPv6 Address",
        "Validates that a value is an ipv6 address",
    ),
    (
        "length",
        "Length",
        "Validates that the length of a string is less or equal to a specified value",
    ),
    (
        "package_name",
        "package_name",
        "Validates that a string is a package name",
    ),
    (
        "puppet_resource",
        "puppet_resource",
        "Validates the validity of a Puppet resource type and name",
    ),
    (
        "puppet_server_address",
        "puppet_server_address",
        "Validates that a string is a valid Puppet Server and Port for the Puppet agent",
    ),
    (
        "puppet_tags",
        "puppet_tags",
        "Validates that a comma seperated list of tags are valid Puppet class names",
    ),
    (
        "puppet_variable",
        "puppet_variable",
        "Validates that a variable name is a valid Puppet name",
    ),
    (
        "regex",
        "Regex",
        "Validates that a string matches a supplied regular expression",
    ),
    (
        "service_name",
        "service_name",
        "Validates that a string is a service name",
    ),
    (
        "shellsafe",
        "Shellsafe",
        "Validates that a string is shellsafe",
    ),
    (
        "typecheck",
        "Typecheck",
        "Validates that a value is of a certain type",
    ),
];

/// Name, description.
const FACTS: [(&str, &str); 2] = [
    (
        "native",
        "What the agent finds out about its machine itself, in Facter's structure",
    ),
    ("yaml", "Facts from YAML and JSON files"),
];

/// Name, description.
const SECURITY: [(&str, &str); 1] = [(
    "pki",
    "Requests and replies signed as a whole with X.509 certificates",
)];
