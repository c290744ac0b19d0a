//! `install.sh` with a release: fetched from a server, verified, put in place, replaced, removed.

use std::{
    fs,
    io::Write as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{everything, script, server::Server, text};
use crate::support::{Ended, program};

const NAME: &str = "mcollective-linux-x86_64";

/// Makes other sums of right ones.
type Edit<'a> = &'a dyn Fn(&str) -> String;

/// A release on a server, and a place to install it.
struct Place {
    home: tempfile::TempDir,
    server: Server,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("release")).unwrap();
        let server = Server::of(&home.path().join("release"));
        let place = Self { home, server };
        place.publish("1.0.0");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn prefix(&self) -> PathBuf {
        self.path("pre fix")
    }

    fn program(&self) -> PathBuf {
        self.prefix().join("bin/mcollective")
    }

    /// Puts a program of this version on the server, with its sum.
    fn publish(&self, version: &str) {
        script(
            self.path("release").join(NAME),
            &format!("echo mcollective {version}"),
        );
        let sums = "cd \"$1\" && sha256sum *-linux-* >SHA256SUMS";
        let summed = Command::new("sh")
            .args(["-c", sums, "sh"])
            .arg(self.path("release"))
            .status();
        assert!(summed.unwrap().success());
    }

    fn edit_sums(&self, edit: impl Fn(&str) -> String) {
        let path = self.path("release/SHA256SUMS");
        let sums = fs::read_to_string(&path).unwrap();
        fs::write(path, edit(&sums)).unwrap();
    }

    /// `curl .../install.sh | SHELL -s -- OPTIONS`, as if `script` were what came.
    fn piped(&self, shell: &[&str], script: &[u8], options: &[&str]) -> Ended {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]);
        if !options.is_empty() {
            command.arg("-s").arg("--").args(options);
        }
        let mut child = command
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("bin").display()),
            )
            .env("HOME", self.home.path())
            .env("MCOLLECTIVE_URL", self.server.url())
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A shell that ends early closes it.
        drop(child.stdin.take().unwrap().write_all(script));
        child.wait_with_output().unwrap().into()
    }

    /// The same with the whole script, into the prefix.
    fn install(&self, options: &[&str]) -> Ended {
        let prefix = self.prefix();
        let mut all = vec!["--prefix", prefix.to_str().unwrap()];
        all.extend(options);
        self.piped(&["sh"], &install_sh(), &all)
    }

    fn version(&self) -> String {
        let output = Command::new(self.program()).output().unwrap();
        text(&output.stdout).trim().to_owned()
    }
}

fn install_sh() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh")).unwrap()
}

/// The shells of this machine, each with the words that run it.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [
        vec!["dash"],
        vec!["busybox", "sh"],
        vec!["bash", "--posix"],
        vec!["sh"],
    ];
    let there = |shell: &Vec<&str>| Path::new("/bin").join(shell[0]).exists();
    all.into_iter().filter(there).collect()
}

#[test]
fn any_shell_and_any_fetcher_installs_it() {
    let place = Place::new();
    for shell in shells() {
        let prefix = place.path(&shell.join("-"));
        let options = [
            "--url",
            &place.server.url(),
            "--prefix",
            prefix.to_str().unwrap(),
        ];
        place
            .piped(&shell, &install_sh(), &options)
            .exits(0)
            .complains("mcollective 1.0.0 is installed");
        assert!(prefix.join("bin/mco").exists());
        assert_eq!(place.server.asked(), ["SHA256SUMS", NAME]);
    }
    // Without curl: what is on the path is all there is.
    let bin = place.path("few");
    fs::create_dir(&bin).unwrap();
    for tool in "sh awk cat chmod cmp cp cut grep id ln mkdir mktemp mv readlink rm rmdir sed sha256sum sort tail uname dirname"
        .split(' ')
        .chain(["wget"])
    {
        let dir = ["/usr/bin", "/bin"].map(Path::new).into_iter().find(|dir| dir.join(tool).exists());
        if let Some(dir) = dir {
            symlink(dir.join(tool), bin.join(tool)).unwrap();
        }
    }
    let run = |prefix: &str| -> Ended {
        let options = [
            "--url",
            &place.server.url(),
            "--prefix",
            place.path(prefix).to_str().unwrap(),
        ]
        .map(str::to_owned);
        let output = Command::new("sh")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
            .args(options)
            .env_clear()
            .env("PATH", &bin)
            .output();
        output.unwrap().into()
    };
    if Path::new("/bin/busybox").exists() || Path::new("/usr/bin/busybox").exists() {
        // All tools are its own.
        let tools = place.path("applets");
        fs::create_dir(&tools).unwrap();
        let made = Command::new("busybox")
            .args(["--install", "-s"])
            .arg(&tools)
            .status();
        assert!(made.unwrap().success());
        let prefix = place.path("busy");
        let output = Command::new(tools.join("sh"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
            .args(["--url", &place.server.url(), "--prefix"])
            .arg(&prefix)
            .env_clear()
            .env("PATH", &tools)
            .output();
        Ended::from(output.unwrap()).exits(0);
        assert!(prefix.join("bin/mcollective").exists());
    }
    if bin.join("wget").exists() {
        run("wget").exits(0);
        assert!(place.path("wget/bin/mcollective").exists());
        fs::rename(place.path("release/SHA256SUMS"), place.path("away")).unwrap();
        run("wget2").exits(1).complains("404");
        fs::rename(place.path("away"), place.path("release/SHA256SUMS")).unwrap();
        fs::remove_file(bin.join("wget")).unwrap();
    }
    run("none")
        .exits(1)
        .complains("neither curl nor wget was found");
    assert!(!place.path("none").exists());
}

#[test]
fn what_does_not_have_its_sum_is_refused_and_the_old_one_stays() {
    let place = Place::new();
    place.install(&[]).exits(0);
    let before = everything(&place.prefix());
    let old = fs::metadata(place.program()).unwrap();
    place.publish("2.0.0");
    let sums = fs::read_to_string(place.path("release/SHA256SUMS")).unwrap();
    let refused: [(&str, Edit<'_>); 5] = [
        ("SHA256SUMS says 0", &|_| {
            format!("{}  {NAME}\n", "0".repeat(64))
        }),
        ("has no sum of", &|_| String::new()),
        ("has no sum of", &|sums| {
            sums.replace(NAME, "mcollective-linux-x86_640")
        }),
        ("is no SHA-256", &|sums| sums[1..].to_owned()),
        ("is no SHA-256", &|_| format!("<html>  {NAME}\n")),
    ];
    for (words, edit) in refused {
        place.edit_sums(|_| edit(&sums));
        place
            .install(&[])
            .exits(1)
            .complains(words)
            .complains("nothing was installed");
        assert_eq!(fs::metadata(place.program()).unwrap().ino(), old.ino());
        assert_eq!(everything(&place.prefix()), before, "nothing is left");
    }
    fs::remove_file(place.path("release/SHA256SUMS")).unwrap();
    place.install(&[]).exits(1).complains("could not fetch");
    assert_eq!(place.version(), "mcollective 1.0.0");
    // As other tools write it.
    fs::write(
        place.path("release/SHA256SUMS"),
        sums.to_uppercase()
            .replace(&NAME.to_uppercase(), NAME)
            .replace("  ", " *")
            .replace('\n', "\r\n"),
    )
    .unwrap();
    place
        .install(&["--version", "3.0.0"])
        .exits(1)
        .complains("is version 2.0.0, not 3.0.0");
    place.install(&["--version", "2.0.0"]).exits(0);
    assert_eq!(place.version(), "mcollective 2.0.0");
    // A first installation that fails leaves nothing at all.
    place.edit_sums(|_| String::new());
    let fresh = place.path("fresh/prefix");
    place
        .piped(
            &["sh"],
            &install_sh(),
            &["--prefix", fresh.to_str().unwrap()],
        )
        .exits(1);
    assert!(!fresh.exists());
}

#[test]
fn a_file_with_a_wrong_sum_beside_it_is_refused() {
    let place = Place::new();
    let file = place.path("release").join(NAME);
    let file = file.to_str().unwrap();
    place.install(&["--from", file]).exits(0);
    place.edit_sums(|_| format!("{}  {NAME}\n", "a".repeat(64)));
    place
        .install(&["--from", file])
        .exits(1)
        .complains("the SHA-256 of");
}

#[test]
fn the_same_again_changes_nothing_and_fetches_nothing() {
    let place = Place::new();
    place
        .install(&["--dry-run"])
        .exits(0)
        .complains("would install")
        .complains("nothing was changed");
    assert!(!place.prefix().exists());
    place.install(&[]).exits(0);
    let stamps = || -> Vec<_> {
        let files = everything(&place.prefix()).into_iter();
        files
            .map(|file| (fs::symlink_metadata(&file).unwrap().ino(), file))
            .collect()
    };
    let before = stamps();
    place.server.asked();
    place
        .install(&[])
        .exits(0)
        .complains("already; nothing was changed");
    place
        .install(&["--dry-run"])
        .exits(0)
        .complains("nothing was changed");
    assert_eq!(place.server.asked(), ["SHA256SUMS"; 2]);
    assert_eq!(stamps(), before);
    // What is missing of it comes back.
    fs::remove_file(place.prefix().join("bin/mco")).unwrap();
    place.install(&[]).exits(0).complains("is installed in");
    assert!(place.prefix().join("bin/mco").exists());
}

#[test]
fn half_a_script_does_nothing() {
    let place = Place::new();
    let whole = install_sh();
    let end = whole.len();
    let lines = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let ends: Vec<usize> = lines.map(|(at, _)| at + 1).filter(|at| *at < end).collect();
    // At some line ends, and at every byte of the last lines.
    for cut in ends.iter().copied().step_by(12).chain(end - 60..end - 2) {
        let ended = place.piped(&["sh"], &whole[..cut], &[]);
        assert_eq!(place.server.asked(), [""; 0], "{cut}: {ended:#?}");
        assert_eq!(
            everything(&place.path("")).len(),
            2,
            "{cut}: only the release is there"
        );
    }
}

#[test]
fn what_fails_on_its_way_can_be_removed() {
    let place = Place::new();
    let share = place.prefix().join("share");
    fs::create_dir_all(&share).unwrap();
    fs::write(share.join("man"), "in the way").unwrap();
    let program = program();
    place
        .install(&["--from", program.to_str().unwrap()])
        .exits(1)
        .complains("could not write");
    assert!(place.program().exists());
    place.install(&["--uninstall"]).exits(0);
    assert_eq!(everything(&place.prefix()), [share.join("man")]);
}

#[test]
fn what_runs_is_not_disturbed() {
    let place = Place::new();
    let release = place.path("release").join(NAME);
    let publish = |from: &Path, more: &[u8]| {
        let mut bytes = fs::read(from).unwrap();
        bytes.extend(more);
        let put = "cat >\"$1\".new && chmod 755 \"$1\".new && mv \"$1\".new \"$1\" && cd \"${1%/*}\" && sha256sum *-linux-* >SHA256SUMS";
        let mut child = Command::new("sh")
            .args(["-c", put, "sh"])
            .arg(&release)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        assert!(child.wait().unwrap().success());
    };
    publish(&program(), b"");
    place.install(&[]).exits(0);
    let config = place.path("broker.cfg");
    fs::write(&config, "listen = none\nplain_listen = 127.0.0.1:0\n").unwrap();
    let mut running = Command::new(place.program())
        .args(["broker", "--config"])
        .arg(&config)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    publish(&program(), b"newer");
    place
        .install(&[])
        .exits(0)
        .complains("until it is restarted");
    let still = running.try_wait().unwrap();
    let maps = fs::read_to_string(format!("/proc/{}/maps", running.id())).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(still, None);
    assert!(maps.contains("bin/mcollective (deleted)"), "{maps}");
    assert!(fs::read(place.program()).unwrap().ends_with(b"newer"));
}

#[test]
fn a_user_installs_at_home() {
    let place = Place::new();
    let home = place.path("ann");
    fs::create_dir(&home).unwrap();
    let mut command = Command::new("sh");
    command
        .arg("-s")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &home)
        .env("MCOLLECTIVE_URL", place.server.url());
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root {
        chown(&home, Some(65534), Some(65534)).unwrap();
        fs::set_permissions(place.home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command.uid(65534).gid(65534);
    }
    command
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&install_sh())
        .unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap());
    let ended = ended.exits(0).complains("is not in your PATH");
    assert!(home.join(".local/bin/mco").exists(), "{ended:#?}");
    // It can't install for everybody, and says so.
    if root {
        let mut command = Command::new("sh");
        command
            .arg("-s")
            .args(["--", "--prefix", "/usr/local"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("MCOLLECTIVE_URL", place.server.url());
        command
            .uid(65534)
            .gid(65534)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&install_sh())
            .unwrap();
        Ended::from(child.wait_with_output().unwrap())
            .exits(1)
            .complains("may not write to /usr/local");
    }
}

#[test]
fn completions_and_manuals_are_where_they_are_looked_for() {
    let place = Place::new();
    let program = program();
    let program = program.to_str().unwrap();
    place.install(&["--from", program]).exits(0);
    let share = place.prefix().join("share");
    for name in [
        "bash-completion/completions/mco",
        "bash-completion/completions/mcollective",
        "zsh/site-functions/_mco",
        "fish/vendor_completions.d/mco.fish",
        "man/man1/mco-ping.1",
        "man/man8/mcollective-agent.8",
    ] {
        let file = share.join(name);
        assert!(
            fs::metadata(&file).is_ok_and(|file| file.mode() & 0o777 == 0o644),
            "{name}"
        );
    }
    look_for_it(&place, program);
    place
        .install(&["--uninstall", "--dry-run"])
        .exits(0)
        .complains("would remove");
    assert!(place.program().exists());
    place.install(&["--uninstall"]).exits(0);
    let left = fs::read_dir(place.prefix()).unwrap().count();
    assert_eq!(left, 0, "what was made for it is gone");
}

/// Each of those who look, where it is on this machine, as a person who installed it at home.
#[allow(clippy::print_stderr, reason = "to a person who runs the tests")]
fn look_for_it(place: &Place, program: &str) {
    let home = place.path("home");
    let prefix = home.join(".local");
    place
        .install(&["--from", program, "--prefix", prefix.to_str().unwrap()])
        .exits(0);
    let zsh = format!(
        "fpath=('{}' $fpath); autoload -Uz compinit; compinit -u -D; echo $_comps[mco]",
        prefix.join("share/zsh/site-functions").display()
    );
    for (words, expected) in [
        (
            ["man", "-w", "mco-ping"],
            ".local/share/man/man1/mco-ping.1",
        ),
        (["fish", "-c", "complete -C 'mco pin'"], "ping"),
        (["zsh", "-fc", &zsh], "_mco"),
    ] {
        if !Path::new("/usr/bin").join(words[0]).exists() {
            eprintln!("skipped: there is no {}", words[0]);
            continue;
        }
        let path = format!("{}:/usr/bin:/bin", prefix.join("bin").display());
        let output = Command::new(words[0])
            .args(&words[1..])
            .env_clear()
            .env("PATH", path)
            .env("HOME", &home)
            .output()
            .unwrap();
        assert!(
            text(&output.stdout).contains(expected),
            "{words:?}: {output:?}"
        );
    }
}

#[test]
fn shellcheck_finds_nothing() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    match Command::new("shellcheck")
        .args(["-s", "sh"])
        .arg(script)
        .output()
    {
        Ok(output) => assert!(output.status.success(), "{}", text(&output.stdout)),
        Err(error) => eprintln!("skipped: shellcheck: {error}"),
    }
}
