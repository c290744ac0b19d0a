//! `puppet().enabled`: what Puppet is doing here.

use std::sync::Arc;

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
        settle_soon(&self.puppet);
        let state = self.puppet.state();
        Ok(Outputs::from_iter(
            [
                ("applying", json!(state.applying)),
                ("enabled", json!(state.disabled.is_none())),
                ("daemon_present", json!(state.daemon.is_some())),
                ("lastrun", json!(state.last_run_at())),
                ("since_lastrun", json!(state.since_last_run())),
                ("status", json!(state.word())),
                (
                    "disable_message",
                    json!(state.disabled.clone().unwrap_or_default()),
                ),
                ("idling", json!(state.idling())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        ))
    }
}

/// Asks Puppet where its files are, for the queries to come: a filter does not wait for it.
pub(super) fn settle_soon(puppet: &Arc<Puppet>) {
    if !puppet.is_settled()
        && let Ok(runtime) = Handle::try_current()
    {
        let puppet = Arc::clone(puppet);
        runtime.spawn(async move { puppet.settle(&Launcher::of_daemon()).await });
    }
}

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
