//! What a broker is told: plain data, filled by the configuration, read by everything here.
//!
//! The defaults suit one process that carries 20,000 nodes.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rustls_pki_types::CertificateDer;

pub use crate::config::NamePattern;
use crate::stomp;

/// Everything about one broker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the broker calls itself, in presence answers and session names.
    pub name: String,
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Who may command.
    pub clients: Vec<NamePattern>,
    /// Who is a node. Empty: everybody with a valid certificate who is not in `clients`.
    pub nodes: Vec<NamePattern>,
    /// In which collectives: the first entry that a name matches counts, and a name that matches
    /// none may use all.
    pub collectives: Vec<(NamePattern, Vec<String>)>,
    /// A node's `mc_sender` and `mc_identity` must be its TLS name. Off where the nodes share a
    /// certificate; never applied to a plain listener, where names prove nothing.
    pub identity_check: bool,
    /// What one peer, one queue and everybody together may use.
    pub limits: Limits,
    /// How long things may take.
    pub times: Times,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "mcollective".into(),
            listen: Vec::new(),
            clients: Vec::new(),
            nodes: Vec::new(),
            collectives: Vec::new(),
            identity_check: true,
            limits: Limits::default(),
            times: Times::default(),
        }
    }
}

/// One address to listen on.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// `None` is plain TCP: nothing is encrypted, the login is believed without proof, and
    /// everybody may be both node and client. For tests, and for a trusted machine's own use.
    pub tls: Option<Tls>,
}

/// How a listener does TLS.
#[derive(Clone)]
pub struct Tls {
    /// Looked up for each connection, so that certificates and revocations can be reloaded.
    pub config: Arc<ArcSwap<rustls::ServerConfig>>,
    /// Who presents a certificate.
    pub peer_name: PeerName,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The name in a certificate; `None` where it has none that could be used.
pub type PeerName = fn(&CertificateDer<'_>) -> Option<String>;

/// What may be used up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One frame.
    pub frame: stomp::Limits,
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address; 0 is no limit, as a site behind one translated address is common.
    pub connections_per_address: usize,
    /// Connections of one node's certificate, where identities are checked.
    pub connections_per_node: usize,
    /// TLS handshakes under way.
    pub handshakes: usize,
    /// Subscriptions of one connection.
    pub subscriptions: usize,
    /// Bytes waiting to be written to one connection.
    pub outbound: usize,
    /// Messages held in one queue.
    pub queue_messages: usize,
    /// Bytes held in one queue.
    pub queue_bytes: usize,
    /// Bytes that one node may have held in all queues, so that none can fill them alone.
    pub node_bytes: usize,
    /// Bytes held in all queues.
    pub total_bytes: usize,
    /// Queues at once.
    pub queues: usize,
    /// Bytes of large bodies being received.
    pub receiving: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            frame: stomp::Limits::default(),
            connections: 30_000,
            connections_per_address: 0,
            connections_per_node: 8,
            handshakes: 512,
            subscriptions: 1024,
            outbound: 4 * MIB,
            queue_messages: 100_000,
            queue_bytes: 64 * MIB,
            node_bytes: 4 * MIB,
            total_bytes: 256 * MIB,
            queues: 200_000,
            receiving: 256 * MIB,
        }
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the first byte of a TLS handshake to the CONNECT frame.
    pub connect: Duration,
    /// How long a queue keeps a message that doesn't say.
    pub default_life: Duration,
    /// The longest that a queue keeps any message.
    pub max_life: Duration,
    /// The shortest heart-beat that is agreed to.
    pub heartbeat_floor: Duration,
    /// A peer that takes nothing for so long is gone.
    pub write: Duration,
    /// A large body has to be there after so long.
    pub body: Duration,
    /// How long a sender waits for room in a client's full queue.
    pub stall: Duration,
    /// How long peers have to take the last words when the broker stops.
    pub grace: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            default_life: Duration::from_mins(1),
            max_life: Duration::from_mins(10),
            heartbeat_floor: Duration::from_secs(1),
            write: Duration::from_secs(30),
            body: Duration::from_mins(2),
            stall: Duration::from_secs(5),
            grace: Duration::from_secs(3),
        }
    }
}
