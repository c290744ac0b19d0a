//! `mco package PACKAGE ACTION`: asks for packages, installs, updates and removes them.

use std::io;

use serde_json::{Map, Value};

use super::{
    Options, Session, filters, plan,
    rows::{self, Rows},
};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View, table::Table, view::cell},
        tree::{General, PackageArgs},
    },
    client::{Account, Answer},
    mcorpc::ddl::{Action, builtin},
};

/// Those that are done to packages.
pub(super) const OF_PACKAGES: [&str; 5] = ["install", "uninstall", "purge", "update", "status"];

/// Those that are done to a machine.
pub(super) const OF_MACHINES: [&str; 7] = [
    "count",
    "md5",
    "yum_clean",
    "yum_checkupdates",
    "apt_update",
    "checkupdates",
    "apt_checkupdates",
];

/// Those that change nothing, and are done without a question.
const LOOKS: [&str; 6] = [
    "status",
    "count",
    "md5",
    "checkupdates",
    "yum_checkupdates",
    "apt_checkupdates",
];

/// Calls.
pub(super) fn run(args: &PackageArgs, general: &General) -> Result<Exit, CommandError> {
    let (packages, name) = words(&args.words)?;
    let mut texts = Vec::new();
    if !packages.is_empty() {
        texts.push(("package".to_owned(), packages.join(",")));
    }
    if let Some(version) = &args.version {
        check_version(name, packages)?;
        texts.push(("version".to_owned(), version.clone()));
    }
    let filter = filters::filter(general, &args.filters)?;
    let ddl = builtin::package();
    let action = plan::action(name)?;
    let mut inputs = plan::inputs(ddl, &action, &texts)?;
    if args.changing.strict {
        inputs.remove(builtin::IDEMPOTENT);
    }
    let options = Options {
        general,
        common: &args.common,
        progress: true,
    };
    Session::run(&options, async |session| {
        let call = session.plan(ddl, &action, inputs, filter)?;
        if !LOOKS.contains(&name) && !args.changing.yes && session.is_unfiltered(&call) {
            session
                .confirm(&call, "operate on packages unfiltered")
                .await?;
        }
        let mut view = Packages {
            action: name.to_owned(),
            rows: Rows {
                caption: format!("{name} Package results"),
                declared: ddl.find_action(name),
                verbose: session.verbose,
                display: args.common.output.display,
            },
        };
        let account = session.show(&call, &mut view).await?;
        Ok(session.exit(&account))
    })
}

/// The packages and the action. What could be either is the action where it stands first.
fn words(words: &[String]) -> Result<(&[String], &str), CommandError> {
    let missing = || {
        CommandError::usage("Please specify package name and action")
            .hint("for example `mco package bash status`")
    };
    let all = [&OF_PACKAGES[..], &OF_MACHINES[..]].concat();
    let (packages, action) = rows::thing_and_action(words, &all).ok_or_else(missing)?;
    if OF_MACHINES.contains(&action) {
        return if packages.is_empty() {
            Ok((packages, action))
        } else {
            Err(CommandError::usage(format!("{action} takes no package")))
        };
    }
    if packages.is_empty() {
        return Err(missing());
    }
    if !OF_PACKAGES.contains(&action) {
        return Err(rows::no_action(action, &all, &all.join(", ")));
    }
    Ok((packages, action))
}

fn check_version(action: &str, packages: &[String]) -> Result<(), CommandError> {
    if action != "install" {
        return Err(CommandError::usage("--version is for install only"));
    }
    if packages.len() != 1 {
        return Err(CommandError::usage("--version is for one package")
            .hint("call `mco package install` once for each package"));
    }
    Ok(())
}

/// How packages are on every node.
struct Packages {
    action: String,
    rows: Rows,
}

impl Packages {
    fn is_of_updates(&self) -> bool {
        self.action.ends_with("checkupdates")
    }

    /// Nothing where all went as it was wanted, and nobody wants to know more.
    fn text(&self, answer: &Answer) -> Vec<String> {
        let data = &answer.reply.data;
        match self.action.as_str() {
            "status" => {
                let mut lines = statuses(data);
                lines.extend(last_run(data));
                lines
            }
            "count" | "md5" => vec![rows::shown(answer, "output")],
            _ if !self.rows.shows_all() => Vec::new(),
            "apt_update" | "yum_clean" => {
                let output = rows::shown(answer, "output");
                output.lines().map(str::to_owned).collect()
            }
            _ => match data.get("packages") {
                Some(Value::Array(_)) => statuses(data),
                _ => vec![rows::shown(answer, "ensure")],
            },
        }
    }

    /// What there is to update, a row for each package of each node.
    fn updates(account: &Account) -> Table {
        let mut table = Table::new(["node", "package", "current", "available", "repo"]);
        for answer in account.answers.iter().filter(|answer| answer.is_ok()) {
            let outdated = answer.reply.data.get("outdated_packages");
            for update in outdated.and_then(Value::as_array).into_iter().flatten() {
                // A node of the original does not say which version is installed.
                let text = |name: &str| cell(update.get(name));
                table.push([
                    answer.reply.sender.as_str().to_owned(),
                    text("package"),
                    text("current"),
                    text("version"),
                    text("repo"),
                ]);
            }
        }
        table
    }

    /// How packages are, a row for each of each node.
    fn table_of(account: &Account) -> Table {
        let mut table = Table::new([
            "node", "outcome", "package", "ensure", "arch", "changed", "message",
        ]);
        for answer in &account.answers {
            let reply = &answer.reply;
            for package in each(&reply.data) {
                table.push([
                    reply.sender.as_str().to_owned(),
                    reply.outcome.as_str().to_owned(),
                    cell(package.get("name")),
                    cell(package.get("ensure")),
                    cell(architecture(package)),
                    cell(reply.data.get("changed")),
                    if answer.is_ok() {
                        String::new()
                    } else {
                        reply.statusmsg.clone()
                    },
                ]);
            }
        }
        table
    }
}

/// rpm's or dpkg's: the original has the former only.
fn architecture(package: &Map<String, Value>) -> Option<&Value> {
    let has = |name| package.get(name).filter(|value| !value.is_null());
    has("arch").or_else(|| has("architecture"))
}

/// The outputs of each package: of the one, or of several.
fn each(data: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let several = data.get("packages").and_then(Value::as_array);
    let one = several.is_none().then_some(data);
    let several = several.into_iter().flatten().filter_map(Value::as_object);
    one.into_iter().chain(several)
}

/// How the one package is, as the original prints it, or each of several.
fn statuses(data: &Map<String, Value>) -> Vec<String> {
    if !matches!(data.get("packages"), Some(Value::Array(_))) {
        let text = |name: &str| cell(data.get(name));
        return vec![format!(
            "{}-{}.{}",
            text("name"),
            text("ensure"),
            text("arch")
        )];
    }
    let line = |package: &Map<String, Value>| {
        format!("{}: {}", cell(package.get("name")), status(package))
    };
    each(data).map(line).collect()
}

/// One of several: `bash-5.2.15-2+b8.amd64`, and a word for what is not installed.
fn status(package: &Map<String, Value>) -> String {
    let text = |name: &str| cell(package.get(name));
    let (name, ensure, arch) = (text("name"), text("ensure"), cell(architecture(package)));
    match ensure.as_str() {
        "absent" | "purged" => ensure,
        _ if arch.is_empty() => format!("{name}-{ensure}"),
        _ => format!("{name}-{ensure}.{arch}"),
    }
}

/// What people should know of the change that was begun last: that it goes on; or has failed, if it
/// was one of these packages.
fn last_run(data: &Map<String, Value>) -> Option<String> {
    let run = data.get("run")?.as_object()?;
    let text = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default();
    let what = text("what");
    let of_these = each(data).any(|package| {
        let name = package.get("name").and_then(Value::as_str);
        name.is_some_and(|name| what.split(' ').skip(1).any(|word| word == name))
    });
    if !of_these && text("state") != "running" {
        return None;
    }
    match (text("state"), run.get("exitcode").and_then(Value::as_i64)) {
        ("running", _) => Some(format!("| `{what}` is still running")),
        ("vanished", _) => Some(format!(
            "| `{what}` has vanished; nobody knows how it ended"
        )),
        ("ended", Some(code)) if code != 0 => Some(format!(
            "| `{what}` has ended with exit code {code}: {}",
            text("words")
        )),
        _ => None,
    }
}

impl View for Packages {
    fn name(&self) -> &'static str {
        "package"
    }

    fn answer(&mut self, _out: &mut Out, _answer: &Answer) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut Out, account: &Account) -> io::Result<()> {
        if !self.is_of_updates() {
            return self.rows.print(out, account, |answer| self.text(answer));
        }
        let table = Self::updates(account);
        if !table.rows.is_empty() {
            table.print(out)?;
        }
        // Who has nothing to update is not in the table; who fails has a row.
        self.rows.print(out, account, |_| Vec::new())
    }

    fn shows(&self, _answer: &Answer) -> bool {
        true
    }

    fn shows_failures(&self) -> bool {
        true
    }

    fn declared(&self) -> Option<&Action> {
        self.rows.declared
    }

    fn table(&self, account: &Account) -> Option<Table> {
        if self.is_of_updates() {
            return Some(Self::updates(account));
        }
        let of_packages = OF_PACKAGES.contains(&self.action.as_str());
        of_packages.then(|| Self::table_of(account))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn either_word_may_come_first() {
        let list = |text: &str| -> Vec<String> {
            text.split_ascii_whitespace().map(str::to_owned).collect()
        };
        for (text, packages, action) in [
            ("bash status", &["bash"][..], "status"),
            ("status bash", &["bash"], "status"),
            ("install a b c", &["a", "b", "c"], "install"),
            ("a b c purge", &["a", "b", "c"], "purge"),
            ("update update", &["update"], "update"),
            ("count", &[], "count"),
        ] {
            let words_of = list(text);
            let (found, name) = words(&words_of).unwrap();
            assert_eq!((found, name), (&list(&packages.join(" "))[..], action));
        }
        for (text, message) in [
            ("", "Please specify package name and action"),
            ("bash", "Please specify package name and action"),
            ("status", "Please specify package name and action"),
            (
                "bash frobnicate",
                "Action has to be one of install, uninstall, purge, update, status, count",
            ),
            ("count bash", "count takes no package"),
        ] {
            let error = words(&list(text)).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
        let one = list("a");
        assert!(check_version("install", &one).is_ok());
        assert!(check_version("update", &one).is_err());
        assert!(check_version("install", &list("a b")).is_err());
    }

    #[test]
    fn a_status_is_name_version_and_architecture() {
        let row = |value: Value| status(value.as_object().unwrap());
        for (value, expected) in [
            (
                json!({"name": "bash", "ensure": "5.1-2.el9", "arch": "x86_64"}),
                "bash-5.1-2.el9.x86_64",
            ),
            (
                json!({"name": "bash", "ensure": "5.2.15-2+b8"}),
                "bash-5.2.15-2+b8",
            ),
            (json!({"name": "foo", "ensure": "purged"}), "purged"),
        ] {
            assert_eq!(row(value), expected);
        }
        let data = json!({
            "packages": [{"name": "a", "ensure": "absent"}, {"name": "b", "ensure": "1"}],
            "ensure": ["absent", "1"],
        });
        let lines = statuses(data.as_object().unwrap());
        assert_eq!(lines, ["a: absent", "b: b-1"]);
        let lines = |value: Value| statuses(value.as_object().unwrap());
        let one = lines(json!({"name": "nosuch", "ensure": "purged"}));
        assert_eq!(one, ["nosuch-purged."]);
        let one = lines(json!({"name": "bash", "ensure": "5.2", "arch": "amd64"}));
        assert_eq!(one, ["bash-5.2.amd64"]);
        let run = |run: Value| last_run(json!({"name": "a", "run": run}).as_object().unwrap());
        assert_eq!(
            run(json!({"what": "install a", "state": "ended", "exitcode": 0})),
            None
        );
        let failed =
            json!({"what": "install a", "state": "ended", "exitcode": 100, "words": "E: no"});
        assert_eq!(
            run(failed.clone()).unwrap(),
            "| `install a` has ended with exit code 100: E: no"
        );
        let other = json!({"name": "b", "run": failed});
        assert_eq!(last_run(other.as_object().unwrap()), None);
        let running = json!({"what": "install c", "state": "running", "exitcode": null});
        assert_eq!(run(running).unwrap(), "| `install c` is still running");
    }
}
