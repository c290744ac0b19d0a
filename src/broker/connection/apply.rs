//! Carries out a session's effects on the router and on this connection's own queue.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use bytes::Bytes;

use super::{Connection, Pause};
use crate::{
    broker::{
        effect::{About, Ask, Effect, Open, Send},
        message::Message,
        peer::{Peer, Refused},
        presence::{self, Node},
        report,
        router::Routed,
    },
    stomp::Decoder,
};

impl<S> Connection<S> {
    /// Carries out what a frame asks for.
    pub(super) fn apply(&mut self, effect: Effect, now: Instant) {
        match effect {
            Effect::None => {}
            Effect::Open(open) => self.open(open),
            Effect::Send(send) => self.send(Box::new(send), now),
            Effect::Subscribe(wish) => {
                let done = self.hub.router().subscribe(self.id, &wish, now);
                match done {
                    Ok(()) => {
                        self.receipt(now, wish.receipt.as_deref(), None);
                        self.hub.tell_revocations(self.id, &wish);
                    }
                    Err(refused) => self.refuse(&refused, wish.receipt.as_deref()),
                }
            }
            Effect::Unsubscribe(wish) => {
                self.hub.router().unsubscribe(self.id, &wish);
                self.receipt(now, wish.receipt.as_deref(), None);
            }
            Effect::Ask(wish) => self.ask(&wish, None, now),
            Effect::Reply(frame) => self.pipe.outbound.push_frame(frame),
            Effect::Close(last) => self.close(last),
        }
    }

    fn open(&mut self, open: Open) {
        self.hub.metrics.sessions.increase();
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_or(0, |since| since.as_secs());
        let peer = Peer::new(&open, self.from, since, Arc::clone(&self.pipe.outbound));
        let known = self.hub.router().connect(self.id, peer);
        if let Err(refused) = known {
            return self.refuse(&refused, None);
        }
        self.pipe.outbound.push_frame(open.welcome);
        // Only who is known may send more than a few headers.
        self.decoder = Decoder::new(self.session.rules.settings.limits.frame());
        self.rearm = true;
    }

    fn send(&mut self, send: Box<Send>, now: Instant) {
        self.hub.metrics.sends.increase();
        let (routed, nodes) = {
            let mut tables = self.hub.router();
            let routed = tables.send(self.id, &send, now);
            // Who comes from now on has not got the message.
            (routed, send.ask.as_ref().map(|_| tables.nodes()))
        };
        if let (Some(ask), Some(nodes)) = (&send.ask, nodes) {
            self.ask(ask, Some(nodes), now);
        }
        if matches!(routed, Routed::Wait) {
            self.hub.metrics.stalled.increase();
        }
        self.routed(
            now,
            routed,
            send,
            now + self.session.rules.settings.limits.stall_timeout,
        );
    }

    /// Copies a message to its receivers where that is left to do, and answers the sender.
    pub(super) fn routed(&mut self, now: Instant, routed: Routed, send: Box<Send>, until: Instant) {
        let deliveries = match routed {
            Routed::FanOut(receivers) => {
                let deliveries = receivers.push(&send.message.bytes);
                self.hub.metrics.deliveries.add(deliveries);
                deliveries
            }
            Routed::Queued(deliveries) => deliveries,
            Routed::Shed => 0,
            Routed::Wait => {
                self.pause = Pause::Send(send, until);
                self.rearm = true;
                return;
            }
        };
        self.receipt(now, send.receipt.as_deref(), Some(deliveries));
    }

    /// Answers a question. `nodes` are those of the moment that is asked about, if that is not now.
    fn ask(&mut self, wish: &Ask, nodes: Option<Vec<Node>>, now: Instant) {
        let owned = self.hub.router().check_owner(self.id, &wish.reply_to);
        if let Err(refused) = owned {
            return self.refuse(&refused, wish.receipt.as_deref());
        }
        let settings = &self.session.rules.settings;
        let answer = match wish.about {
            About::Metrics => report::answer(&settings.name, &self.hub.figures()),
            About::Presence => {
                let nodes = nodes.unwrap_or_else(|| self.hub.router().nodes());
                let asked = wish.collective.as_deref();
                let visible = |collective: &str| {
                    wish.grant.sees(collective) && asked.is_none_or(|only| only == collective)
                };
                presence::answer(&settings.name, &nodes, visible)
            }
        };
        // A broker's own list of plain texts and numbers can always be written.
        let body = answer.unwrap_or_default();
        let message = Message::own(
            &wish.reply_to,
            &wish.message_id,
            "application/json",
            &body,
            &settings.times,
        );
        let placed = self
            .hub
            .router()
            .send_queue(self.id, &wish.reply_to, &message, now);
        let deliveries = match placed {
            Routed::Queued(deliveries) => deliveries,
            _ => 0,
        };
        self.receipt(now, wish.receipt.as_deref(), Some(deliveries));
    }

    fn receipt(&self, now: Instant, id: Option<&str>, deliveries: Option<usize>) {
        if let Some(id) = id {
            self.pipe
                .outbound
                .push_frame(self.session.receipt(now, id, deliveries));
        }
    }

    fn refuse(&mut self, refused: &Refused, receipt: Option<&str>) {
        let last = self.session.refuse(refused.clone(), receipt);
        self.close(Some(last));
    }

    /// Ends the session with these last words.
    pub(super) fn close(&mut self, last: Option<Bytes>) {
        self.leave();
        self.pipe.outbound.end(last);
        self.closing = true;
    }
}
