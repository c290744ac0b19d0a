//! `service`: system services.

use std::sync::LazyLock;

use super::idempotent;
use crate::mcorpc::ddl::{Action, Aggregate, Ddl, Input, InputType, Kind, Metadata};

static DDL: LazyLock<Ddl> = LazyLock::new(|| {
    Ddl::new(Kind::Agent, metadata())
        .action(
            action(
                "status",
                "Gets the status of a service",
                "get the status for",
            )
            .always(),
        )
        .action(change("start", "Start a service", "start"))
        .action(change("stop", "Stop a service", "stop"))
        .action(change("restart", "Restart a service", "restart"))
});

/// The DDL of the agent `service`.
pub fn service() -> &'static Ddl {
    &DDL
}

fn metadata() -> Metadata {
    Metadata {
        name: "service".to_owned(),
        description: "Start and stop system services".to_owned(),
        author: "R.I.Pienaar".to_owned(),
        license: "Apache-2.0".to_owned(),
        version: "3.2.0".to_owned(),
        url: "https://github.com/puppetlabs/mcollective-service-agent".to_owned(),
        timeout: 60,
    }
}

fn action(name: &str, description: &str, purpose: &str) -> Action {
    Action::new(name, description)
        .input(Input::new(
            "service",
            "Service Name",
            &format!("The service to {purpose}"),
            InputType::text("service_name", 90),
        ))
        .output_or("status", "The status of the service", "Service Status", "unknown")
        .output(
            "state",
            "The status, and failed, starting, stopping, restarting, masked or unknown where it is that",
            "State",
        )
        .summarize(Aggregate::summary("status"))
}

fn change(name: &str, description: &str, purpose: &str) -> Action {
    action(name, description, purpose)
        .leave_on_timeout()
        .input(idempotent())
        .output("changed", "Whether anything had to be done", "Changed")
        .output(
            "log",
            "The last lines of its log, if it did not come up",
            "Log",
        )
}
