//! Reads what a session needs out of a frame's headers.

use std::borrow::Cow;

use super::fault::Fault;
use crate::stomp::{
    Frame, HeaderError,
    destination::{Destination, IDENTITY_HEADER, MAX_ADDRESS, MAX_DIRECTED},
};

/// A header's value, where it is there.
pub(crate) fn text(frame: &Frame, name: &str) -> Result<Option<String>, HeaderError> {
    Ok(frame.headers.get(name)?.map(Cow::into_owned))
}

/// The receipt asked for.
pub(crate) fn receipt(frame: &Frame) -> Result<Option<String>, HeaderError> {
    text(frame, "receipt")
}

/// An address with a meaning.
pub(crate) fn parse(address: &str) -> Result<Destination<'_>, Fault> {
    if address.len() > MAX_ADDRESS {
        return Err(format!("a destination has at most {MAX_ADDRESS} bytes").into());
    }
    Destination::parse(address).ok_or_else(|| {
        format!("{address} is no destination; use /topic/<name> or /queue/<name>").into()
    })
}

/// The peer's name for a subscription.
pub(crate) fn subscription(frame: &Frame) -> Result<Option<String>, Fault> {
    match text(frame, "id")? {
        Some(id) if id.len() > MAX_ADDRESS => {
            Err(format!("a subscription's id has at most {MAX_ADDRESS} bytes").into())
        }
        id => Ok(id),
    }
}

/// The nodes that a directed SEND names.
pub(crate) fn directed(frame: &Frame) -> Result<Vec<String>, Fault> {
    let list = text(frame, IDENTITY_HEADER)?.unwrap_or_default();
    let mut identities: Vec<String> = Vec::new();
    for identity in list.split(',').map(str::trim).filter(|i| !i.is_empty()) {
        if !identities.iter().any(|known| known == identity) {
            identities.push(identity.to_owned());
        }
    }
    if let Some(wrong) = identities.iter().find(|identity| !is_identity(identity)) {
        return Err(format!("{wrong} is no identity; it has letters, digits, _, . and -").into());
    }
    match identities.len() {
        0 => Err("a directed SEND needs mc_identity, the node that it is for".into()),
        1..=MAX_DIRECTED => Ok(identities),
        n => Err(format!("mc_identity names {n} nodes; at most {MAX_DIRECTED} are allowed").into()),
    }
}

/// Whether a text can be a node's name, as every peer defines it.
pub(crate) fn is_identity(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(allowed)
}
