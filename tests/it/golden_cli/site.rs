//! The fleet that the original was recorded with, made of our parts.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mcollective::sys::file::{self, Mode};
use regex::Regex;
use tempfile::TempDir;

use super::recorded::Recording;
use crate::support::{Ended, Fleet, Node, program};

const DOMAIN: &str = ".example.net";

/// A list of nodes that one recording left for others.
const HOSTS: &str = "node1.example.net\nnode2.example.net\n";

/// A Puppet that begins nothing, and has nothing to say.
const PUPPET: &str = "#!/bin/sh\nexit 0\n";

/// systemd as far as the recorded services go.
const SYSTEMCTL: &str = r"#!/bin/sh
for word; do :; done
case $word in
  activemq) echo LoadState=loaded; echo ActiveState=active; echo SubState=running;;
  *) echo LoadState=not-found; echo ActiveState=inactive; echo SubState=dead;;
esac
echo NeedDaemonReload=no
";

/// Packages are looked at, and not taken away.
const POLICY: &[u8] = b"policy default deny\nallow\t*\tstatus count md5 checkupdates\t*\t*\n";

/// What the last run of Puppet left.
const SUMMARY: &str = "---
version:
  config: 1500000000
  puppet: 7.23.0
resources:
  failed: 0
  changed: 0
  corrective_change: 0
  total: 3
  restarted: 0
  out_of_sync: 0
  failed_to_restart: 0
  scheduled: 0
  skipped: 0
time:
  config_retrieval: 0.75
  file: 0.02
  service: 0.11
  total: 0.88
  last_run: 1500000100
changes:
  total: 0
events:
  failure: 0
  success: 0
  total: 0
";

/// The fleet, and what its machines have.
pub(super) struct Site {
    fleet: Fleet,
    machines: TempDir,
}

/// Where the operator is at home.
pub(super) struct Home(PathBuf);

impl Site {
    /// With services that systemd runs, or that init scripts do.
    pub(super) fn new(count: usize, services: &str) -> Self {
        let machines = tempfile::tempdir().unwrap();
        let nodes: Vec<Node> = (1..=count)
            .map(|number| node(number, services, &machines.path().join(number.to_string())))
            .collect();
        let fleet = Fleet::with(&nodes);
        for number in 1..=count {
            let node = fleet.path(&format!("node{number}{DOMAIN}"));
            for folder in ["bin", "policies"] {
                fs::create_dir(node.join(folder)).unwrap();
            }
            script(&node.join("bin/systemctl"), SYSTEMCTL);
            file::write_atomic(
                &node.join("policies/package.policy"),
                POLICY,
                Mode::Exactly(0o644),
            )
            .unwrap();
        }
        let site = Self { fleet, machines };
        site.files();
        site
    }

    /// What the recorded command lines expect to find.
    fn files(&self) {
        let root = self.fleet.path("");
        for folder in ["bin", "client"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        symlink(program(), root.join("bin/mco")).unwrap();
        let config = fs::read_to_string(root.join("client.cfg")).unwrap();
        let config = format!(
            "{config}direct_addressing = 1\nplugin.activemq.pool.1.password = right\ndiscovery_timeout = 1\n"
        );
        fs::write(root.join("client/client.cfg"), &config).unwrap();
        fs::write(root.join(".mcollective"), config).unwrap();
    }

    /// Forbids Puppet on a node, as it was when some of the recordings were made.
    pub(super) fn disable(&self, number: usize, message: &str) {
        let lock = self.machine(number).join("agent_disabled_lockfile");
        fs::write(lock, format!("{{\"disabled_message\":\"{message}\"}}")).unwrap();
    }

    /// Allows it again.
    pub(super) fn enable(&self, number: usize) {
        fs::remove_file(self.machine(number).join("agent_disabled_lockfile")).unwrap();
    }

    fn machine(&self, number: usize) -> PathBuf {
        self.machines.path().join(number.to_string())
    }

    pub(super) fn home(&self) -> Home {
        Home(self.fleet.path(""))
    }
}

impl Home {
    /// Runs a recorded command line with our client.
    pub(super) fn run(&self, recording: &Recording, codes: &str) -> Ended {
        let root = &self.0;
        // A folder of its own for the files that a command line makes.
        let place = tempfile::tempdir().unwrap();
        symlink(root.join("client"), place.path().join("client")).unwrap();
        fs::write(place.path().join("hosts.txt"), HOSTS).unwrap();
        let config = fs::read_to_string(root.join(".mcollective")).unwrap();
        let port = Regex::new(r"(?m)port = \d+$").unwrap();
        let down = port.replace(&config, "port = 1");
        fs::write(place.path().join("down.cfg"), &*down).unwrap();
        let root_name = place.path().display().to_string();
        let command = recording.command.replace("REF_ROOT", &root_name);
        let mut shell = Command::new("/bin/sh");
        shell
            .env_clear()
            .env("HOME", root)
            .env("PATH", format!("{}/bin:/usr/bin:/bin", root.display()))
            .args(["-c", &command])
            .env("MCOLLECTIVE_EXTRA_OPTS", format!("--exit-codes {codes}"))
            .stdin(Stdio::null());
        shell.output().unwrap().into()
    }
}

/// Facts, classes and settings of a node.
fn node(number: usize, services: &str, home: &Path) -> Node {
    fs::create_dir_all(home).unwrap();
    script(&home.join("puppet"), PUPPET);
    fs::write(home.join("lastrunfile"), SUMMARY).unwrap();
    fs::write(
        home.join("resourcefile"),
        "file[/etc/motd]\nfile[/etc/issue]\nservice[cron]\n",
    )
    .unwrap();
    let country = ["uk", "de", "mt", "us"][number - 1];
    let role = ["web", "db", "mail", "web"][number - 1];
    let home = home.display();
    let mut extra = format!(
        "plugin.puppet.command = {home}/puppet agent\nplugin.service.provider = {services}\n\
         rpcauthorization = 1\nrpcauthprovider = action_policy\nplugin.actionpolicy.allow_unconfigured = 1\n"
    );
    for setting in [
        "lastrunfile",
        "lastrunreport",
        "resourcefile",
        "agent_catalog_run_lockfile",
        "agent_disabled_lockfile",
        "pidfile",
    ] {
        writeln!(extra, "plugin.puppet.{setting} = {home}/{setting}").unwrap();
    }
    Node {
        facts: format!(
            "---\nhostname: node{number}\nfqdn: node{number}{DOMAIN}\nosfamily: Debian\noperatingsystem: Debian\n\
             operatingsystemrelease: '12.11'\ncountry: {country}\nrole: {role}\nipaddress: 10.0.0.{number}\n\
             processorcount: '{number}'\nmemorysize_mb: '2048.50'\nis_virtual: 'true'\nmotto: zwölf Boxkämpfer\n\
             os:\n  family: Debian\n  release:\n    major: '12'\n    full: '12.11'\nmountpoints:\n- \"/\"\n- \"/var\"\n"
        ),
        classes: format!("common\nmcollective\nrole::{role}\napache\n"),
        extra,
        domain: DOMAIN,
    }
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
