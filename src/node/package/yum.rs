//! dnf, and yum before it. Both understand the same words.

use std::{cmp::Ordering, fmt::Write as _, time::Duration};

use super::{
    Change, PURGED, PackageName, PackageProvider, PackageVersion, Status, Update, Verb,
    compare::compare,
    effect::{Done, Effect},
    rpm,
};
use crate::{
    node::program::{Program, last_words},
    sys::command::{Ended, Status as Exit},
};

/// Talks to dnf or yum, and asks rpm.
pub(super) struct Yum {
    /// Its program.
    pub(super) program: &'static str,
    /// As the configuration names it.
    pub(super) name: &'static str,
}

impl Yum {
    pub(super) const DNF: Self = Self {
        program: DNF,
        name: "dnf",
    };
    pub(super) const YUM: Self = Self {
        program: YUM,
        name: "yum",
    };

    /// Removes what was fetched before.
    pub(super) fn clean(&self, mode: &str) -> Program {
        Program::new(self.program).args(["-y", EXIT_ON_LOCK, "clean", mode])
    }
}

/// Neither would ever give up on a lock: they end, and are run again for as long as we wait.
const EXIT_ON_LOCK: &str = "--setopt=exit_on_lock=1";

pub(super) const DNF: &str = "/usr/bin/dnf";
pub(super) const YUM: &str = "/usr/bin/yum";

impl PackageProvider for Yum {
    fn name(&self) -> &'static str {
        self.name
    }

    fn manager(&self) -> &'static str {
        "yum"
    }

    fn ask(&self, package: &PackageName) -> Program {
        rpm::ask(package)
    }

    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String> {
        rpm::read(package, ended, PURGED)
    }

    fn has_version(&self, status: &Status, version: &PackageVersion) -> bool {
        rpm::has_version(status, version)
    }

    fn act(&self, change: &Change, before: &[Status], _patience: Duration) -> Program {
        if change.verb == Verb::Uninstall {
            return rpm::erase(change.names());
        }
        let goes_down = |version: &PackageVersion| {
            let mut installed = before.iter().filter(|status| status.installed);
            installed.any(|status| compare(version.as_str(), &status.ensure) == Ordering::Less)
        };
        let verb = match (change.verb, &change.version) {
            (Verb::Install, Some(version)) if goes_down(version) => "downgrade",
            (Verb::Install, _) => "install",
            (Verb::Update, _) => "update",
            (Verb::Uninstall | Verb::Purge, _) => "remove",
        };
        let program = Program::new(self.program).args(["-q", "-y", EXIT_ON_LOCK, verb, "--"]);
        match &change.version {
            Some(version) => program.args(change.names().map(|name| format!("{name}-{version}"))),
            None => program.args(change.names()),
        }
    }

    /// dnf has a code for it; yum 3 only words, and there the code stands for a lock that could not be
    /// given back.
    fn is_locked(&self, ended: &Ended) -> bool {
        let said = |text: &str| {
            [&ended.stderr, &ended.stdout]
                .iter()
                .any(|tail| tail.text().contains(text))
        };
        matches!(ended.status, Exit::Exited(200))
            || (!ended.is_success() && said("exiting as configured by exit_on_lock"))
            || rpm::is_locked(ended)
    }

    /// `Existing lock /var/run/yum.pid: another copy is running as pid 2077.`; dnf has
    /// `The application with PID 2077 is: dnf`.
    fn holder(&self, ended: &Ended) -> Option<String> {
        let text = ended.stderr.text();
        if let Some((_, holder)) = text.rsplit_once("The application with PID ") {
            let (pid, name) = holder.lines().next()?.split_once(" is: ")?;
            return Some(format!("process {pid} ({name})"));
        }
        let (_, holder) = text.rsplit_once("another copy is running as pid ")?;
        let digits = holder.trim_start_matches(|c: char| c.is_ascii_digit());
        let pid = holder.strip_suffix(digits)?;
        (!pid.is_empty()).then(|| format!("process {pid}"))
    }

    fn effects(&self, ended: &Ended) -> Vec<Effect> {
        read_effects(&ended.stdout.text())
    }

    fn list(&self) -> Program {
        rpm::list()
    }

    fn versions(&self) -> Option<Program> {
        Some(rpm::versions())
    }

    fn updates(&self) -> Program {
        Program::new(self.program)
            .args(["-q", EXIT_ON_LOCK, "check-update"])
            .long_output()
    }

    fn read_updates(&self, ended: &Ended) -> Result<Vec<Update>, String> {
        match ended.status {
            Exit::Exited(0 | 100) => Ok(read_updates(&ended.stdout.text())),
            _ => Err(exit_code("Yum check-update failed", ended)),
        }
    }
}

/// In the original's words, and then the manager's own.
pub(super) fn exit_code(what: &str, ended: &Ended) -> String {
    let mut text = match ended.status {
        Exit::Exited(code) => format!("{what}, exit code was {code}"),
        status => format!("{what}, it ended with {status}"),
    };
    if let Some(words) = last_words(ended) {
        let _never_fails = write!(text, ": {words}");
    }
    text
}

/// With what dnf ends: `Removed:`, and below it names with versions, a few in each line.
fn read_effects(text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut done = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            done = match line.trim_end() {
                "Installed:" => Some(Done::Installed),
                "Upgraded:" => Some(Done::Upgraded),
                "Downgraded:" => Some(Done::Downgraded),
                "Removed:" => Some(Done::Removed),
                _ => None,
            };
            continue;
        }
        let Some(done) = done else { continue };
        let packages = line.split_ascii_whitespace().filter_map(rpm::split);
        effects.extend(packages.map(|(name, version)| Effect::of(name, done, version)));
    }
    effects
}

/// `bash.x86_64  5.1.8-9.el9  baseos`, of which yum breaks long lines anywhere between.
fn read_updates(text: &str) -> Vec<Update> {
    let mut updates = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.to_ascii_lowercase().starts_with("obsoleting packages") {
            break;
        }
        // A line that is broken goes on with a blank.
        if !line.starts_with([' ', '\t']) {
            words.clear();
        }
        words.extend(line.split_ascii_whitespace());
        let [package, version, repo] = words.as_slice() else {
            continue;
        };
        // Whatever else may be said has neither an architecture nor a version.
        if package.contains('.') && version.contains(|c: char| c.is_ascii_digit()) {
            updates.push(Update {
                package: (*package).to_owned(),
                current: None,
                version: (*version).to_owned(),
                repo: (*repo).to_owned(),
            });
        }
        words.clear();
    }
    updates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    /// From `CentOS` 7.
    const UPDATES: &str = "\n\
        bash.x86_64                     4.2.46-35.el7_9                 updates\n\
        java-1.8.0-openjdk-headless.x86_64\n                                1:1.8.0.412.b08-1.el7_9         updates\n\
        kernel.x86_64                   3.10.0-1160.119.1.el7           updates\n\
        Obsoleting Packages\n\
        grub2.x86_64                    1:2.02-0.87.el7.centos.14       updates\n\
            grub2.x86_64                1:2.02-0.86.el7.centos          @anaconda\n";

    #[test]
    fn updates_of_yum_and_dnf() {
        let updates = Yum::YUM.read_updates(&ended(100, UPDATES, "")).unwrap();
        let rows: Vec<[&str; 3]> = updates
            .iter()
            .map(|update| [&*update.package, &*update.version, &*update.repo])
            .collect();
        assert_eq!(
            rows,
            [
                ["bash.x86_64", "4.2.46-35.el7_9", "updates"],
                [
                    "java-1.8.0-openjdk-headless.x86_64",
                    "1:1.8.0.412.b08-1.el7_9",
                    "updates"
                ],
                ["kernel.x86_64", "3.10.0-1160.119.1.el7", "updates"],
            ]
        );
        assert_eq!(Yum::DNF.read_updates(&ended(0, "", "")).unwrap(), []);
        let error = Yum::DNF.read_updates(&ended(
            1,
            "",
            "Error: Failed to download metadata for repo 'baseos': Cannot prepare internal mirrorlist\n",
        ));
        assert!(error.unwrap_err().starts_with(
            "Yum check-update failed, exit code was 1: Error: Failed to download metadata"
        ));
    }

    /// From Debian 12's dnf 4.14.
    #[test]
    fn dnf_ends_with_what_it_has_done() {
        let text = "\nUpgraded:\n  foo-1:3.0-1.noarch        \n\n\
            Removed:\n  g++-x-2.0-1.el9.x86_64                     needy-1.0-1.noarch    \n\nComplete!\n  x-1-1.a\n";
        let effects = Yum::DNF.effects(&ended(0, text, ""));
        let new = |to| Effect::new("foo", Done::Upgraded, None, Some(to));
        let gone = |name, from| Effect::new(name, Done::Removed, Some(from), None);
        assert_eq!(
            effects,
            [
                new("1:3.0-1"),
                gone("g++-x", "2.0-1.el9"),
                gone("needy", "1.0-1")
            ]
        );
    }

    fn rows(text: &str) -> Vec<String> {
        let updates = Yum::YUM.read_updates(&ended(100, text, "")).unwrap();
        let row =
            |update: &Update| format!("{}|{}|{}", update.package, update.version, update.repo);
        updates.iter().map(row).collect()
    }

    /// As recorded in Puppet's `spec/fixtures/unit/provider/package/yum` and in Ansible's `test_yum.py`: every
    /// column may be on a line of its own, plugins and notices speak before, between and after.
    #[test]
    fn updates_of_yum_3_as_others_have_recorded_them() {
        let wrapped = "\n\
            device-mapper-with-a-long-name.x86_64\n                                   0.4.1-2.el7             base\n\
            libpcap-with-a-long-version.x86_64     14:1.4.0-1.20130826git2dbcaa1.el6\n\
            \x20                                                                base           \n\
            all-of-it-is-too-long.noarch\n        0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1-0\n\
            \x20                                                 a-repository-with-a-long-name\n\
            0xFFFF.x86_64                          0.3.9-11.el7             epel\n\
            gcc-c++.x86_64                         4.4.7-4.el6              base           \n\
            hwdata.noarch                          0.252-7.5.el7            base\n\
            hwdata.x86_64                          0.252-7.8.el7_1          updates\n";
        let expected = [
            "device-mapper-with-a-long-name.x86_64|0.4.1-2.el7|base",
            "libpcap-with-a-long-version.x86_64|14:1.4.0-1.20130826git2dbcaa1.el6|base",
            "all-of-it-is-too-long.noarch|0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1-0|a-repository-with-a-long-name",
            "0xFFFF.x86_64|0.3.9-11.el7|epel",
            "gcc-c++.x86_64|4.4.7-4.el6|base",
            "hwdata.noarch|0.252-7.5.el7|base",
            "hwdata.x86_64|0.252-7.8.el7_1|updates",
        ];
        assert_eq!(rows(wrapped), expected);
        let before = [
            "",
            "Loaded plugins: fastestmirror\nDetermining fastest mirrors\n * base: mirror.example.org\n * updates: 192.0.2.7\n",
            "Loaded plugins: etckeeper, product-id, search-disabled-repos, subscription-\n              : manager\n\
             This system is not registered to Red Hat Subscription Management. You can use subscription-manager to register.\n",
            "Plugin \"product-id\" can't be imported\nPlugin \"search-disabled-repos\" can't be imported\n",
            "Загружены модули: fastestmirror\nLoading mirror speeds from cached hostfile\n * extras: mirror.example.ru\n",
            "This system is receiving updates from RHN Classic or Red Hat Satellite.\n",
            "http://mirror.example.org/7.2/os/repodata/repomd.xml: [Errno 14] HTTP Error 404 - Not Found\nTrying other mirror.\n",
        ];
        let after = [
            "",
            "Update notice RHBA-2014:0722 (from rhel-7-server-rpms) is broken, or a bad duplicate, skipping.\n\
             You should report this problem to the owner of the rhel-7-server-rpms repository.\n",
            "Random plugin output\nLoaded plugins: fastestmirror, product-id, fake-plugin\n\
             Random plugin failed, is the mirror available?\n",
            "Security: kernel-3.10.0-327.28.2.el7.x86_64 is an installed security update\n\
             Security: kernel-3.10.0-327.22.2.el7.x86_64 is the currently running version\n",
            "Obsoleting Packages\npython2-futures.noarch                3.0.5-1.el7             epel\n\
            \x20   python-futures-with-a-long-name.noarch\n                                      3.0.3-1.el7             @epel\n\
             Security: kernel-3.10.0-327.28.2.el7.x86_64 is an installed security update\n",
        ];
        for said in before {
            for more in after {
                assert_eq!(
                    rows(&format!("{said}{wrapped}{more}")),
                    expected,
                    "{said}{more}"
                );
                let nothing: [&str; 0] = [];
                assert_eq!(rows(&format!("{said}{more}")), nothing, "{said}{more}");
            }
        }
    }

    /// As `yummain.py` says it: with the code 1, unlike dnf.
    #[test]
    fn the_lock_of_yum_3_is_one() {
        let holder = "Existing lock /var/run/yum.pid: another copy is running as pid 2077.\n";
        let exits = "Another app is currently holding the yum lock; exiting as configured by exit_on_lock\n";
        assert!(Yum::YUM.is_locked(&ended(1, "", &format!("{holder}{exits}"))));
        assert!(Yum::YUM.is_locked(&ended(1, &format!("{holder}{exits}"), "")));
        let held = ended(1, "", &format!("{holder}{exits}"));
        assert_eq!(Yum::YUM.holder(&held).as_deref(), Some("process 2077"));
        assert_eq!(Yum::YUM.holder(&ended(200, "", exits)), None);
        let of_dnf = "metadata already locked by 77\n  The application with PID 77 is: dnf\n    Memory :  12 M RSS ( 20 MB VSZ)\n";
        let held = ended(200, "", of_dnf);
        assert_eq!(Yum::DNF.holder(&held).as_deref(), Some("process 77 (dnf)"));
        let forbidden =
            "[Errno 13] Permission denied: '/var/run/yum.pid'\nCan't create lock file; exiting\n";
        assert!(!Yum::YUM.is_locked(&ended(1, "", forbidden)));
    }

    #[test]
    fn an_older_version_is_a_downgrade() {
        let before = [Status::installed("2.0-1.el9")];
        let words = |verb, version: Option<&str>, before: &[Status]| {
            let change = Change {
                verb,
                packages: vec!["foo".parse().unwrap()],
                version: version.map(|version| version.parse().unwrap()),
            };
            let program = Yum::DNF.act(&change, before, Duration::ZERO);
            format!("{} {}", program.name(), program.arguments.join(" "))
        };
        let dnf = |rest: &str| format!("dnf -q -y --setopt=exit_on_lock=1 {rest}");
        let missing = [Status::missing(PURGED)];
        assert_eq!(words(Verb::Install, None, &missing), dnf("install -- foo"));
        for (version, expected) in [
            ("1.9", "downgrade -- foo-1.9"),
            ("2.0-0.el9", "downgrade -- foo-2.0-0.el9"),
            ("2.1", "install -- foo-2.1"),
        ] {
            assert_eq!(words(Verb::Install, Some(version), &before), dnf(expected));
        }
        assert_eq!(
            words(Verb::Install, Some("1.9"), &missing),
            dnf("install -- foo-1.9")
        );
        assert_eq!(words(Verb::Update, None, &before), dnf("update -- foo"));
        assert_eq!(words(Verb::Uninstall, None, &before), "rpm -e -- foo");
        assert_eq!(words(Verb::Purge, None, &before), dnf("remove -- foo"));
        assert!(Yum::DNF.is_locked(&ended(200, "", "")));
        assert!(Yum::YUM.is_locked(&ended(
            1,
            "",
            "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)\n"
        )));
        assert!(!Yum::YUM.is_locked(&ended(1, "", "Error: Nothing to do\n")));
    }
}
