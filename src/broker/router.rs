//! Where frames go: connections, their subscriptions, topics, queues and identities in one place.
//!
//! Without a socket or a clock. One lock around it is held for a look-up or a change; copying a
//! message to a whole fleet happens outside, on the topic's list of receivers.

use std::{collections::HashMap, sync::Arc, time::Instant};

use bytes::Bytes;

use super::{
    access::{Denied, Grant},
    effect::{Route, Send, Subscribe, Unsubscribe},
    fault::replaced_frame,
    identities::{Identities, Report},
    message::Message,
    metrics::Metrics,
    outbound::{Outbound, Policy},
    peer::{Peer, Refused},
    presence::Node,
    queue::{Full, Placed, Queues},
    settings::Limits,
    table::{ConnectionId, FanOut, Subscription, Table, head},
};
use crate::{stomp::destination::Destination, sys::refusals::Refusals, text};

/// What a SEND leads to.
#[derive(Debug)]
pub(crate) enum Routed {
    /// Copy it to all of these.
    FanOut(FanOut),
    /// So many took it; the rest waits in queues.
    Queued(usize),
    /// A client's queue is full: try again when woken.
    Wait,
    /// A queue is full: the message is lost.
    Shed,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Router {
    limits: Limits,
    metrics: Arc<Metrics>,
    refusals: Arc<Refusals>,
    peers: HashMap<ConnectionId, Peer>,
    identities: Identities,
    /// Connections of each node's certificate.
    names: HashMap<Arc<str>, usize>,
    table: Table,
    queues: Queues,
    serial: u64,
}

impl Router {
    pub(crate) fn new(limits: Limits, metrics: Arc<Metrics>, refusals: Arc<Refusals>) -> Self {
        Self {
            limits,
            peers: HashMap::new(),
            identities: Identities::default(),
            names: HashMap::new(),
            table: Table::default(),
            queues: Queues::new(limits, Arc::clone(&metrics)),
            metrics,
            refusals,
            serial: 0,
        }
    }

    /// Lets other limits hold, for what comes from now on.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.queues.set_limits(limits);
        for peer in self.peers.values() {
            peer.outbound.set_limits(&limits);
        }
    }

    /// Gives a connection another grant, unless it has a subscription that this does not allow.
    pub(crate) fn review(&mut self, id: ConnectionId, grant: &Grant) -> Result<(), Denied> {
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(());
        };
        for subscription in &peer.subscriptions {
            if let Some(destination) = Destination::parse(&subscription.destination) {
                grant.may_subscribe(&destination, subscription.identity.as_deref())?;
            }
        }
        let was_counted = peer.is_counted();
        peer.is_client = grant.is_client();
        peer.checked = grant.checked;
        let (name, counted) = (Arc::clone(&peer.name), peer.is_counted());
        match (was_counted, counted) {
            (false, true) => *self.names.entry(name).or_default() += 1,
            (true, false) => self.uncount(&name),
            _ => {}
        }
        Ok(())
    }

    /// The queues of all connections.
    pub(crate) fn outbounds(&self) -> Vec<Arc<Outbound>> {
        let outbounds = self.peers.values().map(|peer| Arc::clone(&peer.outbound));
        outbounds.collect()
    }

    /// A session is open.
    pub(crate) fn connect(&mut self, id: ConnectionId, peer: Peer) -> Result<(), Refused> {
        if peer.is_counted() {
            let count = self.names.entry(Arc::clone(&peer.name)).or_default();
            if *count >= self.limits.connections_per_node {
                self.metrics.refused_per_node.increase();
                return Err(Refused::Crowd(self.limits.connections_per_node));
            }
            *count += 1;
        }
        self.peers.insert(id, peer);
        Ok(())
    }

    /// A connection is gone. What was queued for it and not written is lost here.
    pub(crate) fn disconnect(&mut self, id: ConnectionId) {
        let Some(peer) = self.peers.remove(&id) else {
            return;
        };
        if peer.is_counted() {
            self.uncount(&peer.name);
        }
        for subscription in &peer.subscriptions {
            self.remove(subscription);
        }
        for identity in &peer.identities {
            self.identities.release(id, identity);
        }
    }

    /// Adds a subscription; one of the same name is replaced.
    pub(crate) fn subscribe(
        &mut self,
        id: ConnectionId,
        wish: &Subscribe,
        now: Instant,
    ) -> Result<(), Refused> {
        let destination = Destination::parse(&wish.destination);
        let topic = wish.destination.starts_with("/topic/");
        let own_queue = !topic && wish.identity.is_none();
        let peer = self.peers.get(&id).ok_or(Refused::Gone)?;
        let (name, checked) = (Arc::clone(&peer.name), peer.checked);
        if own_queue {
            self.check_owner(id, &wish.destination)?;
        }
        self.unsubscribe(
            id,
            &Unsubscribe {
                id: wish.id.clone(),
                destination: Some(wish.destination.clone()),
                receipt: None,
            },
        );
        let peer = self.peers.get(&id).ok_or(Refused::Gone)?;
        if peer.subscriptions.len() >= self.limits.subscriptions {
            self.metrics.refused_subscriptions.increase();
            return Err(Refused::TooMany(self.limits.subscriptions));
        }
        let as_node = matches!(
            destination,
            Some(Destination::Agent { .. } | Destination::Agents { .. })
        );
        let identity = match &wish.identity {
            Some(identity) => Some(self.claim(id, identity, now)),
            None if as_node && checked => Some(self.claim(id, &name, now)),
            None => None,
        };
        self.serial += 1;
        let serial = self.serial;
        let peer = self.peers.get_mut(&id).ok_or(Refused::Gone)?;
        let subscription = Arc::new(Subscription {
            serial,
            connection: id,
            id: wish.id.as_deref().map(Box::from),
            destination: if topic {
                self.table.intern(&wish.destination)
            } else {
                self.queues.intern(&wish.destination)
            },
            identity: identity.filter(|_| wish.identity.is_some()),
            head: head(wish.id.as_deref(), wish.version),
            policy: if own_queue {
                Policy::Hold
            } else {
                Policy::Limit
            },
            outbound: Arc::clone(&peer.outbound),
        });
        peer.subscriptions.push(Arc::clone(&subscription));
        if topic {
            self.table.add(subscription);
        } else {
            self.queues.add(&subscription, &name, now);
        }
        Ok(())
    }

    /// Who has subscribed to a topic.
    pub(crate) fn receivers(&mut self, topic: &str) -> FanOut {
        self.table.route(topic)
    }

    /// Gives one connection a message of a topic that it has subscribed to.
    pub(crate) fn tell(&self, id: ConnectionId, topic: &str, message: &Message) {
        let subscriptions = self.peers.get(&id).map(|peer| &peer.subscriptions);
        for subscription in subscriptions.into_iter().flatten() {
            if &*subscription.destination == topic {
                subscription.push(&message.bytes);
            }
        }
    }

    /// Whether a reply address is this peer's, or nobody's yet.
    pub(crate) fn check_owner(&self, id: ConnectionId, address: &str) -> Result<(), Refused> {
        let peer = self.peers.get(&id).ok_or(Refused::Gone)?;
        match self.queues.owner(address) {
            Some(owner) if *owner != peer.name => Err(Refused::Owned(address.to_owned())),
            _ => Ok(()),
        }
    }

    /// Removes a subscription by its name, or without one by its destination. That there is none is
    /// no error.
    pub(crate) fn unsubscribe(&mut self, id: ConnectionId, wish: &Unsubscribe) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let found = peer.subscriptions.iter().position(|known| match &wish.id {
            Some(id) => known.id.as_deref() == Some(id),
            None => known.id.is_none() && wish.destination.as_deref() == Some(&*known.destination),
        });
        if let Some(at) = found {
            let subscription = peer.subscriptions.swap_remove(at);
            self.remove(&subscription);
        }
    }

    /// Finds the receivers of a message, and hands it to them where they are few.
    pub(crate) fn send(&mut self, id: ConnectionId, send: &Send, now: Instant) -> Routed {
        let (address, message) = (send.destination.as_str(), &send.message);
        if !self.peers.contains_key(&id) {
            return Routed::Shed;
        }
        match &send.route {
            Route::Topic => Routed::FanOut(self.table.route(address)),
            Route::Queue => self.send_queue(id, address, message, now),
            Route::Directed(identities) => {
                let Some(peer) = self.peers.get(&id) else {
                    return Routed::Shed;
                };
                let sender = peer.as_sender(id);
                let mut delivered = 0;
                for identity in identities {
                    let node = Some(identity.as_str());
                    match self.queues.send(address, node, message, sender, now) {
                        Placed::Delivered => delivered += 1,
                        Placed::Held => {}
                        Placed::Full(full) => self.shed(peer, address, full),
                    }
                }
                self.metrics.deliveries.add(delivered);
                Routed::Queued(delivered)
            }
        }
    }

    /// Tries again to place a message that waits for room.
    pub(crate) fn retry(&mut self, id: ConnectionId, send: &Send, now: Instant) -> Routed {
        self.send_queue(id, &send.destination, &send.message, now)
    }

    /// Gives a client the messages that there was no room for.
    pub(crate) fn refill(&mut self, id: ConnectionId, now: Instant) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        for subscription in &peer.subscriptions {
            if subscription.policy == Policy::Hold {
                self.queues.refill(subscription, now);
            }
        }
    }

    /// Puts a message into an ordinary queue.
    pub(crate) fn send_queue(
        &mut self,
        id: ConnectionId,
        address: &str,
        message: &Message,
        now: Instant,
    ) -> Routed {
        let Some(peer) = self.peers.get(&id) else {
            return Routed::Shed;
        };
        let sender = peer.as_sender(id);
        match self.queues.send(address, None, message, sender, now) {
            Placed::Delivered => {
                self.metrics.deliveries.increase();
                Routed::Queued(1)
            }
            Placed::Held => Routed::Queued(0),
            Placed::Full(full) => {
                let stall = self.limits.stall_timeout;
                let since = now.checked_sub(stall).unwrap_or(now);
                if self.queues.wait(address, sender, since) {
                    return Routed::Wait;
                }
                self.shed(peer, address, full);
                Routed::Shed
            }
        }
    }

    /// Drops a message for which there is no room.
    fn shed(&self, sender: &Peer, address: &str, full: Full) {
        full.count(&self.metrics);
        self.refusals.log("messages dropped", || {
            let (name, address) = (text::line(&sender.name), text::line(address));
            tracing::warn!("dropped: a message of {name} to {address}, as {full} is reached");
        });
    }

    /// The nodes that are connected, as far as their subscriptions tell.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        let nodes = self.peers.values().flat_map(|peer| {
            peer.identities.iter().map(|identity| Node {
                identity: Arc::clone(identity),
                since: peer.since,
                pki: peer.pki,
                process: peer.process,
                destinations: peer
                    .subscriptions
                    .iter()
                    // One connection may bear several identities, which share their agents.
                    .filter(|s| s.identity.is_none() || s.identity.as_ref() == Some(identity))
                    .map(|s| Arc::clone(&s.destination))
                    .collect(),
            })
        });
        nodes.collect()
    }

    /// How many nodes there are.
    pub(crate) fn identities(&self) -> usize {
        self.identities.len()
    }

    /// What there is now.
    pub(crate) fn figures(&self) -> [(&'static str, u64); 3] {
        [
            ("nodes", self.identities.len() as u64),
            ("queues", self.queues.count() as u64),
            ("held_bytes", self.queues.held_bytes() as u64),
        ]
    }

    /// Drops what has expired.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.queues.handle_timeout(now);
    }

    /// Ends every session with these last words.
    pub(crate) fn end_all(&mut self, last: &Bytes) {
        for peer in self.peers.values() {
            peer.outbound.end(Some(last.clone()));
        }
    }

    fn remove(&mut self, subscription: &Subscription) {
        if subscription.destination.starts_with("/topic/") {
            self.table.remove(subscription);
        } else {
            self.queues.remove(subscription);
        }
    }

    /// One connection of this name is gone.
    fn uncount(&mut self, name: &str) {
        if let Some(count) = self.names.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(name);
            }
        }
    }

    /// Makes a connection the bearer of an identity, and ends the one that was.
    fn claim(&mut self, id: ConnectionId, identity: &str, now: Instant) -> Arc<str> {
        let process = self.peers.get(&id).and_then(|peer| peer.process);
        let claim = self.identities.claim(id, identity, process, now);
        if let Some(old) = claim.replaced {
            self.metrics.replaced.increase();
            let from = |id| self.peers.get(&id).map(|peer| peer.from.to_string());
            let [old_from, new_from] = [old, id].map(|id| from(id).unwrap_or_default());
            let write = || match claim.report {
                Some(Report::Once) => tracing::info!(
                    "a newer connection of {identity} ({new_from}) replaces an older one ({old_from})"
                ),
                Some(Report::Flapping(times)) => tracing::warn!(
                    "{identity} keeps connecting from two places, {old_from} and {new_from} (replaced \
                     {times} times since last said): is an old daemon still running beside the \
                     agent, or does another machine bear the same identity?"
                ),
                _ => {}
            };
            if claim.report != Some(Report::Silence) {
                self.refusals.log("connections replaced", write);
            }
            if claim.report != Some(Report::Once) {
                self.metrics.flapping.increase();
            }
            if let Some(peer) = self.peers.get(&old) {
                peer.outbound.end(Some(replaced_frame(identity)));
            }
            self.disconnect(old);
        }
        if claim.is_new
            && let Some(peer) = self.peers.get_mut(&id)
        {
            peer.identities.push(Arc::clone(&claim.identity));
        }
        claim.identity
    }

    /// Nothing is left of any connection.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty() && self.identities.len() == 0 && self.queues.count() == 0
    }

    #[cfg(test)]
    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }
}

#[cfg(test)]
mod tests;
