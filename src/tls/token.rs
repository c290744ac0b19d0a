//! A token with which a machine joins, as one word that a person can paste.
//!
//! It pins what the machine is to trust (the authority's key, the broker's name, the keys of those who
//! command), so that nobody between can put anything else there, and holds a secret by which both sides
//! prove that they know it. The secret itself is never sent.

use std::{fmt, str::FromStr};

use aws_lc_rs::{digest, hmac, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

use super::{
    keys::{KeyPin, hex},
    mint::Role,
};

/// How a token of this version begins; a later version has another number.
const PREFIX: &str = "mcoj1.";
const FAMILY: &str = "mcoj";

/// Bytes of the checksum, against a paste that lost or gained a letter.
const CHECKSUM: usize = 4;

/// STOMP's port.
const PORT: u16 = 61613;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    id: String,
    secret: Secret,
    role: Role,
    host: String,
    port: u16,
    ca: KeyPin,
    callers: Vec<String>,
}

/// What both sides know and nobody sends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secret {
    pub(super) fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }
}

/// A text that is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Some of it is missing or wrong.
    #[error("it is damaged: a letter is missing, or one too many")]
    Damaged,
    /// A later program made it.
    #[error("it was made by a newer version of this program, which is needed here too")]
    Newer,
    /// Anything else.
    #[error("a token begins with {PREFIX:?}")]
    Strange,
}

/// The words of a token.
#[derive(Serialize, Deserialize)]
struct Words {
    i: String,
    s: Secret,
    r: Role,
    b: String,
    a: String,
    c: Vec<String>,
}

impl Token {
    pub(super) fn new(
        role: Role,
        broker: &str,
        ca: KeyPin,
        callers: Vec<String>,
    ) -> Result<Self, TokenError> {
        let mut bytes = [0; 24];
        rand::fill(&mut bytes).map_err(|_| TokenError::Damaged)?;
        let (id, secret) = bytes.split_at(6);
        let (host, port) = split(broker).ok_or(TokenError::Strange)?;
        Ok(Self {
            id: hex(id),
            secret: Secret(BASE64.encode(secret)),
            role,
            host,
            port,
            ca,
            callers,
        })
    }

    /// What the broker calls it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// For whom it is.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The broker's name and port.
    pub fn broker(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The key of the authority.
    pub const fn ca(&self) -> KeyPin {
        self.ca
    }

    /// Whom a node is to obey.
    pub fn callers(&self) -> &[String] {
        &self.callers
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("id", &self.id)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let words = Words {
            i: self.id.clone(),
            s: self.secret.clone(),
            r: self.role,
            b: format!("{host}:{}", self.port),
            a: self.ca.to_string(),
            c: self.callers.clone(),
        };
        let mut bytes = serde_json::to_vec(&words).map_err(|_| fmt::Error)?;
        let sum = digest::digest(&digest::SHA256, &bytes);
        bytes.extend(sum.as_ref().iter().take(CHECKSUM));
        write!(f, "{PREFIX}{}", BASE64.encode(bytes))
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let Some(text) = text.strip_prefix(PREFIX) else {
            let newer = text
                .strip_prefix(FAMILY)
                .and_then(|rest| rest.split_once('.'));
            let newer = newer.is_some_and(|(n, _)| n.parse::<u32>().is_ok_and(|n| n > 1));
            return Err(if newer {
                TokenError::Newer
            } else {
                TokenError::Strange
            });
        };
        let bytes = BASE64.decode(text).map_err(|_| TokenError::Damaged)?;
        let at = bytes
            .len()
            .checked_sub(CHECKSUM)
            .ok_or(TokenError::Damaged)?;
        let (bytes, sum) = bytes.split_at(at);
        if !digest::digest(&digest::SHA256, bytes)
            .as_ref()
            .starts_with(sum)
        {
            return Err(TokenError::Damaged);
        }
        let words: Words = serde_json::from_slice(bytes).map_err(|_| TokenError::Damaged)?;
        let (host, port) = split(&words.b).ok_or(TokenError::Damaged)?;
        if !words.c.iter().all(|caller| is_plain(caller)) {
            return Err(TokenError::Damaged);
        }
        Ok(Self {
            id: words.i,
            secret: words.s,
            role: words.r,
            host,
            port,
            ca: words.a.parse().map_err(|_| TokenError::Damaged)?,
            callers: words.c,
        })
    }
}

/// Whether a caller is written so that it can become part of a line of a configuration.
pub(super) fn is_plain(caller: &str) -> bool {
    caller
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || ".-_@:=".contains(c))
}

/// `HOST`, `HOST:PORT`, or the same with an IPv6 address in brackets. What is in it becomes lines of a
/// configuration.
pub(super) fn split(broker: &str) -> Option<(String, u16)> {
    let (host, port) = match broker.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok().filter(|port| *port > 0)?)
        }
        _ => (broker, PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

/// Name and port of a broker as a person writes it.
pub fn broker_address(text: &str) -> Option<(String, u16)> {
    split(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        let pin: KeyPin = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        let callers = vec![format!("peadmin@{pin}")];
        Token::new(Role::Node, "broker.example.net:7000", pin, callers).unwrap()
    }

    #[test]
    fn a_token_is_a_word_that_reads_as_it_was_meant() {
        let token = token();
        let text = token.to_string();
        assert!(
            text.starts_with("mcoj1.") && text.len() < 600,
            "{}",
            text.len()
        );
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "{text}"
        );
        assert_eq!(text.parse::<Token>().unwrap(), token);
        assert_eq!(token.broker(), ("broker.example.net", 7000));
        assert!(!format!("{token:?}").contains(&token.secret.0));
        assert_ne!(token.secret, self::token().secret);
    }

    #[test]
    fn a_bad_paste_is_told_from_another_thing_and_from_a_later_version() {
        let text = token().to_string();
        for cut in [7, 20, text.len() - 1] {
            assert_eq!(
                text[..cut].parse::<Token>(),
                Err(TokenError::Damaged),
                "{cut}"
            );
        }
        let changed = text.replacen('e', "f", 1);
        assert_eq!(changed.parse::<Token>(), Err(TokenError::Damaged));
        assert_eq!("mcoj2.x".parse::<Token>(), Err(TokenError::Newer));
        for strange in ["", "x", "mcoj.x", "mcojx.y"] {
            assert_eq!(
                strange.parse::<Token>(),
                Err(TokenError::Strange),
                "{strange}"
            );
        }
    }

    #[test]
    fn a_broker_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, expected) in [
            ("broker", Some(("broker", 61613))),
            (
                "broker.example.net:7000",
                Some(("broker.example.net", 7000)),
            ),
            ("10.0.0.1:1", Some(("10.0.0.1", 1))),
            ("[fd00::1]:7000", Some(("fd00::1", 7000))),
            ("[fd00::1]", Some(("fd00::1", 61613))),
            ("fd00::1", Some(("fd00::1", 61613))),
            ("broker:0", None),
            ("broker:x", None),
            ("a b", None),
            ("a\nb", None),
            ("", None),
        ] {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(split(text), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_token_is_never_taken(at in 0_usize..1000, with in "[A-Za-z0-9_-]", text in ".{0,40}") {
            let word = token().to_string();
            let at = at % word.len();
            let mut damaged = word.clone();
            damaged.replace_range(at..=at, &with);
            proptest::prop_assert!(damaged == word || damaged.parse::<Token>().is_err());
            proptest::prop_assert!(word[..at].parse::<Token>().is_err(), "cut off");
            proptest::prop_assert!(text.parse::<Token>().is_err());
            let strange = [PREFIX, &text].concat();
            proptest::prop_assert!(strange.parse::<Token>().is_err(), "{}", strange);
        }
    }
}
