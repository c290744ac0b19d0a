//! The daemons as services of systemd: their units, whether they run, and the daemons that were there
//! before.

use std::{
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    problem::Problem,
    site::Site,
    tools::{self, Account, run},
};

/// One of our services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The broker.
    Broker,
    /// The agent.
    Agent,
}

impl Service {
    /// The command that it runs.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Agent => "agent",
        }
    }

    /// The unit's name.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Broker => "mcollective-broker.service",
            Self::Agent => "mcollective-agent.service",
        }
    }

    /// Where its unit is.
    pub fn file(self) -> PathBuf {
        Path::new("/etc/systemd/system").join(self.unit())
    }

    /// The original's daemons that do the same work.
    pub const fn older(self) -> &'static [&'static str] {
        match self {
            Self::Broker => &[
                "pe-activemq.service",
                "activemq.service",
                "rabbitmq-server.service",
            ],
            Self::Agent => &["mcollective.service", "pe-mcollective.service"],
        }
    }
}

/// Whether systemd runs this machine.
pub fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// What systemd says of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `active`, `activating`, `failed`, `inactive`...
    pub active: String,
    /// `enabled`, `disabled`, or nothing where there is no such unit.
    pub enabled: String,
    /// What the service says of itself.
    pub status: String,
    /// How its last run ended, where that was not well.
    pub result: String,
    /// The process; 0 where there is none.
    pub pid: u32,
}

impl State {
    /// Whether it runs, or tries to.
    pub fn runs(&self) -> bool {
        matches!(&*self.active, "active" | "activating" | "reloading")
    }

    /// Whether its program has been replaced since it began.
    pub fn is_outdated(&self) -> bool {
        fs::read_link(format!("/proc/{}/exe", self.pid))
            .is_ok_and(|program| program.as_os_str().as_bytes().ends_with(b" (deleted)"))
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let mut lines = text.lines();
            lines
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or_default()
                .to_owned()
        };
        let result = value("Result");
        Self {
            active: value("ActiveState"),
            enabled: value("UnitFileState"),
            status: value("StatusText"),
            result: if result == "success" {
                String::new()
            } else {
                result
            },
            pid: value("MainPID").parse().unwrap_or(0),
        }
    }
}

/// Asks systemd; nothing where it does not run, or does not answer.
pub fn state(unit: &str) -> Option<State> {
    if !has_systemd() {
        return None;
    }
    let properties = "ActiveState,UnitFileState,StatusText,Result,MainPID";
    let said = run("systemctl", &["show", "-p", properties, "--", unit]).ok()?;
    Some(State::parse(&said))
}

/// The old daemons that run or would be started with the machine.
pub fn old_daemons(service: Service) -> Vec<&'static str> {
    let units = service.older().iter().copied();
    units
        .filter(|unit| state(unit).is_some_and(|s| s.runs() || s.enabled == "enabled"))
        .collect()
}

impl Site<'_> {
    /// Stops old daemons where that was asked for; otherwise only says that they are there.
    pub(super) fn old_daemons(&mut self, service: Service, stop: bool) -> Result<(), Problem> {
        for unit in old_daemons(service) {
            if stop {
                self.act(
                    "service",
                    ("stopped and disabled", "stop and disable"),
                    unit,
                    || run("systemctl", &["disable", "--now", "--", unit]),
                )?;
            } else {
                self.warn(format!(
                    "{unit} is on this machine and does the same work; `--stop-old` stops and disables it"
                ));
            }
        }
        Ok(())
    }

    /// Has the service run now and after each start of the machine. `again` restarts one that runs, as
    /// what it reads only at its start has changed. Gives the process that goes; 0 where none does.
    pub(super) fn service(
        &mut self,
        service: Service,
        unit: &str,
        again: bool,
    ) -> Result<u32, Problem> {
        let name = service.unit();
        if !has_systemd() {
            self.warn(format!(
                "systemd does not run this machine, so nothing was started; have your init system run \
                 `mcollective {}`",
                service.role()
            ));
            return Ok(0);
        }
        let new = self.own_file(&service.file(), unit, 0o644, &Account::root())?;
        if new && !self.is_rehearsal() {
            run("systemctl", &["daemon-reload"])?;
        }
        let before = state(name).unwrap_or_default();
        if before.enabled != "enabled" {
            self.act("service", ("enabled", "enable"), name, || {
                run("systemctl", &["enable", "--quiet", "--", name])
            })?;
        }
        let verb = if !before.runs() {
            ("started", "start")
        } else if again || new || before.is_outdated() {
            ("restarted", "restart")
        } else {
            return Ok(0);
        };
        self.act("service", verb, name, || {
            run("systemctl", &["--no-block", verb.1, "--", name])
        })?;
        Ok(before.pid)
    }

    /// Waits until the service, in another process than the one that goes, says that it does its work.
    pub(super) fn wait_for(
        &mut self,
        service: Service,
        goes: u32,
        patience: Duration,
        works: fn(&State) -> bool,
    ) -> Result<(), Problem> {
        if self.is_rehearsal() || !has_systemd() {
            return Ok(());
        }
        let (name, end) = (service.unit(), Instant::now() + patience);
        loop {
            let now = state(name).unwrap_or_default();
            if now.pid != goes && works(&now) {
                let says = match service {
                    Service::Agent if !now.status.is_empty() => format!("{} ({name})", now.status),
                    _ => format!("{name} runs"),
                };
                self.fine("service", says);
                return Ok(());
            }
            if Instant::now() > end {
                let says = if now.status.is_empty() {
                    log(name)
                } else {
                    now.status
                };
                let hint = if says.contains("revoked") {
                    "join again with `--new-key`, and a token made after the revocation".into()
                } else {
                    format!("see `journalctl -u {name}`")
                };
                return Err(Problem::failed(format_args!(
                    "{name} is {} after {} s: {says}",
                    now.active,
                    patience.as_secs()
                ))
                .hint(hint));
            }
            tools::pause();
        }
    }

    /// Stops the service, and takes its unit away.
    pub(super) fn no_service(&mut self, service: Service) -> Result<(), Problem> {
        let name = service.unit();
        if state(name).is_some_and(|state| state.runs() || state.enabled == "enabled") {
            self.act(
                "service",
                ("stopped and disabled", "stop and disable"),
                name,
                || run("systemctl", &["disable", "--quiet", "--now", "--", name]),
            )?;
        }
        if self.no_file(&service.file())? && !self.is_rehearsal() && has_systemd() {
            run("systemctl", &["daemon-reload"])?;
        }
        Ok(())
    }
}

/// The last thing that a service has logged.
fn log(unit: &str) -> String {
    let words = ["-u", unit, "-n", "20", "-o", "cat", "--no-pager"];
    let said = run("journalctl", &words).unwrap_or_default();
    let lines = said.lines().rev();
    let telling = lines.clone().find(|line| line.contains("error"));
    telling
        .or_else(|| lines.clone().next())
        .unwrap_or("it has logged nothing")
        .to_owned()
}

/// The unit of the broker. It runs as `user`; root has no right left but to read what others own,
/// as Puppet's keys.
pub(super) fn broker_unit(program: &Path, config: &Path, user: &str, low_port: bool) -> String {
    let capabilities = match (user, low_port) {
        ("root", false) => "CapabilityBoundingSet=CAP_DAC_READ_SEARCH\n",
        ("root", true) => "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_NET_BIND_SERVICE\n",
        (_, false) => "CapabilityBoundingSet=\n",
        (_, true) => {
            "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
        }
    };
    format!(
        "# Written by `mcollective enable broker`. Changes belong into a drop-in: systemctl edit mcollective-broker\n\
         [Unit]\nDescription=MCollective broker\nDocumentation=man:mcollective-broker(8)\n\
         Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n\n\
         [Service]\nType=notify\nUser={user}\n\
         ExecStart={program} broker --config {config}\nExecReload=/bin/kill -HUP $MAINPID\n\
         Restart=always\nRestartSec=2\nWatchdogSec=60\nLimitNOFILE=262144\nUMask=0077\n\
         StateDirectory=mcollective-broker\nStateDirectoryMode=0750\n{capabilities}{HARDENING}\n\
         [Install]\nWantedBy=multi-user.target\n",
        program = program.display(),
        config = config.display(),
    )
}

const HARDENING: &str = "NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
";

/// The unit of the agent. It keeps root's rights, as its actions install packages and start services,
/// and what those have begun outlives it.
pub(super) fn agent_unit(program: &Path, config: &Path) -> String {
    format!(
        "# Written by `mcollective enable agent`. Changes belong into a drop-in: systemctl edit mcollective-agent\n\
         [Unit]\nDescription=MCollective agent\nDocumentation=man:mcollective-agent(8)\n\
         Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n\n\
         [Service]\nType=notify\n\
         # It is ready when it is connected, and goes on trying until then.\nTimeoutStartSec=infinity\n\
         ExecStart={program} agent --config {config}\nExecReload=/bin/kill -HUP $MAINPID\n\
         # Runs of package managers and of Puppet go on.\nKillMode=process\n\
         Restart=always\nRestartSec=2\nWatchdogSec=60\n\
         StateDirectory=mcollective\nStateDirectoryMode=0700\nLogsDirectory=mcollective\n\
         LockPersonality=yes\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        program = program.display(),
        config = config.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_says_is_understood() {
        let said = "Result=success\nActiveState=active\nUnitFileState=enabled\nStatusText=Connected to b:1\nMainPID=42\n";
        let state = State::parse(said);
        assert!(state.runs());
        assert_eq!(
            (&*state.enabled, &*state.status),
            ("enabled", "Connected to b:1")
        );
        assert_eq!((&*state.result, state.pid), ("", 42));
        assert_eq!(State::parse("").active, "");
        assert_eq!(State::parse("Result=exit-code\n").result, "exit-code");
    }

    #[test]
    fn a_broker_has_only_the_rights_that_it_needs() {
        let unit = |user, low| broker_unit(Path::new("/p"), Path::new("/c"), user, low);
        assert!(unit("mcollective", false).contains("CapabilityBoundingSet=\n"));
        assert!(unit("mcollective", true).contains("AmbientCapabilities=CAP_NET_BIND_SERVICE\n"));
        assert!(unit("root", false).contains("CapabilityBoundingSet=CAP_DAC_READ_SEARCH\n"));
        assert!(unit("x", false).contains("ExecStart=/p broker --config /c\n"));
        let agent = agent_unit(Path::new("/p"), Path::new("/c"));
        assert!(agent.contains("KillMode=process\n") && !agent.contains("ProtectSystem"));
    }
}
