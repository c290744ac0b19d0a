//! Takes connections in: limits, TLS handshake, then a task for each.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::server::Acceptor;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch::Receiver,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor, server::TlsStream};

use super::{
    Error,
    access::PeerName,
    connection::{Arrival, Trust, serve},
    doors::Full,
    hub::Hub,
    join::{self, Wish},
    metrics::Counter,
    settings::{Listen, Tls},
};

/// Connections that the kernel keeps for us; a fleet reconnects all at once.
const BACKLOG: u32 = 4096;

/// Bytes that rustls may keep for one connection that does not take them.
const TLS_BUFFER: usize = 16 * 1024;

/// What part of its time a handshake may take while others wait for their turn.
const PATIENCE: u32 = 6;

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
    pub(crate) async fn run(self, hub: Arc<Hub>, mut stop: Receiver<bool>) {
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
                    hub.refusals.log("connections not accepted", || {
                        tracing::warn!(
                            "can't accept connections: {error}; is the limit on open files too low?"
                        );
                    });
                    sleep(OUT_OF_FILES).await;
                    continue;
                }
            };
            let rules = hub.rules();
            let place = match hub.doors.enter(from.ip(), &rules.settings.limits) {
                Ok(place) => place,
                Err(full) => {
                    turned_away(&hub, from, full);
                    continue;
                }
            };
            hub.metrics.accepted.increase();
            let (hub, tls) = (Arc::clone(&hub), self.tls.clone());
            tasks.spawn(async move {
                // Each message is written in one piece; waiting for more would only delay it.
                drop(stream.set_nodelay(true));
                match tls {
                    None => serve(stream, hub, Arrival::plain(from)).await,
                    Some(tls) => {
                        // Boxed, so that its state is freed before the long life of the session.
                        let handshake = Box::pin(handshake(stream, &tls, from, &hub));
                        match handshake.await {
                            Some(Arrived::Peer(stream, name)) => {
                                let arrival = Arrival {
                                    name,
                                    from,
                                    trust: Some(trust(tls)),
                                };
                                serve(stream, hub, arrival).await;
                            }
                            Some(Arrived::Asker(stream, wish)) => {
                                Box::pin(join::serve(stream, wish, from, hub)).await;
                            }
                            None => {}
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

/// Says which limit turned a connection away.
fn turned_away(hub: &Hub, from: SocketAddr, full: Full) {
    let limit = match full {
        Full::All => "connections",
        Full::Address => "connections_per_address",
    };
    hub.refusals.log("connections turned away", || {
        tracing::warn!("turned {from} away: limit.{limit} is reached");
    });
}

/// Who has shaken hands.
enum Arrived {
    /// One with a certificate of this name.
    Peer(Box<TlsStream<TcpStream>>, PeerName),
    /// One who comes for a certificate.
    Asker(Box<TlsStream<TcpStream>>, Wish),
}

/// The TLS handshake, and the name in the peer's certificate.
async fn handshake(stream: TcpStream, tls: &Tls, from: SocketAddr, hub: &Hub) -> Option<Arrived> {
    let limit = hub.rules().settings.limits.handshake_timeout;
    let accept = async {
        greeting(&stream).await?;
        let visit = hub.doors.visit(from.ip());
        let _turn = visit.turn().await;
        tokio::select! {
            biased;
            stream = accept(stream, tls, hub) => stream.map(Some),
            () = visit.crowded(limit / PATIENCE) => Ok(None),
        }
    };
    let failed = |count: &Counter, why: fmt::Arguments<'_>| {
        count.increase();
        hub.refusals.log("TLS handshakes that failed", || {
            tracing::info!("TLS handshake with {from} {why}");
        });
    };
    let (mut stream, wish) = match timeout(limit, accept).await {
        Ok(Ok(Some(stream))) => stream,
        Ok(Ok(None)) => {
            let why = format_args!("was too slow while others waited");
            failed(&hub.metrics.handshakes_cut, why);
            return None;
        }
        Ok(Err(error)) => {
            let reason = crate::tls::explain(&error);
            failed(
                &hub.metrics.handshakes_failed,
                format_args!("failed: {reason}"),
            );
            return None;
        }
        Err(_) => {
            let why = format_args!("took more than {limit:?}");
            failed(&hub.metrics.handshakes_late, why);
            return None;
        }
    };
    if let Some(wish) = wish {
        return Some(Arrived::Asker(Box::new(stream), wish));
    }
    let Some(name) = name(&mut stream, tls) else {
        let why = format_args!("showed a certificate without a usable common name");
        failed(&hub.metrics.handshakes_failed, why);
        return None;
    };
    // Boxed, as a TLS stream is large and would be part of every state of the session's future.
    Some(Arrived::Peer(Box::new(stream), name))
}

/// Waits for the first record of a handshake, whole, and leaves it to be read. Who says nothing, or
/// only begins to, takes no place among those that are being served.
async fn greeting(stream: &TcpStream) -> io::Result<()> {
    let mut pause = FIRST_LOOK;
    loop {
        let mut start = [0; RECORD_HEADER];
        // It waits for the first byte; none is the end.
        let seen = stream.peek(&mut start).await?;
        let length = match start {
            // What is no handshake is told so by TLS.
            [first, ..] if seen == 0 || first != HANDSHAKE => return Ok(()),
            [.., high, low] if seen == RECORD_HEADER => {
                usize::from(u16::from_be_bytes([high, low]))
            }
            _ => LONGEST_GREETING,
        };
        let wanted = RECORD_HEADER + length.min(LONGEST_GREETING);
        if seen == RECORD_HEADER {
            let mut record = vec![0; wanted];
            if stream.peek(&mut record).await? == wanted {
                return Ok(());
            }
        }
        // Nothing tells when there is more than was looked at.
        sleep(pause).await;
        pause = (pause * 2).min(LAST_LOOK);
    }
}

/// RFC 8446, 5.1: type, version, and length of a record; the type of a handshake.
const RECORD_HEADER: usize = 5;
const HANDSHAKE: u8 = 22;

/// More of a greeting is not waited for.
const LONGEST_GREETING: usize = 4096;

const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// Shakes hands. Only with an authority of our own it is asked first what the peer comes for.
async fn accept(
    stream: TcpStream,
    tls: &Tls,
    hub: &Hub,
) -> io::Result<(TlsStream<TcpStream>, Option<Wish>)> {
    let server = tls.server.load_full();
    let rules = hub.rules();
    let (Some(authority), Some(enrolment)) = (&rules.settings.authority, &server.enrolment) else {
        let acceptor = TlsAcceptor::from(Arc::clone(&server.config));
        return Ok((acceptor.accept(stream).await?, None));
    };
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let wish = join::wish(&start.client_hello(), authority, hub);
    let config = match wish {
        Some(Wish::Join) => &enrolment.join,
        Some(Wish::Renew) => &enrolment.renew,
        None => &server.config,
    };
    Ok((start.into_stream(Arc::clone(config)).await?, wish))
}

/// The name in the certificate of a peer whose handshake is done; sets the bounds of the stream.
pub(crate) fn name<S>(stream: &mut TlsStream<S>, tls: &Tls) -> Option<PeerName> {
    let session = stream.get_mut().1;
    session.set_buffer_limit(Some(TLS_BUFFER));
    let leaf = session.peer_certificates().and_then(<[_]>::first)?;
    let name = (tls.peer_name)(leaf)?.into();
    Some(if (tls.is_nodes)(leaf) {
        PeerName::CertifiedNode(name)
    } else {
        PeerName::Certified(name)
    })
}

/// Asks again whether a peer would be let in, by what is known of TLS by then.
pub(crate) fn trust<S>(tls: Tls) -> Trust<Box<TlsStream<S>>> {
    Box::new(move |stream| {
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        tls.server.load().check(chain, SystemTime::now())
    })
}

/// An error of the connection, not of the listener.
fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
