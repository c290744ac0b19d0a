//! `fstat('/etc/hosts').md5`: a file, as `stat` sees it, and the MD5 of what is in it.
//!
//! MD5 because the original gives it, and people compare with it; it proves nothing against
//! somebody who wants two files to look alike.

use std::{
    fmt::Write as _,
    fs::{self, File, FileType, Metadata},
    io::Read as _,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
    time::{Duration, Instant},
};

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{DataError, DataPlugin, Outputs, required};
use crate::sys::{
    clock::{self, Local},
    file,
};

/// Looks at files.
#[derive(Clone, Copy, Debug)]
pub struct FstatData {
    limit: Duration,
}

impl FstatData {
    /// Spends at most about the plugin's timeout on reading one file.
    pub fn new() -> Self {
        Self {
            limit: Duration::from_millis(900),
        }
    }
}

impl Default for FstatData {
    fn default() -> Self {
        Self::new()
    }
}

impl DataPlugin for FstatData {
    fn name(&self) -> &'static str {
        NAME
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        let name = required(NAME, query, 120, "the path of a file")?;
        let mut outputs = absent(name);
        let path = Path::new(name);
        // A link that leads nowhere is not present, and one that leads somewhere is itself.
        if fs::metadata(path).is_err() {
            return Ok(outputs);
        }
        let there = fs::symlink_metadata(path).map_err(|error| failed(&error))?;
        let md5 = if there.is_file() {
            json!(self.md5(path)?)
        } else {
            json!(0)
        };
        let mut put = |key: &str, value: Value| drop(outputs.insert(key.into(), value));
        put("output", json!("present"));
        put("present", json!(1));
        put("type", json!(kind(there.file_type())));
        put("mode", json!(format!("{:o}", there.mode())));
        put("size", json!(there.size()));
        put("uid", json!(there.uid()));
        put("gid", json!(there.gid()));
        put("md5", md5);
        put_times(&there, clock::now_secs(), put);
        Ok(outputs)
    }
}

impl FstatData {
    /// In pieces, so that a large file costs neither memory nor the caller's patience.
    fn md5(&self, path: &Path) -> Result<String, DataError> {
        let mut file: File = file::open_regular(path).map_err(|error| failed(&error))?;
        let start = Instant::now();
        let mut hash = Md5::new();
        let mut piece = vec![0; PIECE];
        loop {
            if start.elapsed() >= self.limit {
                return Err(DataError::Timeout {
                    plugin: NAME,
                    limit: self.limit,
                });
            }
            let length = file.read(&mut piece).map_err(|error| failed(&error))?;
            let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else {
                break;
            };
            hash.update(read);
        }
        Ok(hex(&hash.finalize()))
    }
}

/// What the original says of a file that is not there. Its ages are not set.
fn absent(name: &str) -> Outputs {
    let mut outputs = Outputs::new();
    outputs.insert("name".into(), json!(name));
    outputs.insert("output".into(), json!("not present"));
    outputs.insert("type".into(), json!("unknown"));
    outputs.insert("mode".into(), json!("0000"));
    for key in ["present", "size", "md5", "uid", "gid"] {
        outputs.insert(key.into(), json!(0));
    }
    for time in ["mtime", "ctime", "atime"] {
        outputs.insert(time.into(), json!(0));
        outputs.insert(format!("{time}_seconds"), json!(0));
    }
    outputs
}

fn put_times(there: &Metadata, now: i64, mut put: impl FnMut(&str, Value)) {
    let times = [
        ("mtime", there.mtime()),
        ("ctime", there.ctime()),
        ("atime", there.atime()),
    ];
    for (name, seconds) in times {
        let text = Local::at(seconds)
            .map(|time| time.to_string())
            .unwrap_or_default();
        put(name, json!(text));
        put(&format!("{name}_seconds"), json!(seconds));
        put(&format!("{name}_age"), json!(now.saturating_sub(seconds)));
    }
}

fn kind(kind: FileType) -> &'static str {
    if kind.is_file() {
        "file"
    } else if kind.is_dir() {
        "directory"
    } else if kind.is_symlink() {
        "symlink"
    } else if kind.is_socket() {
        "socket"
    } else if kind.is_char_device() {
        "chardev"
    } else if kind.is_block_device() {
        "blockdev"
    } else {
        "unknown"
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}

fn failed(error: &impl ToString) -> DataError {
    DataError::Failed {
        plugin: NAME,
        message: error.to_string(),
    }
}

const NAME: &str = "fstat";
const PIECE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use super::*;

    fn ask(path: &Path) -> Outputs {
        FstatData::new().query(path.to_str()).unwrap()
    }

    #[test]
    fn a_file_is_described_as_the_original_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        file::write_new(&path, b"hello\n", 0o640).unwrap();
        let outputs = ask(&path);
        for (key, expected) in [
            ("name", json!(path.to_str())),
            ("output", json!("present")),
            ("present", json!(1)),
            ("size", json!(6)),
            ("mode", json!("100640")),
            ("type", json!("file")),
            ("md5", json!("b1946ac92492d2347c6235b4d2611184")),
        ] {
            assert_eq!(outputs[key], expected, "{key}");
        }
        assert_eq!(
            outputs["mtime"].as_str().unwrap().len(),
            "2026-11-23 11:48:05".len()
        );
        assert!((0..60).contains(&outputs["mtime_age"].as_i64().unwrap()));
        assert_eq!(outputs.len(), 18);
    }

    #[test]
    fn what_is_not_there_has_zeros_and_no_age() {
        let dir = tempfile::tempdir().unwrap();
        symlink("nowhere", dir.path().join("dangling")).unwrap();
        symlink("circle", dir.path().join("circle")).unwrap();
        for name in ["none", "dangling", "circle", "dangling/x"] {
            let outputs = ask(&dir.path().join(name));
            assert_eq!(outputs["output"], json!("not present"), "{name}");
            assert_eq!(
                (&outputs["present"], &outputs["md5"]),
                (&json!(0), &json!(0))
            );
            assert!(!outputs.contains_key("mtime_age"));
        }
    }

    #[test]
    fn every_kind_of_file_has_its_name_and_only_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        file::write_new(&at("file"), b"x", 0o600).unwrap();
        symlink("file", at("link")).unwrap();
        file::make_fifo(&at("fifo"));
        let _listener = UnixListener::bind(at("socket")).unwrap();
        for (path, kind) in [
            (at("link"), "symlink"),
            (at("fifo"), "unknown"),
            (at("socket"), "socket"),
            (at("."), "directory"),
            ("/dev/zero".into(), "chardev"),
        ] {
            let outputs = ask(&path);
            assert_eq!(
                (&outputs["type"], &outputs["md5"]),
                (&json!(kind), &json!(0))
            );
        }
    }

    #[test]
    fn a_file_that_takes_too_long_is_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("huge");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let hasty = FstatData {
            limit: Duration::from_millis(5),
        };
        let error = hasty.query(path.to_str()).unwrap_err();
        assert!(matches!(error, DataError::Timeout { .. }), "{error}");
    }

    #[test]
    fn a_query_must_be_a_path() {
        for invalid in [None, Some(""), Some("/x".repeat(61).as_str())] {
            assert!(FstatData::new().query(invalid).is_err());
        }
        let outputs = FstatData::new().query(Some("a\0b")).unwrap();
        assert_eq!(outputs["present"], json!(0));
    }
}
