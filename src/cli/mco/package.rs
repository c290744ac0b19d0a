//! `mco package PACKAGE ACTION`: asks for packages, installs, updates and removes them.

mod lines;
mod tables;

use std::io;

use serde_json::Value;

use super::{
    Options, Session, filters, plan,
    rows::{self, Rows},
};
use crate::{
    cli::{
        CommandError, Exit,
        render::{Out, View, table::Table},
        tree::{General, PackageArgs},
    },
    client::{Account, Answer},
    mcorpc::ddl::{Action, builtin},
    node::package::{PackageName, PackageNameError, PackageVersion},
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

/// What package managers call them.
const SYNONYMS: [(&str, &str); 5] = [
    ("add", "install"),
    ("upgrade", "update"),
    ("remove", "uninstall"),
    ("erase", "uninstall"),
    ("delete", "uninstall"),
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
    let packages = names(packages)?;
    let mut texts = Vec::new();
    if !packages.is_empty() {
        texts.push(("package".to_owned(), packages.join(",")));
    }
    if let Some(version) = &args.version {
        check_version(name, &packages, version)?;
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
            meant: packages.clone(),
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
        let is_meant = |word: &str| word == action || words.first().is_some_and(|w| w == word);
        return Err(match SYNONYMS.iter().find(|(word, _)| is_meant(word)) {
            Some((word, right)) => CommandError::usage(format!("There is no action {word}"))
                .hint(format!("that is `{right}` here")),
            None => rows::no_action(action, &all, &all.join(", ")),
        });
    }
    Ok((packages, action))
}

/// The names, each once. What no node takes for one is not sent.
fn names(words: &[String]) -> Result<Vec<String>, CommandError> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let names = PackageName::list(&words.join(",")).map_err(|error| invalid(&error))?;
    Ok(names.iter().map(ToString::to_string).collect())
}

fn invalid(error: &PackageNameError) -> CommandError {
    CommandError::usage(error.to_string()).hint(
        "it begins with a letter or digit, and has no blanks, patterns or paths; \
         a version is given with `--version`",
    )
}

fn check_version(action: &str, packages: &[String], version: &str) -> Result<(), CommandError> {
    let valid = version.parse::<PackageVersion>();
    valid.map_err(|error| invalid(&error))?;
    if action != "install" {
        return Err(CommandError::usage("--version is for install only"));
    }
    if packages.len() != 1 {
        return Err(CommandError::usage("--version is for one package")
            .hint("call `mco package install` once for each package"));
    }
    Ok(())
}

/// On how many nodes there is nothing to update, where there are any.
fn up_to_date(account: &Account) -> Option<String> {
    rows::how_many(account, "Nothing to update", |answer| {
        answer.is_ok()
            && tables::outdated(answer).is_some_and(Vec::is_empty)
            && lines::warnings(&answer.reply.data).is_empty()
    })
}

/// How packages are on every node.
struct Packages {
    action: String,
    /// The packages that are meant.
    meant: Vec<String>,
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
                let mut lines = lines::statuses(data);
                lines.extend(lines::last_run(data, None).map(|line| format!("| {line}")));
                lines
            }
            "count" | "md5" => vec![rows::shown(answer, "output")],
            _ if !self.rows.shows_all() => Vec::new(),
            "apt_update" | "yum_clean" => {
                let output = rows::shown(answer, "output");
                output.lines().map(str::to_owned).collect()
            }
            _ => match data.get("packages") {
                Some(Value::Array(_)) => lines::statuses(data),
                _ => vec![rows::shown(answer, "ensure")],
            },
        }
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
            let all = self.rows.shows_all();
            return self.rows.print_with(
                out,
                account,
                |answer| self.text(answer),
                |answer| lines::also(&answer.reply.data, all || !answer.is_ok()),
            );
        }
        let table = tables::updates(account);
        if !table.rows.is_empty() {
            table.print(out)?;
        }
        if let Some(line) = up_to_date(account) {
            out.line(line)?;
        }
        // Who has nothing to update is not in the table; who fails has a row.
        self.rows
            .print(out, account, |answer| lines::warnings(&answer.reply.data))
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
            return Some(tables::updates_and_faults(account));
        }
        let of_packages = OF_PACKAGES.contains(&self.action.as_str());
        of_packages.then(|| tables::packages(account, &self.action, &self.meant))
    }
}

#[cfg(test)]
mod tests {
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
            ("bash remove", "There is no action remove"),
            ("upgrade bash", "There is no action upgrade"),
            ("count bash", "count takes no package"),
        ] {
            let error = words(&list(text)).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
        let one = list("a");
        assert!(check_version("install", &one, "1:2.0-1~rc1").is_ok());
        assert!(check_version("update", &one, "1").is_err());
        assert!(check_version("install", &list("a b"), "1").is_err());
        assert!(check_version("install", &one, "1 2").is_err());
        assert_eq!(names(&list("a b,c a")).unwrap(), list("a b c"));
        for word in ["a b", "", "a,", "foo-", "--help", "/bin/sh", "foo*"] {
            let error = names(&[word.to_owned()]).unwrap_err().to_string();
            assert!(
                error.contains(" is not a valid package name\nhint: "),
                "{error}"
            );
        }
    }
}
