//! Makes this machine the broker: with an authority of its own, or with Puppet's.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    client::{self, Operator},
    machine::{
        self, Authority, check_callers, check_listen, config_file, need_root, own_name, program,
    },
    problem::Problem,
    puppet_ca::PuppetCa,
    service::{self, Service},
    site::{Site, keep_all},
    texts, tokens,
    tools::Account,
};
use crate::{
    config::BrokerConfig,
    sys::paths,
    tls::{self, Authorities, Files, authority, mint::Role},
};

/// Where the broker keeps what is its own.
pub const STATE: &str = "/var/lib/mcollective-broker";

/// Whom the broker runs as, where it need not read what others own.
const USER: &str = "mcollective";

/// The days of an authority, and of the broker's certificate, which is renewed long before.
const AUTHORITY_DAYS: u32 = 3650;
const DAYS: u32 = 365;

/// How long the broker may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a broker listens: on all addresses.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 61613);

/// How many may join with the first token, and for how long.
const FIRST_USES: u32 = 1000;
const FIRST_LIFE: Duration = Duration::from_hours(24);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The name that nodes dial.
    pub name: Option<String>,
    /// Further names and addresses.
    pub sans: Vec<String>,
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// Who may command: `NAME` is made here, `NAME@sha256:...` has a key already.
    pub clients: Vec<String>,
    /// Which authority.
    pub authority: Option<Authority>,
    /// Puppet's directory of certificates.
    pub puppet_ssl: Option<PathBuf>,
    /// Whether to start it.
    pub start: bool,
    /// Whether to stop what did the work before.
    pub stop_old: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Made {
    /// A token for nodes.
    pub token: Option<tls::Token>,
    /// The configuration of an operator on this machine, to try the whole with.
    pub client: Option<PathBuf>,
}

/// Does it.
pub fn enable(order: &Order, site: &mut Site<'_>) -> Result<Made, Problem> {
    need_root(site.is_rehearsal())?;
    let _turn = site.turn()?;
    site.old_daemons(Service::Broker, order.stop_old)?;
    let before = BrokerConfig::load(&config_file(paths::Config::Broker)).ok();
    let order = &order.over(before.as_ref());
    check_listen(&order.listen().to_string(), order.stop_old)?;
    match machine::puppet(order.authority, order.puppet_ssl.as_deref())? {
        Some(puppet) => with_puppet(order, before.as_ref(), &puppet, site),
        None => with_own(order, before.as_ref(), site),
    }
}

impl Order {
    /// The same with what is there for what it does not say: an order of nothing changes nothing.
    fn over(&self, before: Option<&BrokerConfig>) -> Self {
        let mut order = self.clone();
        let Some(before) = before else {
            return order;
        };
        order.listen = order.listen.or(before.listen.first().copied());
        if before.ca_dir.is_some() && order.puppet_ssl.is_none() {
            order.authority = order.authority.or(Some(Authority::Own));
        }
        let address = tokens::address(before).ok();
        let address = address.and_then(|address| tls::broker_address(&address));
        if order.authority == Some(Authority::Own) {
            order.name = order.name.or(address.map(|(host, _)| host));
        }
        order
    }

    fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or(USUAL)
    }
}

/// Takes the service away; data and configuration stay.
pub fn disable(site: &mut Site<'_>) -> Result<(), Problem> {
    need_root(site.is_rehearsal())?;
    let _turn = site.turn()?;
    site.no_service(Service::Broker)
}

fn with_own(
    order: &Order,
    before: Option<&BrokerConfig>,
    site: &mut Site<'_>,
) -> Result<Made, Problem> {
    let name = order.name.clone().unwrap_or_else(own_name);
    check_name(&name)?;
    check_callers(&order.clients)?;
    for client in &order.clients {
        machine::check_name(
            client.split('@').next().unwrap_or(client),
            "an operator's name",
        )?;
    }
    let state = Path::new(STATE);
    let user = broker_user(site, state)?;
    site.directory(state, 0o750, &user)?;
    let dir = state.join("ca");
    site.directory(&dir, 0o700, &user)?;
    let files = Files {
        cert: state.join("cert.pem"),
        key: state.join("key.pem"),
        ca: Authorities::Files(vec![dir.join("ca.pem")]),
        crl: vec![dir.join("crl.pem")],
    };
    if files.cert.exists() && !dir.join("ca.pem").exists() && !site.replaces() {
        return Err(Problem::config(format_args!(
            "the authority in {} is gone, which has signed this broker's certificate",
            dir.display()
        ))
        .hint("put it back from a copy; or begin with another one by `--replace`, and join every node again"));
    }
    let authority = authority(&dir, &name, site)?;
    let mark = site.count();
    certify(
        authority.as_ref(),
        &name,
        &names(&name, &order.sans),
        &files,
        &user,
        site,
    )?;
    let port = order.listen().port();
    // Puppet's names are of no use with an authority of our own.
    let stays = before.filter(|before| before.ca_dir.is_some() && order.clients.is_empty());
    let wanted = wanted(order, stays);
    let operators = operators(&wanted, &name, port, authority.as_ref(), site)?;
    let names: Vec<String> = match stays {
        Some(stays) => stays.clients.iter().map(ToString::to_string).collect(),
        None => operators.iter().map(|o| o.name.clone()).collect(),
    };
    let text = texts::Broker {
        listen: &order.listen().to_string(),
        files: &files,
        authority: Some(&dir),
        clients: &names,
    };
    start(order, before, &text, &user.name, mark, site)?;
    let elsewhere: Vec<String> = order
        .clients
        .iter()
        .filter(|c| c.contains('@'))
        .cloned()
        .collect();
    if !elsewhere.is_empty() {
        let text = elsewhere.join("\n") + "\n";
        site.own_file(&dir.join(tokens::CALLERS), &text, 0o644, &user)?;
    }
    let token = match &authority {
        Some(authority) => {
            unknown(authority, &operators, site)?;
            // All that may command by what is in force now.
            let callers = match BrokerConfig::load(&config_file(paths::Config::Broker)) {
                Ok(config) => tokens::callers(&config, authority)?,
                Err(_) => operators.iter().filter_map(|o| o.caller.clone()).collect(),
            };
            first_token(authority, &name, port, callers, site)?
        }
        None => None,
    };
    Ok(Made {
        token,
        client: operators.into_iter().find_map(|o| o.config),
    })
}

fn with_puppet(
    order: &Order,
    before: Option<&BrokerConfig>,
    puppet: &PuppetCa,
    site: &mut Site<'_>,
) -> Result<Made, Problem> {
    let certname = &puppet.certname;
    site.fine(
        "authority",
        format!(
            "Puppet's certificate of {certname} is used where it lies, in {}",
            puppet.ssl.display()
        ),
    );
    if puppet.names(certname)?.is_empty() {
        return Err(Problem::config(format_args!(
            "{} has no subject alternative name, so nobody could dial this broker",
            puppet.cert(certname).display()
        ))
        .hint("set `dns_alt_names` in puppet.conf, and have Puppet's CA issue it again"));
    }
    let clients = match (&order.clients[..], client::is_pe()) {
        ([], true) => vec![certname.clone(), client::PE_CONSOLE.into()],
        ([], false) => vec![client::USUAL.into()],
        (given, _) => given
            .iter()
            .map(|client| client.split('@').next().unwrap_or(client).to_owned())
            .collect(),
    };
    if puppet.autosigns {
        site.warn(format!(
            "Puppet's CA signs whatever it is asked for (autosign), also a certificate named {}: have nodes obey a key, \
             with `mcollective enable agent --caller NAME@sha256:...`",
            clients.first().map_or("peadmin", String::as_str)
        ));
    }
    let text = texts::Broker {
        listen: &order.listen().to_string(),
        files: &puppet.files(certname),
        authority: None,
        clients: &clients,
    };
    let mark = site.count();
    start(order, before, &text, "root", mark, site)?;
    Ok(Made::default())
}

/// The user that the broker runs as. Where Puppet Enterprise's `pe.conf` has to be asked, that is
/// root, as nobody else may read it.
fn broker_user(site: &mut Site<'_>, state: &Path) -> Result<Account, Problem> {
    if Path::new(crate::config::pe_conf::USUAL).exists() {
        return Ok(Account::root());
    }
    site.user(USER, state, false)
}

/// Opens the authority that is there, or makes one.
fn authority(
    dir: &Path,
    name: &str,
    site: &mut Site<'_>,
) -> Result<Option<authority::Authority>, Problem> {
    if dir.join("ca.pem").exists() {
        let authority = authority::Authority::open(dir).map_err(Problem::config)?;
        site.fine(
            "authority",
            format!("there is an authority in {}", dir.display()),
        );
        return Ok(Some(authority));
    }
    let key = dir.join("ca-key.pem");
    if key.exists() {
        return Err(Problem::config(format_args!(
            "{} is there without ca.pem beside it",
            key.display()
        ))
        .hint("restore ca.pem from a copy; or move the key away, and another authority is made"));
    }
    site.act(
        "authority",
        ("made", "make"),
        format_args!("a certificate authority in {}", dir.display()),
        || {
            let name = format!("MCollective CA of {name}");
            authority::Authority::create(dir, &name, AUTHORITY_DAYS).map_err(Problem::from)
        },
    )
}

/// Sees that the broker has a certificate with all these names.
fn certify(
    authority: Option<&authority::Authority>,
    name: &str,
    names: &[String],
    files: &Files,
    user: &Account,
    site: &mut Site<'_>,
) -> Result<(), Problem> {
    let now = SystemTime::now();
    let mut names = names.to_vec();
    let there = tls::Certified::load(&files.cert, &files.key).ok();
    // One of an authority that is gone serves nobody.
    let other = there
        .as_ref()
        .is_some_and(|pair| client::is_of_another(pair, authority));
    if let Some(pair) = there.filter(|_| !other) {
        let has = tls::subject_alt_names(pair.leaf()).unwrap_or_default();
        if pair.check_time(now).is_ok() && names.iter().all(|name| has.contains(name)) {
            site.fine(
                "certificate",
                format!("the broker has a certificate for {}", has.join(", ")),
            );
            return Ok(());
        }
        // Whoever dials an earlier name goes on doing so.
        for name in has {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let object = format!("a certificate for {}", names.join(", "));
    let pair = site.act("certificate", ("made", "make"), object, || {
        let Some(authority) = authority else {
            return Err(Problem::failed("there is no authority"));
        };
        authority
            .issue(Role::Broker, name, &names, DAYS)
            .map_err(Problem::from)
    })?;
    if let Some(pair) = pair {
        if other {
            keep_all([&*files.key, &*files.cert])?;
        }
        site.own_file(&files.key, &pair.key_pem, 0o600, user)?;
        site.own_file(&files.cert, &pair.cert_pem, 0o644, user)?;
    }
    Ok(())
}

/// The operators that are asked for, or the usual one, unless the broker has been told otherwise.
fn wanted(order: &Order, before: Option<&BrokerConfig>) -> Vec<String> {
    let is_usual = before.is_none_or(|before| tokens::is_client(before, client::USUAL));
    if order.clients.is_empty() && is_usual {
        vec![client::USUAL.to_owned()]
    } else {
        order.clients.clone()
    }
}

/// These operators: those without a key are made on this machine.
fn operators(
    wanted: &[String],
    host: &str,
    port: u16,
    authority: Option<&authority::Authority>,
    site: &mut Site<'_>,
) -> Result<Vec<Operator>, Problem> {
    let mut operators = Vec::new();
    for client in wanted {
        operators.push(match client.split_once('@') {
            Some((name, _)) => Operator {
                name: name.into(),
                caller: Some(client.clone()),
                config: None,
                is_new: false,
            },
            None => client::from_authority(authority, client, host, port, site)?,
        });
    }
    Ok(operators)
}

/// Writes the configuration, and has the service run.
fn start(
    order: &Order,
    before: Option<&BrokerConfig>,
    text: &texts::Broker<'_>,
    user: &str,
    mark: usize,
    site: &mut Site<'_>,
) -> Result<(), Problem> {
    let config = config_file(paths::Config::Broker);
    site.directory(
        config.parent().unwrap_or(Path::new("/")),
        0o755,
        &Account::root(),
    )?;
    if site.config(&config, &text.text(), 0o644, &Account::root())? {
        dropped(before, text.clients, site);
    }
    // What it reads has changed since then.
    let changed = site.count() > mark;
    if !order.start {
        return Ok(());
    }
    let unit = service::broker_unit(&program()?, &config, user, order.listen().port() < 1024);
    let goes = site.service(Service::Broker, &unit, changed)?;
    site.wait_for(Service::Broker, goes, PATIENCE, |state| {
        state.active == "active"
    })
}

/// Says whose key is newer than nodes that are there.
fn unknown(
    authority: &authority::Authority,
    operators: &[Operator],
    site: &mut Site<'_>,
) -> Result<(), Problem> {
    let issued = authority.issued()?;
    let is_node = |issued: &authority::Issued| issued.role == Role::Node && issued.is_valid();
    if issued.iter().any(is_node) {
        let new = operators.iter().filter(|operator| operator.is_new);
        for caller in new.filter_map(|operator| operator.caller.as_ref()) {
            site.warn(client::unknown(caller));
        }
    }
    Ok(())
}

/// Says who commanded by the configuration before, and no longer does.
fn dropped(before: Option<&BrokerConfig>, clients: &[String], site: &mut Site<'_>) {
    let before = before.map(|config| &config.clients[..]).unwrap_or_default();
    let gone: Vec<String> = before
        .iter()
        .map(ToString::to_string)
        .filter(|client| !clients.contains(client))
        .collect();
    if !gone.is_empty() {
        site.warn(format!(
            "{} may no longer command by this broker: name all who may, with `--client NAME` for each",
            gone.join(", ")
        ));
    }
}

/// A token for nodes, where there is none that still counts.
fn first_token(
    authority: &authority::Authority,
    name: &str,
    port: u16,
    callers: Vec<String>,
    site: &mut Site<'_>,
) -> Result<Option<tls::Token>, Problem> {
    let broker = format!("{name}:{port}");
    let live = authority.tokens()?;
    if live.iter().any(|token| {
        token.is_live() && token.role() == Role::Node && token.leads_to(&broker, &callers)
    }) {
        site.fine(
            "token",
            "nodes can join with a token made earlier: `mcollective enable token list`; \
             `mcollective enable token create` makes another",
        );
        return Ok(None);
    }
    let order = authority::TokenOrder {
        role: Role::Node,
        names: Vec::new(),
        uses: FIRST_USES,
        life: FIRST_LIFE,
        broker,
        callers,
    };
    site.act(
        "token",
        ("made", "make"),
        format_args!("a token with which {FIRST_USES} nodes can join, for a day"),
        || authority.create_token(&order).map_err(Problem::from),
    )
}

/// The names that the broker's certificate bears.
fn names(name: &str, more: &[String]) -> Vec<String> {
    let own = own_name();
    let short = own.split('.').next().unwrap_or(&own).to_owned();
    let mut names = vec![name.to_owned()];
    let further = [own, short, "localhost".into()];
    for name in further.into_iter().chain(more.iter().cloned()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A name that can be dialled.
fn check_name(name: &str) -> Result<(), Problem> {
    if tls::is_name(name) && name != "localhost" || name.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    Err(
        Problem::usage(format_args!("{name:?} is no name that nodes could dial"))
            .hint("give the broker's DNS name with `--name HOST`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_dialled_by_several_names_and_none_twice() {
        let names = names(
            "broker.example.net",
            &["10.0.0.1".into(), "localhost".into()],
        );
        assert_eq!(names[0], "broker.example.net");
        assert!(names.contains(&"10.0.0.1".into()));
        assert_eq!(names.iter().filter(|n| *n == "localhost").count(), 1);
        for bad in ["", "localhost", "a b", "a/b"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name("fd00::1").is_ok());
    }
}
