//! Reads settings as the types that they are meant as, and gathers what is wrong on the way.
//!
//! A setting that can't be read becomes a fault and gets its default, so that the faults after it
//! are found too. Nothing is returned to a caller while there is a fault.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};

use super::{Document, Environment, Fault, Faults, fault, file::Entry, secret, value};

/// How a time is written.
const TIME: &str = "give seconds (`60`) or a time with a unit (`5m`)";

pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) environment: Environment<'a>,
    /// What the settings were read as, for those that ask by name.
    pub(super) items: Map<String, Value>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a Document, environment: Environment<'a>) -> Self {
        Self {
            document,
            environment,
            items: Map::new(),
            faults: document.faults.clone(),
            warnings: [&document.strays[..], &document.warnings].concat(),
        }
    }

    /// The warnings, if there is no fault.
    pub(super) fn finish(self) -> Result<Vec<Fault>, Faults> {
        let mut warnings = self.warnings;
        fault::in_order(&mut warnings);
        Faults::gather(self.faults).map_or(Ok(warnings), Err)
    }

    pub(super) fn add(&mut self, faults: Vec<Fault>, warnings: Vec<Fault>) {
        self.faults.extend(faults);
        self.warnings.extend(warnings);
    }

    /// Says what is wrong with a setting that is there, or that is missing.
    pub(super) fn fault(&mut self, key: &str, message: &str, right: &str) {
        let fault = self.at(key, message, right);
        self.faults.push(fault);
    }

    /// Says what is odd about it.
    pub(super) fn warn(&mut self, key: &str, message: &str, right: &str) {
        let warning = self.at(key, message, right);
        self.warnings.push(warning);
    }

    /// Says that a setting must be there.
    pub(super) fn missing(&mut self, key: &str, example: &str) {
        self.fault(
            key,
            &format!("`{key}` is missing"),
            &format!("add `{key} = {example}`"),
        );
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.document.last(key).is_some()
    }

    /// The text as it is written.
    pub(super) fn raw(&self, key: &str) -> Option<&'a str> {
        self.document.last(key).map(|entry| entry.value.as_str())
    }

    /// Reads a setting by a function that says `None` to what it can't read.
    pub(super) fn parse<T>(
        &mut self,
        key: &str,
        right: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let entry = self.document.last(key)?;
        let parsed = parse(&entry.value);
        if parsed.is_none() {
            self.wrong(entry, &entry.value, right);
        }
        parsed
    }

    /// Reads each item of a list.
    pub(super) fn parse_list<T, E: ToString>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let entry = self.document.last(key)?;
        let mut items = Vec::new();
        for item in value::list(&entry.value) {
            match parse(item) {
                Ok(item) => items.push(item),
                Err(error) => self.wrong(entry, item, &error.to_string()),
            }
        }
        Some(items)
    }

    pub(super) fn text(&mut self, key: &str, default: &str) -> String {
        let text = self.raw(key).unwrap_or(default).to_owned();
        self.record(key, text.as_str());
        text
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        let flag = self.parse(key, "give `yes` or `no`", value::boolean);
        let flag = flag.unwrap_or(default);
        self.record(key, flag);
        flag
    }

    /// A flag that may be left open.
    pub(super) fn optional_flag(&mut self, key: &str) -> Option<bool> {
        self.has(key).then(|| self.flag(key, false))
    }

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, key: &str, default: u32, least: u32, most: u32) -> u32 {
        let right = format!("give a number from {least} to {most}");
        let within = |text: &str| {
            let number = u32::try_from(value::integer(text)?).ok()?;
            (least..=most).contains(&number).then_some(number)
        };
        let number = self.parse(key, &right, within).unwrap_or(default);
        self.record(key, number);
        number
    }

    /// A number of bytes, at least `least`.
    pub(super) fn size(&mut self, key: &str, default: u64, least: u64) -> u64 {
        let right = format!("give a number of bytes, at least {least}, or one with a unit (`4M`)");
        let within = |text: &str| value::size(text).filter(|size| *size >= least);
        let size = self.parse(key, &right, within).unwrap_or(default);
        self.record(key, size);
        size
    }

    pub(super) fn duration(&mut self, key: &str, default: Duration) -> Duration {
        let duration = self.parse(key, TIME, value::duration);
        let duration = duration.unwrap_or(default);
        self.record_duration(key, duration);
        duration
    }

    /// A time that must not be zero.
    pub(super) fn positive_duration(&mut self, key: &str, default: Duration) -> Duration {
        let duration = self.duration(key, default);
        if duration.is_zero() {
            self.fault(key, &format!("`{key}` is zero"), TIME);
            return default;
        }
        duration
    }

    pub(super) fn optional_duration(&mut self, key: &str) -> Option<Duration> {
        let duration = self.parse(key, TIME, value::duration)?;
        self.record_duration(key, duration);
        Some(duration)
    }

    /// One of a few words, in any case.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)], default: T) -> T {
        let right = format!(
            "give one of {}",
            quoted(choices.iter().map(|(word, _)| *word))
        );
        let choose = |text: &str| {
            let found = choices
                .iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(text));
            found.map(|&(_, choice)| choice)
        };
        let choice = self.parse(key, &right, choose).unwrap_or(default);
        if let Some(text) = self.raw(key) {
            self.record(key, text);
        }
        choice
    }

    /// A file; one without a leading `/` is in the directory of the file that names it.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        let entry = self.document.last(key)?;
        self.record(key, entry.value.as_str());
        Some(beside(&entry.file, &entry.value))
    }

    /// Files, separated by commas.
    pub(super) fn paths(&mut self, key: &str) -> Vec<PathBuf> {
        let Some(entry) = self.document.last(key) else {
            return Vec::new();
        };
        let items = entry.value.split(',').map(str::trim_ascii);
        let items = items.filter(|item| !item.is_empty());
        items.map(|item| beside(&entry.file, item)).collect()
    }

    /// Remembers what a setting of ours was read as. Those of plugins are shown as written.
    pub(super) fn record(&mut self, key: &str, value: impl Into<Value>) {
        if !key.starts_with("plugin.") {
            self.items.insert(key.to_owned(), value.into());
        }
    }

    fn record_duration(&mut self, key: &str, duration: Duration) {
        if duration.subsec_nanos() == 0 {
            self.record(key, duration.as_secs());
        } else {
            self.record(key, duration.as_secs_f64());
        }
    }

    fn wrong(&mut self, entry: &Entry, item: &str, right: &str) {
        let shown: String = secret::redacted(&entry.key, item)
            .chars()
            .take(80)
            .collect();
        let mut right = right.to_owned();
        if item.contains(" #") {
            right.push_str(", without a comment behind it");
        } else if item.starts_with(['"', '\'']) {
            right.push_str(", without quotes");
        }
        let message = format!("`{}` can't be `{shown}`", entry.key);
        self.faults
            .push(Fault::new(&entry.file, Some(entry.line), message, right));
    }

    fn at(&self, key: &str, message: &str, right: &str) -> Fault {
        match self.document.last(key) {
            Some(entry) => Fault::new(&entry.file, Some(entry.line), message, right),
            None => Fault::new(&self.document.file, None, message, right),
        }
    }
}

/// Words as a sentence has them.
pub(super) fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A path as a line of `file` means it.
pub(super) fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}
