//! A broker, agents and a client on this machine, each a real process with a certificate of its
//! own from a CA that is made for the test.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mcollective::{
    sys::file::{self, Mode},
    tls::mint::{CertificateAuthority, Role},
};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Daemon, Ended, run};

/// One node to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) facts: String,
    pub(crate) classes: String,
    /// Lines to be added to its `server.cfg`.
    pub(crate) extra: String,
    /// What follows `node1` and so on in its name.
    pub(crate) domain: &'static str,
}

/// A running fleet.
pub(crate) struct Fleet {
    dir: TempDir,
    pub(crate) authority: CertificateAuthority,
    pub(crate) port: u16,
    pub(crate) broker: Daemon,
    pub(crate) agents: Vec<Daemon>,
}

impl Fleet {
    /// Nodes of this number, called `node1` and so on, with facts and classes as the recordings
    /// of the original had them.
    pub(crate) fn start(nodes: usize) -> Self {
        let nodes: Vec<Node> = (0..nodes).map(node).collect();
        Self::with(&nodes)
    }

    pub(crate) fn with(nodes: &[Node]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::create("test CA", 2).unwrap();
        fs::write(dir.path().join("ca.pem"), authority.cert_pem()).unwrap();
        let mut fleet = Files {
            dir: dir.path(),
            authority: &authority,
        };
        fleet.issue(Role::Broker, "broker", &["localhost", "127.0.0.1"]);
        fleet.issue(Role::Client, "peadmin", &[]);
        let broker_cfg = fleet.broker_cfg(0);
        let mut broker = Daemon::start("broker", &broker_cfg);
        let port = listening_port(&mut broker);
        fleet.client_cfg(port);
        let mut agents: Vec<Daemon> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let name = format!("node{}{}", at + 1, node.domain);
                fleet.issue(Role::Node, &name, &[]);
                Daemon::start("agent", &fleet.server_cfg(&name, port, node))
            })
            .collect();
        for agent in &mut agents {
            agent.wait_for("connected");
        }
        Self {
            dir,
            authority,
            port,
            broker,
            agents,
        }
    }

    /// Kills the broker and starts another at the same port.
    pub(crate) fn replace_broker(&mut self) {
        self.end_broker(Signal::SIGKILL);
        self.restart_broker();
    }

    /// Ends the broker.
    pub(crate) fn end_broker(&mut self, signal: Signal) {
        self.broker.signal(signal);
        self.broker.wait();
    }

    /// Starts another at the same port.
    pub(crate) fn restart_broker(&mut self) {
        let files = Files {
            dir: self.dir.path(),
            authority: &self.authority,
        };
        self.broker = Daemon::start("broker", &files.broker_cfg(self.port));
        assert_eq!(listening_port(&mut self.broker), self.port);
    }

    /// Starts an agent that has ended again.
    pub(crate) fn restart_agent(&mut self, at: usize) {
        let config = self.path(&format!("node{}/server.cfg", at + 1));
        let mut agent = Daemon::start("agent", &config);
        agent.wait_for("connected");
        self.agents[at] = agent;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes one more certificate, `NAME.pem` and `NAME-key.pem`.
    pub(crate) fn issue(&self, role: Role, name: &str) {
        Files {
            dir: self.dir.path(),
            authority: &self.authority,
        }
        .issue(role, name, &[]);
    }

    /// Writes another client configuration from the usual one, with texts replaced.
    pub(crate) fn client_with(&self, name: &str, replacements: &[(&str, &str)]) -> PathBuf {
        let mut text = fs::read_to_string(self.path("client.cfg")).unwrap();
        for (from, to) in replacements {
            assert!(text.contains(from), "{from:?} is not in {text}");
            text = text.replace(from, to);
        }
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// `mco` at home in the fleet's directory, on a terminal that can do something, not started yet.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = run::command(self.dir.path());
        command.env("TERM", "xterm").arg("mco").args(words);
        command.arg("--config").arg(self.path("client.cfg"));
        command
    }

    pub(crate) fn mco<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ended {
        run::mco(&self.path("client.cfg"), words)
    }
}

/// The port that a broker says it listens on.
fn listening_port(broker: &mut Daemon) -> u16 {
    let line = broker.wait_for("listening on ");
    line.rsplit(':').next().unwrap().trim().parse().unwrap()
}

/// Facts and classes of the node at this place, in turn.
fn node(at: usize) -> Node {
    let country = ["uk", "de", "mt", "us"][at % 4];
    let role = ["web", "db", "mail"][at % 3];
    let name = format!("node{}", at + 1);
    Node {
        facts: format!(
            "country: {country}\nrole: {role}\nhostname: {name}\nprocessorcount: {}\nos:\n  family: Debian\n  \
             release:\n    major: \"12\"\nmountpoints:\n- /\n- /var\nmotto: \"zwölf Boxkämpfer\"\n",
            at + 1
        ),
        classes: format!("common\nrole::{role}\n"),
        ..Node::default()
    }
}

/// Writes a fleet's files.
struct Files<'a> {
    dir: &'a Path,
    authority: &'a CertificateAuthority,
}

impl Files<'_> {
    fn issue(&mut self, role: Role, name: &str, sans: &[&str]) {
        let sans: Vec<String> = sans.iter().map(ToString::to_string).collect();
        let pair = self.authority.issue(role, name, &sans, 1).unwrap();
        fs::write(self.dir.join(format!("{name}.pem")), pair.cert_pem).unwrap();
        let key = self.dir.join(format!("{name}-key.pem"));
        file::write_atomic(&key, pair.key_pem.as_bytes(), Mode::Exactly(0o600)).unwrap();
    }

    fn broker_cfg(&self, port: u16) -> PathBuf {
        let dir = self.dir.display();
        let path = self.dir.join("broker.cfg");
        let text = format!(
            "listen = 127.0.0.1:{port}\nssl.cert = {dir}/broker.pem\nssl.key = {dir}/broker-key.pem\n\
             ssl.ca = {dir}/ca.pem\nclients = peadmin\n"
        );
        fs::write(&path, text).unwrap();
        path
    }

    fn client_cfg(&self, port: u16) {
        let text = format!(
            "{}{}",
            self.connector("peadmin", port),
            "plugin.pki.clients = peadmin\n"
        );
        fs::write(self.dir.join("client.cfg"), text).unwrap();
    }

    fn server_cfg(&self, name: &str, port: u16, node: &Node) -> PathBuf {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("facts.yaml"), &node.facts).unwrap();
        fs::write(dir.join("classes.txt"), &node.classes).unwrap();
        let mut text = self.connector(name, port);
        write!(
            text,
            "identity = {name}\nplugin.pki.clients = peadmin\nfactsource = yaml\nplugin.yaml = {dir}/facts.yaml\n\
             classesfile = {dir}/classes.txt\nstatedir = {dir}\n{}",
            node.extra,
            dir = dir.display(),
        )
        .unwrap();
        let path = dir.join("server.cfg");
        fs::write(&path, text).unwrap();
        path
    }

    fn connector(&self, name: &str, port: u16) -> String {
        let dir = self.dir.display();
        format!(
            "connector = activemq\nsecurityprovider = pki\nplugin.activemq.pool.size = 1\n\
             plugin.activemq.pool.1.host = localhost\nplugin.activemq.pool.1.port = {port}\n\
             plugin.activemq.pool.1.ssl = true\nplugin.activemq.pool.1.ssl.cert = {dir}/{name}.pem\n\
             plugin.activemq.pool.1.ssl.key = {dir}/{name}-key.pem\nplugin.activemq.pool.1.ssl.ca = {dir}/ca.pem\n"
        )
    }
}
