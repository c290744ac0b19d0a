//! Any bytes are read as HOCON or refused with a place in them, and what is set in what was read is
//! there afterwards.

use mcollective::config::{
    hocon::{Document, Found, Plain},
    pe_conf::KEY,
};

/// Checks one file.
pub fn check(data: &[u8]) {
    let document = match Document::parse(data) {
        Ok(document) => document,
        Err(error) => {
            let lines = data.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&error.at.line) && error.at.column > 0);
            assert!(!error.message.is_empty() && !error.right.is_empty());
            return;
        }
    };
    assert_eq!(document.text().as_bytes(), data);
    for value in [true, false] {
        let text = document.with(KEY, value);
        let changed = Document::parse(text.as_bytes()).unwrap();
        let found = changed.setting(KEY).map(|setting| setting.found);
        assert_eq!(found, Some(Found::Plain(Plain::Bool(value))), "{text:?}");
        assert_eq!(changed.with(KEY, value), text);
        if document.setting(KEY).is_none() && !document.text().contains("disable") {
            // Added, and all that was there is there, in its order.
            let mut old = data.iter().peekable();
            for byte in text.as_bytes() {
                old.next_if_eq(&byte);
            }
            assert_eq!(old.next(), None, "{text:?}");
        }
    }
}
