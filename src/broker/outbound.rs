//! What waits to be written to one connection, bounded in bytes.
//!
//! Senders push and go on; the connection's task takes everything that is there in one go. A
//! message is a small head of its own and the bytes that all its receivers share.
//! What a full queue means depends on the subscription: see [`Policy`].

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

use super::metrics::Metrics;

/// With so much to write, nothing is gained by waiting for more: a TLS record holds as much.
const RECORD: usize = 16 * 1024;

/// What is done when a connection does not keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The connection is cut: a node that takes no requests is no node.
    Disconnect,
    /// The message stays in its queue: any node could flood a client, so a client is never cut.
    Hold,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// No room, and the policy is to hold.
    Full,
    /// The connection is ending.
    Closed,
}

/// What the connection's task finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Frames to write.
    Batch,
    /// Room here again, after a push found none.
    Refill,
    /// Room again in the queue that this connection's own SEND waits for.
    Room,
    /// Nothing more will come.
    Ended,
}

/// One frame: the receiver's own part and the shared one; either may be empty.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) head: Bytes,
    pub(crate) rest: Bytes,
}

impl Item {
    fn len(&self) -> usize {
        self.head.len() + self.rest.len()
    }
}

/// The queue of one connection.
#[derive(Debug)]
pub(crate) struct Outbound {
    state: Mutex<State>,
    limit: usize,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    /// Bytes of `items` and of the batch that is being written.
    bytes: usize,
    /// Those of the batch.
    writing: usize,
    end: End,
    /// Let others go first, once: those who reply are many, and each write has its price.
    gather: bool,
    /// A push found no room.
    starved: bool,
    /// There is room elsewhere, for what the task waits to send.
    room: bool,
    waker: Option<Waker>,
}

/// Whether, and how, a connection's queue has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// What is queued is still written.
    LastWords,
    /// It did not keep up.
    Slow,
}

impl Outbound {
    pub(crate) fn new(limit: usize, metrics: Arc<Metrics>) -> Self {
        Self {
            state: Mutex::default(),
            limit,
            metrics,
        }
    }

    /// Adds a frame. The first frame always finds room, whatever its size.
    pub(crate) fn push(&self, item: Item, policy: Policy) -> Pushed {
        let mut state = self.lock();
        if state.end != End::Open {
            return Pushed::Closed;
        }
        if state.bytes > 0 && state.bytes + item.len() > self.limit {
            if policy == Policy::Hold {
                state.starved = true;
                return Pushed::Full;
            }
            self.metrics.slow.increase();
            state.items = VecDeque::new();
            state.end = End::Slow;
            wake(state);
            return Pushed::Closed;
        }
        state.gather |= policy == Policy::Hold && state.items.is_empty();
        state.bytes += item.len();
        state.items.push_back(item);
        wake(state);
        Pushed::Queued
    }

    /// Adds a frame of the broker's own, such as a RECEIPT.
    pub(crate) fn push_frame(&self, frame: Bytes) {
        let head = Bytes::new();
        self.push(Item { head, rest: frame }, Policy::Disconnect);
    }

    /// Says the last words, if any; what is queued before them is still written.
    pub(crate) fn end(&self, last: Option<Bytes>) {
        let mut state = self.lock();
        if state.end != End::Open {
            return;
        }
        state.end = End::LastWords;
        if let Some(rest) = last {
            let head = Bytes::new();
            state.bytes += rest.len();
            state.items.push_back(Item { head, rest });
        }
        wake(state);
    }

    /// Wakes the connection's task, which waits for room in somebody's queue.
    pub(crate) fn wake_for_room(&self) {
        let mut state = self.lock();
        state.room = true;
        wake(state);
    }

    /// Takes all that is there, or gives way once to tasks that are about to add to it. To be called
    /// when the batch before it has been written.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, writer: &mut Writer) -> Poll<Taken> {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(state.writing);
        state.writing = 0;
        if !state.items.is_empty() {
            if std::mem::take(&mut state.gather) && state.bytes < RECORD {
                // This puts the task behind all that are ready now.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            state.writing = state.bytes;
            writer.batch = std::mem::take(&mut state.items);
            return Poll::Ready(Taken::Batch);
        }
        if state.end != End::Open {
            return Poll::Ready(Taken::Ended);
        }
        if std::mem::take(&mut state.room) {
            return Poll::Ready(Taken::Room);
        }
        if std::mem::take(&mut state.starved) {
            return Poll::Ready(Taken::Refill);
        }
        state.watch(cx);
        Poll::Pending
    }

    /// Whether the connection was cut for not keeping up.
    pub(crate) fn is_slow(&self) -> bool {
        self.lock().end == End::Slow
    }

    /// Ready once the connection is to be cut, whatever is still being written.
    pub(crate) fn poll_slow(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.end == End::Slow {
            return Poll::Ready(());
        }
        state.watch(cx);
        Poll::Pending
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn watch(&mut self, cx: &Context<'_>) {
        let known = self.waker.as_ref();
        if !known.is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }
}

/// Wakes the task after the lock is released.
fn wake(mut state: std::sync::MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The batch being written.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    batch: VecDeque<Item>,
    unflushed: bool,
}

/// Pieces handed to one write.
const PIECES: usize = 64;

impl Writer {
    pub(crate) fn is_idle(&self) -> bool {
        self.batch.is_empty() && !self.unflushed
    }

    /// Writes the batch and flushes. `progress` is set when the peer took anything.
    pub(crate) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        progress: &mut bool,
    ) -> Poll<io::Result<()>> {
        while !self.batch.is_empty() {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let pieces = self
                .batch
                .iter()
                .flat_map(|item| [&item.head, &item.rest])
                .filter(|piece| !piece.is_empty());
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            let slices = slices.get(..count).unwrap_or_default();
            let written = ready!(Pin::new(&mut *stream).poll_write_vectored(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress = true;
            self.unflushed = true;
            self.advance(written);
        }
        // Nothing large stays with an idle connection.
        self.batch = VecDeque::new();
        if self.unflushed {
            ready!(Pin::new(stream).poll_flush(cx))?;
            *progress = true;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(item) = self.batch.front_mut() {
            let of_head = written.min(item.head.len());
            item.head.advance(of_head);
            written -= of_head;
            let of_rest = written.min(item.rest.len());
            item.rest.advance(of_rest);
            written -= of_rest;
            if item.len() > 0 {
                return;
            }
            self.batch.pop_front();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn outbound(limit: usize) -> Outbound {
        Outbound::new(limit, Arc::new(Metrics::default()))
    }

    fn item(rest: &'static [u8]) -> Item {
        Item {
            head: Bytes::from_static(b"h:"),
            rest: Bytes::from_static(rest),
        }
    }

    /// Everything that is queued, as text; `None` once the connection is over.
    pub(crate) fn take(outbound: &Outbound) -> Option<String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut text = String::new();
        loop {
            let mut writer = Writer::default();
            match outbound.poll_take(&mut cx, &mut writer) {
                Poll::Ready(Taken::Batch) => {
                    for item in writer.batch {
                        text.push_str(&String::from_utf8_lossy(&item.head));
                        text.push_str(&String::from_utf8_lossy(&item.rest));
                    }
                }
                Poll::Ready(Taken::Ended) if text.is_empty() => return None,
                Poll::Ready(Taken::Refill) => {}
                Poll::Pending if !outbound.lock().items.is_empty() => {}
                _ => return Some(text),
            }
        }
    }

    #[test]
    fn a_slow_node_is_cut_and_a_client_is_made_to_wait() {
        let client = outbound(10);
        assert_eq!(client.push(item(b"12345"), Policy::Hold), Pushed::Queued);
        assert_eq!(client.push(item(b"12345"), Policy::Hold), Pushed::Full);
        let mut cx = Context::from_waker(Waker::noop());
        let mut writer = Writer::default();
        let mut next = || client.poll_take(&mut cx, &mut writer);
        assert_eq!(next(), Poll::Pending);
        assert_eq!(next(), Poll::Ready(Taken::Batch));
        assert_eq!(next(), Poll::Ready(Taken::Refill));
        assert_eq!(next(), Poll::Pending);

        let node = outbound(10);
        assert_eq!(
            node.push(item(b"12345"), Policy::Disconnect),
            Pushed::Queued
        );
        assert_eq!(
            node.push(item(b"12345"), Policy::Disconnect),
            Pushed::Closed
        );
        assert_eq!(take(&node), None);
        assert_eq!(node.metrics.slow.value(), 1);
    }

    #[test]
    fn a_batch_counts_until_it_is_written_and_one_large_frame_passes() {
        let outbound = outbound(4);
        assert_eq!(
            outbound.push(item(b"large one"), Policy::Hold),
            Pushed::Queued
        );
        let mut cx = Context::from_waker(Waker::noop());
        let mut writer = Writer::default();
        let mut take = || outbound.poll_take(&mut cx, &mut writer);
        assert!(take().is_pending() && take().is_ready());
        assert_eq!(outbound.push(item(b"1"), Policy::Hold), Pushed::Full);
        assert!(take().is_ready());
        assert_eq!(outbound.push(item(b"1"), Policy::Hold), Pushed::Queued);
    }

    #[test]
    fn replies_are_gathered_once_and_a_request_never_waits() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut writer = Writer::default();
        let mut next = |outbound: &Outbound| {
            let poll = outbound.poll_take(&mut cx, &mut writer);
            (poll, std::mem::take(&mut writer.batch).len())
        };
        let client = outbound(1_000_000);
        for _ in 0..2 {
            client.push(item(b"first"), Policy::Hold);
            assert_eq!(next(&client), (Poll::Pending, 0));
            client.push(item(b"second"), Policy::Hold);
            assert_eq!(next(&client), (Poll::Ready(Taken::Batch), 2));
            assert_eq!(next(&client), (Poll::Pending, 0));
        }
        client.push(item(&[b'x'; RECORD]), Policy::Hold);
        assert_eq!(next(&client), (Poll::Ready(Taken::Batch), 1));
        let node = outbound(100);
        node.push(item(b"request"), Policy::Disconnect);
        assert_eq!(next(&node), (Poll::Ready(Taken::Batch), 1));
    }

    #[test]
    fn last_words_come_last() {
        let outbound = outbound(100);
        outbound.push(item(b"1 "), Policy::Hold);
        outbound.end(Some(Bytes::from_static(b"bye")));
        outbound.end(Some(Bytes::from_static(b"again")));
        assert_eq!(outbound.push(item(b"2"), Policy::Hold), Pushed::Closed);
        assert_eq!(take(&outbound).as_deref(), Some("h:1 bye"));
        assert_eq!(take(&outbound), None);
    }

    #[tokio::test]
    async fn frames_survive_any_split_of_a_write() {
        use tokio::io::AsyncReadExt as _;
        for size in 1..20 {
            let (mut ours, mut theirs) = tokio::io::duplex(size);
            let mut writer = Writer::default();
            for n in 0..200 {
                writer.batch.push_back(Item {
                    head: Bytes::from(format!("head {n} ")),
                    rest: Bytes::from_static(b"shared rest "),
                });
            }
            let expected: Vec<_> = (0..200).map(|n| format!("head {n} shared rest ")).collect();
            let expected = expected.concat();
            let reader = async {
                let mut text = vec![0; expected.len()];
                theirs.read_exact(&mut text).await.unwrap();
                text
            };
            let mut progress = false;
            let writing =
                std::future::poll_fn(|cx| writer.poll_write(cx, &mut ours, &mut progress));
            let (text, written) = tokio::join!(reader, writing);
            written.unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }
}
