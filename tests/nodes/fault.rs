//! What can go wrong with a node, and how it is brought about and ended.

use crate::{
    chance::Chance,
    fleet::{AGENTS, BROKER, Fleet},
};

/// Whom a fault concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Broker,
    Agent(&'static str),
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A node.
    pub(crate) node: &'static str,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SIGKILL; systemd starts the daemon anew.
    Kill,
    /// `systemctl restart`.
    Restart,
    /// SIGSTOP, and later SIGCONT.
    Pause,
    /// The cable is pulled out, and put back later.
    Cut,
    /// Packets are lost without a word, both ways.
    Mute,
    /// The power goes, and comes back later.
    Power,
}

pub(crate) const KINDS: [Kind; 6] = [
    Kind::Kill,
    Kind::Restart,
    Kind::Pause,
    Kind::Cut,
    Kind::Mute,
    Kind::Power,
];

impl Fault {
    /// Any fault of these nodes.
    pub(crate) fn any(chance: &mut Chance, nodes: &[&'static str]) -> Self {
        Self {
            node: nodes[chance.below(nodes.len())],
            kind: *chance.pick(&KINDS),
        }
    }

    pub(crate) fn target(&self) -> Target {
        if self.node == BROKER {
            return Target::Broker;
        }
        let known = AGENTS.into_iter().find(|name| *name == self.node);
        Target::Agent(known.unwrap())
    }

    pub(crate) fn begin(self, fleet: &Fleet) {
        match self.kind {
            Kind::Kill => fleet.signal(self.node, "KILL"),
            Kind::Restart => fleet.systemctl(self.node, "restart"),
            Kind::Pause => fleet.signal(self.node, "STOP"),
            Kind::Cut => fleet.lab.cut(self.node),
            Kind::Mute => fleet.lab.mute(self.node),
            Kind::Power => fleet.lab.down(self.node),
        }
    }

    pub(crate) fn end(self, fleet: &Fleet) {
        match self.kind {
            // They end by themselves.
            Kind::Kill | Kind::Restart => {}
            Kind::Pause => fleet.signal(self.node, "CONT"),
            Kind::Cut | Kind::Mute => fleet.lab.plug(self.node),
            Kind::Power => fleet.lab.up(&[self.node]),
        }
    }
}
