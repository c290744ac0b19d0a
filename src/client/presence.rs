//! The broker's list of who is connected, as it answers a SEND to `/broker/presence`.

use serde::Deserialize;

use crate::mcorpc::names::{AgentName, Collective, Identity};

/// Who is connected, as seen by one broker.
#[derive(Clone, Debug, Deserialize)]
pub struct Presence {
    /// Version of this form.
    pub version: u32,
    /// The nodes.
    pub nodes: Vec<PresentNode>,
}

/// A connected node.
#[derive(Clone, Debug, Deserialize)]
pub struct PresentNode {
    /// Its identity.
    pub identity: Identity,
    /// The agents whose broadcasts it has subscribed to.
    pub agents: Vec<String>,
    /// The collectives that it is in.
    pub collectives: Vec<String>,
    /// Since when, in seconds since the epoch.
    #[serde(default)]
    pub since: u64,
    /// Whether it speaks the `pki` provider.
    #[serde(default)]
    pub pki: bool,
    /// What tells its process from the one before, where it says that.
    #[serde(default)]
    pub process: Option<String>,
}

/// The version of the form that we read.
const VERSION: u32 = 1;

impl Presence {
    /// Reads the broker's answer.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let presence: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if presence.version == VERSION {
            return Ok(presence);
        }
        Err(format!(
            "version {} of the presence list; this program reads version {VERSION}",
            presence.version
        ))
    }

    /// The nodes of a collective that will answer a request to `agent`.
    pub fn answering(
        &self,
        collective: &Collective,
        agent: &AgentName,
    ) -> impl Iterator<Item = &PresentNode> {
        self.nodes.iter().filter(move |node| {
            node.pki
                && node
                    .collectives
                    .iter()
                    .any(|name| name == collective.as_str())
                && node.agents.iter().any(|name| name == agent.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_by_collective_agent_and_provider() {
        let presence = Presence::parse(
            br#"{"version":1,"broker":{"name":"b"},"nodes":[
            {"identity":"a","agents":["rpcutil"],"collectives":["mcollective"],"since":1,"pki":true},
            {"identity":"b","agents":["rpcutil"],"collectives":["mcollective"],"since":1,"pki":false},
            {"identity":"c","agents":["other"],"collectives":["mcollective"],"since":1,"pki":true},
            {"identity":"d","agents":["rpcutil"],"collectives":["eu"],"since":1,"pki":true}]}"#,
        )
        .unwrap();
        let names: Vec<&str> = presence
            .answering(
                &Collective::new("mcollective").unwrap(),
                &AgentName::new("rpcutil").unwrap(),
            )
            .map(|node| node.identity.as_str())
            .collect();
        assert_eq!(names, ["a"]);
        assert!(Presence::parse(br#"{"version":2,"nodes":[]}"#).is_err());
        assert!(Presence::parse(b"[]").is_err());
    }
}
