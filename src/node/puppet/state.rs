//! What Puppet is doing, from its files.

use std::path::Path;

use super::{
    Lock, Options, Paths, Places, Record, RunState, Summary, age,
    lock::{self, Pid},
    process,
    record::Sight,
    summary::Reading,
};
use crate::sys::clock;

/// What Puppet is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Whether runs are forbidden.
    pub lock: Lock,
    /// Whether a catalog is being applied.
    pub applying: bool,
    /// Since how many seconds, where that is known.
    pub applying_since: Option<i64>,
    /// The daemon that waits for its next run.
    pub daemon: Option<u32>,
    /// The last run that was completed.
    pub last_run: LastRun,
    /// The run that we began last.
    pub run: Option<(Record, RunState)>,
    /// That the run under way may hang, in a sentence, where it takes too long.
    pub hang: Option<String>,
    /// Why it is not sure that Puppet's files are where they were looked for.
    pub doubt: Option<String>,
    /// What is odd, in sentences.
    pub notes: Vec<String>,
    /// When all this was so, in seconds since 1970.
    pub now: i64,
}

/// The last run that was completed.
#[derive(Clone, Debug, PartialEq)]
pub enum LastRun {
    /// There was none.
    Never,
    /// This one.
    Is(Box<Summary>),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

impl State {
    /// Reads what Puppet has left, and what is known of the run that was begun here.
    pub fn read(places: &Places, record: Option<Record>, options: &Options) -> Self {
        let paths = &places.paths;
        let mut notes = Vec::new();
        let mut alive = |path: &Path, what: &str| match Pid::read(path) {
            Pid::Absent => None,
            Pid::Is(pid) if process::is_puppet(pid) => Some(pid),
            Pid::Is(pid) => {
                notes.push(format!(
                    "{what} was left behind by process {pid}, which is gone"
                ));
                None
            }
            Pid::Empty => {
                notes.push(format!("{what} is empty"));
                None
            }
            Pid::Garbage => {
                notes.push(format!("{what} holds no process id"));
                None
            }
            Pid::Unreadable(why) => {
                notes.push(format!("nobody can tell what {what} says: {why}"));
                None
            }
        };
        let applying = alive(&paths.run_lock, "the run lock");
        let daemon = alive(&paths.pid_file, "the daemon's pid file");
        let now = clock::now_secs();
        let last_run = match Reading::of(&paths.summary) {
            Reading::Absent if places.is_guessed(Paths::SUMMARY) => {
                LastRun::Unknown("nothing is on record where it usually is".into())
            }
            Reading::Absent => LastRun::Never,
            Reading::Read(summary) => LastRun::Is(Box::new(summary)),
            Reading::Broken(why) => LastRun::Unknown(why),
        };
        let applying_since = applying.and_then(|_| since(&paths.run_lock, now));
        let patience = i64::try_from(options.run_timeout.as_secs()).unwrap_or(i64::MAX);
        let hang = applying_since
            .filter(|seconds| *seconds > patience)
            .map(|seconds| format!("the run takes {} already and may hang", age::words(seconds)));
        notes.extend(hang.clone());
        let lock = match lock::disabled(&paths.disabled_lock) {
            Lock::Open if places.is_guessed(Paths::DISABLED_LOCK) => {
                Lock::Unknown("there is no lock where it usually is".into())
            }
            lock => lock,
        };
        if let Lock::Unknown(why) = &lock {
            notes.push(format!("nobody can tell whether runs are forbidden: {why}"));
        }
        let mut state = Self {
            lock,
            applying: applying.is_some(),
            applying_since,
            daemon,
            last_run,
            run: None,
            hang,
            doubt: places.doubt.clone(),
            notes,
            now,
        };
        state.run = record.map(|record| {
            let birth = process::birth(record.pid);
            let sight = Sight {
                alive: birth.is_some() && birth == record.birth,
                applying: state.applying,
                last_run: state.last_run_at(),
                now,
                patience,
            };
            let run = record.state(sight);
            (record, run)
        });
        match &state.run {
            Some((_, RunState::Vanished)) => state
                .notes
                .push("the run that was started here is gone, and completed nothing".into()),
            Some((record, RunState::Running)) if !state.applying && !record.signalled => state
                .notes
                .push("a run that was started here waits for its turn, or begins".into()),
            Some((_, RunState::Hung)) => {
                let why = "the run that was started here has not ended in time and may hang";
                state.notes.push(why.into());
                state.hang.get_or_insert_with(|| why.into());
            }
            _ => {}
        }
        state
    }

    /// Whether a daemon waits for its next run.
    pub fn idling(&self) -> bool {
        self.daemon.is_some() && !self.applying
    }

    /// Whether a run that we began has not ended.
    pub fn own_run(&self) -> bool {
        matches!(&self.run, Some((_, RunState::Running | RunState::Hung)))
    }

    /// When the last run was completed; 0 for never, or where nobody can tell.
    pub fn last_run_at(&self) -> i64 {
        match &self.last_run {
            LastRun::Is(summary) => summary.last_run().unwrap_or(0),
            LastRun::Never | LastRun::Unknown(_) => 0,
        }
    }

    /// How many seconds ago that was. A run that never was is long ago: filters ask for what is older
    /// than some time.
    pub fn since_last_run(&self) -> i64 {
        self.now.saturating_sub(self.last_run_at()).max(0)
    }

    /// In one word or two.
    pub fn word(&self) -> &'static str {
        if self.lock.reason().is_some() {
            "disabled"
        } else if self.applying {
            "applying a catalog"
        } else if self.idling() {
            "idling"
        } else {
            "stopped"
        }
    }

    /// In one line, with all that is odd.
    pub fn sentence(&self) -> String {
        let mut text = format!("Currently {}; {}", self.word(), self.last_run_words());
        for note in self.doubt.iter().chain(&self.notes) {
            text.push_str("; ");
            text.push_str(note);
        }
        text
    }

    fn last_run_words(&self) -> String {
        match &self.last_run {
            LastRun::Never => "never run".into(),
            LastRun::Unknown(why) => format!("last run unknown: {why}"),
            LastRun::Is(_) => {
                let ahead = self.last_run_at().saturating_sub(self.now);
                if ahead > 0 {
                    let ahead = age::words(ahead);
                    return format!(
                        "last completed run {ahead} in the future: the clock was set back"
                    );
                }
                format!(
                    "last completed run {} ago",
                    age::words(self.since_last_run())
                )
            }
        }
    }
}

/// How long ago a file was written.
fn since(path: &Path, now: i64) -> Option<i64> {
    let written = path.metadata().ok()?.modified().ok()?;
    let written = written
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?
        .as_secs();
    let written = i64::try_from(written).ok()?;
    Some(now.saturating_sub(written).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::file::{self, Mode};

    struct Machine {
        dir: tempfile::TempDir,
        paths: Paths,
    }

    impl Machine {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(dir.path().join("var/cache/puppet/state")).unwrap();
            let mut paths = Paths::probe(dir.path());
            paths.pid_file = dir.path().join("agent.pid");
            paths.summary = dir.path().join("last_run_summary.yaml");
            Self { dir, paths }
        }

        fn put(&self, path: &Path, text: &str) {
            assert!(path.starts_with(self.dir.path()));
            file::write_atomic(path, text.as_bytes(), Mode::Exactly(0o644)).unwrap();
        }

        fn summary(&self, ago: i64) {
            let at = clock::now_secs() - ago;
            self.put(
                &self.paths.summary,
                &format!("---\ntime:\n  last_run: {at}\n"),
            );
        }

        fn places(&self) -> Places {
            self.paths.clone().into()
        }

        fn state(&self) -> State {
            State::read(&self.places(), None, &Options::default())
        }
    }

    /// A process that calls itself Puppet, as long as this lives.
    struct Fake(std::process::Child);

    impl Fake {
        fn start() -> Self {
            use std::os::unix::process::CommandExt as _;
            let mut command = std::process::Command::new("sleep");
            Self(command.arg0("puppet").arg("60").spawn().unwrap())
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            drop(self.0.kill());
            drop(self.0.wait());
        }
    }

    #[test]
    fn a_machine_without_puppet_has_stopped_and_never_run() {
        let machine = Machine::new();
        let state = machine.state();
        assert_eq!(state.sentence(), "Currently stopped; never run");
        assert_eq!((state.last_run_at(), state.idling()), (0, false));
        assert!(state.since_last_run() > 1_000_000_000);
    }

    #[test]
    fn what_is_not_where_it_usually_is_may_be_elsewhere() {
        let machine = Machine::new();
        let mut places = machine.places();
        places.doubt = Some("Puppet is broken".into());
        let state = |places: &Places| State::read(places, None, &Options::default());
        // Puppet's last word is no guess.
        let sentence = state(&places).sentence();
        assert_eq!(sentence, "Currently stopped; never run; Puppet is broken");
        assert_eq!(state(&places).lock, Lock::Open);
        places.guessed = Paths::SETTINGS.to_vec();
        let sentence = state(&places).sentence();
        assert_eq!(
            sentence,
            "Currently stopped; last run unknown: nothing is on record where it usually is; \
             Puppet is broken; nobody can tell whether runs are forbidden: there is no lock where it usually is"
        );
        assert_eq!(state(&places).lock.is_open(), None);
        // What is found there counts.
        machine.summary(5);
        machine.put(&machine.paths.disabled_lock, "{\"disabled_message\":\"x\"}");
        let found = state(&places);
        assert_eq!(
            (found.word(), found.lock.is_open()),
            ("disabled", Some(false))
        );
        assert!(matches!(found.last_run, LastRun::Is(_)));
    }

    #[test]
    fn locks_of_living_processes_count() {
        let machine = Machine::new();
        machine.summary(725);
        let fake = Fake::start();
        let pid = fake.0.id().to_string();
        machine.put(&machine.paths.pid_file, &pid);
        let state = machine.state();
        assert_eq!(state.word(), "idling");
        // Between two readings of the clock a second may pass.
        assert!(
            state
                .sentence()
                .starts_with("Currently idling; last completed run 12 minutes 0"),
            "{state:?}"
        );
        machine.put(&machine.paths.run_lock, &pid);
        let state = machine.state();
        assert_eq!(
            (state.word(), state.idling()),
            ("applying a catalog", false)
        );
        assert!(state.applying_since.is_some_and(|seconds| seconds < 60));
        machine.put(&machine.paths.disabled_lock, "{\"disabled_message\":\"x\"}");
        let state = machine.state();
        assert_eq!((state.word(), state.applying), ("disabled", true));
        drop(fake);
        let state = machine.state();
        assert!(!state.applying && state.daemon.is_none());
        assert_eq!(state.notes.len(), 2, "{state:?}");
        assert!(
            state
                .sentence()
                .contains("the run lock was left behind by process ")
        );
    }

    #[test]
    fn a_process_id_that_was_given_again_is_no_run() {
        let machine = Machine::new();
        // The test's parent, whoever that is, is no Puppet.
        machine.put(
            &machine.paths.run_lock,
            &std::os::unix::process::parent_id().to_string(),
        );
        assert!(!machine.state().applying);
        machine.put(&machine.paths.run_lock, "");
        assert_eq!(machine.state().notes, ["the run lock is empty"]);
        machine.put(&machine.paths.run_lock, "garbage");
        assert_eq!(machine.state().notes, ["the run lock holds no process id"]);
    }

    #[test]
    fn a_broken_summary_is_a_sentence() {
        let machine = Machine::new();
        machine.put(&machine.paths.summary, "");
        assert_eq!(
            machine.state().sentence(),
            "Currently stopped; last run unknown: last_run_summary.yaml is empty"
        );
        let huge = std::fs::File::create(&machine.paths.summary).unwrap();
        huge.set_len(1 << 40).unwrap();
        let sentence = machine.state().sentence();
        assert!(
            sentence.ends_with("last_run_summary.yaml is larger than 4194304 bytes"),
            "{sentence}"
        );
        std::fs::remove_file(&machine.paths.summary).unwrap();
        for path in [&machine.paths.summary, &machine.paths.run_lock] {
            std::fs::create_dir(path).unwrap();
        }
        let sentence = machine.state().sentence();
        assert!(
            sentence.starts_with("Currently stopped; last run unknown: ")
                && sentence.contains("; nobody can tell what the run lock says: "),
            "{sentence}"
        );
        std::fs::remove_dir(&machine.paths.summary).unwrap();
        machine.summary(-3600);
        let sentence = machine.state().sentence();
        assert!(
            sentence.contains("in the future: the clock was set back"),
            "{sentence}"
        );
        assert_eq!(machine.state().since_last_run(), 0);
    }

    #[test]
    fn a_run_that_is_gone_is_noticed() {
        let machine = Machine::new();
        let fake = Fake::start();
        let record = |fake: &Fake| Record {
            initiated_at: clock::now_secs(),
            pid: fake.0.id(),
            birth: process::birth(fake.0.id()),
            signalled: false,
            last_run_before: 0,
            request: None,
            end: None,
        };
        let own = record(&fake);
        let state = |record: &Record| {
            State::read(&machine.places(), Some(record.clone()), &Options::default())
        };
        assert!(state(&own).own_run());
        let other = Record {
            birth: Some(1),
            ..own.clone()
        };
        assert_eq!(state(&other).run.unwrap().1, RunState::Vanished);
        drop(fake);
        let gone = state(&own);
        assert_eq!(gone.run.as_ref().unwrap().1, RunState::Vanished);
        assert!(
            gone.sentence()
                .ends_with("the run that was started here is gone, and completed nothing")
        );
        machine.summary(0);
        assert_eq!(state(&own).run.unwrap().1, RunState::Ended(None));
    }
}
