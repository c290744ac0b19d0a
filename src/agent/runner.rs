//! The daemon's loop: keeps the subscriptions, takes messages, answers them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use super::{
    action::Agent,
    admission::{Arrival, Decision, Gate},
    agents,
    answer::{Job, Known},
    audit::Audit,
    authorise::Authoriser,
    cap::Cap,
    dispatch::End,
    host::Host,
    note::Note,
    refusals::Refusals,
    stats::Counter,
    transit::Transit,
};
use crate::{
    config::{self, ServerConfig},
    connector::{Connection, Event, Message, Policy, activemq},
    mcorpc::{names::Identity, reply::Outcome},
    node::facts::{self, FactSource},
    security::{SecurityProvider as _, pki::Pki, replay::Window},
    sys::{
        self,
        notify::{Notifier, watchdog_interval},
        signal::{Signal, Signals},
    },
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
    shared: Arc<Shared>,
}

/// What every request needs.
pub(super) struct Shared {
    pub(super) host: Arc<Host>,
    pub(super) provider: Pki,
    pub(super) audit: Option<Audit>,
    pub(super) authoriser: Option<Authoriser>,
    pub(super) cap: Cap,
    pub(super) refusals: Refusals,
    gatehouse: Mutex<Gatehouse>,
    transit: Mutex<Transit>,
}

impl Shared {
    pub(super) fn transit(&self) -> MutexGuard<'_, Transit> {
        self.transit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was accepted so far, and the note of it.
struct Gatehouse {
    window: Window,
    note: Option<Note>,
}

/// Answers that may be on their way while no action runs. They pile up when the broker takes none:
/// what comes beyond is not run but refused.
const MAX_ANSWERS: usize = 1024;

/// Such refusals on their way. What comes beyond is dropped unread.
const MAX_REFUSALS: usize = 256;

/// What is said to requests that come too late.
const STOPPING: &str = "the agent on this node is being stopped";

/// Longer than any watchdog's interval.
const DAY: Duration = Duration::from_hours(24);

/// How long the goodbye may take.
const GRACE: Duration = Duration::from_secs(2);

impl Runner {
    /// Loads what the configuration names.
    pub fn new(config: ServerConfig) -> Result<Self, Error> {
        Self::with_agents(config, agents::builtin())
    }

    /// The same with these agents.
    fn with_agents(config: ServerConfig, agents: Vec<Arc<dyn Agent>>) -> Result<Self, Error> {
        let provider = config
            .common
            .security
            .pki
            .node(config.common.identity.as_ref())?;
        let identity = provider.identity().clone();
        let facts = facts(&config);
        let note = note(&config, &identity);
        let max_ttl = u64::try_from(config.common.max_ttl.as_millis()).unwrap_or(u64::MAX);
        let shared = Shared {
            audit: config.audit_file.clone().map(Audit::new),
            authoriser: config.authorization.clone().map(Authoriser::new),
            cap: Cap::new(usize::try_from(config.max_concurrent_actions).unwrap_or(usize::MAX)),
            refusals: Refusals::default(),
            gatehouse: Mutex::new(Gatehouse {
                window: Window::new(sys::clock::now_ms(), note.as_ref().and_then(Note::last))
                    .with_max_ttl(max_ttl),
                note,
            }),
            host: Arc::new(Host::new(identity, config, agents, facts)),
            provider,
            transit: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Connects, and answers requests until a signal ends it.
    pub async fn run(self) -> Result<(), Error> {
        let mut signals = Signals::listen()?;
        self.serve(async || signals.next().await).await;
        Ok(())
    }

    /// The same with signals from elsewhere. A wait for a signal may be given up at any time.
    async fn serve(self, mut next_signal: impl AsyncFnMut() -> Signal) {
        let host = Arc::clone(&self.shared.host);
        let headers = vec![("mc-security".to_owned(), "pki".to_owned())];
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
        self.subscribe(&connection).await;
        let notifier = Notifier::from_env();
        // Without a watchdog a tick is of no use, and costs one wake-up a day.
        let mut watchdog = tokio::time::interval(watchdog_interval().unwrap_or(DAY));
        let mut tasks = JoinSet::new();
        loop {
            let refusals = &self.shared.refusals;
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take(event, &connection, &mut tasks, &notifier),
                    None => break,
                },
                Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                    if let Err(panic) = ended {
                        tracing::error!("answering a request failed: {panic}");
                    }
                }
                _ = watchdog.tick() => notifier.watchdog(),
                () = at(refusals.due()) => refusals.tell(Instant::now()),
                signal = next_signal() => if self.handle_signal(signal) { break },
            }
        }
        notifier.stopping();
        self.drain(tasks, &mut events, &connection).await;
        self.shared.refusals.tell(Instant::now() + DAY);
        connection.close(GRACE).await;
    }

    async fn subscribe(&self, connection: &Connection) {
        let host = &self.shared.host;
        let selector = activemq::directed_selector(host.identity());
        for collective in host.collectives() {
            let mut addresses = vec![(activemq::directed(collective), Some(selector.as_str()))];
            for (name, _) in host.agent_ddls() {
                if let Ok(agent) = name.parse() {
                    addresses.push((activemq::agent_topic(collective, &agent), None));
                }
            }
            for (destination, selector) in addresses {
                // Only an ended connection refuses, and then the events end too.
                drop(connection.subscribe(&destination, selector).await);
            }
        }
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
                tracing::info!(broker = %broker.address(), "connected");
                if let Some(opened) = broker.opened {
                    self.shared
                        .transit()
                        .observe(opened, sys::clock::since_boot_ms());
                }
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
        job.answer = job.answer.or(refusal);
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
                    tracing::warn!(
                        sender = sender.escape_debug().to_string(),
                        "refused: {error}"
                    );
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
        let mut gatehouse = shared
            .gatehouse
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Gatehouse { window, note } = &mut *gatehouse;
        let decision = gate.decide(&request, window, arrival);
        if let Some(note) = note {
            // Before anything runs: what may have run must be known after a crash.
            note.write(window.newest_accepted());
        }
        drop(gatehouse);
        let answer = match decision {
            Decision::Run => {
                stats.count(Counter::Passed);
                None
            }
            Decision::Ignore(why) => {
                stats.count(Counter::Filtered);
                tracing::debug!(id = %request.value().id, "ignored: {why}");
                return None;
            }
            Decision::Refuse(refusal) => {
                stats.count(Counter::Expired);
                Some(Known::refused(refusal.kind(), refusal.to_string()))
            }
            Decision::Answer {
                outcome,
                code,
                message,
            } => {
                stats.count(match outcome {
                    Outcome::Nomatch => Counter::Filtered,
                    _ => Counter::Passed,
                });
                let end = End {
                    outcome,
                    code,
                    message,
                    data: serde_json::Map::new(),
                };
                Some(Known {
                    end,
                    kind: outcome.as_str(),
                })
            }
        };
        Some(Job { request, answer })
    }

    /// Whether the daemon is to end.
    fn handle_signal(&self, signal: Signal) -> bool {
        match signal {
            Signal::Interrupt | Signal::Terminate => {
                tracing::info!("stopping");
                true
            }
            Signal::Reload => {
                match self.shared.provider.reload() {
                    Ok(()) => {
                        tracing::info!("certificates, keys and revocation lists were read again");
                    }
                    Err(error) => tracing::error!("the old certificates stay in force: {error}"),
                }
                false
            }
            Signal::Usr1 | Signal::Usr2 => false,
        }
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

/// The note of what was accepted. Without one, the start of the process is the bound.
fn note(config: &ServerConfig, identity: &Identity) -> Option<Note> {
    let dir = config.common.state_dir.clone();
    let dir = dir.unwrap_or_else(sys::paths::daemon_state_dir);
    Note::open(&dir, identity)
        .inspect_err(|error| {
            tracing::warn!(
                "cannot note accepted requests in {}: {error}; name another directory with `statedir`",
                dir.display()
            );
        })
        .ok()
}

/// The facts that the configuration asks for.
fn facts(config: &ServerConfig) -> Arc<dyn FactSource> {
    let files: Vec<_> = config
        .facts
        .files
        .iter()
        .map(|file| file.to_string_lossy())
        .collect();
    facts::source(Some(files.join(":").as_str()), config.facts.cache_time)
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
