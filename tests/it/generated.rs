//! Completions and man pages are committed; here they are made again and compared.

use std::{collections::BTreeSet, fs, io::Write as _, path::Path, process::Command};

use mcollective::cli::generate;

#[test]
fn completions_and_man_pages_are_those_of_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = generate::files();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        for dir in ["completions", "man"] {
            drop(fs::remove_dir_all(root.join(dir)));
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        for (name, bytes) in &files {
            fs::write(root.join(name), bytes).unwrap();
        }
    }
    let again = "UPDATE_GENERATED=1 cargo test --test it generated";
    for (name, bytes) in &files {
        let there = fs::read(root.join(name)).unwrap_or_default();
        assert!(there == *bytes, "{name} is not up to date: {again}");
    }
    let made: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for dir in ["completions", "man"] {
        for entry in fs::read_dir(root.join(dir)).unwrap() {
            let name = format!("{dir}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(
                made.contains(name.as_str()),
                "{name} belongs to nothing: {again}"
            );
        }
    }
}

/// `mandoc` finds nothing to warn of in them.
#[test]
fn man_pages_are_clean() {
    let man = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let pages = fs::read_dir(man).unwrap();
    let pages = pages.map(|entry| entry.unwrap().path());
    let words = ["-T", "lint", "-W", "warning"];
    let Ok(output) = Command::new("mandoc").args(words).args(pages).output() else {
        // Past the test runner, which would keep it.
        let line = "SKIPPED: a look at the man pages by mandoc, which is not installed\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
