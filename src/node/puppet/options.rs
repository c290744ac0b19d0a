//! What the configuration says of Puppet (`plugin.puppet.*`), and how its program is called.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    time::Duration,
};

use super::rules::Rules;
use crate::sys::{
    self,
    command::{Command, Launcher},
};

/// What the configuration says of Puppet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The program and the arguments that make it run as an agent.
    pub command: Vec<String>,
    /// Its `puppet.conf`, where it is not the usual one.
    pub config: Option<PathBuf>,
    /// Whether runs wait a random time, where the request says nothing.
    pub splay: bool,
    /// At most how long, in seconds.
    pub splaylimit: u32,
    /// Whether a daemon is told to run, instead of a process being started.
    pub signal_daemon: bool,
    /// Whether a request may name another server.
    pub allow_server_override: bool,
    /// After how long a run counts as hung.
    pub run_timeout: Duration,
    /// Which resources may be changed one by one.
    pub resources: Rules,
    /// Files that are elsewhere than Puppet says, by the name of Puppet's setting.
    pub files: BTreeMap<String, PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            command: vec!["puppet".into(), "agent".into()],
            config: None,
            splay: true,
            splaylimit: 30,
            signal_daemon: true,
            allow_server_override: false,
            run_timeout: Duration::from_hours(1),
            resources: Rules::default(),
            files: BTreeMap::new(),
        }
    }
}

/// Where Puppet's own packages put its programs, which is not in everybody's `PATH`.
const OWN_PROGRAMS: &str = "/opt/puppetlabs/bin";

/// Where programs are, if the environment does not say.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Options {
    /// A command of Puppet's other than `agent`, such as `config print`; `None` where the configured
    /// command does not end with `agent`, so that nobody can tell how.
    pub(super) fn other(&self, words: &[&str]) -> Option<Vec<String>> {
        let (last, program) = self.command.split_last()?;
        if last != "agent" || program.is_empty() {
            return None;
        }
        let words = words.iter().map(|word| (*word).to_owned());
        let mut command: Vec<String> = program.iter().cloned().chain(words).collect();
        command.extend(self.config_arguments());
        Some(command)
    }

    /// What tells Puppet where its configuration is.
    pub(super) fn config_arguments(&self) -> Option<String> {
        let config = self.config.as_ref()?;
        Some(format!("--config={}", config.display()))
    }

    /// A command that can be run.
    pub(super) fn launch(launcher: &Launcher, words: &[String]) -> Option<Command> {
        let (program, arguments) = words.split_first()?;
        let home = sys::paths::home().unwrap_or_else(|| PathBuf::from("/"));
        let launcher = launcher
            .clone()
            .env("PATH", search_path())
            .env("HOME", home)
            // Texts of manifests are UTF-8, and Ruby believes the environment.
            .env("LC_ALL", "C.UTF-8");
        Some(launcher.command(program).args(arguments))
    }

    /// The program as a file.
    pub(super) fn program(&self) -> Option<PathBuf> {
        let program = Path::new(self.command.first()?);
        if program.components().count() > 1 {
            return program.is_file().then(|| program.to_owned());
        }
        let path = search_path();
        std::env::split_paths(&path)
            .map(|directory| directory.join(program))
            .find(|file| file.is_file())
    }
}

fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    if !std::env::split_paths(&path).any(|directory| directory == OsStr::new(OWN_PROGRAMS)) {
        path.push(":");
        path.push(OWN_PROGRAMS);
    }
    path
}

/// A command that can't be run without a shell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// A quote does not end.
    #[error("a quote does not end")]
    Quote,
    /// Something that only a shell understands.
    #[error("`{0}` has no meaning here: no shell is involved")]
    Shell(char),
}

/// Splits a command as it is written in a configuration: at blanks, outside of quotes.
pub fn command_words(text: &str) -> Result<Vec<String>, CommandError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            quote @ ('\'' | '"') => loop {
                let word = word.get_or_insert_default();
                match chars.next().ok_or(CommandError::Quote)? {
                    c if c == quote => break,
                    c => word.push(c),
                }
            },
            c if "`$;|&<>()\\*?~".contains(c) => return Err(CommandError::Shell(c)),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err(CommandError::Empty);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_words() {
        assert_eq!(
            command_words("/opt/puppetlabs/bin/puppet agent").unwrap(),
            ["/opt/puppetlabs/bin/puppet", "agent"]
        );
        assert_eq!(
            command_words(" '/a b/puppet'  \"x\"'' ").unwrap(),
            ["/a b/puppet", "x"]
        );
        assert_eq!(command_words("  "), Err(CommandError::Empty));
        assert_eq!(command_words("'puppet agent"), Err(CommandError::Quote));
        assert_eq!(
            command_words("puppet agent; reboot"),
            Err(CommandError::Shell(';'))
        );
    }

    #[test]
    fn other_commands_are_made_of_the_agents() {
        let mut options = Options {
            command: command_words("/usr/bin/env X=1 puppet agent").unwrap(),
            ..Options::default()
        };
        assert_eq!(
            options.other(&["config", "print"]).unwrap(),
            ["/usr/bin/env", "X=1", "puppet", "config", "print"]
        );
        options.config = Some("/srv/puppet.conf".into());
        assert_eq!(
            options.other(&["apply"]).unwrap().last().unwrap(),
            "--config=/srv/puppet.conf"
        );
        options.command = vec!["/usr/local/bin/run-puppet".into()];
        assert_eq!(options.other(&["config"]), None);
    }
}
