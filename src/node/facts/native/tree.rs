//! Builds facts: what is unknown is left out, what is known becomes text.

use std::fmt::Display;

use serde_json::{Map, Value};

/// Facts, or a part of them, while they are put together.
#[derive(Debug, Default)]
pub(super) struct Tree(Map<String, Value>);

impl Tree {
    /// Puts a leaf, unless it is unknown or says nothing.
    pub(super) fn put(&mut self, name: &str, value: Option<impl Display>) {
        let text = value
            .map(|value| value.to_string())
            .filter(|text| !text.is_empty());
        if let Some(text) = text {
            self.0.insert(name.into(), Value::String(text));
        }
    }

    /// As `put`, in a chain.
    pub(super) fn with(mut self, name: &str, value: Option<impl Display>) -> Self {
        self.put(name, value);
        self
    }

    /// Puts a part, unless it is empty.
    pub(super) fn put_tree(&mut self, name: &str, tree: Self) {
        if !tree.0.is_empty() {
            self.0.insert(name.into(), Value::Object(tree.0));
        }
    }

    /// As `put_tree`, in a chain.
    pub(super) fn with_tree(mut self, name: &str, tree: Self) -> Self {
        self.put_tree(name, tree);
        self
    }

    /// Puts a list of leaves, unless it is empty.
    pub(super) fn put_texts<T: Display>(&mut self, name: &str, list: impl IntoIterator<Item = T>) {
        let list: Vec<_> = list
            .into_iter()
            .map(|text| Value::String(text.to_string()))
            .collect();
        if !list.is_empty() {
            self.0.insert(name.into(), Value::Array(list));
        }
    }

    /// Puts a list of parts, unless it is empty.
    pub(super) fn put_trees(&mut self, name: &str, list: impl IntoIterator<Item = Self>) {
        let list: Vec<_> = list.into_iter().map(|tree| Value::Object(tree.0)).collect();
        if !list.is_empty() {
            self.0.insert(name.into(), Value::Array(list));
        }
    }

    /// Puts a leaf that stands elsewhere too.
    pub(super) fn put_copy(&mut self, name: &str, path: &[&str]) {
        let mut at = path.split_first().and_then(|(first, _)| self.0.get(*first));
        for step in path.iter().skip(1) {
            at = at.and_then(|value| value.get(step));
        }
        if let Some(leaf) = at.and_then(Value::as_str).map(str::to_owned) {
            self.put(name, Some(leaf));
        }
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// `2.00 GiB`, `512 bytes`.
pub(super) fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut size = hundredths(bytes, 1024);
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        .into_iter()
        .peekable();
    let mut unit = units.next().unwrap_or("KiB");
    let mut divisor = 1024;
    while size >= 102_400 && units.peek().is_some() {
        divisor *= 1024;
        size = hundredths(bytes, divisor);
        unit = units.next().unwrap_or(unit);
    }
    format!("{}.{:02} {unit}", size / 100, size % 100)
}

/// Mebibytes as Ruby shows a number rounded to two places: `2048.5`, `0.0`.
pub(super) fn mebibytes(bytes: u64) -> String {
    let size = hundredths(bytes, 1 << 20);
    let text = format!("{}.{:02}", size / 100, size % 100);
    text.strip_suffix('0')
        .map_or_else(|| text.clone(), Into::into)
}

/// `12.34%`, as Facter shows how full something is.
pub(super) fn percent(used: u64, total: u64) -> String {
    if used == 0 || total == 0 {
        return "0%".into();
    }
    if used >= total {
        return "100%".into();
    }
    let part = hundredths(used.saturating_mul(100), total);
    format!("{}.{:02}%", part / 100, part % 100)
}

/// A quotient in hundredths, rounded.
fn hundredths(number: u64, divisor: u64) -> u128 {
    let divisor = u128::from(divisor.max(1));
    (u128::from(number) * 100 + divisor / 2) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_facter_shows_them() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            (2 << 30, "2.00 GiB"),
            (16_777_216_000, "15.63 GiB"),
            (u64::MAX, "16.00 EiB"),
        ] {
            assert_eq!(human(bytes), text);
        }
        for (bytes, text) in [
            (0, "0.0"),
            (1 << 20, "1.0"),
            (2_148_007_936, "2048.5"),
            (1_300_000, "1.24"),
        ] {
            assert_eq!(mebibytes(bytes), text);
        }
        for (used, total, text) in [(0, 9, "0%"), (9, 9, "100%"), (1, 3, "33.33%"), (5, 0, "0%")] {
            assert_eq!(percent(used, total), text);
        }
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        let mut tree = Tree::default()
            .with("a", None::<&str>)
            .with("b", Some(""))
            .with("c", Some(1));
        tree.put_tree("d", Tree::default());
        tree.put_copy("e", &["c"]);
        tree.put_copy("f", &["x", "y"]);
        assert_eq!(
            Value::Object(tree.into_map()),
            serde_json::json!({"c": "1", "e": "1"})
        );
    }
}
