//! Bytes between a stream and a connection: reading, writing, the end.
//!
//! Reading goes through one buffer per thread, so that an idle connection has none; writing takes
//! everything that is queued in one go.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    time::timeout,
};

use super::outbound::{Outbound, Taken, Writer};

/// Bytes taken from a stream in one go.
const CHUNK: usize = 32 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

/// A stream, what came from it, and what is to go there.
pub(crate) struct Pipe<S> {
    stream: S,
    /// What has been read and not yet decoded.
    pub(crate) buffer: BytesMut,
    pub(crate) outbound: Arc<Outbound>,
    writer: Writer,
    /// Since when the peer has taken nothing of what is to be written.
    stuck: Option<Instant>,
    /// When the peer last took something.
    sent: Option<Instant>,
}

impl<S> Pipe<S> {
    pub(crate) fn new(stream: S, outbound: Arc<Outbound>) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            outbound,
            writer: Writer::default(),
            stuck: None,
            sent: None,
        }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// Whether the peer has taken nothing for so long, though there was something.
    pub(crate) fn is_stuck(&self, now: Instant, limit: Duration) -> bool {
        self.stuck.is_some_and(|since| now >= since + limit)
    }

    /// How many messages the peer was to get and will not.
    pub(crate) fn lost(&self) -> usize {
        self.outbound.lost(&self.writer)
    }

    /// When something was last sent, told once.
    pub(crate) fn take_sent(&mut self) -> Option<Instant> {
        self.sent.take()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pipe<S> {
    /// Writes all that is queued; ready with what else there is to do. An error where the peer is
    /// gone, or is to be cut for taking too little.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Taken>> {
        loop {
            if !self.writer.is_idle() {
                let mut progress = false;
                let poll = self.writer.poll_write(cx, &mut self.stream, &mut progress);
                let now = now();
                if progress {
                    self.sent = Some(now);
                    self.stuck = None;
                }
                if poll.is_pending() {
                    self.stuck.get_or_insert(now);
                    // What is stuck in the stream must not hide that the connection is cut.
                    ready!(self.outbound.poll_slow(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                ready!(poll)?;
            }
            match ready!(self.outbound.poll_take(cx, &mut self.writer)) {
                Taken::Batch => {}
                other => return Poll::Ready(Ok(other)),
            }
        }
    }

    /// Reads into the thread's buffer, then keeps just what came. Zero is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut chunk = ReadBuf::new(scratch);
            let poll = Pin::new(&mut self.stream).poll_read(cx, &mut chunk);
            poll.map_ok(|()| {
                self.buffer.extend_from_slice(chunk.filled());
                chunk.filled().len()
            })
        })
    }

    /// Writes what is left, in the time given, and says good-bye.
    pub(crate) async fn finish(&mut self, grace: Duration) {
        self.outbound.end(None);
        let rest = async {
            while poll_fn(|cx| self.poll_write(cx)).await? != Taken::Ended {}
            self.stream.shutdown().await?;
            // Closing with something unread would reset the connection, and the peer would never
            // see the last words.
            loop {
                let read = poll_fn(|cx| {
                    self.buffer.clear();
                    self.poll_read(cx)
                });
                if read.await? == 0 {
                    return io::Result::Ok(());
                }
            }
        };
        // The peer may be gone already; there is nobody to tell.
        drop(timeout(grace, rest).await);
    }
}

/// The time as the runtime sees it; tests move it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
