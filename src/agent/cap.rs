//! How many actions run at once. A place is taken until nothing of the action is left, whatever had
//! to be answered before.

use std::{convert::Infallible, sync::Arc};

use tokio::sync::{oneshot, watch};

/// The places for running actions. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Cap {
    count: Arc<watch::Sender<Count>>,
}

#[derive(Debug)]
struct Count {
    limit: usize,
    running: usize,
    /// How many of those that run are stopped when this process ends.
    stoppable: usize,
    /// This process ends.
    ending: bool,
}

impl Cap {
    pub(super) fn new(limit: usize) -> Self {
        let count = Count {
            limit,
            running: 0,
            stoppable: 0,
            ending: false,
        };
        Self {
            count: Arc::new(watch::Sender::new(count)),
        }
    }

    /// Takes a place, until the last clone of it is dropped; none if all are taken.
    pub(super) fn take(&self, stoppable: bool) -> Option<(Arc<Place>, Gone)> {
        let taken = self.count.send_if_modified(|count| {
            let free = count.running < count.limit;
            if free {
                count.running += 1;
                count.stoppable += usize::from(stoppable);
            }
            free
        });
        let (sender, gone) = oneshot::channel();
        taken.then(|| {
            let place = Place {
                count: Arc::clone(&self.count),
                stoppable,
                _gone: sender,
            };
            (Arc::new(place), Gone(gone))
        })
    }

    /// Changes how many may run at once. Those that run go on.
    pub(super) fn set_limit(&self, limit: usize) {
        self.count.send_modify(|count| count.limit = limit);
    }

    /// How many run now.
    pub(super) fn running(&self) -> usize {
        self.count.borrow().running
    }

    /// Says to those that run that this process ends.
    pub(super) fn end(&self) {
        self.count.send_modify(|count| count.ending = true);
    }

    /// Returns when this process ends.
    pub(super) async fn ending(&self) {
        self.until(|count| count.ending).await;
    }

    /// Returns when nothing runs that is to be stopped at the end.
    pub(super) async fn stopped(&self) {
        self.until(|count| count.stoppable == 0).await;
    }

    async fn until(&self, so: impl FnMut(&Count) -> bool) {
        let mut count = self.count.subscribe();
        // The sender is ours, so it can't be gone.
        drop(count.wait_for(so).await);
    }
}

/// One place.
#[derive(Debug)]
pub(super) struct Place {
    count: Arc<watch::Sender<Count>>,
    stoppable: bool,
    _gone: oneshot::Sender<Infallible>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.count.send_modify(|count| {
            count.running -= 1;
            count.stoppable -= usize::from(self.stoppable);
        });
    }
}

/// Tells when a place is free again.
#[derive(Debug)]
pub(super) struct Gone(oneshot::Receiver<Infallible>);

impl Gone {
    pub(super) async fn wait(self) {
        // Nothing is ever sent: the end of the sender is the news.
        drop(self.0.await);
    }
}
