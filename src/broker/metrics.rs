//! Counters. Relaxed atomics: each is exact, none is ordered with another.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What a broker has done since it started.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[$doc])* pub(crate) $name: Counter,)*
        }

        impl Metrics {
            /// Every counter with its name.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.value()),)*]
            }
        }
    };
}

metrics! {
    /// Connections accepted.
    accepted,
    /// Connections turned away at a limit.
    refused,
    /// Connections open now.
    connections,
    /// TLS handshakes that failed or took too long.
    handshakes_failed,
    /// Sessions opened by a CONNECT frame.
    sessions,
    /// Frames received.
    frames,
    /// SEND frames routed.
    sends,
    /// Copies queued for connections.
    deliveries,
    /// ERROR frames for what a peer's role does not allow.
    denied,
    /// Connections cut because they took their messages too slowly.
    slow,
    /// Connections cut because they fell silent.
    dead,
    /// Connections that a newer one of the same identity replaced.
    replaced,
    /// Messages that were put into a queue to wait.
    held,
    /// Held messages that expired.
    expired,
    /// Messages dropped because a queue or a budget was full.
    shed,
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Relaxed);
    }

    /// The new value, for those who report only some.
    pub(crate) fn increase(&self) -> u64 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn decrease(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
