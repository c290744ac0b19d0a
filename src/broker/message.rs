//! A message on its way: everything of a MESSAGE frame that all its receivers share.

use std::time::Duration;

use bytes::Bytes;

use super::settings::Times;
use crate::stomp::{
    Frame, Headers,
    destination::{
        BROKER_DEADLINE_HEADER, BROKER_TIME_HEADER, OWN_HEADER, PEER_HEADER, PRESENCE_HEADER,
    },
};

/// Headers that the broker writes itself, or that were meant for it alone.
const OURS: [&[u8]; 15] = [
    b"ack",
    b"content-length",
    b"destination",
    b"login",
    BROKER_DEADLINE_HEADER.as_bytes(),
    BROKER_TIME_HEADER.as_bytes(),
    OWN_HEADER.as_bytes(),
    PEER_HEADER.as_bytes(),
    PRESENCE_HEADER.as_bytes(),
    b"message-id",
    b"passcode",
    b"priority",
    b"receipt",
    b"subscription",
    b"transaction",
];

/// The priority that a message has where its sender gives none.
const PRIORITY: &[u8] = b"4";

/// One message. A clone shares the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// From the first header after the receiver's own ones to the line end after the NUL.
    pub(crate) bytes: Bytes,
    /// How long a queue keeps it.
    pub(crate) life: Duration,
}

impl Message {
    /// Makes a message of a SEND frame. Other headers go through as they are, escapes included;
    /// of a repeated one only the first, as that is the one that was checked. `now_ms` is the time by
    /// our clock, and `peer` the sender's certified name, where the receivers are to be told. None where by that clock nobody waits for the
    /// message any more: it was held up on its way to us.
    pub(crate) fn from_send(
        frame: &Frame,
        id: &str,
        times: &Times,
        now_ms: Option<u64>,
        peer: Option<&str>,
    ) -> Option<Self> {
        let headers = &frame.headers;
        let mut life = life(headers, times);
        let mut taken = now_ms;
        if let (Some(now_ms), Some(deadline)) = (now_ms, number(headers, BROKER_DEADLINE_HEADER)) {
            let left = Duration::from_millis(deadline.checked_sub(now_ms)?);
            // What was held up on its way to us is so much older, for the node that checks its age.
            let held = life.saturating_sub(left).as_millis();
            taken = Some(now_ms.saturating_sub(u64::try_from(held).unwrap_or(u64::MAX)));
            life = life.min(left);
        }
        let destination = headers.raw("destination").unwrap_or_default();
        let priority = headers.raw("priority").unwrap_or(PRIORITY);
        let mut lines = Lines::new(destination, priority, id, frame.body.len());
        for (at, (name, value)) in headers.iter_raw().enumerate() {
            let repeated = || headers.iter_raw().take(at).any(|(other, _)| other == name);
            if !OURS.contains(&name) && !repeated() {
                lines.add(name, value);
            }
        }
        if let Some(taken) = taken {
            lines.add(BROKER_TIME_HEADER.as_bytes(), taken.to_string().as_bytes());
        }
        if let Some(peer) = peer {
            lines.add(PEER_HEADER.as_bytes(), peer.as_bytes());
        }
        Some(Self {
            bytes: lines.body(&frame.body),
            life,
        })
    }

    /// Makes a message of the broker's own.
    pub(crate) fn own(destination: &str, id: &str, kind: &str, body: &[u8], times: &Times) -> Self {
        let mut lines = Lines::new(destination.as_bytes(), PRIORITY, id, body.len());
        lines.add(b"content-type", kind.as_bytes());
        lines.add(OWN_HEADER.as_bytes(), b"1");
        Self {
            bytes: lines.body(body),
            life: times.default_life,
        }
    }
}

/// How long a message lives from its arrival: clocks may differ, so only spans are believed.
fn life(headers: &Headers, times: &Times) -> Duration {
    let span = match (number(headers, "expires"), number(headers, "timestamp")) {
        (Some(expires), Some(timestamp)) if expires > 0 => Some(expires.saturating_sub(timestamp)),
        _ => number(headers, "expiration"),
    };
    span.map_or(times.default_life, Duration::from_millis)
        .min(times.max_life)
}

fn number(headers: &Headers, name: &str) -> Option<u64> {
    let text = std::str::from_utf8(headers.raw(name)?).ok()?;
    text.trim().parse().ok()
}

/// The shared bytes under construction.
struct Lines(Vec<u8>);

impl Lines {
    fn new(destination: &[u8], priority: &[u8], id: &str, length: usize) -> Self {
        let mut lines = Self(Vec::with_capacity(512 + length));
        lines.add(b"content-length", length.to_string().as_bytes());
        lines.add(b"destination", destination);
        lines.add(b"priority", priority);
        lines.add(b"message-id", id.as_bytes());
        lines
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        self.0.extend_from_slice(name);
        self.0.push(b':');
        self.0.extend_from_slice(value);
        self.0.push(b'\n');
    }

    fn body(mut self, body: &[u8]) -> Bytes {
        self.0.push(b'\n');
        self.0.extend_from_slice(body);
        // Peers of the original expect the line end that its brokers put after each frame.
        self.0.extend_from_slice(b"\0\n");
        self.0.shrink_to_fit();
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(send: &str) -> Message {
        let frame = Frame::parse(send.as_bytes()).unwrap();
        Message::from_send(&frame, "b-1-1", &Times::default(), Some(7), Some("admin")).unwrap()
    }

    #[test]
    fn what_was_held_up_is_older_and_lives_shorter_or_is_void() {
        let frame = Frame::parse(
            b"SEND\ndestination:/topic/a\ntimestamp:1000\nexpires:3000\n\
              mc-broker-deadline-ms:52000\n\n\0",
        )
        .unwrap();
        let at = |now_ms| Message::from_send(&frame, "1", &Times::default(), now_ms, None);
        for (now_ms, taken, left_ms) in [
            // As it should be, and where the sender did not know the clock to the millisecond.
            (50_000, 50_000, 2000),
            (49_990, 49_990, 2000),
            (51_500, 50_000, 500),
            (52_000, 50_000, 0),
        ] {
            let message = at(Some(now_ms)).unwrap();
            let text = std::str::from_utf8(&message.bytes).unwrap();
            assert!(
                text.contains(&format!("\nmc-broker-ms:{taken}\n")),
                "{text}"
            );
            assert!(!text.contains("deadline"), "{text}");
            assert_eq!(message.life, Duration::from_millis(left_ms), "{now_ms}");
        }
        assert!(at(Some(52_001)).is_none());
        assert_eq!(at(None).unwrap().life, Duration::from_secs(2), "no clock");
    }

    #[test]
    fn headers_go_through_raw_and_only_the_first_of_each() {
        let message = message(
            "SEND\ndestination:/topic/a\nmc_sender:n1\nx:a\\cb\nreceipt:7\nmessage-id:forged\n\
             subscription:forged\nmc_sender:forged\nmc-broker-ms:99\nmc-peer:forged\n\
             mc-broker-own:1\n\nbody\0",
        );
        assert_eq!(
            std::str::from_utf8(&message.bytes).unwrap(),
            "content-length:4\ndestination:/topic/a\npriority:4\nmessage-id:b-1-1\nmc_sender:n1\n\
             x:a\\cb\nmc-broker-ms:7\nmc-peer:admin\n\nbody\0\n"
        );
    }

    #[test]
    fn life_is_a_span_and_bounded() {
        for (headers, seconds) in [
            ("expires:1795436158000\ntimestamp:1795436088000\n", 70),
            ("expires:1000\ntimestamp:2000\n", 0),
            ("expires:0\ntimestamp:2000\n", 60),
            ("expires:1795436158000\n", 60),
            ("expiration:70000\n", 70),
            ("expiration:99999999999\n", 600),
            ("expiration:x\n", 60),
            ("", 60),
        ] {
            let message = message(&format!("SEND\ndestination:/topic/a\n{headers}\n\0"));
            assert_eq!(message.life.as_secs(), seconds, "{headers}");
        }
    }
}
