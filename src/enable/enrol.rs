//! Joins this machine to a broker's authority with a token: a key that is made here and never leaves,
//! and a certificate for it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    problem::{Kind, Problem},
    site::{Site, along, give, keep, keep_all},
    tokens,
    tools::Account,
};
use crate::{
    config::BrokerConfig,
    connector::{self, enrol},
    sys::file,
    tls::{self, KeyPin, Token, authority::Authority, mint::Role},
};

/// What of a key or an authority's certificate is read.
const LARGEST: u64 = 1 << 20;

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

impl Place<'_> {
    /// The key that a certificate is asked for with. A new one stands beside the old one until there is:
    /// who is refused has lost nothing.
    fn asked_with(&self) -> PathBuf {
        let mut path = self.key.as_os_str().to_owned();
        if self.new_key && self.key.exists() {
            path.push(".new");
        }
        path.into()
    }
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
        let other = is_of_another(authority.pin(), place, &address, site)?;
        let pair = site.act(
            "certificate",
            ("made", "make"),
            format_args!("a key and a certificate for {name}"),
            || Ok(authority.issue(role, name, &[], DAYS)?),
        )?;
        if let Some(pair) = pair {
            if other || place.new_key {
                let files = [place.key, place.cert, place.ca];
                keep_all(files.into_iter().chain(place.crl))?;
            }
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
    let other = is_of_another(token.ca(), place, &format!("{host}:{port}"), site)?;
    let key = place.asked_with();
    let answer = site.act(
        "certificate",
        ("joined", "join"),
        format_args!("{host}:{port} as {name}, with a key made here"),
        || ask(&token, name, &key, place),
    )?;
    if let Some(answer) = answer {
        if other {
            keep_all([place.cert, place.ca].into_iter().chain(place.crl))?;
        }
        site.own_file(place.cert, &answer.cert_pem, 0o644, place.owner)?;
        site.own_file(place.ca, &answer.ca_pem, 0o644, place.owner)?;
        if let Some(crl) = place.crl {
            site.own_file(crl, &answer.crl_pem, 0o644, place.owner)?;
        }
        // At last: whoever is cut short before comes again with the same key.
        if key != place.key {
            exchange(place.key, &key)?;
        }
    }
    Ok(joined)
}

fn ask(token: &Token, name: &str, key: &Path, place: &Place<'_>) -> Result<enrol::Joined, Problem> {
    let text = kept_key(key, place.owner)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Problem::failed)?;
    let joined = runtime
        .block_on(enrol::join(token, name, &text, PATIENCE))
        .map_err(refused);
    if let Err(problem) = &joined
        && problem.kind == Kind::Refused
        && key != place.key
    {
        // Nothing is certified for it, and by the next time somebody may have read it.
        let _owner = along(key)?;
        let _there_for_sure = std::fs::remove_file(key);
    }
    joined
}

/// Whether what is there is of another authority than this. That is refused, unless it is to be replaced.
fn is_of_another(
    authority: KeyPin,
    place: &Place<'_>,
    broker: &str,
    site: &Site<'_>,
) -> Result<bool, Problem> {
    let other = authority_of(place).is_some_and(|pin| pin != authority);
    if other && !site.replaces() {
        return Err(Problem::config(format_args!(
            "this machine belongs to another broker's authority, {}, than {broker} does",
            place.ca.display()
        ))
        .hint("`--replace` has it join that one, and keeps what was there beside it as .bak"));
    }
    Ok(other)
}

/// The key in this file, made where there is none.
fn kept_key(path: &Path, owner: &Account) -> Result<String, Problem> {
    let _owner = along(path)?;
    match file::read_text(path, LARGEST) {
        Err(error) if error.is_not_found() => {}
        read => return Ok(read?),
    }
    // Before it is asked for: who is interrupted comes again with the same key.
    let key = tls::mint::new_key().map_err(Problem::failed)?;
    file::write_new(path, key.as_bytes(), 0o600)?;
    give(path, owner)?;
    Ok(key)
}

/// Puts the new key, for which there is a certificate now, in the place of the old one, which is kept.
fn exchange(old: &Path, new: &Path) -> Result<(), Problem> {
    let _owner = along(old)?;
    keep(old)?;
    std::fs::rename(new, old).map_err(|error| Problem::io(old, "replace", &error))
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
    authority_of(place) == Some(authority)
        && pair.common_name().is_ok_and(|found| found == name)
        && pair.check_time(SystemTime::now()).is_ok()
}

/// The authority that the files are of, if there is one.
fn authority_of(place: &Place<'_>) -> Option<KeyPin> {
    let ca = file::read_text(place.ca, LARGEST).ok()?;
    tls::pem_pin(&ca)
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
