//! What all connections share: rules, router, counters, and the budget for large bodies.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    access::{Access, Rules},
    doors::Doors,
    metrics::Metrics,
    pipe::now,
    report::Figures,
    router::Router,
    settings::Settings,
    table::ConnectionId,
};

/// Bytes that one permit of the receiving budget stands for.
const PERMIT: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) rules: Arc<Rules>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) doors: Arc<Doors>,
    router: Mutex<Router>,
    receiving: Arc<Semaphore>,
    /// Permits in `receiving`.
    permits: usize,
    /// Tells sessions of this start of the broker from those of another.
    start: String,
    serial: AtomicU64,
}

impl Hub {
    pub(crate) fn new(settings: Settings) -> Self {
        let metrics = Arc::new(Metrics::default());
        let router = Router::new(settings.limits, Arc::clone(&metrics));
        let doors = Doors::new(&settings.limits, Arc::clone(&metrics));
        let access = Access::new(&settings);
        let permits = (settings.limits.receiving_bytes / PERMIT).clamp(1, Semaphore::MAX_PERMITS);
        let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // It becomes part of headers, which not every version of STOMP escapes.
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let name: String = settings.name.chars().filter(plain).collect();
        Self {
            start: format!("{name}-{:x}", start.map_or(0, |d| d.as_millis())),
            rules: Arc::new(Rules {
                settings,
                access,
                metrics: Arc::clone(&metrics),
                started: now(),
            }),
            metrics,
            doors: Arc::new(doors),
            router: Mutex::new(router),
            receiving: Arc::new(Semaphore::new(permits)),
            permits,
            serial: AtomicU64::new(0),
        }
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
        let permits = bytes.div_ceil(PERMIT).min(self.permits);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let semaphore = Arc::clone(&self.receiving);
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
