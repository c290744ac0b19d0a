//! What can go wrong with a node, and how it is brought about and ended.

use crate::{
    chance::Chance,
    fleet::{BROKER, CROWD, Fleet},
    place::is_of_crowd,
};

/// Whom a fault concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Broker,
    Agent(&'static str),
    /// All agents on that node.
    Crowd,
}

impl Target {
    /// Whether it is this agent, or this one among others.
    pub(crate) fn has(self, agent: &str) -> bool {
        match self {
            Self::Broker => false,
            Self::Agent(name) => name == agent,
            Self::Crowd => is_of_crowd(agent),
        }
    }
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A daemon, by its name, or a node.
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
    /// There is no room on the disk for state and audit, or for the broker's log.
    FullDisk,
    /// No file can be opened, and no connection taken.
    NoDescriptors,
    /// A new certificate is read. That disturbs nobody.
    Renewal,
}

impl Kind {
    /// Whether calls may fail meanwhile.
    pub(crate) const fn disturbs(self) -> bool {
        !matches!(self, Self::Renewal)
    }
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
        match self.node {
            BROKER => Target::Broker,
            CROWD => Target::Crowd,
            name => Target::Agent(name),
        }
    }

    pub(crate) fn begin(self, fleet: &Fleet) {
        match self.kind {
            Kind::Kill => fleet.signal(self.node, "KILL"),
            Kind::Restart => fleet.systemctl(self.node, "restart"),
            Kind::Pause => fleet.signal(self.node, "STOP"),
            Kind::Cut => fleet.lab.cut(self.node),
            Kind::Mute => fleet.lab.mute(self.node),
            Kind::Power => fleet.lab.down(self.node),
            Kind::FullDisk => fleet.fill_disk(self.node),
            Kind::NoDescriptors => fleet.starve(self.node),
            Kind::Renewal => fleet.renew(self.node),
        }
    }

    pub(crate) fn end(self, fleet: &Fleet) {
        match self.kind {
            // They end by themselves.
            Kind::Kill | Kind::Restart | Kind::Renewal => {}
            Kind::Pause => fleet.signal(self.node, "CONT"),
            Kind::Cut | Kind::Mute => fleet.lab.plug(self.node),
            Kind::Power => fleet.lab.up(&[self.node]),
            Kind::FullDisk => fleet.free_disk(self.node),
            Kind::NoDescriptors => fleet.feed(self.node),
        }
    }
}
