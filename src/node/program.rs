//! Programs as data: what is to be run, and how what it did is told. Providers say it, and so their
//! decisions are tested without running anything.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::sys::command::{Command, Ended, Launcher, StartError};

/// A program to be run, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its path, or its name.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What its environment has besides.
    pub environment: Vec<(&'static str, String)>,
    /// How much of the end of its output is kept.
    pub keep: usize,
    /// Whether it may start daemons, which inherit its outputs.
    pub starts_daemons: bool,
}

impl Program {
    /// A program without arguments.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            keep: 64 * 1024,
            starts_daemons: false,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds to its environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// It prints as much as a machine has packages.
    #[must_use]
    pub const fn long_output(mut self) -> Self {
        self.keep = 8 << 20;
        self
    }

    /// It may start daemons.
    #[must_use]
    pub const fn starting_daemons(mut self) -> Self {
        self.starts_daemons = true;
        self
    }

    /// The name by which people know it.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Runs it to its end.
    pub async fn run(&self, launcher: &Launcher) -> Result<Ended, StartError> {
        self.command(launcher).run().await
    }

    /// Runs it to its end, or stops it after `limit`.
    pub async fn run_for(
        &self,
        launcher: &Launcher,
        limit: Duration,
    ) -> Result<Option<Ended>, StartError> {
        let running = self.command(launcher).start()?;
        Ok(tokio::time::timeout(limit, running.ended()).await.ok())
    }

    /// Runs it on a thread of its own while this one waits, at most for `limit`. For what has to
    /// answer at once, such as a filter.
    pub fn run_blocking(&self, limit: Duration) -> Result<Option<Ended>, StartError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let program = self.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            let ended = runtime.block_on(program.run_for(&Launcher::of_daemon(), limit));
            // Who asked may have given up.
            sender.send(ended).ok();
        });
        receiver
            .recv_timeout(limit + Duration::from_millis(500))
            .unwrap_or(Ok(None))
    }

    fn command(&self, launcher: &Launcher) -> Command {
        let mut command = launcher.command(&self.path).args(&self.arguments);
        for (name, value) in &self.environment {
            command = command.env(*name, value);
        }
        command = command.keep(self.keep);
        if self.starts_daemons {
            command = command.spool();
        }
        command
    }
}

/// The first of these files that is there.
pub fn first_file(paths: &[&'static str]) -> Option<&'static str> {
    paths.iter().copied().find(|path| Path::new(path).is_file())
}

/// How a program ended that did not do what it was told: its exit code, and its own last words.
pub fn failure(name: &str, ended: &Ended) -> String {
    ended_with(name, ended, last_words(ended))
}

/// The same with words that were chosen from what it said.
pub fn ended_with(name: &str, ended: &Ended, words: Option<String>) -> String {
    let mut text = format!("{name} ended with {}", ended.status);
    if ended.stopped {
        text.push_str(" as it was stopped");
    }
    if let Some(words) = words {
        let _never_fails = write!(text, ": {words}");
    }
    text
}

/// The last lines that a program wrote: of its errors, or else of its output.
pub fn last_words(ended: &Ended) -> Option<String> {
    [&ended.stderr, &ended.stdout]
        .into_iter()
        .find_map(|tail| cite(tail.text().lines()))
}

/// The last of these lines, in one.
pub fn cite<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    let lines: Vec<&str> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines.get(lines.len().saturating_sub(LAST_LINES)..)?;
    (!last.is_empty()).then(|| shortened(&last.join("; ")))
}

/// Both ends of a text that is too long for a message: what it is about, and what came of it.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST / 2).collect();
    let end: String = text.chars().skip(count - LONGEST / 2).collect();
    format!("{start}...{end}")
}

/// How many lines of a program are cited, and how many characters.
const LAST_LINES: usize = 8;
const LONGEST: usize = 600;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sys::command::{Status, Tail};

    /// A program that ended with this code after it had written this.
    pub(in crate::node) fn ended(code: i32, stdout: &str, stderr: &str) -> Ended {
        let tail = |text: &str| Tail {
            bytes: text.as_bytes().to_vec(),
            dropped: 0,
        };
        Ended {
            status: Status::Exited(code),
            stopped: false,
            stdout: tail(stdout),
            stderr: tail(stderr),
        }
    }

    #[test]
    fn a_failure_has_the_code_and_the_last_words() {
        let text = failure("apt-get", &ended(100, "Reading\n", "E: a\n\n E: b \n"));
        assert_eq!(text, "apt-get ended with exit code 100: E: a; E: b");
        let text = failure("rpm", &ended(1, "on stdout\n", ""));
        assert_eq!(text, "rpm ended with exit code 1: on stdout");
        assert_eq!(
            failure("x", &ended(1, "", "\n")),
            "x ended with exit code 1"
        );
        let lines = "line\n".repeat(20);
        assert_eq!(
            last_words(&ended(1, "", &lines)).unwrap(),
            ["line"; 8].join("; ")
        );
        let long = last_words(&ended(1, "", &"é".repeat(1000))).unwrap();
        assert_eq!(long.chars().count(), 603);
        let both = format!("first {} last", "x".repeat(1000));
        let both = last_words(&ended(1, "", &both)).unwrap();
        assert!(
            both.starts_with("first ") && both.ends_with(" last"),
            "{both}"
        );
    }

    #[test]
    fn a_thread_of_its_own_answers_in_time() {
        let echo = Program::new("/bin/sh")
            .args(["-c", "echo $X; exit 3"])
            .env("X", "y");
        let done = echo.run_blocking(Duration::from_mins(1)).unwrap().unwrap();
        assert_eq!(done, ended(3, "y\n", ""));
        let slow = Program::new("/bin/sleep").args(["600"]);
        assert_eq!(slow.run_blocking(Duration::from_millis(50)).unwrap(), None);
        let none = Program::new("/nonexistent/x").run_blocking(Duration::from_secs(1));
        assert!(none.unwrap_err().is_not_found());
    }
}
