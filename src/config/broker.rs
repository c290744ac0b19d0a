//! `broker.cfg`: what a broker is told. Plain data: the broker makes its own settings of it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Document, Fault, Faults, LogLevel, Logger, NamePattern, common::collective, keys, load, logger,
    reader::Reader,
};
use crate::{
    mcorpc::names::Collective,
    tls::{Authorities, Files},
};

pub(super) mod limits;

pub use limits::{Limits, SlowConsumer};

/// What a broker is told.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// The file that was read.
    pub file: PathBuf,
    /// Where TLS connections are taken.
    pub listen: Vec<SocketAddr>,
    /// Where connections in the clear are taken: for tests and for legacy.
    pub plain_listen: Vec<SocketAddr>,
    /// The broker's certificate, and whom it trusts; there is one where `listen` is not empty.
    pub tls: Option<Files>,
    /// Who may command: names of certificates.
    pub clients: Vec<NamePattern>,
    /// Who may be a node; none is every valid certificate.
    pub nodes: Option<Vec<NamePattern>>,
    /// Whether a node's identity must be its certificate's name.
    pub identity_check: bool,
    /// Which collectives a name may use, in the file's order; a name that none means may use all.
    pub collectives: Vec<(NamePattern, Vec<Collective>)>,
    /// The directory of the authority that signs for whoever joins with a token, where it is ours.
    pub ca_dir: Option<PathBuf>,
    /// What nobody may exceed.
    pub limits: Limits,
    /// Where notes are kept that outlive the process, where the file says it.
    pub state_dir: Option<PathBuf>,
    /// How often to look whether the certificates' files have changed; zero is never.
    pub reload_interval: Duration,
    /// Where log lines go.
    pub logger: Logger,
    /// What is odd in the file and no reason to refuse it.
    pub warnings: Vec<Fault>,
}

impl BrokerConfig {
    /// Reads a file.
    pub fn load(file: &Path) -> Result<Self, Faults> {
        Self::read(&load::read_alone(file)?)
    }

    /// The broker's TLS files. The revocation list of its own authority is obeyed, named or not.
    pub fn tls_files(&self) -> Option<Files> {
        let mut files = self.tls.clone()?;
        let list = self.ca_dir.as_ref().map(|dir| dir.join("crl.pem"));
        files
            .crl
            .extend(list.filter(|list| !files.crl.contains(list)));
        Some(files)
    }

    /// Gives the entries their meaning.
    pub fn read(document: &Document) -> Result<Self, Faults> {
        let nothing = |_: &str| None;
        let mut reader = Reader::new(document, &nothing);
        reader.add(keys::check_broker(document), Vec::new());
        let listen = addresses(&mut reader, "listen", "0.0.0.0:61613");
        let plain_listen = addresses(&mut reader, "plain_listen", "none");
        let given = |key| reader.raw(key).is_some_and(|text| text != "none");
        if listen.is_empty() && !given("listen") && !given("plain_listen") {
            reader.fault(
                "listen",
                "there is no address to listen at",
                "add `listen = 0.0.0.0:61613`",
            );
        }
        let clients = reader.parse_list("clients", str::parse::<NamePattern>);
        if clients.as_ref().is_none_or(Vec::is_empty) {
            let right = "add `clients = NAME`, the certificate's name of each operator";
            reader.warn("clients", "`clients` is missing: nobody may command", right);
        }
        let config = Self {
            file: document.file.clone(),
            tls: if listen.is_empty() {
                None
            } else {
                tls(&mut reader)
            },
            listen,
            plain_listen,
            clients: clients.unwrap_or_default(),
            nodes: nodes(&mut reader),
            identity_check: reader.flag("identity_check", true),
            collectives: collectives(&mut reader),
            ca_dir: reader.path("ca_dir"),
            limits: Limits::read(&mut reader),
            state_dir: reader.path("statedir"),
            reload_interval: reader.duration("reload_interval", Duration::from_secs(30)),
            logger: logger::read(&mut reader, LogLevel::Info),
            warnings: Vec::new(),
        };
        let warnings = reader.finish()?;
        Ok(Self { warnings, ..config })
    }
}

fn addresses(reader: &mut Reader<'_>, key: &str, default: &str) -> Vec<SocketAddr> {
    let parse = |item: &str| {
        let address = item.parse::<SocketAddr>();
        address.map_err(|_| "give address and port (`0.0.0.0:61613`, `[::]:61613`), or `none`")
    };
    match reader.raw(key) {
        Some("none") => Vec::new(),
        None if default == "none" => Vec::new(),
        None => default.parse().into_iter().collect(),
        Some(_) => reader.parse_list(key, parse).unwrap_or_default(),
    }
}

fn tls(reader: &mut Reader<'_>) -> Option<Files> {
    if reader.raw("ssl.ca") == Some("webpki") {
        let message = "`ssl.ca` can't be `webpki`: anybody could get a certificate there";
        reader.fault("ssl.ca", message, "give the files of your own authority");
    }
    for (key, example) in [
        ("ssl.cert", "/etc/mcollective/ssl/broker.pem"),
        ("ssl.key", "/etc/mcollective/ssl/broker-key.pem"),
        ("ssl.ca", "/etc/mcollective/ssl/ca.pem"),
    ] {
        if !reader.has(key) {
            reader.missing(key, example);
        }
    }
    Some(Files {
        cert: reader.path("ssl.cert")?,
        key: reader.path("ssl.key")?,
        ca: Authorities::Files(reader.paths("ssl.ca")),
        crl: reader.paths("ssl.crl"),
    })
}

fn nodes(reader: &mut Reader<'_>) -> Option<Vec<NamePattern>> {
    if reader.raw("nodes") == Some("all") {
        return None;
    }
    reader.parse_list("nodes", str::parse::<NamePattern>)
}

fn collectives(reader: &mut Reader<'_>) -> Vec<(NamePattern, Vec<Collective>)> {
    let mut rules: Vec<(usize, &str, &str)> = reader
        .document
        .keys()
        .filter_map(|(key, entry)| Some((entry.line, key, key.strip_prefix("collectives.")?)))
        .collect();
    rules.sort_unstable();
    let mut read = Vec::new();
    for (_, key, name) in rules {
        match name.parse::<NamePattern>() {
            Ok(pattern) => {
                let list = reader.parse_list(key, collective);
                read.push((pattern, list.unwrap_or_default()));
            }
            Err(error) => {
                reader.fault(key, &format!("`{key}` names nobody"), &error);
            }
        }
    }
    read
}
