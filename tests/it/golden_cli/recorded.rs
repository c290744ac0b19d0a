//! The recordings, as files.

use std::{fs, path::PathBuf};

use regex::Regex;

/// One command line of the original's, and how it ended.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    pub(super) name: String,
    /// For a shell.
    pub(super) command: String,
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Recording {
    fn read(name: &str) -> Self {
        let file = |ending: &str| folder().join(format!("{name}.{ending}"));
        // Of what printed nothing no file is kept.
        let text = |ending| fs::read_to_string(file(ending)).unwrap_or_default();
        Self {
            name: name.to_owned(),
            command: text("cmd").trim_end().to_owned(),
            code: text("rc").trim().parse().unwrap(),
            stdout: text("stdout"),
            stderr: text("stderr"),
        }
    }

    /// What was complained of when the application gave up: the text after the banner.
    pub(super) fn complaint(&self) -> Option<String> {
        let text = super::normal::plain(&self.stderr);
        let (_, complaint) = text.split_once("use -v for full error backtrace details: ")?;
        complaint.lines().next().map(str::to_owned)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli")
}

/// All of them, by name.
pub(super) fn all() -> Vec<Recording> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".cmd").map(str::to_owned)
        })
        .collect();
    names.sort();
    names.iter().map(|name| Recording::read(name)).collect()
}

/// Those that were made while frames were recorded: two nodes, and everything printed in one file.
pub(super) fn with_frames() -> Vec<Recording> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wire/amq");
    let mut recordings: Vec<Recording> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(path.join("client-output.txt")).ok()?;
            let (command, rest) = text.strip_prefix("$ ")?.split_once('\n')?;
            let (stdout, code) = rest.rsplit_once("rc=")?;
            let name = path.file_name()?.to_str()?;
            command.starts_with("mco ").then(|| Recording {
                name: format!("amq/{name}"),
                command: quoted(command),
                code: code.trim().parse().unwrap(),
                stdout: stdout.to_owned(),
                stderr: String::new(),
            })
        })
        .collect();
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    recordings
}

/// The values of filters were quoted, which the files do not show.
fn quoted(command: &str) -> String {
    let filter = Regex::new(r"(-[SWFCI]) (.+?)( -|$)").unwrap();
    filter.replace_all(command, "$1 '$2'$3").into_owned()
}
