//! The names on the wire, each a type of its own, so that one is never taken for another.

use std::{borrow::Borrow, fmt};

use serde::{Deserialize, Serialize};

/// A text that is not the name it was given as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {kind}: {rule}")]
pub struct NameError {
    /// What was given, shortened.
    pub text: String,
    /// What it was given as.
    pub kind: &'static str,
    /// What such a name looks like.
    pub rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text and takes it as this name.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if !text.is_empty() && text.len() <= $max && valid(&text) {
                    return Ok(Self(text));
                }
                let text = text.chars().take(80).collect();
                Err(NameError { text, kind: $kind, rule: $rule })
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

/// Word characters as Ruby's `\w` has them for ASCII.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_host_like(text: &str) -> bool {
    text.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

name! {
    /// Which node (or client) this is.
    Identity, "identity", 255, "letters, digits, `_`, `.` and `-`", is_host_like
}
name! {
    /// An agent, such as `rpcutil`.
    AgentName, "agent name", 64, "letters, digits and `_`", |text| text.chars().all(is_word)
}
name! {
    /// An action of an agent.
    ActionName, "action name", 64, "letters, digits and `_`", |text| text.chars().all(is_word)
}
name! {
    /// A namespace of destinations.
    Collective, "collective", 64, "letters, digits, `_`, `.` and `-`", is_host_like
}
name! {
    /// Who signed a request, `<scheme>=<name>`, such as `cert=peadmin`.
    CallerId, "caller", 255, "`scheme=name`, with letters, digits, `_`, `.` and `-`",
    |text| text.split_once('=').is_some_and(|(scheme, name)| {
        !scheme.is_empty() && !name.is_empty() && scheme.chars().all(is_word) && is_host_like(name)
    })
}
name! {
    /// One request, 32 hexadecimal digits in the original.
    RequestId, "request id", 64, "letters, digits, `_`, `.` and `-`", is_host_like
}

impl RequestId {
    /// The id with these random bytes, in the original's shape: a version 5 UUID without dashes.
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        use fmt::Write as _;
        bytes[6] = 0x50 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let mut text = String::with_capacity(32);
        for byte in bytes {
            // Writing to a string can't fail.
            let _infallible = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_are_checked() {
        assert!(Identity::new("web1.example-2.net").is_ok());
        assert!(CallerId::new("cert=peadmin-public").is_ok());
        for bad in ["", "a b", "a\nb", "../x", "é", &"a".repeat(256)] {
            assert!(Identity::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["cert", "=a", "cert=", "x\ncert=a", "cert=a\n", "cert=a=b"] {
            assert!(CallerId::new(bad).is_err(), "{bad:?}");
        }
        let id = RequestId::from_random([0xff; 16]);
        assert_eq!(id.as_str(), "ffffffffffff5fffbfffffffffffffff");
        assert!(AgentName::new("../rpcutil").is_err());
        assert!(serde_json::from_str::<Identity>("\"a/b\"").is_err());
    }
}
