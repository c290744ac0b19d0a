//! How many are let in, and how many shake hands at once.
//!
//! A TLS handshake costs more than all that follows, and a fleet reconnects all at once: so many
//! are taken up together, and the rest wait for their turn, that the first are done before their
//! patience ends. Who dawdles holds its place only as long as nobody waits for it; otherwise a
//! few idle sockets would keep a whole fleet out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use super::{metrics::Metrics, settings::Limits};

/// How often a slow handshake looks whether somebody waits.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(crate) struct Doors {
    metrics: Arc<Metrics>,
    inside: Mutex<Inside>,
    handshakes: ArcSwap<Semaphore>,
    /// Those that wait for a turn.
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Address,
    All,
}

impl Doors {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            inside: Mutex::default(),
            handshakes: ArcSwap::from_pointee(turns(limits)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Lets so many shake hands at once; those that are at it or wait do so under the old number.
    pub(crate) fn set_handshakes(&self, limits: &Limits) {
        self.handshakes.store(Arc::new(turns(limits)));
    }

    /// Lets a connection in, or counts why not.
    pub(crate) fn enter(self: &Arc<Self>, from: IpAddr, limits: &Limits) -> Result<Place, Full> {
        let address = network(from);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= limits.connections {
            self.metrics.refused_connections.increase();
            return Err(Full::All);
        }
        let most = match limits.connections_per_address {
            0 => usize::MAX,
            most => most,
        };
        let count = inside.by_address.entry(address).or_default();
        if *count >= most {
            self.metrics.refused_per_address.increase();
            return Err(Full::Address);
        }
        *count += 1;
        inside.all += 1;
        self.metrics.connections.increase();
        Ok(Place {
            doors: Arc::clone(self),
            address,
        })
    }

    /// Waits for leave to shake hands; it lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let handshakes = self.handshakes.load_full();
        if let Ok(turn) = Arc::clone(&handshakes).try_acquire_owned() {
            return Some(turn);
        }
        self.metrics.handshakes_queued.increase();
        self.waiting.fetch_add(1, Relaxed);
        let _waiting = Waiting(&self.waiting);
        handshakes.acquire_owned().await.ok()
    }

    /// Ready when a handshake that began now has lasted for so long and others wait for a turn.
    pub(crate) async fn crowded(&self, after: Duration) {
        sleep(after).await;
        while self.waiting.load(Relaxed) == 0 {
            sleep(LOOK).await;
        }
    }
}

fn turns(limits: &Limits) -> Semaphore {
    Semaphore::new(limits.handshakes.clamp(1, Semaphore::MAX_PERMITS))
}

/// Who has one IPv6 address usually has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(network.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Also where the wait is given up, it is over.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doors: Arc<Doors>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let doors = &self.doors;
        doors.metrics.connections.decrease();
        let mut inside = doors.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        if let Some(count) = inside.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inside.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(limits: &Limits) -> Arc<Doors> {
        Arc::new(Doors::new(limits, Arc::default()))
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let limits = Limits {
            connections: 3,
            connections_per_address: 2,
            ..Limits::default()
        };
        let doors = doors(&limits);
        let enter = |address: &str| doors.enter(address.parse().unwrap(), &limits);
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert_eq!(enter("192.0.2.1").unwrap_err(), Full::Address);
        let _third = enter("192.0.2.2").unwrap();
        assert_eq!(enter("192.0.2.3").unwrap_err(), Full::All);
        drop(first);
        let _again = enter("192.0.2.1").unwrap();
        assert_eq!(doors.metrics.connections.value(), 3);
        assert_eq!(doors.metrics.refused_per_address.value(), 1);
        assert_eq!(doors.metrics.refused_connections.value(), 1);
    }

    #[test]
    fn a_network_of_addresses_is_one() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_dawdles_goes_only_where_others_wait() {
        let doors = doors(&Limits {
            handshakes: 1,
            ..Limits::default()
        });
        let slow = doors.turn().await.unwrap();
        let late = doors.crowded(Duration::from_secs(5));
        let mut late = std::pin::pin!(late);
        let minute = tokio::time::timeout(Duration::from_mins(1), &mut late).await;
        assert!(minute.is_err(), "nobody waits");
        let other = tokio::spawn({
            let doors = Arc::clone(&doors);
            async move { doors.turn().await.is_some() }
        });
        late.await;
        drop(slow);
        assert!(other.await.unwrap());
        assert_eq!(doors.metrics.handshakes_queued.value(), 1);
        assert_eq!(doors.waiting.load(Relaxed), 0);
    }
}
