//! `limit.*`: what the peers of a broker may use up.
//!
//! Names, defaults and the least values stand here and nowhere else; the broker takes them as they
//! are. The defaults suit one process that carries 20,000 nodes, twice over while those reconnect.

use std::{ops::RangeInclusive, time::Duration};

use crate::{config::reader::Reader, stomp};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// More than any machine has of anything that is counted.
const MOST: u32 = 10_000_000;

/// What is done where a node does not take its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlowConsumer {
    /// Its connection is cut: it comes back, and nothing is silently missing.
    #[default]
    Disconnect,
    /// The oldest messages that wait for it are dropped.
    DropOldest,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $read:ident($default:expr, $bounds:expr),)*) => {
        /// `limit.*`: what nobody may exceed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[$doc])* pub $name: $type,)*
            /// What is done at `queued_bytes` where the peer is a node.
            pub slow_consumer: SlowConsumer,
        }

        impl Default for Limits {
            fn default() -> Self {
                Self {
                    $($name: $default,)*
                    slow_consumer: SlowConsumer::default(),
                }
            }
        }

        /// The settings' names.
        pub(in crate::config) const KEYS: &[&str] =
            &[$(concat!("limit.", stringify!($name)),)* SLOW_CONSUMER];

        fn read_each(reader: &mut Reader<'_>) -> Limits {
            Limits {
                $($name: $read(reader, concat!("limit.", stringify!($name)), $default, $bounds),)*
                slow_consumer: slow_consumer(reader),
            }
        }
    };
}

const SLOW_CONSUMER: &str = "limit.slow_consumer";

limits! {
    /// Bytes of a frame's body.
    frame_size: usize = bytes(4 * MIB, KIB),
    /// Headers of a frame.
    headers: usize = count(64, 16..=1000),
    /// Bytes of a frame's command line and headers together.
    header_size: usize = bytes(16 * KIB, KIB),
    /// Connections in all.
    connections: usize = count(60_000, 1..=MOST),
    /// Connections from one address; 0 is as many as there may be at all, as a site behind one
    /// translated address is common.
    connections_per_address: usize = count(0, 0..=MOST),
    /// Connections of one node's certificate, where identities are checked.
    connections_per_node: usize = count(8, 1..=MOST),
    /// TLS handshakes under way; further ones wait for their turn.
    handshakes: usize = count(256, 1..=MOST),
    /// From the connection to the end of the TLS handshake.
    handshake_timeout: Duration = time(Duration::from_secs(30), SHORTEST),
    /// From there to the CONNECT frame.
    connect_timeout: Duration = time(Duration::from_secs(30), SHORTEST),
    /// Subscriptions of one connection.
    subscriptions: usize = count(1024, 1..=MOST),
    /// Bytes waiting to be written to one connection.
    queued_bytes: usize = bytes(16 * MIB, 16 * KIB),
    /// A node that takes nothing for so long is gone.
    write_timeout: Duration = time(Duration::from_secs(30), SHORTEST),
    /// Bytes of large bodies (above 64 KiB) that are being received.
    receiving_bytes: usize = bytes(256 * MIB, 64 * KIB),
    /// A large body has to be there after so long.
    body_timeout: Duration = time(Duration::from_mins(2), SHORTEST),
    /// Messages held in one queue.
    queue_messages: usize = count(100_000, 1..=MOST),
    /// Bytes held in one queue.
    queue_bytes: usize = bytes(64 * MIB, KIB),
    /// How long a sender waits for room in the full queue of a client that is reading.
    stall_timeout: Duration = time(Duration::from_secs(5), SHORTEST),
    /// Bytes that one node may have held in all queues, so that none can fill them alone.
    node_bytes: usize = bytes(8 * MIB, KIB),
    /// Bytes held in all queues.
    total_bytes: usize = bytes(512 * MIB, KIB),
    /// Queues at once.
    queues: usize = count(200_000, 1..=MOST),
}

/// Shorter times would be met by a healthy peer now and then.
const SHORTEST: Duration = Duration::from_millis(100);

impl Limits {
    /// What is allowed of one frame.
    pub fn frame(&self) -> stomp::Limits {
        stomp::Limits {
            head: self.header_size,
            headers: self.headers,
            body: self.frame_size,
        }
    }

    /// Reads the settings, and says which can't stand beside each other.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let limits = read_each(reader);
        let frame = ("limit.frame_size", limits.frame_size);
        for (key, value, (other, least)) in [
            ("limit.queued_bytes", limits.queued_bytes, frame),
            ("limit.receiving_bytes", limits.receiving_bytes, frame),
            ("limit.queue_bytes", limits.queue_bytes, frame),
            ("limit.node_bytes", limits.node_bytes, frame),
            (
                "limit.total_bytes",
                limits.total_bytes,
                ("limit.node_bytes", limits.node_bytes),
            ),
        ] {
            if value < least {
                let right = format!("raise it, or lower `{other}`");
                reader.fault(key, &format!("`{key}` is below `{other}`"), &right);
            }
        }
        limits
    }
}

fn bytes(reader: &mut Reader<'_>, key: &str, default: usize, least: usize) -> usize {
    let bytes = reader.size(key, default as u64, least as u64);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn count(reader: &mut Reader<'_>, key: &str, default: usize, bounds: RangeInclusive<u32>) -> usize {
    let default = u32::try_from(default).unwrap_or(MOST);
    let count = reader.integer(key, default, *bounds.start(), *bounds.end());
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn time(reader: &mut Reader<'_>, key: &str, default: Duration, least: Duration) -> Duration {
    let time = reader.duration(key, default);
    if time >= least {
        return time;
    }
    let message = format!("`{key}` is too short");
    let right = format!("give at least `{}`", humantime::format_duration(least));
    reader.fault(key, &message, &right);
    default
}

fn slow_consumer(reader: &mut Reader<'_>) -> SlowConsumer {
    let choices = [
        ("disconnect", SlowConsumer::Disconnect),
        ("drop_oldest", SlowConsumer::DropOldest),
    ];
    reader.choice(SLOW_CONSUMER, &choices, SlowConsumer::default())
}
