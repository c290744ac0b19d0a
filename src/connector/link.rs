//! The task that keeps one connection up: attempt after attempt, over the pool, with waits between.
//!
//! What happens on an open stream is `wire`'s; the rules of the session are `session`'s, which holds
//! the subscriptions over all connections; when and whom to try is `pool`'s and `backoff`'s.

use std::{
    collections::VecDeque,
    future::Future,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    Policy, Server, Settings,
    backoff::{Backoff, Chance},
    dial::dial,
    error::{Address, Error},
    message::{Event, Outgoing, Receipt, ServerInfo},
    pool::Pool,
    problem::Problem,
    session::{self, Options, Session},
};
use crate::mcorpc::names::Identity;

/// What the handle asks for.
#[derive(Debug)]
pub(super) enum Command {
    AskTime,
    Close {
        grace: Duration,
        done: oneshot::Sender<()>,
    },
    Renew,
    Send(Pending),
    Subscribe {
        destination: String,
        selector: Option<String>,
        done: oneshot::Sender<()>,
    },
    Unsubscribe {
        destination: String,
    },
}

/// A message, and who waits for it.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) outgoing: Outgoing,
    pub(super) done: oneshot::Sender<Result<Option<Receipt>, Error>>,
}

/// How the connection is.
#[derive(Clone, Debug)]
pub(super) enum Status {
    /// Not yet connected, and nothing has failed.
    Connecting,
    /// A session is open.
    Connected(ServerInfo),
    /// There is no session, and the next attempt will be made.
    Down(Error),
    /// There is none, and there won't be one.
    Ended(Error),
}

/// The task's state.
pub(super) struct Link {
    settings: Settings,
    policy: Policy,
    pool: Pool,
    backoff: Backoff,
    /// Consecutive attempts without a session.
    failures: u32,
    ever_connected: bool,
    /// When the first round over the pool began.
    begun: Instant,
    pub(super) session: Session,
    /// Messages for which there is no open session, oldest first. Each has somebody who waits, so
    /// there are no more of them than there are waiting.
    pub(super) waiting: VecDeque<Pending>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: mpsc::Sender<Event>,
    status: watch::Sender<Status>,
    /// Whether a new connection is to take the place of the one that there is.
    pub(super) renew: bool,
    pub(super) closing: Option<Closing>,
}

/// The owner wants an end.
pub(super) struct Closing {
    /// At the latest then.
    pub(super) until: Instant,
    done: Option<oneshot::Sender<()>>,
}

/// How an attempt ended.
enum End {
    /// As the owner wanted.
    Closed,
    /// No session came about.
    Failed(Problem),
    /// A session was lost.
    Lost(Problem),
}

impl Link {
    pub(super) fn new(
        settings: Settings,
        identity: Identity,
        connect_headers: Vec<(String, String)>,
        policy: Policy,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<Event>,
        status: watch::Sender<Status>,
    ) -> Self {
        // The standard library's hash keys are random; that is enough for waits and order.
        let mut seeds = Chance(RandomState::new().hash_one(std::process::id()));
        let backoff = Backoff::new(&settings, seeds.split());
        let shuffle = settings.randomize.then(|| seeds.split());
        let max_body = match policy {
            Policy::FailFast { .. } => MAX_BODY_CLIENT,
            Policy::KeepTrying => MAX_BODY_AGENT,
        };
        Self {
            pool: Pool::new(settings.pool.len(), shuffle),
            session: Session::new(Options::new(&settings, identity, connect_headers, max_body)),
            settings,
            policy,
            backoff,
            failures: 0,
            ever_connected: false,
            begun: Instant::now(),
            waiting: VecDeque::new(),
            commands,
            events,
            status,
            renew: false,
            closing: None,
        }
    }

    /// Runs until the owner closes it, or the policy gives up.
    pub(super) async fn run(mut self) {
        let error = self.keep().await;
        tracing::debug!(%error, "the link has ended");
        self.status.send_replace(Status::Ended(error.clone()));
        for pending in self.waiting.drain(..) {
            drop(pending.done.send(Err(error.clone())));
        }
        if let Some(done) = self.closing.and_then(|closing| closing.done) {
            done.send(()).ok();
        }
    }

    async fn keep(&mut self) -> Error {
        let mut round = Vec::new();
        loop {
            let next = self.pool.next();
            let Some(server) = next.and_then(|index| self.settings.pool.get(index).cloned()) else {
                return Error::NoServers;
            };
            let address = Address::from(&server);
            let (error, wait) = match self.attempt(&server).await {
                End::Closed => return Error::Closed,
                End::Lost(problem) => {
                    self.failures = 0;
                    let server = address;
                    let now = Instant::now().into_std();
                    let wait = match problem {
                        Problem::Replaced => self.backoff.handle_replaced(now),
                        _ => self.backoff.handle_lost(now),
                    };
                    (Error::Lost { server, problem }, wait)
                }
                End::Failed(problem) if self.fails_fast() => {
                    round.push((address, problem));
                    if self.pool.round_over() {
                        return Error::round(round);
                    }
                    continue;
                }
                End::Failed(problem) => {
                    self.failures = self.failures.saturating_add(1);
                    let server = address;
                    (
                        Error::Unreachable { server, problem },
                        self.backoff.handle_failure(),
                    )
                }
            };
            let most = self.settings.max_reconnect_attempts;
            let gives_up = most > 0 && self.failures >= most;
            self.status.send_replace(Status::Down(error.clone()));
            let event = Event::Disconnected {
                error: error.clone(),
                retry_in: (!gives_up).then_some(wait),
            };
            if self.tell(event).await.is_none() {
                return Error::Closed;
            }
            if gives_up {
                return error;
            }
            if self.meanwhile(tokio::time::sleep(wait)).await.is_none() {
                return Error::Closed;
            }
        }
    }

    /// How long a connection may take, from the first packet to CONNECTED.
    pub(super) fn time_to_connect(&self) -> Duration {
        let most = self.settings.connect_timeout.min(LONGEST);
        match self.policy {
            Policy::FailFast { within } if !self.ever_connected => {
                let left = within.min(LONGEST).saturating_sub(self.begun.elapsed());
                most.min(rounded(left / self.pool.left()))
            }
            _ => most,
        }
    }

    /// Whether a person waits for the first round over the pool.
    fn fails_fast(&self) -> bool {
        matches!(self.policy, Policy::FailFast { .. }) && !self.ever_connected
    }

    /// One connection, from its first packet to its end.
    async fn attempt(&mut self, server: &Server) -> End {
        let within = self.time_to_connect();
        let until = Instant::now() + within;
        // What is read from now on is new.
        self.renew = false;
        let Some(dialled) = self.meanwhile(dial(server, until, within)).await else {
            return End::Closed;
        };
        let mut stream = match dialled {
            Ok(stream) => stream,
            Err(problem) => return End::Failed(problem),
        };
        self.session
            .connect(&server.user, &server.password, until.into_std(), within);
        let mut opened = false;
        let problem = loop {
            match self.drive(server, stream, &mut opened).await {
                Ok(None) => return End::Closed,
                Ok(Some(next)) => stream = next,
                Err(problem) => break problem,
            }
        };
        // What had arrived before the end is still the owner's.
        while let Some(event) = self.session.poll_event(Instant::now().into_std()) {
            let event = self.opened(event, server, &mut opened);
            if self.tell(event).await.is_none() {
                return End::Closed;
            }
        }
        if opened {
            End::Lost(problem)
        } else {
            End::Failed(problem)
        }
    }

    /// Turns the session's event into the owner's, and notes that there is a session.
    pub(super) fn opened(
        &mut self,
        event: session::Event,
        server: &Server,
        opened: &mut bool,
    ) -> Event {
        match event {
            session::Event::Connected {
                server: name,
                version,
                opened: at,
                asked,
            } => {
                *opened = true;
                self.ever_connected = true;
                self.backoff.handle_connected(Instant::now().into_std());
                let info = ServerInfo {
                    host: server.host.clone(),
                    port: server.port,
                    server: name,
                    version,
                    opened: at,
                    asked,
                };
                self.status.send_replace(Status::Connected(info.clone()));
                Event::Connected(info)
            }
            session::Event::Time(at) => Event::Time(at),
            session::Event::Error(message) => Event::BrokerError { message },
            session::Event::Message(message) => Event::Message(message),
        }
    }

    /// Gives the owner an event, and attends to it until it has taken it.
    pub(super) async fn tell(&mut self, event: Event) -> Option<()> {
        let events = self.events.clone();
        // An owner that dropped its receiver does not want to know.
        self.meanwhile(async move { drop(events.send(event).await) })
            .await
    }

    /// Awaits `work` and takes commands at the same time. None where the owner wants an end.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            if self.closing.is_some() {
                return None;
            }
            tokio::select! {
                done = &mut work => return Some(done),
                command = self.commands.recv() => self.handle_command(command),
            }
        }
    }

    /// Takes a command; none comes when the last handle is gone.
    pub(super) fn handle_command(&mut self, command: Option<Command>) {
        match command {
            None => {
                self.closing = Some(Closing {
                    until: Instant::now() + ORPHANED,
                    done: None,
                });
            }
            Some(Command::Close { grace, done }) => {
                self.closing = Some(Closing {
                    until: Instant::now() + grace.min(LONGEST),
                    done: Some(done),
                });
            }
            Some(Command::AskTime) => self.session.ask_time(),
            Some(Command::Renew) => self.renew = true,
            Some(Command::Send(pending)) => {
                self.waiting.retain(|pending| !pending.done.is_closed());
                self.waiting.push_back(pending);
            }
            Some(Command::Subscribe {
                destination,
                selector,
                done,
            }) => {
                self.session.subscribe(&destination, selector.as_deref());
                done.send(()).ok();
            }
            Some(Command::Unsubscribe { destination }) => self.session.unsubscribe(&destination),
        }
    }
}

/// The same time to 10 ms: people read it in errors, and the rest is the timers'.
fn rounded(time: Duration) -> Duration {
    let time = time + GRAIN / 2;
    time.saturating_sub(Duration::from_nanos(
        (time.subsec_nanos() % GRAIN.subsec_nanos()).into(),
    ))
}

const GRAIN: Duration = Duration::from_millis(10);

/// Bounds what a configuration may ask for, so that no sum of times overflows.
const LONGEST: Duration = Duration::from_hours(24);

/// How long the last messages may take when nobody waits for them.
const ORPHANED: Duration = Duration::from_secs(1);

/// The largest body for a client: the presence of 50,000 nodes takes some 10 MB.
const MAX_BODY_CLIENT: usize = 64 * 1024 * 1024;

/// The largest body for an agent, which gets requests only.
const MAX_BODY_AGENT: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests;
