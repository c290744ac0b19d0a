//! Who is connected, as JSON.
//!
//! Known from subscriptions and selectors alone, so that daemons of the original are listed too.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;

use crate::stomp::destination::Destination;

/// A node as the router sees it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) identity: Arc<str>,
    pub(crate) since: u64,
    pub(crate) pki: bool,
    /// What tells its process from the one before.
    pub(crate) process: Option<u64>,
    /// What it subscribed to.
    pub(crate) destinations: Vec<Arc<str>>,
}

/// What stands for all agents: a node with `agents_multiplex` does not say which it has.
const ANY_AGENT: &str = "*";

#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    broker: About<'a>,
    nodes: Vec<Entry<'a>>,
}

/// The broker that answers.
#[derive(Serialize)]
pub(crate) struct About<'a> {
    name: &'a str,
    version: &'static str,
}

impl<'a> About<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        Self {
            name,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    identity: &'a str,
    agents: BTreeSet<&'a str>,
    collectives: BTreeSet<&'a str>,
    since: u64,
    pki: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<String>,
}

/// The answer to a presence request, for one collective or all that `visible` lets through.
pub(crate) fn answer(
    broker: &str,
    nodes: &[Node],
    visible: impl Fn(&str) -> bool,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut nodes: Vec<Entry<'_>> = nodes
        .iter()
        .filter_map(|node| entry(node, &visible))
        .collect();
    nodes.sort_unstable_by_key(|node| node.identity);
    serde_json::to_vec(&Answer {
        version: 1,
        broker: About::new(broker),
        nodes,
    })
}

fn entry<'a>(node: &'a Node, visible: &impl Fn(&str) -> bool) -> Option<Entry<'a>> {
    let mut entry = Entry {
        identity: &node.identity,
        agents: BTreeSet::new(),
        collectives: BTreeSet::new(),
        since: node.since,
        pki: node.pki,
        process: node.process.map(|process| format!("{process:x}")),
    };
    for destination in &node.destinations {
        let (collective, agent) = match Destination::parse(destination) {
            Some(Destination::Agent { collective, agent }) => (collective, Some(agent)),
            Some(Destination::Agents { collective }) => (collective, Some(ANY_AGENT)),
            Some(Destination::Nodes { collective }) => (collective, None),
            _ => continue,
        };
        if !visible(collective) {
            continue;
        }
        insert(&mut entry.collectives, collective);
        if let Some(agent) = agent {
            insert(&mut entry.agents, agent);
        }
    }
    (!entry.collectives.is_empty()).then_some(entry)
}

/// Adds a name, unless it is none that a daemon has, or one of too many: what a node subscribes to
/// goes to each client that asks who is there.
fn insert<'a>(names: &mut BTreeSet<&'a str>, name: &'a str) {
    if name.len() <= LONGEST && names.len() < MOST {
        names.insert(name);
    }
}

const LONGEST: usize = 64;
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn node(identity: &str, destinations: &[&str]) -> Node {
        Node {
            identity: identity.into(),
            since: 7,
            pki: true,
            process: (identity == "b").then_some(0xb0b),
            destinations: destinations.iter().map(|&d| Arc::from(d)).collect(),
        }
    }

    #[test]
    fn nodes_are_listed_with_what_they_subscribed_to() {
        let nodes = [
            node("b", &["/topic/m.agents", "/queue/m.nodes"]),
            node(
                "a",
                &[
                    "/queue/m.nodes",
                    "/topic/m.rpcutil.agent",
                    "/topic/eu.discovery.agent",
                ],
            ),
        ];
        let text = |collective: Option<&str>| {
            let visible = |name: &str| collective.is_none_or(|c| c == name);
            String::from_utf8(answer("hub", &nodes, visible).unwrap()).unwrap()
        };
        assert_eq!(
            text(None),
            format!(
                "{{\"version\":1,\"broker\":{{\"name\":\"hub\",\"version\":\"{}\"}},\"nodes\":[\
                 {{\"identity\":\"a\",\"agents\":[\"discovery\",\"rpcutil\"],\
                 \"collectives\":[\"eu\",\"m\"],\"since\":7,\"pki\":true}},\
                 {{\"identity\":\"b\",\"agents\":[\"*\"],\"collectives\":[\"m\"],\"since\":7,\
                 \"pki\":true,\"process\":\"b0b\"}}]}}",
                env!("CARGO_PKG_VERSION")
            )
        );
        let eu = text(Some("eu"));
        assert!(eu.contains("\"agents\":[\"discovery\"],\"collectives\":[\"eu\"]"));
        assert!(!eu.contains("\"b\""));
    }

    #[test]
    fn no_node_makes_the_list_long() {
        let names: Vec<String> = (0..1000)
            .flat_map(|n| {
                [
                    format!("/topic/c{n}.a{n}.agent"),
                    format!("/topic/m.{n:0900}.agent"),
                ]
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let nodes = [node("a", &names)];
        let body = answer("hub", &nodes, |_| true).unwrap();
        assert!(body.len() < 5_000, "{}", body.len());
        assert!(String::from_utf8(body).unwrap().contains("\"m\""));
    }
}
