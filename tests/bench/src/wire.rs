//! What a fleet says to a broker and hears from it, in STOMP or for NATS.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};

use crate::Result;

mod nats;
mod stomp;

/// The agents of each node besides `discovery`: with the node's own queue seven subscriptions.
const AGENTS: [&str; 6] = [
    "discovery",
    "rpcutil",
    "puppet",
    "package",
    "service",
    "shell",
];

/// How many subscriptions a node has.
pub(crate) const SUBSCRIPTIONS: usize = AGENTS.len() + 1;

const COLLECTIVE: &str = "mcollective";

/// How long a message is worth delivering.
const LIFE: Duration = Duration::from_secs(70);

/// The broker's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// With the addresses of the activemq connector.
    Stomp,
    Nats,
}

/// What came from the broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// The broker's first words.
    Welcome,
    /// Everything that was sent before has been taken in.
    Settled,
    Message {
        /// Where an answer is awaited.
        reply_to: Option<String>,
        body: Bytes,
    },
    /// The broker wants a sign of life.
    Ping,
    Refused(String),
    /// A heart-beat, or something else that nobody waits for.
    Other,
}

/// Takes what came off a buffer.
pub(crate) enum Decoder {
    Stomp(Box<mcollective::stomp::Decoder>),
    Nats,
}

impl Decoder {
    pub(crate) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Stomp => Self::Stomp(Box::default()),
            Dialect::Nats => Self::Nats,
        }
    }

    /// The next thing, or `None` until more bytes are there.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>> {
        match self {
            Self::Stomp(decoder) => stomp::next(decoder, buffer),
            Self::Nats => nats::next(buffer),
        }
    }
}

impl Dialect {
    /// The first words of a connection.
    pub(crate) fn connect(self, tls: bool, heartbeat: Duration) -> Bytes {
        match self {
            Self::Stomp => stomp::connect(heartbeat),
            Self::Nats => nats::connect(tls),
        }
    }

    /// All that a node subscribes to; the broker's answer is [`Incoming::Settled`].
    pub(crate) fn node_subscriptions(self, identity: &str) -> Vec<u8> {
        match self {
            Self::Stomp => stomp::node_subscriptions(identity),
            Self::Nats => nats::node_subscriptions(identity),
        }
    }

    /// The client's subscription to its reply address, answered alike.
    pub(crate) fn client_subscription(self, reply_to: &str) -> Vec<u8> {
        match self {
            Self::Stomp => stomp::client_subscription(reply_to),
            Self::Nats => nats::client_subscription(reply_to),
        }
    }

    /// The client's own address.
    pub(crate) fn reply_address(self) -> String {
        let pid = std::process::id();
        match self {
            Self::Stomp => format!("/queue/{COLLECTIVE}.reply.client_{pid}.1"),
            Self::Nats => format!("{COLLECTIVE}.reply.client.{pid}"),
        }
    }

    /// Adds a request: to all nodes, or to one.
    pub(crate) fn request(self, out: &mut Vec<u8>, to: Option<&str>, reply_to: &str, body: &[u8]) {
        match self {
            Self::Stomp => stomp::request(out, to, reply_to, body),
            Self::Nats => nats::request(out, to, reply_to, body),
        }
    }

    /// Adds a node's reply.
    pub(crate) fn reply(self, out: &mut Vec<u8>, identity: &str, to: &str, body: &[u8]) {
        match self {
            Self::Stomp => stomp::reply(out, identity, to, body),
            Self::Nats => nats::publish(out, to, "", body),
        }
    }

    /// A sign of life.
    pub(crate) const fn heartbeat(self) -> &'static [u8] {
        match self {
            Self::Stomp => b"\n",
            Self::Nats => b"PING\r\n",
        }
    }

    /// The answer to [`Incoming::Ping`].
    pub(crate) const fn pong(self) -> &'static [u8] {
        match self {
            Self::Stomp => b"",
            Self::Nats => b"PONG\r\n",
        }
    }
}

/// Milliseconds since 1970, for `timestamp` and `expires`.
fn now_ms() -> u128 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis())
}
