//! Calls that change a node, made with `mco`, and what they printed.

use std::{fs, io::Write as _};

use serde_json::Value;

use crate::fleet::{Fleet, unit};

/// One call of `mco`, ended.
#[allow(dead_code, reason = "is shown where a test fails")]
#[derive(Debug)]
pub(crate) struct Called {
    words: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `mco` with these words.
pub(crate) fn mco(fleet: &Fleet, words: &[&str]) -> Called {
    // A bound for a broken program, not a measure.
    let output = fleet
        .lab
        .command("timeout")
        .args(["-k", "1", "300"])
        .arg(fleet.lab.program_path())
        .env("HOME", fleet.home())
        .arg("mco")
        .args(words)
        .arg("--config")
        .arg(fleet.client_cfg())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Called {
        words: words.join(" "),
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// What one node answers to `mco rpc`; `-o json` has our own outputs too.
#[track_caller]
pub(crate) fn rpc(fleet: &Fleet, node: &str, words: &[&str]) -> Reply {
    let mut all = vec!["rpc"];
    all.extend(words);
    all.extend(["-o", "json", "-I", node]);
    let called = mco(fleet, &all);
    let parsed: Value =
        serde_json::from_str(&called.stdout).unwrap_or_else(|error| panic!("{error}: {called:#?}"));
    let row = parsed["replies"]
        .get(0)
        .unwrap_or_else(|| panic!("no answer: {called:#?}"));
    Reply {
        code: row["statuscode"].as_i64().unwrap(),
        message: row["statusmsg"].as_str().unwrap().to_owned(),
        data: row["data"].clone(),
        words: called.words,
    }
}

/// What a node answered.
#[allow(dead_code, reason = "is shown where a test fails")]
#[derive(Debug)]
pub(crate) struct Reply {
    words: String,
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Value,
}

impl Reply {
    /// Holds it against a code, a part of the message, and some outputs.
    #[track_caller]
    pub(crate) fn is(self, code: i64, message: &str, outputs: &[(&str, Value)]) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(
            self.message.contains(message),
            "{message:?} is not in {self:#?}"
        );
        for (name, value) in outputs {
            assert_eq!(&self.data[name], value, "{name} of {self:#?}");
        }
        self
    }

    /// Whether a list among the outputs has a text with this in it.
    #[track_caller]
    pub(crate) fn lists(&self, output: &str, words: &str) {
        let list = self.data[output].as_array();
        let has = list.is_some_and(|list| {
            let mut texts = list.iter().filter_map(Value::as_str);
            texts.any(|text| text.contains(words))
        });
        assert!(has, "{words:?} is not in {output} of {self:#?}");
    }
}

impl Called {
    /// Holds it against an exit code and parts of what was printed.
    #[track_caller]
    pub(crate) fn is(self, code: i32, printed: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for words in printed {
            assert!(self.stdout.contains(words), "{words:?} is not in {self:#?}");
        }
        self
    }
}

/// Adds lines to a node's `server.cfg`, and has its agent read them.
pub(crate) fn configure(fleet: &Fleet, node: &str, lines: &str) {
    write_lines(fleet, node, lines);
    // It is `Type=notify`: back when it is connected.
    fleet
        .lab
        .shell(node, &format!("systemctl restart {}", unit(node)));
}

/// Adds lines to a node's `server.cfg`.
pub(crate) fn write_lines(fleet: &Fleet, node: &str, lines: &str) {
    let path = fleet.file(node, "/etc/mcollective/server.cfg");
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(lines.as_bytes()).unwrap();
}
