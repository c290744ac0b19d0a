//! The broker: routes STOMP frames between nodes and clients, and never looks into a body.
//!
//! A frame's way: `connection` (one task each) reads and decodes, `session` checks and says what is
//! to be done, `router` finds the receivers, `outbound` carries it to their connections.
//! Around these: `listener` and `doors` let connections in, `access` knows roles, `table` topics, `queue` what
//! waits, `identities` which node is where, `message` the bytes that receivers share, `presence`
//! and `report` what is answered about the broker itself, `join` gives certificates to those who come for one,
//! and `revocations` tells agents which count no more.
//!
//! Lock order: the router's before an outbound's; neither is held over an await.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::interval};

mod access;
mod configured;
mod connection;
mod control;
mod doors;
mod effect;
mod fault;
mod fields;
mod hub;
mod identities;
mod inlet;
mod join;
mod listener;
mod message;
mod metrics;
mod outbound;
mod peer;
mod pipe;
mod presence;
mod queue;
mod reload;
mod report;
mod revocations;
mod router;
mod session;
pub mod settings;
mod table;

pub use configured::LoadError;
pub use control::Control;
pub use inlet::Inlet;
pub use metrics::Metrics;
pub use settings::Settings;

use hub::Hub;
use listener::Listener;

/// How often expired messages are swept out, and what the log left out is told.
const SWEEP: Duration = Duration::from_secs(5);

/// Why a broker can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address can't be listened on.
    #[error(
        "can't listen on {address}: {source}; is another broker running, or the address not this \
         machine's?"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No address is given.
    #[error("no address to listen on is configured")]
    NoAddress,
}

/// A broker that listens.
#[derive(Debug)]
pub struct Broker {
    hub: Arc<Hub>,
    listeners: Vec<Listener>,
}

impl Broker {
    /// Binds all addresses. Has to be called within a tokio runtime.
    pub fn bind(settings: Settings) -> Result<Self, Error> {
        if settings.listen.is_empty() {
            return Err(Error::NoAddress);
        }
        let listeners: Result<_, _> = settings.listen.iter().map(Listener::bind).collect();
        Ok(Self {
            listeners: listeners?,
            hub: Arc::new(Hub::new(settings)),
        })
    }

    /// The addresses, with the ports that were chosen.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .map(|listener| listener.address)
            .collect()
    }

    /// The counters, also while it runs.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.hub.metrics)
    }

    /// Another way in than the listeners, also while it runs.
    pub fn inlet(&self) -> Inlet {
        Inlet::new(Arc::clone(&self.hub))
    }

    /// A handle to it, also while it runs.
    pub fn control(&self) -> Control {
        let hub = Arc::clone(&self.hub);
        Control { hub }
    }

    /// Serves until `shutdown` is ready; then says so to every peer, and gives them a short time to
    /// take it.
    pub async fn run(self, shutdown: impl Future) {
        let hub = self.hub;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut listeners = JoinSet::new();
        for listener in self.listeners {
            listeners.spawn(listener.run(Arc::clone(&hub), stopped.clone()));
        }
        drop(stopped);
        let mut sweep = interval(SWEEP);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                _ = &mut shutdown => break,
                now = sweep.tick() => {
                    hub.router().handle_timeout(now.into_std());
                    hub.refusals.tell(now);
                }
            }
        }
        tracing::info!(
            "stopping: telling {} connections",
            hub.metrics.connections.value()
        );
        hub.router().end_all(&fault::goodbye_frame());
        stop.send_replace(true);
        let drained = async { while listeners.join_next().await.is_some() {} };
        let grace = hub.rules().settings.times.grace;
        if tokio::time::timeout(grace, drained).await.is_err() {
            tracing::warn!("some peers did not take the broker's last words in time");
        }
        hub.refusals.tell_rest();
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
