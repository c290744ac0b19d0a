//! STOMP 1.1, with the addresses and headers of an MCollective node and client.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mcollective::stomp::{
    Command, Decoder, Encoder, Item, Version,
    destination::{Destination, IDENTITY_HEADER, SENDER_HEADER, identity_selector},
};

use super::{AGENTS, COLLECTIVE, Incoming, LIFE, now_ms};
use crate::{Result, pki};

/// The receipt that ends the subscriptions.
const SETTLED: &str = "settled";

pub(super) fn connect(heartbeat: Duration) -> Bytes {
    let ms = heartbeat.as_millis();
    Encoder::new(Command::Connect, Version::V1_1)
        .header("accept-version", "1.1")
        .header("host", "/mcollective")
        .header("heart-beat", &format!("{ms},{ms}"))
        .end()
}

pub(super) fn node_subscriptions(identity: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for agent in AGENTS {
        let topic = Destination::Agent {
            collective: COLLECTIVE,
            agent,
        };
        let topic = topic.to_string();
        let frame = subscribe(&topic, &topic).end();
        out.extend_from_slice(&frame);
    }
    let queue = Destination::Nodes {
        collective: COLLECTIVE,
    };
    let frame = subscribe("mcollective_directed_to_identity", &queue.to_string())
        .header("selector", &identity_selector(identity))
        .header("receipt", SETTLED)
        .end();
    out.extend_from_slice(&frame);
    out
}

pub(super) fn client_subscription(reply_to: &str) -> Vec<u8> {
    subscribe(reply_to, reply_to)
        .header("receipt", SETTLED)
        .end()
        .to_vec()
}

fn subscribe(id: &str, destination: &str) -> Encoder {
    Encoder::new(Command::Subscribe, Version::V1_1)
        .header("id", id)
        .header("destination", destination)
        .header("ack", "auto")
}

pub(super) fn request(out: &mut Vec<u8>, to: Option<&str>, reply_to: &str, body: &[u8]) {
    let destination = match to {
        Some(_) => Destination::Nodes {
            collective: COLLECTIVE,
        },
        None => Destination::Agent {
            collective: COLLECTIVE,
            agent: "discovery",
        },
    };
    let frame = send(&destination.to_string())
        .optional(IDENTITY_HEADER, to)
        .header("reply-to", reply_to);
    finish(out, frame, pki::CLIENT, body);
}

pub(super) fn reply(out: &mut Vec<u8>, identity: &str, to: &str, body: &[u8]) {
    finish(out, send(to), identity, body);
}

/// The destination is the first header: the limit server relies on it.
fn send(destination: &str) -> Encoder {
    Encoder::new(Command::Send, Version::V1_1).header("destination", destination)
}

fn finish(out: &mut Vec<u8>, frame: Encoder, sender: &str, body: &[u8]) {
    let now = now_ms();
    let frame = frame
        .header("timestamp", &now.to_string())
        .header("expires", &(now + LIFE.as_millis()).to_string())
        .header(SENDER_HEADER, sender)
        .header("content-type", "text/plain; charset=UTF-8")
        .body(body);
    out.extend_from_slice(&frame);
}

pub(super) fn next(decoder: &mut Decoder, buffer: &mut BytesMut) -> Result<Option<Incoming>> {
    let Some(item) = decoder.decode(buffer)? else {
        return Ok(None);
    };
    let Item::Frame(frame) = item else {
        return Ok(Some(Incoming::Other));
    };
    Ok(Some(match frame.command {
        Command::Message => Incoming::Message {
            reply_to: frame.headers.get("reply-to")?.map(Into::into),
            body: frame.body,
        },
        Command::Connected => Incoming::Welcome,
        Command::Receipt => Incoming::Settled,
        Command::Error => Incoming::Refused(String::from_utf8_lossy(&frame.body).into_owned()),
        _ => Incoming::Other,
    }))
}
