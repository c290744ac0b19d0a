//! `securityprovider` and `plugin.pki.*`: who signs, and whom to believe.
//!
//! The entries of `plugin.pki.clients` are kept as they are written; the provider knows their
//! grammar. Where the certificate, its key or the authorities are not set, those of the connection
//! to the first broker serve.

use std::path::PathBuf;

use super::{
    reader::{Reader, quoted},
    value,
};
use crate::{
    connector::Settings,
    security::pki::CallerRule,
    tls::{Authorities, Files},
};

/// A security provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// X.509 certificates, the whole request signed.
    Pki,
}

const PROVIDERS: [(&str, Provider); 1] = [("pki", Provider::Pki)];

/// Who signs, and whom to believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Accepted from others, in the order of preference; the first one signs.
    pub providers: Vec<Provider>,
    /// What the provider `pki` needs.
    pub pki: Pki,
}

/// `plugin.pki.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pki {
    /// PEM: the certificate that signs, then intermediates.
    pub cert: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
    /// PEM: the authorities of every signer.
    pub ca: Vec<PathBuf>,
    /// PEM: revocation lists.
    pub crl: Vec<PathBuf>,
    /// PEM: the authorities of those who command, where they are apart.
    pub client_ca: Vec<PathBuf>,
    /// Who may command, as written: `CN`, `CN=caller`, `CN@sha256:...`.
    pub clients: Vec<String>,
    /// Whether the broker renews the certificate of the connection before it ends.
    pub renew: bool,
    /// Whether to take newer revocation lists from the broker.
    pub crl_updates: bool,
}

/// Reads the provider and its settings; `connector` lends what is not set.
pub(super) fn read(reader: &mut Reader<'_>, connector: &Settings) -> Security {
    let supported = || quoted(PROVIDERS.iter().map(|(name, _)| *name));
    let providers = reader.parse_list("securityprovider", |item| {
        let found = PROVIDERS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(item));
        found
            .map(|&(_, provider)| provider)
            .ok_or_else(|| format!("supported: {}", supported()))
    });
    let name = reader.raw("securityprovider").unwrap_or("pki");
    reader.record("securityprovider", name);
    if !reader.has("securityprovider") && reader.has("plugin.psk") {
        let message = "ignored: `plugin.psk`, as the security provider is `pki`";
        reader.warn("plugin.psk", message, "remove it, on every node");
    }
    Security {
        providers: providers.unwrap_or_else(|| vec![Provider::Pki]),
        pki: pki(reader, connector),
    }
}

fn pki(reader: &mut Reader<'_>, connector: &Settings) -> Pki {
    let lent = connector
        .pool
        .first()
        .and_then(|server| server.tls.as_ref());
    let lent_ca = match lent {
        Some(Files {
            ca: Authorities::Files(files),
            ..
        }) => files.as_slice(),
        _ => &[],
    };
    // A connection that could not be read has nothing to lend, and its own fault says why.
    let wants_tls = ["activemq", "rabbitmq"].iter().any(|name| {
        let ssl = reader.raw(&format!("plugin.{name}.pool.1.ssl"));
        ssl.and_then(value::boolean) == Some(true)
    });
    let explained = connector.pool.is_empty() || (wants_tls && lent.is_none());
    for key in ["plugin.pki.ca", "plugin.pki.client_ca"] {
        if reader.raw(key) == Some("webpki") {
            let message =
                format!("`{key}` can't be `webpki`: anybody could get a certificate there");
            reader.fault(key, &message, "give the files of your own authority");
        }
    }
    let mut file = |key: &str, lent: Option<&PathBuf>, example: &str| {
        let found = reader.path(key).or_else(|| lent.cloned());
        if found.is_none() && !explained {
            reader.missing(key, example);
        }
        found.unwrap_or_default()
    };
    let cert = file(
        "plugin.pki.cert",
        lent.map(|files| &files.cert),
        "/etc/mcollective/ssl/cert.pem",
    );
    let key = file(
        "plugin.pki.key",
        lent.map(|files| &files.key),
        "/etc/mcollective/ssl/key.pem",
    );
    let mut or_lent = |key: &str, lent: &[PathBuf]| {
        let files = reader.paths(key);
        if files.is_empty() {
            lent.to_vec()
        } else {
            files
        }
    };
    let ca = or_lent("plugin.pki.ca", lent_ca);
    let crl = or_lent(
        "plugin.pki.crl",
        lent.map_or(&[], |files| files.crl.as_slice()),
    );
    if ca.is_empty() && !explained {
        reader.missing("plugin.pki.ca", "/etc/mcollective/ssl/ca.pem");
    }
    let callers = reader.raw("plugin.pki.clients").unwrap_or_default();
    let clients = value::list(callers);
    if let Err(error) = CallerRule::parse_list(callers) {
        let message = format!("`plugin.pki.clients`: {error}");
        reader.fault(
            "plugin.pki.clients",
            &message,
            "give `NAME@sha256:...`, with commas between",
        );
    }
    Pki {
        cert,
        key,
        ca,
        crl,
        client_ca: reader.paths("plugin.pki.client_ca"),
        clients: clients.into_iter().map(str::to_owned).collect(),
        renew: reader.flag("plugin.pki.renew", false),
        crl_updates: crl_updates(reader, lent),
    }
}

/// A newer list takes the place of an older one: so there has to be one, and only one.
fn crl_updates(reader: &mut Reader<'_>, lent: Option<&Files>) -> bool {
    let key = "plugin.pki.crl_updates";
    let wanted = reader.flag(key, false);
    let files = lent.map_or(0, |files| files.crl.len());
    if wanted && files != 1 {
        let message = format!(
            "`{key}` needs one file that the newer lists are kept in, and there are {files}"
        );
        reader.fault(key, &message, "add `plugin.activemq.pool.1.ssl.crl = FILE`");
        return false;
    }
    wanted
}
