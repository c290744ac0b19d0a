//! Whatever lies where Puppet and a run's record leave their files, there is a word and a sentence for
//! it. Lines `%` part the files: summary, report, resources, lock, disabled, pid, record.

use std::{fs, path::Path};

use mcollective::node::puppet::{LastRun, Options, Paths, Record, Resources, State, report};

/// Checks one set of files.
pub fn check(data: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let paths = Paths {
        summary: at("0"),
        report: at("1"),
        resources: at("2"),
        run_lock: at("3"),
        disabled_lock: at("4"),
        pid_file: at("5"),
    };
    let text = String::from_utf8_lossy(data);
    for (number, part) in text.split("%\n").take(7).enumerate() {
        write(&at(&number.to_string()), part);
    }
    let state = State::read(
        &paths.clone().into(),
        Record::read(&at("6")),
        &Options::default(),
    );
    assert!(!state.word().is_empty() && !state.sentence().is_empty());
    // Neither may overflow, whatever the file says of time.
    let (at, since) = (state.last_run_at(), state.since_last_run());
    assert!(
        at == 0 || since <= state.now.saturating_sub(at).max(0),
        "{at} {since}"
    );
    if let LastRun::Is(summary) = &state.last_run {
        drop((summary.oddity(), summary.as_map()));
        assert!(at > 0);
    }
    let resources = Resources::read(&paths.resources, false);
    assert!(resources.broken().is_none() || resources.types().is_empty());
    assert!(resources.types().keys().all(|kind| !kind.contains('[')));
    if let Ok(lines) = report::logs(&paths.report) {
        assert!(lines.len() <= 1000);
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
