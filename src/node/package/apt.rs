//! apt and dpkg, as Debian and Ubuntu have them.

use std::{path::Path, time::Duration};

mod said;

use super::{ABSENT, Change, Effect, PURGED, PackageName, PackageProvider, Status, Update, Verb};
use crate::{
    node::program::{Program, failure},
    sys::command::{Ended, Status as Exit},
};

/// Talks to apt and dpkg.
pub(super) struct Apt;

pub(super) const APT_GET: &str = "/usr/bin/apt-get";
const APT_CACHE: &str = "/usr/bin/apt-cache";
const DPKG: &str = "/usr/bin/dpkg";
const DPKG_QUERY: &str = "/usr/bin/dpkg-query";

impl PackageProvider for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    /// `libc6:i386` is that of another architecture. For some of apt's words behind the colon, dpkg
    /// has none.
    fn objection(&self, package: &PackageName) -> Option<&'static str> {
        let mut parts = package.as_str().split(':').skip(1);
        let architecture = parts.next();
        if parts.next().is_some() {
            return Some("it has more than one colon");
        }
        matches!(architecture, Some("any" | "native" | "all")).then_some(
            "what stands after the colon is no architecture of a machine; \
             leave it away, or name one such as `amd64`",
        )
    }

    /// What is for all architectures is also this one's to apt, and not to dpkg.
    fn ask(&self, package: &PackageName) -> Program {
        let program =
            Program::new(DPKG_QUERY).args(["-W", "--showformat", FORMAT, "--", package.as_str()]);
        match package.as_str().split_once(':') {
            Some((name, NATIVE)) => program.args([format!("{name}:all")]),
            _ => program,
        }
    }

    /// dpkg has a word for what is wanted of a package, for its faults, and for how it is.
    fn read(&self, package: &PackageName, ended: &Ended) -> Result<Status, String> {
        let text = ended.stdout.text();
        let lines = text.lines().filter_map(read_line);
        // One for each architecture; what is installed is what was asked for.
        let Some(status) = lines.max_by_key(|status| status.installed) else {
            return match ended.status {
                Exit::Exited(1) => Ok(Status::missing(PURGED)
                    .with("name", package.as_str())
                    .with("status", "missing")
                    .with("error", "ok")),
                _ => Err(failure("dpkg-query", ended)),
            };
        };
        Ok(status)
    }

    /// apt takes a name that it does not know for a pattern (`a.b`), for a wish (`a+`), or for that
    /// of something that another package provides.
    fn look_up(&self, packages: &[&PackageName]) -> Option<Program> {
        let program = Program::new(APT_CACHE).args(["pkgnames"]).long_output();
        Some(match packages {
            // The names that begin so.
            [one] => program.args(["--", without_architecture(one)]),
            _ => program,
        })
    }

    fn knows(&self, package: &PackageName, listed: &str) -> bool {
        let name = without_architecture(package);
        listed.lines().any(|line| line.trim() == name)
    }

    fn find_providers(&self, package: &PackageName) -> Option<Program> {
        let name = without_architecture(package);
        let exactly = name.replace('.', "[.]").replace('+', "[+]");
        Some(Program::new(APT_CACHE).args([
            "search",
            "--names-only",
            "--",
            &format!("^{exactly}$"),
        ]))
    }

    fn act(&self, change: &Change, _before: &[Status], patience: Duration) -> Program {
        let program = apt_get(patience);
        let program = match (change.verb, &change.version) {
            (Verb::Install, Some(_)) => {
                program.args(["-o", "APT::Get::allow-downgrades=true", "install"])
            }
            (Verb::Install, None) => program.args(["install"]),
            (Verb::Update, _) => program.args(["install", "--only-upgrade"]),
            (Verb::Uninstall, _) => program.args(["remove"]),
            (Verb::Purge, _) => program.args(["purge"]),
        };
        let program = program.args(["--"]);
        match &change.version {
            Some(version) => program.args(change.names().map(|name| format!("{name}={version}"))),
            None => program.args(change.names()),
        }
    }

    /// `foo | 2.0 | file:/srv/repo ./ Packages`.
    fn find_versions(&self, package: &PackageName, ended: &Ended) -> Option<Program> {
        let program = Program::new(APT_CACHE).args(["madison", "--", package.as_str()]);
        said::is_no_version(&ended.stderr.text()).then_some(program)
    }

    fn effects(&self, ended: &Ended) -> Vec<Effect> {
        said::effects(ended)
    }

    fn words(&self, ended: &Ended) -> Option<String> {
        said::words(ended)
    }

    fn broken(&self, ended: &Ended) -> Vec<String> {
        said::broken(ended)
    }

    fn remedy(&self) -> &'static str {
        "`dpkg --configure -a` or `apt-get -f install` on the node, or a purge of it, may mend that"
    }

    fn is_locked(&self, ended: &Ended) -> bool {
        let text = ended.stderr.text();
        matches!(ended.status, Exit::Exited(100)) && LOCKED.iter().any(|words| text.contains(words))
    }

    /// `Waiting for cache lock: ... It is held by process 644 (aptitude)...`
    fn holder(&self, ended: &Ended) -> Option<String> {
        let text = format!("{}\n{}", ended.stdout.text(), ended.stderr.text());
        let (_, holder) = text.rsplit_once("It is held by ")?;
        let (holder, _) = holder.split_once(')')?;
        (!holder.contains('\n')).then(|| format!("{holder})"))
    }

    fn list(&self) -> Program {
        Program::new(DPKG).args(["--list"]).long_output()
    }

    fn installed<'a>(&self, listed: &'a str) -> Vec<&'a str> {
        let lines = listed.lines();
        lines.filter(|line| line.starts_with("ii")).collect()
    }

    fn digested(&self, listed: &str) -> String {
        self.installed(listed).join("\n")
    }

    fn updates(&self) -> Program {
        Program::new(APT_GET)
            .args(["--simulate", "dist-upgrade"])
            .long_output()
    }

    fn read_updates(&self, ended: &Ended) -> Result<Vec<Update>, String> {
        if !ended.is_success() {
            return Err(super::yum::exit_code("Apt check-update failed", ended));
        }
        let text = ended.stdout.text();
        Ok(text.lines().filter_map(read_update).collect())
    }

    /// Without lists nothing is newer than what is there. And what is held is not in the list.
    fn warnings(&self, ended: &Ended) -> Vec<String> {
        let warning = "apt has no lists of packages, `apt_update` fetches them";
        let has_none = !has_lists(Path::new(LISTS));
        let mut warnings: Vec<String> = has_none.then(|| warning.to_owned()).into_iter().collect();
        let text = ended.stdout.text();
        let kept = said::kept_back(&text);
        if !kept.is_empty() {
            let names = &kept[..kept.len().min(MOST_KEPT)];
            let more = kept.len() - names.len();
            let more = (more > 0).then(|| format!(" and {more} more"));
            warnings.push(format!(
                "kept back, though there is a newer version: {}{}",
                names.join(", "),
                more.unwrap_or_default()
            ));
        }
        warnings
    }
}

/// Whether there are lists where apt keeps them, unless it keeps them elsewhere. Those of a
/// repository on this machine are links to it.
fn has_lists(directory: &Path) -> bool {
    let Ok(entries) = directory.read_dir() else {
        return true;
    };
    let mut lists = entries.flatten().map(|entry| entry.path());
    lists.any(|path| path.to_string_lossy().contains("_Packages") && path.exists())
}

const LISTS: &str = "/var/lib/apt/lists";

/// How many names are in a warning.
const MOST_KEPT: usize = 20;

/// Fetches the lists of packages anew.
pub(super) fn refresh(patience: Duration) -> Program {
    // That it could not reach a server is only a warning to it otherwise.
    apt_get(patience).args(["-o", "APT::Update::Error-Mode=any", "update"])
}

/// `apt-get` that asks nobody anything, and keeps configuration files as they are.
fn apt_get(patience: Duration) -> Program {
    Program::new(APT_GET)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("APT_LISTCHANGES_FRONTEND", "none")
        .env("UCF_FORCE_CONFFOLD", "1")
        .args(["-q", "-y"])
        .args(["-o", "DPkg::Options::=--force-confdef"])
        .args(["-o", "DPkg::Options::=--force-confold"])
        // Without a terminal of its own, what dpkg says can be told from what apt says.
        .args(["-o", "Dpkg::Use-Pty=0", "-o"])
        .args([format!("DPkg::Lock::Timeout={}", patience.as_secs())])
}

/// This machine's architecture, as dpkg names it.
const NATIVE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// Three words, then name, version, architecture.
const FORMAT: &str = "${Status}\\t${Package}\\t${Version}\\t${Architecture}\\n";

/// What apt and dpkg say where somebody else is at work.
const LOCKED: [&str; 4] = [
    "Unable to lock the administration directory (/var/lib/dpkg/), is another process using it?",
    "Could not get lock",
    "Unable to acquire the dpkg frontend lock",
    "dpkg frontend lock was locked by another process",
];

fn without_architecture(package: &PackageName) -> &str {
    let name = package.as_str();
    name.split_once(':').map_or(name, |(name, _)| name)
}

fn read_line(line: &str) -> Option<Status> {
    let mut fields = line.split('\t');
    let mut words = fields.next()?.split(' ');
    let (desired, error, state) = (words.next()?, words.next()?, words.next()?);
    let (name, version, arch) = (fields.next()?, fields.next()?, fields.next()?);
    let status = match state {
        "not-installed" => Status::missing(PURGED),
        "config-files" | "half-installed" | "unpacked" | "half-configured" => {
            Status::missing(ABSENT)
        }
        // Also those that wait for triggers.
        _ => Status::installed(version),
    };
    let status = if arch.is_empty() {
        status
    } else {
        // The original's `arch` is rpm's: Puppet's apt provider has none, and rows and summaries of
        // a mixed fleet would differ by it.
        status.with("architecture", arch)
    };
    Some(
        status
            .with("name", name)
            .with("desired", desired)
            .with("error", error)
            .with("status", state),
    )
}

/// `Inst bash [5.2.15-2] (5.2.15-2+b8 Debian:12.11/stable [amd64])`; what is new has nothing in
/// brackets before.
fn read_update(line: &str) -> Option<Update> {
    let (package, rest) = line.strip_prefix("Inst ")?.split_once(" [")?;
    let (current, rest) = rest.split_once("] (")?;
    let (version, rest) = rest.split_once(' ')?;
    let (repo, _) = rest.split_once(')')?;
    // The bracket of a new package comes later: its name would have blanks.
    (!package.contains(' ')).then(|| Update {
        package: package.to_owned(),
        current: Some(current.to_owned()),
        version: version.to_owned(),
        repo: repo.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::program::tests::ended;

    fn name(text: &str) -> PackageName {
        text.parse().unwrap()
    }

    #[test]
    fn the_states_that_dpkg_tells() {
        for (line, ensure, installed) in [
            (
                "install ok installed\tbash\t5.2.15-2+b8\tamd64\n",
                "5.2.15-2+b8",
                true,
            ),
            (
                "hold ok installed\tbash\t5.2.15-2+b8\tamd64\n",
                "5.2.15-2+b8",
                true,
            ),
            (
                "install ok triggers-pending\tman-db\t2.11.2-2\tamd64\n",
                "2.11.2-2",
                true,
            ),
            (
                "deinstall ok config-files\tnano\t7.2-1\tamd64\n",
                "absent",
                false,
            ),
            (
                "install ok half-configured\tbroken\t1.0\tall\n",
                "absent",
                false,
            ),
            (
                "install reinstreq half-installed\tx\t1.0\tall\n",
                "absent",
                false,
            ),
            ("unknown ok not-installed\tawk\t\t\n", "purged", false),
        ] {
            let status = Apt.read(&name("x"), &ended(0, line, "")).unwrap();
            assert_eq!(
                (status.ensure.as_str(), status.installed),
                (ensure, installed)
            );
            assert!(status.details.contains_key("desired"), "{line}");
        }
        // Of a name with two architectures.
        let both = "deinstall ok config-files\tlibc6\t2.36\ti386\n\
                    install ok installed\tlibc6\t2.36-9+deb12u10\tamd64\n";
        let status = Apt.read(&name("libc6"), &ended(0, both, "")).unwrap();
        assert_eq!(status.details["architecture"], "amd64");
        let none = "dpkg-query: no packages found matching nosuch\n";
        let status = Apt.read(&name("nosuch"), &ended(1, "", none)).unwrap();
        assert_eq!(
            (status.ensure.as_str(), status.installed),
            ("purged", false)
        );
        assert_eq!(status.details["name"], "nosuch");
        let error = Apt.read(&name("x"), &ended(2, "", "dpkg-query: error: no space\n"));
        assert!(error.unwrap_err().contains("no space"));
    }

    #[test]
    fn names_come_after_the_options_and_nobody_is_asked() {
        let act = |verb, version: Option<&str>| {
            let change = Change {
                verb,
                packages: vec![name("foo"), name("bar")],
                version: version.map(|version| version.parse().unwrap()),
            };
            Apt.act(&change, &[], Duration::from_secs(7))
        };
        let program = act(Verb::Install, None);
        let words = program.arguments.join(" ");
        assert!(
            words.ends_with("DPkg::Lock::Timeout=7 install -- foo bar"),
            "{words}"
        );
        assert!(words.contains("--force-confdef") && words.contains("--force-confold"));
        assert!(
            program
                .environment
                .contains(&("DEBIAN_FRONTEND", "noninteractive".into()))
        );
        for (verb, version, end) in [
            (
                Verb::Install,
                Some("1.0-1"),
                "allow-downgrades=true install -- foo=1.0-1 bar=1.0-1",
            ),
            (Verb::Update, None, "install --only-upgrade -- foo bar"),
            (Verb::Uninstall, None, " remove -- foo bar"),
            (Verb::Purge, None, " purge -- foo bar"),
        ] {
            let words = act(verb, version).arguments.join(" ");
            assert!(words.ends_with(end), "{words}");
        }
        let words = |program: Option<Program>| program.unwrap().arguments.join(" ");
        let (one, two) = (name("g++:i386"), name("foo"));
        assert_eq!(words(Apt.look_up(&[&one])), "pkgnames -- g++");
        assert_eq!(words(Apt.look_up(&[&one, &two])), "pkgnames");
        assert_eq!(
            words(Apt.find_providers(&name("g++.1"))),
            "search --names-only -- ^g[+][+][.]1$"
        );
        let listed = "g++-12\ng++\n";
        assert!(Apt.knows(&one, listed) && !Apt.knows(&name("g+"), listed));
        for (package, objection) in [
            ("libc6:i386", ""),
            ("any", ""),
            ("a:b:c", "more than one colon"),
            ("libc6:any", "no architecture"),
        ] {
            let said = Apt.objection(&name(package));
            assert_eq!(said.is_some(), !objection.is_empty(), "{package}");
            assert!(said.unwrap_or_default().contains(objection), "{said:?}");
        }
        let asked = Apt.ask(&name(&format!("foo:{NATIVE}"))).arguments.join(" ");
        assert!(
            asked.ends_with(&format!("-- foo:{NATIVE} foo:all")),
            "{asked}"
        );
        let asked = Apt.ask(&name("foo:i386")).arguments.join(" ");
        assert!(asked.ends_with("-- foo:i386"), "{asked}");
    }

    #[test]
    fn locks_are_known_by_what_apt_says() {
        for (code, said, locked) in [
            (
                100,
                "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 321 (apt-get)\n\
                 E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n",
                true,
            ),
            (
                100,
                "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)\n",
                true,
            ),
            (
                100,
                "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock. It is held by process 4 (dpkg)\n\
                 E: Unable to lock the administration directory (/var/lib/dpkg/), is another process using it?\n",
                true,
            ),
            (
                100,
                "E: Unable to lock the administration directory (/var/lib/dpkg/), are you root?\n",
                false,
            ),
            (100, "E: Unable to locate package nosuch\n", false),
            (0, "", false),
        ] {
            let ended = ended(code, "", said);
            assert_eq!(Apt.is_locked(&ended), locked, "{said}");
            assert_eq!(Apt.holder(&ended).is_some(), locked, "{said}");
        }
    }

    /// From Debian 12 and Ubuntu 10.04.
    const SIMULATED: &str = "NOTE: This is only a simulation!\n\
        Reading package lists...\n\
        Calculating upgrade...\n\
        The following NEW packages will be installed:\n  linux-image-6.1.0-37-amd64\n\
        The following packages will be upgraded:\n  base-files bash\n\
        2 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.\n\
        Inst base-files [12.4+deb12u10] (12.4+deb12u11 Debian:12.11/stable [amd64])\n\
        Conf base-files (12.4+deb12u11 Debian:12.11/stable [amd64])\n\
        Inst linux-image-6.1.0-37-amd64 (6.1.140-1 Debian:12.11/stable, Debian-Security:12/stable-security [amd64])\n\
        Inst bash [5.2.15-2+b7] (5.2.15-2+b8 Debian:12.11/stable, Debian-Security:12/stable-security [amd64]) []\n\
        Inst emacs23 [23.1+1-4ubuntu7] (23.1+1-4ubuntu7.1 Ubuntu:10.04/lucid-updates) []\n\
        Remv oldlib [1.0]\n";

    #[test]
    fn updates_are_what_has_an_old_version() {
        let updates = Apt.read_updates(&ended(0, SIMULATED, "")).unwrap();
        let rows: Vec<String> = updates
            .iter()
            .map(|update| {
                let current = update.current.as_deref().unwrap_or_default();
                format!(
                    "{} {current} {} {}",
                    update.package, update.version, update.repo
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "base-files 12.4+deb12u10 12.4+deb12u11 Debian:12.11/stable [amd64]",
                "bash 5.2.15-2+b7 5.2.15-2+b8 Debian:12.11/stable, \
                 Debian-Security:12/stable-security [amd64]",
                "emacs23 23.1+1-4ubuntu7 23.1+1-4ubuntu7.1 Ubuntu:10.04/lucid-updates",
            ]
        );
        let names: Vec<String> = (0..30).map(|number| format!("p{number}")).collect();
        let names = names.join(" ");
        let kept = format!("The following packages have been kept back:\n  {names}\n0 upgraded\n");
        let warning = Apt.warnings(&ended(0, &kept, "")).pop().unwrap();
        assert!(
            warning.starts_with("kept back, though there is a newer version: p0, p1, ")
                && warning.ends_with(", p19 and 10 more"),
            "{warning}"
        );
        let error = Apt.read_updates(&ended(100, "", "E: broken packages\n"));
        assert_eq!(
            error.unwrap_err(),
            "Apt check-update failed, exit code was 100: E: broken packages"
        );
    }

    #[test]
    fn lists_that_are_away_are_missed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(has_lists(&dir.path().join("elsewhere")));
        assert!(!has_lists(dir.path()));
        let repository = dir.path().join("Packages");
        let list = dir.path().join("_srv_repo_._Packages");
        std::os::unix::fs::symlink(&repository, list).unwrap();
        assert!(!has_lists(dir.path()));
        crate::sys::file::write_new(&repository, b"", 0o644).unwrap();
        assert!(has_lists(dir.path()));
    }

    #[test]
    fn what_is_installed_is_counted_as_the_original_did() {
        let listed = "Desired=Unknown/Install/Remove/Purge/Hold\n\
            ||/ Name  Version  Architecture Description\n\
            +++-=====-========-============-===========\n\
            ii  adduser 3.134 all add and remove users\n\
            rc  nano 7.2-1 amd64 small, friendly text editor\n\
            ii  apt 2.6.1 amd64 commandline package manager\n";
        assert_eq!(Apt.installed(listed).len(), 2);
        assert_eq!(
            Apt.digested(listed),
            "ii  adduser 3.134 all add and remove users\nii  apt 2.6.1 amd64 commandline package manager"
        );
    }
}
