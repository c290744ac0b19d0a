//! What `plugin.activemq.*` and `plugin.rabbitmq.*` say.

use std::{fmt, time::Duration};

use crate::tls;

/// How to reach a broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whose addresses to use.
    pub dialect: Dialect,
    /// Brokers, tried in order.
    pub pool: Vec<Server>,
    /// Shuffle the pool at each failover.
    pub randomize: bool,
    /// Wait before the first attempt to reconnect.
    pub initial_reconnect_delay: Duration,
    /// The longest wait between attempts.
    pub max_reconnect_delay: Duration,
    /// What each wait is multiplied with; 1 where exponential back-off is off.
    pub back_off_multiplier: f64,
    /// Attempts before giving up; 0 is for ever.
    pub max_reconnect_attempts: u32,
    /// For TCP, TLS and the CONNECTED frame together.
    pub connect_timeout: Duration,
    /// How often either side sends something; zero is never.
    pub heartbeat_interval: Duration,
    /// The `host` header.
    pub vhost: String,
    /// Bodies are base64.
    pub base64: bool,
    /// The `priority` header, where above 0.
    pub priority: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dialect: Dialect::Activemq,
            pool: Vec::new(),
            randomize: false,
            initial_reconnect_delay: Duration::from_millis(10),
            max_reconnect_delay: Duration::from_secs(30),
            back_off_multiplier: 2.0,
            max_reconnect_attempts: 0,
            connect_timeout: Duration::from_secs(30),
            heartbeat_interval: Duration::from_secs(30),
            vhost: "mcollective".into(),
            base64: false,
            priority: 0,
        }
    }
}

/// Whose addresses to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Topics, and one queue with a selector per node. Our own broker's too.
    Activemq,
    /// Exchanges, and temporary queues for replies.
    Rabbitmq,
}

/// One broker of the pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Login; empty sends none.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// TLS, or plain TCP.
    pub tls: Option<tls::Files>,
}

/// A text that no log and no debug print shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
