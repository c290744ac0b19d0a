//! A fleet on nodes: a broker, three agents, each a systemd service with a certificate of its own;
//! and a client on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use mcollective::tls::mint::{CertificateAuthority, Role};
use tempfile::TempDir;

use crate::{
    clock,
    lab::{Lab, PROGRAM},
};

/// The broker's node.
pub(crate) const BROKER: &str = "broker";

/// The agents' nodes.
pub(crate) const AGENTS: [&str; 3] = ["a1", "a2", "a3"];

/// How long the fleet may take to be itself again. A bound for a broken program, not a measure.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running fleet.
pub(crate) struct Fleet {
    pub(crate) lab: Lab,
    dir: TempDir,
    pub(crate) authority: CertificateAuthority,
}

impl Fleet {
    pub(crate) fn start() -> Self {
        let fleet = Self {
            lab: Lab::open(&program()),
            dir: tempfile::tempdir().unwrap(),
            authority: CertificateAuthority::create("nodes' CA", 2).unwrap(),
        };
        let mut nodes = vec![BROKER];
        nodes.extend(AGENTS);
        fleet.lab.up(&nodes);
        fleet.certify_client(&fleet.authority, fleet.authority.cert_pem());
        fleet.set_up(BROKER, Role::Broker, "broker.cfg", BROKER_CFG);
        for name in AGENTS {
            fleet.set_up_agent(name);
        }
        for name in nodes {
            let unit = unit(name);
            fleet.write_unit(name);
            fleet.lab.shell(
                name,
                &format!("systemctl daemon-reload; systemctl enable -q --now {unit}"),
            );
        }
        fleet
    }

    /// One more node with an agent, on which `OpenRC` starts it and everything else.
    pub(crate) fn add_openrc(&self, name: &str) {
        self.lab.openrc(name);
        self.set_up_agent(name);
        let path = format!("/etc/init.d/{}", unit(name));
        let script = SCRIPT.replace("PROGRAM", PROGRAM);
        fs::write(self.file(name, &path), script).unwrap();
        let unit = unit(name);
        self.lab
            .shell(name, &format!("chmod 755 {path}; rc-service {unit} start"));
        self.wait_for_log(name, 0, "connected");
    }

    fn set_up_agent(&self, name: &str) {
        let config = format!(
            "identity = {name}\n{}{AGENT_CFG}",
            connector("/etc/mcollective")
        );
        self.set_up(name, Role::Node, "server.cfg", &config);
        let facts = format!("whoami: {name}\n");
        fs::write(self.file(name, "/etc/mcollective/facts.yaml"), facts).unwrap();
        fs::write(self.file(name, "/etc/mcollective/classes.txt"), "common\n").unwrap();
    }

    /// Writes certificates and configuration of a node.
    fn set_up(&self, name: &str, role: Role, config: &str, text: &str) {
        for dir in [
            "/etc/mcollective",
            "/var/log/mcollective",
            "/var/lib/mcollective",
        ] {
            fs::create_dir_all(self.file(name, dir)).unwrap();
        }
        self.certify(&self.authority, name, role, self.authority.cert_pem());
        fs::write(self.file(name, &format!("/etc/mcollective/{config}")), text).unwrap();
    }

    fn write_unit(&self, name: &str) {
        let (daemon, unit) = (daemon(name), unit(name));
        let config = if name == BROKER { "broker" } else { "server" };
        let text = UNIT
            .replace("DAEMON", daemon)
            .replace("CONFIG", &format!("/etc/mcollective/{config}.cfg"))
            .replace("PROGRAM", PROGRAM);
        let path = format!("/etc/systemd/system/{unit}.service");
        fs::write(self.file(name, &path), text).unwrap();
    }

    /// Gives a node a new certificate of this authority, and those that it is to trust.
    pub(crate) fn certify(
        &self,
        authority: &CertificateAuthority,
        name: &str,
        role: Role,
        trusted: &str,
    ) {
        let dir = self.file(name, "/etc/mcollective");
        issue(authority, role, name, &dir);
        fs::write(dir.join("ca.pem"), trusted).unwrap();
    }

    /// Gives the client a certificate of this authority, and those that it is to trust: all at
    /// once, as calls begin at any time.
    pub(crate) fn certify_client(&self, authority: &CertificateAuthority, trusted: &str) {
        let dir = self.dir.path().join(clock::now_ms().to_string());
        fs::create_dir(&dir).unwrap();
        issue(authority, Role::Client, "peadmin", &dir);
        fs::write(dir.join("ca.pem"), trusted).unwrap();
        let text = format!(
            "{}plugin.pki.clients = peadmin\n",
            connector(&dir.display().to_string()),
        );
        let next = dir.join("client.cfg");
        fs::write(&next, text).unwrap();
        fs::rename(next, self.client_cfg()).unwrap();
    }

    /// The client's configuration.
    pub(crate) fn client_cfg(&self) -> PathBuf {
        self.dir.path().join("client.cfg")
    }

    /// The client's home.
    pub(crate) fn home(&self) -> &Path {
        self.dir.path()
    }

    /// A node's address.
    pub(crate) fn address(&self, name: &str) -> String {
        self.lab.address(name)
    }

    /// A node's file, as this machine sees it.
    pub(crate) fn file(&self, name: &str, path: &str) -> PathBuf {
        self.lab.disk(name).join(path.trim_start_matches('/'))
    }

    /// What a node's daemon has logged.
    pub(crate) fn log(&self, name: &str) -> String {
        let path = self.file(name, &format!("/var/log/mcollective/{}.log", daemon(name)));
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// What a node's agent has noted of requests.
    pub(crate) fn audit(&self, name: &str) -> String {
        let path = self.file(name, "/var/log/mcollective/audit.log");
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Waits for a line with these words in what a daemon logs after the first `from` bytes.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, name: &str, from: usize, words: &str) {
        clock::wait_for(&format!("{words:?} in the log of {name}"), PATIENCE, || {
            self.log(name).get(from..)?.contains(words).then_some(())
        });
    }

    /// The daemon's process, as its node's systemd knows it; none while it does not run.
    pub(crate) fn main_pid(&self, name: &str) -> Option<u32> {
        let line = format!("systemctl show -p MainPID --value {}", unit(name));
        let pid = self.lab.shell(name, &line).trim().parse().unwrap();
        (pid != 0).then_some(pid)
    }

    /// Sends the daemon a signal. It may have none to get it, between an end and a start.
    pub(crate) fn signal(&self, name: &str, signal: &str) {
        let line = format!(
            "pid=$(systemctl show -p MainPID --value {}); [ \"$pid\" -eq 0 ] || kill -{signal} \"$pid\"",
            unit(name)
        );
        self.lab.shell(name, &line);
    }

    /// Tells the node's systemd something about the daemon, without waiting for it.
    pub(crate) fn systemctl(&self, name: &str, verb: &str) {
        self.lab
            .shell(name, &format!("systemctl --no-block {verb} {}", unit(name)));
    }

    /// Keeps what a failed test leaves, for whoever looks into it, and says where.
    pub(crate) fn keep_logs(&self, test: &str) -> PathBuf {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("nodes")
            .join(test);
        drop(fs::remove_dir_all(&kept));
        fs::create_dir_all(&kept).unwrap();
        fs::write(kept.join("broker.log"), self.log(BROKER)).unwrap();
        for name in AGENTS {
            fs::write(kept.join(format!("{name}.log")), self.log(name)).unwrap();
            fs::write(kept.join(format!("{name}-audit.log")), self.audit(name)).unwrap();
        }
        kept
    }
}

/// The program under test: the release binary where the environment names one.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("MCOLLECTIVE_RELEASE_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_mcollective").into(), PathBuf::from)
}

fn issue(authority: &CertificateAuthority, role: Role, name: &str, dir: &Path) {
    let pair = authority.issue(role, name, &[], 1).unwrap();
    // The certificate comes last: a reader in between finds a pair that does not fit, and says so.
    fs::write(dir.join("key.pem"), pair.key_pem).unwrap();
    fs::write(dir.join("cert.pem"), pair.cert_pem).unwrap();
}

fn daemon(name: &str) -> &'static str {
    if name == BROKER { "broker" } else { "agent" }
}

/// The name of a node's service.
pub(crate) fn unit(name: &str) -> String {
    format!("mcollective-{}", daemon(name))
}

/// How agent and client reach the broker.
fn connector(dir: &str) -> String {
    format!(
        "connector = activemq\nsecurityprovider = pki\nplugin.activemq.pool.size = 1\n\
         plugin.activemq.pool.1.host = {BROKER}\nplugin.activemq.pool.1.port = 61613\n\
         plugin.activemq.pool.1.ssl = true\nplugin.activemq.pool.1.ssl.cert = {dir}/cert.pem\n\
         plugin.activemq.pool.1.ssl.key = {dir}/key.pem\nplugin.activemq.pool.1.ssl.ca = {dir}/ca.pem\n"
    )
}

const BROKER_CFG: &str = "listen = 0.0.0.0:61613
ssl.cert = /etc/mcollective/cert.pem
ssl.key = /etc/mcollective/key.pem
ssl.ca = /etc/mcollective/ca.pem
clients = peadmin
";

/// A silence of twice the heart-beat's interval ends a connection: 4 s, for tests that wait for it.
const AGENT_CFG: &str = "plugin.activemq.heartbeat_interval = 2
plugin.pki.clients = peadmin
factsource = yaml
plugin.yaml = /etc/mcollective/facts.yaml
classesfile = /etc/mcollective/classes.txt
statedir = /var/lib/mcollective
rpcaudit = 1
rpcauditprovider = logfile
plugin.rpcaudit.logfile = /var/log/mcollective/audit.log
";

const UNIT: &str = "[Unit]
Description=MCollective DAEMON
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=PROGRAM DAEMON --config CONFIG
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=200ms
WatchdogSec=20
StandardError=append:/var/log/mcollective/DAEMON.log

[Install]
WantedBy=multi-user.target
";

/// What `OpenRC` starts an agent by.
const SCRIPT: &str = "#!/sbin/openrc-run
description='MCollective agent'
supervisor=supervise-daemon
command=PROGRAM
command_args='agent --config /etc/mcollective/server.cfg'
error_log=/var/log/mcollective/agent.log
";
