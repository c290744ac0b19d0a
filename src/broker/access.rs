//! Who may do what: the role of a name, and what each role may send to and subscribe to.
//!
//! Reply addresses are also owned by who subscribed first; the router sees to that.

use std::{fmt, sync::Arc, time::Instant};

use super::{
    fields::is_identity,
    metrics::Metrics,
    settings::{NamePattern, Settings},
};
use crate::{stomp::destination::Destination, sys::refusals::Refusals};

/// What all sessions of a broker have in common.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) metrics: Arc<Metrics>,
    /// Whatever peers do wrong is logged through it.
    pub(crate) refusals: Arc<Refusals>,
    /// Where the clock began that peers are told of.
    pub(crate) started: Instant,
    /// Counts the times that they were read again.
    pub(crate) generation: u64,
}

impl Rules {
    /// The first rules of a broker that starts now.
    pub(crate) fn new(
        settings: Settings,
        metrics: Arc<Metrics>,
        refusals: Arc<Refusals>,
        started: Instant,
    ) -> Self {
        Self {
            access: Access::new(&settings),
            settings,
            metrics,
            refusals,
            started,
            generation: 0,
        }
    }

    /// Those that come after these.
    pub(crate) fn next(&self, settings: Settings) -> Self {
        Self {
            generation: self.generation + 1,
            ..Self::new(
                settings,
                Arc::clone(&self.metrics),
                Arc::clone(&self.refusals),
                self.started,
            )
        }
    }

    /// The time by our clock.
    pub(crate) fn broker_ms(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.started);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(crate) enum PeerName {
    /// A certificate vouches for this name.
    Certified(Arc<str>),
    /// One that says that it is a node's.
    CertifiedNode(Arc<str>),
    /// Nothing does: the login will be taken.
    Plain,
}

/// Who may do what, by name.
#[derive(Debug)]
pub(crate) struct Access {
    clients: Vec<NamePattern>,
    nodes: Vec<NamePattern>,
    collectives: Vec<(NamePattern, Vec<String>)>,
    identity_check: bool,
}

impl Access {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            clients: settings.clients.clone(),
            nodes: settings.nodes.clone(),
            collectives: settings.collectives.clone(),
            identity_check: settings.identity_check,
        }
    }

    /// What a name that a certificate vouches for may do. A node's commands nothing, also under a
    /// client's name: it may have taken that before there was such a client.
    pub(crate) fn grant(&self, name: &str, is_nodes: bool) -> Result<Grant, Denied> {
        let listed = |names: &[NamePattern]| names.iter().any(|pattern| pattern.matches(name));
        let client = listed(&self.clients) && !is_nodes;
        let node = if self.nodes.is_empty() {
            !client
        } else {
            listed(&self.nodes)
        };
        let scope = self
            .collectives
            .iter()
            .find(|(pattern, _)| pattern.matches(name));
        if !client && !node {
            return Err(Denied::Unlisted { name: name.into() });
        }
        Ok(Grant {
            name: name.into(),
            client,
            node,
            scope: scope.map_or(Scope::All, |(_, collectives)| {
                Scope::Only(collectives.clone())
            }),
            checked: self.identity_check,
            certified: true,
            is_nodes,
        })
    }

    /// Whether a name is a client's: no node may bear it.
    pub(crate) fn is_client(&self, name: &str) -> bool {
        self.clients.iter().any(|pattern| pattern.matches(name))
    }

    /// Whether a person might take a name for a client's.
    pub(crate) fn resembles_client(&self, name: &str) -> bool {
        let resembles = |pattern: &NamePattern| match pattern {
            NamePattern::Name(client) => client.eq_ignore_ascii_case(name),
            NamePattern::Regex { .. } => pattern.matches(&name.to_ascii_lowercase()),
        };
        self.is_client(name) || self.clients.iter().any(resembles)
    }

    /// Whether a client may await replies at `<collective>.reply.<rest>`. Whose they are to be can be
    /// read from it, and another client could take the address before its owner does.
    pub(crate) fn may_await(&self, grant: &Grant, rest: &str) -> Result<(), Denied> {
        let owner = rest.rsplit_once('_').map_or(rest, |(identity, _)| identity);
        let is_named =
            |pattern: &NamePattern| matches!(pattern, NamePattern::Name(name) if name == owner);
        if grant.checked && owner != &*grant.name && self.clients.iter().any(is_named) {
            return Err(Denied::Owner {
                name: grant.name.to_string(),
                owner: owner.to_owned(),
            });
        }
        Ok(())
    }

    /// What everybody may do on a plain listener.
    pub(crate) fn grant_plain(name: &str) -> Grant {
        Grant {
            name: name.into(),
            client: true,
            node: true,
            scope: Scope::All,
            checked: false,
            certified: false,
            is_nodes: false,
        }
    }
}

/// What one connection may do.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// The TLS name; on a plain listener the login.
    pub(crate) name: Arc<str>,
    client: bool,
    node: bool,
    scope: Scope,
    /// Whether the name is the only identity that this peer may bear as a node.
    pub(crate) checked: bool,
    /// A certificate vouches for the name.
    pub(crate) certified: bool,
    /// That certificate is a node's, whatever its name.
    pub(crate) is_nodes: bool,
}

impl Grant {
    /// The name that a certificate vouches for, where it can stand in a header.
    pub(crate) fn header(&self) -> Option<&str> {
        (self.certified && is_identity(&self.name)).then_some(&*self.name)
    }

    /// Whether the peer may command.
    pub(crate) fn is_client(&self) -> bool {
        self.client
    }

    /// Whether the peer, as a client, may know of a collective.
    pub(crate) fn sees(&self, collective: &str) -> bool {
        self.client && self.scope.has(collective)
    }

    /// Whether a SEND passes. `sender` is its `mc_sender`.
    pub(crate) fn may_send(
        &self,
        destination: &Destination<'_>,
        sender: Option<&str>,
    ) -> Result<(), Denied> {
        let (client, node) = match destination {
            Destination::Agent { agent, .. } => (true, *agent == "registration"),
            Destination::Agents { .. }
            | Destination::Nodes { .. }
            | Destination::Metrics
            | Destination::Presence => (true, false),
            Destination::Reply { .. } => (false, true),
            Destination::Revocations => (false, false),
            // Addresses that a site made up, for `--reply-to`: no agent listens there.
            Destination::Topic(_) | Destination::Queue(_) => (true, true),
        };
        if client && self.covers(self.client, destination)? {
            return Ok(());
        }
        if !(node && self.covers(self.node, destination)?) {
            return Err(self.denied(destination, "send to"));
        }
        match sender {
            Some(sender) if self.checked && sender != &*self.name => Err(Denied::Identity {
                name: self.name.to_string(),
                claimed: sender.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a SUBSCRIBE passes. `identity` is the one that its selector names.
    pub(crate) fn may_subscribe(
        &self,
        destination: &Destination<'_>,
        identity: Option<&str>,
    ) -> Result<(), Denied> {
        let role = match destination {
            Destination::Agent { .. } | Destination::Agents { .. } | Destination::Nodes { .. } => {
                self.node
            }
            Destination::Reply { .. } | Destination::Topic(_) | Destination::Queue(_) => {
                self.client
            }
            Destination::Revocations => self.node || self.client,
            Destination::Metrics | Destination::Presence => false,
        };
        if !self.covers(role, destination)? {
            return Err(self.denied(destination, "subscribe to"));
        }
        match identity {
            Some(identity) if self.checked && identity != &*self.name => Err(Denied::Identity {
                name: self.name.to_string(),
                claimed: identity.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a role is held, and its collectives have the destination.
    fn covers(&self, role: bool, destination: &Destination<'_>) -> Result<bool, Denied> {
        if role && !self.scope.covers(destination) {
            return Err(Denied::Collective {
                name: self.name.to_string(),
                destination: destination.to_string(),
            });
        }
        Ok(role)
    }

    fn denied(&self, destination: &Destination<'_>, verb: &'static str) -> Denied {
        Denied::Role {
            name: self.name.to_string(),
            role: match (self.client, self.node) {
                (true, true) => "client and node",
                (true, false) => "client",
                (false, _) => "node",
            },
            verb,
            destination: destination.to_string(),
        }
    }
}

/// Why something is not let through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("{name} may no longer be connected: {why}")]
    Certificate { name: String, why: String },
    #[error(
        "{name} may not use {destination}, as it is outside the collectives that the broker's \
         configuration gives that name"
    )]
    Collective { name: String, destination: String },
    #[error(
        "{name} may not act as {claimed}; a node's identity must be the name in its certificate, \
         unless the broker has identity_check = off"
    )]
    Identity { name: String, claimed: String },
    #[error(
        "{name} may not await replies of {owner}, who is another client here; a client's identity \
         must not be another's name, unless the broker has identity_check = off"
    )]
    Owner { name: String, owner: String },
    #[error(
        "{name} is neither a client nor a node here; the broker's configuration lists both under \
         clients and nodes"
    )]
    Unlisted { name: String },
    #[error(
        "{name} is a {role} here and may not {verb} {destination}; roles come from clients and \
         nodes in the broker's configuration"
    )]
    Role {
        name: String,
        role: &'static str,
        verb: &'static str,
        destination: String,
    },
}

impl Denied {
    /// Whether the destination is an address that a site made up, and of other collectives.
    pub(crate) fn is_about_a_sites_address(&self, destination: &Destination<'_>) -> bool {
        matches!(self, Self::Collective { .. })
            && matches!(destination, Destination::Topic(_) | Destination::Queue(_))
    }
}

/// The collectives of a name.
#[derive(Clone)]
enum Scope {
    All,
    Only(Vec<String>),
}

impl Scope {
    fn has(&self, collective: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(collectives) => collectives.iter().any(|ours| ours == collective),
        }
    }

    fn covers(&self, destination: &Destination<'_>) -> bool {
        let Self::Only(collectives) = self else {
            return true;
        };
        if let Some(collective) = destination.collective() {
            return self.has(collective);
        }
        match destination {
            Destination::Topic(name) | Destination::Queue(name) => collectives.iter().any(|ours| {
                name.strip_prefix(ours.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
            }),
            _ => true,
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(collectives) => f.debug_list().entries(collectives).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(clients: &[&str], nodes: &[&str]) -> Access {
        let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Access::new(&Settings {
            clients: rules(clients),
            nodes: rules(nodes),
            ..Settings::default()
        })
    }

    /// Whether (send, subscribe) pass, under the peer's own name.
    fn may(grant: &Grant, address: &str) -> (bool, bool) {
        let destination = Destination::parse(address).unwrap();
        (
            grant.may_send(&destination, Some(&grant.name)).is_ok(),
            grant.may_subscribe(&destination, Some(&grant.name)).is_ok(),
        )
    }

    #[test]
    fn a_node_listens_and_replies_and_a_client_commands() {
        let access = access(&["peadmin"], &[]);
        let node = access.grant("web1", false).unwrap();
        let client = access.grant("peadmin", false).unwrap();
        for (address, as_node, as_client) in [
            ("/topic/m.rpcutil.agent", (false, true), (true, false)),
            ("/topic/m.registration.agent", (true, true), (true, false)),
            ("/topic/m.agents", (false, true), (true, false)),
            ("/queue/m.nodes", (false, true), (true, false)),
            ("/queue/m.reply.a_1.1", (true, false), (false, true)),
            ("/queue/custom", (true, false), (true, true)),
            ("/broker/metrics", (false, false), (true, false)),
            ("/broker/presence", (false, false), (true, false)),
        ] {
            assert_eq!(may(&node, address), as_node, "node {address}");
            assert_eq!(may(&client, address), as_client, "client {address}");
        }
    }

    #[test]
    fn a_name_in_both_lists_may_do_both_and_one_in_neither_nothing() {
        let access = access(&["master", "console"], &["master", "/web[0-9]+/"]);
        let master = access.grant("master", false).unwrap();
        assert_eq!(may(&master, "/queue/m.nodes"), (true, true));
        assert_eq!(may(&master, "/queue/m.reply.a_1.1"), (true, true));
        let console = access.grant("console", false).unwrap();
        assert_eq!(may(&console, "/queue/m.nodes"), (true, false));
        assert!(access.grant("web1x", false).is_err());
    }

    #[test]
    fn a_node_bears_its_own_name_only() {
        let mut access = access(&[], &[]);
        let reply = Destination::parse("/queue/m.reply.a_1.1").unwrap();
        let nodes = Destination::parse("/queue/m.nodes").unwrap();
        let node = access.grant("web1", false).unwrap();
        assert!(matches!(
            node.may_send(&reply, Some("web2")),
            Err(Denied::Identity { .. })
        ));
        assert!(matches!(
            node.may_subscribe(&nodes, Some("web2")),
            Err(Denied::Identity { .. })
        ));
        assert!(node.may_send(&reply, None).is_ok());
        access.identity_check = false;
        let node = access.grant("web1", false).unwrap();
        assert!(node.may_send(&reply, Some("web2")).is_ok());
        assert!(node.may_subscribe(&nodes, Some("web2")).is_ok());
    }

    #[test]
    fn a_name_may_be_limited_to_collectives() {
        let access = Access::new(&Settings {
            clients: vec!["eu".parse().unwrap()],
            collectives: vec![("eu".parse().unwrap(), vec!["eu".into()])],
            ..Settings::default()
        });
        let client = access.grant("eu", false).unwrap();
        assert_eq!(may(&client, "/topic/eu.rpcutil.agent"), (true, false));
        assert_eq!(may(&client, "/topic/us.rpcutil.agent"), (false, false));
        assert_eq!(may(&client, "/queue/us.reply.a_1.1"), (false, false));
        assert_eq!(may(&client, "/queue/eu.custom"), (true, true));
        assert_eq!(may(&client, "/queue/europe"), (false, false));
    }
}
