//! Facts of the machine itself, for a node whose site writes no facts file.
//!
//! Names and structure are Facter 4's, with the flat names of older Facters that people filter on,
//! so that `-F os.family=RedHat` and `-F osfamily=RedHat` both mean what they mean elsewhere. Facts
//! that need programs, users or the network to be asked are left out.

mod hardware;
mod legacy;
mod networking;
mod os;
mod tree;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use self::tree::Tree;
use super::{FactSource, Facts};
use crate::sys::machine::Machine;

/// Facts of the machine, looked at again after a while.
#[derive(Debug)]
pub struct NativeFacts {
    cache: Duration,
    state: Mutex<Option<(Instant, Arc<Facts>)>>,
}

impl NativeFacts {
    /// The machine is looked at when facts are first asked for, and again after `cache`.
    pub fn new(cache: Duration) -> Self {
        Self {
            cache,
            state: Mutex::default(),
        }
    }

    fn snapshot_at(&self, now: Instant) -> Arc<Facts> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = state
            .as_ref()
            .filter(|(then, _)| now.saturating_duration_since(*then) < self.cache);
        if let Some((_, facts)) = fresh {
            return Arc::clone(facts);
        }
        let facts = Arc::new(Facts::new(probe_everything()));
        *state = Some((now, Arc::clone(&facts)));
        facts
    }
}

impl FactSource for NativeFacts {
    fn snapshot(&self) -> Arc<Facts> {
        self.snapshot_at(Instant::now())
    }
}

/// Reads every native fact once, uncached. A test of the released binary calls it, to see that no
/// function of libc was lost in linking.
#[doc(hidden)]
pub fn probe_everything() -> Map<String, Value> {
    of(&Machine::probe())
}

/// The facts of one look at a machine.
fn of(machine: &Machine) -> Map<String, Value> {
    let mut facts = Tree::default();
    os::put(&mut facts, machine);
    networking::put(&mut facts, machine);
    hardware::put(&mut facts, machine);
    let identity = Tree::default()
        .with("user", machine.account.user.as_ref())
        .with("uid", Some(machine.account.uid))
        .with("group", machine.account.group.as_ref())
        .with("gid", Some(machine.account.gid))
        .with("privileged", Some(machine.account.uid == 0));
    facts.put_tree("identity", identity);
    let version = Tree::default().with("version", Some(env!("CARGO_PKG_VERSION")));
    facts.put_tree("mcollective", version);
    legacy::put(&mut facts, machine);
    facts.into_map()
}

#[cfg(test)]
mod tests;
