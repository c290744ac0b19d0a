//! Facts from files that come, change, break and go.

use std::fs;

use serde_json::json;

use super::*;

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let mode = file::Mode::Exactly(0o644);
        file::write_atomic(&self.path(name), text.as_bytes(), mode).unwrap();
    }

    fn facts(&self, names: &[&str]) -> FileFacts {
        let paths: Vec<_> = names
            .iter()
            .map(|n| self.path(n).display().to_string())
            .collect();
        FileFacts::new(&paths.join(":"), CACHE)
    }
}

const CACHE: Duration = Duration::from_mins(5);

#[test]
fn later_files_win_name_by_name() {
    let dir = Dir::new();
    dir.put("a.yaml", "role: web\nos: {family: Debian, name: x}\n");
    dir.put("b.JSON", "{\"os\": {\"family\": \"RedHat\"}, \"n\": 1.50}");
    let facts = dir.facts(&["a.yaml", "b.JSON"]).snapshot();
    let expected = json!({"role": "web", "os": {"family": "RedHat"}, "n": "1.5"});
    assert_eq!(json!(facts.as_map()), expected);
}

#[test]
fn a_bad_file_is_skipped() {
    let dir = Dir::new();
    dir.put("good.yaml", "role: web\n");
    dir.put("broken.yaml", "a: [\n");
    dir.put("list.json", "[1]");
    dir.put("broken.json", "{");
    fs::create_dir(dir.path("directory.yaml")).unwrap();
    let fifo = dir.path("fifo.yaml");
    file::make_fifo(&fifo);
    fs::File::create(dir.path("huge.yaml"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    dir.put("binary.yaml", "\u{0}\u{7f}\u{1}");
    let names = [
        "none.yaml",
        "broken.yaml",
        "list.json",
        "broken.json",
        "directory.yaml",
        "fifo.yaml",
        "huge.yaml",
        "binary.yaml",
        "good.yaml",
    ];
    assert_eq!(
        json!(dir.facts(&names).snapshot().as_map()),
        json!({"role": "web"})
    );
}

#[test]
fn a_change_is_seen_at_once_and_an_empty_file_changes_nothing() {
    let dir = Dir::new();
    dir.put("facts.yaml", "role: web\n");
    let facts = dir.facts(&["facts.yaml"]);
    let first = facts.snapshot();
    assert!(Arc::ptr_eq(&first, &facts.snapshot()));
    dir.put("facts.yaml", "role: db\n");
    assert_eq!(facts.snapshot().get("role"), Some(&json!("db")));
    for nothing in ["", "a: [", "[]"] {
        dir.put("facts.yaml", nothing);
        assert_eq!(facts.snapshot().get("role"), Some(&json!("db")));
    }
    fs::remove_file(dir.path("facts.yaml")).unwrap();
    assert_eq!(facts.snapshot().get("role"), Some(&json!("db")));
    dir.put("facts.yaml", "role: back\n");
    assert_eq!(facts.snapshot().get("role"), Some(&json!("back")));
}

#[test]
fn what_a_broken_file_said_before_stays_and_what_it_never_said_is_unknown() {
    let dir = Dir::new();
    dir.put("a.yaml", "role: web\nrack: 7\n");
    dir.put("b.yaml", "role: db\n");
    let files = ["a.yaml", "b.yaml"];
    let facts = dir.facts(&files);
    assert_eq!(facts.snapshot().unknown(), None);
    for broken in ["", "role: [", "\0\0\0"] {
        dir.put("b.yaml", broken);
        let now = facts.snapshot();
        assert_eq!(now.get("role"), Some(&json!("db")), "{broken:?}");
        let why = now.unknown().unwrap();
        assert!(why.contains("b.yaml: "), "{why}");
        // An agent that starts now has never known it.
        let now = dir.facts(&files).snapshot();
        assert_eq!(now.get("role"), Some(&json!("web")));
        let why = now.unknown().unwrap();
        assert!(why.contains("b.yaml: "), "{why}");
    }
    // A file may well have nothing to say.
    dir.put("b.yaml", "{}\n");
    let now = facts.snapshot();
    assert_eq!(
        (now.get("role"), now.unknown()),
        (Some(&json!("web")), None)
    );
}

#[test]
fn what_could_not_be_read_is_tried_again_soon() {
    use std::os::unix::fs::symlink;
    let dir = Dir::new();
    // The same file, to which the way is barred and opened again: its own state does not change.
    dir.put("there.yaml", "role: web\n");
    let link = dir.path("facts.yaml");
    symlink(dir.path("gone.yaml"), &link).unwrap();
    let facts = dir.facts(&["facts.yaml"]);
    let start = Instant::now();
    assert!(facts.snapshot_at(start).unknown().is_some());
    fs::remove_file(&link).unwrap();
    symlink(dir.path("there.yaml"), &link).unwrap();
    // As if it had looked the same all the time.
    let stamps = vec![file::stamp(&link)];
    facts.state.lock().unwrap().loaded = Some((start, stamps));
    assert!(facts.snapshot_at(start + AGAIN / 2).unknown().is_some());
    let now = facts.snapshot_at(start + AGAIN);
    assert_eq!(
        (now.get("role"), now.unknown()),
        (Some(&json!("web")), None)
    );
}

#[test]
fn unchanged_files_are_read_again_after_the_cache_time() {
    let dir = Dir::new();
    dir.put("facts.yaml", "role: web\n");
    let facts = dir.facts(&["facts.yaml"]);
    let start = Instant::now();
    let first = facts.snapshot_at(start);
    assert!(Arc::ptr_eq(&first, &facts.snapshot_at(start + CACHE / 2)));
    let second = facts.snapshot_at(start + CACHE);
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(first, second);
}

#[test]
fn no_file_at_all_means_no_facts() {
    assert!(FileFacts::new("", CACHE).snapshot().is_empty());
    assert!(
        FileFacts::new("/nonexistent/facts.yaml: :", CACHE)
            .snapshot()
            .is_empty()
    );
}

#[test]
fn latin_1_and_a_byte_order_mark_do_no_harm() {
    let dir = Dir::new();
    file::write_new(&dir.path("a.yaml"), b"\xef\xbb\xbfmotto: zw\xf6lf\n", 0o644).unwrap();
    assert_eq!(
        json!(dir.facts(&["a.yaml"]).snapshot().as_map()),
        json!({"motto": "zw\u{fffd}lf"})
    );
}
