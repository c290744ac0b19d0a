//! How a node or the client reaches the broker.

use std::{net::SocketAddr, sync::Arc};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpSocket,
    sync::mpsc,
};
use tokio_rustls::TlsConnector;

use crate::{
    Result,
    in_memory::pipe::{self, End},
    pki::{Connectors, SERVER},
};

/// Bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Who of the fleet dials.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Node(usize),
    Client,
}

/// Where the broker is.
pub(crate) enum Place {
    Address(SocketAddr),
    /// In this process: it is handed the other end.
    Here(mpsc::UnboundedSender<End>),
}

/// The way to the broker.
pub(crate) struct Dialer {
    pub(crate) place: Place,
    pub(crate) tls: Option<Connectors>,
}

impl Dialer {
    /// A connection on which nothing has been said.
    pub(crate) async fn dial(&self) -> Result<Box<dyn Stream>> {
        match &self.place {
            Place::Address(address) => {
                let socket = match address {
                    SocketAddr::V4(_) => TcpSocket::new_v4()?,
                    SocketAddr::V6(_) => TcpSocket::new_v6()?,
                };
                let stream = socket.connect(*address).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Place::Here(broker) => {
                let (ours, theirs) = pipe::pair();
                broker.send(theirs).map_err(|_| "the broker is gone")?;
                Ok(Box::new(ours))
            }
        }
    }

    /// Encrypts a connection, where that is wanted.
    pub(crate) async fn secure(
        &self,
        stream: Box<dyn Stream>,
        who: Who,
    ) -> Result<Box<dyn Stream>> {
        let Some(connector) = self.connector(who) else {
            return Ok(stream);
        };
        let secured = connector
            .connect(ServerName::try_from(SERVER)?, stream)
            .await
            .map_err(|error| format!("TLS handshake: {error}"))?;
        Ok(Box::new(secured))
    }

    fn connector(&self, who: Who) -> Option<&TlsConnector> {
        let tls = self.tls.as_ref()?;
        match who {
            Who::Node(number) => tls.nodes.get(number),
            Who::Client => Some(&tls.client),
        }
    }
}

/// What a node's session needs to begin.
pub(crate) type SharedDialer = Arc<Dialer>;
