//! The tokens with which machines join: how long, how often, for which role and names they count.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{Authority, AuthorityError, check_name, entries, moment, record, seconds};
use crate::tls::{
    mint::{MintError, Role},
    token::{self, Secret, Token},
};

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct TokenOrder {
    /// For whom.
    pub role: Role,
    /// Which names may join: exact, or with `*` for any text; empty is any.
    pub names: Vec<String>,
    /// How many may.
    pub uses: u32,
    /// How long it counts.
    pub life: Duration,
    /// What to dial: `HOST:PORT`.
    pub broker: String,
    /// Whom a node that joins is to obey, as `plugin.pki.clients` has it.
    pub callers: Vec<String>,
}

/// A token as the authority knows it. It holds the secret, which no debug print shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenRecord {
    id: String,
    pub(super) secret: Secret,
    role: Role,
    names: Vec<String>,
    pub(super) uses: u32,
    #[serde(default)]
    pub(super) created: u64,
    expires: u64,
    /// Nothing in records that were made before these were kept.
    #[serde(default)]
    broker: String,
    #[serde(default)]
    callers: Vec<String>,
}

impl TokenRecord {
    /// What it is called.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// For whom.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Which names may join; empty is any.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many may still join.
    pub const fn uses_left(&self) -> u32 {
        self.uses
    }

    /// When it ends.
    pub fn expires(&self) -> SystemTime {
        moment(self.expires)
    }

    /// Whether who joins with it dials this broker, and obeys these callers.
    pub fn leads_to(&self, broker: &str, callers: &[String]) -> bool {
        let ours: BTreeSet<&String> = self.callers.iter().collect();
        self.broker.is_empty() || (self.broker == broker && ours == callers.iter().collect())
    }

    /// Whether anybody may still join with it.
    pub fn is_live(&self) -> bool {
        self.is_live_at(SystemTime::now())
    }

    pub(super) fn is_live_at(&self, now: SystemTime) -> bool {
        self.uses > 0 && now < self.expires()
    }

    /// Whether it is for this name.
    pub(super) fn admits(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|pattern| fits(pattern, name))
    }
}

impl Authority {
    /// Makes a token.
    pub fn create_token(&self, order: &TokenOrder) -> Result<Token, AuthorityError> {
        self.create_token_at(order, SystemTime::now())
    }

    pub(crate) fn create_token_at(
        &self,
        order: &TokenOrder,
        now: SystemTime,
    ) -> Result<Token, AuthorityError> {
        for pattern in &order.names {
            check_name(&pattern.replace('*', "x"))?;
        }
        let bad = match order {
            TokenOrder {
                role: Role::Broker, ..
            } => Some("nobody becomes a broker by one"),
            TokenOrder { uses: 0, .. } => Some("nobody could use it"),
            order if order.life.is_zero() => Some("it would be over at once"),
            order if order.life > LONGEST => Some("it would count for more than ten years"),
            order if token::broker_address(&order.broker).is_none() => {
                Some("the broker's address is not HOST:PORT")
            }
            order if !order.callers.iter().all(|caller| token::is_plain(caller)) => {
                Some("a caller in it is written as none can be")
            }
            _ => None,
        };
        if let Some(why) = bad {
            return Err(AuthorityError::Order(why));
        }
        let token = Token::new(order.role, &order.broker, self.pin, order.callers.clone())
            .map_err(|_| AuthorityError::Mint(MintError::Random))?;
        let kept = TokenRecord {
            id: token.id().to_owned(),
            secret: token.secret().clone(),
            role: order.role,
            names: order.names.clone(),
            uses: order.uses,
            created: seconds(now),
            expires: seconds(now + order.life),
            broker: order.broker.clone(),
            callers: order.callers.clone(),
        };
        let _lock = self.lock()?;
        if order.role == Role::Client {
            // A pattern is no name yet.
            for name in order.names.iter().filter(|name| !name.contains('*')) {
                self.refuse_a_nodes(name, now)?;
            }
        }
        self.keep_token(&kept)?;
        Ok(token)
    }

    /// All tokens, also those that count no more.
    pub fn tokens(&self) -> Result<Vec<TokenRecord>, AuthorityError> {
        let paths = entries(&self.dir.join("tokens"))?;
        paths.iter().map(|path| record(path)).collect()
    }

    /// One token; none where there is none of this name, or it can't be a token's.
    pub(super) fn token(&self, id: &str) -> Result<Option<TokenRecord>, AuthorityError> {
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let path = self.dir.join("tokens").join(format!("{id}.json"));
        match record(&path) {
            Ok(token) => Ok(Some(token)),
            Err(AuthorityError::File(error)) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a token away; whether there was one.
    pub fn revoke_token(&self, id: &str) -> Result<bool, AuthorityError> {
        let _lock = self.lock()?;
        if self.token(id)?.is_none() {
            return Ok(false);
        }
        let path = self.dir.join("tokens").join(format!("{id}.json"));
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(source) => Err(AuthorityError::Io {
                what: "remove",
                path,
                source,
            }),
        }
    }

    pub(super) fn keep_token(&self, token: &TokenRecord) -> Result<(), AuthorityError> {
        let path = self.dir.join("tokens").join(format!("{}.json", token.id));
        self.put_record(&path, token)
    }
}

/// Whether a name is like a pattern, in which `*` stands for any text. Case counts not, as in DNS.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whoever finds a token later than this should find nothing.
const LONGEST: Duration = Duration::from_hours(24 * 3653);

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("web1", "web1", true),
            ("web1", "WEB1", true),
            ("web1", "web10", false),
            ("web*", "web10", true),
            ("web*", "my-web1", false),
            ("*.example.net", "a.b.example.net", true),
            ("*.example.net", "example.net", false),
            ("web*.example.*", "web1.example.org", true),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
            ("*", "anything", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
