//! Takes frames off a buffer, however the bytes were split on their way.

use bytes::{Buf as _, Bytes, BytesMut};

use super::{Command, Frame, HeaderError, Headers};

/// What a decoder allows before it gives up on a peer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the command line and the headers.
    pub head: usize,
    /// Number of header lines.
    pub headers: usize,
    /// Bytes of a body.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 16 * 1024,
            headers: 64,
            body: 4 * 1024 * 1024,
        }
    }
}

/// Bytes that are no STOMP. The session can't go on after one, as the next frame's start is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A body beyond [`Limits::body`].
    #[error("a body of more than {limit} bytes")]
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// No STOMP command.
    #[error("unknown command {0:?}")]
    Command(String),
    /// `content-length` is not a number.
    #[error("content-length is not a number")]
    ContentLength,
    /// A header that can't be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A head beyond [`Limits::head`].
    #[error("a command line and headers of more than {limit} bytes")]
    HeadTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The bytes end within a frame. Only [`Frame::parse`] says so; to a stream it is no error.
    #[error("the frame is not complete")]
    Incomplete,
    /// The byte after a body of `content-length` is not NUL.
    #[error("a body is not followed by NUL")]
    NoNul,
    /// More headers than [`Limits::headers`].
    #[error("more than {limit} headers")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
}

/// What was found on the stream.
#[derive(Clone, Debug)]
pub enum Item {
    /// A frame.
    Frame(Frame),
    /// A line end between frames.
    HeartBeat,
}

/// Splits a stream into frames. Keeps how far it has looked, so no byte is scanned twice.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    limits: Limits,
    /// Bytes of the unfinished frame that were already searched.
    scanned: usize,
    /// Set once the head is complete: where the body starts, and its length if that was given.
    head: Option<Head>,
}

#[derive(Clone, Debug)]
struct Head {
    command: Command,
    headers: Headers,
    length: Option<usize>,
}

impl Decoder {
    /// A decoder that refuses what is beyond `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Lets other limits hold, also for a frame under way.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether the bytes so far end within a frame.
    pub fn mid_frame(&self) -> bool {
        self.head.is_some() || self.scanned > 0
    }

    /// How many more bytes the frame under way is known to need, if it is known.
    pub fn wanted(&self, buffered: usize) -> Option<usize> {
        let length = self.head.as_ref()?.length?;
        Some((length + 1).saturating_sub(buffered))
    }

    /// The next item, or `None` until more bytes are there.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Item>, DecodeError> {
        if self.head.is_none() {
            if self.scanned == 0 {
                if buffer.first() == Some(&b'\n') {
                    buffer.advance(1);
                    return Ok(Some(Item::HeartBeat));
                }
                if buffer.starts_with(b"\r\n") {
                    buffer.advance(2);
                    return Ok(Some(Item::HeartBeat));
                }
            }
            let Some(head) = self.take_head(buffer)? else {
                return Ok(None);
            };
            self.head = Some(head);
            self.scanned = 0;
        }
        self.take_body(buffer)
    }

    /// Takes the command line, the headers and the empty line after them.
    fn take_head(&mut self, buffer: &mut BytesMut) -> Result<Option<Head>, DecodeError> {
        let limit = self.limits.head;
        let searched = buffer.get(self.scanned..).unwrap_or_default();
        let mut end = None;
        for at in memchr::memchr_iter(b'\n', searched) {
            let after = self.scanned + at + 1;
            match buffer.get(after..) {
                Some([b'\n', ..]) => end = Some((after, after + 1)),
                Some([b'\r', b'\n', ..]) => end = Some((after, after + 2)),
                _ => continue,
            }
            break;
        }
        let Some((headers_end, head_end)) = end else {
            if buffer.len() > limit {
                return Err(DecodeError::HeadTooLarge { limit });
            }
            // The empty line may lie across the end of what is there.
            self.scanned = buffer.len().saturating_sub(2);
            // A foreign protocol is told from a slow peer by its first line.
            if let Some(end) = memchr::memchr(b'\n', buffer) {
                parse_command(buffer.get(..end).unwrap_or_default())?;
            } else if buffer.len() > 16 {
                return Err(DecodeError::Command(printable(buffer)));
            }
            return Ok(None);
        };
        if head_end > limit {
            return Err(DecodeError::HeadTooLarge { limit });
        }
        let mut head = buffer.split_to(head_end).freeze();
        head.truncate(headers_end);
        let line_end = memchr::memchr(b'\n', &head).unwrap_or(head.len());
        let command = parse_command(head.get(..line_end).unwrap_or_default())?;
        let headers = Headers::index(head.slice((line_end + 1).min(head.len())..))?;
        if headers.len() > self.limits.headers {
            return Err(DecodeError::TooManyHeaders {
                limit: self.limits.headers,
            });
        }
        let length = match headers.raw("content-length") {
            None => None,
            Some(value) => Some(parse_length(value, self.limits.body)?),
        };
        Ok(Some(Head {
            command,
            headers,
            length,
        }))
    }

    /// Takes the body and its NUL, by `content-length` or up to the first NUL.
    fn take_body(&mut self, buffer: &mut BytesMut) -> Result<Option<Item>, DecodeError> {
        let limit = self.limits.body;
        let given = self.head.as_ref().and_then(|head| head.length);
        let length = if let Some(length) = given {
            match buffer.get(length) {
                None => return Ok(None),
                Some(0) => length,
                Some(_) => return Err(DecodeError::NoNul),
            }
        } else {
            let searched = buffer.get(self.scanned..).unwrap_or_default();
            let found = memchr::memchr(0, searched).map(|at| self.scanned + at);
            if found.unwrap_or(buffer.len()) > limit {
                return Err(DecodeError::BodyTooLarge { limit });
            }
            let Some(length) = found else {
                self.scanned = buffer.len();
                return Ok(None);
            };
            length
        };
        let Some(head) = self.head.take() else {
            return Ok(None);
        };
        self.scanned = 0;
        let body: Bytes = buffer.split_to(length).freeze();
        buffer.advance(1);
        Ok(Some(Item::Frame(Frame {
            command: head.command,
            headers: head.headers,
            body,
        })))
    }
}

fn parse_command(line: &[u8]) -> Result<Command, DecodeError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Command::from_bytes(line).ok_or_else(|| DecodeError::Command(printable(line)))
}

fn parse_length(value: &[u8], limit: usize) -> Result<usize, DecodeError> {
    let value = std::str::from_utf8(value)
        .map_err(|_| DecodeError::ContentLength)?
        .trim();
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecodeError::ContentLength);
    }
    // More digits than a usize holds is too large, not malformed.
    match value.parse::<usize>() {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(DecodeError::BodyTooLarge { limit }),
    }
}

/// The start of what was sent, fit for a log line.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..16).unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Encoder, Version},
        *,
    };

    fn all(
        decoder: &mut Decoder,
        buffer: &mut BytesMut,
        out: &mut Vec<String>,
    ) -> Result<(), DecodeError> {
        while let Some(item) = decoder.decode(buffer)? {
            out.push(match item {
                Item::HeartBeat => "heart-beat".into(),
                Item::Frame(frame) => {
                    format!("{:?} {:?} {:?}", frame.command, frame.headers, frame.body)
                }
            });
        }
        Ok(())
    }

    fn whole(bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
        let mut out = Vec::new();
        all(
            &mut Decoder::default(),
            &mut BytesMut::from(bytes),
            &mut out,
        )
        .map(|()| out)
    }

    fn split(bytes: &[u8], pieces: &[usize]) -> Result<Vec<String>, DecodeError> {
        let (mut decoder, mut buffer, mut out) = (Decoder::default(), BytesMut::new(), Vec::new());
        let mut rest = bytes;
        for piece in pieces.iter().copied().chain(std::iter::repeat(7)) {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at(piece.clamp(1, rest.len()));
            buffer.extend_from_slice(now);
            all(&mut decoder, &mut buffer, &mut out)?;
            rest = later;
        }
        Ok(out)
    }

    #[test]
    fn takes_carriage_returns_and_heart_beats() {
        let items = whole(b"\n\r\nSEND\r\ndestination:/queue/a\r\n\r\nbody\0\n").unwrap();
        assert_eq!(items.len(), 4);
        assert!(
            items[2].contains("/queue/a") && items[2].contains("body"),
            "{items:?}"
        );
    }

    #[test]
    fn a_body_with_nul_needs_content_length() {
        let frame = Frame::parse(b"SEND\ncontent-length:3\n\na\0b\0").unwrap();
        assert_eq!(&frame.body[..], b"a\0b");
        assert_eq!(&Frame::parse(b"SEND\n\na\0").unwrap().body[..], b"a");
    }

    #[test]
    fn a_frame_without_headers_is_whole() {
        assert_eq!(
            Frame::parse(b"DISCONNECT\n\n\0").unwrap().command,
            Command::Disconnect
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let limit = Limits::default();
        assert_eq!(
            whole(b"GET / HTTP/1.1\r\n"),
            Err(DecodeError::Command("GET / HTTP/1.1".into()))
        );
        assert!(matches!(whole(&[0x16; 40]), Err(DecodeError::Command(_))));
        assert_eq!(
            whole(b"SEND\ncontent-length:x\n\n\0"),
            Err(DecodeError::ContentLength)
        );
        assert_eq!(
            whole(b"SEND\ncontent-length:+1\n\na\0"),
            Err(DecodeError::ContentLength)
        );
        assert_eq!(
            whole(b"SEND\ncontent-length:1\n\nab"),
            Err(DecodeError::NoNul)
        );
        assert_eq!(
            whole(b"SEND\nnonsense\n\n\0"),
            Err(DecodeError::Header(HeaderError::NoColon))
        );
        assert_eq!(
            whole(b"SEND\ncontent-length:99999999999999999999999\n\n"),
            Err(DecodeError::BodyTooLarge { limit: limit.body })
        );
        let long = [b"SEND\n".as_slice(), &vec![b'a'; limit.head]].concat();
        assert_eq!(
            whole(&long),
            Err(DecodeError::HeadTooLarge { limit: limit.head })
        );
        let many = [b"SEND\n".as_slice(), &b"a:b\n".repeat(65), b"\n\0"].concat();
        assert_eq!(whole(&many), Err(DecodeError::TooManyHeaders { limit: 64 }));
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..5),
            value in "[ -~\u{e9}\n\r\\\\:]{0,20}",
            pieces in proptest::collection::vec(1usize..30, 0..60),
        ) {
            let mut bytes = Vec::new();
            for body in &bodies {
                bytes.extend_from_slice(
                    &Encoder::new(Command::Send, Version::V1_2).header("destination", &value).body(body),
                );
                bytes.push(b'\n');
            }
            prop_assert_eq!(split(&bytes, &pieces), whole(&bytes));
        }

        #[test]
        fn what_is_encoded_is_decoded(
            name in "[a-z-]{1,12}",
            value in "\\PC{0,30}|[\n\r\\\\:a]{0,9}",
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            prop_assume!(name != "content-length");
            let bytes = Encoder::new(Command::Message, Version::V1_2).header(&name, &value).body(&body);
            let frame = Frame::parse(&bytes).unwrap();
            prop_assert_eq!(frame.headers.get(&name).unwrap().unwrap(), value);
            prop_assert_eq!(&frame.body[..], &body[..]);
        }

        #[test]
        fn nothing_that_arrives_panics(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(0), Just(b':')], 0..200),
            pieces in proptest::collection::vec(1usize..9, 0..40),
        ) {
            let head: &[u8] = b"SEND\n";
            let bytes = [head, &bytes].concat();
            drop(split(&bytes, &pieces));
        }
    }
}
