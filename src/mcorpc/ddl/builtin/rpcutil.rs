//! `rpcutil`: what every node has.

use std::sync::LazyLock;

use crate::mcorpc::ddl::{Action, Aggregate, Ddl, Input, InputType, Kind, Metadata};

static DDL: LazyLock<Ddl> = LazyLock::new(|| {
    Ddl::new(Kind::Agent, metadata())
        .action(collective_info())
        .action(inventory())
        .action(get_fact())
        .action(get_facts())
        .action(daemon_stats())
        .action(agent_inventory())
        .action(get_config_item())
        .action(get_data())
        .action(ping())
});

/// The DDL of the agent `rpcutil`.
pub fn rpcutil() -> &'static Ddl {
    &DDL
}

fn metadata() -> Metadata {
    Metadata {
        name: "rpcutil".to_owned(),
        description: "General helpful actions that expose stats and internals to SimpleRPC clients"
            .to_owned(),
        author: "R.I.Pienaar <rip@devco.net>".to_owned(),
        license: "Apache License, Version 2.0".to_owned(),
        version: "1.0".to_owned(),
        url: "https://docs.puppetlabs.com/mcollective/".to_owned(),
        timeout: 10,
    }
}

fn collective_info() -> Action {
    Action::new("collective_info", "Info about the main and sub collectives")
        .always()
        .output("main_collective", "The main Collective", "Main Collective")
        .output("collectives", "All Collectives", "All Collectives")
        .summarize(Aggregate::summary("collectives"))
}

fn inventory() -> Action {
    Action::new("inventory", "System Inventory")
        .always()
        .output("agents", "List of agent names", "Agents")
        .output("facts", "List of facts and values", "Facts")
        .output("classes", "List of classes on the system", "Classes")
        .output("version", "MCollective Version", "Version")
        .output("main_collective", "The main Collective", "Main Collective")
        .output("collectives", "All Collectives", "All Collectives")
        .output("data_plugins", "List of data plugin names", "Data Plugins")
}

fn get_fact() -> Action {
    Action::new("get_fact", "Retrieve a single fact from the fact store")
        .always()
        .input(Input::new(
            "fact",
            "The name of the fact",
            "The fact to retrieve",
            InputType::matching(r"^[\w\-\.]+$", 40),
        ))
        .output("fact", "The name of the fact being returned", "Fact")
        .output("value", "The value of the fact", "Value")
        .summarize(Aggregate::summary("value"))
}

fn get_facts() -> Action {
    Action::new("get_facts", "Retrieve multiple facts from the fact store")
        .always()
        .input(Input::new(
            "facts",
            "Comma-separated list of facts",
            "Facts to retrieve",
            InputType::matching(r"^\s*[\w\.\-]+(\s*,\s*[\w\.\-]+)*$", 200),
        ))
        .output("values", "List of values of the facts", "Values")
}

fn daemon_stats() -> Action {
    Action::new("daemon_stats", "Get statistics from the running daemon")
        .always()
        .output("threads", "List of threads active in the daemon", "Threads")
        .output("agents", "List of agents loaded", "Agents")
        .output("pid", "Process ID of the daemon", "PID")
        .output("times", "Processor time consumed by the daemon", "Times")
        .output(
            "validated",
            "Messages that passed security validation",
            "Security Validated",
        )
        .output(
            "unvalidated",
            "Messages that failed security validation",
            "Failed Security",
        )
        .output("passed", "Passed filter checks", "Passed Filter")
        .output("filtered", "Didn't pass filter checks", "Failed Filter")
        .output("starttime", "Time the server started", "Start Time")
        .output("total", "Total messages received", "Total Messages")
        .output("replies", "Replies sent back to clients", "Replies")
        .output(
            "configfile",
            "Config file used to start the daemon",
            "Config File",
        )
        .output("version", "MCollective Version", "Version")
        .output(
            "ttlexpired",
            "Messages that did pass TTL checks",
            "TTL Expired",
        )
        .summarize(Aggregate::summary("version"))
        .summarize(Aggregate::summary("agents"))
}

fn agent_inventory() -> Action {
    Action::new("agent_inventory", "Inventory of all agents on the server")
        .always()
        .output("agents", "List of agents on the server", "Agents")
}

fn get_config_item() -> Action {
    Action::new(
        "get_config_item",
        "Get the active value of a specific config property",
    )
    .always()
    .input(Input::new(
        "item",
        "Configuration Item",
        "The item to retrieve from the server",
        InputType::matching("^.+$", 50),
    ))
    .output("item", "The config property being retrieved", "Property")
    .output("value", "The value that is in use", "Value")
    .summarize(Aggregate::summary("value"))
}

fn get_data() -> Action {
    Action::new("get_data", "Get data from a data plugin")
        .always()
        .input(Input::new(
            "source",
            "Data Source",
            "The data plugin to retrieve information from",
            InputType::matching(r"^\w+$", 50),
        ))
        .input(
            Input::new(
                "query",
                "Query",
                "The query argument to supply to the data plugin",
                InputType::matching("^.+$", 200),
            )
            .optional(),
        )
}

fn ping() -> Action {
    Action::new("ping", "Responds to requests for PING with PONG")
        .always()
        .output("pong", "The local timestamp", "Timestamp")
}
