//! Routing in virtual time, and against a naive model.

use std::time::Duration;

use super::*;
use crate::{
    broker::{
        outbound::{Outbound, Taken, Writer, tests::take},
        presence,
        settings::Times,
    },
    stomp::{Frame, Version},
};

/// A router with peers, and a clock that the test moves.
struct World {
    router: Router,
    metrics: Arc<Metrics>,
    now: Instant,
    peers: u64,
}

impl World {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let metrics = Arc::new(Metrics::default());
        Self {
            router: Router::new(limits, Arc::clone(&metrics), Arc::default()),
            metrics,
            now: Instant::now(),
            peers: 0,
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn peer(&mut self, name: &str, is_client: bool) -> (ConnectionId, Arc<Outbound>) {
        self.peers += 1;
        let id = ConnectionId(self.peers);
        let outbound = Arc::new(Outbound::new(
            &self.router.limits,
            Arc::clone(&self.metrics),
        ));
        let peer = Peer {
            name: name.into(),
            is_client,
            checked: true,
            pki: !is_client,
            process: None,
            from: "192.0.2.1:1".parse().unwrap(),
            since: 7,
            outbound: Arc::clone(&outbound),
            identities: Vec::new(),
            subscriptions: Vec::new(),
        };
        self.router.connect(id, peer).unwrap();
        (id, outbound)
    }

    fn subscribe(
        &mut self,
        id: ConnectionId,
        destination: &str,
        name: Option<&str>,
        identity: Option<&str>,
    ) -> Result<(), Refused> {
        let wish = Subscribe {
            destination: destination.into(),
            id: name.map(Into::into),
            identity: identity.map(Into::into),
            version: Version::V1_1,
            receipt: None,
        };
        self.router.subscribe(id, &wish, self.now)
    }

    fn node(&mut self, name: &str) -> (ConnectionId, Arc<Outbound>) {
        let (id, outbound) = self.peer(name, false);
        self.subscribe(id, "/topic/m.a.agent", None, None).unwrap();
        self.subscribe(id, "/queue/m.nodes", Some("d"), Some(name))
            .unwrap();
        (id, outbound)
    }

    fn send_with(&mut self, id: ConnectionId, address: &str, headers: &str, body: &str) -> Routed {
        let text = format!("SEND\ndestination:{address}\n{headers}\n{body}\0");
        let frame = Frame::parse(text.as_bytes()).unwrap();
        let route = match headers.strip_prefix("mc_identity:") {
            Some(list) => Route::Directed(list.trim().split(',').map(Into::into).collect()),
            None if address.starts_with("/topic/") => Route::Topic,
            None => Route::Queue,
        };
        let send = Send {
            ask: None,
            destination: address.into(),
            route,
            message: Message::from_send(&frame, "id", &Times::default(), None, None).unwrap(),
            receipt: None,
        };
        let routed = self.router.send(id, &send, self.now);
        match routed {
            Routed::FanOut(all) => Routed::Queued(all.push(&send.message.bytes)),
            other => other,
        }
    }

    /// For how many a message was queued.
    fn send(&mut self, id: ConnectionId, address: &str, headers: &str, body: &str) -> usize {
        match self.send_with(id, address, headers, body) {
            Routed::Queued(deliveries) => deliveries,
            other => panic!("{other:?}"),
        }
    }
}

/// The bodies that a connection has been sent.
fn bodies(outbound: &Outbound) -> Vec<String> {
    let text = take(outbound).unwrap_or_default();
    text.split("\0\n")
        .filter(|frame| !frame.is_empty())
        .map(|frame| frame.split_once("\n\n").unwrap().1.to_owned())
        .collect()
}

#[test]
fn a_topic_reaches_all_and_counts_connections() {
    let mut world = World::new();
    let (client, _) = world.peer("admin", true);
    let (a, a_out) = world.node("a");
    let (_, b_out) = world.node("b");
    world
        .subscribe(a, "/topic/m.a.agent", Some("second"), None)
        .unwrap();
    assert_eq!(world.send(client, "/topic/m.a.agent", "", "hi"), 2);
    assert_eq!(bodies(&a_out), ["hi", "hi"]);
    assert_eq!(bodies(&b_out), ["hi"]);
    assert_eq!(world.send(client, "/topic/m.none.agent", "", "hi"), 0);
}

#[test]
fn a_directed_message_reaches_the_nodes_named_and_waits_for_the_absent() {
    let mut world = World::new();
    let (client, _) = world.peer("admin", true);
    let (_, a) = world.node("a");
    let (_, b) = world.node("b");
    let nodes = "/queue/m.nodes";
    assert_eq!(world.send(client, nodes, "mc_identity:a,c\n", "hi"), 1);
    assert!(take(&a).unwrap().starts_with("MESSAGE\nsubscription:d\n"));
    assert_eq!(bodies(&b), [""; 0]);
    world.pass(59);
    let (c_id, c) = world.node("c");
    assert_eq!(bodies(&c), ["hi"]);

    world.router.disconnect(c_id);
    assert_eq!(world.send(client, nodes, "mc_identity:c\n", "late"), 0);
    world.pass(60);
    let (_, c) = world.node("c");
    assert_eq!(bodies(&c), [""; 0]);
    assert_eq!(world.metrics.expired.value(), 1);
}

#[test]
fn held_messages_expire_by_their_own_span_and_queues_vanish() {
    let mut world = World::new();
    let (node, _) = world.peer("n", false);
    // The sender's clock is years off; only the span counts.
    let span = "timestamp:1000\nexpires:11000\n";
    world.send(node, "/queue/m.reply.x_1.1", span, "ten");
    world.send(node, "/queue/m.reply.x_1.1", "", "sixty");
    world.pass(10);
    world.router.handle_timeout(world.now);
    assert_eq!(world.metrics.expired.value(), 1);
    let (client, out) = world.peer("admin", true);
    world
        .subscribe(client, "/queue/m.reply.x_1.1", None, None)
        .unwrap();
    assert_eq!(bodies(&out), ["sixty"]);
    assert_eq!(world.router.queues().held_bytes(), 0);
    world.router.disconnect(client);
    world.router.disconnect(node);
    assert!(world.router.is_empty());
}

#[test]
fn consumers_of_a_queue_take_turns() {
    let mut world = World::new();
    let (node, _) = world.peer("n", false);
    let outs: Vec<_> = (0..2)
        .map(|_| {
            let (id, out) = world.peer("admin", true);
            world.subscribe(id, "/queue/q", None, None).unwrap();
            (id, out)
        })
        .collect();
    for body in ["1", "2", "3", "4"] {
        assert_eq!(world.send(node, "/queue/q", "", body), 1);
    }
    assert_eq!(bodies(&outs[0].1), ["1", "3"]);
    assert_eq!(bodies(&outs[1].1), ["2", "4"]);
    world.router.disconnect(outs[0].0);
    world.send(node, "/queue/q", "", "5");
    world.send(node, "/queue/q", "", "6");
    assert_eq!(bodies(&outs[1].1), ["5", "6"]);
}

#[test]
fn a_reply_address_belongs_to_who_subscribed_first_while_it_lives() {
    let mut world = World::new();
    let reply = "/queue/m.reply.x_1.1";
    let (first, _) = world.peer("admin", true);
    let (same, _) = world.peer("admin", true);
    let (other, _) = world.peer("other", true);
    world.subscribe(first, reply, None, None).unwrap();
    world.subscribe(same, reply, None, None).unwrap();
    let refused = Err(Refused::Owned(reply.into()));
    assert_eq!(world.subscribe(other, reply, None, None), refused);
    world.router.disconnect(first);
    assert_eq!(world.router.check_owner(other, reply), refused);
    world.router.disconnect(same);
    world.subscribe(other, reply, None, None).unwrap();
}

#[test]
fn the_newest_connection_of_an_identity_wins() {
    let mut world = World::new();
    let (client, _) = world.peer("admin", true);
    let (old, old_out) = world.node("a");
    let (_, new_out) = world.node("a");
    let last = take(&old_out).unwrap();
    assert!(
        last.contains("message:a newer connection of a replaces this one\nmc-replaced:yes\n"),
        "{last}"
    );
    assert_eq!(take(&old_out), None);
    assert_eq!(world.send(client, "/topic/m.a.agent", "", "hi"), 1);
    assert_eq!(
        world.send(client, "/queue/m.nodes", "mc_identity:a\n", "hi"),
        1
    );
    // The old one's end, whenever it comes, takes nothing from the new one.
    world.router.disconnect(old);
    assert_eq!(
        world.send(client, "/queue/m.nodes", "mc_identity:a\n", "hi"),
        1
    );
    assert_eq!(bodies(&new_out).len(), 3);
    assert_eq!(world.router.nodes().len(), 1);
    assert_eq!(world.metrics.replaced.value(), 1);
    // It can't speak any more either.
    assert!(matches!(
        world.send_with(old, "/topic/m.registration.agent", "", "x"),
        Routed::Shed
    ));
}

#[test]
fn unsubscribing_is_by_name_or_by_address_and_never_an_error() {
    let mut world = World::new();
    let (client, _) = world.peer("admin", true);
    let (node, out) = world.peer("n", false);
    let topic = "/topic/m.a.agent";
    world.subscribe(node, topic, None, None).unwrap();
    world.subscribe(node, topic, Some("x"), None).unwrap();
    let unsubscribe = |id: Option<&str>| Unsubscribe {
        id: id.map(Into::into),
        destination: Some(topic.into()),
        receipt: None,
    };
    for _ in 0..2 {
        world.router.unsubscribe(node, &unsubscribe(None));
        world.send(client, topic, "", "hi");
        assert!(take(&out).unwrap().starts_with("MESSAGE\nsubscription:x\n"));
    }
    for _ in 0..2 {
        world.router.unsubscribe(node, &unsubscribe(Some("x")));
        assert_eq!(world.send(client, topic, "", "hi"), 0);
    }
    // The same subscription twice is one.
    world.subscribe(node, topic, None, None).unwrap();
    world.subscribe(node, topic, None, None).unwrap();
    world.send(client, topic, "", "hi");
    assert_eq!(bodies(&out), ["hi"]);
}

#[test]
fn a_slow_client_is_waited_for_and_gets_everything_in_order() {
    let mut world = World::with(Limits {
        queued_bytes: 300,
        ..Limits::default()
    });
    let reply = "/queue/m.reply.x_1.1";
    let (client, out) = world.peer("admin", true);
    let (node, _) = world.peer("n", false);
    world.subscribe(client, reply, None, None).unwrap();
    let sent: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let delivered: usize = sent.iter().map(|n| world.send(node, reply, "", n)).sum();
    assert!(delivered < 5, "{delivered}");
    let mut received = Vec::new();
    while received.len() < sent.len() {
        let more = bodies(&out);
        assert!(!more.is_empty());
        received.extend(more);
        world.router.refill(client, world.now);
    }
    assert_eq!(received, sent);
    assert_eq!(world.router.queues().held_bytes(), 0);
}

#[test]
fn a_full_queue_makes_senders_wait_while_its_consumer_works_and_sheds_when_not() {
    let mut world = World::with(Limits {
        queued_bytes: 10,
        queue_messages: 1,
        ..Limits::default()
    });
    let reply = "/queue/m.reply.x_1.1";
    let (client, out) = world.peer("admin", true);
    let (node, node_out) = world.peer("n", false);
    world.subscribe(client, reply, None, None).unwrap();
    assert_eq!(world.send(node, reply, "", "1"), 1);
    assert_eq!(world.send(node, reply, "", "2"), 0);
    let wait = world.send_with(node, reply, "", "3");
    assert!(matches!(wait, Routed::Wait), "{wait:?}");
    bodies(&out);
    world.router.refill(client, world.now);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let woken = node_out.poll_take(&mut cx, &mut Writer::default());
    assert_eq!(woken, std::task::Poll::Ready(Taken::Room));
    assert_eq!(world.send(node, reply, "", "3"), 0);
    // A client that has taken nothing for long does not stop the fleet.
    world.pass(6);
    let shed = world.send_with(node, reply, "", "4");
    assert!(matches!(shed, Routed::Shed), "{shed:?}");
    assert_eq!(world.metrics.dropped_queue_messages.value(), 1);
}

#[test]
fn one_node_can_not_fill_the_queues_but_a_client_may_address_many() {
    let mut world = World::with(Limits {
        node_bytes: 500,
        ..Limits::default()
    });
    let (node, _) = world.peer("n", false);
    let (other, _) = world.peer("o", false);
    let (client, _) = world.peer("admin", true);
    let full = (0..100).find(|n| {
        let address = format!("/queue/m.reply.x_{n}.1");
        matches!(world.send_with(node, &address, "", "junk"), Routed::Shed)
    });
    assert!(full.is_some_and(|n| n < 10), "{full:?}");
    assert_eq!(world.send(other, "/queue/m.reply.y_1.1", "", "fine"), 0);
    for n in 0..100 {
        let to = format!("mc_identity:n{n}\n");
        world.send(client, "/queue/m.nodes", &to, "request");
    }
    assert_eq!(world.metrics.dropped_node_bytes.value(), 1);
    world.pass(60);
    world.router.handle_timeout(world.now);
    assert_eq!(world.router.queues().held_bytes(), 0);
    assert_eq!(world.router.queues().count(), 0);
    // What expired counts for the node no more.
    assert_eq!(world.send(node, "/queue/m.reply.x_1.1", "", "again"), 0);
}

#[test]
fn queues_and_subscriptions_are_bounded() {
    let mut world = World::with(Limits {
        queues: 2,
        subscriptions: 2,
        connections_per_node: 1,
        ..Limits::default()
    });
    let (client, _) = world.peer("admin", true);
    for (n, held) in [(1, true), (2, true), (3, false)] {
        let to = format!("mc_identity:n{n}\n");
        world.send(client, "/queue/m.nodes", &to, "request");
        assert_eq!(world.metrics.dropped_queues.value() == 0, held);
    }
    let (node, outbound) = world.peer("n", false);
    for topic in ["/topic/m.a.agent", "/topic/m.b.agent"] {
        world.subscribe(node, topic, None, None).unwrap();
    }
    assert_eq!(
        world.subscribe(node, "/topic/m.c.agent", None, None),
        Err(Refused::TooMany(2))
    );
    let again = Peer {
        name: "n".into(),
        is_client: false,
        checked: true,
        pki: true,
        process: None,
        from: "192.0.2.1:1".parse().unwrap(),
        since: 0,
        outbound,
        identities: Vec::new(),
        subscriptions: Vec::new(),
    };
    let crowd = world.router.connect(ConnectionId(99), again);
    assert_eq!(crowd, Err(Refused::Crowd(1)));
    world.router.disconnect(node);
    world.peer("n", false);
}

#[test]
fn presence_lists_nodes_and_no_clients() {
    let mut world = World::new();
    let (client, _) = world.peer("admin", true);
    world
        .subscribe(client, "/queue/m.reply.x_1.1", None, None)
        .unwrap();
    world.node("b");
    let (a, _) = world.node("a");
    let text = |world: &World| {
        let body = presence::answer("hub", &world.router.nodes(), |_| true).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        value["nodes"].to_string()
    };
    assert_eq!(
        text(&world),
        "[{\"identity\":\"a\",\"agents\":[\"a\"],\"collectives\":[\"m\"],\"since\":7,\"pki\":true},\
         {\"identity\":\"b\",\"agents\":[\"a\"],\"collectives\":[\"m\"],\"since\":7,\"pki\":true}]"
    );
    world.router.disconnect(a);
    assert!(!text(&world).contains("\"identity\":\"a\""));
}

#[test]
fn a_broadcast_to_a_large_fleet_is_one_list() {
    let mut world = World::new();
    let (client, _) = world.peer("admin", true);
    let nodes: Vec<_> = (0..2000).map(|n| world.node(&format!("n{n}"))).collect();
    assert_eq!(world.send(client, "/topic/m.a.agent", "", "hi"), 2000);
    let first = world.router.table.route("/topic/m.a.agent");
    let again = world.router.table.route("/topic/m.a.agent");
    assert!(first.is_same(&again));
    for (id, _) in nodes {
        world.router.disconnect(id);
    }
    world.router.disconnect(client);
    assert!(world.router.is_empty());
}
