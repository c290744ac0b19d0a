//! The rules of a STOMP session, client's side, over any number of connections one after another.
//!
//! No socket and no clock: bytes, frames and the time come in by `handle_*`; what the owner wants, by
//! plain verbs; what is to be done comes out of `poll_*`. After every call the owner sends what
//! [`Session::poll_transmit`] has, takes what [`Session::poll_receipt`] and [`Session::poll_event`]
//! have, and calls [`Session::handle_timeout`] at [`Session::poll_timeout`]. An error from `handle_*`
//! ends the connection; [`Session::connect`] begins the next, and the subscriptions go with it.
//!
//! Every transition of the state machine is in this one file, which makes it a long one.
//! STOMP 1.2, "Connecting", "Client Frames", "Server Frames"; 1.0 and 1.1 where the broker has no more.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use self::{
    clock::BrokerClock,
    frames::{error_text, farewell, from_base64, garbage, header, offer, printable},
    receipts::Receipts,
};
use super::{
    Secret,
    message::{BrokerTime, Message, Outgoing, Receipt, is_ours},
    problem::{Problem, Stage},
};
use crate::stomp::{
    Command, Decoder, Frame, Item, Limits, Version,
    destination::{BROKER_TIME_HEADER, OWN_HEADER, PEER_HEADER},
    heartbeat::{Due, HeartBeat, Offer},
};

mod clock;
mod frames;
mod receipts;

pub(super) use frames::Options;

/// A session with a broker, and what outlives it.
pub(super) struct Session {
    options: Options,
    state: State,
    version: Version,
    ours: bool,
    /// Sessions so far, this one included.
    sessions: u64,
    /// When CONNECT was handed out.
    asked: Option<Instant>,
    clock: Option<BrokerClock>,
    settled: bool,
    decoder: Decoder,
    buffer: BytesMut,
    heartbeat: Option<HeartBeat>,
    /// After how long a silence the broker counts as dead.
    silence: Duration,
    subscriptions: Vec<Subscription>,
    transmits: VecDeque<Bytes>,
    receipts: Receipts,
    events: VecDeque<Event>,
    next_id: u64,
    /// The broker's ERROR, until it goes on. An end that follows it is only its consequence.
    said: Option<String>,
    /// What the end means that the broker has announced.
    farewell: Option<Problem>,
}

/// One message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SendId(pub(super) u64);

/// What the owner hears of.
#[derive(Debug)]
pub(super) enum Event {
    /// The session is open, and the subscriptions are on their way.
    Connected {
        server: Option<String>,
        version: Version,
        opened: Option<BrokerTime>,
        /// When it was asked to.
        asked: Instant,
    },
    /// The broker has told its time.
    Time(BrokerTime),
    /// The broker sent an ERROR frame within the session.
    Error(String),
    /// A message.
    Message(Message),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Connecting {
        until: Instant,
        within: Duration,
    },
    Open,
    /// DISCONNECT is sent, its receipt is awaited.
    Closing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Subscription {
    destination: String,
    selector: Option<String>,
}

impl Session {
    /// A session without a connection.
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            state: State::Closed,
            version: Version::V1_0,
            ours: false,
            sessions: 0,
            asked: None,
            clock: None,
            settled: false,
            decoder: Decoder::default(),
            buffer: BytesMut::new(),
            heartbeat: None,
            silence: Duration::ZERO,
            subscriptions: Vec::new(),
            transmits: VecDeque::new(),
            receipts: Receipts::default(),
            events: VecDeque::new(),
            next_id: 0,
            said: None,
            farewell: None,
        }
    }

    /// One that is to take the place of this one, by [`Self::take_over`].
    pub(super) fn successor(&self) -> Self {
        Self {
            sessions: self.sessions,
            ..Self::new(self.options.clone())
        }
    }

    /// Takes the subscriptions of the session before this one.
    pub(super) fn take_over(&mut self, before: &Self) {
        self.next_id = before.next_id;
        for wanted in &before.subscriptions {
            self.subscribe(&wanted.destination, wanted.selector.as_deref());
        }
    }

    /// Whether the broker is our own.
    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    /// Whether messages can be sent.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the session has ended as we wanted it to.
    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether [`Self::poll_event`] has something. While it has, the owner need not read on.
    pub(super) fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    // What arrives.

    /// Bytes were read.
    pub(super) fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Problem> {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.handle_received(now);
        }
        if matches!(self.state, State::Connecting { .. })
            && self.buffer.is_empty()
            && matches!(bytes.first(), Some(&(TLS_ALERT | TLS_HANDSHAKE)))
        {
            return Err(Problem::TlsPort);
        }
        self.buffer.extend_from_slice(bytes);
        loop {
            match self.decoder.decode(&mut self.buffer) {
                Ok(Some(Item::Frame(frame))) => self.handle_frame(now, frame)?,
                Ok(Some(Item::HeartBeat)) => self.said = None,
                Ok(None) => break,
                Err(error) => return Err(garbage(&error.to_string())),
            }
        }
        if self.buffer.is_empty() {
            // A large message must not leave a large buffer behind.
            self.buffer = BytesMut::new();
        }
        Ok(())
    }

    /// A frame was read.
    pub(super) fn handle_frame(&mut self, now: Instant, frame: Frame) -> Result<(), Problem> {
        if frame.command == Command::Error
            && let Some(problem) = farewell(&frame)
        {
            self.farewell = Some(problem);
            return Ok(());
        }
        match (self.state, frame.command) {
            (State::Connecting { .. }, Command::Connected) => self.handle_connected(now, &frame),
            (State::Connecting { .. }, Command::Error) => Err(Problem::SessionRefused {
                message: error_text(&frame),
            }),
            (State::Open | State::Closing, Command::Message) => {
                self.said = None;
                self.handle_message(frame)
            }
            (State::Open | State::Closing, Command::Receipt) => {
                self.said = None;
                self.handle_receipt(&frame)
            }
            (State::Open | State::Closing, Command::Error) => {
                self.handle_error(&frame);
                Ok(())
            }
            (_, other) => Err(garbage(&format!("an unexpected {}", other.as_str()))),
        }
    }

    /// The time of [`Self::poll_timeout`] has come.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), Problem> {
        if let State::Connecting { until, within } = self.state
            && now >= until
        {
            return Err(Problem::Timeout {
                stage: Stage::Session,
                after: within,
            });
        }
        let Some(heartbeat) = &mut self.heartbeat else {
            return Ok(());
        };
        if !self.events.is_empty() {
            // An owner that has not taken its events does not read either: the silence is ours.
            heartbeat.handle_received(now);
        }
        match heartbeat.handle_timeout(now) {
            None => Ok(()),
            Some(Due::Send) => {
                self.transmits.push_back(Bytes::from_static(b"\n"));
                Ok(())
            }
            Some(Due::Dead) => Err(Problem::Silence {
                silence: self.silence,
            }),
        }
    }

    /// The stream has ended; what that means.
    pub(super) fn handle_end(&mut self) -> Problem {
        let problem = match self.state {
            State::Connecting { .. } => Problem::ClosedEarly,
            _ => Problem::Hangup,
        };
        self.handle_lost(problem)
    }

    /// The connection is lost because of `problem`; gives the cause behind it.
    pub(super) fn handle_lost(&mut self, problem: Problem) -> Problem {
        let connecting = matches!(self.state, State::Connecting { .. });
        self.state = State::Closed;
        self.heartbeat = None;
        self.transmits.clear();
        self.receipts.handle_lost();
        self.buffer = BytesMut::new();
        let farewell = self.farewell.take();
        if let (Some(farewell), Problem::ClosedEarly | Problem::Hangup | Problem::Network { .. }) =
            (farewell, &problem)
        {
            return farewell;
        }
        match (self.said.take(), problem) {
            (Some(message), Problem::Hangup | Problem::Network { .. }) => {
                Problem::SessionEnded { message }
            }
            // A plain end, told by a TLS stream as an error.
            (_, Problem::Hangup) if connecting => Problem::ClosedEarly,
            (_, problem) => problem,
        }
    }

    // What the owner wants.

    /// A connection to a broker stands: opens a session on it. CONNECTED must come until `until`,
    /// the end of the `within` that there was.
    pub(super) fn connect(
        &mut self,
        user: &str,
        password: &Secret,
        until: Instant,
        within: Duration,
    ) {
        self.state = State::Connecting { until, within };
        self.version = Version::V1_0;
        self.ours = false;
        self.sessions += 1;
        (self.asked, self.clock, self.settled) = (None, None, false);
        self.said = None;
        self.farewell = None;
        self.heartbeat = None;
        self.receipts.handle_lost();
        self.transmits.clear();
        self.buffer = BytesMut::new();
        self.decoder = Decoder::new(Limits {
            body: self.options.max_body,
            ..Limits::default()
        });
        let frame = frames::connect(&self.options, user, password);
        self.transmits.push_back(frame);
    }

    /// Wants the messages of a destination, in this session and in all later ones.
    pub(super) fn subscribe(&mut self, destination: &str, selector: Option<&str>) {
        let wanted = Subscription {
            destination: destination.to_owned(),
            selector: selector.map(str::to_owned),
        };
        if self.subscriptions.contains(&wanted) {
            return;
        }
        self.unsubscribe(destination);
        if self.is_open() {
            let frame = frames::subscribe(&wanted, self.version);
            self.transmits.push_back(frame);
        }
        self.subscriptions.push(wanted);
    }

    /// Wants them no longer.
    pub(super) fn unsubscribe(&mut self, destination: &str) {
        let before = self.subscriptions.len();
        self.subscriptions
            .retain(|subscription| subscription.destination != destination);
        if self.is_open() && self.subscriptions.len() < before {
            let frame = frames::unsubscribe(destination, self.version);
            self.transmits.push_back(frame);
        }
    }

    /// Sends a message in an open session. With a receipt wanted, [`Self::poll_receipt`] gives it.
    pub(super) fn send(&mut self, outgoing: &Outgoing) -> SendId {
        self.next_id += 1;
        let id = SendId(self.next_id);
        let deadline = outgoing.deadline.filter(|_| outgoing.is_request());
        let peer = frames::Peer {
            version: self.version,
            ours: self.ours,
            deadline_ms: self
                .clock
                .zip(deadline)
                .map(|(clock, deadline)| clock.at(deadline.into_std())),
        };
        let frames = frames::send(&self.options, &peer, outgoing, id);
        if outgoing.receipt {
            self.receipts.expect(id, frames.len());
        }
        self.transmits.extend(frames);
        id
    }

    /// Nobody waits for this receipt any longer.
    pub(super) fn forget(&mut self, id: SendId) {
        self.receipts.forget(id);
    }

    /// Wants to know when the broker has handled all that was sent: [`Self::is_settled`] tells.
    pub(super) fn settle(&mut self) {
        self.settled = false;
        let frame = frames::nothing(frames::SETTLED_RECEIPT, self.version);
        self.transmits.push_back(frame);
    }

    /// Whether it has.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Asks our own broker for its time: there is an event when it has told it.
    pub(super) fn ask_time(&mut self) {
        if self.is_open() && self.ours {
            let frame = frames::nothing(frames::TIME_RECEIPT, self.version);
            self.transmits.push_back(frame);
        }
    }

    /// Ends the session in good order. [`Self::is_closed`] tells when the broker has confirmed.
    pub(super) fn disconnect(&mut self) {
        match self.state {
            State::Open => self.state = State::Closing,
            State::Closing => return,
            State::Closed | State::Connecting { .. } => {
                self.state = State::Closed;
                return;
            }
        }
        let frame = frames::disconnect(self.version);
        self.transmits.push_back(frame);
    }

    // What is to be done.

    /// Bytes to write; one frame, or a heart-beat.
    pub(super) fn poll_transmit(&mut self, now: Instant) -> Option<Bytes> {
        let bytes = self.transmits.pop_front()?;
        if matches!(self.state, State::Connecting { .. }) {
            self.asked.get_or_insert(now);
        }
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.handle_sent(now);
        }
        Some(bytes)
    }

    /// A receipt that was asked for, or the broker's words where it refused that message.
    pub(super) fn poll_receipt(&mut self) -> Option<(SendId, Result<Receipt, String>)> {
        self.receipts.poll()
    }

    /// What has happened.
    pub(super) fn poll_event(&mut self, now: Instant) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty()
            && let Some(heartbeat) = &mut self.heartbeat
        {
            // Only from now on can the silence be the broker's; see handle_timeout.
            heartbeat.handle_received(now);
        }
        event
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Connecting { until, .. } => Some(until),
            _ => self.heartbeat.as_ref().and_then(HeartBeat::poll_timeout),
        }
    }

    // Each frame.

    fn handle_connected(&mut self, now: Instant, frame: &Frame) -> Result<(), Problem> {
        let version = header(frame, "version")?;
        self.version = Version::negotiate(version.as_deref()).ok_or_else(|| {
            garbage(&format!(
                "CONNECTED with version {:?}",
                version.unwrap_or_default()
            ))
        })?;
        let server = header(frame, "server")?.map(|text| printable(&text));
        self.ours = server.as_deref().is_some_and(is_ours);
        let theirs = header(frame, "heart-beat")?.and_then(|text| Offer::parse(&text));
        let mut agreement = offer(self.options.heartbeat).agree(theirs.unwrap_or_default());
        // ActiveMQ cuts at exactly the agreed time, so what leaves at that time comes too late.
        agreement.send = agreement.send.map(|every| every * 3 / 4);
        self.silence = agreement.receive.map_or(Duration::ZERO, |every| every * 2);
        self.heartbeat = Some(HeartBeat::new(agreement, now));
        self.state = State::Open;
        for subscription in &self.subscriptions {
            self.transmits
                .push_back(frames::subscribe(subscription, self.version));
        }
        let opened = self.broker_time(frame);
        self.clock = opened
            .zip(self.asked)
            .map(|(opened, asked)| BrokerClock::new(opened.ms, asked, now));
        self.events.push_back(Event::Connected {
            server,
            version: self.version,
            opened,
            asked: self.asked.unwrap_or(now),
        });
        Ok(())
    }

    fn handle_message(&mut self, frame: Frame) -> Result<(), Problem> {
        let destination = header(&frame, "destination")?
            .ok_or_else(|| garbage("a MESSAGE without destination"))?;
        let reply_to = header(&frame, "reply-to")?;
        self.events.push_back(Event::Message(Message {
            destination,
            reply_to,
            taken: self.broker_time(&frame),
            from: header(&frame, PEER_HEADER)?.filter(|_| self.ours),
            is_brokers: self.ours && frame.headers.raw(OWN_HEADER).is_some(),
            body: if self.options.base64 {
                from_base64(&frame.body)
            } else {
                frame.body
            },
            headers: frame.headers,
        }));
        Ok(())
    }

    fn handle_receipt(&mut self, frame: &Frame) -> Result<(), Problem> {
        let id = header(frame, "receipt-id")?.unwrap_or_default();
        if id == frames::DISCONNECT_RECEIPT {
            if self.state == State::Closing {
                self.state = State::Closed;
            }
            return Ok(());
        }
        self.settled |= id == frames::SETTLED_RECEIPT;
        if id == frames::TIME_RECEIPT
            && let Some(at) = self.broker_time(frame)
        {
            self.events.push_back(Event::Time(at));
        }
        if let Ok(id) = id.parse::<u64>() {
            let deliveries = header(frame, "deliveries")?.and_then(|text| text.parse().ok());
            let receipt = Receipt {
                at: self.broker_time(frame),
                deliveries,
            };
            self.receipts.handle_receipt(SendId(id), receipt);
        }
        Ok(())
    }

    /// The broker's clock in a frame. Another's broker would let any sender make it up.
    fn broker_time(&self, frame: &Frame) -> Option<BrokerTime> {
        let text = frame.headers.get(BROKER_TIME_HEADER).ok()??;
        Some(BrokerTime {
            session: self.sessions,
            ms: text.parse().ok().filter(|_| self.ours)?,
        })
    }

    /// An ERROR within the session. STOMP says that the broker hangs up after it, and ours does;
    /// `ActiveMQ` goes on after some, and so do we: what is left of the session is worth having.
    fn handle_error(&mut self, frame: &Frame) {
        let message = error_text(frame);
        let id = frame
            .headers
            .get("receipt-id")
            .ok()
            .flatten()
            .and_then(|text| text.parse::<u64>().ok());
        if let Some(id) = id {
            self.receipts.handle_refusal(SendId(id), &message);
        }
        self.said = Some(message.clone());
        self.events.push_back(Event::Error(message));
    }
}

/// The first byte of a TLS record with an alert, the answer of a TLS port to CONNECT.
const TLS_ALERT: u8 = 0x15;

/// The first byte of a TLS record with a handshake message.
const TLS_HANDSHAKE: u8 = 0x16;

#[cfg(test)]
mod tests;
