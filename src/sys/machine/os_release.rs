//! Which distribution this is.

use super::Root;

/// What `/etc/os-release` and the files of old distributions say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `debian`, `rhel`, ...; empty where nothing says so.
    pub id: String,
    /// `rhel fedora`: what it is made after.
    pub like: Vec<String>,
    /// `Debian GNU/Linux`.
    pub name: String,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub pretty: String,
    /// `12`, `22.04`, `9.3`; more exact than `VERSION_ID` where an older file knows more.
    pub version: String,
    /// `bookworm`.
    pub codename: Option<String>,
}

impl OsRelease {
    pub(super) fn read(root: &Root) -> Self {
        let text = root.text("etc/os-release");
        let text = if text.is_empty() {
            root.text("usr/lib/os-release")
        } else {
            text
        };
        let mut found = Self::parse(&text);
        // `VERSION_ID` lacks the minor number on Debian and CentOS.
        let exact = match found.id.as_str() {
            "debian" | "raspbian" => root.line("etc/debian_version"),
            "centos" | "rhel" | "" => root
                .line("etc/redhat-release")
                .and_then(|line| release_in(&line)),
            _ => None,
        };
        if let Some(exact) = exact.filter(|exact| exact.starts_with(|c: char| c.is_ascii_digit())) {
            found.version = exact;
        }
        found
    }

    fn parse(text: &str) -> Self {
        let of = |key: &str| -> String {
            let mut values = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
            values.next_back().map(unquote).unwrap_or_default()
        };
        Self {
            id: of("ID"),
            like: of("ID_LIKE").split_whitespace().map(Into::into).collect(),
            name: of("NAME"),
            pretty: of("PRETTY_NAME"),
            version: of("VERSION_ID"),
            codename: Some(of("VERSION_CODENAME")).filter(|name| !name.is_empty()),
        }
    }
}

/// `7.9.2009` of `CentOS Linux release 7.9.2009 (Core)`.
fn release_in(line: &str) -> Option<String> {
    let mut words = line
        .split_whitespace()
        .skip_while(|word| *word != "release");
    words.nth(1).map(Into::into)
}

/// Shell quoting, as far as the format allows it.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let quoted = |mark| value.strip_prefix(mark)?.strip_suffix(mark);
    if let Some(literal) = quoted('\'') {
        return literal.into();
    }
    let inner = quoted('"').unwrap_or(value);
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_taken_off() {
        let text = "PRETTY_NAME=\"A \\\"B\\\" \\$1\"\nNAME='C D'\nID=rocky\nID_LIKE=\"rhel centos\"\n\
                    VERSION_ID=\"9.3\"\n# ID=no\n";
        let found = OsRelease::parse(text);
        assert_eq!(found.pretty, "A \"B\" $1");
        assert_eq!((found.name.as_str(), found.id.as_str()), ("C D", "rocky"));
        assert_eq!(found.like, ["rhel", "centos"]);
        assert_eq!((found.version.as_str(), found.codename), ("9.3", None));
    }

    #[test]
    fn half_a_quote_is_no_quote() {
        assert_eq!(unquote("\""), "\"");
        assert_eq!(unquote("'a"), "'a");
        assert_eq!(unquote("a\\"), "a");
    }

    #[test]
    fn older_files_know_the_minor_number() {
        assert_eq!(
            release_in("CentOS Linux release 7.9.2009 (Core)").as_deref(),
            Some("7.9.2009")
        );
        assert_eq!(release_in("no version"), None);
    }
}
