//! `puppet().enabled`: what Puppet is doing here.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::runtime::Handle;

use super::{DataError, DataPlugin, Outputs};
use crate::{node::puppet::Puppet, sys::command::Launcher};

/// Reads Puppet's state files.
#[derive(Debug)]
pub struct PuppetData {
    puppet: Arc<Puppet>,
}

impl PuppetData {
    /// This Puppet.
    pub fn new(puppet: Arc<Puppet>) -> Self {
        Self { puppet }
    }
}

impl DataPlugin for PuppetData {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn query(&self, _query: Option<&str>) -> Result<Outputs, DataError> {
        settle(&self.puppet);
        let state = self.puppet.state();
        Ok(Outputs::from_iter(
            [
                ("applying", json!(state.applying)),
                // Where nobody can tell, a run will; who is left out for that is not missed.
                ("enabled", json!(state.lock.is_open() != Some(false))),
                ("daemon_present", json!(state.daemon.is_some())),
                ("lastrun", json!(state.last_run_at())),
                ("since_lastrun", json!(state.since_last_run())),
                ("status", json!(state.word())),
                (
                    "disable_message",
                    json!(state.lock.reason().unwrap_or_default()),
                ),
                ("idling", json!(state.idling())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        ))
    }
}

/// Has Puppet asked where its files are, and waits for its answer, but not long: a filter has little
/// time. What is answered later serves the queries to come.
pub(super) fn settle(puppet: &Arc<Puppet>) {
    if puppet.is_settled() {
        return;
    }
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let puppet = Arc::clone(puppet);
    let asked = runtime.spawn(async move { puppet.settle(&Launcher::of_daemon()).await });
    runtime.block_on(async { drop(tokio::time::timeout(PATIENCE, asked).await) });
}

/// Two thirds of what a filter has.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::puppet::Options;

    #[test]
    fn a_machine_without_puppet_answers_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options {
            command: vec!["/nonexistent".into()],
            ..Options::default()
        };
        for setting in crate::node::puppet::Paths::SETTINGS {
            options
                .files
                .insert(setting.into(), dir.path().join(setting));
        }
        let puppet = Arc::new(Puppet::new(options, dir.path().join("state")));
        let plugin = PuppetData::new(Arc::clone(&puppet));
        let outputs = plugin.query(None).unwrap();
        assert_eq!(outputs["status"], json!("stopped"));
        assert_eq!(
            (&outputs["enabled"], &outputs["lastrun"]),
            (&json!(true), &json!(0))
        );
        puppet.disable("because").unwrap();
        let outputs = plugin.query(None).unwrap();
        assert_eq!(outputs["disable_message"], json!("because"));
        assert_eq!(outputs["enabled"], json!(false));
        assert_eq!(outputs.len(), 8);
    }
}
