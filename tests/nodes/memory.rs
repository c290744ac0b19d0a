//! How much memory the daemons take, looked at again and again: none may grow with what it has done.

use std::{collections::HashMap, fmt::Write as _};

use crate::fleet::{BROKER, Fleet};

/// What each process took when it had settled.
#[derive(Default)]
pub(crate) struct Memory {
    settled: HashMap<(&'static str, u32), u64>,
    /// The most that was seen, in KiB: of the broker, and of any agent.
    most: [u64; 2],
    /// How many times a process was looked at that had been looked at before.
    again: usize,
}

/// After so many seconds a daemon has loaded what it needs, and has met the whole fleet.
const SETTLES_S: u64 = 15;

/// What the allocator may keep, and a larger load.
const SLACK_KIB: u64 = 12 << 10;

impl Memory {
    /// Looks at all daemons, and fails if one has grown.
    pub(crate) fn look(&mut self, fleet: &Fleet) {
        for node in fleet.nodes() {
            let listed = fleet
                .lab
                .shell(node, "ps -C mcollective -o pid=,etimes=,rss=");
            for line in listed.lines() {
                let numbers: Vec<u64> = line
                    .split_whitespace()
                    .map(|number| number.parse().unwrap())
                    .collect();
                let [pid, age, resident] = numbers[..] else {
                    panic!("ps says {line:?}")
                };
                self.see(node, u32::try_from(pid).unwrap(), age, resident);
            }
        }
    }

    fn see(&mut self, node: &'static str, pid: u32, age: u64, resident: u64) {
        let most = &mut self.most[usize::from(node != BROKER)];
        *most = resident.max(*most);
        if age < SETTLES_S {
            // A number may be given to another process.
            self.settled.remove(&(node, pid));
            return;
        }
        let Some(settled) = self.settled.get(&(node, pid)) else {
            self.settled.insert((node, pid), resident);
            return;
        };
        self.again += 1;
        assert!(
            resident <= settled * 3 / 2 + SLACK_KIB,
            "process {pid} of {node} has grown from {settled} to {resident} KiB in {age} s"
        );
    }

    /// The figures.
    pub(crate) fn told(&self) -> String {
        let mut text = String::new();
        let [broker, agent] = self.most;
        write!(
            text,
            "at most {broker} KiB for the broker, {agent} KiB for an agent; none has grown, seen {} times",
            self.again
        )
        .unwrap();
        text
    }
}
