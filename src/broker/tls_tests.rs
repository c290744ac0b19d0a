//! A broker over real TLS: roles and names by certificate.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs::default_provider,
    server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::*;
use crate::{
    broker::settings::{Listen, Tls},
    tls::Server,
};

/// An authority for one test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            roots: roots.into(),
        }
    }

    fn issue(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        (vec![certificate.der().clone()], key)
    }

    fn server(&self) -> Server {
        let provider = Arc::new(default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), provider.clone())
                .build()
                .unwrap();
        let (chain, key) = self.issue("localhost");
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_single_cert(chain, key)
            .unwrap();
        config.send_tls13_tickets = 0;
        Server::new(Arc::new(config), verifier)
    }

    async fn dial(&self, address: SocketAddr, name: Option<&str>) -> TlsStream<TcpStream> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots));
        let config = match name {
            Some(name) => {
                let (chain, key) = self.issue(name);
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(address).await.unwrap();
        let server = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(server, stream)
            .await
            .unwrap()
    }
}

fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    Some(name.as_str().ok()?.to_owned())
}

/// A broker for the authority, and its address.
fn broker(authority: &Authority) -> (Broker, SocketAddr) {
    let broker = Broker::bind(Settings {
        listen: vec![Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            tls: Some(Tls {
                server: Arc::new(ArcSwap::from_pointee(authority.server())),
                peer_name: common_name,
                is_nodes: |_| false,
            }),
        }],
        clients: vec!["peadmin".parse().unwrap()],
        ..Settings::default()
    })
    .unwrap();
    let address = broker.local_addrs()[0];
    (broker, address)
}

/// Reads up to and with the next NUL.
async fn frame(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    loop {
        match stream.read_u8().await.unwrap() {
            0 => return String::from_utf8(bytes).unwrap(),
            b'\n' if bytes.is_empty() => {}
            byte => bytes.push(byte),
        }
    }
}

#[tokio::test]
async fn roles_follow_the_certificate_not_the_login() {
    let authority = Authority::new();
    let (broker, address) = broker(&authority);
    tokio::spawn(broker.run(std::future::pending::<()>()));
    let mut node = authority.dial(address, Some("web1")).await;
    node.write_all(
        b"CONNECT\nlogin:peadmin\n\n\0\
          SUBSCRIBE\ndestination:/queue/m.nodes\nselector:mc_identity = 'web1'\nreceipt:1\n\n\0",
    )
    .await
    .unwrap();
    assert!(frame(&mut node).await.starts_with("CONNECTED"));
    assert!(frame(&mut node).await.starts_with("RECEIPT"));
    let mut client = authority.dial(address, Some("peadmin")).await;
    client
        .write_all(
            b"CONNECT\n\n\0\
              SEND\ndestination:/queue/m.nodes\nmc_identity:web1\nreceipt:1\n\nrun\0",
        )
        .await
        .unwrap();
    assert!(frame(&mut client).await.starts_with("CONNECTED"));
    assert!(frame(&mut client).await.ends_with("deliveries:1\n\n"));
    assert!(frame(&mut node).await.ends_with("\n\nrun"));
    node.write_all(b"SEND\ndestination:/topic/m.rpcutil.agent\n\nstolen\0")
        .await
        .unwrap();
    let error = frame(&mut node).await;
    assert!(
        error.contains("web1 is a node here and may not send to /topic/m.rpcutil.agent"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_comes_in_without_a_certificate() {
    let authority = Authority::new();
    let (broker, address) = broker(&authority);
    let metrics = broker.metrics();
    tokio::spawn(broker.run(std::future::pending::<()>()));
    let mut stream = authority.dial(address, None).await;
    // With TLS 1.3 the client hears of it only after its own handshake.
    drop(stream.write_all(b"CONNECT\n\n\0").await);
    assert!(stream.read_u8().await.is_err());
    assert_eq!(metrics.handshakes_failed.value(), 1);
    assert_eq!(metrics.sessions.value(), 0);
}
