//! Files that are strange, large, or replaced while they are read.

use std::os::unix::fs::symlink;

use super::*;

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn names(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    for path in [&fifo, dir.path(), Path::new("/dev/null")] {
        let error = read(path, 10).unwrap_err();
        assert!(matches!(error, FileError::NotRegular(_)), "{error}");
    }
}

#[test]
fn links_in_a_circle_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    symlink(&a, &b).unwrap();
    symlink(&b, &a).unwrap();
    assert!(read(&a, 10).is_err());
    assert!(write_atomic(&a, b"x", Mode::Exactly(0o600)).is_err());
    assert_eq!(names(dir.path()), 2);
}

#[test]
fn a_file_over_the_limit_is_refused_without_reading_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge");
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(
        read(&path, 100),
        Err(FileError::TooLarge { limit: 100, .. })
    ));
    File::create(&path).unwrap().set_len(100).unwrap();
    assert_eq!(read(&path, 100).unwrap().len(), 100);
}

#[test]
fn text_is_checked_or_mended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("text");
    write_new(&path, b"a\xffb", 0o644).unwrap();
    assert!(matches!(read_text(&path, 10), Err(FileError::NotText(_))));
    assert_eq!(read_lossy(&path, 10).unwrap(), "a\u{fffd}b");
    assert!(
        read_text(&dir.path().join("none"), 10)
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn replacing_sets_or_keeps_the_mode_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("conf");
    write_atomic(&path, b"one", Mode::KeepOr(0o640)).unwrap();
    assert_eq!(mode_of(&path), 0o640);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    write_atomic(&path, b"two", Mode::KeepOr(0o640)).unwrap();
    assert_eq!(mode_of(&path), 0o604);
    write_atomic(&path, b"three", Mode::Exactly(0o666)).unwrap();
    assert_eq!(mode_of(&path), 0o666);
    assert_eq!(read(&path, 10).unwrap(), b"three");
    assert_eq!(names(dir.path()), 1);
}

#[test]
fn replacing_follows_a_link_and_refuses_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    write_new(&real, b"one", 0o600).unwrap();
    symlink("real", &link).unwrap();
    write_atomic(&link, b"two", Mode::KeepOr(0o600)).unwrap();
    assert!(link.is_symlink());
    assert_eq!(read(&real, 10).unwrap(), b"two");
    let error = write_atomic(dir.path(), b"x", Mode::Exactly(0o600)).unwrap_err();
    assert!(matches!(error, FileError::NotRegular(_)));
}

#[test]
fn a_new_file_never_replaces_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_new(&path, b"one", 0o600).unwrap();
    let error = write_new(&path, b"two", 0o600).unwrap_err();
    assert!(error.to_string().starts_with("can't create "), "{error}");
    assert_eq!(read(&path, 10).unwrap(), b"one");
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    assert!(write_new(&dir.path().join("dangling"), b"x", 0o600).is_err());
    assert!(dir.path().join("dangling").is_symlink());
}

#[test]
fn a_stamp_changes_with_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    assert_eq!(stamp(&path), None);
    write_new(&path, b"one", 0o600).unwrap();
    let first = stamp(&path);
    assert!(first.is_some() && first == stamp(&path));
    write_atomic(&path, b"two", Mode::KeepOr(0o600)).unwrap();
    assert_ne!(first, stamp(&path));
}

#[test]
fn a_lock_is_one_processes_and_waited_for_with_patience() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let held = lock(&path, Duration::ZERO).unwrap();
    let error = lock(&path, Duration::from_millis(20)).unwrap_err();
    assert!(error.to_string().starts_with("can't lock "), "{error}");
    thread::scope(|scope| {
        scope.spawn(|| lock(&path, Duration::from_mins(1)).unwrap());
        drop(held);
    });
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    lock(&fifo, Duration::from_mins(1)).unwrap_err();
}
