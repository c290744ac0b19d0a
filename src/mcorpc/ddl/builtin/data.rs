//! What can be asked of nodes in filters: the original's data plugins, and those that come with its
//! agents for packages, Puppet and services.

use crate::mcorpc::ddl::{Ddl, InputType, Kind, Metadata, Query};

/// All of them, sorted by name.
pub(super) fn queries() -> Vec<Ddl> {
    vec![
        agent(),
        collective(),
        fact(),
        fstat(),
        package(),
        puppet(),
        resource(),
        service(),
    ]
}

/// Name, title, what it says of itself, by whom it is, how long a question may take.
fn ddl(
    name: &str,
    title: &str,
    description: &str,
    author: &str,
    timeout: u64,
    query: Query,
) -> Ddl {
    let metadata = Metadata {
        name: title.to_owned(),
        description: description.to_owned(),
        author: author.to_owned(),
        license: "ASL 2.0".to_owned(),
        version: "1.0".to_owned(),
        url: "https://docs.puppetlabs.com/mcollective/".to_owned(),
        timeout,
    };
    Ddl::new(Kind::Data, metadata).named(name).query(query)
}

const RIP: &str = "R.I.Pienaar <rip@devco.net>";
const PUPPET: &str = "Puppet Labs";

fn agent() -> Ddl {
    let about = "Meta data about installed MColletive Agents";
    let name = InputType::matching(r"^[\w\_]+$", 20);
    let query = [
        "license",
        "timeout",
        "description",
        "url",
        "version",
        "author",
    ]
    .into_iter()
    .fold(
        Query::new("Agent Meta Data").input("Agent Name", "Valid agent name", name),
        |query, item| query.output(item, &format!("Agent {item}"), &title(item)),
    );
    ddl("agent", "Agent", about, RIP, 1, query)
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn collective() -> Ddl {
    let query = Query::new("Collective")
        .input(
            "Collective",
            "Collective name to ask about, eg mcollective",
            InputType::matching(".", 256),
        )
        .output(
            "member",
            "Node is a member of the named collective",
            "member",
        );
    ddl(
        "collective",
        "Collective",
        "Collective membership",
        PUPPET,
        1,
        query,
    )
}

fn fact() -> Ddl {
    let query = Query::new("Fact")
        .input(
            "Fact Path",
            "Path to a fact, eg network.eth0.address",
            InputType::matching(".", 256),
        )
        .output("exists", "Fact is present", "exists")
        .output("value", "Fact value", "value")
        .output(
            "value_encoding",
            "Encoding of the fact value (text/plain or application/json)",
            "value_encoding",
        );
    ddl("fact", "Fact", "Structured fact query", PUPPET, 1, query)
}

fn fstat() -> Ddl {
    let outputs = [
        ("name", "File name", "Name"),
        (
            "output",
            "Human readable information about the file",
            "Status",
        ),
        (
            "present",
            "Indicates if the file exist using 0 or 1",
            "Present",
        ),
        ("size", "File size", "Size"),
        ("mode", "File mode", "Mode"),
        ("md5", "File MD5 digest", "MD5"),
        ("mtime", "File modification time", "Modification time"),
        ("ctime", "File change time", "Change time"),
        ("atime", "File access time", "Access time"),
        (
            "mtime_seconds",
            "File modification time in seconds",
            "Modification time",
        ),
        (
            "ctime_seconds",
            "File change time in seconds",
            "Change time",
        ),
        (
            "atime_seconds",
            "File access time in seconds",
            "Access time",
        ),
        (
            "mtime_age",
            "File modification age in seconds",
            "Modification age",
        ),
        ("ctime_age", "File change age in seconds", "Change age"),
        ("atime_age", "File access age in seconds", "Access age"),
        ("uid", "File owner", "Owner"),
        ("gid", "File group", "Group"),
        ("type", "File type", "Type"),
    ];
    let query = Query::new("File stat information").input(
        "File Name",
        "Valid File Name",
        InputType::matching(".+", 120),
    );
    let about = "Retrieve file stat data for a given file";
    ddl("fstat", "File Stat", about, RIP, 1, with(query, &outputs))
}

fn package() -> Ddl {
    let query = Query::new("Package")
        .input(
            "Package Name",
            "The package to ask about",
            InputType::text("package_name", 50),
        )
        .output(
            "status",
            "The currently installed version if present",
            "Package Status",
        )
        .output("installed", "true/false", "Is installed?");
    let about = "Checks the status of a package";
    ddl("package", "package", about, PUPPET, 3, query)
}

fn puppet() -> Ddl {
    let outputs = [
        ("applying", "Whether a catalog is being applied", "Applying"),
        ("enabled", "Whether Puppet is enabled", "Enabled"),
        (
            "daemon_present",
            "Whether the Puppet daemon is running",
            "Daemon Running",
        ),
        (
            "lastrun",
            "When Puppet ran last, in seconds since 1970",
            "Last Run",
        ),
        (
            "since_lastrun",
            "How many seconds ago that was",
            "Since Last Run",
        ),
        ("status", "The state of Puppet in a word", "Status"),
        ("disable_message", "Why Puppet is disabled", "Lock Message"),
        (
            "idling",
            "Whether the daemon is running and applies no catalog",
            "Idling",
        ),
    ];
    let about = "Information about Puppet agent state";
    let query = with(Query::new("Puppet Agent state"), &outputs);
    ddl("puppet", "puppet", about, RIP, 1, query)
}

fn resource() -> Ddl {
    let outputs = [
        ("managed", "Whether Puppet manages the resource", "Managed"),
        (
            "out_of_sync_resources",
            "Resources that were out of sync",
            "Out of Sync Resources",
        ),
        (
            "failed_resources",
            "Resources that failed",
            "Failed Resources",
        ),
        (
            "corrected_resources",
            "Resources that were corrected",
            "Corrected Resources",
        ),
        (
            "changed_resources",
            "Resources that were changed",
            "Changed Resources",
        ),
        (
            "total_resources",
            "Resources that Puppet manages",
            "Total Resources",
        ),
        (
            "total_time",
            "How many seconds the last run took",
            "Total Time",
        ),
        (
            "config_retrieval_time",
            "How many seconds it took to get the catalog",
            "Config Retrieval Time",
        ),
        (
            "lastrun",
            "When Puppet ran last, in seconds since 1970",
            "Last Run",
        ),
        (
            "since_lastrun",
            "How many seconds ago that was",
            "Since Last Run",
        ),
        (
            "config_version",
            "The version of the catalog",
            "Config Version",
        ),
    ];
    let query = Query::new("Puppet Managed Resources")
        .input(
            "Resource Name",
            "The resource to ask about, such as Service[httpd]",
            InputType::text("puppet_resource", 120),
        )
        .optional();
    let about = "Information about Puppet managed resources";
    ddl("resource", "resource", about, RIP, 1, with(query, &outputs))
}

fn service() -> Ddl {
    let query = Query::new("Service")
        .input(
            "Service Name",
            "The service to ask about",
            InputType::text("service_name", 50),
        )
        .output(
            "status",
            "Whether the service is running or stopped",
            "Status",
        )
        .output(
            "state",
            "What the status hides, such as failed or masked",
            "State",
        );
    let about = "Checks the status of a service";
    ddl("service", "service", about, PUPPET, 3, query)
}

fn with(query: Query, outputs: &[(&str, &str, &str)]) -> Query {
    outputs
        .iter()
        .fold(query, |query, (name, description, display_as)| {
            query.output(name, description, display_as)
        })
}
