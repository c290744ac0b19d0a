//! `install.sh`, with a script in the program's place: nothing is built, and nothing outside a
//! temporary directory is touched. `release` has what is fetched from a server.

mod release;
mod server;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Runs `install.sh` with a fake program that prints what it is called with.
fn install(home: &Path, arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    Command::new("sh")
        .arg(script)
        .args(arguments)
        .env_clear()
        .env("PATH", format!("{}/bin:/usr/bin:/bin", home.display()))
        .env("HOME", home)
        .output()
        .unwrap()
}

/// A program in the place of ours. Another process writes it: had this one its file open while another test's thread
/// forks, it could be busy when it is to be run.
fn fake_program(home: &Path, text: &str) -> PathBuf {
    let version = "[ \"$1\" != --version ] || { echo mcollective 1.0.0; exit; }";
    script(home.join("fake"), &format!("{version}\n{text}"))
}

fn script(path: PathBuf, text: &str) -> PathBuf {
    let write = "mkdir -p \"${1%/*}\"; printf '#!/bin/sh\\n%s\\n' \"$2\" >\"$1\"; chmod 755 \"$1\"";
    let written = Command::new("sh")
        .args(["-c", write, "sh"])
        .arg(&path)
        .arg(text)
        .status();
    assert!(written.unwrap().success());
    path
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Every file and link below a directory.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(everything(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_demo_passes_its_options_on() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake_program(home.path(), "echo \"$@\"");
    let fake = fake.to_str().unwrap();
    let state = home.path().join(".local/state/mcollective-demo");
    for (arguments, expected) in [
        (
            vec!["--demo", "--from", fake],
            format!("enable --demo {}", state.display()),
        ),
        (
            vec![
                "--demo", "/tmp/d", "--nodes", "3", "--port", "7000", "--from", fake,
            ],
            "enable --demo /tmp/d --nodes 3 --port 7000".into(),
        ),
        (
            vec!["--from", fake, "--demo", "/tmp/d", "--stop"],
            "enable --demo /tmp/d --stop".into(),
        ),
    ] {
        let output = install(home.path(), &arguments);
        assert_eq!(text(&output.stdout).trim(), expected, "{output:?}");
        assert!(output.status.success());
    }
}

#[test]
fn installs_replaces_and_removes() {
    let home = tempfile::tempdir().unwrap();
    let prefix = home.path().join("pre fix");
    let program = prefix.join("bin/mcollective");
    for version in ["one", "two"] {
        let fake = fake_program(home.path(), &format!("echo {version}"));
        let output = install(
            home.path(),
            &[
                "--prefix",
                prefix.to_str().unwrap(),
                "--from",
                fake.to_str().unwrap(),
            ],
        );
        assert!(output.status.success(), "{output:?}");
        let said = Command::new(prefix.join("bin/mco")).output().unwrap();
        assert_eq!(text(&said.stdout).trim(), version);
    }
    let stray = everything(&prefix)
        .into_iter()
        .find(|path| path.to_string_lossy().contains(".new."));
    assert_eq!(stray, None, "nothing half-made is left");
    let foreign = prefix.join("share/foreign");
    fs::File::create(&foreign).unwrap();
    let output = install(
        home.path(),
        &["--prefix", prefix.to_str().unwrap(), "--uninstall"],
    );
    assert!(output.status.success(), "{output:?}");
    assert!(!program.exists());
    assert_eq!(
        everything(&prefix),
        [foreign],
        "only what was installed goes"
    );
    let output = install(
        home.path(),
        &["--prefix", prefix.to_str().unwrap(), "--uninstall"],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stderr).starts_with("nothing that this script installed"));
}

/// As `curl -o` and `scp` leave a file.
#[test]
fn a_file_that_is_not_executable_yet_is_made_so() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake_program(home.path(), "echo ours");
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o644)).unwrap();
    let prefix = home.path().join("prefix");
    let from = ["--from", fake.to_str().unwrap()];
    let output = install(
        home.path(),
        &[&["--prefix", prefix.to_str().unwrap()], &from[..]].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    let said = Command::new(prefix.join("bin/mco")).output().unwrap();
    assert_eq!(text(&said.stdout), "ours\n");
    assert_eq!(fs::metadata(&fake).unwrap().mode() & 0o777, 0o644);
}

#[test]
fn leaves_another_mco_alone() {
    let home = tempfile::tempdir().unwrap();
    let fake = fake_program(home.path(), "echo ours");
    let prefix = home.path().join("prefix");
    fs::create_dir_all(prefix.join("bin")).unwrap();
    let mut theirs = fs::File::create(prefix.join("bin/mco")).unwrap();
    theirs.write_all(b"theirs").unwrap();
    let output = install(
        home.path(),
        &[
            "--prefix",
            prefix.to_str().unwrap(),
            "--from",
            fake.to_str().unwrap(),
        ],
    );
    assert!(output.status.success(), "{output:?}");
    assert!(
        text(&output.stderr).contains("which is not ours"),
        "{output:?}"
    );
    install(
        home.path(),
        &["--prefix", prefix.to_str().unwrap(), "--uninstall"],
    );
    assert_eq!(fs::read(prefix.join("bin/mco")).unwrap(), b"theirs");
}

#[test]
fn says_what_is_wrong_and_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let other = script(home.path().join("other"), "echo true 9.1");
    let other = other.to_str().unwrap();
    let broken = script(home.path().join("broken"), "exit 3");
    let broken = broken.to_str().unwrap();
    script(home.path().join("bin/cargo"), "echo cargo 1.63.0");
    for (arguments, status, expected) in [
        (vec![], 64, "Usage: "),
        (vec![], 64, "error: it is not said what to do\nhint: "),
        (
            vec!["--from", other],
            1,
            "/other is another program than mcollective",
        ),
        (vec!["--frobnicate"], 64, "unknown argument `--frobnicate`"),
        (vec!["--demo", "--prefix", "/x"], 64, "are different things"),
        (vec!["--prefix", "/x", "--demo"], 64, "are different things"),
        (vec!["--url", "ftp://x"], 64, "begins with https://"),
        (
            vec!["--url", "http://x", "--from", "/x"],
            64,
            "each name the program",
        ),
        (
            vec!["--uninstall", "--from", "/x"],
            64,
            "do not go with --uninstall",
        ),
        (vec!["--demo", "--dry-run"], 64, "go with installing"),
        (vec!["--prefix", "/", "--from", "/x"], 64, "--prefix /usr"),
        (vec!["--prefix"], 64, "--prefix needs a value"),
        (vec!["--demo", "--nodes"], 64, "--nodes needs a value"),
        (
            vec!["--prefix", "here", "--from", broken],
            64,
            "begins with /",
        ),
        (vec!["--prefix", "/x", "--stop"], 64, "go with --demo"),
        (vec!["--stop"], 64, "go with --demo"),
        (
            vec!["--demo", "--from", "/nonexistent"],
            1,
            "there is no file /nonexistent",
        ),
        (
            vec!["--demo", "--from", broken],
            1,
            "does not run on this machine",
        ),
        (vec!["--demo"], 1, "cargo is 1.63.0; building needs Rust 1."),
    ] {
        let output = install(home.path(), &arguments);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {output:?}"
        );
        assert!(
            text(&output.stderr).contains(expected),
            "{arguments:?}: {output:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    }
    let output = install(home.path(), &["--help"]);
    assert!(output.status.success() && text(&output.stdout).contains("--uninstall"));
}
