//! Names of services: what may be handed to an init system as one.

use std::fmt;

use crate::text;

/// A service's name: no option, no path, no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName(String);

/// It is no service's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid service name", text::line(.0))]
pub struct ServiceNameError(String);

impl ServiceName {
    /// Checks a name. What is a letter too many for the original's validator is refused, and what
    /// begins like an option.
    pub fn new(name: &str) -> Result<Self, ServiceNameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-:@".contains(c);
        let valid = (1..=90).contains(&name.len())
            && name.chars().all(allowed)
            && !name.starts_with(['-', '.']);
        if valid {
            Ok(Self(name.to_owned()))
        } else {
            Err(ServiceNameError(name.chars().take(100).collect()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_init_system_could_misread_is_no_name() {
        for name in ["httpd", "getty@tty1", "a:b.c-d_e.socket", "2ping"] {
            assert_eq!(ServiceName::new(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "-x",
            "--all",
            "--status-all",
            ".",
            "..",
            ".x",
            "a/b",
            "/etc/x",
            "a b",
            "a*",
            "a?",
            "[a]",
            "a\n",
            "a\0",
            "a;b",
            "é",
            "a\\x2d",
            &"x".repeat(91),
        ] {
            assert!(ServiceName::new(name).is_err(), "{name:?}");
        }
        assert_eq!(
            ServiceName::new("a\u{1b}").unwrap_err().to_string(),
            "a\\u{1b} is not a valid service name"
        );
    }
}
