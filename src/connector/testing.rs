//! For tests: certificates, and a broker that does what a test says.

use std::{fs::File, io::Write as _, path::PathBuf, sync::Arc};

use bytes::BytesMut;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{Secret, Server, Settings, dial::Stream};
use crate::{
    stomp::{Command, Decoder, Frame, Item},
    tls::{Authorities, Files},
};

/// When a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Now,
    Past,
    Future,
}

/// An authority of its own, with a directory for its files.
pub(super) struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: tempfile::TempDir,
}

impl Ca {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn leaf(&self, names: &[&str], validity: Validity) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let (from, to) = match validity {
            Validity::Now => (1990, 4000),
            Validity::Past => (1990, 1991),
            Validity::Future => (3990, 4000),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A client's files, with a certificate of ours, trusting us.
    pub(super) fn client(&self, validity: Validity) -> Files {
        let (certificate, key) = self.leaf(&["client"], validity);
        Files {
            cert: self.write("cert.pem", &certificate.pem()),
            key: self.write("key.pem", &key.serialize_pem()),
            ca: Authorities::Files(vec![self.write("ca.pem", &self.issuer.pem())]),
            crl: Vec::new(),
        }
    }

    /// A broker's TLS, with a certificate of ours for `names`, trusting `clients`.
    pub(super) fn acceptor(
        &self,
        names: &[&str],
        validity: Validity,
        clients: &Self,
    ) -> TlsAcceptor {
        let (certificate, key) = self.leaf(names, validity);
        let mut roots = RootCertStore::empty();
        roots.add(clients.issuer.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
            .build()
            .unwrap();
        let config = ServerConfig::builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        File::create(&path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        path
    }
}

/// A server entry for a port of this machine.
pub(super) fn server(port: u16, tls: Option<Files>) -> Server {
    Server {
        host: "localhost".into(),
        port,
        user: String::new(),
        password: Secret::default(),
        tls,
    }
}

/// A port on which nobody listens.
pub(super) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// A listener on this machine that does what a test says.
pub(crate) struct Broker {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Broker {
    pub(crate) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, tls }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Settings for this broker alone, which do not wait long.
    pub(crate) fn settings(&self, tls: Option<Files>) -> Settings {
        Settings {
            pool: vec![server(self.port(), tls)],
            max_reconnect_delay: std::time::Duration::from_millis(50),
            ..Settings::default()
        }
    }

    /// The next connection; of TLS only, the handshake's outcome too.
    pub(super) async fn accept(&self) -> std::io::Result<Peer> {
        let (tcp, _) = self.listener.accept().await?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(tls) => Box::new(tls.accept(tcp).await?),
        };
        Ok(Peer {
            stream,
            decoder: Decoder::default(),
            buffer: BytesMut::new(),
        })
    }

    /// The next connection, its session opened.
    pub(crate) async fn session(&self) -> Peer {
        let mut peer = self.accept().await.unwrap();
        peer.expect(Command::Connect).await;
        peer.write(b"CONNECTED\nversion:1.2\nserver:mcollective/test\n\n\0")
            .await;
        peer
    }
}

/// One connection, seen from the broker.
pub(crate) struct Peer {
    pub(super) stream: Box<dyn Stream>,
    decoder: Decoder,
    buffer: BytesMut,
}

impl Peer {
    /// The next frame; none at the end of the stream.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            match self.decoder.decode(&mut self.buffer).unwrap() {
                Some(Item::Frame(frame)) => return Some(frame),
                Some(Item::HeartBeat) => {}
                None => {
                    if self.stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                        return None;
                    }
                }
            }
        }
    }

    /// The next frame, which must be this one.
    pub(crate) async fn expect(&mut self, command: Command) -> Frame {
        let frame = self.frame().await.expect("a frame, not the end");
        assert_eq!(frame.command, command, "{frame:?}");
        frame
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }
}
