//! Both ends' TLS configuration: mutual authentication, TLS 1.2 and 1.3, no resumption.

use std::{
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use rustls::{
    ClientConfig, ServerConfig,
    client::{Resumption, WebPkiServerVerifier},
    crypto::CryptoProvider,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{Authorities, Certified, Error, Files, Server, Trust};

/// The protocol's name in ALPN. Nobody has to send it; a client that offers only others is meant
/// for something else.
pub const ALPN_STOMP: &[u8] = b"stomp";

/// The only cryptography in the house. Passed explicitly everywhere, so that nothing depends on
/// what some process default happens to be.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Arc::clone(PROVIDER.get_or_init(make))
}

/// For the end that dials. The server's certificate must carry the name that is dialled as a
/// subject alternative name.
pub fn client_config(files: &Files) -> Result<Arc<ClientConfig>, Error> {
    client_config_at(files, SystemTime::now())
}

pub(super) fn client_config_at(files: &Files, now: SystemTime) -> Result<Arc<ClientConfig>, Error> {
    let setup = |error: &dyn ToString| setup_error(files, error);
    let own = own(files, now)?;
    let trust = Trust::load(&files.ca, &files.crl)?;
    // An authority without a list has revoked nobody; one with a list decides.
    let verifier = WebPkiServerVerifier::builder_with_provider(trust.roots, provider())
        .with_crls(trust.crls)
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| setup(&error))?;
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?
        .with_webpki_verifier(verifier)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// For the end that is dialled. A client without a certificate of one of the authorities does not
/// get past the handshake.
pub fn server(files: &Files) -> Result<Server, Error> {
    server_at(files, SystemTime::now())
}

pub(super) fn server_at(files: &Files, now: SystemTime) -> Result<Server, Error> {
    if files.ca == Authorities::Webpki {
        return Err(Error::PublicClients);
    }
    let setup = |error: &dyn ToString| setup_error(files, error);
    let own = own(files, now)?;
    let trust = Trust::load(&files.ca, &files.crl)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(trust.roots, provider())
        .with_crls(trust.crls)
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| setup(&error))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?
        .with_client_cert_verifier(Arc::clone(&verifier))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![ALPN_STOMP.to_vec()];
    // A resumed session would skip the look into the revocation list, and each stored one costs
    // memory a connection.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Server::new(Arc::new(config), verifier))
}

fn own(files: &Files, now: SystemTime) -> Result<CertifiedKey, Error> {
    let certified = Certified::load(&files.cert, &files.key)?;
    certified.check_time(now)?;
    certified.for_rustls(&provider(), &files.key)
}

fn setup_error(files: &Files, error: &dyn ToString) -> Error {
    Error::Setup {
        path: files.cert.clone(),
        reason: error.to_string(),
    }
}
