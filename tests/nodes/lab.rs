//! Machines of our own, made by `tests/support/nodes`. A lab ends with the process that opened it,
//! however that ends: its first process reads from a pipe that only we hold.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// A running lab.
pub(crate) struct Lab {
    keeper: Child,
    /// The lab's first process, by which others enter it.
    pid: u32,
    /// What every node has: the program under test.
    program: PathBuf,
}

/// Where nodes have the program.
pub(crate) const PROGRAM: &str = "/usr/local/bin/mcollective";

/// What is missing on this machine, in words.
pub(crate) fn missing() -> Option<String> {
    ["check", "build", "try"].into_iter().find_map(|verb| {
        let output = Command::new(script())
            .arg(verb)
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(said(&output)),
            Err(error) => Some(format!("{}: {error}", script().display())),
        }
    })
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/nodes")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr)
        .trim()
        .replace('\n', "; ")
}

impl Lab {
    pub(crate) fn open(program: &Path) -> Self {
        let mut keeper = Command::new(script())
            .args(["lab", "sh", "-c", "echo open; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = keeper.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert_eq!(line, "open\n", "the lab did not open");
        let id = keeper.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        Self {
            keeper,
            pid: children.trim().parse().unwrap(),
            program: program.to_owned(),
        }
    }

    /// A command that sees the lab's network and names.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["-t", &self.pid.to_string(), "--mount", "--net", "--"])
            .arg(program)
            .stdin(Stdio::null());
        command
    }

    /// What a command prints that sees the lab's network.
    pub(crate) fn output(&self, program: &str, words: &[&str]) -> String {
        let output = self.command(program).args(words).output().unwrap();
        assert!(output.status.success(), "{program}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The program under test, in the lab.
    pub(crate) fn program(&self) -> Command {
        self.command(&self.program)
    }

    /// Where the program under test is on this machine.
    pub(crate) fn program_path(&self) -> &Path {
        &self.program
    }

    pub(crate) fn up(&self, names: &[&str]) {
        self.must("up", names);
    }

    /// Switches a node on that is started by `OpenRC`.
    pub(crate) fn openrc(&self, name: &str) {
        self.must("openrc", &[name]);
    }

    pub(crate) fn down(&self, name: &str) {
        self.must("down", &[name]);
    }

    pub(crate) fn cut(&self, name: &str) {
        self.must("cut", &[name]);
    }

    pub(crate) fn mute(&self, name: &str) {
        self.must("mute", &[name]);
    }

    pub(crate) fn plug(&self, name: &str) {
        self.must("plug", &[name]);
    }

    /// Gives a directory of a node, before it is switched on, a disk of its own of this size.
    pub(crate) fn disk_of(&self, name: &str, dir: &str, size: &str) {
        self.must("disk-of", &[name, dir, size]);
    }

    /// Leaves no room on such a disk.
    pub(crate) fn fill(&self, name: &str, dir: &str) {
        self.must("fill", &[name, dir]);
    }

    /// Gives it its size again.
    pub(crate) fn free(&self, name: &str, dir: &str, size: &str) {
        self.must("free", &[name, dir, size]);
    }

    /// Runs a line of shell on a node and gives its output.
    #[track_caller]
    pub(crate) fn shell(&self, name: &str, line: &str) -> String {
        self.must("run", &[name, "sh", "-euc", line])
    }

    /// Where a node's files are, as this process sees them; also while the node is off.
    pub(crate) fn disk(&self, name: &str) -> PathBuf {
        let lab = "run/mcollective-lab/node";
        PathBuf::from(format!("/proc/{}/root/{lab}/{name}/root", self.pid))
    }

    /// The names that the client goes by.
    pub(crate) fn hosts(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/etc/hosts", self.pid))
    }

    /// A node's address.
    pub(crate) fn address(&self, name: &str) -> String {
        self.must("address", &[name]).trim().to_owned()
    }

    #[track_caller]
    fn must(&self, verb: &str, words: &[&str]) -> String {
        let output = Command::new(script())
            .args(["at", &self.pid.to_string(), verb])
            .args(words)
            .env(
                "MCOLLECTIVE_NODES_BIND",
                format!("{}:{PROGRAM}", self.program.display()),
            )
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "nodes {verb} {words:?}: {}",
            said(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Its child, the lab's first process, is killed with it, and all the lab with that one.
        drop(self.keeper.kill());
        drop(self.keeper.wait());
    }
}
