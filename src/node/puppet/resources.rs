//! What the last run managed: a line `type[name]` each in `resources.txt`.

use std::{collections::BTreeMap, path::Path};

use super::written;

/// The managed resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    lines: Vec<String>,
    broken: Option<String>,
}

impl Resources {
    /// Reads the file; one that is missing or can't be read lists nothing. Where its place is guessed,
    /// that it is missing says nothing.
    pub fn read(path: &Path, is_guessed: bool) -> Self {
        let parsed = match written::read(path, LARGEST) {
            Ok(None) if is_guessed => Err(format!(
                "{} is not where it usually is",
                written::name(path)
            )),
            Ok(None) => return Self::default(),
            Ok(Some(text)) => Self::parse(&text).ok_or_else(|| {
                let name = written::name(path);
                format!("{name} is no list of resources")
            }),
            Err(why) => Err(why),
        };
        parsed.unwrap_or_else(|why| Self {
            broken: Some(why),
            ..Self::default()
        })
    }

    /// Why nobody can tell what is managed, where that is so.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Only the first line tells what this is: a name may have lines of its own.
    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if lines.first().is_some_and(|line| kind(line).is_none()) {
            return None;
        }
        Some(Self {
            lines,
            broken: None,
        })
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
            if let Some(kind) = kind(line) {
                *count.entry(capitalised(kind)).or_default() += 1;
            }
        }
        count
    }
}

/// The type in `type[name]`.
fn kind(line: &str) -> Option<&str> {
    let (kind, _) = line.split_once('[')?;
    let is_word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    kind.split("::").all(is_word).then_some(kind)
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
    use crate::sys::file;

    #[test]
    fn both_spellings_are_found() {
        let old = Resources::parse("file[/etc/Motd]\r\nnginx::vhost[WWW]\n\nbroken\n").unwrap();
        let new = Resources::parse("file[/etc/motd]\nnginx::vhost[www]\n").unwrap();
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
            Resources::read(Path::new("/nonexistent"), false),
            Resources::default()
        );
        let dir = tempfile::tempdir().unwrap();
        let broken = Resources::read(dir.path(), false);
        assert!(broken.broken().unwrap().ends_with(" is not a regular file"));
    }
    #[test]
    fn a_list_that_is_not_whole_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("resources.txt");
        let read = |text: &str| {
            file::write_atomic(&path, text.as_bytes(), file::Mode::Exactly(0o644)).unwrap();
            Resources::read(&path, false)
        };
        let whole = "file[/etc/motd]\nnginx::vhost[www]\n";
        for end in 0..=whole.len() {
            let resources = read(&whole[..end]);
            let is_whole = whole[..end].ends_with('\n');
            assert_eq!(resources.broken().is_none(), is_whole, "{end}");
        }
        for (text, expected) in [
            ("", Some("resources.txt is empty")),
            ("\n", None),
            ("\u{feff}file[/a]\r\n", None),
            ("file[/a]\n\0\0", Some("resources.txt is no text")),
            ("--- []\n", Some("resources.txt is no list of resources")),
            ("<html>\n", Some("resources.txt is no list of resources")),
            ("x y[z]\n", Some("resources.txt is no list of resources")),
        ] {
            assert_eq!(read(text).broken(), expected, "{text:?}");
        }
        assert!(read("\u{feff}file[/a]\r\n").manages("file[/a]"));
    }
}
