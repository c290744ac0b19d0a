//! zypper, as SUSE has it.

use std::time::Duration;

use super::{
    ABSENT, Change, PackageName, PackageProvider, PackageVersion, Status, Update, Verb,
    effect::{Done, Effect},
    rpm,
};
use crate::{
    node::program::{Program, cite, failure, last_words},
    sys::command::{Ended, Status as Exit},
};

/// Talks to zypper, and asks rpm.
pub(super) struct Zypper;

pub(super) const ZYPPER: &str = "/usr/bin/zypper";

impl PackageProvider for Zypper {
    fn name(&self) -> &'static str {
        "zypper"
    }

    fn ask(&self, package: &PackageName) -> Program {
        rpm::ask(package)
    }

    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String> {
        rpm::read(package, ended, ABSENT)
    }

    fn has_version(&self, status: &Status, version: &PackageVersion) -> bool {
        rpm::has_version(status, version)
    }

    fn act(&self, change: &Change, _before: &[Status], patience: Duration) -> Program {
        let program = Program::new(ZYPPER)
            .env("ZYPP_LOCK_TIMEOUT", patience.as_secs().to_string())
            .args(["--non-interactive"]);
        let program = match change.verb {
            Verb::Install => program.args(["install", "--auto-agree-with-licenses"]),
            Verb::Update => program.args(["update", "--auto-agree-with-licenses"]),
            Verb::Uninstall | Verb::Purge => program.args(["remove"]),
        };
        match &change.version {
            Some(version) => program
                .args(["--oldpackage", "--"])
                .args(change.names().map(|name| format!("{name}={version}"))),
            None => program.args(["--"]).args(change.names()),
        }
    }

    /// It has codes for what is to be done next: to reboot, to restart itself, to look why a
    /// repository was left out.
    fn succeeded(&self, ended: &Ended) -> bool {
        matches!(ended.status, Exit::Exited(0 | 100..=103 | 106))
    }

    fn is_locked(&self, ended: &Ended) -> bool {
        matches!(ended.status, Exit::Exited(7))
    }

    /// `System management is locked by the application with pid 644 (zypper).`
    fn holder(&self, ended: &Ended) -> Option<String> {
        let text = ended.stderr.text();
        let (_, holder) = text.split_once("locked by the application with pid ")?;
        let (holder, _) = holder.split_once(')')?;
        (!holder.contains('\n')).then(|| format!("process {holder})"))
    }

    fn effects(&self, ended: &Ended) -> Vec<Effect> {
        let text = ended.stdout.text();
        text.lines().filter_map(read_effect).collect()
    }

    fn list(&self) -> Program {
        rpm::list()
    }

    fn updates(&self) -> Program {
        Program::new(ZYPPER)
            .args(["-q", "--non-interactive", "list-updates"])
            .long_output()
    }

    fn read_updates(&self, ended: &Ended) -> Result<Vec<Update>, String> {
        if !self.succeeded(ended) {
            return Err(failure("zypper", ended));
        }
        let text = ended.stdout.text();
        Ok(text.lines().filter_map(read_update).collect())
    }

    /// It has gone on without a repository.
    fn warnings(&self, ended: &Ended) -> Vec<String> {
        let whole = [ended.stderr.text(), ended.stdout.text()].join("\n");
        let lines = whole.lines().map(str::trim);
        let lines = lines.filter(|line| line.starts_with("Repository '") && line.ends_with('.'));
        lines.map(str::to_owned).collect()
    }

    /// What it can't solve is on standard output, between what it does and what it asks.
    fn words(&self, ended: &Ended) -> Option<String> {
        let text = ended.stdout.text();
        let problem = text
            .lines()
            .skip_while(|line| !line.starts_with("Problem: "));
        let problem = problem.take_while(|line| !line.starts_with("Choose from "));
        cite(problem).or_else(|| last_words(ended))
    }
}

/// `(1/2) Removing needy-1.0-1.noarch [.....done]`; what is installed may have been there, older.
fn read_effect(line: &str) -> Option<Effect> {
    let (count, rest) = line.strip_prefix('(')?.split_once(") ")?;
    count.split_once('/')?;
    let (rest, _) = rest.split_once(" [")?;
    let (verb, package) = rest.split_once(' ')?;
    let (name, version) = rpm::split(package.trim())?;
    match verb.trim_end_matches(':') {
        "Removing" => Some(Effect::of(name, Done::Removed, version)),
        "Installing" => Some(Effect::of(name, Done::Installed, version)),
        _ => None,
    }
}

/// `v | SLES-Updates | bash | 4.4-9.10.1 | 4.4-9.14.1 | x86_64`
fn read_update(line: &str) -> Option<Update> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [state, repo, package, current, version, _arch] = cells.as_slice() else {
        return None;
    };
    (*state != "S").then(|| Update {
        package: (*package).to_owned(),
        current: Some((*current).to_owned()),
        version: (*version).to_owned(),
        repo: (*repo).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    /// From openSUSE Leap 15.
    const UPDATES: &str = "S | Repository                  | Name    | Current Version  | Available Version | Arch\n\
        --+-----------------------------+---------+------------------+-------------------+-------\n\
        v | Update repository with SLES | bash    | 4.4-150400.25.22 | 4.4-150400.27.3.2 | x86_64\n\
        v | Main Update Repository      | openssl | 1.1.1l-1.1       | 1.1.1l-2.3        | noarch\n";

    #[test]
    fn updates_are_the_rows_of_a_table() {
        let updates = Zypper.read_updates(&ended(0, UPDATES, "")).unwrap();
        assert_eq!(updates.len(), 2);
        let bash = Update {
            package: "bash".into(),
            current: Some("4.4-150400.25.22".into()),
            version: "4.4-150400.27.3.2".into(),
            repo: "Update repository with SLES".into(),
        };
        assert_eq!(updates.first(), Some(&bash));
        for none in ["No updates found.\n", ""] {
            assert_eq!(Zypper.read_updates(&ended(0, none, "")).unwrap(), []);
        }
        let locked = "System management is locked by the application with pid 4711 (zypper).\n\
                      Close this application before trying again.\n";
        assert!(Zypper.is_locked(&ended(7, "", locked)));
        let holder = Zypper.holder(&ended(7, "", locked)).unwrap();
        assert_eq!(holder, "process 4711 (zypper)");
        let error = Zypper.read_updates(&ended(7, "", locked)).unwrap_err();
        assert!(error.contains("pid 4711"), "{error}");
    }

    /// From Debian 12's zypper 1.14.
    #[test]
    fn problems_and_repositories_that_are_away_are_told() {
        let text = "Loading repository data...\nReading installed packages...\n\
            Problem: nothing provides the-moon needed by broken-1.0-1.noarch\n \
            Solution 1: do not install broken-1.0-1.noarch\n\n\
            Choose from above solutions by number or cancel [1/2/c/d/?] (c): c\n";
        assert_eq!(
            Zypper.words(&ended(4, text, "")).unwrap(),
            "Problem: nothing provides the-moon needed by broken-1.0-1.noarch; \
             Solution 1: do not install broken-1.0-1.noarch"
        );
        assert_eq!(Zypper.words(&ended(1, "x\n", "no\n")).unwrap(), "no");
        let gone = "Repository 'gone' is invalid.\n[gone|file:/srv/gone] Valid metadata not found at specified URL\n";
        assert_eq!(
            Zypper.warnings(&ended(106, UPDATES, gone)),
            ["Repository 'gone' is invalid."]
        );
    }

    #[test]
    fn zypper_tells_what_it_does() {
        let text = "The following 2 packages are going to be REMOVED:\n  foo needy\n\
            (1/2) Removing needy-1.0-1.noarch [.....done]\nAdditional rpm output:\n(see below)\n\
            (2/2) Installing: foo-1:2.0-1.noarch [......done]\n";
        assert_eq!(
            Zypper.effects(&ended(0, text, "")),
            [
                Effect::new("needy", Done::Removed, Some("1.0-1"), None),
                Effect::new("foo", Done::Installed, None, Some("1:2.0-1")),
            ]
        );
    }

    #[test]
    fn names_come_after_the_options() {
        let words = |verb, version: Option<&str>| {
            let change = Change {
                verb,
                packages: vec!["foo".parse().unwrap()],
                version: version.map(|version| version.parse().unwrap()),
            };
            let program = Zypper.act(&change, &[], Duration::from_secs(9));
            assert_eq!(program.environment, [("ZYPP_LOCK_TIMEOUT", "9".to_owned())]);
            program.arguments.join(" ")
        };
        let zypper = |rest: &str| format!("--non-interactive {rest}");
        for (verb, version, expected) in [
            (
                Verb::Install,
                None,
                "install --auto-agree-with-licenses -- foo",
            ),
            (
                Verb::Install,
                Some("1-2"),
                "install --auto-agree-with-licenses --oldpackage -- foo=1-2",
            ),
            (
                Verb::Update,
                None,
                "update --auto-agree-with-licenses -- foo",
            ),
            (Verb::Purge, None, "remove -- foo"),
        ] {
            assert_eq!(words(verb, version), zypper(expected));
        }
        for (code, expected) in [(102, true), (106, true), (104, false), (107, false)] {
            assert_eq!(Zypper.succeeded(&ended(code, "", "")), expected, "{code}");
        }
    }
}
