//! Why a session ends with an ERROR frame, and that frame.

use std::borrow::Cow;

use bytes::Bytes;

use super::{access::Denied, peer::Refused};
use crate::{
    stomp::{
        Command, DecodeError, Encoder, HeaderError, Version,
        destination::{REPLACED_HEADER, STOPPING_HEADER},
    },
    text,
};

/// Why a session ends with an ERROR frame.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Decode(#[from] DecodeError),
    #[error("{0}")]
    Denied(#[from] Denied),
    #[error("{0}")]
    Header(#[from] HeaderError),
    #[error("{0}")]
    Protocol(Cow<'static, str>),
    #[error("{0}")]
    Refused(#[from] Refused),
}

impl From<&'static str> for Fault {
    fn from(text: &'static str) -> Self {
        Self::Protocol(Cow::Borrowed(text))
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Protocol(Cow::Owned(text))
    }
}

/// The last words of a broker that stops. They are no complaint, and say so.
pub(crate) fn goodbye_frame() -> Bytes {
    let text = "the broker is shutting down";
    Encoder::new(Command::Error, Version::V1_0)
        .header("content-type", "text/plain")
        .header("message", text)
        .header(STOPPING_HEADER, "yes")
        .body(text.as_bytes())
}

/// The last words to a connection whose identity a newer one bears.
pub(crate) fn replaced_frame(identity: &str) -> Bytes {
    let text = format!("a newer connection of {identity} replaces this one");
    Encoder::new(Command::Error, Version::V1_0)
        .header("content-type", "text/plain")
        .header("message", &text)
        .header(REPLACED_HEADER, "yes")
        .body(text.as_bytes())
}

/// An ERROR frame. Old clients show only the header, so it holds everything. What the peer named may
/// be part of it, and will be shown by who wrote none of it.
pub(crate) fn error_frame(version: Version, text: &str, receipt: Option<&str>) -> Bytes {
    let text = &text::line(text);
    Encoder::new(Command::Error, version)
        .header("content-type", "text/plain")
        .header("message", text)
        .optional("receipt-id", receipt)
        .body(text.as_bytes())
}
