//! What a token tells those who join, taken from the broker that makes it.

use std::{path::Path, time::SystemTime};

use super::{problem::Problem, site::along};
use crate::{
    config::BrokerConfig,
    sys::file::{self, Mode},
    tls::{self, Files, authority::Authority, mint::Role},
};

/// The name and port that nodes dial: the first name in the broker's certificate, and where it listens.
pub fn address(config: &BrokerConfig) -> Result<String, Problem> {
    let name = config.tls.as_ref().and_then(|files| {
        let pair = tls::Certified::load(&files.cert, &files.key).ok()?;
        tls::subject_alt_names(pair.leaf()).ok()?.into_iter().next()
    });
    match (name, config.listen.first()) {
        (Some(name), Some(listen)) => Ok(format!("{name}:{}", listen.port())),
        _ => Err(Problem::config(format_args!(
            "{}: the broker's certificate can't be read",
            config.file.display()
        ))
        .hint("run it as root, or name the broker with `--broker HOST:PORT`")),
    }
}

/// In the authority's directory: callers whose keys were made elsewhere, a line each.
pub(super) const CALLERS: &str = "callers";

/// Those who command, with their keys: whoever has a client's certificate that holds, and those of
/// [`CALLERS`].
pub fn callers(config: &BrokerConfig, authority: &Authority) -> Result<Vec<String>, Problem> {
    let issued = authority.issued()?;
    let kept = file::read_lossy(&authority.dir().join(CALLERS), 1 << 20).unwrap_or_default();
    let kept = kept.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut callers: Vec<String> = issued
        .iter()
        .filter(|issued| issued.role == Role::Client && issued.is_valid())
        .map(|issued| format!("{}@{}", issued.name, issued.pin))
        .chain(kept.map(str::to_owned))
        // Whom the broker no longer lets command, no node is to obey.
        .filter(|caller| is_client(config, caller.split('@').next().unwrap_or(caller)))
        .collect();
    callers.sort();
    callers.dedup();
    Ok(callers)
}

/// Renews a broker's certificate with the authority beside it, when a third of its time is left; whether
/// it was. One that is by another authority is left to that.
pub fn renew_own(dir: &Path, files: &Files) -> Result<bool, Problem> {
    let pair = tls::Certified::load(&files.cert, &files.key).map_err(Problem::config)?;
    let validity = pair.validity();
    let span = |from| validity.not_after.duration_since(from).unwrap_or_default();
    if span(SystemTime::now()) > span(validity.not_before) / 3 {
        return Ok(false);
    }
    let authority = Authority::open(dir).map_err(Problem::config)?;
    let Some(renewed) = authority.renew(pair.leaf())? else {
        return Ok(false);
    };
    let _owner = along(&files.cert)?;
    file::write_atomic(
        &files.cert,
        renewed.cert_pem.as_bytes(),
        Mode::KeepOr(0o644),
    )?;
    Ok(true)
}

/// Whether the broker lets this name command.
pub fn is_client(config: &BrokerConfig, name: &str) -> bool {
    config.clients.iter().any(|pattern| pattern.matches(name))
}
