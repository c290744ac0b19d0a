//! The daemon's loop: keeps the subscriptions, takes messages, answers them.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};

use super::{
    action::Agent,
    admission::{Arrival, Gate},
    agents,
    answer::{Job, Known, Next},
    enrolment::Enrolment,
    registration::Registrar,
    renewal::Renewal,
    rest::Rest,
    shared::{Gatehouse, Shared},
    stats::Counter,
};
use crate::{
    config::{self, LogLevel, ServerConfig},
    connector::{Connection, Event, Message, Policy},
    security::SecurityProvider as _,
    stomp::destination::PROCESS_HEADER,
    sys::{
        self,
        notify::{Notifier, watchdog_interval},
        signal::{Signal, Signals},
    },
    text,
};

/// The agent can't be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificates or keys can't be used.
    #[error(transparent)]
    Security(#[from] config::ProviderError),
    /// The system refuses something basic.
    #[error("cannot listen for signals: {0}")]
    Signals(#[from] std::io::Error),
}

/// The daemon.
pub struct Runner {
    /// Replaced as a whole when the configuration is read again; what runs keeps what it began with.
    pub(super) shared: Arc<Shared>,
    /// All agents, also those that the configuration does not activate.
    pub(super) agents: Vec<Arc<dyn Agent>>,
    pub(super) certificates: Renewal,
    pub(super) enrolment: Enrolment,
    pub(super) registrar: Option<Registrar>,
    rest: Rest,
    pub(super) log: LogSwitch,
    pub(super) level: LogLevel,
}

/// Sets the level of the log.
pub type LogSwitch = Box<dyn Fn(LogLevel) + Send + Sync>;

/// Answers that may be on their way while no action runs. They pile up when the broker takes none:
/// what comes beyond is not run but refused.
const MAX_ANSWERS: usize = 1024;

/// Such refusals on their way. What comes beyond is dropped unread.
const MAX_REFUSALS: usize = 256;

/// How often is looked whether certificates or revocation lists were written anew, and whether
/// memory can be given back. Not more often: every node of a fleet wakes up for it.
const UPKEEP: Duration = Duration::from_secs(30);

/// What is said to requests that come too late.
const STOPPING: &str = "the agent on this node is being stopped";

/// Longer than any watchdog's interval.
const DAY: Duration = Duration::from_hours(24);

/// How long the goodbye may take.
const GRACE: Duration = Duration::from_secs(2);

impl Runner {
    /// Loads what the configuration names. `log` is called when another level is asked for.
    pub fn new(config: ServerConfig, log: LogSwitch) -> Result<Self, Error> {
        Self::with_agents(config, agents::builtin(), log)
    }

    /// The same with these agents.
    pub(super) fn with_agents(
        config: ServerConfig,
        agents: Vec<Arc<dyn Agent>>,
        log: LogSwitch,
    ) -> Result<Self, Error> {
        // Before they are read: what is written meanwhile is newer.
        let common = &config.common;
        let certificates = Renewal::of(&common.security.pki, &common.connector);
        Ok(Self {
            level: config.common.logger.level,
            shared: Arc::new(Shared::new(config, agents.clone())?),
            agents,
            certificates,
            enrolment: Enrolment::default(),
            // Its time begins with the daemon's.
            registrar: None,
            rest: Rest::default(),
            log,
        })
    }

    /// Connects, and answers requests until a signal ends it.
    pub async fn run(self) -> Result<(), Error> {
        let mut signals = Signals::listen()?;
        self.serve(async || signals.next().await).await;
        Ok(())
    }

    /// The same with signals from elsewhere. A wait for a signal may be given up at any time.
    async fn serve(mut self, mut next_signal: impl AsyncFnMut() -> Signal) {
        let host = Arc::clone(&self.shared.host);
        // What a map draws against floods serves as well to tell two processes apart.
        let process = RandomState::new().hash_one(std::process::id());
        let headers = vec![
            ("mc-security".to_owned(), "pki".to_owned()),
            (PROCESS_HEADER.to_owned(), format!("{process:x}")),
        ];
        let settings = host.config().common.connector.clone();
        let (connection, mut events) = Connection::start(
            settings,
            host.identity().clone(),
            headers,
            Policy::KeepTrying,
        );
        tracing::info!(
            identity = %host.identity(),
            agents = host.agent_names().join(","),
            version = env!("CARGO_PKG_VERSION"),
            "starting"
        );
        for (destination, selector) in self.shared.addresses() {
            // Only an ended connection refuses, and then the events end too.
            drop(
                connection
                    .subscribe(&destination, selector.as_deref())
                    .await,
            );
        }
        self.registrar = Registrar::new(self.shared.host.config().registration.as_ref());
        let notifier = Notifier::from_env();
        // Without a watchdog a tick is of no use, and costs one wake-up a day.
        let mut watchdog = tokio::time::interval(watchdog_interval().unwrap_or(DAY));
        let mut upkeep = tokio::time::interval(UPKEEP);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut tasks = JoinSet::new();
        let refusals = Arc::clone(&self.shared.refusals);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Message(message)) if self.take_revocations(&message) => {}
                    Some(event) => {
                        self.take(event, &connection, &mut tasks, &notifier);
                        self.rest.after_many(&self.shared);
                    }
                    None => break,
                },
                Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                    if let Err(panic) = ended {
                        tracing::error!("answering a request failed: {panic}");
                    }
                }
                _ = watchdog.tick() => notifier.watchdog(),
                () = at(refusals.due()) => refusals.tell(Instant::now()),
                _ = upkeep.tick() => {
                    self.renew_certificates();
                    self.renew_in_time();
                    self.shared.keep_time(&connection);
                    self.rest.rest(&self.shared);
                },
                () = at(self.certificates.due()) => self.connect_anew(&connection),
                () = at(self.registrar.as_ref().map(Registrar::due)) => {
                    if let Some(registrar) = &mut self.registrar {
                        registrar.tell(&self.shared, &connection);
                    }
                },
                signal = next_signal() => match signal {
                    Signal::Interrupt | Signal::Terminate => break,
                    // The original's unit sends USR1.
                    Signal::Reload | Signal::Usr1 => {
                        notifier.reloading();
                        self.reload(&connection).await;
                        notifier.ready();
                    }
                    Signal::Usr2 => self.next_log_level(),
                },
            }
        }
        tracing::info!("stopping");
        notifier.stopping();
        self.drain(tasks, &mut events, &connection).await;
        self.shared.refusals.tell_rest();
        connection.close(GRACE).await;
    }

    fn take(
        &self,
        event: Event,
        connection: &Connection,
        tasks: &mut JoinSet<()>,
        notifier: &Notifier,
    ) {
        match event {
            Event::Connected(broker) => {
                if let Some(opened) = broker.opened {
                    let now_ms = sys::clock::since_boot_ms();
                    let mut transit = self.shared.transit();
                    transit.opened(opened, broker.asked.elapsed(), now_ms);
                    drop(transit);
                    self.shared.keep_time(connection);
                }
                tracing::info!(broker = %broker.address(), "connected");
                // Starting, and the handshake, needed much that is not needed again.
                sys::memory::give_back();
                notifier.ready();
                notifier.status(&format!("Connected to {}", broker.address()));
            }
            Event::Disconnected { error, retry_in } => {
                let retry =
                    retry_in.map(|wait| humantime::format_duration(round(wait)).to_string());
                tracing::warn!(
                    "{error}; next attempt in {}",
                    retry.as_deref().unwrap_or("never")
                );
                notifier.status(&error.to_string());
            }
            Event::Time(at) => {
                let now_ms = sys::clock::since_boot_ms();
                self.shared.transit().told(at, now_ms);
            }
            Event::BrokerError { message } => tracing::error!("the broker says: {message}"),
            Event::Message(message) => {
                let running = self.shared.cap.running();
                let busy = (tasks.len() >= running + MAX_ANSWERS).then(|| {
                    Known::refused(
                        "too busy",
                        "too busy: the answers of this node are waiting for the broker",
                    )
                });
                self.answer(&message, busy, connection, tasks);
            }
        }
    }

    /// Begins to answer a message, with a refusal where there is one.
    fn answer(
        &self,
        message: &Message,
        refusal: Option<Known>,
        connection: &Connection,
        tasks: &mut JoinSet<()>,
    ) {
        let shared = &self.shared;
        if tasks.len() >= shared.cap.running() + MAX_ANSWERS + MAX_REFUSALS {
            shared.host.stats().count(Counter::Dropped);
            shared.refusals.log("dropped", || {
                let dropped = shared.host.stats().value(Counter::Dropped);
                tracing::warn!(
                    dropped,
                    "{} answers are under way: a request was dropped unread",
                    tasks.len()
                );
            });
            return;
        }
        let Some(mut job) = self.decide(message) else {
            return;
        };
        // What is not run anyway has its own answer.
        if let (Some(refusal), Next::Ask | Next::Run) = (refusal, &job.next) {
            job.next = Next::Answer(refusal);
        }
        tasks.spawn(Arc::clone(shared).work(job, connection.clone()));
    }

    /// Verifies a message and decides what becomes of it.
    fn decide(&self, message: &Message) -> Option<Job> {
        let shared = &self.shared;
        let stats = shared.host.stats();
        stats.count(Counter::Total);
        let request = match shared
            .provider
            .verify_request(&message.body, SystemTime::now())
        {
            Ok(request) => request,
            Err(error) => {
                stats.count(Counter::Unvalidated);
                shared.refusals.log("unverified", || {
                    let sender = message
                        .headers
                        .get("mc_sender")
                        .ok()
                        .flatten()
                        .unwrap_or_default();
                    let connection = message.from.as_ref().map(tracing::field::display);
                    let sender = text::excerpt(&sender, 255);
                    tracing::warn!(sender, connection, "refused: {error}");
                });
                return None;
            }
        };
        stats.count(Counter::Validated);
        let gate = Gate {
            identity: shared.host.identity(),
            collectives: shared.host.collectives(),
            node: &*shared.host,
        };
        let arrival = Arrival {
            now_ms: sys::clock::now_ms(),
            late_ms: message.taken.map_or(0, |taken| {
                let now_ms = sys::clock::since_boot_ms();
                let mut transit = shared.transit();
                transit.observe(taken, now_ms);
                transit.age_ms(taken, now_ms)
            }),
        };
        let mut gatehouse = shared.gatehouse();
        let Gatehouse { window, note } = &mut *gatehouse;
        let decision = gate.decide(&request, window, arrival);
        if let Some(note) = note {
            // Before anything runs: what may have run must be known after a crash.
            note.write(window.accepted());
        }
        drop(gatehouse);
        let next = shared.settle(&request, decision).ok()?;
        let left_ms = request.value().ttl_ms.saturating_sub(arrival.late_ms);
        Some(Job {
            until: Instant::now() + Duration::from_millis(left_ms).min(DAY),
            request,
            from: message.from.clone(),
            next,
        })
    }

    /// Lets running actions end, as long as the configuration allows; then stops those that may be
    /// stopped, and answers for all of them. Requests that still come are refused.
    async fn drain(
        &self,
        mut tasks: JoinSet<()>,
        events: &mut mpsc::Receiver<Event>,
        connection: &Connection,
    ) {
        let soft = self.shared.host.config().soft_shutdown;
        self.finish(&mut tasks, events, connection, soft).await;
        self.shared.cap.end();
        self.finish(&mut tasks, events, connection, GRACE).await;
        // Whatever minds TERM has ended; the rest is killed with the runtime.
        drop(tokio::time::timeout(GRACE, self.shared.cap.stopped()).await);
    }

    async fn finish(
        &self,
        tasks: &mut JoinSet<()>,
        events: &mut mpsc::Receiver<Event>,
        connection: &Connection,
        time: Duration,
    ) {
        let end = Instant::now() + time;
        while !tasks.is_empty() {
            tokio::select! {
                _ = tasks.join_next() => {}
                Some(event) = events.recv() => if let Event::Message(message) = event {
                    let refusal = Known::refused("being stopped", STOPPING);
                    self.answer(&message, Some(refusal), connection, tasks);
                },
                () = tokio::time::sleep_until(end) => break,
            }
        }
    }
}

/// Waits until then; for ever where there is no such time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// To tenths of a second, for a person.
fn round(wait: Duration) -> Duration {
    Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / 100 * 100)
}

#[cfg(test)]
mod tests;
