//! The way in for streams that no listener has accepted: a bench's, or another program's.

use std::{io, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{access::PeerName, connection::serve, hub::Hub, listener, settings::Tls};

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
            serve(stream, hub, PeerName::Plain).await;
            return Ok(());
        };
        // Boxed, so that its state is freed before the long life of the session.
        let (stream, name) = Box::pin(handshake(stream, tls)).await?;
        serve(stream, hub, PeerName::Certified(name)).await;
        Ok(())
    }
}

async fn handshake<S>(
    stream: S,
    tls: &Tls,
) -> io::Result<(Box<tokio_rustls::server::TlsStream<S>>, Arc<str>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = TlsAcceptor::from(tls.config.load_full());
    let mut stream = acceptor.accept(stream).await?;
    let name = listener::name(&mut stream, tls);
    let name = name.ok_or_else(|| io::Error::other("the certificate has no usable common name"))?;
    Ok((Box::new(stream), name))
}
