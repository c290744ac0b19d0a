//! Any bytes are read as the configuration of each role or refused with faults that are one line each
//! and drive no terminal.

use std::path::Path;

use mcollective::config::{BrokerConfig, ClientConfig, Document, Fault, Faults, ServerConfig};

/// Checks one file.
pub fn check(data: &[u8]) {
    let document = Document::parse(Path::new("/etc/m/x.cfg"), data);
    let lines = data.split(|byte| *byte == b'\n').count();
    for entry in &document.entries {
        assert!((1..=lines).contains(&entry.line));
    }
    let nothing = |_: &str| None;
    told(
        ServerConfig::read(&document, &nothing)
            .as_ref()
            .map(|read| &read.common.warnings[..]),
    );
    told(
        ClientConfig::read(&document, &nothing)
            .as_ref()
            .map(|read| &read.common.warnings[..]),
    );
    told(
        BrokerConfig::read(&document)
            .as_ref()
            .map(|read| &read.warnings[..]),
    );
}

fn told(read: Result<&[Fault], &Faults>) {
    let faults: Vec<&Fault> = match read {
        Ok(warnings) => warnings.iter().collect(),
        Err(faults) => faults.iter().collect(),
    };
    for fault in faults {
        let text = fault.to_string();
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}
