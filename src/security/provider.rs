//! What a security provider does for agent and client.

use std::time::SystemTime;

use bytes::Bytes;

use super::Verified;
use crate::mcorpc::{
    names::{CallerId, Identity},
    reply::Reply,
    request::Request,
};

/// A request on its way out.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// The message body.
    pub body: Bytes,
    /// SHA-256 of it, which every reply to it has to name.
    pub digest: [u8; 32],
}

/// Signing failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign: {0}")]
pub struct SignError(pub String);

/// A request that is not to be acted upon, and not to be answered: its sender is not known.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Its certificate is not one that we trust, or not now.
    #[error("certificate of {name:?} refused: {reason}")]
    Certificate {
        /// The certificate's common name, where it could be read.
        name: String,
        /// Why.
        reason: String,
    },
    /// It is not in this provider's form.
    #[error("not a signed request: {0}")]
    Form(String),
    /// The signature does not hold.
    #[error("bad signature by {name:?}")]
    Signature {
        /// The certificate's common name.
        name: String,
    },
    /// The signer is known and may not command.
    #[error("{name:?} may not command this node")]
    NotACaller {
        /// The certificate's common name.
        name: String,
    },
    /// One of the signer's name may command, with another key or by another authority.
    #[error(
        "{name:?} may not command this node with this certificate, key {pin}: \
         `plugin.pki.clients` names another key, or the callers have an authority of their own"
    )]
    OtherKey {
        /// The certificate's common name.
        name: String,
        /// The fingerprint of the certificate's key.
        pin: String,
    },
}

/// A reply that can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// Its certificate is not one that we trust, or not now.
    #[error("certificate of {name:?} refused: {reason}")]
    Certificate {
        /// The certificate's common name, where it could be read.
        name: String,
        /// Why.
        reason: String,
    },
    /// It is not in this provider's form.
    #[error("not a signed reply: {0}")]
    Form(String),
    /// It was signed by another node than the one it names.
    #[error("signed by {name:?}, but sent as {sender}")]
    Impostor {
        /// The certificate's common name.
        name: String,
        /// The identity that the reply names.
        sender: Identity,
    },
    /// It answers another request.
    #[error("the reply is to another request")]
    OtherRequest,
    /// The signature does not hold.
    #[error("bad signature by {name:?}")]
    Signature {
        /// The certificate's common name.
        name: String,
    },
}

/// Signs and verifies, for one process with one identity. Time comes in as an argument.
pub trait SecurityProvider: Send + Sync {
    /// The name under which our own requests are known.
    fn caller(&self) -> &CallerId;

    /// Signs a request of ours.
    fn sign_request(&self, request: &Request) -> Result<SignedRequest, SignError>;

    /// Verifies the received bytes, and only then reads them. Form, certificate, caller and
    /// signature are checked here; time, replay, collective, targets and filter are the agent's.
    fn verify_request(
        &self,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Verified<Request>, RequestError>;

    /// Signs the reply to a request that was received as bytes with this SHA-256.
    fn sign_reply(&self, reply: &Reply, request_digest: &[u8; 32]) -> Result<Bytes, SignError>;

    /// Verifies a reply to the request of ours that had this SHA-256. The caller inside is the
    /// identity's own certificate name.
    fn verify_reply(
        &self,
        body: &[u8],
        request_digests: &dyn Fn(&[u8; 32]) -> bool,
        now: SystemTime,
    ) -> Result<Reply, ReplyError>;
}
