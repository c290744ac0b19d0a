//! Queues: a message goes to one consumer, and waits for one until it expires.
//!
//! A directed address has one queue per node, found by hash. Nothing is stored on disk, and every
//! queue, every node as a sender, and all queues together are bounded.

use std::{collections::HashMap, collections::VecDeque, sync::Arc, time::Instant};

use bytes::Bytes;

use super::{
    message::Message,
    metrics::Metrics,
    outbound::{Outbound, Pushed},
    settings::Limits,
    table::{ConnectionId, Subscription},
};

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) connection: ConnectionId,
    /// Clients are bounded by the queues only: they address nodes that are away.
    pub(crate) is_client: bool,
    /// Is woken when a queue that was full has room again.
    pub(crate) outbound: &'a Arc<Outbound>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// A consumer has it.
    Delivered,
    /// It waits, or nobody may have it any more.
    Held,
    /// No room for it.
    Full(Full),
}

/// Which limit leaves no room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("limit.node_bytes")]
    NodeBytes,
    #[error("limit.queue_bytes")]
    QueueBytes,
    #[error("limit.queue_messages")]
    QueueMessages,
    #[error("limit.queues")]
    Queues,
    #[error("limit.total_bytes")]
    TotalBytes,
}

impl Full {
    /// Counts a message that is dropped for it.
    pub(crate) fn count(self, metrics: &Metrics) {
        let counter = match self {
            Self::NodeBytes => &metrics.dropped_node_bytes,
            Self::QueueBytes => &metrics.dropped_queue_bytes,
            Self::QueueMessages => &metrics.dropped_queue_messages,
            Self::Queues => &metrics.dropped_queues,
            Self::TotalBytes => &metrics.dropped_total_bytes,
        };
        counter.increase();
    }
}

/// Which queue: a destination, and for a directed one the node.
type Name = (Arc<str>, Option<Arc<str>>);

/// All queues.
#[derive(Debug)]
pub(crate) struct Queues {
    limits: Limits,
    metrics: Arc<Metrics>,
    plain: HashMap<Arc<str>, Queue>,
    directed: HashMap<Arc<str>, HashMap<Arc<str>, Queue>>,
    count: usize,
    budget: Budget,
}

/// What is held in all queues together, and for whom.
#[derive(Debug, Default)]
struct Budget {
    bytes: usize,
    nodes: HashMap<ConnectionId, usize>,
}

#[derive(Debug, Default)]
struct Queue {
    /// Who subscribed first, for reply addresses.
    owner: Option<Arc<str>>,
    consumers: VecDeque<Arc<Subscription>>,
    held: VecDeque<Held>,
    bytes: usize,
    /// When a consumer last took something while others waited.
    progress: Option<Instant>,
    /// Senders that wait for room.
    waiting: VecDeque<Arc<Outbound>>,
}

#[derive(Debug)]
struct Held {
    bytes: Bytes,
    until: Instant,
    /// The node whose share it counts for.
    node: Option<ConnectionId>,
}

impl Queues {
    pub(crate) fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            limits,
            metrics,
            plain: HashMap::new(),
            directed: HashMap::new(),
            count: 0,
            budget: Budget::default(),
        }
    }

    /// Lets other limits hold; what is there stays.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Who owns a reply address; nobody, where it does not exist or has had no consumer.
    pub(crate) fn owner(&self, destination: &str) -> Option<&Arc<str>> {
        self.plain.get(destination)?.owner.as_ref()
    }

    /// The destination's name as it is kept here, so that subscriptions share one text.
    pub(crate) fn intern(&self, destination: &str) -> Arc<str> {
        match self.directed.get_key_value(destination) {
            Some((name, _)) => Arc::clone(name),
            None => destination.into(),
        }
    }

    /// Adds a consumer, and gives it what waits for it.
    pub(crate) fn add(&mut self, consumer: &Arc<Subscription>, owner: &Arc<str>, now: Instant) {
        let name = (Arc::clone(&consumer.destination), consumer.identity.clone());
        let queue = self.entry(name);
        queue.owner.get_or_insert_with(|| Arc::clone(owner));
        queue.consumers.push_back(Arc::clone(consumer));
        self.refill(consumer, now);
    }

    /// Removes a consumer.
    pub(crate) fn remove(&mut self, consumer: &Subscription) {
        if let Some((queue, _, _)) = self.find(&consumer.destination, consumer.identity.as_deref())
        {
            queue.consumers.retain(|c| c.serial != consumer.serial);
            self.collect(&consumer.destination, consumer.identity.as_deref());
        }
    }

    /// Gives a consumer what waits for it, as far as there is room.
    pub(crate) fn refill(&mut self, consumer: &Subscription, now: Instant) {
        let identity = consumer.identity.as_deref();
        if let Some((queue, budget, metrics)) = self.find(&consumer.destination, identity) {
            queue.hand_out(budget, metrics, now);
            self.collect(&consumer.destination, identity);
        }
    }

    /// Gives a message to a consumer, or holds it.
    pub(crate) fn send(
        &mut self,
        destination: &str,
        identity: Option<&str>,
        message: &Message,
        sender: Sender<'_>,
        now: Instant,
    ) -> Placed {
        let limits = self.limits;
        let known = self.find(destination, identity);
        if let Some((queue, budget, metrics)) = known {
            queue.hand_out(budget, metrics, now);
            if queue.held.is_empty() && queue.offer(&message.bytes, now) {
                return Placed::Delivered;
            }
        } else if self.count >= limits.queues {
            return Placed::Full(Full::Queues);
        }
        if message.life.is_zero() {
            self.metrics.expired.increase();
            self.collect(destination, identity);
            return Placed::Held;
        }
        let node = (!sender.is_client).then_some(sender.connection);
        let size = message.bytes.len();
        let share = node.and_then(|node| self.budget.nodes.get(&node));
        let share = share.copied().unwrap_or(0);
        let held = self.budget.bytes;
        let name = (destination.into(), identity.map(Arc::from));
        let queue = self.entry(name);
        let full = if share + size > limits.node_bytes {
            Some(Full::NodeBytes)
        } else if queue.held.len() >= limits.queue_messages {
            Some(Full::QueueMessages)
        } else if queue.bytes + size > limits.queue_bytes {
            Some(Full::QueueBytes)
        } else if held + size > limits.total_bytes {
            Some(Full::TotalBytes)
        } else {
            None
        };
        if let Some(full) = full {
            self.collect(destination, identity);
            return Placed::Full(full);
        }
        queue.held.push_back(Held {
            bytes: message.bytes.clone(),
            until: now + message.life,
            node,
        });
        queue.bytes += size;
        self.budget.take(size, node);
        self.metrics.held.increase();
        Placed::Held
    }

    /// Asks for a wake-up when the queue has room again; `false` where its consumers have taken
    /// nothing since `since`, so that waiting would only stop the sender too.
    pub(crate) fn wait(&mut self, destination: &str, sender: Sender<'_>, since: Instant) -> bool {
        let Some(queue) = self.plain.get_mut(destination) else {
            return false;
        };
        if queue.consumers.is_empty() || queue.progress.is_none_or(|at| at <= since) {
            return false;
        }
        queue.waiting.push_back(Arc::clone(sender.outbound));
        true
    }

    /// Drops what has expired, and queues that nobody needs. Looks at every queue, so once in a few
    /// seconds is enough: what is handed out is checked again.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let (budget, metrics) = (&mut self.budget, &*self.metrics);
        let mut keep = |queue: &mut Queue| {
            if !queue.held.is_empty() {
                queue.expire(budget, metrics, now);
            }
            !queue.is_idle()
        };
        self.plain.retain(|_, queue| keep(queue));
        for queues in self.directed.values_mut() {
            queues.retain(|_, queue| keep(queue));
        }
        self.directed.retain(|_, queues| !queues.is_empty());
        self.count = self.plain.len() + self.directed.values().map(HashMap::len).sum::<usize>();
    }

    /// Bytes held in all queues.
    pub(crate) fn held_bytes(&self) -> usize {
        self.budget.bytes
    }

    /// Queues that exist.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    fn find(
        &mut self,
        destination: &str,
        identity: Option<&str>,
    ) -> Option<(&mut Queue, &mut Budget, &Metrics)> {
        let queue = match identity {
            None => self.plain.get_mut(destination),
            Some(identity) => self.directed.get_mut(destination)?.get_mut(identity),
        };
        Some((queue?, &mut self.budget, &*self.metrics))
    }

    fn entry(&mut self, name: Name) -> &mut Queue {
        let count = &mut self.count;
        let new = || {
            *count += 1;
            Queue::default()
        };
        match name {
            (destination, None) => self.plain.entry(destination).or_insert_with(new),
            (destination, Some(identity)) => {
                let queues = self.directed.entry(destination).or_default();
                queues.entry(identity).or_insert_with(new)
            }
        }
    }

    /// Removes a queue that is empty and has no consumer.
    fn collect(&mut self, destination: &str, identity: Option<&str>) {
        match self.find(destination, identity) {
            Some((queue, _, _)) if queue.is_idle() => {}
            _ => return,
        }
        self.count -= 1;
        match identity {
            None => {
                self.plain.remove(destination);
            }
            Some(identity) => {
                if let Some(queues) = self.directed.get_mut(destination) {
                    queues.remove(identity);
                    if queues.is_empty() {
                        self.directed.remove(destination);
                    }
                }
            }
        }
    }
}

impl Budget {
    fn take(&mut self, size: usize, node: Option<ConnectionId>) {
        self.bytes += size;
        if let Some(node) = node {
            *self.nodes.entry(node).or_default() += size;
        }
    }

    fn give_back(&mut self, held: &Held) {
        let size = held.bytes.len();
        self.bytes = self.bytes.saturating_sub(size);
        if let Some(node) = held.node
            && let Some(share) = self.nodes.get_mut(&node)
        {
            *share = share.saturating_sub(size);
            if *share == 0 {
                self.nodes.remove(&node);
            }
        }
    }
}

impl Queue {
    /// Gives what is held to the consumers, oldest first.
    fn hand_out(&mut self, budget: &mut Budget, metrics: &Metrics, now: Instant) {
        let before = self.held.len();
        while let Some(held) = self.held.front() {
            if held.until <= now {
                metrics.expired.increase();
            } else {
                let bytes = held.bytes.clone();
                if !self.offer(&bytes, now) {
                    break;
                }
                metrics.deliveries.increase();
            }
            if let Some(held) = self.held.pop_front() {
                self.release(budget, &held);
            }
        }
        self.wake_waiting(before - self.held.len());
    }

    /// Offers a message to each consumer in turn.
    fn offer(&mut self, message: &Bytes, now: Instant) -> bool {
        for _ in 0..self.consumers.len() {
            let Some(consumer) = self.consumers.front() else {
                return false;
            };
            let pushed = consumer.push(message);
            self.consumers.rotate_left(1);
            if pushed == Pushed::Queued {
                self.progress = Some(now);
                return true;
            }
        }
        false
    }

    fn expire(&mut self, budget: &mut Budget, metrics: &Metrics, now: Instant) {
        let before = self.held.len();
        for held in std::mem::take(&mut self.held) {
            if held.until <= now {
                metrics.expired.increase();
                self.release(budget, &held);
            } else {
                self.held.push_back(held);
            }
        }
        self.wake_waiting(before - self.held.len());
    }

    fn release(&mut self, budget: &mut Budget, held: &Held) {
        self.bytes = self.bytes.saturating_sub(held.bytes.len());
        budget.give_back(held);
    }

    /// Lets as many senders try again as there are places free, not all at once.
    fn wake_waiting(&mut self, places: usize) {
        for sender in self.waiting.drain(..places.min(self.waiting.len())) {
            sender.wake_for_room();
        }
    }

    fn is_idle(&self) -> bool {
        self.held.is_empty() && self.consumers.is_empty()
    }
}
