//! A fleet on nodes: a broker, three agents, each a systemd service with a certificate of its own;
//! and a client on this machine. A large one has a crowd besides: many agents on one more node.

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
    place::Place,
};

/// The broker's node.
pub(crate) const BROKER: &str = "broker";

/// The agents' nodes.
pub(crate) const AGENTS: [&str; 3] = ["a1", "a2", "a3"];

/// The node of the crowd.
pub(crate) const CROWD: &str = "crowd";

/// How long the fleet may take to be itself again. A bound for a broken program, not a measure.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running fleet.
pub(crate) struct Fleet {
    pub(crate) lab: Lab,
    dir: TempDir,
    pub(crate) authority: CertificateAuthority,
    /// Everybody who answers.
    pub(crate) agents: Vec<&'static str>,
    /// What agents have in their configuration besides.
    extra: &'static str,
}

impl Fleet {
    /// A broker and three agents.
    pub(crate) fn start() -> Self {
        let fleet = Self::new(AGENTS.to_vec(), "");
        fleet.set_up_all(&[]);
        fleet
    }

    /// The same with so many agents besides on one more node. Every node's state and audit, and the
    /// broker's log, are on a disk that can be filled; without an audit nothing runs.
    pub(crate) fn start_large(crowd: usize) -> Self {
        let mut agents = AGENTS.to_vec();
        let names = (1..=crowd).map(|number| format!("{CROWD}-{number}"));
        agents.extend(names.map(|name| &*name.leak()));
        let fleet = Self::new(agents, "plugin.audit.required = 1\n");
        for node in fleet.nodes() {
            fleet.lab.disk_of(node, small_disk(node), DISK_SIZE);
        }
        fleet.set_up_all(&fleet.agents[AGENTS.len()..]);
        fleet
    }

    fn new(agents: Vec<&'static str>, extra: &'static str) -> Self {
        Self {
            lab: Lab::open(&program()),
            dir: tempfile::tempdir().unwrap(),
            authority: CertificateAuthority::create("nodes' CA", 2).unwrap(),
            agents,
            extra,
        }
    }

    /// All machines.
    pub(crate) fn nodes(&self) -> Vec<&'static str> {
        let mut nodes = vec![BROKER];
        nodes.extend(AGENTS);
        if self.agents.len() > AGENTS.len() {
            nodes.push(CROWD);
        }
        nodes
    }

    fn set_up_all(&self, crowd: &[&'static str]) {
        let nodes = self.nodes();
        self.lab.up(&nodes);
        self.certify_client(&self.authority, self.authority.cert_pem());
        self.set_up(BROKER, Role::Broker, "broker.cfg", BROKER_CFG);
        for name in &self.agents {
            self.set_up_agent(name);
        }
        for name in nodes {
            self.write_unit(name);
            let units = match name {
                CROWD => crowd.iter().map(|name| unit(name)).collect(),
                _ => vec![unit(name)],
            };
            self.lab.shell(
                name,
                &format!(
                    "systemctl daemon-reload; systemctl enable -q --now {}",
                    units.join(" ")
                ),
            );
        }
    }

    /// Leaves no room on a node's disk for state and audit, or for the broker's log.
    pub(crate) fn fill_disk(&self, node: &str) {
        self.lab.fill(node, small_disk(node));
    }

    /// How much of that disk is in use, in MiB.
    pub(crate) fn on_disk(&self, node: &str) -> u64 {
        let dir = small_disk(node);
        let said = self
            .lab
            .shell(node, &format!("stat -f -c '%s %b %f' {dir}"));
        let numbers: Vec<u64> = said
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect();
        let [block, all, free] = numbers[..] else {
            panic!("stat says {said:?}")
        };
        (all - free) * block / (1 << 20)
    }

    /// Makes room again.
    pub(crate) fn free_disk(&self, node: &str) {
        self.lab.free(node, small_disk(node), DISK_SIZE);
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
        let place = Place::of(name);
        let config = format!(
            "identity = {name}\n{}{}{}",
            connector(&place.etc),
            place.fill_in(AGENT_CFG),
            self.extra
        );
        self.set_up(name, Role::Node, "server.cfg", &config);
        let etc = self.file(&place.node, &place.etc);
        fs::write(etc.join("facts.yaml"), format!("whoami: {name}\n")).unwrap();
        fs::write(etc.join("classes.txt"), "common\n").unwrap();
    }

    /// Writes certificates and configuration of a node.
    fn set_up(&self, name: &str, role: Role, config: &str, text: &str) {
        let place = Place::of(name);
        for dir in [&place.etc, &place.log, &place.state] {
            fs::create_dir_all(self.file(&place.node, dir)).unwrap();
        }
        self.certify(&self.authority, name, role, self.authority.cert_pem());
        fs::write(self.file(&place.node, &place.etc).join(config), text).unwrap();
    }

    /// The unit of a node's daemon; for the crowd the template of all.
    fn write_unit(&self, node: &str) {
        let (place, unit) = match node {
            CROWD => (
                Place::of(&format!("{CROWD}-%i")),
                unit(&format!("{CROWD}-")),
            ),
            _ => (Place::of(node), unit(node)),
        };
        let daemon = daemon(node);
        let config = if node == BROKER { "broker" } else { "server" };
        let text = place
            .fill_in(UNIT)
            .replace("DAEMON", daemon)
            .replace("CONFIG", config)
            .replace("PROGRAM", PROGRAM);
        let path = format!("/etc/systemd/system/{unit}.service");
        fs::write(self.file(node, &path), text).unwrap();
    }

    /// Gives a node a new certificate of this authority, and those that it is to trust.
    pub(crate) fn certify(
        &self,
        authority: &CertificateAuthority,
        name: &str,
        role: Role,
        trusted: &str,
    ) {
        let place = Place::of(name);
        let dir = self.file(&place.node, &place.etc);
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

    /// Certificate, key and authority of one more client with the operator's name.
    pub(crate) fn certify_caller(&self, dir: &str) -> (PathBuf, PathBuf, PathBuf) {
        let (cert, key, ca) = self.files_of_caller(dir);
        fs::create_dir(self.dir.path().join(dir)).unwrap();
        issue(
            &self.authority,
            Role::Client,
            "peadmin",
            &self.dir.path().join(dir),
        );
        fs::write(&ca, self.authority.cert_pem()).unwrap();
        (cert, key, ca)
    }

    /// Where they are.
    pub(crate) fn files_of_caller(&self, dir: &str) -> (PathBuf, PathBuf, PathBuf) {
        let file = |name: &str| self.dir.path().join(dir).join(name);
        (file("cert.pem"), file("key.pem"), file("ca.pem"))
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
        let place = Place::of(name);
        self.text(&place.node, &format!("{}/{}.log", place.log, daemon(name)))
    }

    /// What a node's agent has noted of requests, in the files that it has moved aside too.
    pub(crate) fn audit(&self, name: &str) -> String {
        let place = Place::of(name);
        let file = |end: &str| self.text(&place.node, &format!("{}/audit.log{end}", place.state));
        let old = (1..=AUDITS_KEPT)
            .rev()
            .map(|number| file(&format!(".{number}")));
        old.chain([file("")]).collect()
    }

    fn text(&self, node: &str, path: &str) -> String {
        let bytes = fs::read(self.file(node, path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
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
        let pid = self.shell_of(name, &line).trim().parse().unwrap();
        (pid != 0).then_some(pid)
    }

    /// Sends the daemon a signal.
    pub(crate) fn signal(&self, name: &str, signal: &str) {
        self.on_process(name, &format!("kill -{signal} \"$pid\""));
    }

    /// Leaves the daemon no file descriptor that it has not taken already.
    pub(crate) fn starve(&self, name: &str) {
        self.limit_files(name, "ls /proc/$pid/fd | wc -l");
    }

    /// Lets the daemon open files again.
    pub(crate) fn feed(&self, name: &str) {
        self.limit_files(name, "ulimit -H -n");
    }

    /// Sets how many files the daemon may have open, which is what a line of shell says; unless it ends.
    fn limit_files(&self, name: &str, says: &str) {
        let line = format!("prlimit --pid \"$pid\" --nofile=$({says}): || [ ! -e /proc/$pid ]");
        self.on_process(name, &line);
    }

    /// Runs a line of shell about the daemon's process `$pid`. There may be none, between an end and a
    /// start.
    fn on_process(&self, name: &str, line: &str) {
        let unit = unit(name);
        let pid = format!("pid=$(systemctl show -p MainPID --value {unit})");
        self.shell_of(name, &format!("{pid}; [ \"$pid\" -eq 0 ] || {line}"));
    }

    /// Gives a daemon a new certificate, and has it read it.
    pub(crate) fn renew(&self, name: &str) {
        let role = if name == BROKER {
            Role::Broker
        } else {
            Role::Node
        };
        self.certify(&self.authority, name, role, self.authority.cert_pem());
        self.systemctl(name, "reload");
    }

    /// Runs a line of shell on the node where this daemon is.
    fn shell_of(&self, name: &str, line: &str) -> String {
        self.lab.shell(&Place::of(name).node, line)
    }

    /// Tells the node's systemd something about the daemon, without waiting for it.
    pub(crate) fn systemctl(&self, name: &str, verb: &str) {
        self.shell_of(name, &format!("systemctl --no-block {verb} {}", unit(name)));
    }

    /// Keeps what a failed test leaves, for whoever looks into it, and says where.
    pub(crate) fn keep_logs(&self, test: &str) -> PathBuf {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("nodes")
            .join(test);
        drop(fs::remove_dir_all(&kept));
        fs::create_dir_all(&kept).unwrap();
        fs::write(kept.join("broker.log"), self.log(BROKER)).unwrap();
        for name in &self.agents {
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

/// The name of a daemon's service.
pub(crate) fn unit(name: &str) -> String {
    let daemon = daemon(name);
    name.strip_prefix(CROWD)
        .and_then(|rest| rest.strip_prefix('-'))
        .map_or_else(
            || format!("mcollective-{daemon}"),
            |number| format!("mcollective-{daemon}@{number}"),
        )
}

/// The directory of a node that can be filled: what an agent must write, or what the broker logs.
/// (An agent's log is what its runs are known by.)
fn small_disk(node: &str) -> &'static str {
    if node == BROKER {
        "/var/log/mcollective"
    } else {
        "/var/lib/mcollective"
    }
}

/// How many old files an agent keeps of its audit.
const AUDITS_KEPT: u32 = 10;

/// The notes of an hour of 200 agents fit on it twice over. It takes memory only for what is there.
const DISK_SIZE: &str = "6g";

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
plugin.yaml = ETC/facts.yaml
classesfile = ETC/classes.txt
statedir = STATE
rpcaudit = 1
rpcauditprovider = logfile
plugin.rpcaudit.logfile = STATE/audit.log
";

const UNIT: &str = "[Unit]
Description=MCollective DAEMON
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=PROGRAM DAEMON --config ETC/CONFIG.cfg
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=200ms
WatchdogSec=20
StandardError=append:LOG/DAEMON.log

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
