//! `puppet`: the Puppet agent of a node.

use std::sync::LazyLock;

use super::idempotent;
use crate::mcorpc::ddl::{Action, Aggregate, Ddl, Input, InputType, Kind, Metadata};

static DDL: LazyLock<Ddl> = LazyLock::new(|| {
    Ddl::new(Kind::Agent, metadata())
        .action(resource())
        .action(disable())
        .action(enable())
        .action(last_run_summary())
        .action(status())
        .action(runonce())
});

/// The DDL of the agent `puppet`.
pub fn puppet() -> &'static Ddl {
    &DDL
}

fn metadata() -> Metadata {
    Metadata {
        name: "puppet".to_owned(),
        description: "Run Puppet agent, get its status, and enable/disable it".to_owned(),
        author: "R.I.Pienaar <rip@devco.net>".to_owned(),
        license: "Apache-2.0".to_owned(),
        version: "1.14.0".to_owned(),
        url: "https://github.com/puppetlabs/mcollective-puppet-agent".to_owned(),
        timeout: 20,
    }
}

fn resource() -> Action {
    Action::new("resource", "Evaluate Puppet RAL resources")
        .always()
        .leave_on_timeout()
        .input(Input::new(
            "name",
            "Name",
            "Resource Name",
            InputType::matching("^.+$", 150),
        ))
        .input(Input::new(
            "type",
            "Type",
            "Resource Type",
            InputType::matching("^.+$", 50),
        ))
        .output_or(
            "result",
            "The result from the Puppet resource",
            "Result",
            "",
        )
        .output(
            "changed",
            "Was a change applied based on the resource",
            "Changed",
        )
        .summarize(Aggregate::boolean_summary(
            "changed",
            "Changed",
            "No Change",
        ))
}

fn disable() -> Action {
    switch(
        Action::new("disable", "Disable the Puppet agent").input(
            Input::new(
                "message",
                "Lock message",
                "Supply a reason for disabling the Puppet agent",
                InputType::text("shellsafe", 120),
            )
            .optional(),
        ),
    )
}

fn enable() -> Action {
    switch(Action::new("enable", "Enable the Puppet agent"))
}

fn switch(action: Action) -> Action {
    action
        .input(idempotent())
        .output_or("status", "Status", "Status", "")
        .output("enabled", "Is the agent currently locked", "Enabled")
        .output("changed", "Whether anything had to be done", "Changed")
        .summarize(enabled())
}

fn enabled() -> Aggregate {
    Aggregate::boolean_summary("enabled", "enabled", "disabled")
}

#[allow(clippy::too_many_lines, reason = "a list of outputs")]
fn last_run_summary() -> Action {
    Action::new("last_run_summary", "Get the summary of the last Puppet run")
        .always()
        .input(
            Input::new(
                "logs",
                "Retrieve logs",
                "Whether or not to retrieve logs from the last run",
                InputType::Boolean,
            )
            .optional()
            .or(false),
        )
        .output_or(
            "out_of_sync_resources",
            "Resources that were not in desired state",
            "Out of Sync Resources",
            -1,
        )
        .output_or(
            "failed_resources",
            "Resources that failed to apply",
            "Failed Resources",
            -1,
        )
        .output_or(
            "corrected_resources",
            "Resources that were correctively changed",
            "Corrected Resources",
            -1,
        )
        .output_or(
            "changed_resources",
            "Resources that were changed",
            "Changed Resources",
            -1,
        )
        .output_or(
            "total_resources",
            "Total resources managed on a node",
            "Total Resources",
            0,
        )
        .output_or(
            "config_retrieval_time",
            "Time taken to retrieve the catalog from the master",
            "Config Retrieval Time",
            -1,
        )
        .output_or(
            "total_time",
            "Total time taken to retrieve and process the catalog",
            "Total Time",
            0,
        )
        .output_or(
            "logs",
            "Log lines from the last Puppet run",
            "Last Run Logs",
            serde_json::json!({}),
        )
        .output_or(
            "lastrun",
            "When the Agent last applied a catalog in local time",
            "Last Run",
            0,
        )
        .output_or(
            "since_lastrun",
            "How long ago did the Agent last apply a catalog in local time",
            "Since Last Run",
            "Unknown",
        )
        .output(
            "config_version",
            "Puppet config version for the previously applied catalog",
            "Config Version",
        )
        .output_or(
            "type_distribution",
            "Resource counts per type managed by Puppet",
            "Type Distribution",
            serde_json::json!({}),
        )
        .output_or(
            "summary",
            "Summary data as provided by Puppet",
            "Summary",
            serde_json::json!({}),
        )
        .output(
            "run_result",
            "How the run ended: changed, unchanged or failed",
            "Run Result",
        )
        .output(
            "problem",
            "Why there are no figures, or not all of them",
            "Problem",
        )
        .summarize(Aggregate::average("config_retrieval_time").format("Average: %0.2f"))
        .summarize(Aggregate::average("total_time").format("Average: %0.2f"))
        .summarize(Aggregate::average("total_resources").format("Average: %d"))
}

fn status() -> Action {
    Action::new("status", "Get the current status of the Puppet agent")
        .always()
        .output_or("applying", "Is a catalog being applied", "Applying", false)
        .output_or(
            "idling",
            "Is the Puppet agent daemon running but not doing any work",
            "Idling",
            false,
        )
        .output("enabled", "Is the agent currently locked", "Enabled")
        .output_or(
            "daemon_present",
            "Is the Puppet agent daemon running on this system",
            "Daemon Running",
            false,
        )
        .output_or(
            "lastrun",
            "When the Agent last applied a catalog in local time",
            "Last Run",
            0,
        )
        .output_or(
            "since_lastrun",
            "How long ago did the Agent last apply a catalog in local time",
            "Since Last Run",
            "Unknown",
        )
        .output_or(
            "status",
            "Current status of the Puppet agent",
            "Status",
            "unknown",
        )
        .output_or(
            "disable_message",
            "Message supplied when agent was disabled",
            "Lock Message",
            "",
        )
        .output_or(
            "message",
            "Descriptive message defining the overall agent status",
            "Message",
            "unknown",
        )
        .output(
            "run",
            "What became of the run that was started here last",
            "Run",
        )
        .output(
            "run_request",
            "Which request had asked for that run",
            "Run Request",
        )
        .summarize(enabled())
        .summarize(Aggregate::boolean_summary(
            "daemon_present",
            "running",
            "stopped",
        ))
        .summarize(Aggregate::summary("applying"))
        .summarize(Aggregate::summary("status"))
        .summarize(Aggregate::summary("idling"))
}

fn runonce() -> Action {
    let flag = |name: &str, prompt: &str, description: &str| {
        Input::new(name, prompt, description, InputType::Boolean).optional()
    };
    let text = |name: &str, prompt: &str, description: &str, validator: &str, most: usize| {
        Input::new(name, prompt, description, InputType::text(validator, most)).optional()
    };
    Action::new("runonce", "Invoke a single Puppet run")
        .leave_on_timeout()
        .input(flag(
            "force",
            "Force",
            "Will force a run immediately else is subject to default splay time",
        ))
        .input(text(
            "server",
            "Puppet Server",
            "Address and port of the Puppet Master in server:port format",
            "puppet_server_address",
            50,
        ))
        .input(text(
            "tags",
            "Tags",
            "Restrict the Puppet run to a comma list of tags",
            "puppet_tags",
            120,
        ))
        .input(flag("noop", "No-op", "Do a Puppet dry run"))
        .input(flag(
            "splay",
            "Splay",
            "Sleep for a period before initiating the run",
        ))
        .input(
            Input::new(
                "splaylimit",
                "Splay Limit",
                "Maximum amount of time to sleep before run",
                InputType::Number,
            )
            .optional(),
        )
        .input(text(
            "environment",
            "Environment",
            "Which Puppet environment to run",
            "puppet_variable",
            50,
        ))
        .input(flag(
            "use_cached_catalog",
            "Use Cached Catalog",
            "Determine if to use the cached catalog or not",
        ))
        .input(flag(
            "ignoreschedules",
            "Ignore Schedules",
            "Run whatever the schedules of resources say",
        ))
        .input(idempotent())
        .output_or("summary", "Summary of command run", "Summary", "")
        .output_or(
            "initiated_at",
            "Timestamp of when the runonce command was issued",
            "Initiated at",
            0,
        )
        .output("changed", "Whether this call began the run", "Changed")
}
