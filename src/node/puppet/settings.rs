//! Asks Puppet where its files are, once: that costs a second or two of a processor. The answer is
//! kept, also on disk, until `puppet.conf` or the program changes; and beyond that where Puppet then
//! can't answer: its last word is better than a guess.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Options, Paths, Places};
use crate::sys::{
    command::Launcher,
    file::{self, Mode},
};

/// How long Puppet may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// After a failure it is not asked again for so long.
const AFTER_FAILURE: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct Settings {
    options: Options,
    /// Where the answer is kept.
    file: PathBuf,
    cache: Mutex<Cache>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Cache {
    known: Option<Known>,
    /// The file was read.
    read: bool,
    failed: Option<Failed>,
}

/// A question without an answer.
#[derive(Debug)]
struct Failed {
    fingerprint: String,
    why: String,
    when: Instant,
}

/// An answer, and what it was true for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    paths: Paths,
}

impl Settings {
    pub(super) fn new(options: Options, file: PathBuf) -> Self {
        Self {
            options,
            file,
            cache: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Where the files are: by the configuration, by Puppet's word, by its last word, or by a look at
    /// the usual places.
    pub(super) fn places(&self) -> Places {
        let fingerprint = self.fingerprint();
        let known = self.known();
        let is_told = |setting: &&str| self.options.files.contains_key(*setting);
        let mut places = match known {
            Some(known) if known.fingerprint == fingerprint => known.paths.into(),
            Some(known) => Places {
                paths: known.paths,
                doubt: Some(format!(
                    "{}, so its files are looked for where they were before",
                    self.unasked(&fingerprint)
                )),
                guessed: Vec::new(),
            },
            None => Places {
                paths: Paths::probe(Path::new("/")),
                doubt: Some(format!(
                    "{}, so its files are looked for only where they usually are",
                    self.unasked(&fingerprint)
                )),
                guessed: Paths::SETTINGS
                    .into_iter()
                    .filter(|setting| !is_told(setting))
                    .collect(),
            },
        };
        for (setting, path) in &self.options.files {
            places.paths.set(setting, path);
        }
        if Paths::SETTINGS.iter().all(is_told) {
            places.doubt = None;
        }
        places
    }

    /// Why there is no word of Puppet's that holds now.
    fn unasked(&self, fingerprint: &str) -> String {
        if self.options.program().is_none() {
            let program = self
                .options
                .command
                .first()
                .map_or("puppet", String::as_str);
            return format!("there is no program `{program}` here");
        }
        match &self.cache().failed {
            Some(failed) if failed.fingerprint == fingerprint => failed.why.clone(),
            _ => "Puppet was not asked yet".to_owned(),
        }
    }

    /// Whether Puppet need not be asked.
    pub(super) fn is_settled(&self) -> bool {
        let fingerprint = self.fingerprint();
        let known = self.known();
        if known.is_some_and(|known| known.fingerprint == fingerprint)
            || self.options.program().is_none()
        {
            return true;
        }
        self.cache().failed.as_ref().is_some_and(|failed| {
            failed.fingerprint == fingerprint && failed.when.elapsed() < AFTER_FAILURE
        })
    }

    pub(super) async fn settle(&self, launcher: &Launcher) {
        if self.is_settled() {
            return;
        }
        let _one_at_a_time = self.asking.lock().await;
        if self.is_settled() {
            return;
        }
        let fingerprint = self.fingerprint();
        match self.ask(launcher).await {
            Ok(paths) => {
                let known = Known { fingerprint, paths };
                self.keep(&known);
                self.cache().known = Some(known);
            }
            Err(why) => {
                tracing::warn!("Puppet does not say where its files are: {why}");
                self.cache().failed = Some(Failed {
                    fingerprint,
                    why,
                    when: Instant::now(),
                });
            }
        }
    }

    async fn ask(&self, launcher: &Launcher) -> Result<Paths, String> {
        let question = ["config", "print"];
        // What it is asked for would make every sentence long.
        let shown = self.options.other(&question).unwrap_or_default().join(" ");
        let mut words = question.to_vec();
        words.extend(["--section", "agent"]);
        words.extend(Paths::SETTINGS);
        let words = self
            .options
            .other(&words)
            .ok_or("`plugin.puppet.command` does not end with `agent`")?;
        let command = Options::launch(launcher, &words).ok_or("no command")?;
        let running = command.start().map_err(|error| error.to_string())?;
        let pid = running.pid();
        let ended = tokio::time::timeout(PATIENCE, running.ended());
        let Ok(ended) = ended.await else {
            // The launcher of a run leaves what it starts, and this is no run.
            drop(crate::sys::process::end_group(
                pid,
                crate::sys::process::Force::Kill,
            ));
            return Err(format!(
                "`{shown}` took longer than {} s",
                PATIENCE.as_secs()
            ));
        };
        if let Some(paths) = Paths::parse(&ended.stdout.text()).filter(|_| ended.is_success()) {
            return Ok(paths);
        }
        let mut said = ended.stderr.text();
        if said.trim().is_empty() {
            said = ended.stdout.text();
        }
        // It becomes part of a sentence.
        let said: Vec<&str> = said.split_whitespace().collect();
        let said: String = said.join(" ").chars().take(400).collect();
        let colon = if said.is_empty() { "" } else { ": " };
        Err(format!(
            "`{shown}` ended with {}{colon}{said}",
            ended.status
        ))
    }

    /// What was answered last, be it for the present program and configuration or not.
    fn known(&self) -> Option<Known> {
        let mut cache = self.cache();
        if !cache.read {
            cache.read = true;
            cache.known = self.kept();
        }
        cache.known.clone()
    }

    fn kept(&self) -> Option<Known> {
        let text = file::read_text(&self.file, LARGEST).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn keep(&self, known: &Known) {
        let Ok(text) = serde_json::to_vec(known) else {
            return;
        };
        if let Some(directory) = self.file.parent() {
            drop(std::fs::create_dir_all(directory));
        }
        // Without it Puppet is asked again after a restart, and that is all.
        if let Err(error) = file::write_atomic(&self.file, &text, Mode::Exactly(0o600)) {
            tracing::debug!("{error}");
        }
    }

    /// Changes when the program or a configuration changes.
    fn fingerprint(&self) -> String {
        let program = self.options.program();
        let config = self.options.config.clone().map_or_else(
            || CONFIGS.map(PathBuf::from).to_vec(),
            |config| vec![config],
        );
        let files = program.into_iter().chain(config);
        let stamps = files.map(|path| format!("{} {:?}", path.display(), file::stamp(&path)));
        stamps.collect::<Vec<_>>().join("; ")
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CONFIGS: [&str; 2] = [
    "/etc/puppetlabs/puppet/puppet.conf",
    "/etc/puppet/puppet.conf",
];

const LARGEST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::puppet::options::command_words;

    /// A Puppet that says where its files are, and counts how often it was asked.
    fn puppet(dir: &Path, script: &str) -> Options {
        let program = dir.join("puppet");
        let config = dir.join("puppet.conf");
        let text = format!(
            "#!/bin/sh\necho asked >>{}/asked\n{script}\n",
            dir.display()
        );
        file::write_program(&program, &text);
        file::write_atomic(&config, b"", Mode::Exactly(0o644)).unwrap();
        Options {
            command: command_words(&format!("{} agent", program.display())).unwrap(),
            config: Some(config),
            ..Options::default()
        }
    }

    fn asked(dir: &Path) -> usize {
        file::read_text(&dir.join("asked"), 1000).map_or(0, |text| text.lines().count())
    }

    const SAYS: &str = "[ \"$1 $2 $3 $4\" = 'config print --section agent' ] || exit 1\nshift 4\n\
        for name; do case $name in --*) ;; *) echo \"$name = /srv/p/$name\";; esac; done";

    #[tokio::test]
    async fn puppet_is_asked_once_and_again_after_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = puppet(dir.path(), SAYS);
        options
            .files
            .insert("pidfile".into(), "/srv/own.pid".into());
        let kept = dir.path().join("state/kept.json");
        let settings = Settings::new(options.clone(), kept.clone());
        assert!(!settings.is_settled());
        for _ in 0..3 {
            settings.settle(&Launcher::new()).await;
        }
        assert_eq!(asked(dir.path()), 1);
        assert_eq!(
            settings.places().paths.summary,
            Path::new("/srv/p/lastrunfile")
        );
        assert_eq!(settings.places().paths.pid_file, Path::new("/srv/own.pid"));
        // Another process knows it too.
        let again = Settings::new(options.clone(), kept);
        again.settle(&Launcher::new()).await;
        assert_eq!((asked(dir.path()), again.places()), (1, settings.places()));
        let config = options.config.unwrap();
        file::write_atomic(&config, b"[agent]\n", Mode::Exactly(0o644)).unwrap();
        assert!(!settings.is_settled());
        settings.settle(&Launcher::new()).await;
        assert_eq!(asked(dir.path()), 2);
    }

    #[tokio::test]
    async fn a_puppet_that_does_not_know_is_not_asked_all_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let options = puppet(dir.path(), "echo 'Error: broken' >&2; exit 1");
        let settings = Settings::new(options, dir.path().join("kept.json"));
        for _ in 0..3 {
            settings.settle(&Launcher::new()).await;
        }
        assert_eq!(asked(dir.path()), 1);
        let places = settings.places();
        assert_eq!(places.paths, Paths::probe(Path::new("/")));
        assert!(Paths::SETTINGS.iter().all(|name| places.is_guessed(name)));
        let doubt = places.doubt.unwrap();
        assert!(
            doubt.contains(
                " ended with exit code 1: Error: broken, so its files are looked for only"
            ),
            "{doubt}"
        );
    }

    #[tokio::test]
    async fn the_last_word_of_a_puppet_that_breaks_or_goes_holds_on() {
        let dir = tempfile::tempdir().unwrap();
        let says = format!("[ -e {}/broken ] && exit 1\n{SAYS}", dir.path().display());
        let options = puppet(dir.path(), &says);
        let kept = dir.path().join("kept.json");
        let settings = Settings::new(options.clone(), kept.clone());
        settings.settle(&Launcher::new()).await;
        let told = settings.places();
        assert_eq!((told.doubt, told.guessed), (None, Vec::new()));
        file::write_atomic(&dir.path().join("broken"), b"", Mode::Exactly(0o644)).unwrap();
        let config = options.config.clone().unwrap();
        file::write_atomic(&config, b"[agent\n", Mode::Exactly(0o644)).unwrap();
        // Also after a restart of this daemon.
        for settings in [settings, Settings::new(options.clone(), kept.clone())] {
            settings.settle(&Launcher::new()).await;
            let places = settings.places();
            assert_eq!(places.paths, told.paths);
            let doubt = places.doubt.unwrap();
            assert!(
                doubt.ends_with(
                    " ended with exit code 1, so its files are looked for where they were before"
                ),
                "{doubt}"
            );
        }
        std::fs::remove_file(dir.path().join("puppet")).unwrap();
        let settings = Settings::new(options, kept);
        assert!(settings.is_settled());
        let places = settings.places();
        assert_eq!(places.paths, told.paths);
        assert!(places.doubt.unwrap().starts_with("there is no program `"));
    }

    #[tokio::test]
    async fn what_the_configuration_says_is_no_guess() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = puppet(dir.path(), "exit 1");
        options
            .files
            .insert("pidfile".into(), "/srv/own.pid".into());
        let kept = dir.path().join("kept.json");
        let places = Settings::new(options.clone(), kept.clone()).places();
        assert!(!places.is_guessed("pidfile") && places.is_guessed(Paths::SUMMARY));
        assert!(
            places
                .doubt
                .unwrap()
                .starts_with("Puppet was not asked yet, so ")
        );
        for setting in Paths::SETTINGS {
            options.files.insert(setting.into(), "/srv/own".into());
        }
        let places = Settings::new(options, kept).places();
        assert_eq!((places.doubt, places.guessed), (None, Vec::new()));
    }

    #[tokio::test]
    async fn without_puppet_nobody_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            command: vec!["/nonexistent/puppet".into(), "agent".into()],
            ..Options::default()
        };
        let settings = Settings::new(options, dir.path().join("kept.json"));
        assert!(settings.is_settled());
        settings.settle(&Launcher::new()).await;
    }
}
