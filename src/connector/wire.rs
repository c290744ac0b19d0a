//! One open stream: moves bytes between socket, session and owner until one of them ends it.
//!
//! Reading and writing go on side by side, because a broker that waits for us to read does not read
//! what we write. While the owner has not taken its events nothing is read: that is how its slowness
//! reaches the broker, instead of filling memory here.

use std::{collections::HashMap, future::Future, io, pin::Pin, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::oneshot,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    Server, classify,
    dial::Stream,
    error::{Address, Error},
    handover::{Successor, succeed},
    link::{Link, Pending},
    message::Receipt,
    outbound::Outbound,
    problem::Problem,
    session::SendId,
};

/// One connection's ends and what is on its way over it.
struct Wire {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    chunk: BytesMut,
    outbound: Outbound<Pending>,
    /// Written messages whose receipt is awaited.
    awaited: HashMap<SendId, oneshot::Sender<Result<Option<Receipt>, Error>>>,
}

/// Why the pumping stopped.
enum Stop {
    /// The session was closed as the owner wanted, or its grace is over.
    Closed,
    /// Another is to take its place, and nothing is on its way by this one.
    Succeeded(Box<Successor>),
    /// The session, or what was read, ended it.
    Ended(Problem),
    /// Writing failed. Why may still be readable.
    Write(io::Error),
}

impl Link {
    /// Serves an open stream to its end. `Ok` is an end that the owner wanted, or a stream that is
    /// to be served in its place.
    pub(super) async fn drive(
        &mut self,
        server: &Server,
        stream: Box<dyn Stream>,
        opened: &mut bool,
    ) -> Result<Option<Box<dyn Stream>>, Problem> {
        let (reader, writer) = tokio::io::split(stream);
        let mut wire = Wire {
            reader,
            writer,
            chunk: BytesMut::with_capacity(CHUNK),
            outbound: Outbound::new(),
            awaited: HashMap::new(),
        };
        let problem = match self.pump(server, &mut wire, opened).await {
            Stop::Closed => None,
            Stop::Succeeded(successor) => {
                let handed = self.hand_over(server, *successor, wire.reader).await;
                return handed
                    .map(Some)
                    .map_err(|problem| self.session.handle_lost(problem));
            }
            Stop::Ended(problem) => Some(self.session.handle_lost(problem)),
            Stop::Write(error) => {
                let problem = self.last_words(server, &mut wire, &error).await;
                Some(self.session.handle_lost(problem))
            }
        };
        if let Some(problem) = problem {
            self.settle_lost(server, wire, &problem);
            return Err(problem);
        }
        if let Some(closing) = &self.closing {
            // Only good manners, TLS's close_notify: the session is over.
            drop(timeout_at(closing.until, wire.writer.shutdown()).await);
        }
        Ok(None)
    }

    async fn pump(&mut self, server: &Server, wire: &mut Wire, opened: &mut bool) -> Stop {
        let events = self.events.clone();
        let mut succeeding = None;
        let mut successor = None;
        loop {
            if std::mem::take(&mut self.renew) && self.session.is_open() && self.session.is_ours() {
                let next = self.session.successor();
                let next = succeed(server.clone(), next, self.time_to_connect());
                (succeeding, successor) = (Some(Box::pin(next)), None);
            }
            self.forward(wire, successor.is_some() && self.closing.is_none());
            if self.session.is_closed() {
                return Stop::Closed;
            }
            if self.session.is_settled()
                && self.closing.is_none()
                && let Some(successor) = successor.take()
            {
                return Stop::Succeeded(Box::new(successor));
            }
            let timeout = self.session.poll_timeout().map(Instant::from_std);
            let grace = self.closing.as_ref().map(|closing| closing.until);
            let wake = timeout.into_iter().chain(grace).min();
            tokio::select! {
                permit = events.reserve(), if self.session.has_event() => {
                    if let Some(event) = self.session.poll_event(now()) {
                        let event = self.opened(event, server, opened);
                        // Without a receiver events are let go of.
                        if let Ok(permit) = permit {
                            permit.send(event);
                        }
                    }
                }
                read = wire.reader.read_buf(&mut wire.chunk), if !self.session.has_event() => {
                    if let Err(problem) = self.handle_read(server, &mut wire.chunk, read) {
                        return Stop::Ended(problem);
                    }
                }
                written = wire.outbound.write(&mut wire.writer), if wire.outbound.is_pending() => {
                    if let Err(error) = written {
                        return Stop::Write(error);
                    }
                }
                Some(next) = ready(&mut succeeding) => {
                    (succeeding, successor) = (None, Some(next));
                    self.session.settle();
                }
                command = self.commands.recv(), if self.closing.is_none() && !wire.outbound.is_full() => {
                    self.handle_command(command);
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    if grace.is_some_and(|grace| grace <= Instant::now()) {
                        return Stop::Closed;
                    }
                    if let Err(problem) = self.session.handle_timeout(now()) {
                        return Stop::Ended(problem);
                    }
                }
            }
        }
    }

    /// Does everything that needs no waiting: tells those whose message is through, and moves what
    /// is to be sent to the socket's queue. Messages may be held back for the next session.
    fn forward(&mut self, wire: &mut Wire, hold: bool) {
        wire.settle(self);
        while let Some(bytes) = self.session.poll_transmit(now()) {
            wire.outbound.push(bytes);
        }
        while self.session.is_open()
            && !hold
            && !wire.outbound.is_full()
            && let Some(pending) = self.waiting.pop_front()
        {
            if pending.done.is_closed() {
                continue;
            }
            let id = self.session.send(&pending.outgoing);
            let session = &mut self.session;
            let frames = std::iter::from_fn(|| session.poll_transmit(now()));
            wire.outbound.push_message(id, pending, frames);
        }
        if self.closing.is_some() && self.waiting.is_empty() {
            self.session.disconnect();
            while let Some(bytes) = self.session.poll_transmit(now()) {
                wire.outbound.push(bytes);
            }
        }
    }

    fn handle_read(
        &mut self,
        server: &Server,
        chunk: &mut BytesMut,
        read: io::Result<usize>,
    ) -> Result<(), Problem> {
        match read {
            Ok(0) => Err(self.session.handle_end()),
            Ok(_) => {
                let outcome = self.session.handle_bytes(now(), chunk);
                chunk.clear();
                outcome
            }
            Err(error) => Err(classify::stream(&error, server.tls.as_ref())),
        }
    }

    /// Writing failed: what the broker had said before it hung up tells more than that it did.
    async fn last_words(&mut self, server: &Server, wire: &mut Wire, error: &io::Error) -> Problem {
        let reading = async {
            for _ in 0..LAST_READS {
                let read = wire.reader.read_buf(&mut wire.chunk).await;
                if let Err(problem) = self.handle_read(server, &mut wire.chunk, read) {
                    return Some(problem);
                }
            }
            None
        };
        let read = timeout(LAST_WORDS, reading).await.ok().flatten();
        read.unwrap_or_else(|| classify::stream(error, server.tls.as_ref()))
    }

    /// The connection is lost: messages that the broker can't have seen wait for the next one, the
    /// owners of the others are told.
    fn settle_lost(&mut self, server: &Server, mut wire: Wire, problem: &Problem) {
        wire.settle(self);
        let lost = || {
            Err(Error::Lost {
                server: Address::from(server),
                problem: problem.clone(),
            })
        };
        for done in wire.awaited.into_values() {
            drop(done.send(lost()));
        }
        let mut unseen = Vec::new();
        for (pending, maybe_seen) in wire.outbound.into_lost() {
            if maybe_seen {
                drop(pending.done.send(lost()));
            } else {
                unseen.push(pending);
            }
        }
        for pending in unseen.into_iter().rev() {
            self.waiting.push_front(pending);
        }
    }
}

impl Wire {
    /// Tells those whose message is written, or has its receipt. Who no longer waits is forgotten.
    fn settle(&mut self, link: &mut Link) {
        while let Some((id, pending)) = self.outbound.poll_written() {
            if pending.outgoing.receipt {
                self.awaited.retain(|id, done| {
                    let waits = !done.is_closed();
                    if !waits {
                        link.session.forget(*id);
                    }
                    waits
                });
                self.awaited.insert(id, pending.done);
            } else {
                drop(pending.done.send(Ok(None)));
            }
        }
        while let Some((id, outcome)) = link.session.poll_receipt() {
            // A receipt may be here before the flush behind its message has returned.
            let done = self.awaited.remove(&id).or_else(|| {
                let pending = self.outbound.take(id)?;
                Some(pending.done)
            });
            if let Some(done) = done {
                let outcome = outcome
                    .map(Some)
                    .map_err(|message| Error::Refused { message });
                drop(done.send(outcome));
            }
        }
    }
}

/// Waits for what is awaited, if anything is.
async fn ready<T>(future: &mut Option<Pin<Box<impl Future<Output = T>>>>) -> Option<T> {
    Some(future.as_mut()?.await)
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Bytes read at once. Small, because an agent keeps them for good.
const CHUNK: usize = 8 * 1024;

/// How long, and how many chunks, to read on for the reason of a failed write.
const LAST_WORDS: Duration = Duration::from_secs(1);
const LAST_READS: usize = 32;
