//! What a round of requests should bring, and what it brought.

use std::time::Duration;

/// The start of each body: which request it is of, and from which node the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) round: u32,
    /// Counts the requests of a round.
    pub(crate) seq: u32,
    pub(crate) node: u32,
}

impl Tag {
    /// A body of (at least) this size.
    pub(crate) fn body(self, size: usize) -> Vec<u8> {
        let mut body = format!("{:08} {:08} {:08} ", self.round, self.seq, self.node).into_bytes();
        body.resize(size.max(body.len()), b'.');
        body
    }

    /// The tag of a body that was made so.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body.get(..27)?).ok()?;
        let mut numbers = text.split(' ').map(|number| number.parse().ok());
        Some(Self {
            round: numbers.next()??,
            seq: numbers.next()??,
            node: numbers.next()??,
        })
    }
}

/// Whom a round asks.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// So many nodes, by one request.
    All(usize),
    /// One request for each entry, which is a node's number.
    Some(Vec<u32>),
}

/// The replies of one round.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    round: u32,
    asked: Asked,
    seen: Vec<bool>,
    /// When each reply was there, counted from the round's start, in order.
    pub(crate) arrived: Vec<Duration>,
    /// Replies that had been there before.
    pub(crate) twice: usize,
    /// Replies of other rounds, and bodies that are no replies.
    pub(crate) stray: usize,
    /// Replies from another node than was asked.
    pub(crate) misdirected: usize,
}

impl Tally {
    pub(crate) fn new(round: u32, asked: Asked) -> Self {
        let expected = match &asked {
            Asked::All(nodes) => *nodes,
            Asked::Some(nodes) => nodes.len(),
        };
        Self {
            round,
            asked,
            seen: vec![false; expected],
            arrived: Vec::with_capacity(expected),
            twice: 0,
            stray: 0,
            misdirected: 0,
        }
    }

    /// Notes a reply.
    pub(crate) fn note(&mut self, body: &[u8], after: Duration) {
        let Some(tag) = Tag::read(body).filter(|tag| tag.round == self.round) else {
            self.stray += 1;
            return;
        };
        let place = match &self.asked {
            Asked::All(_) => tag.node as usize,
            Asked::Some(nodes) => match nodes.get(tag.seq as usize) {
                Some(node) if *node != tag.node => {
                    self.misdirected += 1;
                    return;
                }
                _ => tag.seq as usize,
            },
        };
        match self.seen.get_mut(place) {
            None => self.stray += 1,
            Some(seen) if *seen => self.twice += 1,
            Some(seen) => {
                *seen = true;
                self.arrived.push(after);
            }
        }
    }

    pub(crate) fn expected(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn lost(&self) -> usize {
        self.expected() - self.arrived.len()
    }

    /// Every reply that was expected, and no other.
    pub(crate) fn is_exact(&self) -> bool {
        self.lost() + self.twice + self.stray + self.misdirected == 0
    }

    /// When the first was there.
    pub(crate) fn first(&self) -> Option<Duration> {
        self.arrived.first().copied()
    }

    /// When half of the expected replies were there.
    pub(crate) fn half(&self) -> Option<Duration> {
        self.arrived
            .get(self.expected().saturating_sub(1) / 2)
            .copied()
    }

    /// When all expected replies were there.
    pub(crate) fn last(&self) -> Option<Duration> {
        (self.lost() == 0).then(|| self.arrived.last().copied())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn reply(round: u32, seq: u32, node: u32) -> Vec<u8> {
        Tag { round, seq, node }.body(100)
    }

    #[test]
    fn bodies_carry_their_tag() {
        let tag = Tag {
            round: 7,
            seq: 42,
            node: 49_999,
        };
        assert_eq!(tag.body(600).len(), 600);
        assert_eq!(Tag::read(&tag.body(0)), Some(tag));
        assert_eq!(Tag::read(b"00000007 0000004x 00000000 ..."), None);
        assert_eq!(Tag::read(b"7"), None);
    }

    #[test]
    fn a_broadcast_is_exact_when_each_node_spoke_once() {
        let mut tally = Tally::new(3, Asked::All(2));
        tally.note(&reply(3, 0, 1), MS);
        assert_eq!((tally.lost(), tally.last()), (1, None));
        tally.note(&reply(3, 0, 0), 2 * MS);
        assert!(tally.is_exact());
        assert_eq!(tally.first(), Some(MS));
        assert_eq!(tally.half(), Some(MS));
        assert_eq!(tally.last(), Some(2 * MS));
        tally.note(&reply(3, 0, 0), MS);
        tally.note(&reply(2, 0, 1), MS);
        tally.note(&reply(3, 0, 2), MS);
        tally.note(b"junk", MS);
        assert_eq!((tally.twice, tally.stray), (1, 3));
        assert!(!tally.is_exact());
    }

    #[test]
    fn a_directed_reply_counts_only_from_the_node_that_was_asked() {
        let mut tally = Tally::new(1, Asked::Some(vec![5, 5, 9]));
        tally.note(&reply(1, 0, 5), MS);
        tally.note(&reply(1, 1, 5), MS);
        tally.note(&reply(1, 2, 5), MS);
        assert_eq!((tally.misdirected, tally.lost()), (1, 1));
        tally.note(&reply(1, 2, 9), MS);
        assert_eq!((tally.twice, tally.lost()), (0, 0));
    }
}
