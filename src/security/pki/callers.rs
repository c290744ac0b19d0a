//! Who may command: `plugin.pki.clients`.
//!
//! A caller is known by its key (`peadmin@sha256:...`), by a certificate of the callers' own
//! authority, or, where there is neither, by its name under the one authority. Names are literal:
//! no pattern ever turns a node's certificate into a commander's.

use std::{fmt, str::FromStr};

use super::chain::Holder;
use crate::{
    mcorpc::names::CallerId,
    tls::{KeyPin, is_name},
};

/// One who may command: `NAME`, `NAME=caller`, `NAME@sha256:HEX` or `NAME@sha256:HEX=caller`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRule {
    /// The certificate's common name.
    pub name: String,
    /// The certificate's key, where it is pinned.
    pub pin: Option<KeyPin>,
    /// What it is known as to policies, without `cert=`; its common name if not said.
    pub known_as: Option<String>,
}

/// A text that is not a list of callers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A name given twice, and it can't be said which rule counts.
    #[error("{0:?} is listed twice with different meaning")]
    Ambiguous(String),
    /// A name that no certificate or caller has.
    #[error("{item:?}: {name:?} is not a name; letters, digits, `_`, `.` and `-` are")]
    Name {
        /// The item.
        item: String,
        /// The part that is wrong.
        name: String,
    },
    /// What follows `@` is no key pin.
    #[error("{item:?}: what follows `@` must be `sha256:` and 64 hexadecimal digits")]
    Pin {
        /// The item.
        item: String,
    },
    /// A name both pinned and not, so that the pin is worth nothing.
    #[error("{0:?} is listed with a key and without; without, any key would do: remove that item")]
    Unpinned(String),
}

impl CallerRule {
    /// A list with commas between.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, RuleError> {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        let rules: Vec<Self> = items.map(str::parse).collect::<Result<_, _>>()?;
        for (i, rule) in rules.iter().enumerate() {
            for other in rules
                .iter()
                .skip(i + 1)
                .filter(|other| other.name == rule.name)
            {
                if other.pin.is_some() != rule.pin.is_some() {
                    return Err(RuleError::Unpinned(rule.name.clone()));
                }
                // Several keys of one caller are fine: that is how a key is changed.
                if other.pin == rule.pin && other.known_as != rule.known_as {
                    return Err(RuleError::Ambiguous(rule.name.clone()));
                }
            }
        }
        Ok(rules)
    }

    /// What it is known as to policies.
    pub fn caller(&self) -> String {
        format!("cert={}", self.known_as.as_ref().unwrap_or(&self.name))
    }
}

impl FromStr for CallerRule {
    type Err = RuleError;

    fn from_str(item: &str) -> Result<Self, RuleError> {
        let (holder, known_as) = match item.split_once('=') {
            Some((holder, known_as)) => (holder.trim(), Some(known_as.trim())),
            None => (item, None),
        };
        let (name, pin) = match holder.split_once('@') {
            Some((name, pin)) => (name, Some(pin)),
            None => (holder, None),
        };
        for name in [Some(name), known_as].into_iter().flatten() {
            if !is_name(name) {
                let (item, name) = (item.to_owned(), name.to_owned());
                return Err(RuleError::Name { item, name });
            }
        }
        let pin = pin.map(str::parse).transpose().map_err(|_| {
            let item = item.to_owned();
            RuleError::Pin { item }
        })?;
        Ok(Self {
            name: name.to_owned(),
            pin,
            known_as: known_as.map(str::to_owned),
        })
    }
}

impl fmt::Display for CallerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(pin) = &self.pin {
            write!(f, "@{pin}")?;
        }
        self.known_as
            .iter()
            .try_for_each(|name| write!(f, "={name}"))
    }
}

/// What the holder is known as, if it may command. `apart`: callers have an authority of their
/// own, and then nobody else's word is enough for a name without a pin.
pub(super) fn judge(rules: &[CallerRule], holder: &Holder, apart: bool) -> Option<CallerId> {
    let rule = rules.iter().find(|rule| {
        rule.name == holder.name
            && match rule.pin {
                Some(pin) => pin == holder.pin,
                None => holder.by_client_ca || !apart,
            }
    })?;
    CallerId::new(rule.caller()).ok()
}

/// Whether somebody of the holder's name may command, with another key or by another authority.
pub(super) fn resembles(rules: &[CallerRule], holder: &Holder) -> bool {
    rules.iter().any(|rule| rule.name == holder.name)
}

/// What the holder of this name and key calls itself as a caller.
pub(super) fn command_name(rules: &[CallerRule], name: &str, pin: KeyPin) -> String {
    rules
        .iter()
        .find(|rule| rule.name == name && rule.pin.is_none_or(|other| other == pin))
        .map_or_else(|| format!("cert={name}"), CallerRule::caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_forms_are_read_and_written() {
        let pin = format!("sha256:{}", "0a".repeat(32));
        let text = format!("peadmin, pe-x=peadmin-public ,a.b@{pin},c@{pin}=d,");
        let rules = CallerRule::parse_list(&text).unwrap();
        let written: Vec<_> = rules.iter().map(ToString::to_string).collect();
        let expected = [
            "peadmin".into(),
            "pe-x=peadmin-public".into(),
            format!("a.b@{pin}"),
            format!("c@{pin}=d"),
        ];
        assert_eq!(written, expected);
        assert_eq!(rules[1].caller(), "cert=peadmin-public");
        assert_eq!(rules[3].caller(), "cert=d");
        assert_eq!(CallerRule::parse_list(" "), Ok(vec![]));
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        let pin = format!("sha256:{}", "0a".repeat(32));
        for bad in [
            "/pe.*/",
            "a b",
            "*",
            "=x",
            "a=",
            "a=cert=b",
            "a@",
            "a@md5:00",
            "@sha256:00",
        ] {
            assert!(CallerRule::parse_list(bad).is_err(), "{bad:?}");
        }
        let list = |text: &str| CallerRule::parse_list(text);
        assert_eq!(
            list(&format!("a,a@{pin}")),
            Err(RuleError::Unpinned("a".into()))
        );
        assert_eq!(list("a=x,a=y"), Err(RuleError::Ambiguous("a".into())));
        let other = pin.replace("0a", "0b");
        assert!(list(&format!("a@{pin},a@{other}")).is_ok());
    }
}
