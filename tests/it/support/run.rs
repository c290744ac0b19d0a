//! Runs the program to its end.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The program under test: the release binary where the environment names one.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("MCOLLECTIVE_RELEASE_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_mcollective").into(), PathBuf::from)
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Asserts the exit code, and shows everything where it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts that standard error holds a text.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is not in {self:#?}");
        self
    }

    /// Asserts that standard output holds a text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{text:?} is not in {self:#?}");
        self
    }

    /// The lines of standard output, sorted: nodes answer in any order.
    pub(crate) fn sorted(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.stdout.lines().collect();
        lines.sort_unstable();
        lines
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The program with these words, in an environment of its own. Programs in `bin` of its home are
/// found before those of the machine.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}/bin:/usr/bin:/bin", home.display()))
        .stdin(Stdio::null());
    command
}

/// Runs the program.
pub(crate) fn run<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Ended {
    let home = tempfile::tempdir().unwrap();
    command(home.path()).args(words).output().unwrap().into()
}

/// Runs `mco` with a configuration.
pub(crate) fn mco<S: AsRef<OsStr>>(config: &Path, words: impl IntoIterator<Item = S>) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let mut command = command(home.path());
    command.arg("mco").args(words).arg("--config").arg(config);
    command.output().unwrap().into()
}
