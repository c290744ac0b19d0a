//! `resource('file[/etc/motd]').managed`: what Puppet manages here, and figures of its last run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{DataError, DataPlugin, Outputs, puppet::settle};
use crate::{
    mcorpc::ddl::validators,
    node::puppet::{Figure, LastRun, Puppet, Summary},
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
        settle(&self.puppet);
        let managed = query.map(|reference| self.managed(reference)).transpose()?;
        let mut problems = Vec::new();
        // Where nobody can tell, nothing is said, and no comparison holds.
        let managed = managed.unwrap_or(Ok(false));
        let managed = managed.map_err(|why| problems.push(why)).ok();
        let state = self.puppet.state();
        let none = Summary::default();
        let summary = match &state.last_run {
            LastRun::Is(summary) => summary,
            LastRun::Never => &none,
            LastRun::Unknown(why) => {
                problems.push(why.clone());
                &none
            }
        };
        problems.extend(summary.oddity());
        let known = !matches!(state.last_run, LastRun::Unknown(_));
        let count = |name| match summary.count("resources", name) {
            Figure::Is(count) => Some(json!(count)),
            Figure::Missing => known.then(|| json!(0)),
            Figure::Odd => None,
        };
        let seconds = |name| match summary.seconds(name) {
            Some(seconds) => Some(json!(seconds)),
            None => known.then(|| json!(0.0)),
        };
        let version = summary.config_version().cloned();
        let problem = Some(problems.join("; ")).filter(|problem| !problem.is_empty());
        Ok([
            ("managed", managed.map(Value::from)),
            ("out_of_sync_resources", count("out_of_sync")),
            ("failed_resources", count("failed")),
            ("corrected_resources", count("corrective_change")),
            ("changed_resources", count("changed")),
            ("total_resources", count("total")),
            ("total_time", seconds("total")),
            ("config_retrieval_time", seconds("config_retrieval")),
            ("lastrun", Some(json!(state.last_run_at()))),
            ("since_lastrun", Some(json!(state.since_last_run()))),
            ("config_version", Some(version.unwrap_or(json!("unknown")))),
            ("problem", problem.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect())
    }
}

impl ResourceData {
    /// Whether Puppet manages a resource, or why nobody can tell.
    fn managed(&self, reference: &str) -> Result<Result<bool, String>, DataError> {
        let valid = reference.chars().count() <= 120
            && validators::named(&json!(reference), "puppet_resource").is_ok();
        if !valid {
            return Err(DataError::Invalid {
                plugin: NAME,
                rule: RULE,
            });
        }
        let resources = self.puppet.resources();
        Ok(match resources.broken() {
            Some(why) => Err(why.to_owned()),
            None => Ok(resources.manages(reference)),
        })
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
        put("resourcefile", "file[/etc/mo");
        put("lastrunfile", "resources: {total: 9");
        let outputs = plugin.query(Some("file[/etc/motd]")).unwrap();
        assert_eq!(
            outputs["problem"],
            json!("resourcefile is cut off; lastrunfile is cut off")
        );
        for unknown in ["managed", "total_resources", "total_time"] {
            assert!(!outputs.contains_key(unknown), "{outputs:?}");
        }
        assert_eq!(outputs["lastrun"], json!(0));
        for bad in ["", "file", "file[]", "a b[c]"] {
            assert!(plugin.query(Some(bad)).is_err(), "{bad}");
        }
    }
}
