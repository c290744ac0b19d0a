//! Takes connections in: limits, TLS handshake, then a task for each.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch::Receiver},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    Error,
    access::PeerName,
    connection::serve,
    hub::Hub,
    settings::{Listen, Tls},
};

/// Connections that the kernel keeps for us; a fleet reconnects all at once.
const BACKLOG: u32 = 4096;

/// Bytes that rustls may keep for one connection that does not take them.
const TLS_BUFFER: usize = 16 * 1024;

/// How long to wait where the process has no file descriptor left.
const OUT_OF_FILES: Duration = Duration::from_millis(200);

/// One address.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    pub(crate) address: SocketAddr,
    tls: Option<Tls>,
}

impl Listener {
    pub(crate) fn bind(listen: &Listen) -> Result<Self, Error> {
        let address = listen.address;
        let bind = || -> io::Result<Self> {
            let socket = if address.is_ipv6() {
                TcpSocket::new_v6()?
            } else {
                TcpSocket::new_v4()?
            };
            socket.set_reuseaddr(true)?;
            // Accepted connections inherit it: a peer without heart-beats that vanished is noticed.
            socket.set_keepalive(true)?;
            socket.bind(address)?;
            let socket = socket.listen(BACKLOG)?;
            Ok(Self {
                address: socket.local_addr()?,
                socket,
                tls: listen.tls.clone(),
            })
        };
        bind().map_err(|source| Error::Bind { address, source })
    }

    /// Accepts until told to stop, and then waits for its connections.
    pub(crate) async fn run(self, hub: Arc<Hub>, doors: Arc<Doors>, mut stop: Receiver<bool>) {
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.changed() => break,
                accepted = self.socket.accept() => accepted,
                Some(done) = tasks.join_next() => {
                    // A panic has been reported by the runtime's hook; the tables are clean, as
                    // the connection was dropped, and everybody else goes on.
                    drop::<Result<(), _>>(done);
                    continue;
                }
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_peers_fault(&error) => continue,
                Err(error) => {
                    tracing::warn!(
                        "can't accept connections: {error}; is the limit on open files too low?"
                    );
                    sleep(OUT_OF_FILES).await;
                    continue;
                }
            };
            let Some(place) = doors.enter(from.ip(), &hub) else {
                if hub.metrics.refused.increase().is_power_of_two() {
                    tracing::warn!(
                        "turned {from} away, as the broker's limit on connections is reached"
                    );
                }
                continue;
            };
            hub.metrics.accepted.increase();
            let (hub, tls) = (Arc::clone(&hub), self.tls.clone());
            tasks.spawn(async move {
                // Each message is written in one piece; waiting for more would only delay it.
                drop(stream.set_nodelay(true));
                match tls {
                    None => serve(stream, hub, PeerName::Plain).await,
                    Some(tls) => {
                        // Boxed, so that its state is freed before the long life of the session.
                        let handshake = Box::pin(handshake(stream, &tls, from, &place, &hub));
                        if let Some((stream, name)) = handshake.await {
                            serve(stream, hub, PeerName::Certified(name)).await;
                        }
                    }
                }
                drop(place);
            });
        }
        drop(self.socket);
        while tasks.join_next().await.is_some() {}
    }
}

/// The TLS handshake, and the name in the peer's certificate.
async fn handshake(
    stream: TcpStream,
    tls: &Tls,
    from: SocketAddr,
    place: &Place,
    hub: &Hub,
) -> Option<(Box<TlsStream<TcpStream>>, Arc<str>)> {
    let limit = hub.rules.settings.times.connect;
    let accept = async {
        // A peer that says nothing takes no place among those that are being served.
        stream.readable().await?;
        let _turn = place.doors.handshakes.acquire().await;
        let acceptor = TlsAcceptor::from(tls.config.load_full());
        acceptor.accept(stream).await
    };
    let mut stream = match timeout(limit, accept).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            hub.metrics.handshakes_failed.increase();
            tracing::info!("TLS handshake with {from} failed: {error}");
            return None;
        }
        Err(_) => {
            hub.metrics.handshakes_failed.increase();
            tracing::info!("TLS handshake with {from} took more than {limit:?}");
            return None;
        }
    };
    let Some(name) = name(&mut stream, tls) else {
        hub.metrics.handshakes_failed.increase();
        tracing::warn!("the certificate that {from} presented has no usable common name");
        return None;
    };
    // Boxed, as a TLS stream is large and would be part of every state of the session's future.
    Some((Box::new(stream), name))
}

/// The name in the certificate of a peer whose handshake is done; sets the bounds of the stream.
pub(crate) fn name<S>(stream: &mut TlsStream<S>, tls: &Tls) -> Option<Arc<str>> {
    let session = stream.get_mut().1;
    session.set_buffer_limit(Some(TLS_BUFFER));
    let leaf = session.peer_certificates().and_then(<[_]>::first);
    leaf.and_then(tls.peer_name).map(Into::into)
}

/// An error of the connection, not of the listener.
fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// How many are let in.
#[derive(Debug)]
pub(crate) struct Doors {
    handshakes: Semaphore,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    /// Counted only where there is a limit.
    by_address: HashMap<IpAddr, usize>,
}

impl Doors {
    pub(crate) fn new(handshakes: usize) -> Self {
        Self {
            handshakes: Semaphore::new(handshakes.clamp(1, Semaphore::MAX_PERMITS)),
            inside: Mutex::default(),
        }
    }

    fn enter(self: &Arc<Self>, address: IpAddr, hub: &Arc<Hub>) -> Option<Place> {
        let limits = &hub.rules.settings.limits;
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= limits.connections {
            return None;
        }
        let counted = limits.connections_per_address > 0;
        if counted {
            let count = inside.by_address.entry(address).or_default();
            if *count >= limits.connections_per_address {
                return None;
            }
            *count += 1;
        }
        inside.all += 1;
        hub.metrics.connections.increase();
        Some(Place {
            doors: Arc::clone(self),
            hub: Arc::clone(hub),
            address: counted.then_some(address),
        })
    }
}

/// A connection's place; given back when dropped.
struct Place {
    doors: Arc<Doors>,
    hub: Arc<Hub>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.metrics.connections.decrease();
        let mut inside = self
            .doors
            .inside
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        if let Some(address) = self.address
            && let Some(count) = inside.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                inside.by_address.remove(&address);
            }
        }
    }
}
