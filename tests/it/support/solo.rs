//! A broker process with settings of the test's own, and peers by hand.

use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    time::SystemTime,
};

use mcollective::tls::{
    self, Authorities, Files,
    mint::{CertificateAuthority, Revocation, Role},
};
use nix::sys::signal::Signal;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use super::{Daemon, Peer};

/// A broker of the program under test; `peadmin` and `console` are its clients.
pub(crate) struct Solo {
    dir: TempDir,
    authority: CertificateAuthority,
    address: SocketAddr,
    pub(crate) daemon: Daemon,
}

impl Solo {
    /// With these lines added to `broker.cfg`.
    pub(crate) fn start(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::create("test CA", 2).unwrap();
        fs::write(dir.path().join("ca.pem"), authority.cert_pem()).unwrap();
        let pair = authority
            .issue(Role::Broker, "broker", &["localhost".to_owned()], 1)
            .unwrap();
        fs::write(dir.path().join("broker.pem"), pair.cert_pem).unwrap();
        fs::write(dir.path().join("broker-key.pem"), pair.key_pem).unwrap();
        configure(&dir, settings);
        // Nobody is revoked yet.
        let list = authority.revocation_list(&[], 1, 1).unwrap();
        fs::write(dir.path().join("crl.pem"), list).unwrap();
        let mut daemon = Daemon::start("broker", &dir.path().join("broker.cfg"));
        let line = daemon.wait_for("listening on ");
        let address = line.rsplit(' ').next().unwrap().parse().unwrap();
        Self {
            dir,
            authority,
            address,
            daemon,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes another configuration.
    pub(crate) fn configure(&self, settings: &str) {
        configure(&self.dir, settings);
    }

    /// Writes another configuration, and waits until it holds.
    #[track_caller]
    pub(crate) fn reload(&mut self, settings: &str) -> Vec<String> {
        self.configure(settings);
        self.daemon.signal(Signal::SIGHUP);
        self.daemon.lines_until("read again")
    }

    /// Writes the revocation list `crl.pem`, with these names in it.
    pub(crate) fn revoke(&self, number: u64, names: &[&str]) {
        let revoked: Vec<_> = names
            .iter()
            .map(|name| {
                let certificate = CertificateDer::from_pem_file(self.files(name).cert).unwrap();
                Revocation {
                    serial: tls::serial(&certificate).unwrap(),
                    at: SystemTime::now(),
                }
            })
            .collect();
        let list = self.authority.revocation_list(&revoked, number, 1).unwrap();
        fs::write(self.path("crl.pem"), list).unwrap();
    }

    /// A connection on which nothing has been said.
    pub(crate) fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// The same from another address of this machine.
    pub(crate) fn dial_from(&self, address: [u8; 4]) -> TcpStream {
        self.dial_by(|socket| socket.bind((address, 0).into()).unwrap())
    }

    fn dial_by(&self, prepare: impl FnOnce(&TcpSocket)) -> TcpStream {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let stream = runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            prepare(&socket);
            let stream = socket.connect(self.address).await.unwrap();
            stream.into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream
    }

    /// A connection by a certificate of this name, on which nothing has been said.
    pub(crate) fn quiet(&self, name: &str) -> Peer {
        Peer::over(self.dial(), self.tls(name))
    }

    /// A session by a certificate of this name.
    #[track_caller]
    pub(crate) fn peer(&self, name: &str) -> Peer {
        let mut peer = self.quiet(name);
        peer.connect_with("");
        peer
    }

    /// A session whose end of the line takes little at once, so that it is soon full.
    pub(crate) fn narrow(&self, name: &str) -> Peer {
        let stream = self.dial_by(|socket| socket.set_recv_buffer_size(4096).unwrap());
        let mut peer = Peer::over(stream, self.tls(name));
        peer.connect_with("");
        peer
    }

    /// The files of a name, issued at the first call.
    pub(crate) fn files(&self, name: &str) -> Files {
        let (cert, key) = (
            self.path(&format!("{name}.pem")),
            self.path(&format!("{name}-key.pem")),
        );
        if !cert.exists() {
            let role = match name {
                "peadmin" | "console" => Role::Client,
                _ => Role::Node,
            };
            let pair = self.authority.issue(role, name, &[], 1).unwrap();
            fs::write(&cert, pair.cert_pem).unwrap();
            fs::write(&key, pair.key_pem).unwrap();
        }
        Files {
            cert,
            key,
            ca: Authorities::Files(vec![self.path("ca.pem")]),
            crl: Vec::new(),
        }
    }

    pub(crate) fn tls(&self, name: &str) -> std::sync::Arc<rustls::ClientConfig> {
        tls::client_config(&self.files(name)).unwrap()
    }

    /// All figures of the broker.
    #[track_caller]
    pub(crate) fn figures(&mut self) -> BTreeMap<String, u64> {
        self.daemon.signal(Signal::SIGUSR1);
        let line = self.daemon.wait_for("figures: ");
        let (_, figures) = line.split_once("figures: ").unwrap();
        figures
            .split(' ')
            .map(|word| word.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
            .collect()
    }

    /// One of them.
    #[track_caller]
    pub(crate) fn figure(&mut self, name: &str) -> u64 {
        self.figures()[name]
    }
}

fn configure(dir: &TempDir, settings: &str) {
    let path = dir.path().display();
    let text = format!(
        "listen = 127.0.0.1:0\nssl.cert = {path}/broker.pem\nssl.key = {path}/broker-key.pem\n\
         ssl.ca = {path}/ca.pem\nclients = peadmin, console\n{settings}"
    );
    fs::write(dir.path().join("broker.cfg"), text).unwrap();
}

/// A client and a node that have nothing to do with what a test does to their broker, and must
/// notice nothing of it.
pub(crate) struct Bystanders {
    client: Peer,
    node: Peer,
    exchanges: usize,
}

impl Bystanders {
    pub(crate) fn join(broker: &Solo) -> Self {
        let mut node = broker.peer("bystander");
        node.subscribe("/topic/mcollective.bystander.agent");
        node.subscribe_with(
            "/queue/mcollective.nodes",
            "selector:mc_identity = 'bystander'\n",
        );
        let mut client = broker.peer("console");
        client.subscribe("/queue/mcollective.reply.console_1.1");
        let mut bystanders = Self {
            client,
            node,
            exchanges: 0,
        };
        bystanders.exchange();
        bystanders
    }

    /// A broadcast and a directed request, with a reply to each; none is lost, doubled or late.
    #[track_caller]
    pub(crate) fn exchange(&mut self) {
        for (to, headers) in [
            ("/topic/mcollective.bystander.agent", ""),
            ("/queue/mcollective.nodes", "mc_identity:bystander\n"),
        ] {
            for _ in 0..5 {
                self.exchanges += 1;
                let body = format!("request {}", self.exchanges);
                assert_eq!(self.client.deliver(to, headers, &body), 1);
                let request = self.node.frame();
                assert!(request.ends_with(&format!("\n\n{body}")), "{request}");
                let body = format!("reply {}", self.exchanges);
                let reply_to = "/queue/mcollective.reply.console_1.1";
                self.node.publish(reply_to, "", &body);
                let reply = self.client.frame();
                assert!(reply.ends_with(&format!("\n\n{body}")), "{reply}");
            }
        }
    }
}
