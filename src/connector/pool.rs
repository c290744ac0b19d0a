//! Which broker is tried next.

use super::backoff::Chance;

/// The order in which the servers of a pool are tried: round after round, as configured or shuffled
/// for each round. After a session is lost the next one in order is tried, as the original does.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    order: Vec<usize>,
    /// How many of this round were tried.
    tried: usize,
    shuffle: Option<Chance>,
}

impl Pool {
    /// A pool of `size` servers.
    pub(super) fn new(size: usize, shuffle: Option<Chance>) -> Self {
        Self {
            order: (0..size).collect(),
            // A round is over: the first call begins one.
            tried: size,
            shuffle,
        }
    }

    /// The index of the next server, or none of an empty pool.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.tried >= self.order.len() {
            self.tried = 0;
            if let Some(chance) = &mut self.shuffle {
                for last in (1..self.order.len()).rev() {
                    self.order.swap(last, chance.below(last + 1));
                }
            }
        }
        let index = self.order.get(self.tried).copied();
        self.tried += 1;
        index
    }

    /// How many of this round there are from the server given last on.
    pub(super) fn left(&self) -> u32 {
        let after = self.order.len().saturating_sub(self.tried);
        u32::try_from(after).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Whether the server given last was the last of its round.
    pub(super) fn round_over(&self) -> bool {
        self.tried >= self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn servers_are_tried_in_order() {
        let mut pool = Pool::new(3, None);
        let seen: Vec<_> = (0..7).map(|_| pool.next().unwrap()).collect();
        assert_eq!(seen, [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(pool.left(), 3);
        assert!(!pool.round_over());
        assert_eq!(Pool::new(0, None).next(), None);
    }

    #[test]
    fn a_shuffled_round_has_every_server_once() {
        let mut pool = Pool::new(5, Some(Chance(7)));
        let mut orders = BTreeSet::new();
        for _ in 0..50 {
            let round: Vec<_> = (0..5).map(|_| pool.next().unwrap()).collect();
            assert!(pool.round_over());
            assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), 5);
            orders.insert(round);
        }
        assert!(orders.len() > 20, "{}", orders.len());
    }
}
