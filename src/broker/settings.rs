//! What a broker is told: plain data, filled by the configuration, read by everything here.
//!
//! The limits, with their defaults, are the configuration's own.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use rustls_pki_types::CertificateDer;

pub use crate::config::{Limits, NamePattern, SlowConsumer};
use crate::tls::{Server, authority::Authority};

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
    /// The authority that takes in those who join, where it is ours.
    pub authority: Option<Arc<Authority>>,
    /// The revocation list that agents are told of.
    pub revocations: Option<Bytes>,
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
            authority: None,
            revocations: None,
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
    pub server: Arc<ArcSwap<Server>>,
    /// Who presents a certificate.
    pub peer_name: PeerName,
    /// Whether that certificate is a node's, whatever its name.
    pub is_nodes: fn(&CertificateDer<'_>) -> bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The name in a certificate; `None` where it has none that could be used.
pub type PeerName = fn(&CertificateDer<'_>) -> Option<String>;

/// How long things may take that no limit says.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How long a queue keeps a message that doesn't say.
    pub default_life: Duration,
    /// The longest that a queue keeps any message.
    pub max_life: Duration,
    /// The shortest heart-beat that is agreed to.
    pub heartbeat_floor: Duration,
    /// A client that takes nothing for so long is gone. Longer than for a node: a person may look
    /// at a page of its output meanwhile.
    pub client_write: Duration,
    /// How long peers have to take the last words when the broker stops.
    pub grace: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            default_life: Duration::from_mins(1),
            max_life: Duration::from_mins(10),
            heartbeat_floor: Duration::from_secs(1),
            client_write: Duration::from_mins(10),
            grace: Duration::from_secs(3),
        }
    }
}
