//! A peer as the router knows it, and what may be refused to it.

use std::{net::SocketAddr, sync::Arc};

use super::{
    effect::Open,
    outbound::Outbound,
    queue::Sender,
    table::{ConnectionId, Subscription},
};

/// A peer as the router knows it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: Arc<str>,
    pub(crate) is_client: bool,
    /// The name is also the only identity that it may bear.
    pub(crate) checked: bool,
    pub(crate) pki: bool,
    /// Tells its process from others that bear the same identity.
    pub(crate) process: Option<u64>,
    pub(crate) from: SocketAddr,
    /// Seconds since 1970, for presence.
    pub(crate) since: u64,
    pub(crate) outbound: Arc<Outbound>,
    /// Which nodes it is.
    pub(crate) identities: Vec<Arc<str>>,
    pub(crate) subscriptions: Vec<Arc<Subscription>>,
}

impl Peer {
    pub(crate) fn new(open: &Open, from: SocketAddr, since: u64, outbound: Arc<Outbound>) -> Self {
        let grant = &open.grant;
        Self {
            name: Arc::clone(&grant.name),
            is_client: grant.is_client(),
            checked: grant.checked,
            pki: open.pki,
            process: open.process,
            from,
            since,
            outbound,
            identities: Vec::new(),
            subscriptions: Vec::new(),
        }
    }

    /// Whether connections of its name are limited: a stolen key must not take all places.
    pub(crate) const fn is_counted(&self) -> bool {
        self.checked && !self.is_client
    }

    /// The peer as a sender to queues.
    pub(crate) fn as_sender(&self, connection: ConnectionId) -> Sender<'_> {
        Sender {
            connection,
            is_client: self.is_client,
            outbound: &self.outbound,
        }
    }
}

/// What the router can't do for a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("a node may have at most {0} connections; is its agent started again and again?")]
    Crowd(usize),
    /// The connection was replaced or cut in the meantime.
    #[error("the session is over")]
    Gone,
    #[error("{0} belongs to another client, which subscribed first")]
    Owned(String),
    #[error("a connection may have at most {0} subscriptions")]
    TooMany(usize),
}
