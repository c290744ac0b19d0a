//! The way in for streams that no listener has accepted: a bench's, or another program's.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{
    access::PeerName,
    connection::{Arrival, serve},
    hub::Hub,
    listener,
    settings::Tls,
};

/// What stands in the log for where a stream comes from.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Lets streams into a broker. A clone leads into the same one.
#[derive(Clone, Debug)]
pub struct Inlet(Arc<Hub>);

impl Inlet {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// Serves one peer until it goes, by the same code as one that came through a listener: with
    /// `tls` after a handshake in which it presented its certificate, without as on a plain
    /// listener. How many are let in at once is the caller's business.
    pub async fn serve<S>(&self, stream: S, tls: Option<&Tls>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hub = Arc::clone(&self.0);
        let Some(tls) = tls else {
            serve(stream, hub, Arrival::plain(NOWHERE)).await;
            return Ok(());
        };
        // Boxed, so that its state is freed before the long life of the session.
        let (stream, name) = Box::pin(handshake(stream, tls)).await?;
        let arrival = Arrival {
            name,
            from: NOWHERE,
            trust: Some(listener::trust(tls.clone())),
        };
        serve(stream, hub, arrival).await;
        Ok(())
    }
}

async fn handshake<S>(
    stream: S,
    tls: &Tls,
) -> io::Result<(Box<tokio_rustls::server::TlsStream<S>>, PeerName)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.server.load().config));
    let mut stream = acceptor.accept(stream).await?;
    let name = listener::name(&mut stream, tls);
    let name = name.ok_or_else(|| io::Error::other("the certificate has no usable common name"))?;
    Ok((Box::new(stream), name))
}
