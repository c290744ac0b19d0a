//! Why nodes did not answer when they were asked last.

use std::collections::HashMap;

use crate::{
    client::{Account, Silence},
    mcorpc::names::Identity,
};

/// The nodes that are silent now.
#[derive(Default)]
pub(super) struct Silences(HashMap<Identity, Silence>);

impl Silences {
    /// Takes what came of one question; gives those that have lost the broker since they spoke.
    pub(super) fn take(&mut self, account: &Account) -> Vec<Identity> {
        for answer in &account.answers {
            self.0.remove(&answer.reply.sender);
        }
        let is_gone = |why| matches!(why, Silence::NotConnected | Silence::Disconnected);
        let mut gone = Vec::new();
        for silent in &account.no_response {
            let before = self.0.insert(silent.node.clone(), silent.why);
            if is_gone(silent.why) && !before.is_some_and(is_gone) {
                gone.push(silent.node.clone());
            }
        }
        gone
    }

    /// Why this one is silent.
    pub(super) fn why(&self, name: &Identity) -> Silence {
        self.0.get(name).copied().unwrap_or(Silence::Timeout)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::client::Silent;

    #[test]
    fn who_is_gone_is_told_once_and_why_to_the_end() {
        let id = "1".parse().unwrap();
        let mut account = super::super::account(id, SystemTime::now(), Duration::ZERO);
        let mut asked = |why| {
            let node = "web1".parse().unwrap();
            account.no_response = vec![Silent { node, why }];
            account.clone()
        };
        let web1: Identity = "web1".parse().unwrap();
        let mut silences = Silences::default();
        assert_eq!(silences.why(&web1), Silence::Timeout);
        assert_eq!(silences.take(&asked(Silence::Timeout)), []);
        let gone = silences.take(&asked(Silence::Disconnected));
        assert_eq!(gone, std::slice::from_ref(&web1));
        assert_eq!(silences.take(&asked(Silence::NotConnected)), []);
        assert_eq!(silences.why(&web1), Silence::NotConnected);
    }
}
