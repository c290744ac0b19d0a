//! The client: asks rounds of requests, and counts what comes.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{
    Result,
    dial::Who,
    fleet::{Fleet, identity},
    session::{HEARTBEAT, Session},
    tally::{Asked, Tag, Tally},
    wire::{Dialect, Incoming},
};

/// See the module.
pub(crate) struct Client {
    session: Session,
    dialect: Dialect,
    reply_to: String,
    round: u32,
    /// Signs of life that the broker awaits; none may get between the halves of a request.
    owed: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(fleet: &Fleet) -> Result<Self> {
        let dialect = fleet.plan.dialect;
        let reply_to = dialect.reply_address();
        let subscription = dialect.client_subscription(&reply_to);
        let session = Session::open(&fleet.plan.dialer, dialect, Who::Client, &subscription);
        Ok(Self {
            session: session.await?,
            dialect,
            reply_to,
            round: 0,
            owed: Vec::new(),
        })
    }

    /// Asks, and takes replies until all are there or `limit` is over.
    pub(crate) async fn round(
        &mut self,
        asked: Asked,
        request_bytes: usize,
        limit: Duration,
    ) -> Result<Tally> {
        self.round += 1;
        let requests = self.requests(&asked, request_bytes);
        let mut tally = Tally::new(self.round, asked);
        let mut rest = &requests[..];
        let start = Instant::now();
        let deadline = start + limit;
        while tally.lost() > 0 {
            let step = async {
                if rest.is_empty() {
                    self.pay().await?;
                    self.session.receive().await
                } else {
                    self.session.send_some(&mut rest).await
                }
            };
            match timeout_at(deadline, step).await {
                Err(_) => break,
                Ok(step) => step?,
            }
            self.take(&mut tally, start.elapsed())?;
        }
        Ok(tally)
    }

    /// Takes what comes in a pause, in which nothing should come: the number of replies.
    pub(crate) async fn rest(&mut self, pause: Duration) -> Result<usize> {
        let end = Instant::now() + pause;
        // Whatever comes is of a round that is over.
        let mut tally = Tally::new(0, Asked::Some(Vec::new()));
        loop {
            let beat = Instant::now() + HEARTBEAT;
            match timeout_at(end.min(beat), self.session.receive()).await {
                Ok(received) => {
                    received?;
                    self.take(&mut tally, Duration::ZERO)?;
                    self.pay().await?;
                }
                Err(_) if Instant::now() >= end => return Ok(tally.stray),
                Err(_) => self.session.send(self.dialect.heartbeat()).await?,
            }
        }
    }

    fn requests(&self, asked: &Asked, size: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut request = |seq: usize, to: Option<u32>| {
            let tag = Tag {
                round: self.round,
                seq: u32::try_from(seq).unwrap_or(u32::MAX),
                node: to.unwrap_or_default(),
            };
            let to = to.map(|number| identity(number as usize));
            let body = tag.body(size);
            self.dialect
                .request(&mut out, to.as_deref(), &self.reply_to, &body);
        };
        match asked {
            Asked::All(_) => request(0, None),
            Asked::Some(nodes) => {
                for (seq, node) in nodes.iter().enumerate() {
                    request(seq, Some(*node));
                }
            }
        }
        out
    }

    async fn pay(&mut self) -> Result<()> {
        if !self.owed.is_empty() {
            let owed = std::mem::take(&mut self.owed);
            self.session.send(&owed).await?;
        }
        Ok(())
    }

    fn take(&mut self, tally: &mut Tally, after: Duration) -> Result<()> {
        while let Some(incoming) = self.session.take()? {
            match incoming {
                Incoming::Message { body, .. } => tally.note(&body, after),
                Incoming::Ping => self.owed.extend_from_slice(self.dialect.pong()),
                _ => {}
            }
        }
        Ok(())
    }
}
