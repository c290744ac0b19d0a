//! Which files make up one end of a TLS connection.

use std::path::PathBuf;

/// One end's own certificate and key, and whom it trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// PEM: the certificate, then intermediates where the other side lacks them.
    pub cert: PathBuf,
    /// PEM: its private key (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// Whom to trust.
    pub ca: Authorities,
    /// PEM: revocation lists.
    pub crl: Vec<PathBuf>,
}

/// Certificate authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorities {
    /// PEM files, all loaded.
    Files(Vec<PathBuf>),
    /// The public ones (`webpki` in a configuration), for a broker behind a public certificate.
    Webpki,
}
