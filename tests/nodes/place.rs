//! Where a daemon of the fleet has its files. Those of the crowd share a node.

use crate::fleet::CROWD;

/// The node and the directories of a daemon.
pub(crate) struct Place {
    pub(crate) node: String,
    pub(crate) etc: String,
    pub(crate) log: String,
    pub(crate) state: String,
}

impl Place {
    pub(crate) fn of(name: &str) -> Self {
        let crowded = is_of_crowd(name);
        let dir = |base: &str| {
            if crowded {
                format!("{base}/mcollective/{name}")
            } else {
                format!("{base}/mcollective")
            }
        };
        Self {
            node: if crowded { CROWD } else { name }.to_owned(),
            etc: dir("/etc"),
            log: dir("/var/log"),
            state: dir("/var/lib"),
        }
    }

    /// A text in which the directories stand by their names.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        text.replace("ETC", &self.etc)
            .replace("LOG", &self.log)
            .replace("STATE", &self.state)
    }
}

/// Whether this is one of many on the crowd's node.
pub(crate) fn is_of_crowd(name: &str) -> bool {
    let rest = name.strip_prefix(CROWD);
    rest.is_some_and(|rest| rest.starts_with('-'))
}
