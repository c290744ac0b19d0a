//! The frames of a session, as bytes on their way out and as values on their way in.

use std::{borrow::Cow, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{SendId, Subscription};
use crate::{
    connector::{Secret, Settings, activemq, message::Outgoing, problem::Problem},
    mcorpc::names::Identity,
    stomp::{
        Command, Encoder, Frame, Version,
        destination::{BROKER_DEADLINE_HEADER, REPLACED_HEADER, SENDER_HEADER, STOPPING_HEADER},
        heartbeat::Offer,
    },
    text,
};

/// What stays the same over all connections.
#[derive(Clone, Debug)]
pub(in crate::connector) struct Options {
    /// The `host` header.
    pub(in crate::connector) vhost: String,
    /// Further headers of CONNECT.
    pub(in crate::connector) connect_headers: Vec<(String, String)>,
    /// How often either side sends something; zero is never.
    pub(in crate::connector) heartbeat: Duration,
    /// Whether bodies are base64 on the wire.
    pub(in crate::connector) base64: bool,
    /// The `priority` header, where above 0.
    pub(in crate::connector) priority: u32,
    /// The `mc_sender` header.
    pub(in crate::connector) sender: Identity,
    /// The largest body that is taken.
    pub(in crate::connector) max_body: usize,
}

impl Options {
    /// From what the configuration says.
    pub(in crate::connector) fn new(
        settings: &Settings,
        sender: Identity,
        connect_headers: Vec<(String, String)>,
        max_body: usize,
    ) -> Self {
        Self {
            vhost: settings.vhost.clone(),
            connect_headers,
            heartbeat: settings.heartbeat_interval.min(LONGEST),
            base64: settings.base64,
            priority: settings.priority,
            sender,
            max_body,
        }
    }
}

/// Opens a session. Every version is offered.
pub(super) fn connect(options: &Options, user: &str, password: &Secret) -> Bytes {
    let mut frame = Encoder::new(Command::Connect, Version::V1_0)
        .header("accept-version", "1.2,1.1,1.0")
        .header("host", &options.vhost)
        .header("heart-beat", &offer(options.heartbeat).to_string());
    if !user.is_empty() {
        frame = frame.header("login", user).header("passcode", &password.0);
    }
    for (name, value) in &options.connect_headers {
        frame = frame.header(name, value);
    }
    frame.end()
}

/// Asks for the messages of a destination.
pub(super) fn subscribe(subscription: &Subscription, version: Version) -> Bytes {
    // 1.0 does not ask for an id, and does not mind one.
    Encoder::new(Command::Subscribe, version)
        .header("id", &subscription.destination)
        .header("destination", &subscription.destination)
        .header("ack", "auto")
        .optional("selector", subscription.selector.as_deref())
        .end()
}

/// Asks for them no longer.
pub(super) fn unsubscribe(destination: &str, version: Version) -> Bytes {
    Encoder::new(Command::Unsubscribe, version)
        .header("id", destination)
        .header("destination", destination)
        .end()
}

/// Who is sent to, and what he has to know.
pub(super) struct Peer {
    pub(super) version: Version,
    pub(super) ours: bool,
    /// When the message is void, by his clock.
    pub(super) deadline_ms: Option<u64>,
}

/// One message: a SEND, or as many as the broker needs for its targets.
pub(super) fn send(options: &Options, peer: &Peer, outgoing: &Outgoing, id: SendId) -> Vec<Bytes> {
    let body = if options.base64 {
        Bytes::from(STANDARD.encode(&outgoing.body))
    } else {
        outgoing.body.clone()
    };
    if outgoing.targets.is_empty() {
        return vec![send_head(options, peer, outgoing, id).body(&body)];
    }
    activemq::target_headers(&outgoing.targets, peer.ours)
        .iter()
        .map(|(name, value)| {
            send_head(options, peer, outgoing, id)
                .header(name, value)
                .body(&body)
        })
        .collect()
}

fn send_head(options: &Options, peer: &Peer, outgoing: &Outgoing, id: SendId) -> Encoder {
    let deadline = peer.deadline_ms.map(|ms| ms.to_string());
    let mut frame = Encoder::new(Command::Send, peer.version)
        .header("destination", &outgoing.destination)
        .optional(BROKER_DEADLINE_HEADER, deadline.as_deref());
    for (name, value) in &outgoing.headers {
        frame = frame.header(name, value);
    }
    let given = |header: &str| outgoing.headers.iter().any(|(name, _)| name == header);
    if !given(SENDER_HEADER) {
        frame = frame.header(SENDER_HEADER, options.sender.as_str());
    }
    if options.priority > 0 && !given("priority") {
        frame = frame.header("priority", &options.priority.to_string());
    }
    if outgoing.receipt {
        frame = frame.header("receipt", &id.0.to_string());
    }
    frame
}

/// Ends the session.
pub(super) fn disconnect(version: Version) -> Bytes {
    Encoder::new(Command::Disconnect, version)
        .header("receipt", DISCONNECT_RECEIPT)
        .end()
}

/// Does nothing but to be confirmed, after all that went before it. Only our own broker takes it so.
pub(super) fn nothing(receipt: &str, version: Version) -> Bytes {
    Encoder::new(Command::Ack, version)
        .header("id", receipt)
        .header("receipt", receipt)
        .end()
}

/// The heart-beats that we offer and want.
pub(super) fn offer(every: Duration) -> Offer {
    let every = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
    Offer {
        send_ms: every,
        receive_ms: every,
    }
}

/// A header's value.
pub(super) fn header(frame: &Frame, name: &str) -> Result<Option<String>, Problem> {
    match frame.headers.get(name) {
        Ok(value) => Ok(value.map(Cow::into_owned)),
        Err(error) => Err(garbage(&error.to_string())),
    }
}

/// The broker's words: its `message` header, or else the first line of the body. `ActiveMQ` puts a
/// whole stack trace there.
pub(super) fn error_text(frame: &Frame) -> String {
    if let Ok(Some(message)) = frame.headers.get("message")
        && !message.trim().is_empty()
    {
        return printable(&message);
    }
    let body = String::from_utf8_lossy(&frame.body);
    match body.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => printable(line),
        None => "without a word".into(),
    }
}

/// What an ERROR of our broker means that is no complaint: it stops, and says so to everybody, or
/// another connection bears our identity.
pub(super) fn farewell(frame: &Frame) -> Option<Problem> {
    let has = |header| frame.headers.raw(header).is_some();
    if has(STOPPING_HEADER) {
        Some(Problem::Stopping)
    } else if has(REPLACED_HEADER) {
        Some(Problem::Replaced)
    } else {
        None
    }
}

/// One line, of bearable length.
pub(super) fn printable(text: &str) -> String {
    text::excerpt(text, 300)
}

/// A body that was not encoded after all stays as it is: whoever verifies it will say so.
pub(super) fn from_base64(body: &Bytes) -> Bytes {
    let mut compact = body.to_vec();
    compact.retain(|byte| !byte.is_ascii_whitespace());
    STANDARD
        .decode(compact)
        .map_or_else(|_| body.clone(), Bytes::from)
}

/// Bytes or frames that no broker sends.
pub(super) fn garbage(reason: &str) -> Problem {
    Problem::Garbage {
        reason: printable(reason),
    }
}

/// The longest interval of heart-beats, so that no sum of times overflows.
const LONGEST: Duration = Duration::from_hours(24);

/// Receipts of [`nothing`]: all that was sent is handled, and the time.
pub(super) const SETTLED_RECEIPT: &str = "settled";
pub(super) const TIME_RECEIPT: &str = "time";

/// The receipt of DISCONNECT; those of messages are numbers.
pub(super) const DISCONNECT_RECEIPT: &str = "bye";
