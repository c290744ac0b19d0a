//! Which resources may be changed one by one: lists of types and names.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use serde_json::{Map, Value};

use super::resources::capitalised;

/// What is allowed. Nothing is, unless a list says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Types.
    pub types: Rule,
    /// Names, by type in small letters.
    pub names: BTreeMap<String, Rule>,
    /// Whether resources may be changed that Puppet manages anyway.
    pub allow_managed: bool,
}

/// A list of what is allowed, or of what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Only these.
    pub allowed: Option<Vec<String>>,
    /// All but these.
    pub denied: Option<Vec<String>>,
}

/// Why a resource may not be changed, in the original's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Both lists are there.
    #[error("You cannot specify both {0} whitelists and blacklists")]
    Both(&'static str),
    /// Neither is there.
    #[error("The {1} {0} is not listed in the {0} whitelist")]
    NotListed(&'static str, String),
    /// It is denied.
    #[error("The {1} {0} is listed in the {0} blacklist")]
    Listed(&'static str, String),
    /// One file has many names.
    #[error("The name {0} is not the plain path of a file: no `//`, `.`, `..` or `/` at the end")]
    NotPlain(String),
    /// A link leads to another file than the one that is named.
    #[error("The names of files are limited, so {0} is not allowed: it leads to another file")]
    Link(String),
    /// Puppet manages it.
    #[error("Puppet is managing the resource '{0}', refusing to create conflicting states")]
    Managed(String),
    /// Nobody can tell whether it does.
    #[error(
        "Puppet may be managing the resource '{0}', as {1}; refusing to create conflicting states"
    )]
    Unknown(String, String),
}

impl Rules {
    /// Whether a resource may be changed; `managed` says whether Puppet manages one, or why that is
    /// not known.
    pub fn check(
        &self,
        kind: &str,
        name: &str,
        properties: &Map<String, Value>,
        managed: impl FnOnce(&str) -> Result<bool, String>,
    ) -> Result<(), Denied> {
        let kind = kind.to_lowercase();
        self.types.check("type", &kind, true)?;
        if kind == "file" && !is_plain(name) {
            return Err(Denied::NotPlain(name.to_owned()));
        }
        if let Some(rule) = self.names.get(&kind) {
            rule.check("name", name, false)?;
            if let Some((property, value)) = properties
                .iter()
                .find(|(property, value)| kind == "file" && links(property, value))
            {
                return Err(Denied::Link(format!("{property} => {value}")));
            }
        }
        if self.allow_managed {
            return Ok(());
        }
        let shown = format!("{}[{name}]", capitalised(&kind));
        match managed(&format!("{kind}[{name}]")) {
            Ok(false) => Ok(()),
            Ok(true) => Err(Denied::Managed(shown)),
            Err(why) => Err(Denied::Unknown(shown, why)),
        }
    }
}

/// Whether a path is written as lists write it.
fn is_plain(path: &str) -> bool {
    let parts = Path::new(path).components();
    let plain: PathBuf = parts
        .clone()
        .filter(|part| *part != Component::ParentDir)
        .collect();
    path.starts_with('/') && plain.as_os_str() == path && !path.contains(char::is_control)
}

/// Whether a property makes a link of a file, or has one followed: what is then changed is elsewhere.
fn links(property: &str, value: &Value) -> bool {
    const KINDS: [&str; 6] = ["absent", "directory", "false", "file", "present", "true"];
    let text = value.as_str();
    match property {
        "ensure" => !value.is_boolean() && !text.is_some_and(|text| KINDS.contains(&text)),
        "links" => text != Some("manage"),
        "target" => true,
        _ => false,
    }
}

impl Rule {
    fn check(&self, what: &'static str, value: &str, needed: bool) -> Result<(), Denied> {
        let within = |list: &[String]| list.iter().any(|one| one == value);
        match (&self.allowed, &self.denied) {
            (Some(_), Some(_)) => Err(Denied::Both(what)),
            (None, None) if needed => Err(Denied::NotListed(what, value.into())),
            (Some(list), None) if !within(list) => Err(Denied::NotListed(what, value.into())),
            (None, Some(list)) if within(list) => Err(Denied::Listed(what, value.into())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "as a rule holds it")]
    fn list(words: &[&str]) -> Option<Vec<String>> {
        Some(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_file_has_one_name() {
        for (path, expected) in [
            ("/", true),
            ("/etc/shadow", true),
            ("/etc/a..b", true),
            ("/etc//shadow", false),
            ("//etc/shadow", false),
            ("/etc/shadow/", false),
            ("/etc/./shadow", false),
            ("/tmp/../etc/shadow", false),
            ("etc/shadow", false),
            ("/\n", false),
            ("", false),
        ] {
            assert_eq!(is_plain(path), expected, "{path}");
        }
        let rules = Rules {
            types: Rule {
                allowed: list(&["file", "notify"]),
                denied: None,
            },
            ..Rules::default()
        };
        let check = |kind: &str| rules.check(kind, "/etc//shadow", &Map::new(), |_| Ok(false));
        assert_eq!(check("File"), Err(Denied::NotPlain("/etc//shadow".into())));
        assert_eq!(check("notify"), Ok(()));
    }

    #[test]
    fn where_names_are_limited_no_link_leads_elsewhere() {
        let mut rules = Rules {
            types: Rule {
                allowed: list(&["file"]),
                denied: None,
            },
            allow_managed: true,
            ..Rules::default()
        };
        let check = |rules: &Rules, property: &str, value: &str| {
            let properties = Map::from_iter([(property.to_owned(), value.into())]);
            rules
                .check("file", "/a", &properties, |_| Ok(false))
                .is_ok()
        };
        let table = [
            ("ensure", "file", true),
            ("ensure", "absent", true),
            ("ensure", "link", false),
            ("ensure", "/etc/shadow", false),
            ("target", "/etc/shadow", false),
            ("links", "follow", false),
            ("links", "manage", true),
            ("content", "/etc/shadow", true),
        ];
        for (property, value, _) in table {
            assert!(check(&rules, property, value));
        }
        let names = Rule {
            allowed: list(&["/a"]),
            denied: None,
        };
        rules.names.insert("file".into(), names);
        for (property, value, expected) in table {
            assert_eq!(
                check(&rules, property, value),
                expected,
                "{property} {value}"
            );
        }
    }

    #[test]
    fn nothing_is_allowed_unless_listed() {
        let check = |rules: &Rules| {
            rules
                .check("File", "/a", &Map::new(), |_| Ok(false))
                .map_err(|why| why.to_string())
        };
        let mut rules = Rules::default();
        assert_eq!(
            check(&rules),
            Err("The file type is not listed in the type whitelist".into())
        );
        rules.types.allowed = list(&["host", "file"]);
        assert_eq!(check(&rules), Ok(()));
        rules.names.insert(
            "file".into(),
            Rule {
                denied: list(&["/a"]),
                ..Rule::default()
            },
        );
        assert_eq!(
            check(&rules),
            Err("The /a name is listed in the name blacklist".into())
        );
        rules.names.insert(
            "file".into(),
            Rule {
                allowed: list(&["/b"]),
                ..Rule::default()
            },
        );
        assert_eq!(
            check(&rules),
            Err("The /a name is not listed in the name whitelist".into())
        );
        rules.names.clear();
        rules.types.denied = list(&["host"]);
        assert!(
            check(&rules)
                .unwrap_err()
                .starts_with("You cannot specify both")
        );
        rules.types.allowed = None;
        assert_eq!(check(&rules), Ok(()));
        let managed = rules
            .check("file", "/a", &Map::new(), |reference| {
                Ok(reference == "file[/a]")
            })
            .unwrap_err();
        assert_eq!(
            managed.to_string(),
            "Puppet is managing the resource 'File[/a]', refusing to create conflicting states"
        );
        let unknown = rules.check("file", "/a", &Map::new(), |_| Err("it is too large".into()));
        assert!(
            unknown
                .unwrap_err()
                .to_string()
                .starts_with("Puppet may be managing the resource 'File[/a]', as it is too large;")
        );
        rules.allow_managed = true;
        assert_eq!(rules.check("file", "/a", &Map::new(), |_| Ok(true)), Ok(()));
    }
}
