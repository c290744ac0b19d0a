//! Names and versions of packages: what may be handed to a package manager as one.
//!
//! Managers read much into a word: `foo-` removes it, `foo*` and `/usr/bin/foo` and `@group` are many,
//! `foo/stable` and `foo=1` are versions. None of that is a name here.

use std::{fmt, str::FromStr};

use crate::text;

/// A package's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageName(String);

/// A package's version, as its manager writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageVersion(String);

/// It is no package's name, or no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid package {what}", text::line(.text))]
pub struct PackageNameError {
    text: String,
    what: &'static str,
}

impl PackageName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names in a list with commas.
    pub fn list(text: &str) -> Result<Vec<Self>, PackageNameError> {
        let mut names: Vec<Self> = Vec::new();
        for name in text.split(',') {
            let name = name.trim().parse()?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

impl PackageVersion {
    /// The version.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackageName {
    type Err = PackageNameError;

    fn from_str(text: &str) -> Result<Self, PackageNameError> {
        check(text, "name", "+-._:", "-.:")?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for PackageVersion {
    type Err = PackageNameError;

    fn from_str(text: &str) -> Result<Self, PackageNameError> {
        check(text, "version", "+-._:~^", "-:")?;
        Ok(Self(text.to_owned()))
    }
}

/// Letters, digits and some signs, of which some can't be the last one. None can be the first.
fn check(
    text: &str,
    what: &'static str,
    signs: &str,
    not_last: &str,
) -> Result<(), PackageNameError> {
    let valid = (1..=LONGEST).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
        && !text.ends_with(|c| not_last.contains(c));
    if valid {
        return Ok(());
    }
    Err(PackageNameError {
        text: text.chars().take(LONGEST).collect(),
        what,
    })
}

/// The original's limit.
const LONGEST: usize = 90;

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PackageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manager_could_misread_is_no_name() {
        for name in [
            "bash",
            "g++",
            "libstdc++6",
            "libc6:i386",
            "python3.11",
            "foo.x86_64",
            "a_b",
            "7zip",
        ] {
            assert_eq!(name.parse::<PackageName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            "-y",
            "--purge",
            "foo-",
            "foo.",
            "foo*",
            "fo?",
            "[a]",
            "foo=1",
            "foo/stable",
            "/bin/sh",
            "@core",
            "~nfoo",
            "+foo",
            ".hidden",
            "a b",
            "a\n",
            "a;b",
            "a,b",
            "é",
            "foo:",
        ] {
            assert!(name.parse::<PackageName>().is_err(), "{name:?}");
        }
        assert!("x".repeat(91).parse::<PackageName>().is_err());
        let error = "a\u{1b}".parse::<PackageName>().unwrap_err();
        assert_eq!(error.to_string(), "a\\u{1b} is not a valid package name");
    }

    #[test]
    fn versions_and_lists() {
        for version in ["1", "1:2.3-4+b5~rc1", "2^git1-1.el9"] {
            assert_eq!(version.parse::<PackageVersion>().unwrap().as_str(), version);
        }
        for version in ["", "-1", "1 2", "1*", "1/2", "1=2", "~1"] {
            assert!(version.parse::<PackageVersion>().is_err(), "{version:?}");
        }
        let names = PackageName::list("b, a,b").unwrap();
        let names: Vec<&str> = names.iter().map(PackageName::as_str).collect();
        assert_eq!(names, ["b", "a"]);
        for list in ["", "a,", ",", "a,,b", "a,-y"] {
            assert!(PackageName::list(list).is_err(), "{list:?}");
        }
    }
}
