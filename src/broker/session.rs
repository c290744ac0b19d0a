//! One peer's STOMP session, without a socket: frames come in, what has to be done comes out.
//!
//! It negotiates version and heart-beats, checks each frame against the peer's role, and words the
//! answers. It keeps no subscriptions: those are the router's, so that a repeated UNSUBSCRIBE finds
//! nothing there and harms nobody. After an ERROR the session is over, as STOMP has it.

use std::{net::IpAddr, sync::Arc, time::Instant};

use bytes::Bytes;

use super::{
    access::{Access, Denied, Grant, PeerName, Rules},
    effect::{About, Ask, Effect, Open, Route, Send, Subscribe, Unsubscribe},
    fault::{Fault, error_frame},
    fields::{directed, is_identity, parse, receipt, subscription, text},
    message::Message,
};
use crate::stomp::{
    Command, DecodeError, Encoder, Frame, Version,
    destination::{
        self, BROKER_TIME_HEADER, Destination, PRESENCE_HEADER, PROCESS_HEADER, SENDER_HEADER,
    },
    heartbeat::{Due, HeartBeat, Offer},
};

/// The state of one session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) rules: Arc<Rules>,
    peer: PeerName,
    /// Where the connection comes from.
    address: IpAddr,
    id: String,
    /// SEND frames so far, for message ids.
    sent: u64,
    version: Version,
    /// The peer speaks `pki`, and so understands what we add.
    pki: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// CONNECT has to come before this.
    New(Instant),
    Open(Grant, HeartBeat),
    Closed,
}

impl Session {
    /// A session whose CONNECT has to come before `deadline`.
    pub(crate) fn new(
        rules: Arc<Rules>,
        peer: PeerName,
        address: IpAddr,
        id: String,
        deadline: Instant,
    ) -> Self {
        Self {
            rules,
            peer,
            address: address.to_canonical(),
            id,
            sent: 0,
            version: Version::V1_0,
            pki: false,
            state: State::New(deadline),
        }
    }

    /// A frame has arrived.
    pub(crate) fn handle_frame(&mut self, now: Instant, frame: &Frame) -> Effect {
        match self.frame(now, frame) {
            Ok(effect) => effect,
            Err(fault) => {
                let receipt = receipt(frame).ok().flatten();
                Effect::Close(Some(self.fault(&fault, receipt.as_deref())))
            }
        }
    }

    /// Other rules hold from now on. Gives what the peer may do now, if it has a session.
    pub(crate) fn handle_rules(&mut self, rules: Arc<Rules>) -> Result<Option<Grant>, Denied> {
        self.rules = rules;
        let State::Open(grant, _) = &mut self.state else {
            return Ok(None);
        };
        if grant.certified {
            *grant = self.rules.access.grant(&grant.name, grant.is_nodes)?;
        }
        Ok(Some(grant.clone()))
    }

    /// Bytes have arrived that are no STOMP: the last words to the peer.
    pub(crate) fn handle_garbage(&mut self, error: DecodeError) -> Bytes {
        let metrics = &self.rules.metrics;
        let count = match error {
            DecodeError::BodyTooLarge { .. } => &metrics.frames_too_large,
            DecodeError::HeadTooLarge { .. } => &metrics.headers_too_large,
            DecodeError::TooManyHeaders { .. } => &metrics.headers_too_many,
            _ => &metrics.malformed,
        };
        count.increase();
        self.fault(&Fault::Decode(error), None)
    }

    /// Nothing came for too long: the last words to the peer.
    pub(crate) fn handle_silence(&mut self) -> Bytes {
        let metrics = &self.rules.metrics;
        let (text, count) = match self.state {
            State::New(_) => ("no CONNECT frame came in time", &metrics.connects_late),
            _ => (
                "nothing came for twice the agreed heart-beat",
                &metrics.dead,
            ),
        };
        count.increase();
        self.fault(&text.into(), None)
    }

    /// Notes that bytes have arrived.
    pub(crate) fn handle_received(&mut self, now: Instant) {
        if let State::Open(_, heartbeat) = &mut self.state {
            heartbeat.handle_received(now);
        }
    }

    /// Notes that bytes were sent.
    pub(crate) fn handle_sent(&mut self, now: Instant) {
        if let State::Open(_, heartbeat) = &mut self.state {
            heartbeat.handle_sent(now);
        }
    }

    /// What is due, if anything.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        match &mut self.state {
            State::New(deadline) => (now >= *deadline).then_some(Due::Dead),
            State::Open(_, heartbeat) => heartbeat.handle_timeout(now),
            State::Closed => None,
        }
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::New(deadline) => Some(*deadline),
            State::Open(_, heartbeat) => heartbeat.poll_timeout(),
            State::Closed => None,
        }
    }

    /// Who the peer is, once it is known.
    pub(crate) fn peer_name(&self) -> Option<&str> {
        match &self.state {
            State::Open(grant, _) => Some(&grant.name),
            _ => None,
        }
    }

    /// Whether the peer is known to be a client.
    pub(crate) fn is_client(&self) -> bool {
        matches!(&self.state, State::Open(grant, _) if grant.is_client())
    }

    /// The answer to a frame with a `receipt` header; a SEND's says for how many it was queued.
    pub(crate) fn receipt(&self, now: Instant, id: &str, deliveries: Option<usize>) -> Bytes {
        let deliveries = deliveries.map(|n| n.to_string());
        Encoder::new(Command::Receipt, self.version)
            .header("receipt-id", id)
            .optional("deliveries", deliveries.as_deref())
            .optional(BROKER_TIME_HEADER, self.broker_ms(now).as_deref())
            .end()
    }

    /// The last words where the router refuses what the role allows.
    pub(crate) fn refuse(&mut self, why: impl Into<Fault>, receipt: Option<&str>) -> Bytes {
        self.fault(&why.into(), receipt)
    }

    fn frame(&mut self, now: Instant, frame: &Frame) -> Result<Effect, Fault> {
        if matches!(frame.command, Command::Connect | Command::Stomp) {
            return self.connect(now, frame);
        }
        if !matches!(self.state, State::Open(..)) {
            return Err("the first frame must be CONNECT or STOMP".into());
        }
        match frame.command {
            Command::Send => self.send(now, frame),
            Command::Subscribe => self.subscribe(frame),
            Command::Unsubscribe => Ok(Effect::Unsubscribe(Unsubscribe {
                id: text(frame, "id")?,
                destination: text(frame, "destination")?,
                receipt: receipt(frame)?,
            })),
            Command::Disconnect => {
                self.state = State::Closed;
                let receipt = receipt(frame)?.map(|id| self.receipt(now, &id, None));
                Ok(Effect::Close(receipt))
            }
            // Every subscription is acknowledged by itself, so there is nothing to note.
            Command::Ack | Command::Nack => Ok(match receipt(frame)? {
                Some(id) => Effect::Reply(self.receipt(now, &id, None)),
                None => Effect::None,
            }),
            Command::Begin | Command::Commit | Command::Abort => {
                Err("transactions are not supported".into())
            }
            _ => Err("a client may not send a server's frame".into()),
        }
    }

    fn connect(&mut self, now: Instant, frame: &Frame) -> Result<Effect, Fault> {
        if !matches!(self.state, State::New(_)) {
            return Err("the session is already open".into());
        }
        let accept = text(frame, "accept-version")?;
        self.version = Version::negotiate(accept.as_deref())
            .ok_or("no common version; this broker speaks 1.0, 1.1 and 1.2")?;
        let grant = match &self.peer {
            PeerName::Certified(name) => self.rules.access.grant(name, false)?,
            PeerName::CertifiedNode(name) => {
                if self.rules.access.is_client(name) {
                    self.rules.refusals.log("nodes with a client's name", || {
                        tracing::warn!("{name} has a node's certificate, so it commands nothing, though `clients` lists that name: `mcollective enable revoke {name}` if it is not what it should be");
                    });
                }
                self.rules.access.grant(name, true)?
            }
            PeerName::Plain => {
                let login = text(frame, "login")?;
                Access::grant_plain(login.as_deref().unwrap_or("anonymous"))
            }
        };
        let settings = &self.rules.settings;
        let floor = settings.times.heartbeat_floor.as_millis();
        let floor = u32::try_from(floor).unwrap_or(u32::MAX);
        let wish = |ms: u32| if ms == 0 { 0 } else { ms.max(floor) };
        let theirs = match text(frame, "heart-beat")? {
            Some(offer) if self.version > Version::V1_0 => Offer::parse(&offer)
                .ok_or("heart-beat must be two numbers of milliseconds, such as 30000,30000")?,
            _ => Offer::default(),
        };
        // The peer knows what its network needs: it gets what it asks for.
        let ours = Offer {
            send_ms: wish(theirs.receive_ms),
            receive_ms: wish(theirs.send_ms),
        };
        self.pki = text(frame, "mc-security")?
            .is_some_and(|list| list.split(',').any(|item| item.trim() == "pki"));
        let welcome = Encoder::new(Command::Connected, self.version)
            .header("server", concat!("mcollective/", env!("CARGO_PKG_VERSION")))
            .header("heart-beat", &ours.to_string())
            .header("session", &self.id)
            .header("version", self.version.as_str())
            .optional(BROKER_TIME_HEADER, self.broker_ms(now).as_deref())
            .end();
        let heartbeat = HeartBeat::new(ours.agree(theirs), now);
        self.state = State::Open(grant.clone(), heartbeat);
        Ok(Effect::Open(Open {
            welcome,
            grant,
            pki: self.pki,
            process: text(frame, PROCESS_HEADER)?
                .and_then(|number| u64::from_str_radix(&number, 16).ok()),
        }))
    }

    fn send(&mut self, now: Instant, frame: &Frame) -> Result<Effect, Fault> {
        let address = text(frame, "destination")?.ok_or("SEND needs a destination")?;
        let destination = parse(&address)?;
        let sender = text(frame, SENDER_HEADER)?;
        let grant = self.grant()?;
        if let Err(denied) = grant.may_send(&destination, sender.as_deref()) {
            // Where a node's answers go was the caller's choice: that ends no node's session.
            if grant.is_client() || !denied.is_about_a_sites_address(&destination) {
                return Err(denied.into());
            }
            self.breach(&denied, "messages refused");
            return Ok(self.dropped(now, receipt(frame)?));
        }
        if frame.headers.raw("transaction").is_some() {
            return Err("transactions are not supported".into());
        }
        self.sent += 1;
        let message_id = format!("{}-{}", self.id, self.sent);
        let route = match destination {
            Destination::Metrics => return self.question(About::Metrics, frame, message_id),
            Destination::Presence => return self.question(About::Presence, frame, message_id),
            Destination::Agent { .. }
            | Destination::Agents { .. }
            | Destination::Revocations
            | Destination::Topic(_) => Route::Topic,
            Destination::Reply { .. } | Destination::Queue(_) => Route::Queue,
            Destination::Nodes { .. } => Route::Directed(directed(frame)?),
        };
        let times = &self.rules.settings.times;
        let (now_ms, peer) = match route {
            Route::Queue => (None, None),
            Route::Topic | Route::Directed(_) => (
                self.pki.then(|| self.rules.broker_ms(now)),
                self.grant()?
                    .header()
                    .map(|name| format!("{name}@{}", self.address)),
            ),
        };
        let peer = peer.as_deref();
        let ask = match (&destination, text(frame, PRESENCE_HEADER)?) {
            (Destination::Agent { collective, .. }, Some(reply_to)) => {
                let collective = Some((*collective).to_owned());
                let message_id = format!("{message_id}-presence");
                Some(self.ask(About::Presence, reply_to, collective, message_id)?)
            }
            _ => None,
        };
        let receipt = receipt(frame)?;
        let Some(message) = Message::from_send(frame, &message_id, times, now_ms, peer) else {
            self.rules.metrics.late.increase();
            return Ok(self.dropped(now, receipt));
        };
        Ok(Effect::Send(Send {
            destination: address,
            route,
            message,
            receipt,
            ask,
        }))
    }

    /// A message goes to nobody, and its sender may go on.
    fn dropped(&self, now: Instant, receipt: Option<String>) -> Effect {
        receipt.map_or(Effect::None, |id| {
            Effect::Reply(self.receipt(now, &id, Some(0)))
        })
    }

    fn question(&self, about: About, frame: &Frame, message_id: String) -> Result<Effect, Fault> {
        let reply_to =
            text(frame, "reply-to")?.ok_or("a question to the broker needs a reply-to")?;
        let collective = text(frame, "collective")?;
        Ok(Effect::Ask(Ask {
            receipt: receipt(frame)?,
            ..self.ask(about, reply_to, collective, message_id)?
        }))
    }

    fn ask(
        &self,
        about: About,
        reply_to: String,
        collective: Option<String>,
        message_id: String,
    ) -> Result<Ask, Fault> {
        let destination = parse(&reply_to)?;
        // It becomes a header of the answer as it is.
        if reply_to.contains(char::is_control) {
            return Err("a reply-to has no control characters".into());
        }
        if !matches!(
            destination,
            Destination::Reply { .. } | Destination::Queue(_)
        ) {
            return Err("the reply-to of a question to the broker must be a reply queue".into());
        }
        let grant = self.grant()?.clone();
        grant.may_subscribe(&destination, None)?;
        Ok(Ask {
            about,
            reply_to,
            collective,
            grant,
            message_id,
            receipt: None,
        })
    }

    fn subscribe(&self, frame: &Frame) -> Result<Effect, Fault> {
        let address = text(frame, "destination")?.ok_or("SUBSCRIBE needs a destination")?;
        let destination = parse(&address)?;
        let selector = text(frame, "selector")?;
        let directed = matches!(destination, Destination::Nodes { .. });
        let identity = match selector.as_deref().map(destination::selected_identity) {
            Some(Some(identity)) if directed && is_identity(identity) => Some(identity.to_owned()),
            None if !directed => None,
            _ => {
                return Err(
                    "the only selector supported is mc_identity = '<identity>', on \
                            /queue/<collective>.nodes, where it is required"
                        .into(),
                );
            }
        };
        let grant = self.grant()?;
        grant.may_subscribe(&destination, identity.as_deref())?;
        if let Destination::Reply { rest, .. } = destination {
            self.rules.access.may_await(grant, rest)?;
        }
        Ok(Effect::Subscribe(Subscribe {
            destination: address,
            id: subscription(frame)?,
            identity,
            version: self.version,
            receipt: receipt(frame)?,
        }))
    }

    /// The time by our clock, for a peer that understands it.
    fn broker_ms(&self, now: Instant) -> Option<String> {
        self.pki.then(|| self.rules.broker_ms(now).to_string())
    }

    fn grant(&self) -> Result<&Grant, Fault> {
        match &self.state {
            State::Open(grant, _) => Ok(grant),
            _ => Err("the session is not open".into()),
        }
    }

    /// Ends the session: logs a breach, and words the ERROR frame.
    fn fault(&mut self, fault: &Fault, receipt: Option<&str>) -> Bytes {
        if let Fault::Denied(denied) = fault {
            self.breach(denied, "sessions refused");
        }
        self.state = State::Closed;
        error_frame(self.version, &fault.to_string(), receipt)
    }

    fn breach(&self, denied: &Denied, kind: &'static str) {
        let write = || tracing::warn!("refused: {denied}");
        self.rules.refusals.log(kind, write);
        self.rules.metrics.denied.increase();
    }
}

#[cfg(test)]
mod tests;
