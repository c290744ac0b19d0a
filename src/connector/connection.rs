//! The handle by which agent and client use a connection. The work is done by the task in `link`.

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout_at,
};

use super::{
    Settings,
    error::Error,
    link::{Command, Link, Pending, Status},
    message::{Event, Outgoing, Receipt, ServerInfo},
};
use crate::mcorpc::names::Identity;

/// What to do while no broker can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Give up after the first round over the pool: a person is waiting. Once connected, a lost
    /// connection is made again all the same.
    FailFast {
        /// How long that round may take. Each broker gets its part of what is left, so that one that
        /// swallows everything does not take the time of those that work.
        within: Duration,
    },
    /// Try until it works, and say so in events: nobody is there to start us again.
    KeepTrying,
}

/// A connection to one broker of a pool at a time, made again when it is lost. Clones share it; it
/// ends with [`Connection::close`] or with the last clone.
#[derive(Clone, Debug)]
pub struct Connection {
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<Status>,
    policy: Policy,
}

impl Connection {
    /// Starts to connect, in a task of its own, and gives the handle and what happens.
    ///
    /// The events must be taken all the time: while they wait nothing is read from the socket, and
    /// so no receipt arrives either. Who wants no events drops the receiver.
    pub fn start(
        settings: Settings,
        identity: Identity,
        connect_headers: Vec<(String, String)>,
        policy: Policy,
    ) -> (Self, mpsc::Receiver<Event>) {
        let (commands, to_link) = mpsc::channel(COMMANDS);
        let (from_link, events) = mpsc::channel(EVENTS);
        let (status, seen) = watch::channel(Status::Connecting);
        let link = Link::new(
            settings,
            identity,
            connect_headers,
            policy,
            to_link,
            from_link,
            status,
        );
        tokio::spawn(link.run());
        let connection = Self {
            commands,
            status: seen,
            policy,
        };
        (connection, events)
    }

    /// Waits for a session. Fails where the policy gives up.
    pub async fn connected(&self) -> Result<ServerInfo, Error> {
        let mut status = self.status.clone();
        loop {
            match &*status.borrow_and_update() {
                Status::Connected(server) => return Ok(server.clone()),
                Status::Ended(error) => return Err(error.clone()),
                // There was a session, which ended before we looked.
                Status::Down(error) if matches!(self.policy, Policy::FailFast { .. }) => {
                    return Err(error.clone());
                }
                Status::Connecting | Status::Down(_) => {}
            }
            if status.changed().await.is_err() {
                return Err(self.ended());
            }
        }
    }

    /// The broker at the other end just now.
    pub fn server(&self) -> Option<ServerInfo> {
        match &*self.status.borrow() {
            Status::Connected(server) => Some(server.clone()),
            _ => None,
        }
    }

    /// Wants the messages of a destination, now and after every reconnection, ahead of whatever is
    /// sent after this call. A broker that refuses says so in an [`Event::BrokerError`].
    pub async fn subscribe(&self, destination: &str, selector: Option<&str>) -> Result<(), Error> {
        let (done, taken) = oneshot::channel();
        let command = Command::Subscribe {
            destination: destination.to_owned(),
            selector: selector.map(str::to_owned),
            done,
        };
        self.command(command).await?;
        taken.await.map_err(|_| self.ended())
    }

    /// Wants them no longer.
    pub async fn unsubscribe(&self, destination: &str) {
        let command = Command::Unsubscribe {
            destination: destination.to_owned(),
        };
        // A connection that has ended has no subscriptions: done, too.
        drop(self.command(command).await);
    }

    /// Makes a new connection that takes the place of the one that there is, if that is to our own
    /// broker: with the certificates as they are on disk now, and losing nothing. False where the
    /// task is too busy to be told.
    pub fn renew(&self) -> bool {
        self.commands.try_send(Command::Renew).is_ok()
    }

    /// Asks our own broker for its time, which comes as an [`Event::Time`] if the session lasts.
    /// False where the task is too busy to be told.
    pub fn ask_time(&self) -> bool {
        self.commands.try_send(Command::AskTime).is_ok()
    }

    /// Sends a message, and returns when it is written, or handled by the broker where a receipt is
    /// asked for. Waits for a connection, at most until the deadline.
    ///
    /// After [`Error::Lost`] the broker may have handled the message or not; after
    /// [`Error::Deadline`] likewise, where there was a connection. It is never sent twice by us.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Option<Receipt>, Error> {
        let deadline = outgoing.deadline;
        let (done, outcome) = oneshot::channel();
        let sending = async {
            self.command(Command::Send(Pending { outgoing, done }))
                .await?;
            outcome.await.unwrap_or_else(|_| Err(self.ended()))
        };
        match deadline {
            None => sending.await,
            Some(deadline) => timeout_at(deadline, sending).await.unwrap_or_else(|_| {
                Err(Error::Deadline {
                    last: self.last_error().map(Box::new),
                })
            }),
        }
    }

    /// Ends the connection for all clones: what was given to [`Self::send`] is written, the broker
    /// confirms, and all of it takes at most `grace`.
    pub async fn close(self, grace: Duration) {
        let (done, ended) = oneshot::channel();
        if self.command(Command::Close { grace, done }).await.is_ok() {
            // An error is a link that ended for another reason, and ended it is.
            drop(ended.await);
        }
    }

    async fn command(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).await.map_err(|_| self.ended())
    }

    /// Why there is no link any more.
    fn ended(&self) -> Error {
        match &*self.status.borrow() {
            Status::Ended(error) => error.clone(),
            _ => Error::Closed,
        }
    }

    fn last_error(&self) -> Option<Error> {
        match &*self.status.borrow() {
            Status::Ended(error) | Status::Down(error) => Some(error.clone()),
            Status::Connecting | Status::Connected(_) => None,
        }
    }
}

/// Commands that may wait for the task. More make their senders wait.
const COMMANDS: usize = 32;

/// Events that may wait for the owner. More make the socket wait.
const EVENTS: usize = 64;
