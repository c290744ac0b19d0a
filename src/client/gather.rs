//! Whom a call still waits for. Sans-IO: replies and names come in, and whether all have spoken
//! comes out.

use std::collections::HashMap;

use crate::mcorpc::{
    names::Identity,
    reply::{Outcome, Reply},
};

/// The state of one call.
#[derive(Debug, Default)]
pub struct Gather {
    nodes: HashMap<Identity, State>,
    /// How many of them are `Awaited`.
    missing: usize,
    /// Whether it is known whom to wait for.
    known: bool,
    /// Whether only the nodes named may answer.
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awaited,
    Answered,
    Nomatch,
}

/// What a reply is to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An addressed node's answer.
    Answer,
    /// An addressed node's word that it is not meant.
    Nomatch,
    /// The node has spoken already.
    Duplicate,
    /// The node was not addressed.
    Unexpected,
}

impl Gather {
    /// Nobody is known yet, and whoever answers is taken as addressed.
    pub fn open() -> Self {
        Self::default()
    }

    /// Exactly these are addressed; anybody else is unexpected.
    pub fn directed(nodes: impl IntoIterator<Item = Identity>) -> Self {
        let mut gather = Self {
            closed: true,
            ..Self::default()
        };
        gather.expect(nodes);
        gather
    }

    /// These are addressed as well, and with them it is known whom to wait for.
    pub fn expect(&mut self, nodes: impl IntoIterator<Item = Identity>) {
        self.known = true;
        for node in nodes {
            self.nodes.entry(node).or_insert_with(|| {
                self.missing += 1;
                State::Awaited
            });
        }
    }

    /// Takes a verified reply.
    pub fn handle_reply(&mut self, reply: &Reply) -> Heard {
        let spoken = if reply.outcome == Outcome::Nomatch {
            State::Nomatch
        } else {
            State::Answered
        };
        match self.nodes.get_mut(&reply.sender) {
            Some(state @ State::Awaited) => {
                *state = spoken;
                self.missing -= 1;
            }
            Some(_) => return Heard::Duplicate,
            None if self.closed => return Heard::Unexpected,
            None => {
                self.nodes.insert(reply.sender.clone(), spoken);
            }
        }
        if spoken == State::Nomatch {
            Heard::Nomatch
        } else {
            Heard::Answer
        }
    }

    /// Whether it is known whom the call waits for.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Whether everybody whom the call waits for has spoken.
    pub fn is_complete(&self) -> bool {
        self.known && self.missing == 0
    }

    /// How many were addressed and are not known to be meant by nobody: answered and awaited.
    pub fn addressed(&self) -> usize {
        self.nodes
            .values()
            .filter(|state| **state != State::Nomatch)
            .count()
    }

    /// How many have not spoken.
    pub fn missing_count(&self) -> usize {
        self.missing
    }

    /// Who has not spoken, by name.
    pub fn missing(&self) -> Vec<Identity> {
        self.having(State::Awaited)
    }

    /// Who said that the filter does not choose it, by name.
    pub fn nomatch(&self) -> Vec<Identity> {
        self.having(State::Nomatch)
    }

    fn having(&self, wanted: State) -> Vec<Identity> {
        let mut names: Vec<Identity> = self
            .nodes
            .iter()
            .filter(|(_, state)| **state == wanted)
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Map;

    use super::*;
    use crate::mcorpc::{
        names::{AgentName, CallerId, RequestId},
        reply::StatusCode,
    };

    fn name(n: usize) -> Identity {
        Identity::new(format!("node{n}")).unwrap()
    }

    fn reply(n: usize, outcome: Outcome) -> Reply {
        Reply {
            id: RequestId::new("a").unwrap(),
            caller: CallerId::new("cert=a").unwrap(),
            agent: AgentName::new("discovery").unwrap(),
            sender: name(n),
            outcome,
            statuscode: StatusCode::OK,
            statusmsg: "OK".into(),
            data: Map::new(),
            time_ms: 0,
        }
    }

    #[test]
    fn ends_when_everybody_present_has_spoken() {
        let mut gather = Gather::open();
        assert_eq!(gather.handle_reply(&reply(1, Outcome::Ok)), Heard::Answer);
        assert!(!gather.is_complete(), "nobody said yet who is there");
        gather.expect([name(1), name(2), name(3)]);
        assert_eq!(gather.missing(), [name(2), name(3)]);
        assert_eq!(
            gather.handle_reply(&reply(2, Outcome::Nomatch)),
            Heard::Nomatch
        );
        assert_eq!(
            gather.handle_reply(&reply(2, Outcome::Ok)),
            Heard::Duplicate
        );
        assert_eq!(gather.handle_reply(&reply(4, Outcome::Ok)), Heard::Answer);
        assert!(!gather.is_complete());
        assert_eq!(
            gather.handle_reply(&reply(3, Outcome::Failed)),
            Heard::Answer
        );
        assert!(gather.is_complete());
        assert_eq!(gather.addressed(), 3);
        assert_eq!(gather.nomatch(), [name(2)]);
    }

    #[test]
    fn a_directed_call_takes_nobody_else() {
        let mut gather = Gather::directed([name(1)]);
        assert_eq!(
            gather.handle_reply(&reply(2, Outcome::Ok)),
            Heard::Unexpected
        );
        assert_eq!(gather.handle_reply(&reply(1, Outcome::Ok)), Heard::Answer);
        assert!(gather.is_complete());
        assert!(Gather::directed([]).is_complete(), "nobody is waited for");
    }

    proptest! {
        #[test]
        fn nobody_is_lost_or_counted_twice(
            expected in proptest::collection::btree_set(0usize..20, 0..20),
            heard in proptest::collection::vec((0usize..25, any::<bool>()), 0..60),
            announced_after in 0usize..60,
        ) {
            let mut gather = Gather::open();
            let mut answers = 0;
            for (at, (node, matches)) in heard.iter().enumerate() {
                if at == announced_after {
                    gather.expect(expected.iter().map(|n| name(*n)));
                }
                let outcome = if *matches { Outcome::Ok } else { Outcome::Nomatch };
                answers += usize::from(gather.handle_reply(&reply(*node, outcome)) == Heard::Answer);
            }
            gather.expect(expected.iter().map(|n| name(*n)));
            let spoke: std::collections::BTreeSet<usize> = heard.iter().map(|(n, _)| *n).collect();
            prop_assert_eq!(gather.missing_count(), expected.difference(&spoke).count());
            prop_assert_eq!(gather.missing().len(), gather.missing_count());
            prop_assert_eq!(answers + gather.missing_count(), gather.addressed());
            prop_assert_eq!(gather.is_complete(), expected.is_subset(&spoke));
        }
    }
}
