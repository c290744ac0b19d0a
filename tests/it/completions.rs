//! The completions in the shells that they are for, each where it is installed.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use super::support::program;

/// Lines of which a shell is asked what may follow, and what must be among it.
const LINES: [(&str, &[&str]); 14] = [
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
    ("mcollective mco rpc web tra", &["traffic"]),
    ("mcollective bro", &["broker"]),
];

/// Asks a shell about all lines; `None`, and a word about it, where it is not installed.
fn ask(shell: &str) -> Option<String> {
    if Command::new(shell).args(["-c", ":"]).output().is_err() {
        // Past the test runner, which would keep it.
        let line = format!("SKIPPED: completions in {shell}, which is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir().unwrap();
    for name in ["mco", "mcollective"] {
        symlink(program(), home.path().join(name)).unwrap();
    }
    let config = format!("libdir = {}\n", root.join("tests/golden/libdir").display());
    fs::write(home.path().join(".mcollective"), config).unwrap();
    let mut child = Command::new(shell)
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", home.path().display()))
        .args((shell == "zsh").then_some("-f"))
        .arg(root.join(format!("tests/it/support/shells/complete.{shell}")))
        .arg(root.join("completions"))
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = child.stdin.take().unwrap();
    for (line, _) in LINES {
        writeln!(lines, "{line}").unwrap();
    }
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{shell}: {output:?}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn completes(shell: &str) {
    let Some(said) = ask(shell) else { return };
    let answers: Vec<&str> = said.lines().collect();
    assert_eq!(answers.len(), LINES.len(), "{said}");
    for ((line, expected), answer) in LINES.into_iter().zip(answers) {
        let offered = answer.strip_prefix(&format!("{line} => "));
        let offered = offered.unwrap_or_else(|| panic!("{answer:?} is not about {line:?}"));
        for word in expected {
            assert!(offered.contains(word), "{shell}: {answer}");
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
