//! What the last run managed: a line `type[name]` each in `resources.txt`.

use std::{collections::BTreeMap, path::Path};

use crate::sys::file;

/// The managed resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    lines: Vec<String>,
    broken: Option<String>,
}

impl Resources {
    /// Reads the file; one that is missing or can't be read lists nothing.
    pub fn read(path: &Path) -> Self {
        match file::read_lossy(path, LARGEST) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.is_not_found() => Self::default(),
            Err(error) => Self {
                broken: Some(error.to_string()),
                ..Self::default()
            },
        }
    }

    /// Why nobody can tell what is managed, where that is so.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Self {
            lines: lines.map(str::to_owned).collect(),
            broken: None,
        }
    }

    /// Whether a resource `type[name]` is among them. Puppet 7 writes all of it in small letters,
    /// older ones only the type: the name matches if either says so.
    pub fn manages(&self, reference: &str) -> bool {
        let wanted = reference.to_lowercase();
        self.lines.iter().any(|line| line.to_lowercase() == wanted)
    }

    /// How many there are of each type, as Puppet writes types: `Nginx::Vhost`.
    pub fn types(&self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for line in &self.lines {
            if let Some((kind, _)) = line.split_once('[') {
                *count.entry(capitalised(kind)).or_default() += 1;
            }
        }
        count
    }
}

/// `nginx::vhost` as `Nginx::Vhost`.
pub fn capitalised(kind: &str) -> String {
    let part = |part: &str| {
        let mut rest = part.chars();
        let first = rest.next();
        first.map_or_else(String::new, |first| {
            first.to_uppercase().chain(rest).collect()
        })
    };
    kind.split("::").map(part).collect::<Vec<_>>().join("::")
}

const LARGEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_found() {
        let old = Resources::parse("file[/etc/Motd]\r\nnginx::vhost[WWW]\n\nbroken\n");
        let new = Resources::parse("file[/etc/motd]\nnginx::vhost[www]\n");
        for resources in [&old, &new] {
            assert!(resources.manages("file[/etc/Motd]"));
            assert!(resources.manages("File[/etc/motd]"));
            assert!(resources.manages("Nginx::Vhost[WWW]"));
            assert!(!resources.manages("file[/etc/mot]"));
            let types: Vec<_> = resources.types().into_iter().collect();
            assert_eq!(
                types,
                [("File".to_owned(), 1), ("Nginx::Vhost".to_owned(), 1)]
            );
        }
        assert_eq!(
            Resources::read(Path::new("/nonexistent")),
            Resources::default()
        );
        let dir = tempfile::tempdir().unwrap();
        let broken = Resources::read(dir.path());
        assert!(broken.broken().unwrap().ends_with(" is not a regular file"));
    }
}
