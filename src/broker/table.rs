//! Who subscribed to which topic.
//!
//! Changes are made in place, and a topic's list of receivers is made anew at the first SEND after
//! a change: one per SUBSCRIBE would be quadratic in the size of the fleet.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;

use super::outbound::{Item, Outbound, Policy, Pushed};
use crate::stomp::{Version, escape};

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// One subscription of one connection.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Unique in this broker.
    pub(crate) serial: u64,
    pub(crate) connection: ConnectionId,
    /// The peer's name for it.
    pub(crate) id: Option<Box<str>>,
    pub(crate) destination: Arc<str>,
    /// The node that its selector names.
    pub(crate) identity: Option<Arc<str>>,
    /// The first lines of each MESSAGE for it.
    pub(crate) head: Bytes,
    pub(crate) policy: Policy,
    pub(crate) outbound: Arc<Outbound>,
}

impl Subscription {
    /// Queues a message for the peer.
    pub(crate) fn push(&self, message: &Bytes) -> Pushed {
        let item = Item {
            head: self.head.clone(),
            rest: message.clone(),
        };
        self.outbound.push(item, self.policy)
    }
}

/// The first lines of a MESSAGE for a subscription with this name.
pub(crate) fn head(id: Option<&str>, version: Version) -> Bytes {
    let Some(id) = id else {
        return Bytes::from_static(b"MESSAGE\n");
    };
    let mut head = b"MESSAGE\nsubscription:".to_vec();
    escape(&mut head, id.as_bytes(), version);
    head.push(b'\n');
    head.into_boxed_slice().into()
}

/// The receivers of a topic at one moment, connection by connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct FanOut(Arc<[Arc<Subscription>]>);

impl FanOut {
    /// Queues a message for all of them; tells how many connections took it. Needs no lock.
    pub(crate) fn push(&self, message: &Bytes) -> usize {
        let mut deliveries = 0;
        let mut last = None;
        for subscription in self.0.iter() {
            if subscription.push(message) == Pushed::Queued && last != Some(subscription.connection)
            {
                last = Some(subscription.connection);
                deliveries += 1;
            }
        }
        deliveries
    }

    /// Whether both are one list, not two alike.
    #[cfg(test)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// All topics.
#[derive(Debug, Default)]
pub(crate) struct Table {
    topics: HashMap<Arc<str>, Topic>,
}

#[derive(Debug, Default)]
struct Topic {
    members: HashMap<u64, Arc<Subscription>>,
    fan_out: Option<FanOut>,
}

impl Table {
    /// The topic's name as it is kept here, so that subscriptions share one text.
    pub(crate) fn intern(&self, destination: &str) -> Arc<str> {
        match self.topics.get_key_value(destination) {
            Some((name, _)) => Arc::clone(name),
            None => destination.into(),
        }
    }

    pub(crate) fn add(&mut self, subscription: Arc<Subscription>) {
        let name = Arc::clone(&subscription.destination);
        let topic = self.topics.entry(name).or_default();
        topic.fan_out = None;
        topic.members.insert(subscription.serial, subscription);
    }

    pub(crate) fn remove(&mut self, subscription: &Subscription) {
        let Some(topic) = self.topics.get_mut(&subscription.destination) else {
            return;
        };
        topic.fan_out = None;
        topic.members.remove(&subscription.serial);
        if topic.members.is_empty() {
            self.topics.remove(&subscription.destination);
        }
    }

    /// Who receives a message to a topic.
    pub(crate) fn route(&mut self, destination: &str) -> FanOut {
        let Some(topic) = self.topics.get_mut(destination) else {
            return FanOut::default();
        };
        let members = &topic.members;
        let fan_out = topic.fan_out.get_or_insert_with(|| {
            let mut all: Vec<_> = members.values().cloned().collect();
            all.sort_unstable_by_key(|member| (member.connection, member.serial));
            FanOut(all.into())
        });
        fan_out.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::broker::settings::Limits;

    fn subscription(serial: u64, connection: u64, topic: &str) -> Arc<Subscription> {
        Arc::new(Subscription {
            serial,
            connection: ConnectionId(connection),
            id: None,
            destination: topic.into(),
            identity: None,
            head: head(None, Version::V1_0),
            policy: Policy::Limit,
            outbound: Arc::new(Outbound::new(&Limits::default(), Arc::default())),
        })
    }

    proptest! {
        /// Whatever the order of changes and SENDs, a message reaches exactly the subscriptions
        /// that a plain list would name.
        #[test]
        fn routes_as_a_plain_list_would(
            steps in prop::collection::vec((0_u8..3, 0_u64..4, 0_usize..3), 0..60)
        ) {
            let topics = ["/topic/a", "/topic/b", "/topic/c"];
            let mut table = Table::default();
            let mut naive: Vec<Arc<Subscription>> = Vec::new();
            for (serial, (action, connection, topic)) in steps.into_iter().enumerate() {
                match action {
                    0 => {
                        let new = subscription(serial as u64, connection, topics[topic]);
                        table.add(Arc::clone(&new));
                        naive.push(new);
                    }
                    1 if !naive.is_empty() => {
                        let old = naive.swap_remove(serial % naive.len());
                        table.remove(&old);
                    }
                    _ => {
                        let fan_out = table.route(topics[topic]);
                        let mut routed: Vec<u64> = fan_out.0.iter().map(|s| s.serial).collect();
                        routed.sort_unstable();
                        let mut expected: Vec<u64> = naive
                            .iter()
                            .filter(|s| &*s.destination == topics[topic])
                            .map(|s| s.serial)
                            .collect();
                        expected.sort_unstable();
                        prop_assert_eq!(routed, expected);
                        let mut connections: Vec<_> = naive
                            .iter()
                            .filter(|s| &*s.destination == topics[topic])
                            .map(|s| s.connection)
                            .collect();
                        connections.sort_unstable();
                        connections.dedup();
                        prop_assert_eq!(fan_out.push(&Bytes::new()), connections.len());
                    }
                }
            }
            for subscription in &naive {
                table.remove(subscription);
            }
            prop_assert!(table.topics.is_empty());
        }
    }

    #[test]
    fn a_head_names_the_subscription_in_the_words_of_its_version() {
        assert_eq!(head(None, Version::V1_1), "MESSAGE\n");
        assert_eq!(
            head(Some("a:b\nc"), Version::V1_1),
            "MESSAGE\nsubscription:a\\cb\\nc\n"
        );
    }
}
