//! Who holds how much of this process's heap: the broker's side, the fleet's, the streams between.
//!
//! Each thread belongs to a side, and what it allocates and frees is counted there. That is exact
//! as long as a side frees what it has allocated itself, which holds here: the sides share nothing
//! but streams, and a stream's buffers are counted as such ([`on`]).

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed},
};

use mimalloc::MiMalloc;

/// Whose memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Side {
    Other,
    Broker,
    Fleet,
    Streams,
}

const SIDES: usize = 4;

/// Counters, so many that each of a few threads has its own.
const SLOTS: usize = 16;

/// Bytes held by each side, as one thread sees it. On cache lines of its own.
#[repr(align(128))]
struct Slot([AtomicIsize; SIDES]);

static HELD: [Slot; SLOTS] = [const { Slot([const { AtomicIsize::new(0) }; SIDES]) }; SLOTS];
static NEXT_SLOT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SLOT: Cell<usize> = const { Cell::new(usize::MAX) };
    static SIDE: Cell<Side> = const { Cell::new(Side::Other) };
}

/// This thread works for a side from now on.
pub(crate) fn belong_to(side: Side) {
    SIDE.set(side);
}

/// Counts what is allocated and freed within as another side's.
pub(crate) fn on<T>(side: Side, work: impl FnOnce() -> T) -> T {
    let own = SIDE.replace(side);
    let done = work();
    SIDE.set(own);
    done
}

/// Bytes that a side holds now.
pub(crate) fn held(side: Side) -> usize {
    let sum: isize = HELD
        .iter()
        .filter_map(|slot| slot.0.get(side as usize))
        .map(|held| held.load(Relaxed))
        .sum();
    usize::try_from(sum).unwrap_or_default()
}

fn count(bytes: isize) {
    // A thread that is ending has no locals any more; its last bytes are nobody's.
    let side = SIDE.try_with(Cell::get).unwrap_or(Side::Other);
    let slot = SLOT.try_with(|slot| {
        if slot.get() == usize::MAX {
            slot.set(NEXT_SLOT.fetch_add(1, Relaxed) % SLOTS);
        }
        slot.get()
    });
    if let Some(held) = HELD
        .get(slot.unwrap_or_default())
        .and_then(|slot| slot.0.get(side as usize))
    {
        held.fetch_add(bytes, Relaxed);
    }
}

/// No allocation is larger than half of the address space.
fn signed(bytes: usize) -> isize {
    bytes.cast_signed()
}

/// The broker's allocator, counted.
pub(crate) struct Counting;

#[allow(unsafe_code)]
// SAFETY: every call goes on to an allocator that keeps the contract, with the same arguments;
// counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: `pointer` came from this allocator, with this layout.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(signed(size) - signed(layout.size()));
        // SAFETY: `pointer` came from this allocator, with this layout.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_has_its_own_account() {
        std::thread::spawn(|| {
            let before = (held(Side::Broker), held(Side::Streams));
            belong_to(Side::Broker);
            let own = vec![0_u8; 1000];
            let stream = on(Side::Streams, || vec![0_u8; 500]);
            assert_eq!(held(Side::Broker) - before.0, 1000);
            assert_eq!(held(Side::Streams) - before.1, 500);
            drop(own);
            on(Side::Streams, || drop(stream));
            assert_eq!((held(Side::Broker), held(Side::Streams)), before);
            belong_to(Side::Other);
        })
        .join()
        .unwrap();
    }
}
