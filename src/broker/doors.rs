//! How many are let in, and how many shake hands at once.
//!
//! A TLS handshake costs more than all that follows, and a fleet reconnects all at once: so many
//! are taken up together, and the rest wait for their turn, that the first are done before their
//! patience ends. Who dawdles holds its place only as long as nobody waits for it; otherwise a
//! few idle sockets would keep a whole fleet out. And no address has more than a part of the places:
//! hundreds of sockets that begin a handshake and stop keep only those waiting who come from there.
//! A whole fleet behind one address is served as fast, as honest handshakes take milliseconds.

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

use super::{
    metrics::{Counter, Metrics},
    settings::Limits,
};

/// One address has at most this part of all turns.
const SHARE: usize = 4;

/// How often a slow handshake looks whether somebody waits.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(crate) struct Doors {
    metrics: Arc<Metrics>,
    inside: Mutex<Inside>,
    handshakes: ArcSwap<Turns>,
    /// Those that shake hands or wait for it, by address.
    visits: Mutex<HashMap<IpAddr, (usize, Arc<Turns>)>>,
}

/// Leave to shake hands: of all addresses together, or of one.
#[derive(Debug)]
struct Turns {
    semaphore: Arc<Semaphore>,
    /// Those that wait for a turn.
    waiting: AtomicUsize,
    /// How many one address has of these.
    share: usize,
}

impl Turns {
    fn new(turns: usize) -> Arc<Self> {
        let turns = turns.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            semaphore: Arc::new(Semaphore::new(turns)),
            waiting: AtomicUsize::new(0),
            share: turns.div_ceil(SHARE),
        })
    }

    /// Waits for one. `queued` counts those that wait, each once.
    async fn take(&self, queued: &mut Option<&Counter>) -> Option<OwnedSemaphorePermit> {
        let semaphore = Arc::clone(&self.semaphore);
        if let Ok(turn) = Arc::clone(&semaphore).try_acquire_owned() {
            return Some(turn);
        }
        if let Some(queued) = queued.take() {
            queued.increase();
        }
        self.waiting.fetch_add(1, Relaxed);
        let _waiting = Waiting(&self.waiting);
        semaphore.acquire_owned().await.ok()
    }

    fn is_wanted(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }
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
            handshakes: ArcSwap::new(Turns::new(limits.handshakes)),
            visits: Mutex::default(),
        }
    }

    /// Lets so many shake hands at once; those that are at it or wait do so under the old number.
    pub(crate) fn set_handshakes(&self, limits: &Limits) {
        self.handshakes.store(Turns::new(limits.handshakes));
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

    /// Somebody from this address would shake hands.
    pub(crate) fn visit(self: &Arc<Self>, from: IpAddr) -> Visit {
        let address = network(from);
        let all = self.handshakes.load_full();
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, own) = visits
            .entry(address)
            .or_insert_with(|| (0, Turns::new(all.share)));
        *count += 1;
        Visit {
            doors: Arc::clone(self),
            address,
            own: Arc::clone(own),
            all,
        }
    }
}

/// One that shakes hands or waits for it.
#[derive(Debug)]
pub(crate) struct Visit {
    doors: Arc<Doors>,
    address: IpAddr,
    /// The turns of its address.
    own: Arc<Turns>,
    all: Arc<Turns>,
}

impl Visit {
    /// Waits for leave to shake hands; it lasts until it is dropped.
    pub(crate) async fn turn(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let mut queued = Some(&self.doors.metrics.handshakes_queued);
        let own = self.own.take(&mut queued).await?;
        Some([own, self.all.take(&mut queued).await?])
    }

    /// Ready when a handshake that began now has lasted for so long and others wait for a turn.
    pub(crate) async fn crowded(&self, after: Duration) {
        sleep(after).await;
        while !self.own.is_wanted() && !self.all.is_wanted() {
            sleep(LOOK).await;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let visits = &self.doors.visits;
        let mut visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, _)) = visits.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                visits.remove(&self.address);
            }
        }
    }
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
    use tokio::time::timeout;

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
        let visits = [1, 1, 2].map(|at| doors.visit([192, 0, 2, at].into()));
        for other in &visits[1..] {
            let slow = visits[0].turn().await.unwrap();
            let mut late = std::pin::pin!(visits[0].crowded(Duration::from_secs(5)));
            let minute = timeout(Duration::from_mins(1), &mut late).await;
            assert!(minute.is_err(), "nobody waits");
            let mut other = std::pin::pin!(other.turn());
            assert!(timeout(Duration::ZERO, &mut other).await.is_err());
            late.await;
            drop(slow);
            assert!(other.await.is_some());
        }
        assert_eq!(doors.metrics.handshakes_queued.value(), 2);
        drop(visits);
        assert!(doors.visits.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_has_a_part_of_the_turns_and_nobody_else_waits_for_it() {
        let doors = doors(&Limits {
            handshakes: 8,
            ..Limits::default()
        });
        let from = |at: u8| doors.visit([192, 0, 2, at].into());
        let takes = async |visit: &Visit| timeout(Duration::ZERO, visit.turn()).await.ok();
        let many: Vec<_> = (0..100).map(|_| from(1)).collect();
        let mut turns = Vec::new();
        for visit in &many {
            turns.extend(takes(visit).await);
        }
        assert_eq!(turns.len(), 2);
        let (other, waiting) = (from(2), many.last().unwrap());
        let others = takes(&other).await;
        assert!(others.is_some());
        // Who waits makes its own neighbours hurry, and nobody else.
        let mut wait = std::pin::pin!(waiting.turn());
        assert!(timeout(Duration::ZERO, &mut wait).await.is_err());
        many[0].crowded(Duration::ZERO).await;
        let calm = timeout(Duration::from_mins(1), other.crowded(Duration::ZERO)).await;
        assert!(calm.is_err());
        drop(turns);
        assert!(wait.await.is_some());
    }
}
