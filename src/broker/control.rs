//! A running broker as the process around it sees it.

use std::{fmt, sync::Arc};

use super::{hub::Hub, report};

/// A handle to a broker, for as long as it runs and after.
#[derive(Clone)]
pub struct Control {
    pub(super) hub: Arc<Hub>,
}

impl Control {
    /// Every counter and what there is now, as one line.
    pub fn figures(&self) -> String {
        report::line(&self.hub.figures())
    }

    /// How many are connected, in words.
    pub fn summary(&self) -> String {
        let connections = self.hub.metrics.connections.value();
        let nodes = self.hub.router().identities();
        format!("{connections} connections, {nodes} nodes")
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
