//! One frame, and the versions of the protocol.

use std::fmt;

use bytes::Bytes;

use super::{Command, Headers};

/// A version of STOMP, as a session has agreed on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.0: headers are not escaped when written.
    #[default]
    V1_0,
    /// 1.1: escapes, heart-beats, subscription ids.
    V1_1,
    /// 1.2: carriage returns may end lines and are escaped in headers.
    V1_2,
}

impl Version {
    /// As the `version` header has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// The highest version that an `accept-version` list has in common with us; 1.0 where the
    /// header is absent, none where nothing in it is known.
    pub fn negotiate(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept else {
            return Some(Self::V1_0);
        };
        [Self::V1_2, Self::V1_1, Self::V1_0]
            .into_iter()
            .find(|version| {
                accept
                    .split(',')
                    .any(|item| item.trim() == version.as_str())
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A frame as it was received: its headers and body share the bytes that were read.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What the frame asks for.
    pub command: Command,
    /// Its headers, in the order received.
    pub headers: Headers,
    /// Its body, without the closing NUL.
    pub body: Bytes,
}

impl Frame {
    /// Reads one whole frame, which must end with the last byte given. For tests and tools.
    pub fn parse(bytes: &[u8]) -> Result<Self, super::DecodeError> {
        let mut decoder = super::Decoder::default();
        let mut buffer = bytes::BytesMut::from(bytes);
        loop {
            match decoder.decode(&mut buffer)? {
                Some(super::Item::Frame(frame)) => return Ok(frame),
                Some(super::Item::HeartBeat) => {}
                None => return Err(super::DecodeError::Incomplete),
            }
        }
    }
}
