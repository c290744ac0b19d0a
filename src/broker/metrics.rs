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
    /// Connections open now.
    connections,
    /// Connections accepted.
    accepted,
    /// Sessions opened by a CONNECT frame.
    sessions,
    /// Frames received.
    frames,
    /// SEND frames routed.
    sends,
    /// Copies queued for connections.
    deliveries,
    /// Messages that were put into a queue to wait.
    held,
    /// Held messages that expired.
    expired,
    /// Requests dropped because they came when nobody waited for them any more.
    late,
    /// Connections that a newer one of the same identity replaced.
    replaced,
    /// Those among them that came soon after another of the same identity.
    flapping,
    /// ERROR frames for what a peer's role does not allow.
    denied,
    /// Sessions ended because of rules or certificates that were read again.
    reload_cuts,
    /// Connections cut because they fell silent.
    dead,
    /// Connections closed at `limit.connections`.
    refused_connections,
    /// Connections closed at `limit.connections_per_address`.
    refused_per_address,
    /// Sessions refused at `limit.connections_per_node`.
    refused_per_node,
    /// Sessions ended at `limit.subscriptions`.
    refused_subscriptions,
    /// TLS handshakes that failed.
    handshakes_failed,
    /// TLS handshakes that waited for their turn at `limit.handshakes`.
    handshakes_queued,
    /// Slow TLS handshakes cut because others waited for their turn.
    handshakes_cut,
    /// TLS handshakes that took longer than `limit.handshake_timeout`.
    handshakes_late,
    /// Connections cut because no CONNECT came within `limit.connect_timeout`.
    connects_late,
    /// Certificates given to those who joined.
    joined,
    /// Certificates renewed.
    renewed,
    /// Requests for a certificate that were refused.
    joins_refused,
    /// Sessions ended by bytes that are no STOMP.
    malformed,
    /// Sessions ended at `limit.frame_size`.
    frames_too_large,
    /// Sessions ended at `limit.headers`.
    headers_too_many,
    /// Sessions ended at `limit.header_size`.
    headers_too_large,
    /// Large bodies that waited at `limit.receiving_bytes`.
    bodies_delayed,
    /// Sessions ended because a large body took longer than `limit.body_timeout`.
    bodies_late,
    /// Messages queued for connections that ended before they were written.
    lost,
    /// Connections cut at `limit.queued_bytes`.
    slow_cut,
    /// Messages dropped at `limit.queued_bytes`.
    slow_dropped,
    /// Times that a client's connection was full at `limit.queued_bytes`, and its messages stayed
    /// in their queue.
    slow_waits,
    /// Connections cut because they took nothing within `limit.write_timeout`.
    write_timeouts,
    /// SENDs that waited for room in the queue of a client that was reading.
    stalled,
    /// Messages dropped because there was still no room after `limit.stall_timeout`.
    dropped_stalled,
    /// Messages dropped at `limit.queue_messages`.
    dropped_queue_messages,
    /// Messages dropped at `limit.queue_bytes`.
    dropped_queue_bytes,
    /// Messages dropped at `limit.node_bytes`.
    dropped_node_bytes,
    /// Messages dropped at `limit.total_bytes`.
    dropped_total_bytes,
    /// Messages dropped at `limit.queues`.
    dropped_queues,
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn increase(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn decrease(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
