//! Any text is read as a DDL of any kind or refused with a place in it; what was read can be
//! explained, and is read again as it was after it was written.

use mcollective::mcorpc::ddl::{Ddl, Kind, doc, json, ruby};

/// Checks one text, as both formats.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = text.lines().count() + 1;
    for kind in [Kind::Agent, Kind::Data, Kind::Discovery] {
        match ruby::read(kind, "x", &text) {
            Ok(ddl) => written(&ddl),
            Err(error) => {
                assert!((1..=lines).contains(&error.line), "{error}");
                assert!(error.column > 0 && !error.what.is_empty());
            }
        }
        match json::read(kind, "x", &text) {
            Ok(ddl) => {
                drop(doc::render(&ddl));
                json::read(kind, "x", &json::write(&ddl)).unwrap();
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

fn written(ddl: &Ddl) {
    drop(doc::render(ddl));
    let text = ruby::write(ddl);
    let again = ruby::read(ddl.kind, "x", &text);
    assert_eq!(again.as_ref(), Ok(ddl), "{text}");
    json::read(ddl.kind, "x", &json::write(ddl)).unwrap();
}
