//! Who of those that are waited for has lost the broker, or came back as another process, which knows
//! nothing of what the one before was asked. Sans-IO: the broker's lists come in.

use std::collections::{HashMap, HashSet};

use super::{PresentNode, Silence};
use crate::mcorpc::names::Identity;

/// What the broker's lists tell of the nodes of one call.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The processes that were there when the request was sent, where nodes say which they are.
    asked: HashMap<Identity, String>,
    /// Who is not connected.
    gone: HashSet<Identity>,
    /// Who has another process, and in how many lists.
    restarted: HashMap<Identity, u32>,
}

/// What a list tells that was not known before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) gone: Vec<Identity>,
    pub(super) restarted: Vec<Identity>,
}

/// After so many lists with its new process nobody waits for a node's answer: a request that its old
/// process did not take may have reached the new one.
const SURE: u32 = 2;

impl Watch {
    /// Those to whom the request goes.
    pub(super) fn begin(&mut self, present: &[PresentNode]) {
        let known = present.iter().filter_map(|node| {
            let process = node.process.clone()?;
            Some((node.identity.clone(), process))
        });
        self.asked = known.collect();
    }

    /// A later list, for those who have not answered.
    pub(super) fn look(&mut self, present: &[PresentNode], missing: &[Identity]) -> News {
        let now: HashMap<&Identity, Option<&String>> = present
            .iter()
            .map(|node| (&node.identity, node.process.as_ref()))
            .collect();
        let mut news = News::default();
        for node in missing {
            let Some(asked) = self.asked.get(node) else {
                continue;
            };
            match now.get(node) {
                None => {
                    if !self.restarted.contains_key(node) && self.gone.insert(node.clone()) {
                        news.gone.push(node.clone());
                    }
                }
                Some(Some(process)) if *process != asked => {
                    self.gone.remove(node);
                    let lists = self.restarted.entry(node.clone()).or_default();
                    *lists += 1;
                    if *lists == 1 {
                        news.restarted.push(node.clone());
                    }
                }
                Some(_) => {
                    self.gone.remove(node);
                }
            }
        }
        news
    }

    /// Whether none of these will answer.
    pub(super) fn gives_up(&self, missing: &[Identity]) -> bool {
        let is_lost = |node| self.restarted.get(node).is_some_and(|lists| *lists >= SURE);
        !missing.is_empty() && missing.iter().all(is_lost)
    }

    /// What is known of a node's silence.
    pub(super) fn why(&self, node: &Identity) -> Option<Silence> {
        if self.restarted.contains_key(node) {
            Some(Silence::Restarted)
        } else if self.gone.contains(node) {
            Some(Silence::Disconnected)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Identity {
        Identity::new(text).unwrap()
    }

    /// `a1 b2`: who is there as which process.
    fn list(text: &str) -> Vec<PresentNode> {
        let node = |word: &str| PresentNode {
            identity: name(&word[..1]),
            agents: Vec::new(),
            collectives: Vec::new(),
            since: 0,
            pki: true,
            process: Some(word[1..].to_owned()).filter(|process| !process.is_empty()),
        };
        text.split_whitespace().map(node).collect()
    }

    #[test]
    fn who_is_gone_may_come_back_and_answer_and_who_was_restarted_does_not() {
        let all = ["a", "b", "c", "d"].map(name);
        let mut watch = Watch::default();
        watch.begin(&list("a1 b2 c3 d"));
        assert_eq!(watch.look(&list("a1 b2 c3 d"), &all), News::default());
        let news = watch.look(&list("a1 c9"), &all);
        // Who does not say which process it is, is not told of.
        assert_eq!(
            (news.gone, news.restarted),
            (vec![name("b")], vec![name("c")])
        );
        assert_eq!(watch.why(&name("b")), Some(Silence::Disconnected));
        assert_eq!(watch.why(&name("c")), Some(Silence::Restarted));
        assert_eq!(watch.look(&list("a1 c9"), &all), News::default());
        assert!(watch.gives_up(&[name("c")]) && !watch.gives_up(&[name("a"), name("c")]));
        assert!(!watch.gives_up(&[]));
        // It was the network.
        watch.look(&list("a1 b2 c9"), &all);
        assert_eq!(watch.why(&name("b")), None);
        assert!(!watch.gives_up(&[name("b"), name("c")]));
        let news = watch.look(&list("a1 b7"), &all);
        assert_eq!((news.gone, news.restarted), (vec![], vec![name("b")]));
        assert!(!watch.gives_up(&[name("b"), name("c")]), "not sure yet");
        watch.look(&list("a1 b7"), &all);
        assert!(watch.gives_up(&[name("b"), name("c")]));
    }
}
