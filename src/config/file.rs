//! The original's file format: `key = value` lines, and nothing else.
//!
//! A line whose first character is `#` is a comment; there are no comments after a value, no quotes
//! and no sections. The original silently ignores a line without `=` or without a value; here each
//! gets a warning, because somebody meant something by it. Where a key is repeated the last one
//! counts, except for those that accumulate.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Fault, secret};

/// Settings whose lines add up.
const ACCUMULATING: [&str; 2] = ["libdir", "default_discovery_options"];

/// One `key = value`.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, with `plugin.NAME.` before it where it comes from `plugin.d/NAME.cfg`.
    pub key: String,
    /// The value, never empty.
    pub value: String,
    /// The file that it is in.
    pub file: Arc<Path>,
    /// Its line, counted from 1.
    pub line: usize,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, line, .. } = self;
        let value = secret::redacted(key, &self.value);
        write!(f, "{}:{line}: {key} = {value}", self.file.display())
    }
}

/// What was read: the entries of a file, and of the files in its `plugin.d`, in order.
#[derive(Clone, Debug)]
pub struct Document {
    /// The main file.
    pub file: PathBuf,
    /// Every entry.
    pub entries: Vec<Entry>,
    /// Lines that can't be read.
    pub faults: Vec<Fault>,
    /// Lines without effect.
    pub warnings: Vec<Fault>,
    /// Lines that are no settings at all, where somebody meant one.
    pub strays: Vec<Fault>,
    index: BTreeMap<String, Vec<usize>>,
}

impl Document {
    /// Reads a main file's text.
    pub fn parse(file: &Path, bytes: &[u8]) -> Self {
        let mut document = Self {
            file: file.to_path_buf(),
            entries: Vec::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
            strays: Vec::new(),
            index: BTreeMap::new(),
        };
        document.add(file, bytes, "");
        document
    }

    /// Adds `plugin.d/NAME.cfg`: each of its keys gets `plugin.NAME.` before it, and overrides.
    pub fn add_plugin(&mut self, name: &str, file: &Path, bytes: &[u8]) {
        self.add(file, bytes, &format!("plugin.{name}."));
    }

    /// The entry that counts for a key.
    pub fn last(&self, key: &str) -> Option<&Entry> {
        self.all(key).last()
    }

    /// All entries of a key that accumulates, in order.
    pub fn all(&self, key: &str) -> impl DoubleEndedIterator<Item = &Entry> {
        let places = self.index.get(key).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|&at| self.entries.get(at))
    }

    /// Every key once, with the entry that counts.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.index
            .iter()
            .filter_map(|(key, places)| Some((key.as_str(), self.entries.get(*places.last()?)?)))
    }

    fn add(&mut self, file: &Path, bytes: &[u8], prefix: &str) {
        let file: Arc<Path> = file.into();
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            self.add_line(&file, at + 1, line.trim_ascii_end(), prefix);
        }
    }

    fn add_line(&mut self, file: &Arc<Path>, line: usize, bytes: &[u8], prefix: &str) {
        if bytes.is_empty() || bytes.starts_with(b"#") {
            return;
        }
        let fault = |message: &str, right: &str| Fault::new(file, Some(line), message, right);
        let Ok(text) = std::str::from_utf8(bytes) else {
            let right = "save the file as UTF-8";
            self.faults.push(fault("the line is not UTF-8", right));
            return;
        };
        let Some((key, value)) = text.split_once('=') else {
            let right = "settings are `key = value`, comments start with `#`";
            self.strays
                .push(fault("ignored: the line has no `=`", right));
            return;
        };
        let (key, value) = (key.trim_ascii(), value.trim_ascii_start());
        if key.is_empty() {
            let right = "settings are `key = value`";
            self.faults.push(fault("nothing stands before `=`", right));
            return;
        }
        let key = format!("{prefix}{key}");
        if value.is_empty() {
            let right = "give a value, or remove the line: the setting keeps its default";
            self.warnings
                .push(fault(&format!("ignored: `{key}` has no value"), right));
            return;
        }
        if let Some(earlier) = self.last(&key)
            && earlier.file == *file
            && !ACCUMULATING.contains(&key.as_str())
        {
            let message = format!("`{key}` was set before, in line {}", earlier.line);
            let right = "this one counts; remove one of them";
            self.warnings.push(fault(&message, right));
        }
        let places = self.index.entry(key.clone()).or_default();
        places.push(self.entries.len());
        self.entries.push(Entry {
            key,
            value: value.into(),
            file: Arc::clone(file),
            line,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse(Path::new("a.cfg"), text.as_bytes())
    }

    fn pairs(document: &Document) -> Vec<(&str, &str, usize)> {
        let entries = document.entries.iter();
        entries
            .map(|entry| (entry.key.as_str(), entry.value.as_str(), entry.line))
            .collect()
    }

    #[test]
    fn takes_lines_as_the_original_does() {
        let document = parse("# x\n\na = 1 # not a comment\r\nb=c=d  \n  e\t= \"f\"\n # g = h\n");
        assert_eq!(
            pairs(&document),
            [
                ("a", "1 # not a comment", 3),
                ("b", "c=d", 4),
                ("e", "\"f\"", 5),
                ("# g", "h", 6),
            ]
        );
        assert!(document.faults.is_empty() && document.warnings.is_empty());
        assert!(document.strays.is_empty());
    }

    #[test]
    fn warns_of_what_the_original_ignores() {
        let document = parse("a\nb =\n= c\na = 1\na = 2\nlibdir = /x\nlibdir = /y\n");
        let texts =
            |faults: &[Fault]| -> Vec<String> { faults.iter().map(Fault::to_string).collect() };
        assert_eq!(
            texts(&document.strays),
            [
                "a.cfg:1: ignored: the line has no `=`; settings are `key = value`, comments start with `#`"
            ]
        );
        assert_eq!(
            texts(&document.warnings),
            [
                "a.cfg:2: ignored: `b` has no value; give a value, or remove the line: the setting keeps its default",
                "a.cfg:5: `a` was set before, in line 4; this one counts; remove one of them",
            ]
        );
        assert_eq!(
            texts(&document.faults),
            ["a.cfg:3: nothing stands before `=`; settings are `key = value`"]
        );
        assert_eq!(
            document.last("a").map(|entry| entry.value.as_str()),
            Some("2")
        );
        assert_eq!(document.all("libdir").count(), 2);
    }

    #[test]
    fn plugin_files_override() {
        let mut document = parse("plugin.puppet.splay = false\n");
        document.add_plugin(
            "puppet",
            Path::new("plugin.d/puppet.cfg"),
            b"splay = true\n",
        );
        let entry = document.last("plugin.puppet.splay").unwrap();
        assert_eq!(
            (entry.value.as_str(), &*entry.file),
            ("true", Path::new("plugin.d/puppet.cfg"))
        );
        assert!(document.warnings.is_empty());
    }

    #[test]
    fn other_encodings_are_faults_except_in_comments() {
        let document =
            Document::parse(Path::new("a.cfg"), b"\xef\xbb\xbfa = 1\n# \xe9\nb = \xe9\n");
        assert_eq!(pairs(&document), [("a", "1", 1)]);
        assert_eq!(document.faults.len(), 1);
        assert_eq!(document.faults[0].line, Some(3));
    }

    #[test]
    fn debug_shows_no_secrets() {
        let document = parse("plugin.activemq.pool.1.password = hunter2\nplugin.psk = hunter2\n");
        assert!(!format!("{document:?}").contains("hunter2"), "{document:?}");
    }

    proptest! {
        #[test]
        fn entries_read_as_printed(
            entries in proptest::collection::vec(("[a-z][a-z._]{0,12}", "[!-~]([ -~\u{e9}]{0,12}[!-~])?"), 0..8)
        ) {
            let lines: Vec<String> = entries.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            let document = parse(&lines.concat());
            let read: Vec<_> = document.entries.iter().map(|e| (e.key.clone(), e.value.clone())).collect();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'='), Just(b'\n')], 0..80)) {
            let document = Document::parse(Path::new("a"), &bytes);
            prop_assert!(document.entries.iter().all(|entry| !entry.key.is_empty() && !entry.value.is_empty()));
        }
    }
}
