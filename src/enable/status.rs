//! How a machine stands: its roles, what they are told, and what is wrong or weak. Only looks.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    machine::config_file,
    puppet_ca::PuppetCa,
    service::{self, Service, old_daemons},
};
use crate::{
    config::{self, BrokerConfig, ClientConfig, Common, ServerConfig, gate},
    sys::{file, paths, process},
    tls::{self, Authorities, Files, authority},
};

/// Something to be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it does not work; otherwise it is only less safe than it could be.
    pub wrong: bool,
    /// What, and where.
    pub what: String,
    /// What to do.
    pub cure: String,
}

/// One role.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// `broker`, `agent` or `client`.
    pub name: &'static str,
    /// Its configuration.
    pub file: PathBuf,
    /// Whether it runs, in words; empty for a client.
    pub service: String,
    /// What else is known, by name.
    pub facts: Vec<(&'static str, String)>,
}

/// The whole machine.
#[derive(Debug, Default)]
pub struct Status {
    /// What is known of each role that it has.
    pub roles: Vec<Role>,
    /// What is to be mended.
    pub findings: Vec<Finding>,
    /// Whether there is something that this user may not read.
    pub partial: bool,
}

/// A certificate is renewed with a third of its time left; with so little something does not work.
const SOON: Duration = Duration::from_hours(14 * 24);

impl Status {
    /// Looks at the machine.
    pub fn look() -> Self {
        let mut status = Self::default();
        let now = SystemTime::now();
        if let Err(closed) = gate::pass(gate::Asking::Client, &config::process_environment) {
            status.wrong(closed.to_string(), closed.hint());
        }
        let broker = config_file(paths::Config::Broker);
        if broker.exists() {
            status.broker(broker, now);
        }
        let agent = config_file(paths::Config::Server);
        if agent.exists() {
            status.agent(agent, now);
        }
        for file in clients() {
            status.client(file, now);
        }
        if status.roles.is_empty() && status.findings.is_empty() {
            status.wrong(
                "this machine has no role",
                "`mcollective enable broker`, `agent` or `client` gives it one; an operator's files are \
                 looked at as that operator",
            );
        }
        status
    }

    /// Whether something does not work.
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.wrong)
    }

    /// Notes something that does not work.
    pub fn wrong(&mut self, what: impl Into<String>, cure: impl Into<String>) {
        self.find(true, what.into(), cure.into());
    }

    /// Notes something that could be safer.
    pub fn weak(&mut self, what: impl Into<String>, cure: impl Into<String>) {
        self.find(false, what.into(), cure.into());
    }

    fn find(&mut self, wrong: bool, what: String, cure: String) {
        let finding = Finding { wrong, what, cure };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn broker(&mut self, file: PathBuf, now: SystemTime) {
        let mut role = Role {
            name: "broker",
            service: self.service(Service::Broker, |_| true),
            ..Role::default()
        };
        match BrokerConfig::load(&file) {
            Err(faults) => self.unusable(&faults, &file, &mut role),
            Ok(config) => {
                let listen: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
                role.facts.push(("listens", listen.join(", ")));
                let clients: Vec<String> = config.clients.iter().map(ToString::to_string).collect();
                role.facts.push(("may command", clients.join(", ")));
                if !config.plain_listen.is_empty() {
                    self.weak(
                        format!(
                            "{}: plain_listen takes anybody for whoever they say they are",
                            file.display()
                        ),
                        "remove plain_listen when the last old daemon is gone",
                    );
                }
                if !config.identity_check {
                    self.weak(
                        format!(
                            "{}: with identity_check = off a node can answer for another",
                            file.display()
                        ),
                        "give each node a certificate of its own, and remove the line",
                    );
                }
                if let Some(files) = &config.tls {
                    self.certificate(files, config.ca_dir.is_some(), now, &mut role);
                }
                if let Some(dir) = &config.ca_dir {
                    self.authority(dir, &mut role);
                }
                self.exposed(&config.exposed());
            }
        }
        self.old(Service::Broker);
        role.file = file;
        self.roles.push(role);
    }

    fn authority(&mut self, dir: &Path, role: &mut Role) {
        let read = authority::Authority::open(dir).and_then(|authority| {
            let valid = authority
                .issued()?
                .iter()
                .filter(|issued| issued.is_valid())
                .count();
            let live = authority
                .tokens()?
                .iter()
                .filter(|token| token.is_live())
                .count();
            Ok(format!(
                "{}: {valid} valid certificates, {live} tokens",
                dir.display()
            ))
        });
        match read {
            Ok(text) => role.facts.push(("authority", text)),
            Err(_) if !process::is_root() => {
                role.facts
                    .push(("authority", format!("{} (for root to read)", dir.display())));
                self.partial = true;
            }
            Err(error) => self.wrong(error.to_string(), "restore it from a copy, or make another"),
        }
    }

    fn agent(&mut self, file: PathBuf, now: SystemTime) {
        let mut role = Role {
            name: "agent",
            service: self.service(Service::Agent, |says| says.starts_with("Connected")),
            ..Role::default()
        };
        match ServerConfig::load(&file, &config::process_environment) {
            Err(faults) => self.unusable(&faults, &file, &mut role),
            Ok(config) => {
                let pki = &config.common.security.pki;
                role.facts.push(("obeys", pki.clients.join(", ")));
                if pki.clients.is_empty() && pki.client_ca.is_empty() {
                    self.wrong(
                        format!("{}: this node obeys nobody", file.display()),
                        "add `plugin.pki.clients = NAME@sha256:...`, as `mcollective enable client` says it",
                    );
                }
                for open in pki.clients.iter().filter(|client| !client.contains('@')) {
                    if pki.client_ca.is_empty() {
                        self.weak(
                            format!("{}: whoever can sign certificates can be {open}", file.display()),
                            "pin the key: `NAME@sha256:...`, as `mcollective enable client` says it",
                        );
                    }
                }
                let policies = match &config.authorization {
                    Some(authorization) => authorization.policies.display().to_string(),
                    None => "none".into(),
                };
                role.facts.push(("policies", policies));
                if config.authorization.is_none() {
                    self.weak(
                        format!("{}: whoever commands this node may do everything (no policies)", file.display()),
                        "`rpcauthorization = 1` and `rpcauthprovider = action_policy`, with files in policies/",
                    );
                }
                if config.audit.is_none() {
                    self.weak(
                        format!("{}: requests are not noted (no audit)", file.display()),
                        "`rpcaudit = 1` and `rpcauditprovider = logfile`",
                    );
                }
                self.exposed(&config.exposed());
                self.common(&config.common, now, &mut role);
            }
        }
        self.old(Service::Agent);
        role.file = file;
        self.roles.push(role);
    }

    fn client(&mut self, file: PathBuf, now: SystemTime) {
        let mut role = Role {
            name: "client",
            ..Role::default()
        };
        match ClientConfig::load(&file, &config::process_environment) {
            Err(faults) => self.unusable(&faults, &file, &mut role),
            Ok(config) => {
                let pki = &config.common.security.pki;
                if let Ok(pair) = tls::Certified::load(&pki.cert, &pki.key)
                    && let (Ok(name), Ok(pin)) = (pair.common_name(), tls::key_pin(pair.leaf()))
                {
                    role.facts.push(("signs as", format!("{name}@{pin}")));
                }
                self.exposed(&config.exposed());
                self.common(&config.common, now, &mut role);
            }
        }
        role.file = file;
        self.roles.push(role);
    }

    /// A configuration that can't be used; or one that is not for this user to read.
    fn unusable(&mut self, faults: &config::Faults, file: &Path, role: &mut Role) {
        if !process::is_root() && file::open_regular(file).is_err() {
            role.facts.push(("told", "not for you to read".into()));
            self.partial = true;
            return;
        }
        for fault in faults.iter() {
            self.wrong(fault.to_string(), "");
        }
    }

    fn common(&mut self, common: &Common, now: SystemTime, role: &mut Role) {
        let brokers = common.connector.pool.iter();
        let brokers: Vec<String> = brokers.map(|s| format!("{}:{}", s.host, s.port)).collect();
        role.facts.push(("broker", brokers.join(", ")));
        let renewed = common.security.pki.renew;
        for server in &common.connector.pool {
            match &server.tls {
                Some(files) => self.certificate(files, renewed, now, role),
                None => self.weak(
                    format!("the connection to {} is in the clear", server.host),
                    "set `ssl = yes`, `ssl.cert`, `ssl.key` and `ssl.ca` for it",
                ),
            }
        }
    }

    /// Keys that others can read, and what they can change. Who is in a group may be meant to.
    fn exposed(&mut self, exposed: &[config::Exposed]) {
        for exposed in exposed {
            self.find(exposed.is_to_all(), exposed.to_string(), exposed.cure());
        }
    }

    /// Looks at a certificate, its key, and whom it makes one trust.
    fn certificate(&mut self, files: &Files, renewed: bool, now: SystemTime, role: &mut Role) {
        let pair = match tls::Certified::load(&files.cert, &files.key) {
            Ok(pair) => pair,
            Err(error) if !process::is_root() => {
                role.facts
                    .push(("certificate", format!("not for you to read: {error}")));
                self.partial = true;
                return;
            }
            Err(error) => {
                return self.wrong(
                    error.to_string(),
                    "enable the role again, or restore the file",
                );
            }
        };
        let name = pair.common_name().unwrap_or_else(|error| error.to_string());
        let left = pair
            .validity()
            .not_after
            .duration_since(now)
            .unwrap_or_default();
        let days = left.as_secs() / 86400;
        role.facts
            .push(("certificate", format!("{name}, {days} days left")));
        let again = if renewed {
            "the log says why it was not renewed; the broker has to be reached"
        } else {
            "renew it where it was issued; daemons take it up by themselves"
        };
        if let Err(error) = pair.check_time(now) {
            self.wrong(error.to_string(), again);
        } else if left < SOON {
            self.wrong(
                format!("{}: {days} days are left", files.cert.display()),
                again,
            );
        }
        if let Err(error) = tls::Trust::load(&files.ca, &files.crl) {
            self.wrong(error.to_string(), "restore the file");
        }
        if files.crl.is_empty() && role.name != "client" {
            self.weak(
                format!(
                    "{}: no revocation list, so a revoked certificate is not noticed",
                    role.name
                ),
                "name one with `ssl.crl`",
            );
        }
        let puppet = PuppetCa::find(Path::new("/"), None);
        let of_puppet = |puppet: &PuppetCa| files.ca == Authorities::Files(vec![puppet.ca()]);
        if puppet.is_some_and(|puppet| puppet.autosigns && of_puppet(&puppet)) {
            self.weak(
                "Puppet's CA signs whatever it is asked for (autosign)",
                "have nodes obey pinned keys, or restrict autosign",
            );
        }
    }

    /// Whether a service runs, in words.
    fn service(&mut self, service: Service, works: fn(&str) -> bool) -> String {
        let unit = service.unit();
        let Some(state) = service::state(unit) else {
            return "not known (systemd does not run this machine)".into();
        };
        if state.enabled.is_empty() {
            self.weak(
                format!("{unit} is not there: nothing starts it with the machine"),
                "enable the role with `mcollective enable`",
            );
            return "no service".into();
        }
        if !state.runs() {
            let why = if state.result.is_empty() {
                String::new()
            } else {
                format!(" ({})", state.result)
            };
            self.wrong(
                format!("{unit} is {}{why}", state.active),
                format!("`systemctl start {unit}`; `journalctl -u {unit}` says why it ended"),
            );
        } else if !works(&state.status) {
            let says = if state.status.is_empty() {
                "it has not said why"
            } else {
                &state.status
            };
            self.wrong(
                format!("{unit} is not connected: {says}"),
                if says.contains("revoked") {
                    "join again with `--new-key`, and a token made after the revocation"
                } else {
                    "see the line above, and the broker's log"
                },
            );
        }
        if state.is_outdated() {
            self.weak(
                format!("{unit} runs the program that was there before this one was installed"),
                format!("`systemctl restart {unit}`"),
            );
        }
        if state.enabled != "enabled" {
            self.weak(
                format!(
                    "{unit} is {}: it does not start with the machine",
                    state.enabled
                ),
                format!("`systemctl enable {unit}`"),
            );
        }
        let says = if state.status.is_empty() {
            String::new()
        } else {
            format!(": {}", state.status)
        };
        format!("{}, {}{says}", state.active, state.enabled)
    }

    fn old(&mut self, service: Service) {
        for unit in old_daemons(service) {
            self.weak(
                format!("{unit} does the same work"),
                format!("`systemctl disable --now {unit}` when it is no longer needed"),
            );
        }
    }
}

/// The configurations of clients: this user's, or the machine's; for root also the usual operator's.
fn clients() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = paths::Config::Client.find().into_iter().collect();
    let usual = super::client::usual_file();
    if let Some(usual) = usual.filter(|file| process::is_root() && !found.contains(file)) {
        found.push(usual);
    }
    found
}
