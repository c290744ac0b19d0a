//! apk, as Alpine has it.

use std::time::Duration;

use super::{ABSENT, Change, PackageName, PackageProvider, Status, Update, Verb};
use crate::{
    node::program::{Program, failure},
    sys::command::{Ended, Status as Exit},
};

/// Talks to apk.
pub(super) struct Apk;

const APK: &str = "apk";

/// Where it is.
pub(super) const FILES: [&str; 2] = ["/sbin/apk", "/usr/bin/apk"];

impl PackageProvider for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn ask(&self, package: &PackageName) -> Program {
        Program::new(APK).args(["info", "-e", "-v", "--", package.as_str()])
    }

    /// `busybox-1.36.1-r15`, or nothing.
    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String> {
        let text = ended.stdout.text();
        let mut versions = text.lines().filter_map(|line| {
            let rest = line.trim().strip_prefix(package.as_str())?;
            rest.strip_prefix('-')
        });
        let status = match (versions.next(), ended.status) {
            (Some(version), _) => read_version(version),
            (None, Exit::Exited(0 | 1)) if ended.stderr.bytes.is_empty() => Status::missing(ABSENT),
            _ => return Err(failure(APK, ended)),
        };
        Ok(status.with("name", package.as_str()))
    }

    fn act(&self, change: &Change, _before: &[Status], patience: Duration) -> Program {
        let program = Program::new(APK).args(["--no-progress", "--wait"]);
        let program = program.args([patience.as_secs().to_string()]);
        let program = match change.verb {
            Verb::Install => program.args(["add", "--"]),
            Verb::Update => program.args(["add", "--upgrade", "--"]),
            Verb::Uninstall => program.args(["del", "--"]),
            Verb::Purge => program.args(["del", "--purge", "--"]),
        };
        match &change.version {
            Some(version) => program.args(change.names().map(|name| format!("{name}={version}"))),
            None => program.args(change.names()),
        }
    }

    fn is_locked(&self, ended: &Ended) -> bool {
        !ended.is_success() && ended.stderr.text().contains("Unable to lock database")
    }

    fn list(&self) -> Program {
        Program::new(APK).args(["info", "-v"]).long_output()
    }

    fn updates(&self) -> Program {
        Program::new(APK)
            .args(["version", "-v", "-l", "<"])
            .long_output()
    }

    fn read_updates(&self, ended: &Ended) -> Result<Vec<Update>, String> {
        if !ended.is_success() {
            return Err(failure(APK, ended));
        }
        let text = ended.stdout.text();
        Ok(text.lines().filter_map(read_update).collect())
    }
}

fn read_version(text: &str) -> Status {
    let (version, release) = text.rsplit_once('-').unwrap_or((text, ""));
    Status::installed(text)
        .with("version", version)
        .with("release", release)
}

/// `busybox-1.36.1-r15   < 1.36.1-r19`, and where that is from with newer versions of apk.
fn read_update(line: &str) -> Option<Update> {
    let (installed, rest) = line.split_once('<')?;
    let mut words = rest.split_ascii_whitespace();
    let version = words.next()?;
    // A version is the last two parts of the name.
    let (rest, release) = installed.trim().rsplit_once('-')?;
    let (package, current) = rest.rsplit_once('-')?;
    Some(Update {
        package: package.to_owned(),
        current: Some(format!("{current}-{release}")),
        version: version.to_owned(),
        repo: words.next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    #[test]
    fn the_states_that_apk_tells() {
        let read = |name: &str, ended: &Ended| Apk.read(&name.parse().unwrap(), ended);
        let status = read("busybox", &ended(0, "busybox-1.36.1-r15\n", "")).unwrap();
        assert_eq!(
            (status.ensure.as_str(), status.installed),
            ("1.36.1-r15", true)
        );
        assert_eq!(status.details["release"], "r15");
        let status = read("nosuch", &ended(1, "", "")).unwrap();
        assert_eq!(
            (status.ensure.as_str(), status.installed),
            ("absent", false)
        );
        let broken = "ERROR: Unable to read database: Permission denied\n";
        assert!(read("busybox", &ended(1, "", broken)).is_err());
    }

    #[test]
    fn updates_have_the_name_and_the_version_in_one_word() {
        let text = "Installed:                                Available:\n\
            busybox-1.36.1-r15                      < 1.36.1-r19 \n\
            ca-certificates-bundle-20230506-r0      < 20240226-r0 @edge\n";
        let updates = Apk.read_updates(&ended(0, text, "")).unwrap();
        let rows: Vec<String> = updates
            .iter()
            .map(|update| {
                let current = update.current.as_deref().unwrap_or_default();
                format!(
                    "{}|{current}|{}|{}",
                    update.package, update.version, update.repo
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "busybox|1.36.1-r15|1.36.1-r19|",
                "ca-certificates-bundle|20230506-r0|20240226-r0|@edge"
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
            let program = Apk.act(&change, &[], Duration::from_secs(9));
            program.arguments.join(" ")
        };
        for (verb, version, expected) in [
            (Verb::Install, Some("1.2-r0"), "add -- foo=1.2-r0"),
            (Verb::Update, None, "add --upgrade -- foo"),
            (Verb::Uninstall, None, "del -- foo"),
            (Verb::Purge, None, "del --purge -- foo"),
        ] {
            let expected = format!("--no-progress --wait 9 {expected}");
            assert_eq!(words(verb, version), expected);
        }
        let locked = "ERROR: Unable to lock database: Resource temporarily unavailable\n\
                      ERROR: Failed to open apk database: Resource temporarily unavailable\n";
        assert!(Apk.is_locked(&ended(99, "", locked)));
    }
}
