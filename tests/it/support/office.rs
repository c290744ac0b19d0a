//! A broker that has an authority of its own, to which machines come for certificates.

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use mcollective::{
    connector::enrol::{self, EnrolError, Joined},
    tls::{
        self, Authorities, Files, Token,
        authority::{Authority, TokenOrder},
        mint::{CertificateAuthority, Role},
    },
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Daemon, Peer};

/// How long a broker may take to answer before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module. `peadmin` and `deploy` are its clients.
pub(crate) struct Office {
    dir: TempDir,
    pub(crate) authority: Authority,
    pub(crate) port: u16,
    pub(crate) daemon: Daemon,
}

impl Office {
    pub(crate) fn open() -> Self {
        Self::open_with(|_, authority| {
            let pair = authority.issue(Role::Broker, "broker", &["localhost".into()], 90);
            let pair = pair.unwrap();
            (pair.cert_pem, pair.key_pem)
        })
    }

    /// With a certificate and key for the broker that are made so.
    pub(crate) fn open_with(
        own: impl FnOnce(&std::path::Path, &Authority) -> (String, String),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        let authority = Authority::create(&path.join("ca"), "an office's CA", 3650).unwrap();
        let (cert, key) = own(path, &authority);
        fs::write(path.join("broker.pem"), cert).unwrap();
        fs::write(path.join("broker-key.pem"), key).unwrap();
        let shown = path.display();
        let text = format!(
            "listen = 127.0.0.1:0\nssl.cert = {shown}/broker.pem\nssl.key = {shown}/broker-key.pem\n\
             ssl.ca = {shown}/ca/ca.pem\nca_dir = {shown}/ca\nclients = peadmin, deploy\n\
             reload_interval = 0.1\n"
        );
        fs::write(path.join("broker.cfg"), text).unwrap();
        let mut daemon = Daemon::start("broker", &path.join("broker.cfg"));
        let line = daemon.wait_for("listening on ");
        let port = line.rsplit(':').next().unwrap().trim().parse().unwrap();
        Self {
            dir,
            authority,
            port,
            daemon,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A token for so many nodes of any name.
    pub(crate) fn token(&self, uses: u32) -> Token {
        self.token_for(Role::Node, &[], uses)
    }

    pub(crate) fn token_for(&self, role: Role, names: &[&str], uses: u32) -> Token {
        self.authority
            .create_token(&self.order(role, names, uses))
            .unwrap()
    }

    pub(crate) fn order(&self, role: Role, names: &[&str], uses: u32) -> TokenOrder {
        TokenOrder {
            role,
            names: names.iter().map(ToString::to_string).collect(),
            uses,
            life: Duration::from_hours(1),
            broker: format!("localhost:{}", self.port),
            callers: Vec::new(),
        }
    }

    /// Renews the certificate in these files.
    pub(crate) fn renew(&self, files: &Files) -> Result<(), EnrolError> {
        let server = mcollective::connector::Server {
            host: "localhost".into(),
            port: self.port,
            user: String::new(),
            password: mcollective::connector::Secret::default(),
            tls: Some(files.clone()),
        };
        wait(enrol::renew_file(&server, PATIENCE))
    }

    /// Keeps a certificate and a key in files of this name.
    pub(crate) fn keep(&self, name: &str, cert: &str, key: &str) -> Files {
        let files = self.files(name);
        fs::write(&files.cert, cert).unwrap();
        fs::write(&files.key, key).unwrap();
        files
    }

    /// Makes a certificate here and keeps it.
    pub(crate) fn issue(&self, role: Role, name: &str) -> Files {
        let pair = self.authority.issue(role, name, &[], 90).unwrap();
        self.keep(name, &pair.cert_pem, &pair.key_pem)
    }

    /// One that was made so many days ago for 90 days, and noted as it would have been then.
    pub(crate) fn issue_old(&self, role: Role, name: &str, days_ago: u64) -> Files {
        let (cert, key) = issue_old(&self.authority, role, name, &[], days_ago);
        self.keep(name, &cert, &key)
    }

    fn files(&self, name: &str) -> Files {
        Files {
            cert: self.path(&format!("{name}.pem")),
            key: self.path(&format!("{name}-key.pem")),
            ca: Authorities::Files(vec![self.authority.cert_path()]),
            crl: Vec::new(),
        }
    }

    pub(crate) fn dial(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// A session with the certificate in these files.
    #[track_caller]
    pub(crate) fn peer(&self, files: &Files) -> Peer {
        let mut peer = Peer::over(self.dial(), tls::client_config(files).unwrap());
        peer.connect_with("");
        peer
    }

    /// A connection as those who join make it.
    pub(crate) fn joiner(&self) -> Peer {
        Peer::over(self.dial(), tls::join_config(self.authority.pin()).unwrap())
    }

    /// What of a configuration says how to reach this broker with these files.
    pub(crate) fn connector(&self, files: &Files) -> String {
        let server = "plugin.activemq.pool.1";
        format!(
            "connector = activemq\nsecurityprovider = pki\nplugin.activemq.pool.size = 1\n\
             {server}.host = localhost\n{server}.port = {}\n{server}.ssl = true\n\
             {server}.ssl.cert = {}\n{server}.ssl.key = {}\n{server}.ssl.ca = {}\n",
            self.port,
            files.cert.display(),
            files.key.display(),
            self.authority.cert_path().display(),
        )
    }

    /// A running agent of this name, with its certificate in these files.
    pub(crate) fn agent(&self, name: &str, files: &Files, more: &str) -> Daemon {
        let dir = self.path(&format!("home-{name}"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("facts.yaml"), "a: b\n").unwrap();
        let text = format!(
            "{}identity = {name}\nplugin.pki.clients = peadmin, signer\nfactsource = yaml\n\
             plugin.yaml = {dir}/facts.yaml\nstatedir = {dir}\n{more}",
            self.connector(files),
            dir = dir.display(),
        );
        fs::write(dir.join("server.cfg"), text).unwrap();
        Daemon::start("agent", &dir.join("server.cfg"))
    }
}

/// Joins as a machine would.
pub(crate) fn join(token: &Token, name: &str, key: &str) -> Result<Joined, EnrolError> {
    wait(enrol::join(token, name, key, PATIENCE))
}

/// See [`Office::issue_old`].
pub(crate) fn issue_old(
    authority: &Authority,
    role: Role,
    name: &str,
    sans: &[String],
    days_ago: u64,
) -> (String, String) {
    let read = |name: &str| fs::read_to_string(authority.dir().join(name)).unwrap();
    let ca = CertificateAuthority::load(&read("ca.pem"), &read("ca-key.pem")).unwrap();
    let day = Duration::from_hours(24);
    let then = SystemTime::now() - u32::try_from(days_ago).unwrap() * day;
    let key = tls::mint::new_key().unwrap();
    let public = tls::mint::public_key_info(&key).unwrap();
    let cert = ca
        .issue_for(&public, role, name, sans, 90 * day, then)
        .unwrap();
    let der = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
    let serial = tls::serial(&der).unwrap();
    let serial: Vec<String> = serial.iter().map(|byte| format!("{byte:02x}")).collect();
    let serial = serial.concat();
    let then = then.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let record = json!({
        "role": role, "issued": then.as_secs(), "revoked": null, "token": null, "cert": cert,
    });
    let folder = authority.dir().join("issued").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{serial}.json")), record.to_string()).unwrap();
    (cert, key)
}

/// What is in a token, for those who would change it.
pub(crate) fn open_token(token: &Token) -> Value {
    let text = token.to_string();
    let bytes = BASE64.decode(text.strip_prefix("mcoj1.").unwrap()).unwrap();
    serde_json::from_slice(&bytes[..bytes.len() - 4]).unwrap()
}

/// A token of these words, as nobody but a test and a forger makes it.
pub(crate) fn forge_token(words: &Value) -> Token {
    let mut bytes = words.to_string().into_bytes();
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    bytes.extend(&sum.as_ref()[..4]);
    format!("mcoj1.{}", BASE64.encode(bytes)).parse().unwrap()
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// Bytes that only the two ends of this connection know.
pub(crate) fn exporter(peer: &mut Peer) -> [u8; 32] {
    peer.shake_hands().unwrap();
    peer.exporter(tls::enrol::EXPORTER_LABEL)
}
