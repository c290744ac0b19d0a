//! The headers of a received frame, found without copying them.
//!
//! Escapes are those of STOMP 1.2 ("Value Encoding"): `\r`, `\n`, `\c`, `\\`. They are undone for
//! every version, as the Ruby connector does, and where a header is repeated the first one counts.

use std::{borrow::Cow, fmt};

use bytes::Bytes;

/// A header that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// An escape that STOMP does not know.
    #[error("undefined escape in a header")]
    Escape,
    /// A line without a colon.
    #[error("a header line without a colon")]
    NoColon,
    /// Not UTF-8.
    #[error("a header is not UTF-8")]
    NotUtf8,
}

/// The header lines of one frame.
#[derive(Clone, Default)]
pub struct Headers {
    /// From the first header's first byte to the last header's line end.
    lines: Bytes,
    /// Start of the line, the colon, and the line's end, as offsets into `lines`.
    index: Vec<(u32, u32, u32)>,
}

impl Headers {
    /// Indexes header lines. `lines` is from the first line's first byte up to the empty line.
    #[allow(clippy::cast_possible_truncation)] // the decoder limits a head to far below 4 GiB
    pub(super) fn index(lines: Bytes) -> Result<Self, HeaderError> {
        let mut index = Vec::with_capacity(12);
        let mut start = 0;
        while start < lines.len() {
            let rest = lines.get(start..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let mut line = rest.get(..length).unwrap_or_default();
            if let Some(stripped) = line.strip_suffix(b"\r") {
                line = stripped;
            }
            let colon = memchr::memchr(b':', line).ok_or(HeaderError::NoColon)?;
            index.push((
                start as u32,
                (start + colon) as u32,
                (start + line.len()) as u32,
            ));
            start += length + 1;
        }
        Ok(Self { lines, index })
    }

    /// The value's bytes as they were sent, escapes included.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.iter_raw()
            .find_map(|(key, value)| (key == name.as_bytes()).then_some(value))
    }

    /// The value with its escapes undone, where it is there and readable.
    pub fn get(&self, name: &str) -> Result<Option<Cow<'_, str>>, HeaderError> {
        self.raw(name).map(unescape).transpose()
    }

    /// Every header as it was sent: name and value, escapes included.
    pub fn iter_raw(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|&(start, colon, end)| {
            let (start, colon, end) = (start as usize, colon as usize, end as usize);
            (
                self.lines.get(start..colon).unwrap_or_default(),
                self.lines.get(colon + 1..end).unwrap_or_default(),
            )
        })
    }

    /// How many headers there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter_raw().map(|(name, value)| {
                (
                    String::from_utf8_lossy(name),
                    // A password must not reach a log by way of a debug print.
                    if name == b"passcode" {
                        Cow::Borrowed("***")
                    } else {
                        String::from_utf8_lossy(value)
                    },
                )
            }))
            .finish()
    }
}

/// Undoes the escapes of one header.
pub(super) fn unescape(bytes: &[u8]) -> Result<Cow<'_, str>, HeaderError> {
    let text = std::str::from_utf8(bytes).map_err(|_| HeaderError::NotUtf8)?;
    if !text.contains('\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('c') => ':',
            Some('\\') => '\\',
            _ => return Err(HeaderError::Escape),
        });
    }
    Ok(Cow::Owned(out))
}
