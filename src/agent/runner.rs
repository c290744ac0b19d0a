//! The daemon's loop: keeps the subscriptions, takes messages, answers them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use super::{
    admission::{Arrival, Decision, Gate},
    agents,
    audit::Audit,
    authorise::Authoriser,
    cap::Cap,
    dispatch::{self, End},
    host::Host,
    note::Note,
    stats::Counter,
    transit::Transit,
};
use crate::{
    config::{self, ServerConfig},
    connector::{Connection, Event, Message, Outgoing, Policy, activemq},
    mcorpc::{
        names::{CallerId, Identity},
        reply::{Outcome, Reply, StatusCode},
        request::Request,
    },
    node::facts::{self, FactSource},
    security::{SecurityProvider as _, Verified, pki::Pki, replay::Window},
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
struct Shared {
    host: Arc<Host>,
    provider: Pki,
    audit: Option<Audit>,
    authoriser: Option<Authoriser>,
    cap: Cap,
    gatehouse: Mutex<Gatehouse>,
    transit: Mutex<Transit>,
}

/// What was accepted so far, and the note of it.
struct Gatehouse {
    window: Window,
    note: Option<Note>,
}

/// How long a reply waits for a broker that is away: after it nobody waits for the reply.
const REPLY_PATIENCE: Duration = Duration::from_secs(30);

/// A receipt that is here so soon was not held up.
const PROMPT_MS: u64 = 500;

/// Requests that are being run or answered. What comes beyond is dropped unread.
const MAX_ANSWERS: usize = 1024;

/// Longer than any watchdog's interval.
const DAY: Duration = Duration::from_hours(24);

/// How long the goodbye may take.
const GRACE: Duration = Duration::from_secs(2);

/// Refusals of one kind are logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(1);

impl Runner {
    /// Loads what the configuration names.
    pub fn new(config: ServerConfig) -> Result<Self, Error> {
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
            gatehouse: Mutex::new(Gatehouse {
                window: Window::new(sys::clock::now_ms(), note.as_ref().and_then(Note::last))
                    .with_max_ttl(max_ttl),
                note,
            }),
            host: Arc::new(Host::new(identity, config, agents::builtin(), facts)),
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
        let mut refusals = Refusals::default();
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take(event, &connection, &mut tasks, &notifier, &mut refusals),
                    None => break,
                },
                Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                    if let Err(panic) = ended {
                        tracing::error!("answering a request failed: {panic}");
                    }
                }
                _ = watchdog.tick() => notifier.watchdog(),
                signal = signals.next() => if self.handle_signal(signal) { break },
            }
        }
        notifier.stopping();
        self.drain(tasks, &mut events).await;
        connection.close(GRACE).await;
        Ok(())
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
        refusals: &mut Refusals,
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
                if tasks.len() >= MAX_ANSWERS {
                    refusals.log("dropped", || {
                        tracing::warn!(
                            "{MAX_ANSWERS} answers are under way: a request was dropped"
                        );
                    });
                    return;
                }
                if let Some(job) = self.decide(&message, refusals) {
                    tasks.spawn(Arc::clone(&self.shared).work(job, connection.clone()));
                }
            }
        }
    }

    /// Verifies a message and decides what becomes of it.
    fn decide(&self, message: &Message, refusals: &mut Refusals) -> Option<Job> {
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
                refusals.log("unverified", || {
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
            Decision::Answer {
                outcome,
                code,
                message,
            } => {
                match outcome {
                    Outcome::Nomatch => stats.count(Counter::Filtered),
                    Outcome::Refused => stats.count(Counter::Expired),
                    _ => stats.count(Counter::Passed),
                }
                if outcome != Outcome::Nomatch {
                    refusals.log("refused", || {
                        let asked = request.value();
                        tracing::warn!(
                            caller = %request.caller(), sender = %asked.sender, id = %asked.id,
                            agent = %asked.agent, "{outcome}: {message}"
                        );
                    });
                }
                Some(End {
                    outcome,
                    code,
                    message,
                    data: serde_json::Map::new(),
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
    /// stopped, and answers for all of them.
    async fn drain(&self, mut tasks: JoinSet<()>, events: &mut mpsc::Receiver<Event>) {
        let soft = self.shared.host.config().soft_shutdown;
        Self::finish(&mut tasks, events, soft).await;
        self.shared.cap.end();
        Self::finish(&mut tasks, events, GRACE).await;
        // Whatever minds TERM has ended; the rest is killed with the runtime.
        drop(tokio::time::timeout(GRACE, self.shared.cap.stopped()).await);
    }

    async fn finish(tasks: &mut JoinSet<()>, events: &mut mpsc::Receiver<Event>, time: Duration) {
        let end = Instant::now() + time;
        while !tasks.is_empty() {
            tokio::select! {
                _ = tasks.join_next() => {}
                // Requests that still come are not begun; the broker drops them with us.
                Some(_) = events.recv() => {}
                () = tokio::time::sleep_until(end) => break,
            }
        }
    }
}

/// A verified request, and its answer where that is known without running anything.
struct Job {
    request: Verified<Request>,
    answer: Option<End>,
}

impl Shared {
    fn transit(&self) -> MutexGuard<'_, Transit> {
        self.transit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what is to be run, and answers.
    async fn work(self: Arc<Self>, job: Job, connection: Connection) {
        let request = &job.request;
        // The receipt of a refusal tells how the broker's clock stands, in case that was the cause.
        let doubted = matches!(&job.answer, Some(end) if end.outcome == Outcome::Refused);
        let end = match job.answer {
            Some(end) => end,
            None => self.run(request).await,
        };
        let asked = request.value();
        if end.outcome != Outcome::Nomatch
            && asked.agent.as_str() != "discovery"
            && let Some(audit) = &self.audit
        {
            audit.note(request, &end, sys::clock::now_ms());
        }
        let Some(reply_to) = asked.reply_to.as_ref().filter(|_| asked.want_reply) else {
            return;
        };
        let reply = self.reply(asked, request.caller(), end);
        let body = match self.provider.sign_reply(&reply, request.digest()) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(id = %asked.id, "no answer: {error}");
                return;
            }
        };
        let asked_at = sys::clock::since_boot_ms();
        let sent = connection
            .send(Outgoing {
                destination: reply_to.clone(),
                headers: activemq::reply_headers(
                    self.host.identity(),
                    SystemTime::now(),
                    REPLY_PATIENCE,
                ),
                targets: Vec::new(),
                body,
                receipt: doubted,
                deadline: Some(Instant::now() + REPLY_PATIENCE),
            })
            .await;
        match sent {
            Ok(receipt) => {
                self.host.stats().count(Counter::Replies);
                let now_ms = sys::clock::since_boot_ms();
                if let Some(at) = receipt.and_then(|receipt| receipt.at)
                    && now_ms.saturating_sub(asked_at) <= PROMPT_MS
                {
                    self.transit().observe_prompt(at, now_ms);
                }
            }
            Err(error) => tracing::warn!(id = %asked.id, "the answer was not sent: {error}"),
        }
    }

    async fn run(&self, request: &Verified<Request>) -> End {
        let asked = request.value();
        let Some(agent) = self.host.agent(asked.agent.as_str()) else {
            return End {
                outcome: Outcome::NoAgent,
                code: StatusCode::UNKNOWN_ERROR,
                message: format!("There is no agent '{}' on this node", asked.agent),
                data: serde_json::Map::new(),
            };
        };
        if let Some(denied) = self.authorise(request) {
            return denied;
        }
        if asked.agent.as_str() != "discovery" {
            tracing::info!(
                caller = %request.caller(), sender = %asked.sender, id = %asked.id,
                "{}#{}", asked.agent, asked.action
            );
        }
        dispatch::run(
            Arc::clone(agent),
            request,
            Arc::clone(&self.host),
            &self.cap,
        )
        .await
    }

    /// How a call ends that no policy allows. This comes before its inputs are looked at: who may
    /// not call learns nothing of what would be valid.
    fn authorise(&self, request: &Verified<Request>) -> Option<End> {
        let (caller, asked) = (request.caller(), request.value());
        let verdict =
            self.authoriser
                .as_ref()?
                .decide(caller, &asked.agent, &asked.action, &*self.host);
        if verdict.allowed {
            tracing::debug!(id = %asked.id, "allowed by {}", verdict.why);
            return None;
        }
        tracing::warn!(
            caller = %caller, sender = %asked.sender, id = %asked.id,
            agent = %asked.agent, action = %asked.action, "denied by {}", verdict.why
        );
        Some(End {
            outcome: Outcome::Denied,
            code: StatusCode::ABORTED,
            message: "You are not authorized to call this agent or action.".to_owned(),
            data: serde_json::Map::new(),
        })
    }

    fn reply(&self, request: &Request, caller: &CallerId, end: End) -> Reply {
        Reply {
            id: request.id.clone(),
            caller: caller.clone(),
            agent: request.agent.clone(),
            sender: self.host.identity().clone(),
            outcome: end.outcome,
            statuscode: end.code,
            statusmsg: end.message,
            data: end.data,
            time_ms: sys::clock::now_ms(),
        }
    }
}

/// Keeps refusals from filling the log: one line of a kind a second, and how many there were.
#[derive(Default)]
struct Refusals {
    kinds: HashMap<&'static str, (Option<Instant>, u64)>,
}

impl Refusals {
    fn log(&mut self, kind: &'static str, write: impl FnOnce()) {
        let (last, unsaid) = self.kinds.entry(kind).or_default();
        if last.is_some_and(|last| last.elapsed() < LOG_EVERY) {
            *unsaid += 1;
            return;
        }
        if *unsaid > 0 {
            tracing::warn!("{unsaid} more requests were {kind}");
        }
        (*last, *unsaid) = (Some(Instant::now()), 0);
        write();
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

/// To tenths of a second, for a person.
fn round(wait: Duration) -> Duration {
    Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / 100 * 100)
}
