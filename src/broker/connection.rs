//! One task per connection: bytes in, session, effects, bytes out.
//!
//! There is one timer, set anew only when it has fired or may be late.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep_until},
};

use super::{
    access::{Denied, PeerName},
    effect::Send,
    hub::Hub,
    outbound::{Outbound, Taken},
    pipe::{Pipe, now},
    router::Routed,
    session::Session,
    table::ConnectionId,
};
use crate::stomp::{self, Decoder, Item, heartbeat::Due};

mod apply;

/// Bodies above this are taken out of the budget for what is being received.
const LARGE: usize = 64 * 1024;

/// The longest that the timer sleeps; a peer that takes nothing is noticed at most so much later.
const TICK: Duration = Duration::from_secs(15);

/// Says of a stream whether who is at its other end would still be let in, or why not.
pub(crate) type Trust<S> = Box<dyn Fn(&S) -> Result<(), String> + std::marker::Send>;

/// Who has come, as far as is known before a word of STOMP.
pub(crate) struct Arrival<S> {
    pub(crate) name: PeerName,
    pub(crate) from: SocketAddr,
    /// Is asked when certificates and revocation lists were read again.
    pub(crate) trust: Option<Trust<S>>,
}

impl<S> Arrival<S> {
    /// Somebody of whom nothing is known.
    pub(crate) fn plain(from: SocketAddr) -> Self {
        Self {
            name: PeerName::Plain,
            from,
            trust: None,
        }
    }
}

/// Serves one peer until it goes.
pub(crate) async fn serve<S>(stream: S, hub: Arc<Hub>, arrival: Arrival<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = Connection::new(stream, hub, arrival);
    connection.run().await;
    connection.leave();
    let from = connection.from;
    if connection.pipe.outbound.is_slow() {
        let name = connection.session.peer_name().unwrap_or("a peer");
        connection
            .hub
            .refusals
            .log("peers cut that were too slow", || {
                tracing::warn!("{name} ({from}) took its messages too slowly, and was cut");
            });
    }
    let grace = connection.session.rules.settings.times.grace;
    connection.pipe.finish(grace).await;
    let lost = connection.pipe.lost();
    if lost > 0 {
        connection.hub.metrics.lost.add(lost);
        let name = connection.session.peer_name().unwrap_or("a peer");
        connection
            .hub
            .refusals
            .log("peers gone without their messages", || {
                tracing::info!(
                    "{name} ({from}) is gone, and with it {lost} messages that it had not taken"
                );
            });
    }
}

struct Connection<S> {
    hub: Arc<Hub>,
    id: ConnectionId,
    pipe: Pipe<S>,
    decoder: Decoder,
    session: Session,
    from: SocketAddr,
    trust: Option<Trust<S>>,
    /// Why nothing is read.
    pause: Pause,
    /// Held while a large body comes in, which has to be there in time.
    budget: Option<(OwnedSemaphorePermit, Instant)>,
    /// The session is over; what is left to say will be said.
    closing: bool,
    /// The timer may be set too late for what has happened.
    rearm: bool,
}

/// What a connection waits for before it reads on.
enum Pause {
    None,
    /// Room for a SEND in a client's queue, until then.
    Send(Box<Send>, Instant),
    /// Leave to receive a large body.
    Budget(Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + std::marker::Send>>),
}

enum Event {
    /// The buffer has grown.
    Received,
    /// There is room, here or elsewhere.
    Taken(Taken),
    /// A large body may come in.
    Budget(Option<OwnedSemaphorePermit>),
    /// Other rules hold.
    Rules,
    Timeout,
    /// The peer is gone, or is cut.
    Gone,
}

impl<S> Connection<S> {
    fn new(stream: S, hub: Arc<Hub>, arrival: Arrival<S>) -> Self {
        let now = now();
        let (id, name) = hub.next_session();
        let rules = hub.rules();
        let limits = &rules.settings.limits;
        let deadline = now + limits.connect_timeout;
        let outbound = Outbound::new(limits, Arc::clone(&hub.metrics));
        Self {
            id,
            pipe: Pipe::new(stream, Arc::new(outbound)),
            decoder: Decoder::new(stomp::Limits {
                body: limits.frame_size.min(LARGE),
                ..limits.frame()
            }),
            session: Session::new(rules, arrival.name, arrival.from.ip(), name, deadline),
            from: arrival.from,
            trust: arrival.trust,
            pause: Pause::None,
            budget: None,
            closing: false,
            rearm: false,
            hub,
        }
    }

    fn leave(&self) {
        self.hub.router().disconnect(self.id);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(&mut self) {
        let mut sleep = pin!(sleep_until(self.deadline().into()));
        loop {
            let event = poll_fn(|cx| self.poll_event(cx, sleep.as_mut())).await;
            let now = now();
            match event {
                Event::Received => {
                    self.session.handle_received(now);
                    self.handle_bytes(now);
                }
                Event::Budget(permit) => {
                    let until = now + self.session.rules.settings.limits.body_timeout;
                    self.budget = permit.map(|permit| (permit, until));
                    self.rearm = true;
                    let wanted = self.decoder.wanted(self.pipe.buffer.len());
                    self.pipe.buffer.reserve(wanted.unwrap_or(0));
                    self.pause = Pause::None;
                    self.session.handle_received(now);
                }
                Event::Taken(Taken::Refill) => self.hub.router().refill(self.id, now),
                Event::Taken(Taken::Room) => self.retry(now),
                Event::Taken(Taken::Batch) => {}
                Event::Rules => self.handle_rules(),
                Event::Timeout => {
                    if !self.handle_timeout(now) {
                        return;
                    }
                    self.rearm = true;
                }
                Event::Gone | Event::Taken(Taken::Ended) => return,
            }
            if self.closing {
                return;
            }
            if std::mem::take(&mut self.rearm) {
                sleep.as_mut().reset(self.deadline().into());
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, sleep: Pin<&mut Sleep>) -> Poll<Event> {
        if self.session.rules.generation < self.hub.generation() {
            return Poll::Ready(Event::Rules);
        }
        match self.pipe.poll_write(cx) {
            Poll::Ready(Ok(taken)) => return Poll::Ready(Event::Taken(taken)),
            Poll::Ready(Err(_)) => return Poll::Ready(Event::Gone),
            Poll::Pending => {}
        }
        if sleep.poll(cx).is_ready() {
            return Poll::Ready(Event::Timeout);
        }
        match &mut self.pause {
            Pause::None => {}
            Pause::Send(..) => return Poll::Pending,
            Pause::Budget(leave) => return leave.as_mut().poll(cx).map(Event::Budget),
        }
        match self.pipe.poll_read(cx) {
            Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(Event::Gone),
            Poll::Ready(Ok(_)) => Poll::Ready(Event::Received),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Looks whether the peer may still be here and have what it has, under the rules of now.
    fn handle_rules(&mut self) {
        let stays = self.review();
        if let Err(denied) = stays {
            self.hub.metrics.reload_cuts.increase();
            let last = self.session.refuse(denied, None);
            self.close(Some(last));
        }
        self.rearm = true;
    }

    fn review(&mut self) -> Result<(), Denied> {
        let Some(grant) = self.session.handle_rules(self.hub.rules())? else {
            // It will be looked at when it says CONNECT.
            return self.check_trust("a peer");
        };
        self.check_trust(&grant.name)?;
        self.hub.router().review(self.id, &grant)?;
        self.decoder
            .set_limits(self.session.rules.settings.limits.frame());
        Ok(())
    }

    fn check_trust(&self, name: &str) -> Result<(), Denied> {
        let Some(trust) = &self.trust else {
            return Ok(());
        };
        trust(self.pipe.stream()).map_err(|why| Denied::Certificate {
            name: name.to_owned(),
            why,
        })
    }

    fn handle_bytes(&mut self, now: Instant) {
        while !self.closing && matches!(self.pause, Pause::None) {
            match self.decoder.decode(&mut self.pipe.buffer) {
                Ok(Some(Item::Frame(frame))) => {
                    self.hub.metrics.frames.increase();
                    self.budget = None;
                    let effect = self.session.handle_frame(now, &frame);
                    self.apply(effect, now);
                }
                Ok(Some(Item::HeartBeat)) => {}
                Ok(None) => {
                    self.reserve();
                    break;
                }
                Err(error) => {
                    let last = self.session.handle_garbage(error);
                    self.close(Some(last));
                    break;
                }
            }
        }
        if self.pipe.buffer.is_empty() {
            self.pipe.buffer = BytesMut::new();
        }
    }

    /// Tries again to place the SEND that waits, and goes on with what came after it.
    fn retry(&mut self, now: Instant) {
        let (send, until) = match std::mem::replace(&mut self.pause, Pause::None) {
            Pause::Send(send, until) => (send, until),
            other => {
                self.pause = other;
                return;
            }
        };
        let mut routed = self.hub.router().retry(self.id, &send, now);
        if now >= until && matches!(routed, Routed::Wait) {
            self.hub.metrics.dropped_stalled.increase();
            routed = Routed::Shed;
        }
        self.routed(now, routed, send, until);
        // The peer could not be heard while nothing was read.
        self.session.handle_received(now);
        self.handle_bytes(now);
    }

    /// Whether the connection goes on.
    fn handle_timeout(&mut self, now: Instant) -> bool {
        if self.pipe.is_stuck(now, self.patience()) {
            self.hub.metrics.write_timeouts.increase();
            return false;
        }
        if matches!(&self.pause, Pause::Send(_, until) if now >= *until) {
            self.retry(now);
        }
        if matches!(&self.budget, Some((_, until)) if now >= *until) {
            self.hub.metrics.bodies_late.increase();
            let last = self.session.refuse("a large body took too long", None);
            self.close(Some(last));
        }
        if let Some(at) = self.pipe.take_sent() {
            self.session.handle_sent(at);
        }
        match self.session.handle_timeout(now) {
            // A peer that is not read from can't be heard.
            Some(Due::Dead) if matches!(self.pause, Pause::None) => {
                let last = self.session.handle_silence();
                self.close(Some(last));
            }
            Some(Due::Send) => self.pipe.outbound.push_heartbeat(),
            _ => {}
        }
        true
    }

    /// How long the peer may take nothing.
    fn patience(&self) -> Duration {
        let settings = &self.session.rules.settings;
        if self.session.is_client() {
            settings
                .times
                .client_write
                .max(settings.limits.write_timeout)
        } else {
            settings.limits.write_timeout
        }
    }

    /// When the timer has to fire. Early does no harm: it is set anew then.
    fn deadline(&self) -> Instant {
        let session = match self.pause {
            Pause::None => self.session.poll_timeout(),
            Pause::Send(_, until) => Some(until),
            Pause::Budget(_) => None,
        };
        let tick = now() + TICK.min(self.session.rules.settings.limits.write_timeout);
        let body = self.budget.as_ref().map(|(_, until)| *until);
        [session, body]
            .into_iter()
            .flatten()
            .fold(tick, Instant::min)
    }

    /// Waits for a share of the budget before a large body is read.
    fn reserve(&mut self) {
        let buffered = self.pipe.buffer.len();
        let wanted = match self.decoder.wanted(buffered) {
            Some(wanted) => wanted,
            // A body without a length may become as long as any.
            None if buffered > LARGE => self.session.rules.settings.limits.frame_size,
            None => 0,
        };
        if wanted > LARGE && self.budget.is_none() {
            let leave = self.hub.reserve(wanted);
            self.pause = Pause::Budget(Box::pin(leave));
        }
    }
}

impl<S> Drop for Connection<S> {
    /// Also where the task is cancelled or panics, nothing of it stays in the tables.
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
