//! Writes frames.

use bytes::Bytes;

use super::{Command, Version};

/// Builds one frame; the headers come in the order given.
#[derive(Debug)]
pub struct Encoder {
    buffer: Vec<u8>,
    escaping: Version,
}

impl Encoder {
    /// Starts a frame for a session of `version`. CONNECT and CONNECTED never escape.
    pub fn new(command: Command, version: Version) -> Self {
        let mut buffer = Vec::with_capacity(256);
        buffer.extend_from_slice(command.as_str().as_bytes());
        buffer.push(b'\n');
        let escaping = match command {
            Command::Connect | Command::Connected => Version::V1_0,
            _ => version,
        };
        Self { buffer, escaping }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        escape(&mut self.buffer, name.as_bytes(), self.escaping);
        self.buffer.push(b':');
        escape(&mut self.buffer, value.as_bytes(), self.escaping);
        self.buffer.push(b'\n');
        self
    }

    /// Adds a header where there is a value.
    #[must_use]
    pub fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Adds `content-length` and the body, and ends the frame.
    pub fn body(self, body: &[u8]) -> Bytes {
        let length = body.len().to_string();
        let mut buffer = self.header("content-length", &length).buffer;
        buffer.reserve_exact(body.len() + 2);
        buffer.push(b'\n');
        buffer.extend_from_slice(body);
        buffer.push(0);
        buffer.into()
    }

    /// Ends the frame without a body.
    pub fn end(mut self) -> Bytes {
        self.buffer.extend_from_slice(b"\n\0");
        self.buffer.into()
    }
}

/// Appends one header's name or value. What a version can't express is left out: 1.0 knows no
/// escape, so a line end there would become a header of its own.
pub fn escape(out: &mut Vec<u8>, text: &[u8], version: Version) {
    for &byte in text {
        match (byte, version) {
            (b'\n' | b'\r', Version::V1_0) | (b'\r', Version::V1_1) | (0, _) => {}
            (b'\n', _) => out.extend_from_slice(b"\\n"),
            (b'\r', _) => out.extend_from_slice(b"\\r"),
            (b':', Version::V1_1 | Version::V1_2) => out.extend_from_slice(b"\\c"),
            (b'\\', Version::V1_1 | Version::V1_2) => out.extend_from_slice(b"\\\\"),
            _ => out.push(byte),
        }
    }
}
