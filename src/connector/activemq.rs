//! Addresses and headers as the original's activemq connector has them; our own broker's too.
//!
//! Pure functions, which agent and client call for what they send and subscribe to. The rabbitmq
//! dialect, once it is here, is a file beside this one with the same functions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    mcorpc::names::{AgentName, Collective, Identity},
    stomp::destination::{
        Destination, IDENTITY_HEADER, MAX_DIRECTED, SENDER_HEADER, identity_selector,
    },
};

/// Where requests to every node with an agent go.
pub fn agent_topic(collective: &Collective, agent: &AgentName) -> String {
    Destination::Agent {
        collective: collective.as_str(),
        agent: agent.as_str(),
    }
    .to_string()
}

/// The same for any agent, where `agents_multiplex` is on.
pub fn agents_topic(collective: &Collective) -> String {
    Destination::Agents {
        collective: collective.as_str(),
    }
    .to_string()
}

/// Where requests to named nodes go.
pub fn directed(collective: &Collective) -> String {
    Destination::Nodes {
        collective: collective.as_str(),
    }
    .to_string()
}

/// The selector by which a node takes its own out of [`directed`].
pub fn directed_selector(identity: &Identity) -> String {
    identity_selector(identity.as_str())
}

/// Where a process awaits the replies to its request number `sequence`. The original has its process
/// id for `process`; what can't be guessed keeps others from taking the address first.
pub fn reply_address(
    collective: &Collective,
    identity: &Identity,
    process: &str,
    sequence: u64,
) -> String {
    Destination::Reply {
        collective: collective.as_str(),
        rest: &format!("{identity}_{process}.{sequence}"),
    }
    .to_string()
}

/// The headers of a request. The identities of a directed one are [`super::Outgoing::targets`].
pub fn request_headers(
    sender: &Identity,
    now: SystemTime,
    ttl: Duration,
    reply_to: Option<&str>,
) -> Vec<(String, String)> {
    let mut headers = lifetime(now, ttl);
    if let Some(reply_to) = reply_to {
        headers.push(("reply-to".into(), reply_to.into()));
    }
    headers.push((SENDER_HEADER.into(), sender.as_str().into()));
    headers
}

/// The headers of a reply.
pub fn reply_headers(sender: &Identity, now: SystemTime, ttl: Duration) -> Vec<(String, String)> {
    request_headers(sender, now, ttl, None)
}

/// The headers that tell one SEND's targets, a SEND each. Only our own broker takes a group apart;
/// any other would keep `a,b` for a node of that name.
pub(super) fn target_headers(targets: &[Identity], ours: bool) -> Vec<(&'static str, String)> {
    let group = if ours { MAX_DIRECTED } else { 1 };
    targets
        .chunks(group)
        .map(|group| {
            let names: Vec<&str> = group.iter().map(Identity::as_str).collect();
            (IDENTITY_HEADER, names.join(","))
        })
        .collect()
}

/// How long a broker may keep a message. Both times are absolute, so a broker with another clock
/// can take their difference.
fn lifetime(now: SystemTime, ttl: Duration) -> Vec<(String, String)> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = now.saturating_add(ttl);
    vec![
        ("timestamp".into(), now.as_millis().to_string()),
        ("expires".into(), until.as_millis().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::new(text).unwrap()
    }

    #[test]
    fn addresses_are_the_originals() {
        let collective = Collective::new("mcollective").unwrap();
        let agent = AgentName::new("rpcutil").unwrap();
        assert_eq!(
            agent_topic(&collective, &agent),
            "/topic/mcollective.rpcutil.agent"
        );
        assert_eq!(agents_topic(&collective), "/topic/mcollective.agents");
        assert_eq!(directed(&collective), "/queue/mcollective.nodes");
        assert_eq!(
            directed_selector(&identity("web1.example")),
            "mc_identity = 'web1.example'"
        );
        assert_eq!(
            reply_address(&collective, &identity("client.example.net"), "1534", 2),
            "/queue/mcollective.reply.client.example.net_1534.2"
        );
    }

    #[test]
    fn a_request_lives_as_long_as_its_ttl() {
        let now = UNIX_EPOCH + Duration::from_millis(1_500_000_000_123);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            request_headers(
                &identity("c"),
                now,
                Duration::from_mins(1),
                Some("/queue/r")
            ),
            [
                header("timestamp", "1500000000123"),
                header("expires", "1500000060123"),
                header("reply-to", "/queue/r"),
                header("mc_sender", "c"),
            ]
        );
        assert_eq!(
            reply_headers(&identity("n"), now, Duration::from_secs(1)),
            [
                header("timestamp", "1500000000123"),
                header("expires", "1500000001123"),
                header("mc_sender", "n"),
            ]
        );
    }

    #[test]
    fn only_our_broker_gets_targets_in_groups() {
        let targets: Vec<Identity> = (0..130).map(|n| identity(&format!("n{n}"))).collect();
        let sizes: Vec<usize> = target_headers(&targets, true)
            .iter()
            .map(|(_, names)| names.split(',').count())
            .collect();
        assert_eq!(sizes, [64, 64, 2]);
        let alone = target_headers(&targets, false);
        assert_eq!(alone.len(), 130);
        assert_eq!(alone[129], ("mc_identity", "n129".to_owned()));
        assert!(target_headers(&[], true).is_empty());
    }
}
