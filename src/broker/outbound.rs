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

use super::{
    metrics::Metrics,
    settings::{Limits, SlowConsumer},
};

/// With so much to write, nothing is gained by waiting for more: a TLS record holds as much.
const RECORD: usize = 16 * 1024;

/// What is done when a connection does not keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// What the setting says of a slow consumer: a node that takes no requests is no node.
    Limit,
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
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that there is room for.
    limit: usize,
    slow: SlowConsumer,
    items: VecDeque<Item>,
    /// Bytes of `items` and of the batch that is being written.
    bytes: usize,
    /// Those of the batch.
    writing: usize,
    end: End,
    /// Messages that were thrown away when the connection was cut.
    lost: usize,
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
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            state: Mutex::new(State {
                limit: limits.queued_bytes,
                slow: limits.slow_consumer,
                ..State::default()
            }),
            metrics,
        }
    }

    /// Lets other limits hold; what is queued stays.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        let mut state = self.lock();
        state.limit = limits.queued_bytes;
        state.slow = limits.slow_consumer;
    }

    /// Wakes the connection's task, which has to look at the rules again.
    pub(crate) fn wake(&self) {
        wake(self.lock());
    }

    /// Adds a frame. The first frame always finds room, whatever its size.
    pub(crate) fn push(&self, item: Item, policy: Policy) -> Pushed {
        let mut state = self.lock();
        if state.end != End::Open {
            return Pushed::Closed;
        }
        if state.bytes > 0 && state.bytes + item.len() > state.limit {
            match (policy, state.slow) {
                (Policy::Hold, _) => {
                    if !std::mem::replace(&mut state.starved, true) {
                        self.metrics.slow_waits.increase();
                    }
                    return Pushed::Full;
                }
                (Policy::Limit, SlowConsumer::DropOldest) => {
                    let dropped = state.drop_oldest(item.len());
                    self.metrics.slow_dropped.add(dropped);
                }
                (Policy::Limit, SlowConsumer::Disconnect) => {
                    self.cut(state);
                    return Pushed::Closed;
                }
            }
        }
        state.gather |= policy == Policy::Hold && state.items.is_empty();
        state.bytes += item.len();
        state.items.push_back(item);
        wake(state);
        Pushed::Queued
    }

    /// Adds a frame of the broker's own, such as a RECEIPT. There is as much room again for those,
    /// so that a client whose replies wait is not cut for the answers to what it sends.
    pub(crate) fn push_frame(&self, frame: Bytes) {
        let mut state = self.lock();
        if state.end != End::Open {
            return;
        }
        if state.bytes > 0 && state.bytes + frame.len() > state.limit.saturating_mul(2) {
            self.cut(state);
            return;
        }
        state.push_own(frame);
        wake(state);
    }

    /// Adds a line end, unless there is something to be written anyway.
    pub(crate) fn push_heartbeat(&self) {
        let mut state = self.lock();
        if state.end == End::Open && state.bytes == 0 {
            state.push_own(Bytes::from_static(b"\n"));
            wake(state);
        }
    }

    /// Says the last words, if any; what is queued before them is still written.
    pub(crate) fn end(&self, last: Option<Bytes>) {
        let mut state = self.lock();
        if state.end != End::Open {
            return;
        }
        state.end = End::LastWords;
        if let Some(last) = last {
            state.push_own(last);
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

    /// How many messages were queued and will never be written. To be asked at the end.
    pub(crate) fn lost(&self, writer: &Writer) -> usize {
        let state = self.lock();
        state.lost + messages(&state.items) + messages(&writer.batch)
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

    /// Ends the connection of a slow consumer.
    fn cut(&self, mut state: std::sync::MutexGuard<'_, State>) {
        self.metrics.slow_cut.increase();
        state.lost = messages(&state.items);
        state.items = VecDeque::new();
        state.end = End::Slow;
        wake(state);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a frame that has no receiver's part: by that it is known from a message.
    fn push_own(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.items.push_back(Item {
            head: Bytes::new(),
            rest: frame,
        });
    }

    /// Drops messages, the oldest first, until there is room for one of this length. What is being
    /// written can't be dropped, so it does not count. Tells how many were dropped.
    fn drop_oldest(&mut self, length: usize) -> usize {
        let mut excess = (self.bytes - self.writing + length).saturating_sub(self.limit);
        let mut dropped = 0;
        self.items.retain(|item| {
            if excess == 0 || item.head.is_empty() {
                return true;
            }
            excess = excess.saturating_sub(item.len());
            self.bytes -= item.len();
            dropped += 1;
            false
        });
        dropped
    }

    fn watch(&mut self, cx: &Context<'_>) {
        let known = self.waker.as_ref();
        if !known.is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }
}

/// Those that are messages, and not the broker's own frames.
fn messages(items: &VecDeque<Item>) -> usize {
    items.iter().filter(|item| !item.head.is_empty()).count()
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
        limited(limit, SlowConsumer::Disconnect)
    }

    fn limited(queued_bytes: usize, slow_consumer: SlowConsumer) -> Outbound {
        let limits = Limits {
            queued_bytes,
            slow_consumer,
            ..Limits::default()
        };
        Outbound::new(&limits, Arc::default())
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
        assert_eq!(node.push(item(b"12345"), Policy::Limit), Pushed::Queued);
        assert_eq!(node.push(item(b"12345"), Policy::Limit), Pushed::Closed);
        assert_eq!(take(&node), None);
        assert_eq!(node.metrics.slow_cut.value(), 1);
        assert!(node.lost(&Writer::default()) > 0);
    }

    #[test]
    fn a_slow_node_may_lose_its_oldest_messages_instead() {
        let node = limited(20, SlowConsumer::DropOldest);
        let mut cx = Context::from_waker(Waker::noop());
        let mut writer = Writer::default();
        let push = |rest| assert_eq!(node.push(item(rest), Policy::Limit), Pushed::Queued);
        push(b"being written");
        assert!(node.poll_take(&mut cx, &mut writer).is_ready());
        node.push_frame(Bytes::from_static(b"receipt "));
        for rest in [b"11 ", b"22 ", b"33 ", b"44 "] {
            push(rest);
        }
        assert_eq!(node.metrics.slow_dropped.value(), 2);
        assert_eq!(take(&node).as_deref(), Some("receipt h:33 h:44 "));
        // One that is larger than all the room there is replaces everything.
        push(b"1");
        push(b"a message of more than twenty bytes");
        assert_eq!(node.metrics.slow_dropped.value(), 3);
        let left = take(&node).unwrap();
        assert_eq!(left, "h:a message of more than twenty bytes");
    }

    #[test]
    fn a_client_whose_replies_wait_is_not_cut_for_receipts_and_heart_beats() {
        let client = outbound(10);
        assert_eq!(client.push(item(b"12345678"), Policy::Hold), Pushed::Queued);
        assert_eq!(client.push(item(b"1"), Policy::Hold), Pushed::Full);
        assert_eq!(client.push(item(b"1"), Policy::Hold), Pushed::Full);
        assert_eq!(client.metrics.slow_waits.value(), 1);
        client.push_heartbeat();
        client.push_frame(Bytes::from_static(b"receipt"));
        assert_eq!(take(&client).as_deref(), Some("h:12345678receipt"));
        client.push_heartbeat();
        assert_eq!(take(&client).as_deref(), Some("\n"));
        // Who asks for receipts and never reads them has an end too.
        for _ in 0..4 {
            client.push_frame(Bytes::from_static(b"receipt"));
        }
        assert_eq!(take(&client), None);
        assert_eq!(client.metrics.slow_cut.value(), 1);
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
        node.push(item(b"request"), Policy::Limit);
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
