//! One connection to the broker, from its first word until it ends.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    Result,
    dial::{Dialer, Stream, Who},
    wire::{Decoder, Dialect, Incoming},
};

/// How often each side says that it is alive.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);

/// A session that has subscribed.
pub(crate) struct Session {
    pub(crate) stream: Box<dyn Stream>,
    decoder: Decoder,
    buffer: BytesMut,
    /// How much is read at once.
    chunk: usize,
}

impl Session {
    /// Connects and subscribes; ready when the broker has taken all of it in.
    pub(crate) async fn open(
        dialer: &Dialer,
        dialect: Dialect,
        who: Who,
        subscriptions: &[u8],
    ) -> Result<Self> {
        let mut session = Self {
            stream: dialer.dial().await?,
            decoder: Decoder::new(dialect),
            buffer: BytesMut::new(),
            chunk: match who {
                Who::Node(_) => 2 * 1024,
                Who::Client => 64 * 1024,
            },
        };
        // NATS says hello in the clear, and only then begins TLS; a STOMP broker waits for CONNECT.
        if dialect == Dialect::Nats {
            session.until(&Incoming::Welcome).await?;
        }
        session.stream = dialer.secure(session.stream, who).await?;
        session
            .send(&dialect.connect(dialer.tls.is_some(), HEARTBEAT))
            .await?;
        if dialect == Dialect::Stomp {
            session.until(&Incoming::Welcome).await?;
        }
        session.send(subscriptions).await?;
        session.until(&Incoming::Settled).await?;
        Ok(session)
    }

    /// What came and has not been taken yet.
    pub(crate) fn take(&mut self) -> Result<Option<Incoming>> {
        match self.decoder.next(&mut self.buffer)? {
            Some(Incoming::Refused(why)) => Err(format!("the broker said: {why}").into()),
            other => Ok(other),
        }
    }

    /// Waits until more has come.
    pub(crate) async fn receive(&mut self) -> Result<()> {
        self.buffer.reserve(self.chunk);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the broker closed the connection".into());
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// Sends, and receives meanwhile: who floods a broker must not be deaf. Ready when anything has
    /// come, or everything is sent and `bytes` is empty.
    pub(crate) async fn send_some(&mut self, bytes: &mut &[u8]) -> Result<()> {
        self.buffer.reserve(self.chunk);
        let (mut read, mut write) = tokio::io::split(&mut self.stream);
        let came = tokio::select! {
            came = read.read_buf(&mut self.buffer) => Some(came?),
            sent = write.write(bytes) => {
                *bytes = bytes.get(sent?..).unwrap_or_default();
                None
            }
        };
        if came == Some(0) {
            return Err("the broker closed the connection".into());
        }
        if bytes.is_empty() {
            self.stream.flush().await?;
        }
        Ok(())
    }

    async fn until(&mut self, wanted: &Incoming) -> Result<()> {
        loop {
            while let Some(incoming) = self.take()? {
                if incoming == *wanted {
                    return Ok(());
                }
            }
            self.receive().await?;
        }
    }
}
