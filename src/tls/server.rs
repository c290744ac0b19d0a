//! The end that is dialled, and whom it lets in, now and when that has changed.

use std::{sync::Arc, time::SystemTime};

use rustls::{
    CertificateError, ServerConfig,
    pki_types::{CertificateDer, UnixTime},
    server::danger::ClientCertVerifier,
};

use super::names;

/// What one start of a server knows of TLS.
#[derive(Clone, Debug)]
pub struct Server {
    /// For each connection.
    pub config: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    /// For those who come for a certificate.
    pub enrolment: Option<Enrolment>,
}

/// The same end for those who come for a certificate.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// Who joins shows no certificate.
    pub join: Arc<ServerConfig>,
    /// Who renews shows the one to be renewed.
    pub renew: Arc<ServerConfig>,
}

impl Server {
    /// The verifier has to be the configuration's own.
    pub fn new(config: Arc<ServerConfig>, verifier: Arc<dyn ClientCertVerifier>) -> Self {
        Self {
            config,
            verifier,
            enrolment: None,
        }
    }

    /// The same, also for those who come for a certificate.
    #[must_use]
    pub(super) fn with_enrolment(self, enrolment: Enrolment) -> Self {
        Self {
            enrolment: Some(enrolment),
            ..self
        }
    }

    /// Whether who came in with this chain could still do so; otherwise why not. That a
    /// certificate's time is over since does not count: whoever is in stays, and is told when it
    /// comes again.
    pub fn check(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Result<(), String> {
        let Some((leaf, intermediates)) = chain.split_first() else {
            return Err("it showed no certificate".into());
        };
        // An expired certificate is refused for that first, even if it is also revoked.
        let validity = names::validity(leaf).map_err(|error| error.to_string())?;
        let now = now.clamp(validity.not_before, validity.not_after);
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = UnixTime::since_unix_epoch(now.unwrap_or_default());
        match self.verifier.verify_client_cert(leaf, intermediates, now) {
            Ok(_)
            | Err(rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => Ok(()),
            Err(error) => Err(explain(&error)),
        }
    }
}

fn explain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Revoked) => {
            "its certificate was revoked".into()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "its certificate is by an authority that is no longer trusted".into(),
        error => format!("its certificate is no longer accepted: {error}"),
    }
}
