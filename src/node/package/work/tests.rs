//! Packages of a manager that is a few shell scripts in a directory.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::{
    node::package::{ABSENT, Done, PURGED, PackageVersion, Update},
    sys::file::{Mode, make_fifo, write_atomic},
};

/// A package is a file that holds its version; what is done to it is a script.
struct Scripted {
    dir: PathBuf,
    script: &'static str,
}

impl PackageProvider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn ask(&self, package: &PackageName) -> Program {
        Program::new("/bin/cat").args([self.dir.join(package.as_str()).to_str().unwrap()])
    }

    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String> {
        let text = ended.stdout.text();
        let name = package.as_str();
        let status = match text.trim() {
            "" => Status::missing(PURGED),
            "rc" => Status::missing(ABSENT).with("desired", "deinstall"),
            version => Status::installed(version),
        };
        Ok(status.with("name", name))
    }

    fn act(&self, change: &Change, _before: &[Status], _patience: Duration) -> Program {
        let version = change.version.as_ref().map_or("2", PackageVersion::as_str);
        let paths = change.packages.iter();
        let paths = paths.map(|name| self.dir.join(name.as_str()).display().to_string());
        Program::new("/bin/sh")
            .args(["-c", self.script, change.verb.as_str()])
            .args(paths)
            .env("VERSION", version)
            .env("DIR", self.dir.to_str().unwrap())
    }

    /// `also NAME`.
    fn effects(&self, ended: &Ended) -> Vec<Effect> {
        let text = ended.stdout.text();
        let names = text.lines().filter_map(|line| line.strip_prefix("also "));
        names
            .map(|name| Effect::of(name, Done::Removed, "1"))
            .collect()
    }

    /// `broken NAME`.
    fn broken(&self, ended: &Ended) -> Vec<String> {
        let text = ended.stdout.text();
        let names = text.lines().filter_map(|line| line.strip_prefix("broken "));
        names.map(str::to_owned).collect()
    }

    fn remedy(&self) -> &'static str {
        "mend it"
    }

    fn look_up(&self, packages: &[&PackageName]) -> Option<Program> {
        let fails = packages.iter().any(|name| name.as_str() == "fails");
        Some(Program::new(if fails { "/bin/false" } else { "/bin/true" }))
    }

    fn knows(&self, package: &PackageName, _listed: &str) -> bool {
        !package.as_str().starts_with("virtual")
    }

    fn find_providers(&self, package: &PackageName) -> Option<Program> {
        let names = match package.as_str() {
            "virtual" => "one - the first\ntwo - the second",
            _ => "",
        };
        Some(Program::new("/bin/echo").args(["-n", names]))
    }

    fn is_locked(&self, ended: &Ended) -> bool {
        ended.stderr.text().contains("locked")
    }

    fn list(&self) -> Program {
        Program::new("/bin/true")
    }

    fn updates(&self) -> Program {
        Program::new("/bin/sh").args(["-c", self.script, self.dir.to_str().unwrap()])
    }

    fn read_updates(&self, _ended: &Ended) -> Result<Vec<Update>, String> {
        Ok(Vec::new())
    }

    fn warnings(&self, ended: &Ended) -> Vec<String> {
        vec![ended.stdout.text()]
    }
}

/// Does as it is told.
const OBEY: &str = "for file; do case $0 in install|update) echo $VERSION >$file;; \
                    uninstall) echo rc >$file;; purge) rm $file;; esac; done";

struct Site {
    dir: TempDir,
    jobs: TempDir,
    wait: Duration,
    script: &'static str,
}

impl Site {
    fn new(script: &'static str) -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            jobs: TempDir::new().unwrap(),
            wait: Duration::from_mins(1),
            script,
        }
    }

    fn with(self, package: &str, version: &str) -> Self {
        let path = self.dir.path().join(package);
        write_atomic(&path, version.as_bytes(), Mode::Exactly(0o644)).unwrap();
        self
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// As a daemon that was just started.
    fn packages(&self) -> Packages {
        let mut settings = Settings::read(|_| None).unwrap();
        settings.wait = self.wait;
        Packages::new(Ok(settings), self.jobs.path().into())
    }

    fn provider(&self) -> Scripted {
        Scripted {
            dir: self.dir.path().into(),
            script: self.script,
        }
    }

    async fn change(&self, change: &Change, strict: bool) -> Result<Changed, Failure> {
        let provider = self.provider();
        let launcher = Launcher::new().leaving();
        self.packages()
            .change_with(&provider, &launcher, change, strict)
            .await
    }
}

fn change(verb: Verb, names: &str, version: Option<&str>) -> Change {
    Change {
        verb,
        packages: PackageName::list(names).unwrap(),
        version: version.map(|version| version.parse().unwrap()),
    }
}

fn ensures(statuses: &[Status]) -> Vec<&str> {
    statuses.iter().map(|status| &*status.ensure).collect()
}

#[tokio::test]
async fn what_is_not_as_wanted_is_brought_there() {
    for (verb, names, version, expected) in [
        (Verb::Install, "new", None, "2"),
        (Verb::Install, "new", Some("7"), "7"),
        (Verb::Install, "old", Some("0"), "0"),
        (Verb::Install, "new,old", None, "2 2"),
        (Verb::Update, "old", None, "2"),
        (Verb::Uninstall, "old,new", None, "absent purged"),
        (Verb::Purge, "old", None, "purged"),
        (Verb::Purge, "left", None, "purged"),
    ] {
        let site = Site::new(OBEY).with("old", "1").with("left", "rc");
        let wanted = change(verb, names, version);
        let done = site.change(&wanted, false).await.unwrap();
        assert_eq!(ensures(&done.after).join(" "), expected);
        assert!(done.changed, "{wanted:?}");
        assert!(!site.packages().jobs.runs(&wanted.words()));
        let (record, state) = site.packages().last_run().unwrap();
        assert_eq!((record.what, state.as_str()), (wanted.words(), "ended"));
    }
}

#[tokio::test]
async fn a_manager_is_told_to_remove_only_what_is_there() {
    for (verb, told) in [
        (Verb::Uninstall, "uninstall old"),
        (Verb::Purge, "purge old left"),
    ] {
        let script =
            r#"echo "$0" $(for path in "$@"; do basename "$path"; done) >$DIR/told; rm "$@""#;
        let site = Site::new(script).with("old", "1").with("left", "rc");
        let wanted = change(verb, "new+,old,left,gone", None);
        site.change(&wanted, false).await.unwrap();
        let said = std::fs::read_to_string(site.dir.path().join("told")).unwrap();
        assert_eq!(said.trim(), told);
    }
}

#[tokio::test]
async fn what_is_as_wanted_is_left_alone() {
    let installed = "Package is already installed";
    let missing = "Package is not present on the system";
    for (verb, name, version, words) in [
        (Verb::Install, "old", None, Some(installed)),
        (Verb::Install, "old", Some("1"), None),
        (Verb::Uninstall, "new", None, Some(missing)),
        (Verb::Purge, "new", None, Some(missing)),
    ] {
        let site = Site::new("echo touched >$DIR/touched").with("old", "1");
        let wanted = change(verb, name, version);
        let done = site.change(&wanted, false).await.unwrap();
        assert!(!done.changed && done.output.is_none());
        let strict = site.change(&wanted, true).await;
        match words {
            Some(words) => assert_eq!(strict.unwrap_err().message, words),
            None => assert!(!strict.unwrap().changed),
        }
        assert!(!site.at("touched").exists(), "{wanted:?}");
    }
    let site = Site::new(OBEY).with("a", "1");
    let several = site.change(&change(Verb::Install, "b,a", None), true).await;
    assert_eq!(
        several.unwrap_err().message,
        "a: Package is already installed"
    );
    let none = site.change(&change(Verb::Update, "b", None), false).await;
    assert_eq!(none.unwrap_err().message, missing);
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_code_and_words() {
    let install = change(Verb::Install, "a", None);
    for (script, message) in [
        (
            "echo doing; echo E: no >&2; exit 100",
            "Could not install 'a': sh ended with exit code 100: E: no",
        ),
        ("true", "Could not install 'a': a is not installed"),
        (
            "kill -9 $$",
            "Could not install 'a': sh ended with exit code 137: ",
        ),
    ] {
        let failure = Site::new(script).change(&install, false).await.unwrap_err();
        assert!(failure.message.starts_with(message), "{failure:?}");
        assert_eq!(failure.kind, FailureKind::Unexpected);
        assert_eq!(ensures(&failure.status), ["purged"]);
    }
    let both = change(Verb::Install, "a,b", Some("1"));
    let failure = Site::new(OBEY).change(&both, false).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
}

#[tokio::test]
async fn what_was_done_to_others_is_told() {
    let install = change(Verb::Install, "a", None);
    let script = "echo also a; echo also b; for file; do echo 2 >$file; done";
    let done = Site::new(script).change(&install, false).await.unwrap();
    let names: Vec<&str> = done.also.iter().map(|effect| &*effect.package).collect();
    assert_eq!(names, ["b"]);
    // Something was changed, though not what was meant.
    let failure = Site::new("echo also b").change(&install, false).await;
    let failure = failure.unwrap_err();
    assert!(failure.changed && failure.also == done.also, "{failure:?}");
}

#[tokio::test]
async fn the_fault_of_others_is_not_that_of_what_was_meant() {
    let install = change(Verb::Install, "a", None);
    for (script, message) in [
        (
            "echo broken a; echo no >&2; exit 1",
            "Could not install 'a': sh ended with exit code 1: no",
        ),
        (
            "echo broken b; echo no >&2; exit 1",
            "Could not install 'a': 'b', which was not asked for, is broken: sh ended with exit code 1: no; mend it",
        ),
        (
            "echo broken b; echo 2 >$1; echo no >&2; exit 1",
            "install of 'a' is done, but 'b', which was not asked for, is broken: sh ended with exit code 1: no; mend it",
        ),
        (
            "echo 2 >$1; echo no >&2; exit 1",
            "install of 'a' is done, but sh ended with exit code 1: no",
        ),
    ] {
        let failure = Site::new(script).change(&install, false).await.unwrap_err();
        assert_eq!(failure.message, message);
    }
    // An old version may be there still.
    let site = Site::new("echo held >&2; exit 1").with("a", "1");
    let failure = site.change(&change(Verb::Update, "a", None), false).await;
    let message = failure.unwrap_err().message;
    assert!(message.starts_with("Could not update 'a': "), "{message}");
}

#[tokio::test]
async fn what_is_no_package_is_not_installed() {
    for (name, message) in [
        (
            "virtual",
            "Could not install 'a', 'virtual': scripted knows no package 'virtual', but what provides it: name one of one, two",
        ),
        (
            "virtual2",
            "Could not install 'a', 'virtual2': scripted knows no package 'virtual2'; are its lists of packages up to date?",
        ),
        (
            "virtual,virtual2",
            "Could not install 'a', 'virtual', 'virtual2': scripted knows no packages 'virtual', 'virtual2'",
        ),
        (
            "fails",
            "Could not install 'a', 'fails': false ended with exit code 1",
        ),
    ] {
        let site = Site::new(OBEY);
        let names = format!("a,{name}");
        let install = change(Verb::Install, &names, None);
        let failure = site.change(&install, false).await;
        assert_eq!(failure.unwrap_err().message, message);
        assert!(!site.at("a").exists());
    }
}

#[tokio::test]
async fn who_only_asks_waits_for_a_lock_too() {
    let launcher = Launcher::new();
    let script =
        "if [ -e $0/tried ]; then echo late; else echo >$0/tried; echo locked >&2; exit 1; fi";
    let site = Site::new(script);
    let packages = site.packages();
    let updates = packages.updates_of(&site.provider(), &launcher).await;
    assert_eq!(updates.unwrap().warnings, ["late\n"]);
    let site = Site::new("echo locked >&2; exit 1");
    let mut settings = Settings::read(|_| None).unwrap();
    settings.lock_wait = Duration::ZERO;
    let packages = Packages::new(Ok(settings), site.jobs.path().into());
    let failure = packages.updates_of(&site.provider(), &launcher).await;
    assert_eq!(
        failure.unwrap_err().message,
        "another program holds the lock; sh ended with exit code 1: locked"
    );
}

#[tokio::test]
async fn a_lock_that_goes_away_was_waited_for() {
    let script = "for file; do if [ -e $DIR/tried ]; then echo 2 >$file; \
                  else echo >$DIR/tried; echo locked >&2; exit 1; fi; done";
    let site = Site::new(script);
    let done = site.change(&change(Verb::Install, "a", None), false).await;
    assert_eq!(ensures(&done.unwrap().after), ["2"]);
}

#[tokio::test]
async fn what_takes_longer_goes_on_and_is_found_again() {
    let mut site = Site::new("read go <$DIR/go; echo done; for file; do echo 2 >$file; done");
    make_fifo(&site.at("go"));
    site.wait = Duration::from_millis(100);
    let install = change(Verb::Install, "a", None);
    let failure = site.change(&install, false).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::StillRunning, "{failure:?}");
    assert!(
        failure
            .message
            .starts_with("still running: install of 'a': sh goes on")
    );
    // Another daemon sees it too, and begins nothing beside it.
    let (record, state) = site.packages().last_run().unwrap();
    assert_eq!((&*record.what, state.as_str()), ("install a", "running"));
    let other = site.change(&change(Verb::Install, "b", None), false).await;
    let other = other.unwrap_err().message;
    assert!(
        other.contains("`install a` is still running, since "),
        "{other}"
    );
    // Who wants the same waits for its end; it looks before it lets others run.
    let provider = site.provider();
    let job = Job {
        what: install.words(),
        program: provider.act(&install, &[], Duration::ZERO),
        provider: &provider,
        deadline: Instant::now() + Duration::from_mins(1),
        lock_deadline: Instant::now(),
    };
    let (packages, launcher) = (site.packages(), Launcher::new().leaving());
    let go = site.at("go");
    let (ran, ()) = tokio::join!(packages.run(&launcher, &job), async {
        tokio::task::spawn_blocking(move || open(&go))
            .await
            .unwrap();
    });
    let (ended, joined) = ran.unwrap();
    assert!(joined.is_some() && ended.is_success(), "{ended:?}");
    assert_eq!(ended.stdout.text(), "done\n");
    let again = site.change(&install, false).await.unwrap();
    assert_eq!((ensures(&again.after), again.changed), (vec!["2"], false));
}

/// Lets a run go on, and waits for its end.
async fn end(site: &Site) {
    let go = site.at("go");
    tokio::task::spawn_blocking(move || open(&go))
        .await
        .unwrap();
    while site.packages().last_run().unwrap().1 == JobState::Running {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_end_that_nobody_was_told_is_that_of_the_next_call() {
    let mut site = Site::new("echo run >>$DIR/runs; read go <$DIR/go; echo no >&2; exit 3");
    make_fifo(&site.at("go"));
    site.wait = Duration::from_millis(100);
    let runs = |site: &Site| std::fs::read_to_string(site.at("runs")).unwrap();
    let install = change(Verb::Install, "a", None);
    let begun = site.change(&install, false).await.unwrap_err();
    assert_eq!(begun.kind, FailureKind::StillRunning, "{begun:?}");
    end(&site).await;
    let told = site.change(&install, false).await.unwrap_err();
    let words = "Could not install 'a': sh ended with exit code 3: no; that was begun ";
    assert!(
        told.message.starts_with(words)
            && told.message.ends_with("the same call again begins anew"),
        "{told:?}"
    );
    assert_eq!(runs(&site), "run\n");
    // Once.
    let again = site.change(&install, false).await.unwrap_err();
    assert_eq!(again.kind, FailureKind::StillRunning, "{again:?}");
    end(&site).await;
    assert_eq!(runs(&site), "run\nrun\n");

    // To be there already is no fault of the call that has brought it there.
    let mut site = Site::new("read go <$DIR/go; echo 2 >$1");
    make_fifo(&site.at("go"));
    site.wait = Duration::from_millis(100);
    let begun = site.change(&install, true).await.unwrap_err();
    assert_eq!(begun.kind, FailureKind::StillRunning, "{begun:?}");
    end(&site).await;
    assert!(site.change(&install, true).await.unwrap().changed);
    let again = site.change(&install, true).await.unwrap_err();
    assert_eq!(again.message, "Package is already installed");
}

#[tokio::test]
async fn a_failure_is_told_of_packages_that_are_not_as_wanted() {
    let site = Site::new("exit 1").with("a", "1");
    let names = PackageName::list("a,b,c").unwrap();
    let provider = site.provider();
    let open = async || {
        let launcher = Launcher::new();
        let statuses = statuses(&provider, &launcher, &names).await.unwrap();
        let (record, state) = site.packages().last_run().unwrap();
        unchanged(&provider, &record, &state, &names, &statuses).join(" ")
    };
    let fail = async |change: Change| site.change(&change, false).await.unwrap_err();
    fail(change(Verb::Install, "a,b", None)).await;
    assert_eq!(open().await, "b");
    write_atomic(&site.at("b"), b"1", Mode::Exactly(0o644)).unwrap();
    assert_eq!(open().await, "");
    // A later call that finds another version as it wants it has the last word.
    fail(change(Verb::Install, "a", Some("9"))).await;
    assert_eq!(open().await, "a");
    let found = change(Verb::Install, "a", Some("1"));
    assert!(!site.change(&found, false).await.unwrap().changed);
    assert_eq!(open().await, "");
    fail(change(Verb::Update, "a,b", None)).await;
    assert_eq!(open().await, "a b");
    // What was never begun is no run.
    let locked = Site::new("echo locked >&2; exit 1");
    let mut settings = Settings::read(|_| None).unwrap();
    settings.lock_wait = Duration::ZERO;
    let packages = Packages::new(Ok(settings), locked.jobs.path().into());
    let (install, launcher) = (change(Verb::Install, "a", None), Launcher::new().leaving());
    let provider = locked.provider();
    let refused = packages.change_with(&provider, &launcher, &install, false);
    let refused = refused.await.unwrap_err().message;
    assert!(refused.contains(" holds the lock; "), "{refused}");
    assert!(packages.last_run().is_none());
    for words in [
        "apt_update",
        "install",
        "install a b --version",
        "frob a",
        "install -a",
    ] {
        assert_eq!(Change::read(words), None, "{words}");
    }
    for change in [install, found, change(Verb::Purge, "a,b", None)] {
        assert_eq!(Change::read(&change.words()), Some(change));
    }
}

/// Lets a reader of a FIFO go on.
fn open(fifo: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().write(true).open(fifo).unwrap();
    file.write_all(b"on\n").unwrap();
}

#[tokio::test]
async fn who_left_no_note_has_vanished() {
    let site = Site::new("kill -9 $PPID");
    let install = change(Verb::Install, "a", None);
    let failure = site.change(&install, false).await.unwrap_err();
    assert!(failure.message.contains("signal 9"), "{failure:?}");
    let (_, state) = site.packages().last_run().unwrap();
    assert_eq!(state, JobState::Vanished);
    // A note that is broken is none.
    let note = site.jobs.path().join("package-run.json");
    write_atomic(&note, b"{\"what\":", Mode::Exactly(0o600)).unwrap();
    assert!(site.packages().last_run().is_none());
}
