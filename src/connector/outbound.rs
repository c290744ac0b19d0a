//! What is on its way to the socket, and whose it is.
//!
//! A message that was never whole on the socket was not handled by the broker and can be sent again
//! on the next connection; one that was, may have been, and only its sender can know whether sending
//! it twice does harm.

use std::{collections::VecDeque, io};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::session::SendId;

/// Frames to write to one connection, in order.
#[derive(Debug)]
pub(super) struct Outbound<T> {
    chunks: VecDeque<Bytes>,
    /// Bytes ever queued here, and ever written.
    queued: u64,
    written: u64,
    /// Whether what was written is still in a buffer of the TLS layer.
    unflushed: bool,
    messages: VecDeque<InFlight<T>>,
}

/// A message that is not known to be on the socket as a whole.
#[derive(Debug)]
pub(super) struct InFlight<T> {
    pub(super) id: SendId,
    pub(super) owner: T,
    /// Where its first frame ends, and its last one, counted in bytes queued.
    first_end: u64,
    end: u64,
}

impl<T> Outbound<T> {
    pub(super) fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            queued: 0,
            written: 0,
            unflushed: false,
            messages: VecDeque::new(),
        }
    }

    /// Queues bytes that are nobody's.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.queued += length(&bytes);
        self.chunks.push_back(bytes);
    }

    /// Queues the frames of a message.
    pub(super) fn push_message(
        &mut self,
        id: SendId,
        owner: T,
        frames: impl IntoIterator<Item = Bytes>,
    ) {
        let mut first_end = None;
        for frame in frames {
            self.push(frame);
            first_end.get_or_insert(self.queued);
        }
        self.messages.push_back(InFlight {
            id,
            owner,
            first_end: first_end.unwrap_or(self.queued),
            end: self.queued,
        });
    }

    /// Whether [`Self::write`] has something to do.
    pub(super) fn is_pending(&self) -> bool {
        self.unflushed || !self.chunks.is_empty()
    }

    /// Whether enough waits here that no more should be added.
    pub(super) fn is_full(&self) -> bool {
        self.queued - self.written >= FULL
    }

    /// Writes some of it, or flushes where all is written. Can be dropped at any time.
    pub(super) async fn write(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let Some(chunk) = self.chunks.front_mut() else {
            writer.flush().await?;
            self.unflushed = false;
            return Ok(());
        };
        let count = writer.write(chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.unflushed = true;
        chunk.advance(count);
        self.written += u64::try_from(count).unwrap_or(u64::MAX);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        Ok(())
    }

    /// A message that is whole on the socket by now.
    pub(super) fn poll_written(&mut self) -> Option<(SendId, T)> {
        if self.unflushed || self.messages.front()?.end > self.written {
            return None;
        }
        let message = self.messages.pop_front()?;
        Some((message.id, message.owner))
    }

    /// Takes out one message's owner; its bytes go on.
    pub(super) fn take(&mut self, id: SendId) -> Option<T> {
        let at = self.messages.iter().position(|message| message.id == id)?;
        self.messages.remove(at).map(|message| message.owner)
    }

    /// The connection is lost: whose messages were under way, and whether the broker may have seen
    /// any of them.
    pub(super) fn into_lost(self) -> impl Iterator<Item = (T, bool)> {
        let written = self.written;
        self.messages
            .into_iter()
            .map(move |message| (message.owner, message.first_end <= written))
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Bytes from which on an [`Outbound`] is full; one message may go above it.
const FULL: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(texts: &[&'static str]) -> Vec<Bytes> {
        texts
            .iter()
            .map(|text| Bytes::from_static(text.as_bytes()))
            .collect()
    }

    /// Writes until the pipe of `size` bytes is full.
    async fn fill(outbound: &mut Outbound<&'static str>, size: usize) -> Vec<&'static str> {
        let (mut ours, _theirs) = tokio::io::duplex(size);
        let mut written = Vec::new();
        while outbound.is_pending() {
            tokio::select! {
                biased;
                done = outbound.write(&mut ours) => done.unwrap(),
                () = std::future::ready(()) => break,
            }
            while let Some((_, owner)) = outbound.poll_written() {
                written.push(owner);
            }
        }
        written
    }

    #[tokio::test]
    async fn a_message_is_written_when_its_last_byte_is() {
        let mut outbound = Outbound::new();
        outbound.push(Bytes::from_static(b"CONNECT"));
        outbound.push_message(SendId(1), "a", frames(&["1234", "5678"]));
        outbound.push_message(SendId(2), "b", frames(&["12"]));
        assert_eq!(fill(&mut outbound, 100).await, ["a", "b"]);
        assert!(!outbound.is_pending());
        assert_eq!(outbound.into_lost().count(), 0);
    }

    #[tokio::test]
    async fn what_was_never_whole_on_the_socket_can_be_sent_again() {
        for (size, lost) in [
            (3, vec![("a", false), ("b", false)]),
            (4, vec![("a", true), ("b", false)]),
            (9, vec![("a", true), ("b", false)]),
            (10, vec![("a", true), ("b", true)]),
        ] {
            let mut outbound = Outbound::new();
            outbound.push_message(SendId(1), "a", frames(&["1234", "5678"]));
            outbound.push_message(SendId(2), "b", frames(&["12"]));
            outbound.push(Bytes::from_static(b"more"));
            fill(&mut outbound, size).await;
            assert_eq!(outbound.into_lost().collect::<Vec<_>>(), lost, "{size}");
        }
    }
}
