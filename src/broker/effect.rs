//! What a session's frames ask for: values, carried out by the connection and the router.

use bytes::Bytes;

use super::{access::Grant, message::Message};
use crate::stomp::Version;

/// What a frame asks for.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// The peer is now known: register it, then send `welcome`.
    Open(Open),
    /// Route a message.
    Send(Send),
    /// Add a subscription.
    Subscribe(Subscribe),
    /// Remove one, if it is there.
    Unsubscribe(Unsubscribe),
    /// Say something about the broker itself.
    Ask(Ask),
    /// Answer.
    Reply(Bytes),
    /// Say these last words, if any, and close.
    Close(Option<Bytes>),
}

/// A session begins.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) welcome: Bytes,
    pub(crate) grant: Grant,
    /// The peer understands the security provider `pki`.
    pub(crate) pki: bool,
    /// A number that its process has drawn, if it says one.
    pub(crate) process: Option<u64>,
}

/// A message and where it goes.
#[derive(Debug)]
pub(crate) struct Send {
    pub(crate) destination: String,
    pub(crate) route: Route,
    pub(crate) message: Message,
    pub(crate) receipt: Option<String>,
    /// Who is connected at that moment is to be told, too.
    pub(crate) ask: Option<Ask>,
}

/// The three ways of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// To all who subscribed.
    Topic,
    /// To one who subscribed.
    Queue,
    /// To the nodes named.
    Directed(Vec<String>),
}

/// A new subscription.
#[derive(Debug)]
pub(crate) struct Subscribe {
    pub(crate) destination: String,
    /// The peer's name for it; without one, the destination is.
    pub(crate) id: Option<String>,
    /// The node that a selector names.
    pub(crate) identity: Option<String>,
    pub(crate) version: Version,
    pub(crate) receipt: Option<String>,
}

/// The end of one.
#[derive(Debug)]
pub(crate) struct Unsubscribe {
    pub(crate) id: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) receipt: Option<String>,
}

/// What the broker is asked about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Metrics,
    Presence,
}

/// A question to the broker itself.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) about: About,
    pub(crate) reply_to: String,
    pub(crate) collective: Option<String>,
    /// Whose collectives may be shown.
    pub(crate) grant: Grant,
    pub(crate) message_id: String,
    pub(crate) receipt: Option<String>,
}
