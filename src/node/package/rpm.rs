//! The database of rpm, which dnf, yum and zypper share.

use super::{PackageName, PackageVersion, Status, compare::Parts};
use crate::{
    node::program::{Program, failure},
    sys::command::{Ended, Status as Exit},
};

/// What tells the state of a package.
pub(super) fn ask(package: &PackageName) -> Program {
    rpm()
        .args(["-q", "--nosignature", "--nodigest", "--qf", FORMAT, "--"])
        .args([package.as_str()])
}

/// The state; `missing` is the original's word where it is not installed.
pub(super) fn read(package: &PackageName, ended: &Ended, missing: &str) -> Result<Status, String> {
    let text = ended.stdout.text();
    // Of what is installed more than once, such as kernels, the newest comes last.
    if let Some(status) = text.lines().filter_map(read_line).next_back() {
        return Ok(status);
    }
    if matches!(ended.status, Exit::Exited(1)) && text.contains("is not installed") {
        return Ok(Status::missing(missing).with("name", package.as_str()));
    }
    Err(failure("rpm", ended))
}

/// Name, epoch, version, release, architecture.
fn read_line(line: &str) -> Option<Status> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, epoch, version, release, arch] = fields.as_slice() else {
        return None;
    };
    let ensure = match *epoch {
        "0" => format!("{version}-{release}"),
        epoch => format!("{epoch}:{version}-{release}"),
    };
    Some(
        Status::installed(ensure)
            .with("name", *name)
            .with("epoch", *epoch)
            .with("version", *version)
            .with("release", *release)
            .with("arch", *arch),
    )
}

/// Whether what is installed is what such a version means: epoch and release may be left out, and
/// the architecture may come behind.
pub(super) fn has_version(status: &Status, version: &PackageVersion) -> bool {
    let detail = |name| status.details.get(name).map_or("", String::as_str);
    let wanted = version.as_str();
    let wanted = wanted
        .strip_suffix(detail("arch"))
        .and_then(|wanted| wanted.strip_suffix('.'))
        .unwrap_or(wanted);
    let wanted = Parts::of(wanted);
    status.installed
        && wanted.version == detail("version")
        && wanted.epoch.is_none_or(|epoch| epoch == detail("epoch"))
        && wanted
            .release
            .is_none_or(|release| release == detail("release"))
}

/// Takes packages away, and nothing but them.
pub(super) fn erase(packages: impl Iterator<Item = String>) -> Program {
    rpm().args(["-e", "--"]).args(packages)
}

/// Lists all packages.
pub(super) fn list() -> Program {
    rpm().args(["-qa"]).long_output()
}

/// Lists them as dnf does, and with the version of each.
pub(super) fn versions() -> Program {
    rpm()
        .args(["-qa", "--nosignature", "--nodigest", "--qf", VERSIONS])
        .long_output()
}

const VERSIONS: &str = "%{NAME}.%{ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n";

/// Name and version of `foo-1:2.0-1.noarch`.
pub(super) fn split(word: &str) -> Option<(&str, &str)> {
    let (word, _arch) = word.rsplit_once('.')?;
    let (rest, _release) = word.rsplit_once('-')?;
    let (name, _) = rest.rsplit_once('-')?;
    Some((name, word.get(name.len() + 1..)?))
}

/// What rpm says where somebody else is at work.
pub(super) fn is_locked(ended: &Ended) -> bool {
    !ended.is_success()
        && ended
            .stderr
            .text()
            .contains("can't create transaction lock")
}

fn rpm() -> Program {
    Program::new("rpm")
}

/// As Puppet asks, but that `package foo is not installed` has as many words.
const FORMAT: &str = "%{NAME}\\t%|EPOCH?{%{EPOCH}}:{0}|\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    fn status(line: &str) -> Status {
        let name = "x".parse().unwrap();
        read(&name, &ended(0, line, ""), "purged").unwrap()
    }

    #[test]
    fn the_states_that_rpm_tells() {
        let bash = status("bash\t0\t5.1.8\t9.el9\tx86_64\n");
        assert_eq!(
            (bash.ensure.as_str(), bash.installed),
            ("5.1.8-9.el9", true)
        );
        let details = &bash.details;
        assert_eq!((&*details["epoch"], &*details["arch"]), ("0", "x86_64"));
        assert_eq!(
            status("bind\t32\t9.16.23\t29.el9\tx86_64\n").ensure,
            "32:9.16.23-29.el9"
        );
        let kernels = "kernel\t0\t3.10.0\t1127.el7\tx86_64\nkernel\t0\t3.10.0\t1160.el7\tx86_64\n";
        assert_eq!(status(kernels).ensure, "3.10.0-1160.el7");
        let name = "nosuch".parse().unwrap();
        let none = ended(1, "package nosuch is not installed\n", "");
        let missing = read(&name, &none, "absent").unwrap();
        assert_eq!(
            (missing.ensure.as_str(), missing.installed),
            ("absent", false)
        );
        let broken = ended(
            1,
            "",
            "error: cannot open Packages database in /var/lib/rpm\n",
        );
        let error = read(&name, &broken, "absent").unwrap_err();
        assert!(error.contains("cannot open Packages database"), "{error}");
    }

    #[test]
    fn a_version_may_be_given_in_part() {
        let bind = status("bind\t32\t9.16.23\t29.el9\tx86_64\n");
        for (wanted, expected) in [
            ("9.16.23", true),
            ("9.16.23-29.el9", true),
            ("32:9.16.23", true),
            ("32:9.16.23-29.el9.x86_64", true),
            ("9.16.23-29", false),
            ("9.16", false),
            ("31:9.16.23", false),
        ] {
            assert_eq!(
                has_version(&bind, &wanted.parse().unwrap()),
                expected,
                "{wanted}"
            );
        }
    }
}
