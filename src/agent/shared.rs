//! What every request needs, made of one reading of the configuration, with what outlives it: what
//! was accepted, what runs, and the counters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    action::Agent, audit::Audit, authorise::Authoriser, cap::Cap, choosing::Choosing, host::Host,
    note::Note, transit::Transit,
};
use crate::{
    config::{ProviderError, ServerConfig},
    connector::{Connection, activemq},
    mcorpc::names::Identity,
    node::facts::{self, FactSource},
    security::{pki::Pki, replay::Window},
    stomp::destination::REVOCATIONS,
    sys::{self, refusals::Refusals},
};

/// What every request needs.
pub(super) struct Shared {
    pub(super) host: Arc<Host>,
    pub(super) provider: Arc<Pki>,
    pub(super) audit: Option<Arc<Audit>>,
    pub(super) authoriser: Option<Arc<Authoriser>>,
    pub(super) cap: Cap,
    pub(super) refusals: Arc<Refusals>,
    pub(super) gatehouse: Arc<Mutex<Gatehouse>>,
    pub(super) transit: Arc<Mutex<Transit>>,
    pub(super) choosing: Arc<Choosing>,
}

/// What was accepted so far, and the note of it.
pub(super) struct Gatehouse {
    pub(super) window: Window,
    pub(super) note: Option<Note>,
}

impl Shared {
    /// Loads what the configuration names.
    pub(super) fn new(
        config: ServerConfig,
        agents: Vec<Arc<dyn Agent>>,
    ) -> Result<Self, ProviderError> {
        let pki = &config.common.security.pki;
        let provider = pki.node(config.common.identity.as_ref())?;
        let identity = provider.identity().clone();
        let note = note(&config, &identity);
        let before = note.as_ref().map(Note::last).cloned().unwrap_or_default();
        let window = Window::new(sys::clock::now_ms(), before);
        let facts = fact_source(&config);
        let refusals = Arc::default();
        Ok(Self {
            audit: (config.audit.as_ref()).map(|audit| Arc::new(Audit::new(audit, &refusals))),
            authoriser: Authoriser::of(&config),
            cap: Cap::new(cap(&config)),
            refusals,
            gatehouse: Arc::new(Mutex::new(Gatehouse {
                window: window.with_max_ttl(max_ttl_ms(&config)),
                note,
            })),
            host: Arc::new(Host::new(identity, config, agents, facts)),
            provider: Arc::new(provider),
            transit: Arc::default(),
            choosing: Arc::default(),
        })
    }

    pub(super) fn gatehouse(&self) -> MutexGuard<'_, Gatehouse> {
        self.gatehouse
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn transit(&self) -> MutexGuard<'_, Transit> {
        self.transit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the broker for its time, if that is not known well enough.
    pub(super) fn keep_time(&self, connection: &Connection) {
        let now_ms = sys::clock::since_boot_ms();
        let mut transit = self.transit();
        if transit.is_doubtful(now_ms) && connection.ask_time() {
            transit.asked(now_ms);
        }
    }

    /// Where this node is to be reached, with the selector for what is directed to it alone.
    pub(super) fn addresses(&self) -> Vec<(String, Option<String>)> {
        let selector = activemq::directed_selector(self.host.identity());
        let mut addresses = Vec::new();
        if self.host.config().common.security.pki.crl_updates {
            addresses.push((REVOCATIONS.to_owned(), None));
        }
        for collective in self.host.collectives() {
            addresses.push((activemq::directed(collective), Some(selector.clone())));
            for (name, _) in self.host.agent_ddls() {
                if let Ok(agent) = name.parse() {
                    addresses.push((activemq::agent_topic(collective, &agent), None));
                }
            }
        }
        addresses
    }
}

/// How many actions may run at once.
pub(super) fn cap(config: &ServerConfig) -> usize {
    usize::try_from(config.max_concurrent_actions).unwrap_or(usize::MAX)
}

/// The longest life of a request.
pub(super) fn max_ttl_ms(config: &ServerConfig) -> u64 {
    u64::try_from(config.common.max_ttl.as_millis()).unwrap_or(u64::MAX)
}

/// The facts that the configuration asks for.
pub(super) fn fact_source(config: &ServerConfig) -> Arc<dyn FactSource> {
    let files: Vec<_> = config
        .facts
        .files
        .iter()
        .map(|file| file.to_string_lossy())
        .collect();
    facts::source(Some(files.join(":").as_str()), config.facts.cache_time)
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
