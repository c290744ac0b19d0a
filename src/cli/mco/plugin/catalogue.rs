//! All plugins, and finding one by its name.

use std::borrow::Cow;

use crate::{
    cli::{CommandError, mco::ddls::Ddls},
    mcorpc::{
        ddl::{Ddl, Kind},
        similar,
    },
};

/// The titles of the kinds' groups.
pub(super) const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => "Agents",
        Kind::Aggregate => "Aggregate",
        Kind::Connector => "Connectors",
        Kind::Data => "Data Queries",
        Kind::Discovery => "Discovery Methods",
        Kind::Facts => "Fact Sources",
        Kind::Security => "Security Providers",
        Kind::Validator => "Validator Plugins",
    }
}

/// Names of a kind that are listed. The agent `discovery` has no DDL in the original, and is
/// nobody's to call.
pub(super) fn is_listed(kind: Kind, name: &str) -> bool {
    (kind, name) != (Kind::Agent, "discovery")
}

/// The one plugin of this name, which may say its type: `agent/rpcutil`.
pub(super) fn find(ddls: &Ddls, wanted: &str) -> Result<Cow<'static, Ddl>, CommandError> {
    let (kinds, name) = match wanted.split_once('/') {
        Some((kind, name)) => (Kind::from_name(kind).into_iter().collect(), name),
        None => (Kind::ALL.to_vec(), wanted),
    };
    let has = |kind: &Kind| is_listed(*kind, name) && ddls.names(*kind).iter().any(|n| n == name);
    let found: Vec<Kind> = kinds.into_iter().filter(has).collect();
    match found[..] {
        [kind] => {
            if let Some(ddl) = ddls.get(kind, name) {
                return ddl;
            }
        }
        [first, ..] => {
            let first = first.as_str();
            return Err(CommandError::usage(format!(
                "Duplicate plugin name found, please specify a full path like {first}/{name}"
            )));
        }
        [] => {}
    }
    let error = CommandError::usage(match wanted.split_once('/') {
        Some((kind, name)) => format!("Could not find a '{kind}' plugin named '{name}'"),
        None => format!("Could not find a plugin named '{name}' in any supported plugin type"),
    });
    let names = Kind::ALL.into_iter().flat_map(|kind| {
        let names = ddls.names(kind).into_iter();
        names.filter(move |name| is_listed(kind, name))
    });
    let names: Vec<String> = names.collect();
    Err(match similar::closest(name, &names) {
        Some(close) if close != name => error.hint(format!("did you mean `{close}`?")),
        _ => error.hint("`mco plugin doc` lists them"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(name: &str) -> String {
        find(&Ddls::default(), name).unwrap_err().to_string()
    }

    #[test]
    fn a_name_that_two_have_needs_its_type() {
        let ddls = Ddls::default();
        assert_eq!(find(&ddls, "data/agent").unwrap().kind, Kind::Data);
        assert_eq!(find(&ddls, "rpcutil").unwrap().kind, Kind::Agent);
        assert_eq!(find(&ddls, "security/pki").unwrap().kind, Kind::Security);
        assert_eq!(
            wrong("fstaat"),
            "Could not find a plugin named 'fstaat' in any supported plugin type\nhint: did you mean `fstat`?"
        );
        assert!(wrong("agent/fstat").starts_with("Could not find a 'agent' plugin named 'fstat'"));
        assert!(
            wrong("nosuch/fstat").starts_with("Could not find a 'nosuch' plugin named 'fstat'")
        );
        assert!(wrong("agent/discovery").starts_with("Could not find"));
        assert!(wrong("../../etc/passwd").starts_with("Could not find"));
    }
}
