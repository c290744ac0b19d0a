//! The nodes: each connects, answers every request, and comes back when it is cut off.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{
    Fault, Result,
    dial::{SharedDialer, Who},
    session::{HEARTBEAT, Session},
    tally::Tag,
    wire::{Dialect, Incoming},
};

/// The first pause after a lost connection; it doubles with each attempt, as an agent's does, and
/// chance takes up to half of it.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause, as an agent's.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A connection that takes longer is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A fleet of this shape.
pub(crate) struct Plan {
    pub(crate) dialer: SharedDialer,
    pub(crate) dialect: Dialect,
    pub(crate) nodes: usize,
    pub(crate) reply_bytes: usize,
    /// Nodes that connect at the same time.
    pub(crate) at_once: usize,
}

/// See the module.
pub(crate) struct Fleet {
    pub(crate) plan: Plan,
    pub(crate) connected: watch::Sender<usize>,
    gate: Semaphore,
    log: Mutex<Log>,
}

/// What happened to the nodes.
#[derive(Default)]
struct Log {
    /// How long each attempt to connect took.
    attempts: Vec<Duration>,
    faults: BTreeMap<String, usize>,
}

/// A node's name, also in its certificate. The limit server reads its number off the end.
pub(crate) fn identity(number: usize) -> String {
    format!("node{number:05}")
}

impl Fleet {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            gate: Semaphore::new(plan.at_once.max(1)),
            connected: watch::Sender::new(0),
            log: Mutex::default(),
            plan,
        }
    }

    /// Lets all nodes live; within a runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        for number in 0..self.plan.nodes {
            tokio::spawn(Arc::clone(self).node(number));
        }
    }

    /// From now on all nodes may connect at the same time.
    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(self.plan.nodes);
    }

    /// Waits until every node is connected, or none is.
    pub(crate) async fn all(&self, connected: bool) {
        let wanted = if connected { self.plan.nodes } else { 0 };
        let mut count = self.connected.subscribe();
        // The sender lives as long as the fleet.
        drop(count.wait_for(|count| *count == wanted).await);
    }

    /// How long the attempts to connect took since this was asked before.
    pub(crate) fn take_attempts(&self) -> Vec<Duration> {
        std::mem::take(&mut self.log().attempts)
    }

    /// What went wrong since this was asked before, and how often.
    pub(crate) fn take_faults(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.log().faults)
    }

    fn note(&self, what: &str, fault: &Fault) {
        let text = format!("{what}: {fault}");
        *self.log().faults.entry(text).or_default() += 1;
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn node(self: Arc<Self>, number: usize) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect(number).await {
                Ok(session) => {
                    pause = FIRST_PAUSE;
                    self.connected.send_modify(|count| *count += 1);
                    let Err(fault) = self.answer(number, session).await;
                    self.note("a node lost its connection", &fault);
                    self.connected.send_modify(|count| *count -= 1);
                }
                Err(fault) => self.note("a node could not connect", &fault),
            }
            sleep(pause.mul_f64(0.5 + 0.5 * share())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self, number: usize) -> Result<Session> {
        let _turn = self.gate.acquire().await?;
        let start = Instant::now();
        let subscriptions = self.plan.dialect.node_subscriptions(&identity(number));
        let session = timeout(
            PATIENCE,
            Session::open(
                &self.plan.dialer,
                self.plan.dialect,
                Who::Node(number),
                &subscriptions,
            ),
        );
        let session = session.await.map_err(|_| "it took too long")?;
        self.log().attempts.push(start.elapsed());
        session
    }

    async fn answer(&self, number: usize, mut session: Session) -> Result<Infallible> {
        let (dialect, name) = (self.plan.dialect, identity(number));
        // Not all at the same instant.
        let mut beat = interval_at(Instant::now() + HEARTBEAT.mul_f64(share()), HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut out = Vec::new();
        loop {
            while let Some(incoming) = session.take()? {
                match incoming {
                    Incoming::Message { reply_to, body } => {
                        let tag = Tag::read(&body).ok_or("a request that is not of this bench")?;
                        let to = reply_to.ok_or("a request without a reply address")?;
                        let tag = Tag {
                            node: u32::try_from(number)?,
                            ..tag
                        };
                        let body = tag.body(self.plan.reply_bytes);
                        dialect.reply(&mut out, &name, &to, &body);
                    }
                    Incoming::Ping => out.extend_from_slice(dialect.pong()),
                    _ => {}
                }
            }
            if !out.is_empty() {
                session.send(&out).await?;
                out = Vec::new();
            }
            tokio::select! {
                received = session.receive() => received?,
                _ = beat.tick() => session.send(dialect.heartbeat()).await?,
            }
        }
    }
}

/// A random number from 0 up to 1.
#[allow(clippy::cast_possible_truncation)] // the lower half is as random as the whole
pub(crate) fn share() -> f64 {
    let number = RandomState::new().build_hasher().finish() as u32;
    f64::from(number) / (f64::from(u32::MAX) + 1.0)
}
