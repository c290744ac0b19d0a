//! Which messages have been handled by the broker.

use std::collections::{HashMap, VecDeque};

use super::SendId;
use crate::connector::message::Receipt;

/// The receipts of one connection.
#[derive(Default)]
pub(super) struct Receipts {
    awaited: HashMap<SendId, Awaited>,
    done: VecDeque<(SendId, Result<Receipt, String>)>,
}

/// Receipts still to come for one message, which may have been several SENDs.
struct Awaited {
    left: usize,
    receipt: Receipt,
}

impl Receipts {
    /// A message was sent in so many frames, each of which asks for a receipt.
    pub(super) fn expect(&mut self, id: SendId, frames: usize) {
        let receipt = Receipt::default();
        self.awaited.insert(
            id,
            Awaited {
                left: frames,
                receipt,
            },
        );
    }

    /// One of them was handled. What nobody awaits is let go of.
    pub(super) fn handle_receipt(&mut self, id: SendId, receipt: Receipt) {
        let Some(awaited) = self.awaited.get_mut(&id) else {
            return;
        };
        awaited.receipt.at = receipt.at;
        if let Some(deliveries) = receipt.deliveries {
            let sum = awaited.receipt.deliveries.get_or_insert(0);
            *sum = sum.saturating_add(deliveries);
        }
        awaited.left = awaited.left.saturating_sub(1);
        if awaited.left == 0
            && let Some(awaited) = self.awaited.remove(&id)
        {
            self.done.push_back((id, Ok(awaited.receipt)));
        }
    }

    /// One of them was refused, and so the message is.
    pub(super) fn handle_refusal(&mut self, id: SendId, words: &str) {
        if self.awaited.remove(&id).is_some() {
            self.done.push_back((id, Err(words.to_owned())));
        }
    }

    /// Nobody waits for this one any longer.
    pub(super) fn forget(&mut self, id: SendId) {
        self.awaited.remove(&id);
    }

    /// The connection is gone, and no more receipts will come. Those that came can still be polled.
    pub(super) fn handle_lost(&mut self) {
        self.awaited.clear();
    }

    /// A message's outcome.
    pub(super) fn poll(&mut self) -> Option<(SendId, Result<Receipt, String>)> {
        self.done.pop_front()
    }
}
