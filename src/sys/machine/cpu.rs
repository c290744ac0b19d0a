//! Processors, from `/proc/cpuinfo`.

use std::collections::BTreeSet;

/// The machine's processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors {
    /// Logical processors; where nothing says how many, those this process may use.
    pub logical: usize,
    /// Sockets.
    pub physical: usize,
    /// Cores of one socket.
    pub cores: Option<usize>,
    /// A name for each logical processor.
    pub models: Vec<String>,
    /// Whether the processor says that a hypervisor drives it.
    pub hypervisor: bool,
}

impl Processors {
    /// Reads `/proc/cpuinfo`.
    pub(super) fn parse(cpuinfo: &str) -> Self {
        let mut found = Self::default();
        let mut sockets = BTreeSet::new();
        for line in cpuinfo.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                // s390 writes `processor 0: ...`, everybody else a key of its own.
                key if is_processor(key) => found.logical += 1,
                "model name" | "cpu" => found.models.push(value.into()),
                "physical id" => drop(sockets.insert(value.to_owned())),
                "cpu cores" => found.cores = value.parse().ok(),
                "flags" => {
                    found.hypervisor |= value.split(' ').any(|flag| flag == "hypervisor");
                }
                _ => {}
            }
        }
        if found.logical == 0 {
            found.logical = std::thread::available_parallelism().map_or(1, Into::into);
        }
        found.physical = sockets.len().max(1);
        found
    }
}

fn is_processor(key: &str) -> bool {
    key.strip_prefix("processor")
        .is_some_and(|rest| rest.trim().chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_cores_and_threads_are_told_apart() {
        let one = |processor: u32, socket: u32| {
            format!(
                "processor\t: {processor}\nmodel name\t: Some CPU: 2 GHz\nphysical id\t: {socket}\n\
                 cpu cores\t: 2\nflags\t\t: fpu hypervisor sse\n\n"
            )
        };
        let text: String = [one(0, 0), one(1, 0), one(2, 1), one(3, 1)].concat();
        let found = Processors::parse(&text);
        assert_eq!(
            (found.logical, found.physical, found.cores),
            (4, 2, Some(2))
        );
        assert_eq!(found.models, ["Some CPU: 2 GHz"; 4]);
        assert!(found.hypervisor);
    }

    #[test]
    fn other_architectures_and_nothing_at_all() {
        let arm = "processor\t: 0\nBogoMIPS\t: 50\n\nprocessor\t: 1\nFeatures\t: fp\n";
        assert_eq!(Processors::parse(arm).logical, 2);
        let s390 = "processor 0: version = FF\nprocessor 1: version = FF\n";
        assert_eq!(Processors::parse(s390).logical, 2);
        let none = Processors::parse("");
        assert!(none.logical >= 1 && none.physical == 1 && none.models.is_empty());
    }
}
