//! The completions in the shells that they are for, each where it is installed.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use nix::sys::signal::Signal;

use crate::support::{Fleet, Node, program};

/// Lines of which a shell is asked what may follow, and what must be among it.
const LINES: [(&str, &[&str]); 29] = [
    ("mco fin", &["find"]),
    ("mco rpc rpcu", &["rpcutil"]),
    ("mco rpc web ", &["restart", "start", "stop", "traffic"]),
    ("mco rpc web restart ", &["how=", "site="]),
    ("mco rpc web restart site=a ", &["how="]),
    ("mco rpc web restart how=gr", &["graceful"]),
    ("mco rpc --agent we", &["web"]),
    ("mco rpc --agent=we", &["web"]),
    ("mco rpc -I node1 --limit 3 web tra", &["traffic"]),
    ("mco find -A ta", &["tasks"]),
    ("mco plugin doc fs", &["fstat"]),
    ("mco help inv", &["inventory"]),
    ("mco puppet run", &["runall", "runonce"]),
    ("mco service httpd sta", &["start", "status"]),
    ("mco ping --disc-method fl", &["flatfile"]),
    ("mco ping -I node", &["node1", "node2"]),
    ("mco ping --with-identity=node", &["node1", "node2"]),
    ("mco inventory node", &["node1", "node2"]),
    ("mco facts os.fam", &["os.family"]),
    ("mco facts ", &["country", "os.family"]),
    ("mco ping -F os.f", &["os.family="]),
    ("mco ping -F country=", &["de", "uk"]),
    ("mco ping -W ", &["country=", "role::web"]),
    ("mco find -C ro", &["role::web"]),
    ("mco find -C role::", &["web"]),
    ("mco policy ", &["check"]),
    ("mco policy check we", &["web"]),
    ("mco policy check web tra", &["traffic"]),
    ("mco rpc rpcutil get_fact fact=os.fam", &["os.family"]),
];

/// Those of the whole program, on a machine that has no link `mco`.
const ALONE: [(&str, &[&str]); 8] = [
    ("mcollective bro", &["broker"]),
    ("mcollective mco fin", &["find"]),
    ("mcollective mco rpc web tra", &["traffic"]),
    ("mcollective mco rpc --agent=we", &["web"]),
    ("mcollective mco ping --with-id", &["--with-identity"]),
    ("mcollective mco ping -I node", &["node1", "node2"]),
    ("mcollective mco -v find -C ro", &["role::web"]),
    ("mcollective mco ping -F country=u", &["uk"]),
];

/// What is in no name that a shell is given.
const EVIL: &str = "pwned";

/// A fleet that was talked to, and is gone: its home has names.
fn fleet() -> Fleet {
    let node = |country: &str| Node {
        facts: format!(
            "country: {country}\nos:\n  family: Debian\n\"$({EVIL})\": 1\na: \"{EVIL} x\"\n"
        ),
        classes: format!("role::web\n;{EVIL}\n"),
        extra: String::new(),
        domain: "",
    };
    let mut fleet = Fleet::with(&[node("de"), node("uk")]);
    let libdir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/libdir");
    let config = fs::read_to_string(fleet.path("client.cfg")).unwrap();
    let config = format!("{config}libdir = {}\n", libdir.display());
    fs::write(fleet.path(".mcollective"), config).unwrap();
    for words in [
        &["ping"][..],
        &["inventory", "--fields", "identity,facts.country"],
    ] {
        let mut command = Command::new(program());
        command.env_clear().env("HOME", fleet.path(""));
        let ended = command.arg("mco").args(words).output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    // Completion asks nobody.
    fleet.end_broker(Signal::SIGKILL);
    fleet
}

/// Asks a shell about lines, with the program under these names; `None`, and a word about it, where
/// it is not installed.
fn ask(shell: &str, home: &Path, names: &[&str], lines: &[(&str, &[&str])]) -> Option<String> {
    if Command::new(shell).args(["-c", ":"]).output().is_err() {
        // Past the test runner, which would keep it.
        let line = format!("SKIPPED: completions in {shell}, which is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bin = tempfile::tempdir().unwrap();
    for name in names {
        symlink(program(), bin.path().join(name)).unwrap();
    }
    let mut child = Command::new(shell)
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}:/usr/bin:/bin", bin.path().display()))
        .args((shell == "zsh").then_some("-f"))
        .arg(root.join(format!("tests/it/support/shells/complete.{shell}")))
        .arg(root.join("completions"))
        .current_dir(bin.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for (line, _) in lines {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{shell}: {output:?}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn completes(shell: &str) {
    let fleet = fleet();
    for (names, lines) in [
        (&["mco", "mcollective"][..], &LINES[..]),
        (&["mcollective"], &ALONE),
    ] {
        let Some(said) = ask(shell, &fleet.path(""), names, lines) else {
            return;
        };
        let answers: Vec<&str> = said.lines().collect();
        assert_eq!(answers.len(), lines.len(), "{said}");
        assert!(!said.contains(EVIL), "{said}");
        for ((line, expected), answer) in lines.iter().zip(answers) {
            let offered = answer.strip_prefix(&format!("{line} => "));
            let offered = offered.unwrap_or_else(|| panic!("{answer:?} is not about {line:?}"));
            for word in *expected {
                assert!(offered.contains(word), "{shell}: {answer}");
            }
            // There bash takes what stands before for a word of its own.
            if shell == "bash" && line.ends_with("::") {
                assert!(!offered.contains(':'), "{shell}: {answer}");
            }
        }
    }
}

#[test]
fn in_bash() {
    completes("bash");
}

#[test]
fn in_fish() {
    completes("fish");
}

#[test]
fn in_zsh() {
    completes("zsh");
}
