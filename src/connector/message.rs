//! What goes over a connection, and what its owner hears of.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::error::{Address, Error};
use crate::{
    mcorpc::names::Identity,
    stomp::{Headers, Version, destination::Destination},
};

/// A message on its way out.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Where to.
    pub destination: String,
    /// The headers, without `destination`, `mc_identity`, `receipt` and those of the content.
    /// `mc_sender` and `priority` are added where they are not among them.
    pub headers: Vec<(String, String)>,
    /// The nodes that a directed message is for; empty for everything else. How many of them one
    /// SEND may name depends on the broker, so the connection writes as many SENDs as it takes.
    pub targets: Vec<Identity>,
    /// The body.
    pub body: Bytes,
    /// Whether to wait until the broker says that it has handled the message.
    pub receipt: bool,
    /// How long to wait for a connection, for the socket and for the receipt. None is for ever.
    pub deadline: Option<Instant>,
}

impl Outgoing {
    /// Whether it asks something of nodes.
    pub(super) fn is_request(&self) -> bool {
        matches!(
            Destination::parse(&self.destination),
            Some(
                Destination::Agent { .. } | Destination::Agents { .. } | Destination::Nodes { .. }
            )
        )
    }
}

/// A moment by the clock of our own broker. Only moments of one session can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerTime {
    /// Which of a connection's sessions it belongs to; later ones have higher numbers.
    pub session: u64,
    /// Milliseconds since the broker's start.
    pub ms: u64,
}

/// The broker has handled a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// When, where the broker says so (ours does).
    pub at: Option<BrokerTime>,
    /// For how many nodes a copy was queued, where the broker says so (ours does).
    pub deliveries: Option<u64>,
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it was sent to.
    pub destination: String,
    /// Where an answer goes.
    pub reply_to: Option<String>,
    /// All its headers.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
    /// When the broker took it from its sender, where the broker says so.
    pub taken: Option<BrokerTime>,
    /// The name in the certificate of the connection that sent a request and the address from which it
    /// came, `peadmin@192.0.2.7`, where the broker says so (ours does).
    pub from: Option<String>,
    /// Our own broker says this itself, and did not pass it on.
    pub is_brokers: bool,
}

/// The broker at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its host, as configured.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What it calls itself, such as `mcollective/0.1.0` or `ActiveMQ/5.15.0`.
    pub server: Option<String>,
    /// The version of STOMP agreed on.
    pub version: Version,
    /// When it opened the session, where it says so.
    pub opened: Option<BrokerTime>,
    /// When it was asked to: that it did so was on its way since then at most.
    pub asked: std::time::Instant,
}

impl ServerInfo {
    /// Whether it is our own broker, which knows presence, deliveries and groups of identities.
    pub fn is_ours(&self) -> bool {
        self.server.as_deref().is_some_and(is_ours)
    }

    /// Host and port.
    pub fn address(&self) -> Address {
        Address {
            host: self.host.clone(),
            port: self.port,
        }
    }
}

/// Whether a `server` header is our own broker's.
pub(super) fn is_ours(server: &str) -> bool {
    server.starts_with("mcollective/")
}

/// What happens on a connection.
#[derive(Clone, Debug)]
pub enum Event {
    /// The broker has told its time, as it was asked to.
    Time(BrokerTime),
    /// A session is open, and every subscription stands.
    Connected(ServerInfo),
    /// There is no session, or no longer.
    Disconnected {
        /// Why.
        error: Error,
        /// When the next attempt is made; none where we gave up.
        retry_in: Option<Duration>,
    },
    /// A message for one of our subscriptions.
    Message(Message),
    /// The broker did not like something. It usually ends the session after it.
    BrokerError {
        /// Its words.
        message: String,
    },
}
