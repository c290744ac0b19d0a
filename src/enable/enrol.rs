//! Joins this machine to a broker's authority with a token: a key that is made here and never leaves,
//! and a certificate for it.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use super::{
    problem::{Kind, Problem},
    site::{Site, along, give, keep},
    tokens,
    tools::Account,
};
use crate::{
    config::BrokerConfig,
    connector::{self, enrol},
    sys::file,
    tls::{self, KeyPin, Token, authority::Authority, mint::Role},
};

/// How long joining may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the files go.
pub(super) struct Place<'a> {
    pub(super) cert: &'a Path,
    pub(super) key: &'a Path,
    pub(super) ca: &'a Path,
    pub(super) crl: Option<&'a Path>,
    pub(super) owner: &'a Account,
    /// Whether to begin with a new key, whatever is there.
    pub(super) new_key: bool,
}

/// What the token says.
pub(super) struct Joined {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) callers: Vec<String>,
}

/// Whom to ask.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    /// The broker of a token.
    Token(&'a str),
    /// The broker on this machine, which has this configuration.
    Broker(&'a BrokerConfig),
}

/// Sees that there is a certificate under this name.
pub(super) fn certify(
    ask: Ask<'_>,
    role: Role,
    name: &str,
    place: &Place<'_>,
    site: &mut Site<'_>,
) -> Result<Joined, Problem> {
    match ask {
        Ask::Token(token) => join(token, role, name, place, site),
        Ask::Broker(config) => here(config, role, name, place, site),
    }
}

/// By the authority of the broker on this machine.
fn here(
    config: &BrokerConfig,
    role: Role,
    name: &str,
    place: &Place<'_>,
    site: &mut Site<'_>,
) -> Result<Joined, Problem> {
    let Some(dir) = &config.ca_dir else {
        return Err(Problem::config(format_args!(
            "{} names no `ca_dir`, so this machine's broker signs for nobody",
            config.file.display()
        ))
        .hint("give `--join TOKEN`, or `--ca puppet` with `--broker HOST`"));
    };
    let authority = Authority::open(dir).map_err(Problem::config)?;
    let address = tokens::address(config)?;
    let (host, port) = broker(Some(&address))?;
    if !place.new_key && has_certificate(authority.pin(), name, place) {
        site.fine(
            "certificate",
            format!("{name} has a certificate of this authority"),
        );
    } else {
        let pair = site.act(
            "certificate",
            ("made", "make"),
            format_args!("a key and a certificate for {name}"),
            || {
                authority
                    .issue(role, name, &[], DAYS)
                    .map_err(Problem::config)
            },
        )?;
        if let Some(pair) = pair {
            site.own_file(place.key, &pair.key_pem, 0o600, place.owner)?;
            site.own_file(place.cert, &pair.cert_pem, 0o644, place.owner)?;
            site.own_file(place.ca, authority.cert_pem(), 0o644, place.owner)?;
            if let Some(crl) = place.crl {
                let list = file::read_text(&authority.crl_path(), 1 << 24)?;
                site.own_file(crl, &list, 0o644, place.owner)?;
            }
        }
    }
    Ok(Joined {
        host,
        port,
        callers: tokens::callers(config, &authority)?,
    })
}

/// The days of a certificate that is made here; it is renewed long before.
const DAYS: u32 = 90;

/// Reads a token, and refuses one for others.
pub(super) fn parse(token: &str, role: Role) -> Result<Token, Problem> {
    let token: Token = token.trim().parse().map_err(|error| {
        Problem::usage(format_args!("this is no token: {error}"))
            .hint("copy it whole from what `mcollective enable token create` printed")
    })?;
    if token.role() != role {
        let for_whom = |role| {
            if role == Role::Client {
                "clients"
            } else {
                "nodes"
            }
        };
        return Err(Problem::usage(format_args!(
            "this token is for {}, and not for {}",
            for_whom(token.role()),
            for_whom(role)
        )));
    }
    Ok(token)
}

/// Sees that there is a certificate by the token's authority.
fn join(
    token: &str,
    role: Role,
    name: &str,
    place: &Place<'_>,
    site: &mut Site<'_>,
) -> Result<Joined, Problem> {
    let token = parse(token, role)?;
    let (host, port) = token.broker();
    let joined = Joined {
        host: host.to_owned(),
        port,
        callers: token.callers().to_vec(),
    };
    if !place.new_key && has_certificate(token.ca(), name, place) {
        site.fine(
            "certificate",
            format!("{name} has a certificate of this authority"),
        );
        return Ok(joined);
    }
    let answer = site.act(
        "certificate",
        ("joined", "join"),
        format_args!("{host}:{port} as {name}, with a key made here"),
        || ask(&token, name, place),
    )?;
    if let Some(answer) = answer {
        site.own_file(place.cert, &answer.cert_pem, 0o644, place.owner)?;
        site.own_file(place.ca, &answer.ca_pem, 0o644, place.owner)?;
        if let Some(crl) = place.crl {
            site.own_file(crl, &answer.crl_pem, 0o644, place.owner)?;
        }
    }
    Ok(joined)
}

fn ask(token: &Token, name: &str, place: &Place<'_>) -> Result<enrol::Joined, Problem> {
    let key = key(place)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Problem::failed)?;
    runtime
        .block_on(enrol::join(token, name, &key, PATIENCE))
        .map_err(refused)
}

/// The key of this machine, made where there is none.
fn key(place: &Place<'_>) -> Result<String, Problem> {
    let _owner = along(place.key)?;
    if place.new_key && place.key.exists() {
        keep(place.key)?;
        std::fs::remove_file(place.key)
            .map_err(|error| Problem::io(place.key, "remove", &error))?;
    }
    if let Ok(key) = std::fs::read_to_string(place.key) {
        return Ok(key);
    }
    // Before it is asked for: who is interrupted comes again with the same key.
    let key = tls::mint::new_key().map_err(Problem::failed)?;
    file::write_new(place.key, key.as_bytes(), 0o600)?;
    give(place.key, place.owner)?;
    Ok(key)
}

#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn refused(error: enrol::EnrolError) -> Problem {
    let kind = match error.kind() {
        connector::Kind::Unreachable => Kind::Unavailable,
        connector::Kind::Refused => Kind::Refused,
        connector::Kind::Config => Kind::Config,
    };
    Problem::new(kind, &error).hint(error.hint().unwrap_or_default())
}

fn has_certificate(authority: KeyPin, name: &str, place: &Place<'_>) -> bool {
    let Ok(pair) = tls::Certified::load(place.cert, place.key) else {
        return false;
    };
    let ours = std::fs::read_to_string(place.ca)
        .ok()
        .and_then(|ca| tls::pem_pin(&ca))
        .is_some_and(|pin| pin == authority);
    ours && pair.common_name().is_ok_and(|found| found == name)
        && pair.check_time(SystemTime::now()).is_ok()
}

/// Name and port of a broker as it is given on the command line.
pub(super) fn broker(given: Option<&str>) -> Result<(String, u16), Problem> {
    let Some(text) = given else {
        return Err(Problem::usage("it is not said which broker").hint("add `--broker HOST`"));
    };
    tls::broker_address(text).ok_or_else(|| {
        Problem::usage(format_args!("{text:?} is no broker's address"))
            .hint("give `broker.example.net`, or `broker.example.net:61613`")
    })
}
