//! What `enable` looks at before it does anything.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
};

use super::{
    problem::Problem,
    puppet_ca::PuppetCa,
    service::{Service, state},
};
use crate::{
    config::BrokerConfig,
    security::pki::CallerRule,
    sys::{host, paths, process},
    tls,
};

/// Which authority signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// One of our own, that is made here.
    Own,
    /// Puppet's.
    Puppet,
}

/// The machine's own configuration files are in one of these.
const PUPPETLABS: &str = "/etc/puppetlabs";

/// Where a role's file is, or would be: in the first of the machine's places that has one; else beside
/// Puppet's own files where there are some.
pub fn config_file(config: paths::Config) -> PathBuf {
    let places = [
        Path::new(PUPPETLABS).join("mcollective"),
        PathBuf::from("/etc/mcollective"),
    ]
    .map(|dir| dir.join(config.file_name()));
    let [first, second] = places;
    if first.exists() || (Path::new(PUPPETLABS).is_dir() && !second.exists()) {
        first
    } else {
        second
    }
}

/// The broker on this machine, where that has an authority of its own.
pub(super) fn own_broker() -> Option<BrokerConfig> {
    let config = BrokerConfig::load(&config_file(paths::Config::Broker)).ok()?;
    config.ca_dir.is_some().then_some(config)
}

/// Refuses what can't be a name of a node or an operator: it becomes that of files.
pub(super) fn check_name(name: &str, what: &str) -> Result<(), Problem> {
    if tls::is_name(name) && name.len() <= 200 && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(Problem::usage(format_args!("{name:?} can't be {what}"))
        .hint("give letters, digits, `_`, `.` and `-`, beginning with one of the first three"))
}

/// Refuses what no node can be called: that, and what every machine calls itself.
pub(super) fn check_identity(name: &str) -> Result<(), Problem> {
    check_name(name, "a node's name")?;
    if tls::is_everybodys(name) {
        return Err(Problem::usage(format_args!(
            "every machine calls itself {name}, so it can't be a node's name"
        ))
        .hint("give this machine a name of its own (`hostnamectl set-hostname NAME`), or say `--identity NAME`"));
    }
    Ok(())
}

/// Refuses callers that a node could not understand.
pub(super) fn check_callers(callers: &[String]) -> Result<(), Problem> {
    match CallerRule::parse_list(&callers.join(",")) {
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::usage(error).hint(
            "give `NAME`, or better `NAME@sha256:PIN` as `mcollective enable client` says it",
        )),
    }
}

/// The name of this machine with its domain, in small letters as certificates have it.
pub fn own_name() -> String {
    host::fqdn().to_lowercase()
}

/// Refuses whoever may not do it. A rehearsal is for everybody.
pub(super) fn need_root(rehearsal: bool) -> Result<(), Problem> {
    if rehearsal || process::is_root() {
        return Ok(());
    }
    Err(Problem::failed("only root can make a machine ready")
        .hint("use sudo, or `--dry-run` to see what would be done"))
}

/// This program, as services call it.
pub(super) fn program() -> Result<PathBuf, Problem> {
    std::env::current_exe()
        .map_err(|error| Problem::failed(format_args!("can't find this program: {error}")))
}

/// Puppet's certificates where they are wanted, or there and nothing else was asked for.
pub(super) fn puppet(
    wanted: Option<Authority>,
    ssl: Option<&Path>,
) -> Result<Option<PuppetCa>, Problem> {
    if wanted == Some(Authority::Own) {
        return Ok(None);
    }
    let found = PuppetCa::find(Path::new("/"), ssl);
    if found.is_none() && (wanted.is_some() || ssl.is_some()) {
        return Err(Problem::config("Puppet has no certificate of this machine").hint(
            "run `puppet agent --test` first, or name Puppet's directory with `--puppet-ssl DIR`",
        ));
    }
    Ok(found)
}

/// Whether an address can be listened on; our own broker may have it.
pub(super) fn check_listen(listen: &str, old_goes: bool) -> Result<(), Problem> {
    let ours = state(Service::Broker.unit()).is_some_and(|state| state.runs());
    if ours || old_goes {
        return Ok(());
    }
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::config(format_args!("can't listen on {listen}: {error}")).hint(
            "stop what listens there (an old ActiveMQ: `--stop-old`), or choose another address with `--listen`",
        )),
    }
}
