//! What the provider is made of, and why it could not be made.

use std::path::PathBuf;

use super::CallerRule;
use crate::{mcorpc::names::Identity, tls};

/// What the provider is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which node this is; the certificate must say the same.
    pub identity: Identity,
    /// PEM: our certificate, then intermediates that others lack.
    pub cert: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
    /// PEM: the authorities of nodes, and of callers where they have none of their own.
    pub ca: Vec<PathBuf>,
    /// PEM: revocation lists.
    pub crl: Vec<PathBuf>,
    /// PEM: the authorities of callers, where they are apart from the nodes'.
    pub client_ca: Option<Vec<PathBuf>>,
    /// Who may command. Empty: nobody.
    pub clients: Vec<CallerRule>,
}

/// The provider can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The own certificates are more than a message may carry.
    #[error("{}: {reason}", cert.display())]
    Chain {
        /// The certificate's file.
        cert: PathBuf,
        /// What is too much.
        reason: String,
    },
    /// A file can't be used.
    #[error(transparent)]
    File(#[from] tls::Error),
    /// The node is called otherwise than its certificate.
    #[error(
        "the identity is {identity}, but the certificate {} is for {name}; with the security \
         provider pki they must be equal: set `identity = {name}`, or use the certificate of \
         {identity}",
        cert.display()
    )]
    Identity {
        /// The identity as configured.
        identity: Identity,
        /// The certificate's common name.
        name: String,
        /// The certificate's file.
        cert: PathBuf,
    },
    /// The key can't sign messages.
    #[error("{}: {reason}", key.display())]
    Key {
        /// The key's file.
        key: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The files were replaced by somebody else's.
    #[error(
        "{}: the certificate is now for {new}, and was for {old} when this process started; \
         restart to change the name",
        cert.display()
    )]
    Renamed {
        /// The certificate's file.
        cert: PathBuf,
        /// The name at start.
        old: String,
        /// The name now.
        new: String,
    },
}
