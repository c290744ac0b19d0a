//! A stream in memory: two ends, and between them as much as a socket would buffer.
//!
//! Leaner than tokio's `duplex`: an empty direction holds no memory, as with an idle socket.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::heap::{Side, on};

/// What one direction takes before its reader has to read.
const CAPACITY: usize = 256 * 1024;

/// One direction.
#[derive(Default)]
struct Lane {
    bytes: Vec<u8>,
    /// How much of `bytes` has been read.
    read: usize,
    /// Nothing more will be written, or nobody will read.
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One end of a stream.
pub(crate) struct End {
    lanes: Arc<[Mutex<Lane>; 2]>,
    /// The lane that this end writes into.
    own: usize,
}

/// A stream's two ends.
pub(crate) fn pair() -> (End, End) {
    let lanes: Arc<[Mutex<Lane>; 2]> = on(Side::Streams, Arc::default);
    let other = Arc::clone(&lanes);
    (
        End { lanes, own: 0 },
        End {
            lanes: other,
            own: 1,
        },
    )
}

impl End {
    fn lane(&self, index: usize) -> MutexGuard<'_, Lane> {
        // Two lanes: the index is 0 or 1.
        let lane = &self.lanes[index & 1];
        lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, index: usize) {
        let mut lane = self.lane(index);
        lane.closed = true;
        let wakers = [lane.reader.take(), lane.writer.take()];
        drop(lane);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Lane {
    fn waiting(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut lane = self.lane(self.own + 1);
        let count = lane.waiting().len().min(buffer.remaining());
        if count == 0 {
            if lane.closed || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            lane.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buffer.put_slice(lane.waiting().get(..count).unwrap_or_default());
        lane.read += count;
        if lane.waiting().is_empty() {
            lane.read = 0;
            let empty = std::mem::take(&mut lane.bytes);
            on(Side::Streams, || drop(empty));
        }
        let writer = lane.writer.take();
        drop(lane);
        if let Some(writer) = writer {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut lane = self.lane(self.own);
        if lane.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = CAPACITY.saturating_sub(lane.waiting().len());
        let wanted: usize = pieces.iter().map(|piece| piece.len()).sum();
        if room == 0 && wanted > 0 {
            lane.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let written = wanted.min(room);
        on(Side::Streams, || {
            if lane.read > CAPACITY {
                let read = std::mem::take(&mut lane.read);
                lane.bytes.drain(..read);
            }
            lane.bytes.reserve(written);
        });
        let mut left = written;
        for piece in pieces {
            let part = piece.get(..piece.len().min(left)).unwrap_or_default();
            lane.bytes.extend_from_slice(part);
            left -= part.len();
        }
        let reader = lane.reader.take();
        drop(lane);
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close(self.own);
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.close(0);
        self.close(1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_in_order_also_when_the_reader_lags() {
        let sent: Vec<u8> = (0..3 * CAPACITY).map(|n| n.to_le_bytes()[0]).collect();
        let (mut ours, mut theirs) = pair();
        let reader = tokio::spawn(async move {
            let (mut all, mut chunk) = (Vec::new(), vec![0; 1000]);
            loop {
                match theirs.read(&mut chunk).await.unwrap() {
                    0 => return all,
                    n => all.extend_from_slice(&chunk[..n]),
                }
            }
        });
        ours.write_all(&sent).await.unwrap();
        drop(ours);
        assert!(reader.await.unwrap() == sent);
    }

    #[tokio::test]
    async fn writing_to_nobody_fails() {
        let (mut ours, theirs) = pair();
        ours.write_all(b"x").await.unwrap();
        drop(theirs);
        let error = ours.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
