//! What all connections share: rules, router, counters, and the budget for large bodies. The
//! rules can be replaced: `reload` says how.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::SystemTime,
};

use arc_swap::ArcSwap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    access::Rules,
    doors::Doors,
    join::Joiners,
    metrics::Metrics,
    pipe::now,
    report::Figures,
    router::Router,
    settings::{Limits, Settings},
    table::ConnectionId,
};
use crate::sys::refusals::Refusals;

/// Bytes that one permit of the receiving budget stands for.
const PERMIT: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Hub {
    rules: ArcSwap<Rules>,
    /// Of the rules; a connection looks here each time it wakes.
    generation: AtomicU64,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) doors: Arc<Doors>,
    router: Mutex<Router>,
    receiving: ArcSwap<Receiving>,
    pub(crate) joiners: Joiners,
    /// Tells sessions of this start of the broker from those of another.
    start: String,
    serial: AtomicU64,
}

/// The budget for large bodies that come in.
#[derive(Debug)]
struct Receiving {
    semaphore: Arc<Semaphore>,
    /// Permits that there are in all.
    permits: usize,
}

impl Receiving {
    fn new(limits: &Limits) -> Self {
        let permits = (limits.receiving_bytes / PERMIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(permits)),
            permits,
        }
    }
}

impl Hub {
    pub(crate) fn new(settings: Settings) -> Self {
        let metrics = Arc::new(Metrics::default());
        let refusals = Arc::default();
        let router = Router::new(settings.limits, Arc::clone(&metrics), Arc::clone(&refusals));
        let doors = Doors::new(&settings.limits, Arc::clone(&metrics));
        let receiving = Receiving::new(&settings.limits);
        let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // It becomes part of headers, which not every version of STOMP escapes.
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let name: String = settings.name.chars().filter(plain).collect();
        let rules = Rules::new(settings, Arc::clone(&metrics), Arc::clone(&refusals), now());
        Self {
            start: format!("{name}-{:x}", start.map_or(0, |d| d.as_millis())),
            refusals,
            rules: ArcSwap::from_pointee(rules),
            generation: AtomicU64::new(0),
            metrics,
            doors: Arc::new(doors),
            router: Mutex::new(router),
            receiving: ArcSwap::from_pointee(receiving),
            joiners: Joiners::default(),
            serial: AtomicU64::new(0),
        }
    }

    /// What holds now. Who keeps it has to look at [`Self::generation`] now and then.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// The number of the newest rules.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Acquire)
    }

    /// Lets other rules hold from now on.
    pub(super) fn replace_rules(&self, rules: Rules) {
        let generation = rules.generation;
        let limits = rules.settings.limits;
        let old = self.rules.swap(Arc::new(rules));
        // Who waits, or has a share, has it of the old budget until it is done.
        if old.settings.limits.receiving_bytes != limits.receiving_bytes {
            self.receiving.store(Arc::new(Receiving::new(&limits)));
        }
        if old.settings.limits.handshakes != limits.handshakes {
            self.doors.set_handshakes(&limits);
        }
        self.router().set_limits(limits);
        self.generation.store(generation, Release);
    }

    /// The router, for a moment: never across an await, nor while copying to a fleet.
    pub(crate) fn router(&self) -> MutexGuard<'_, Router> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every counter, and what there is now.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = self.metrics.all();
        figures.extend(self.router().figures());
        figures
    }

    /// A new connection's number and its session's name.
    pub(crate) fn next_session(&self) -> (ConnectionId, String) {
        let serial = self.serial.fetch_add(1, Relaxed) + 1;
        (ConnectionId(serial), format!("{}-{serial}", self.start))
    }

    /// Waits until so many bytes may be received.
    pub(crate) fn reserve(
        &self,
        bytes: usize,
    ) -> impl Future<Output = Option<OwnedSemaphorePermit>> + Send + use<> {
        let receiving = self.receiving.load();
        let permits = bytes.div_ceil(PERMIT).min(receiving.permits);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let semaphore = Arc::clone(&receiving.semaphore);
        let metrics = Arc::clone(&self.metrics);
        async move {
            if let Ok(permit) = Arc::clone(&semaphore).try_acquire_many_owned(permits) {
                return Some(permit);
            }
            metrics.bodies_delayed.increase();
            semaphore.acquire_many_owned(permits).await.ok()
        }
    }
}
