//! apk, as Alpine has it.

use std::time::Duration;

use super::{
    ABSENT, Change, PackageName, PackageProvider, Status, Update, Verb,
    effect::{Done, Effect},
};
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

    /// `busybox-1.36.1-r15`, or nothing; or who provides something of that name.
    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String> {
        let text = ended.stdout.text();
        let mut versions = text.lines().filter_map(|line| {
            let (name, version) = split(line.trim())?;
            (name == package.as_str()).then_some(version)
        });
        let status = match (versions.next(), ended.status) {
            (Some(version), _) => read_version(version),
            (None, Exit::Exited(0 | 1)) if !has_failed(ended) => Status::missing(ABSENT),
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

    /// Somebody else has it, or had it until our time was over. Where it can't be locked at all, there
    /// is nobody to wait for.
    fn is_locked(&self, ended: &Ended) -> bool {
        let text = ended.stderr.text();
        let held = [
            "Resource temporarily unavailable",
            "Interrupted system call",
        ];
        let is_lock = |line: &str| {
            line.contains("Unable to lock database") && held.iter().any(|why| line.contains(why))
        };
        !ended.is_success() && text.lines().any(is_lock)
    }

    fn effects(&self, ended: &Ended) -> Vec<Effect> {
        let text = ended.stdout.text();
        text.lines().filter_map(read_effect).collect()
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

    fn warnings(&self, ended: &Ended) -> Vec<String> {
        let unread = unread_indexes(ended).into_iter();
        unread
            .map(|index| format!("an index could not be read, `apk update` fetches it: {index}"))
            .collect()
    }
}

/// Warnings are no failures: they are of repositories, also where only the database is asked.
fn has_failed(ended: &Ended) -> bool {
    let text = ended.stderr.text();
    let mut said = text.lines().filter(|line| !line.trim().is_empty());
    said.any(|line| !line.starts_with("WARNING:"))
}

/// What apk says of indexes that are not there. It goes on, and what is only there is not listed
/// then, as if it were the newest.
fn unread_indexes(ended: &Ended) -> Vec<String> {
    let whole = [ended.stderr.text(), ended.stdout.text()].join("\n");
    let of_index = |line: &&str| {
        let said = line.strip_prefix("WARNING: ");
        said.is_some_and(|said| UNREAD.iter().any(|action| said.starts_with(action)))
    };
    whole.lines().filter(of_index).map(str::to_owned).collect()
}

/// `(1/2) Upgrading foo (1.0-r0 -> 1.1-r0)`
fn read_effect(line: &str) -> Option<Effect> {
    let (count, rest) = line.strip_prefix('(')?.split_once(") ")?;
    count.split_once('/')?;
    let (verb, rest) = rest.split_once(' ')?;
    let (package, versions) = rest.split_once(" (")?;
    let (versions, _) = versions.split_once(')')?;
    let done = match verb {
        "Installing" => Done::Installed,
        "Upgrading" => Done::Upgraded,
        "Downgrading" => Done::Downgraded,
        "Purging" => Done::Removed,
        _ => return None,
    };
    Some(Effect::of(package, done, versions))
}

const UNREAD: [&str; 4] = [
    "opening ",
    "fetching ",
    "updating and opening ",
    "Ignoring ",
];

/// A name and its version: the last two parts, or the last where it has no release.
fn split(word: &str) -> Option<(&str, &str)> {
    let (name, last) = word.rsplit_once('-')?;
    let is_release = last
        .strip_prefix('r')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    if !is_release {
        return last
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some((name, last));
    }
    let (name, _) = name.rsplit_once('-')?;
    Some((name, word.get(name.len() + 1..)?))
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
    let (package, current) = split(installed.trim())?;
    Some(Update {
        package: package.to_owned(),
        current: Some(current.to_owned()),
        version: version.to_owned(),
        repo: words.next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    /// Of an image without a cache; the same line is in many recorded builds.
    const COLD: &str = "WARNING: opening from cache https://dl-cdn.alpinelinux.org/alpine/v3.20/main: No such file or directory\n";

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
        // `apk info` takes names that are provided, too: that is another package.
        let provided = ended(0, "python-dev-3.12.3-r1\n", "");
        assert!(!read("python", &provided).unwrap().installed);
        let cold = ended(1, "", &format!("{COLD}{COLD}"));
        assert_eq!(read("nosuch", &cold).unwrap().ensure, "absent");
        let virtual_one = ended(0, ".build-deps-20240503.065434\n", "");
        assert_eq!(
            split(virtual_one.stdout.text().trim()),
            Some((".build-deps", "20240503.065434"))
        );
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

    /// As `app_version.c` prints it, and Ansible's `test_apk.py` and cnquery's `updates_apk.toml` have it.
    #[test]
    fn a_name_may_have_digits_and_plusses_and_a_version_no_release() {
        let text = "Installed:                                Available:\n\
            g++-2.0.0-r1 < 3.0.0-r2 \n\
            ssl_client-1.28.4-r0                    < 1.28.4-r1 \n\
            py3-a-2-b-1.0_rc1-r0                    < 1.0-r12 @testing\n\
            made-by-hand-1.2.3                      < 1.2.4 \n\
            libncursesw-6.4_p20230506-r0            < 6.4_p20231125-r0 \n";
        let updates = Apk.read_updates(&ended(0, text, "")).unwrap();
        let row =
            |update: &Update| format!("{} {:?} {}", update.package, update.current, update.version);
        let rows: Vec<String> = updates.iter().map(row).collect();
        assert_eq!(
            rows,
            [
                "g++ Some(\"2.0.0-r1\") 3.0.0-r2",
                "ssl_client Some(\"1.28.4-r0\") 1.28.4-r1",
                "py3-a-2-b Some(\"1.0_rc1-r0\") 1.0-r12",
                "made-by-hand Some(\"1.2.3\") 1.2.4",
                "libncursesw Some(\"6.4_p20230506-r0\") 6.4_p20231125-r0",
            ]
        );
    }

    /// As `database.c` says it, of apk 2 and 3: the code is 0.
    #[test]
    fn without_an_index_there_is_a_warning_and_what_others_have() {
        let header = "Installed:                                Available:\n";
        let url = "https://dl-cdn.alpinelinux.org/alpine/v3.22/main";
        for action in [
            "opening from cache",
            "opening",
            "fetching",
            "updating and opening",
            "Ignoring",
        ] {
            let warning = format!("WARNING: {action} {url}: No such file or directory\n");
            for told in [
                ended(0, header, &warning),
                ended(0, &format!("{warning}{header}"), ""),
            ] {
                assert_eq!(Apk.read_updates(&told).unwrap(), []);
                let [warning] = &*Apk.warnings(&told) else {
                    panic!("{told:?}")
                };
                assert!(
                    warning.contains("`apk update`") && warning.contains(url),
                    "{warning}"
                );
            }
        }
        // It is old, and is there.
        let stale = format!("WARNING: updating {url}: DNS: transient error (try again later)\n");
        assert!(Apk.warnings(&ended(0, header, &stale)).is_empty());
        let known = format!("{header}busybox-1.36.1-r15 < 1.36.1-r19 \n");
        let told = ended(0, &known, COLD);
        assert_eq!(Apk.read_updates(&told).unwrap().len(), 1);
        assert_eq!(Apk.warnings(&told).len(), 1);
    }

    #[test]
    fn apk_tells_what_it_does() {
        let text = "(1/4) Purging rival (1.0-r0)\n(2/4) Upgrading lib (1.0-r0 -> 1.1-r0)\n\
            (3/4) Downgrading foo (2-r1 -> 1-r0)\n(4/4) Installing bar (1-r0)\n\
            Executing busybox-1.36.1-r15.trigger\nOK: 8 MiB in 15 packages\n";
        assert_eq!(
            Apk.effects(&ended(0, text, "")),
            [
                Effect::new("rival", Done::Removed, Some("1.0-r0"), None),
                Effect::new("lib", Done::Upgraded, Some("1.0-r0"), Some("1.1-r0")),
                Effect::new("foo", Done::Downgraded, Some("2-r1"), Some("1-r0")),
                Effect::new("bar", Done::Installed, None, Some("1-r0")),
            ]
        );
    }

    #[test]
    fn only_what_somebody_holds_is_a_lock() {
        let says = |why: &str| {
            let text = format!(
                "Waiting for repository lock\nERROR: Unable to lock database: {why}\nERROR: Failed to open apk database: {why}\n"
            );
            Apk.is_locked(&ended(99, "", &text))
        };
        assert!(says("Resource temporarily unavailable") && says("Interrupted system call"));
        assert!(!says("Permission denied") && !says("Read-only file system"));
        let missing = "ERROR: unable to select packages:\n  foo (no such package):\n    required by: world[foo]\n";
        let missing = ended(1, "", missing);
        assert!(!Apk.is_locked(&missing));
        assert_eq!(
            failure(APK, &missing),
            "apk ended with exit code 1: ERROR: unable to select packages:; foo (no such package):; required by: world[foo]"
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
