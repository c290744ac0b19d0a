//! The addresses that MCollective uses, as text and as a meaning.
//!
//! The text is that of the original's activemq connector. A collective, an agent and an identity
//! are made of `\w`, `.` and `-`; so an address is read from its fixed ends.

use std::fmt;

/// A destination as a broker sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination<'a> {
    /// `/topic/<collective>.<agent>.agent`: a request for every node with the agent.
    Agent {
        /// The collective.
        collective: &'a str,
        /// The agent.
        agent: &'a str,
    },
    /// `/topic/<collective>.agents`: the same for any agent (`agents_multiplex`).
    Agents {
        /// The collective.
        collective: &'a str,
    },
    /// `/queue/<collective>.nodes`: directed requests, told apart by the `mc_identity` header.
    Nodes {
        /// The collective.
        collective: &'a str,
    },
    /// `/queue/<collective>.reply.<rest>`: where a client awaits replies.
    Reply {
        /// The collective.
        collective: &'a str,
        /// `<identity>_<pid>.<seq>` by convention; any text to a broker.
        rest: &'a str,
    },
    /// `/broker/presence`: answered by the broker itself with the list of who is connected.
    Presence,
    /// `/broker/metrics`: answered by the broker itself with its counters.
    Metrics,
    /// `/topic/broker.revocations`: the broker itself sends its authority's list to who subscribes.
    Revocations,
    /// Any other topic.
    Topic(&'a str),
    /// Any other queue.
    Queue(&'a str),
}

/// Where our broker says which certificates count no more. On another broker it is a topic to which
/// nobody sends.
pub const REVOCATIONS: &str = "/topic/broker.revocations";

/// The header that names the node of a directed request.
pub const IDENTITY_HEADER: &str = "mc_identity";

/// The header that names the sending process's identity.
pub const SENDER_HEADER: &str = "mc_sender";

/// In CONNECT, of our agents: a number in hexadecimal digits that the process has drawn, the same for
/// all its connections. By it the broker tells a machine that was started again from two that bear
/// one name.
pub const PROCESS_HEADER: &str = "mc-process";

/// In what our broker sends to peers that speak `pki`: milliseconds by its own clock, when it took
/// the request that it passes on, or else when it wrote the frame. Only differences mean anything.
pub const BROKER_TIME_HEADER: &str = "mc-broker-ms";

/// In a request that our broker passes on: the name in the certificate of the connection that sent it,
/// which need not be who signed it, and behind an `@` the address from which it came.
pub const PEER_HEADER: &str = "mc-peer";

/// In a request to all nodes with an agent, to our broker: the queue that gets the list of who was
/// connected when the request was passed on, no sooner and no later.
pub const PRESENCE_HEADER: &str = "mc-presence-to";

/// In what our broker says itself: it passes on nothing that bears this.
pub const OWN_HEADER: &str = "mc-broker-own";

/// In a request to our broker: the time by its own clock after which nobody waits for an answer.
pub const BROKER_DEADLINE_HEADER: &str = "mc-broker-deadline-ms";

/// In an ERROR frame of our broker: it says goodbye to everybody, and found no fault with the peer.
pub const STOPPING_HEADER: &str = "mc-stopping";

/// In the ERROR frame by which our broker ends a connection whose identity a newer one bears.
pub const REPLACED_HEADER: &str = "mc-replaced";

/// The longest address. That of a client's replies has two names of 255 bytes at most.
pub const MAX_ADDRESS: usize = 1024;

/// How many identities one SEND to `/queue/<collective>.nodes` may name, separated by commas.
pub const MAX_DIRECTED: usize = 64;

impl<'a> Destination<'a> {
    /// Reads a destination; `None` where it is neither a topic nor a queue, or has no name.
    pub fn parse(text: &'a str) -> Option<Self> {
        match text {
            "/broker/metrics" => return Some(Self::Metrics),
            "/broker/presence" => return Some(Self::Presence),
            REVOCATIONS => return Some(Self::Revocations),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("/topic/").filter(|name| !name.is_empty()) {
            if let Some(rest) = name.strip_suffix(".agent")
                && let Some((collective, agent)) = rest.rsplit_once('.')
                && !collective.is_empty()
                && !agent.is_empty()
            {
                return Some(Self::Agent { collective, agent });
            }
            if let Some(collective) = name.strip_suffix(".agents").filter(|c| !c.is_empty()) {
                return Some(Self::Agents { collective });
            }
            return Some(Self::Topic(name));
        }
        let name = text
            .strip_prefix("/queue/")
            .filter(|name| !name.is_empty())?;
        if let Some(collective) = name.strip_suffix(".nodes").filter(|c| !c.is_empty())
            && !collective.contains(".reply.")
        {
            return Some(Self::Nodes { collective });
        }
        if let Some((collective, rest)) = name.split_once(".reply.")
            && !collective.is_empty()
            && !rest.is_empty()
        {
            return Some(Self::Reply { collective, rest });
        }
        Some(Self::Queue(name))
    }

    /// Whether it is for replies: a client's own address, or one that a site made up.
    pub const fn is_for_replies(&self) -> bool {
        matches!(self, Self::Reply { .. } | Self::Queue(_) | Self::Topic(_))
    }

    /// The collective that the address belongs to, where it is one of MCollective's.
    pub fn collective(&self) -> Option<&'a str> {
        match self {
            Self::Agent { collective, .. }
            | Self::Agents { collective }
            | Self::Nodes { collective }
            | Self::Reply { collective, .. } => Some(collective),
            Self::Metrics
            | Self::Presence
            | Self::Revocations
            | Self::Topic(_)
            | Self::Queue(_) => None,
        }
    }
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent { collective, agent } => write!(f, "/topic/{collective}.{agent}.agent"),
            Self::Agents { collective } => write!(f, "/topic/{collective}.agents"),
            Self::Nodes { collective } => write!(f, "/queue/{collective}.nodes"),
            Self::Reply { collective, rest } => write!(f, "/queue/{collective}.reply.{rest}"),
            Self::Metrics => f.write_str("/broker/metrics"),
            Self::Presence => f.write_str("/broker/presence"),
            Self::Revocations => f.write_str(REVOCATIONS),
            Self::Topic(name) => write!(f, "/topic/{name}"),
            Self::Queue(name) => write!(f, "/queue/{name}"),
        }
    }
}

/// The selector by which a node asks for its own directed requests.
pub fn identity_selector(identity: &str) -> String {
    format!("{IDENTITY_HEADER} = '{identity}'")
}

/// The identity in such a selector, the only form of selector that is understood.
pub fn selected_identity(selector: &str) -> Option<&str> {
    let rest = selector.trim().strip_prefix(IDENTITY_HEADER)?;
    let quoted = rest.trim_start().strip_prefix('=')?.trim_start();
    let identity = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    (!identity.is_empty() && !identity.contains('\'')).then_some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_read_as_it_is_written() {
        for text in [
            "/topic/mcollective.rpcutil.agent",
            "/topic/eu.west.discovery.agent",
            "/topic/mcollective.agents",
            "/queue/mcollective.nodes",
            "/queue/mcollective.reply.client.example.net_1534.1",
            "/queue/mcollective.reply.a.nodes",
            "/queue/custom",
            "/topic/custom",
            "/broker/metrics",
            "/broker/presence",
        ] {
            assert_eq!(Destination::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Destination::parse("/topic/eu.west.discovery.agent"),
            Some(Destination::Agent {
                collective: "eu.west",
                agent: "discovery"
            })
        );
        assert!(matches!(
            Destination::parse("/queue/m.reply.a.nodes"),
            Some(Destination::Reply { .. })
        ));
        for text in ["", "/queue/", "queue", "/exchange/a/b", "/topic/"] {
            assert_eq!(Destination::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_selector_names_one_identity() {
        assert_eq!(
            selected_identity(&identity_selector("web1.example.net")),
            Some("web1.example.net")
        );
        assert_eq!(selected_identity("mc_identity='a'"), Some("a"));
        for other in [
            "",
            "mc_identity = a",
            "mc_identity = 'a' OR 1=1",
            "x = 'a'",
            "mc_identity = ''",
        ] {
            assert_eq!(selected_identity(other), None, "{other}");
        }
    }
}
