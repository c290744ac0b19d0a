//! A stream's frames are the same however its bytes were split on their way, within all limits.
//!
//! The first two bytes choose limits and where to split; the rest is the stream.

use bytes::BytesMut;
use mcollective::stomp::{Decoder, Item, Limits};

/// What a stream holds: its frames as text, and whether it ended in an error.
type Seen = (Vec<String>, bool);

/// Checks one stream.
pub fn check(data: &[u8]) {
    let mut stream = data;
    let [limits, seed] = super::take(&mut stream);
    let limits = match limits % 3 {
        0 => Limits::default(),
        1 => Limits {
            head: 64,
            headers: 3,
            body: 16,
        },
        _ => Limits {
            head: 256,
            headers: 8,
            body: 1024,
        },
    };
    let whole = read(limits, [stream]);
    assert_eq!(whole, read(limits, stream.chunks(1)), "byte by byte");
    assert_eq!(whole, read(limits, stream.chunks(usize::from(seed) + 2)));
    let (front, back) = stream.split_at(stream.len() * usize::from(seed) / 256);
    assert_eq!(whole, read(limits, [front, back]));
}

fn read<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut decoder = Decoder::new(limits);
    let mut buffer = BytesMut::new();
    let mut items = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(Item::HeartBeat)) => items.push("heart-beat".to_owned()),
                Ok(Some(Item::Frame(frame))) => {
                    assert!(frame.body.len() <= limits.body);
                    assert!(frame.headers.len() <= limits.headers);
                    items.push(format!("{frame:?}"));
                }
                Ok(None) => break,
                Err(_) => return (items, true),
            }
        }
        // What is kept for a frame that is not yet whole is bounded.
        let most = limits.head.max(limits.body + 1);
        assert!(buffer.len() <= most, "{} bytes are kept", buffer.len());
        if let Some(wanted) = decoder.wanted(buffer.len()) {
            assert!(wanted <= limits.body + 1);
        }
    }
    (items, false)
}
