//! A stream to one broker: name, TCP and TLS, all within one deadline.
//!
//! What STOMP says on the stream is `session`'s; which broker and when, `pool`'s and `backoff`'s.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;

use super::{
    Server, classify,
    problem::{Problem, Stage},
};
use crate::{
    sys::resolve::resolve,
    tls::{self, Files},
};

/// Bytes to and from a broker, whatever they go through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection without TLS.
pub(super) async fn tcp(
    host: &str,
    port: u16,
    until: Instant,
    within: Duration,
) -> Result<TcpStream, Problem> {
    let late = |stage| Problem::Timeout {
        stage,
        after: within,
    };
    let addresses = timeout_at(until, resolve(host, port))
        .await
        .map_err(|_| late(Stage::Resolving))?
        .map_err(|error| Problem::NoAddress {
            host: host.to_owned(),
            reason: error.to_string(),
        })?;
    timeout_at(until, connect_any(addresses))
        .await
        .map_err(|_| late(Stage::Connecting))?
        .map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => late(Stage::Connecting),
            _ => classify::stream(&error, None),
        })
}

/// The name of a host as a certificate has it.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, Problem> {
    // A certificate names a host without the dot that ends a full name.
    let name = host
        .strip_suffix('.')
        .unwrap_or(host)
        .trim_matches(['[', ']']);
    ServerName::try_from(name.to_owned()).map_err(|_| Problem::HostName {
        host: host.to_owned(),
    })
}

/// Connects to a broker until `until`, the end of the `within` that there was.
pub(super) async fn dial(
    server: &Server,
    until: Instant,
    within: Duration,
) -> Result<Box<dyn Stream>, Problem> {
    let late = |stage| Problem::Timeout {
        stage,
        after: within,
    };
    // Our own files first: what is wrong with them is so whether or not the broker is up.
    let tls = server
        .tls
        .as_ref()
        .map(|files| Tls::new(server, files))
        .transpose()?;
    let tcp = tcp(&server.host, server.port, until, within).await?;
    let Some(tls) = tls else {
        return Ok(Box::new(tcp));
    };
    timeout_at(until, tls.handshake(tcp))
        .await
        .map_err(|_| late(Stage::Handshake))?
}

/// What a handshake needs.
struct Tls<'a> {
    files: &'a Files,
    config: Arc<rustls::ClientConfig>,
    name: ServerName<'static>,
}

impl<'a> Tls<'a> {
    fn new(server: &Server, files: &'a Files) -> Result<Self, Problem> {
        let config = tls::client_config(files).map_err(|error| Problem::Files {
            reason: error.to_string(),
        })?;
        let name = server_name(&server.host)?;
        Ok(Self {
            files,
            config,
            name,
        })
    }

    async fn handshake(self, tcp: TcpStream) -> Result<Box<dyn Stream>, Problem> {
        let connecting = TlsConnector::from(self.config).connect(self.name, tcp);
        match connecting.await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(classify::handshake(&error, Some(self.files))),
        }
    }
}

/// The first of some addresses that answers. Each gets a head start on the next (RFC 8305), so that
/// an address which swallows everything does not take the time of one that works.
async fn connect_any(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut rest = addresses.into_iter().take(MOST_ADDRESSES).peekable();
    let mut attempts = JoinSet::new();
    let mut telling: Option<io::Error> = None;
    loop {
        if let Some(address) = rest.next() {
            attempts.spawn(connect(address));
        }
        if attempts.is_empty() {
            return Err(telling.unwrap_or_else(|| io::Error::other("no address to connect to")));
        }
        let more = rest.peek().is_some();
        tokio::select! {
            Some(outcome) = attempts.join_next() => match outcome.map_err(io::Error::other).flatten() {
                Ok(stream) => return Ok(stream),
                // That somebody refused says more than that there is no route for IPv6.
                Err(error) => if telling.as_ref().is_none_or(|known| known.kind() != io::ErrorKind::ConnectionRefused) {
                    telling = Some(error);
                },
            },
            () = tokio::time::sleep(HEAD_START), if more => {}
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Requests and replies are small and awaited; and without heart-beats the kernel's probes are
    // all that ever tells of a broker whose machine is gone.
    socket.set_nodelay(true)?;
    socket.set_keepalive(true)?;
    socket.connect(address).await
}

/// How long an address is alone before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// A name with more addresses than this is a mistake or mischief.
const MOST_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests;
