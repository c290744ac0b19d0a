//! `mcollective enable --demo`: the first thing that a newcomer sees.

use std::{ffi::OsStr, fs, net::TcpListener, path::Path};

use crate::support::{Ended, run};

fn enable(dir: &Path, words: &[&str]) -> Ended {
    let mut all: Vec<&OsStr> = vec!["enable".as_ref(), "--demo".as_ref(), dir.as_os_str()];
    all.extend(words.iter().map(OsStr::new));
    run(all)
}

/// A port that was free a moment ago.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// Stops a demo also where a test fails.
struct Stop<'a>(&'a Path);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        enable(self.0, &["--stop"]);
    }
}

#[test]
fn a_demo_shows_itself_and_is_stopped_by_any_name() {
    let home = tempfile::tempdir().unwrap();
    let (dir, link) = (home.path().join("it's a demo"), home.path().join("link"));
    let _stop = Stop(&dir);
    let port = free_port();
    let ended = enable(&dir, &["--nodes", "2", "--port", &port]).exits(0);
    let ended = ended
        .says("2 replies max")
        .says("Three commands to try next")
        .says("--stop");
    assert!(ended.stdout.contains("node1.demo"), "{ended:#?}");
    enable(&dir, &[])
        .exits(0)
        .says("runs already, with 2 agents");
    let ping = std::process::Command::new(dir.join("mco"))
        .args(["find", "-F", "country=de"])
        .output();
    assert_eq!(
        String::from_utf8_lossy(&ping.unwrap().stdout),
        "node2.demo\n"
    );
    // Another demo at the same port is told the port and the option.
    let other = home.path().join("other");
    enable(&other, &["--port", &port])
        .exits(64)
        .complains(&port)
        .complains("--port");
    // With a slash at its end, and through a link.
    std::os::unix::fs::symlink(&dir, &link).unwrap();
    enable(&link.join(""), &["--stop"])
        .exits(0)
        .says("Stopped 3 processes");
    enable(&dir, &["--stop"]).exits(0).says("Nothing");
    // What was changed by hand stays, and so do port and number.
    let client = dir.join("client.cfg");
    let text = fs::read_to_string(&client).unwrap() + "# mine\n";
    fs::write(&client, &text).unwrap();
    enable(&dir, &[]).exits(0).says("2 replies max");
    assert_eq!(fs::read_to_string(&client).unwrap(), text);
}

#[test]
fn a_directory_that_is_no_demo_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "").unwrap();
    enable(home.path(), &["--port", &free_port()])
        .exits(64)
        .complains("is not empty and no demo");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
