//! `package`: software packages.

use std::sync::LazyLock;

use super::idempotent;
use crate::mcorpc::ddl::{Action, Aggregate, Ddl, Input, InputType, Kind, Metadata};

static DDL: LazyLock<Ddl> = LazyLock::new(|| {
    let ddl = Ddl::new(Kind::Agent, metadata());
    let ddl = ["install", "update", "uninstall", "purge"]
        .into_iter()
        .fold(ddl, |ddl, name| ddl.action(change(name)));
    ddl.action(status())
        .action(figure(
            "count",
            "Get number of packages installed",
            "Count of packages installed",
            "Count",
        ))
        .action(figure(
            "md5",
            "Get md5 digest of list of packages installed",
            "md5 of list of packages installed",
            "MD5",
        ))
        .action(yum_clean())
        .action(work("apt_update", "Update the apt cache", "apt-get", "apt-get").leave_on_timeout())
        .action(updates(
            "yum_checkupdates",
            "Check for YUM updates",
            "YUM",
            "yum",
        ))
        .action(updates(
            "apt_checkupdates",
            "Check for APT updates",
            "APT",
            "apt",
        ))
        .action(checkupdates())
});

/// The DDL of the agent `package`.
pub fn package() -> &'static Ddl {
    &DDL
}

fn metadata() -> Metadata {
    Metadata {
        name: "package".to_owned(),
        description: "Install and uninstall software packages".to_owned(),
        author: "R.I.Pienaar".to_owned(),
        license: "ASL 2.0".to_owned(),
        version: "4.7.0".to_owned(),
        url: "https://github.com/puppetlabs/mcollective-package-agent".to_owned(),
        timeout: 180,
    }
}

/// A name; or, as the original had it not, several with commas between: a node that knows nothing
/// of that has no such package. The original's longest name is 90.
fn name(purpose: &str) -> Input {
    Input::new(
        "package",
        "Package Name",
        &format!("Package to {purpose}"),
        InputType::text("shellsafe", 900),
    )
}

fn with_outputs(action: Action) -> Action {
    [
        ("output", "Output from the package manager", "Output"),
        ("epoch", "Package epoch number", "Epoch"),
        ("arch", "Package architecture", "Arch"),
        ("ensure", "Full package version", "Ensure"),
        ("version", "Version number", "Version"),
        (
            "provider",
            "Provider used to retrieve information",
            "Provider",
        ),
        ("name", "Package name", "Name"),
        ("release", "Package release number", "Release"),
    ]
    .into_iter()
    .fold(action, |action, (name, description, display_as)| {
        action.output(name, description, display_as)
    })
    .output(
        "architecture",
        "Package architecture, where dpkg has it",
        "Architecture",
    )
    .output(
        "packages",
        "The same of each package, where several were named",
        "Packages",
    )
}

fn change(verb: &str) -> Action {
    let title = {
        let (first, rest) = verb.split_at(1);
        format!("{}{rest} a package", first.to_ascii_uppercase())
    };
    let action = Action::new(verb, &title)
        .leave_on_timeout()
        .input(name(verb));
    let action = if verb == "install" {
        action.input(
            Input::new(
                "version",
                "Package version",
                "Version of package to install",
                InputType::text("shellsafe", 90),
            )
            .optional(),
        )
    } else {
        action
    };
    with_outputs(action.input(idempotent()))
        .output("changed", "Whether anything had to be done", "Changed")
        .output(
            "also",
            "What was done to packages that were not named",
            "Also",
        )
        .output(
            "exitcode",
            "The exit code of the package manager, if it failed",
            "Exit Code",
        )
        .summarize(Aggregate::summary("ensure"))
}

fn status() -> Action {
    let action = Action::new("status", "Get the status of a package")
        .always()
        .input(name("retrieve the status of"));
    with_outputs(action)
        .output(
            "run",
            "What became of the change that was begun here last",
            "Run",
        )
        .summarize(Aggregate::summary("ensure"))
        .summarize(Aggregate::summary("arch"))
}

fn figure(name: &str, description: &str, output: &str, title: &str) -> Action {
    Action::new(name, description)
        .output("output", output, title)
        .output(
            "exitcode",
            "The exitcode from the rpm/dpkg command",
            "Exit Code",
        )
        .summarize(Aggregate::summary("output"))
}

fn yum_clean() -> Action {
    let modes = [
        "all",
        "headers",
        "packages",
        "metadata",
        "dbcache",
        "plugins",
        "expire-cache",
    ];
    work("yum_clean", "Clean the YUM cache", "YUM", "yum").input(
        Input::new(
            "mode",
            "Yum clean mode",
            "One of the various supported clean modes",
            InputType::List(modes.map(str::to_owned).to_vec()),
        )
        .optional(),
    )
}

/// What prints something.
fn work(name: &str, description: &str, title: &str, command: &str) -> Action {
    Action::new(name, description)
        .output("output", &format!("Output from {title}"), "Output")
        .output(
            "exitcode",
            &format!("The exitcode from the {command} command"),
            "Exit Code",
        )
}

fn updates(name: &str, description: &str, title: &str, command: &str) -> Action {
    let action = work(name, description, title, command).always().output(
        "outdated_packages",
        "Outdated packages",
        "Outdated Packages",
    );
    with_warnings(action)
}

fn with_warnings(action: Action) -> Action {
    action.output(
        "warnings",
        "What keeps the list from being whole",
        "Warnings",
    )
}

fn checkupdates() -> Action {
    let action = Action::new("checkupdates", "Check for updates")
        .always()
        .output(
            "package_manager",
            "The detected package manager",
            "Package Manager",
        )
        .output("output", "Output from Package Manager", "Output")
        .output(
            "outdated_packages",
            "Outdated packages",
            "Outdated Packages",
        )
        .output(
            "exitcode",
            "The exitcode from the package manager command",
            "Exit Code",
        );
    with_warnings(action)
}
