//! What is kept of names, and for whom; and that nothing goes wrong where nothing can be kept.

use std::os::unix::fs::{MetadataExt as _, symlink};

use super::*;

fn place(dir: &Path, config: &str, collective: &str) -> Place {
    Place {
        dir: dir.join("names"),
        owner: Owner {
            config: config.to_owned(),
            collective: collective.to_owned(),
        },
    }
}

fn fleet(node: &str) -> Fleet {
    let mut fleet = Fleet::default();
    fleet.add_node(node, 10);
    fleet.add_fact("os.family", Some("Debian"), 10);
    fleet
}

#[test]
fn what_is_written_is_read_and_nobody_else_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path(), "/a/client.cfg", "mcollective");
    assert!(place.read(10).is_empty());
    place.write(&fleet("web1")).unwrap();
    assert_eq!(place.read(10), fleet("web1"));
    assert!(place.read(100).is_empty());
    assert_eq!(fs::metadata(place.file()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&place.dir).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn fleets_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let places = [("/a", "x"), ("/b", "x"), ("/a", "y")].map(|(a, b)| place(dir.path(), a, b));
    for (n, place) in places.iter().enumerate() {
        place.write(&fleet(&format!("n{n}"))).unwrap();
    }
    for (n, place) in places.iter().enumerate() {
        assert_eq!(place.read(10), fleet(&format!("n{n}")));
    }
    // A file under another's name is not believed.
    fs::copy(places[0].file(), places[1].file()).unwrap();
    assert!(places[1].read(10).is_empty());
}

#[test]
fn a_broken_file_is_none_and_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path(), "/a", "x");
    place.write(&fleet("a")).unwrap();
    for broken in [
        "",
        "{",
        "[]",
        "{\"nodes\":3}",
        "{\"config\":\"/a\",\"collective\":\"x\",\"facts\":{\"a\":1}}",
    ] {
        sys::file::write_atomic(&place.file(), broken.as_bytes(), Mode::Exactly(0o600)).unwrap();
        assert!(place.read(10).is_empty(), "{broken}");
    }
    place.write(&fleet("b")).unwrap();
    assert_eq!(place.read(10), fleet("b"));
}

#[test]
fn where_nothing_can_be_written_nothing_fails() {
    let dir = tempfile::tempdir().unwrap();
    symlink("/dev/null", dir.path().join("names")).unwrap();
    let place = place(dir.path(), "/a", "x");
    assert!(place.write(&fleet("a")).is_err());
    let known = Known {
        place: Some(place),
        new: fleet("a"),
        today: 10,
    };
    known.keep();
}

#[test]
fn what_is_known_already_is_written_once_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path(), "/a", "x");
    let file = |today| {
        let known = Known {
            place: Some(place.clone()),
            new: {
                let mut fleet = Fleet::default();
                fleet.add_node("a", today);
                fleet
            },
            today,
        };
        known.keep();
        sys::file::stamp(&place.file()).unwrap()
    };
    let first = file(10);
    assert_eq!(file(10), first);
    assert_ne!(file(11), first);
    assert!(place.read(53).nodes().eq(["a"]));
}

#[test]
fn only_the_newest_files_stay() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..MAX_FILES + 5 {
        place(dir.path(), &format!("/{n}"), "x")
            .write(&fleet("a"))
            .unwrap();
    }
    let files = fs::read_dir(dir.path().join("names")).unwrap().count();
    assert_eq!(files, MAX_FILES);
}
