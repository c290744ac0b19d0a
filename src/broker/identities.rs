//! Which connection bears which identity: one each, and the newest wins.
//!
//! An older connection is most often dead and has not noticed. Where both are alive they replace
//! each other again and again, which is reported: usually an old daemon runs beside the agent.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::table::ConnectionId;

/// Replacements within this time are flapping.
const FLAPPING: Duration = Duration::from_mins(2);

/// All identities that are connected.
#[derive(Debug, Default)]
pub(crate) struct Identities(HashMap<Arc<str>, Bearer>);

#[derive(Debug)]
struct Bearer {
    connection: ConnectionId,
    /// When it replaced another.
    replaced: Option<Instant>,
}

/// What a claim leads to.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The identity as it is kept here, so that all share one text.
    pub(crate) identity: Arc<str>,
    /// The connection did not bear it before.
    pub(crate) is_new: bool,
    /// The connection that bore it, and has to go.
    pub(crate) replaced: Option<ConnectionId>,
}

impl Identities {
    /// Makes a connection the bearer of an identity.
    pub(crate) fn claim(&mut self, id: ConnectionId, identity: &str, now: Instant) -> Claim {
        let known = self.0.get_key_value(identity);
        let (identity, replaced) = match known {
            Some((identity, bearer)) if bearer.connection == id => {
                return Claim {
                    identity: Arc::clone(identity),
                    is_new: false,
                    replaced: None,
                };
            }
            Some((identity, bearer)) => {
                bearer.report(identity, now);
                (Arc::clone(identity), Some(bearer.connection))
            }
            None => (identity.into(), None),
        };
        let bearer = Bearer {
            connection: id,
            replaced: replaced.map(|_| now),
        };
        self.0.insert(Arc::clone(&identity), bearer);
        Claim {
            identity,
            is_new: true,
            replaced,
        }
    }

    /// A connection is gone; nothing happens where a newer one bears the identity.
    pub(crate) fn release(&mut self, id: ConnectionId, identity: &str) {
        if self.0.get(identity).is_some_and(|b| b.connection == id) {
            self.0.remove(identity);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Bearer {
    fn report(&self, identity: &str, now: Instant) {
        if self.replaced.is_some_and(|at| now < at + FLAPPING) {
            tracing::warn!(
                "{identity} keeps connecting from two places; is an old daemon still running \
                 beside the agent, or does another machine bear the same identity?"
            );
        } else {
            tracing::info!("a newer connection of {identity} replaces an older one");
        }
    }
}
