//! Both ends' TLS configuration: mutual authentication, TLS 1.2 and 1.3, no resumption.

use std::{
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{
    Authorities, Certified, Error, Files, KeyPin, Server, Trust,
    certificates::certificates,
    enrol::{ALPN_JOIN, ALPN_RENEW},
    key_pin,
    server::Enrolment,
};

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
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(own.clone())));
    config.alpn_protocols = vec![ALPN_STOMP.to_vec()];
    // A resumed session would skip the look into the revocation list, and each stored one costs
    // memory a connection.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let mut renew = config.clone();
    renew.alpn_protocols = vec![ALPN_RENEW.to_vec()];
    let enrolment = Enrolment {
        join: join_server(files, &own)?,
        renew: Arc::new(renew),
    };
    Ok(Server::new(Arc::new(config), verifier).with_enrolment(enrolment))
}

/// For a machine that joins and has nothing but a token: it believes a broker that shows the authority
/// with this key, and a certificate of it for the name that is dialled. It shows none itself.
pub fn join_config(authority: KeyPin) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(authority)))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_JOIN.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The same end with another protocol's name.
#[must_use]
pub fn with_protocol(config: &ClientConfig, protocol: &[u8]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

/// Verifies a broker by the key of its authority, which has to be in the chain that it shows.
#[derive(Debug)]
struct Pinned(KeyPin);

impl Pinned {
    fn verifier(
        &self,
        shown: &[CertificateDer<'_>],
    ) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
        let unknown = || rustls::Error::from(CertificateError::UnknownIssuer);
        let authority = shown
            .iter()
            .find(|certificate| key_pin(certificate).is_ok_and(|pin| pin == self.0))
            .ok_or_else(unknown)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|_| unknown())
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier(intermediates)?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// For those who join: they have no certificate yet, and are shown the authority too, by whose key
/// they know it.
fn join_server(files: &Files, own: &CertifiedKey) -> Result<Arc<ServerConfig>, Error> {
    let mut own = own.clone();
    if let Authorities::Files(paths) = &files.ca {
        for path in paths {
            own.cert.extend(certificates(path, "CA certificate")?);
        }
    }
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| setup_error(files, &error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![ALPN_JOIN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
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
