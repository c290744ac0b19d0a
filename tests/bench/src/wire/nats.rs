//! As much of NATS as a fleet needs.

use bytes::{Buf as _, Bytes, BytesMut};

use super::{AGENTS, COLLECTIVE, Incoming};
use crate::Result;

pub(super) fn connect(tls: bool) -> Bytes {
    format!(
        "CONNECT {{\"verbose\":false,\"pedantic\":false,\"lang\":\"rust\",\"version\":\"0\",\
         \"protocol\":1,\"echo\":false,\"tls_required\":{tls}}}\r\n"
    )
    .into()
}

pub(super) fn node_subscriptions(identity: &str) -> Vec<u8> {
    let agents = AGENTS.iter().enumerate();
    let lines = agents.map(|(sid, agent)| format!("SUB {} {sid}\r\n", topic(agent)));
    let rest = format!("SUB {} node\r\nPING\r\n", node(identity));
    lines.chain([rest]).collect::<String>().into_bytes()
}

pub(super) fn client_subscription(reply_to: &str) -> Vec<u8> {
    format!("SUB {reply_to} replies\r\nPING\r\n").into_bytes()
}

pub(super) fn request(out: &mut Vec<u8>, to: Option<&str>, reply_to: &str, body: &[u8]) {
    let subject = to.map_or_else(|| topic("discovery"), node);
    publish(out, &subject, &format!("{reply_to} "), body);
}

/// `reply_to` is followed by a space, or empty.
pub(super) fn publish(out: &mut Vec<u8>, subject: &str, reply_to: &str, body: &[u8]) {
    let line = format!("PUB {subject} {reply_to}{}\r\n", body.len());
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(b"\r\n");
}

fn topic(agent: &str) -> String {
    format!("{COLLECTIVE}.broadcast.agent.{agent}")
}

fn node(identity: &str) -> String {
    format!("{COLLECTIVE}.node.{identity}")
}

pub(super) fn next(buffer: &mut BytesMut) -> Result<Option<Incoming>> {
    let Some(end) = memchr::memmem::find(buffer, b"\r\n") else {
        return Ok(None);
    };
    let line = buffer.get(..end).unwrap_or_default();
    let text = String::from_utf8_lossy(line).into_owned();
    let incoming = match text.split(' ').next().unwrap_or_default() {
        "MSG" => return message(buffer, &text),
        "INFO" => Incoming::Welcome,
        "PONG" => Incoming::Settled,
        "PING" => Incoming::Ping,
        "-ERR" => Incoming::Refused(text),
        _ => Incoming::Other,
    };
    buffer.advance(end + 2);
    Ok(Some(incoming))
}

/// `MSG subject sid [reply-to] length`, then the body on a line of its own.
fn message(buffer: &mut BytesMut, line: &str) -> Result<Option<Incoming>> {
    let words: Vec<&str> = line.split(' ').collect();
    let (reply_to, length) = match words[..] {
        [_, _, _, length] => (None, length),
        [_, _, _, reply_to, length] => (Some(reply_to.to_owned()), length),
        _ => return Err(format!("{line:?} is no message").into()),
    };
    let length: usize = length.parse()?;
    if buffer.len() < line.len() + 2 + length + 2 {
        return Ok(None);
    }
    buffer.advance(line.len() + 2);
    let body = buffer.split_to(length).freeze();
    buffer.advance(2);
    Ok(Some(Incoming::Message { reply_to, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_any_split() {
        let stream = b"INFO {}\r\nMSG s 1 in 4\r\na\r\nb\r\nMSG s 1 2\r\nhi\r\nPONG\r\n";
        for cut in 0..=stream.len() {
            let (mut all, mut buffer) = (Vec::new(), BytesMut::new());
            for part in [&stream[..cut], &stream[cut..]] {
                buffer.extend_from_slice(part);
                while let Some(incoming) = next(&mut buffer).unwrap() {
                    all.push(incoming);
                }
            }
            let message = |reply_to: Option<&str>, body: &'static str| Incoming::Message {
                reply_to: reply_to.map(Into::into),
                body: body.into(),
            };
            let expected = [
                Incoming::Welcome,
                message(Some("in"), "a\r\nb"),
                message(None, "hi"),
                Incoming::Settled,
            ];
            assert_eq!(all, expected, "cut at {cut}");
        }
    }
}
