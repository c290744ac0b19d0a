//! How a process reaches a broker: session rules, TLS, the pool and its back-off.
//!
//! [`Connection`] is what agent and client hold. Behind it runs one task, `link`, which makes
//! attempts over the `pool` with waits by `backoff`; `dial` opens a stream; `wire` moves bytes between
//! the stream, the `session` (sans-IO: STOMP's rules, and the subscriptions that outlive a
//! connection) and the owner; `handover` puts a new connection in the place of one that works.
//! [`activemq`] has the addresses and headers. What goes wrong is told apart in `problem`, with what to
//! do about it in `hint`; `classify` translates from rustls. `enrol` is not about messages: it asks a
//! broker that has the authority for a certificate.
//!
//! What a body means is left to `security`; which messages to send, to the engines.

pub mod activemq;
mod backoff;
mod classify;
mod connection;
mod dial;
pub mod enrol;
mod error;
mod handover;
mod hint;
mod link;
mod message;
mod outbound;
mod pool;
mod problem;
mod session;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
mod wire;

pub use connection::{Connection, Policy};
pub use error::{Address, Error, Kind};
pub use message::{BrokerTime, Event, Message, Outgoing, Receipt, ServerInfo};
pub use problem::{Alert, Distrust, Problem, Stage};
pub use settings::{Dialect, Secret, Server, Settings};
