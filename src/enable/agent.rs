//! Makes this machine a node: joined to a broker with a token, or with its certificate of Puppet.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    client,
    enrol::{self, Ask},
    machine::{
        self, Authority, check_callers, check_identity, config_file, need_root, own_broker,
        own_name, program,
    },
    problem::Problem,
    service::{self, Service},
    site::Site,
    texts::{self, Reach},
    tools::Account,
};
use crate::{
    config::{self, ServerConfig},
    sys::paths,
    tls::{Authorities, Files, mint::Role},
};

/// How long the agent may take to be connected.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// A token of the broker.
    pub join: Option<String>,
    /// The broker, where there is no token: `HOST` or `HOST:PORT`.
    pub broker: Option<String>,
    /// The name of this node.
    pub identity: Option<String>,
    /// Whom to obey, as `plugin.pki.clients` has it; a token names them itself.
    pub callers: Vec<String>,
    /// Which authority.
    pub authority: Option<Authority>,
    /// Puppet's directory of certificates.
    pub puppet_ssl: Option<PathBuf>,
    /// Whether to begin with a new key.
    pub new_key: bool,
    /// Whether to start it.
    pub start: bool,
    /// Whether to stop what did the work before.
    pub stop_old: bool,
}

/// Does it.
pub fn enable(order: &Order, site: &mut Site<'_>) -> Result<(), Problem> {
    need_root(site.is_rehearsal())?;
    let _turn = site.turn()?;
    check_callers(&order.callers)?;
    if let Some(identity) = &order.identity {
        check_identity(identity)?;
    }
    if let Some(token) = &order.join {
        enrol::parse(token, Role::Node)?;
    }
    let config = config_file(paths::Config::Server);
    let before = usable(&config);
    if let Err(fault) = &before
        && !site.replaces()
    {
        return Err(Problem::config(format_args!(
            "there is a configuration that this agent can't use: {fault}"
        ))
        .hint("`--replace` writes it anew and keeps the old one beside it"));
    }
    let etc = config.parent().unwrap_or(Path::new("/"));
    site.directory(etc, 0o755, &Account::root())?;
    let before = before.ok().flatten();
    let known = before
        .as_ref()
        .and_then(|there| there.common.identity.as_ref());
    if let (Some(wanted), Some(known)) = (&order.identity, known)
        && wanted != known.as_str()
        && !site.replaces()
    {
        return Err(Problem::config(format_args!(
            "this node is {known} by {}, and not {wanted}",
            config.display()
        ))
        .hint("`--replace` makes it that, and keeps the old configuration beside the new one"));
    }
    // The broker's own machine is a node too.
    let own = own_broker()
        .filter(|_| order.broker.is_none() && order.authority != Some(Authority::Puppet));
    let asked = order.join.is_some() || order.broker.is_some() || own.is_some();
    let asked = asked || order.identity.is_some() || !order.callers.is_empty();
    if before.is_some() && !asked && order.authority.is_none() {
        // Once more, or after it was disabled.
        site.fine(
            "file",
            format!("{} is there, and serves as it is", config.display()),
        );
        return run(order, &config, false, site);
    }
    let known = known.map(ToString::to_string);
    let identity = order.identity.clone().or(known).unwrap_or_else(own_name);
    let (identity, reach, callers) = match (&order.join, &own) {
        (Some(token), _) => joined(Ask::Token(token), identity, order, etc, site)?,
        (None, Some(broker)) => joined(Ask::Broker(broker), identity, order, etc, site)?,
        (None, None) => of_puppet(order, site)?,
    };
    let facts = etc.join("facts.yaml");
    let classes = classes(etc);
    if !classes.exists() && classes.starts_with(etc) {
        site.own_file(&classes, "", 0o644, &Account::root())?;
    }
    let text = texts::Agent {
        identity: &identity,
        reach: &reach,
        callers: &callers,
        facts: facts.exists().then_some(&*facts),
        classes: &classes,
    };
    let done = site.count();
    if !site.config(&config, &text.text(), 0o640, &Account::root())? {
        obeys(&config, &callers, site);
    } else if site.count() > done {
        policies(etc, site)?;
    }
    let again = site.count() > done;
    run(order, &config, again, site)
}

/// The policies to begin with, which belong to the node's owner from then on.
fn policies(etc: &Path, site: &mut Site<'_>) -> Result<(), Problem> {
    let dir = etc.join("policies");
    site.directory(&dir, 0o755, &Account::root())?;
    let package = dir.join("package.policy");
    if package.exists() {
        site.fine(
            "file",
            format!("{} was there and stays as it is", package.display()),
        );
        return Ok(());
    }
    site.own_file(&package, texts::PACKAGE_POLICY, 0o644, &Account::root())?;
    Ok(())
}

/// Has the service run; `again` where what it reads has changed.
fn run(order: &Order, config: &Path, again: bool, site: &mut Site<'_>) -> Result<(), Problem> {
    site.old_daemons(Service::Agent, order.stop_old)?;
    if !order.start {
        return Ok(());
    }
    let unit = service::agent_unit(&program()?, config);
    let goes = site.service(Service::Agent, &unit, again)?;
    site.wait_for(Service::Agent, goes, PATIENCE, |state| {
        state.active == "active" && state.status.starts_with("Connected")
    })
}

/// Takes the service away; data and configuration stay.
pub fn disable(site: &mut Site<'_>) -> Result<(), Problem> {
    need_root(site.is_rehearsal())?;
    let _turn = site.turn()?;
    site.no_service(Service::Agent)
}

/// The configuration that is there, if it can be used.
fn usable(config: &Path) -> Result<Option<ServerConfig>, String> {
    if !config.exists() {
        return Ok(None);
    }
    match ServerConfig::load(config, &config::process_environment) {
        Ok(config) => Ok(Some(config)),
        Err(faults) => Err(faults.to_string()),
    }
}

/// What this node is to obey and a configuration that stays does not name.
fn obeys(config: &Path, callers: &[String], site: &mut Site<'_>) {
    let Ok(Some(there)) = usable(config) else {
        return;
    };
    let listed = &there.common.security.pki.clients;
    let missing: Vec<&String> = callers.iter().filter(|c| !listed.contains(c)).collect();
    if let [first, ..] = missing[..] {
        site.warn(format!(
            "{} does not list {first} in plugin.pki.clients, so this node does not obey it",
            config.display()
        ));
    }
}

fn joined(
    ask: Ask<'_>,
    identity: String,
    order: &Order,
    etc: &Path,
    site: &mut Site<'_>,
) -> Result<(String, Reach, Vec<String>), Problem> {
    // It may be the machine's own.
    check_identity(&identity)?;
    let ssl = etc.join("ssl");
    site.directory(&ssl, 0o755, &Account::root())?;
    let files = Files {
        cert: ssl.join(format!("{identity}.pem")),
        key: ssl.join(format!("{identity}-key.pem")),
        ca: Authorities::Files(vec![ssl.join("ca.pem")]),
        crl: vec![ssl.join("crl.pem")],
    };
    let place = enrol::Place {
        cert: &files.cert,
        key: &files.key,
        ca: &ssl.join("ca.pem"),
        crl: Some(&ssl.join("crl.pem")),
        owner: &Account::root(),
        new_key: order.new_key,
    };
    let joined = enrol::certify(ask, Role::Node, &identity, &place, site)?;
    let callers = if order.callers.is_empty() {
        joined.callers
    } else {
        order.callers.clone()
    };
    let reach = Reach {
        host: joined.host,
        port: joined.port,
        files,
        renewed: true,
    };
    Ok((identity, reach, callers))
}

fn of_puppet(order: &Order, site: &mut Site<'_>) -> Result<(String, Reach, Vec<String>), Problem> {
    let Some(puppet) = machine::puppet(order.authority, order.puppet_ssl.as_deref())? else {
        return Err(Problem::usage("it is not said how this node gets a certificate").hint(
            "give `--join TOKEN` (`mcollective enable broker` prints it, and `mcollective enable token create` makes another); \
             with Puppet's certificate, which this machine does not have, `--broker HOST` would be enough",
        ));
    };
    let identity = puppet.certname.clone();
    if order
        .identity
        .as_ref()
        .is_some_and(|wanted| *wanted != identity)
    {
        return Err(Problem::usage(format_args!(
            "this node's certificate is Puppet's, and its name is {identity}: the identity can't be another"
        )));
    }
    let (host, port) = enrol::broker(order.broker.as_deref())?;
    puppet.load(&identity)?;
    site.fine(
        "authority",
        format!(
            "Puppet's certificate of {identity} is used where it lies, in {}",
            puppet.ssl.display()
        ),
    );
    let callers = match &order.callers[..] {
        [] if client::is_pe() => client::PE_CALLERS.map(str::to_owned).to_vec(),
        [] => vec![client::USUAL.to_owned()],
        given => given.to_vec(),
    };
    if let Some(open) = callers.iter().find(|caller| !caller.contains('@')) {
        let name = open.split('=').next().unwrap_or(open);
        site.warn(format!(
            "whoever gets a certificate named {name} from Puppet's CA commands this node; `--caller {name}@sha256:...` \
             has it obey one key only (`mcollective enable client` says which)"
        ));
    }
    let reach = Reach {
        host,
        port,
        files: puppet.files(&identity),
        renewed: false,
    };
    Ok((identity, reach, callers))
}

/// The file of this machine's classes: Puppet's, else one of our own.
fn classes(etc: &Path) -> PathBuf {
    let usual = [
        "/opt/puppetlabs/puppet/cache/state/classes.txt",
        "/var/cache/puppet/state/classes.txt",
        "/var/lib/puppet/state/classes.txt",
    ]
    .map(PathBuf::from);
    let state = |file: &PathBuf| file.parent().is_some_and(Path::is_dir);
    usual
        .into_iter()
        .find(state)
        .unwrap_or_else(|| etc.join("classes.txt"))
}
