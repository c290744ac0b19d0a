//! `resource('file[/etc/motd]').managed`: what Puppet manages here, and figures of its last run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{DataError, DataPlugin, Outputs, puppet::settle_soon};
use crate::{
    mcorpc::ddl::validators,
    node::puppet::{LastRun, Puppet, Summary},
};

/// Reads Puppet's state files.
#[derive(Debug)]
pub struct ResourceData {
    puppet: Arc<Puppet>,
}

impl ResourceData {
    /// This Puppet.
    pub fn new(puppet: Arc<Puppet>) -> Self {
        Self { puppet }
    }
}

impl DataPlugin for ResourceData {
    fn name(&self) -> &'static str {
        NAME
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        settle_soon(&self.puppet);
        let managed = match query {
            None => false,
            Some(reference) => {
                let valid = reference.chars().count() <= 120
                    && validators::named(&json!(reference), "puppet_resource").is_ok();
                if !valid {
                    return Err(DataError::Invalid {
                        plugin: NAME,
                        rule: RULE,
                    });
                }
                let resources = self.puppet.resources();
                if let Some(why) = resources.broken() {
                    return Err(DataError::Failed {
                        plugin: NAME,
                        message: why.to_owned(),
                    });
                }
                resources.manages(reference)
            }
        };
        let state = self.puppet.state();
        let none = Summary::default();
        let summary = match &state.last_run {
            LastRun::Is(summary) => summary,
            LastRun::Never | LastRun::Unknown(_) => &none,
        };
        let count = |name| json!(summary.count("resources", name).unwrap_or(0));
        let version = match summary.figure("version", "config") {
            Some(Value::String(version)) => json!(version),
            Some(Value::Number(version)) => json!(version),
            _ => json!("unknown"),
        };
        Ok(Outputs::from_iter(
            [
                ("managed", json!(managed)),
                ("out_of_sync_resources", count("out_of_sync")),
                ("failed_resources", count("failed")),
                ("corrected_resources", count("corrective_change")),
                ("changed_resources", count("changed")),
                ("total_resources", count("total")),
                ("total_time", json!(summary.seconds("total").unwrap_or(0.0))),
                (
                    "config_retrieval_time",
                    json!(summary.seconds("config_retrieval").unwrap_or(0.0)),
                ),
                ("lastrun", json!(state.last_run_at())),
                ("since_lastrun", json!(state.since_last_run())),
                ("config_version", version),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        ))
    }
}

const NAME: &str = "resource";
const RULE: &str = "a resource such as `file[/etc/motd]`, or none";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        node::puppet::Options,
        sys::file::{Mode, write_atomic},
    };

    #[test]
    fn figures_and_resources_come_from_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options {
            command: vec!["/nonexistent".into()],
            ..Options::default()
        };
        for setting in ["lastrunfile", "resourcefile"] {
            options
                .files
                .insert(setting.into(), dir.path().join(setting));
        }
        let plugin = ResourceData::new(Arc::new(Puppet::new(options, dir.path().join("state"))));
        let outputs = plugin.query(None).unwrap();
        assert_eq!(outputs["total_resources"], json!(0));
        assert_eq!(outputs["config_version"], json!("unknown"));
        let put = |name: &str, text: &str| {
            write_atomic(
                &dir.path().join(name),
                text.as_bytes(),
                Mode::Exactly(0o644),
            )
            .unwrap();
        };
        put("resourcefile", "file[/etc/motd]\n");
        put(
            "lastrunfile",
            "version: {config: 17}\nresources: {total: 9, changed: 2}\ntime: {total: 1.5, last_run: 1795479548}\n",
        );
        let outputs = plugin.query(Some("File[/etc/motd]")).unwrap();
        for (name, expected) in [
            ("managed", json!(true)),
            ("total_resources", json!(9)),
            ("changed_resources", json!(2)),
            ("total_time", json!(1.5)),
            ("config_version", json!(17)),
            ("lastrun", json!(1_795_479_548)),
        ] {
            assert_eq!(outputs[name], expected, "{name}");
        }
        assert_eq!(
            plugin.query(Some("file[/etc/none]")).unwrap()["managed"],
            json!(false)
        );
        for bad in ["", "file", "file[]", "a b[c]"] {
            assert!(plugin.query(Some(bad)).is_err(), "{bad}");
        }
    }
}
