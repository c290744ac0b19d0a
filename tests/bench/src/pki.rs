//! A throw-away certificate authority, and a certificate for each node of a fleet.

use std::{fs, path::Path, sync::Arc};

use mcollective::tls::{
    self, Authorities, Files,
    mint::{CertificateAuthority, Pair, Role},
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::Resumption,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use tokio_rustls::TlsConnector;

use crate::Result;

/// The only certificate that may command, and the name in it.
pub(crate) const CLIENT: &str = "client";

/// The name that the broker's certificate is for.
pub(crate) const SERVER: &str = "localhost";

const DAYS: u32 = 30;

/// Makes the directory with `ca`, `server` and `client`, each as `.pem` and `.key`.
pub(crate) fn create(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    let ca = CertificateAuthority::create("bench-ca", DAYS)?;
    let names = [SERVER.to_owned(), "127.0.0.1".to_owned()];
    let server = ca.issue(Role::Broker, SERVER, &names, DAYS)?;
    let client = ca.issue(Role::Client, CLIENT, &[], DAYS)?;
    let own = Pair {
        cert_pem: ca.cert_pem().to_owned(),
        key_pem: ca.key_pem().to_owned(),
    };
    for (name, pair) in [("ca", own), ("server", server), ("client", client)] {
        write(&dir.join(format!("{name}.pem")), &pair.cert_pem)?;
        write(&dir.join(format!("{name}.key")), &pair.key_pem)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    mcollective::sys::file::write_new(path, text.as_bytes(), 0o600)?;
    Ok(())
}

fn read(dir: &Path, name: &str) -> Result<String> {
    let path = dir.join(name);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text)
}

/// The broker's own, as `broker.cfg` would name them.
pub(crate) fn server_files(dir: &Path) -> Files {
    Files {
        cert: dir.join("server.pem"),
        key: dir.join("server.key"),
        ca: Authorities::Files(vec![dir.join("ca.pem")]),
        crl: Vec::new(),
    }
}

/// Both ends' certificates, in memory.
pub(crate) struct Pki {
    ca: CertificateAuthority,
    server: Pair,
    client: Pair,
}

impl Pki {
    /// What [`create`] has made.
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let pair = |name: &str| -> Result<Pair> {
            Ok(Pair {
                cert_pem: read(dir, &format!("{name}.pem"))?,
                key_pem: read(dir, &format!("{name}.key"))?,
            })
        };
        let ca = pair("ca")?;
        Ok(Self {
            ca: CertificateAuthority::load(&ca.cert_pem, &ca.key_pem)?,
            server: pair("server")?,
            client: pair("client")?,
        })
    }

    /// For a server that demands a certificate of everybody, as the broker does.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.roots()?, tls::provider()).build()?;
        let mut config = ServerConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates(&self.server)?, key(&self.server)?)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// The client's end, and each node's with a certificate of its own.
    pub(crate) fn fleet(&self, identities: impl Iterator<Item = String>) -> Result<Connectors> {
        let roots = self.roots()?;
        let nodes: Result<_> = identities
            .map(|name| connector(&roots, &self.ca.issue(Role::Node, &name, &[], DAYS)?))
            .collect();
        Ok(Connectors {
            client: connector(&roots, &self.client)?,
            nodes: nodes?,
        })
    }

    fn roots(&self) -> Result<Arc<RootCertStore>> {
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_slice_iter(self.ca.cert_pem().as_bytes()) {
            roots.add(ca?)?;
        }
        Ok(Arc::new(roots))
    }
}

/// A fleet's ends of TLS.
pub(crate) struct Connectors {
    pub(crate) client: TlsConnector,
    pub(crate) nodes: Vec<TlsConnector>,
}

/// Without resumption: each node is another machine.
fn connector(roots: &Arc<RootCertStore>, pair: &Pair) -> Result<TlsConnector> {
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(certificates(pair)?, key(pair)?)?;
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(pair: &Pair) -> Result<Vec<CertificateDer<'static>>> {
    let all: std::result::Result<_, _> =
        CertificateDer::pem_slice_iter(pair.cert_pem.as_bytes()).collect();
    Ok(all?)
}

fn key(pair: &Pair) -> Result<PrivateKeyDer<'static>> {
    Ok(PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes())?)
}
