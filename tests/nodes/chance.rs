//! Numbers that look random and come again with the same seed (splitmix64).

/// A generator.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of this run: `MCOLLECTIVE_NODES_SEED`, or one of the clock's.
    pub(crate) fn seed() -> u64 {
        let given = std::env::var("MCOLLECTIVE_NODES_SEED").ok();
        given.map_or_else(crate::clock::now_ms, |text| {
            text.parse()
                .expect("MCOLLECTIVE_NODES_SEED must be a whole number")
        })
    }

    /// At least 0, below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len())]
    }

    /// Each of these with one chance in two, but never none.
    pub(crate) fn some<T: Clone>(&mut self, these: &[T]) -> Vec<T> {
        let mut chosen: Vec<T> = these
            .iter()
            .filter(|_| self.below(2) == 0)
            .cloned()
            .collect();
        if chosen.is_empty() {
            chosen.push(self.pick(these).clone());
        }
        chosen
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
