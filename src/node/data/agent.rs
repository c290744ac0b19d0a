//! `agent('puppet').version`: what an agent that is loaded here says of itself.

use std::fmt;

use serde_json::json;

use super::{DataError, DataPlugin, Outputs, required};

/// What the DDL of an agent says of it as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentDescription {
    /// Under what terms it may be used.
    pub license: String,
    /// Seconds that an action may take.
    pub timeout: u64,
    /// What it is for.
    pub description: String,
    /// Where more is said.
    pub url: String,
    /// Which version.
    pub version: String,
    /// Who wrote it.
    pub author: String,
}

type Describe = dyn Fn(&str) -> Option<AgentDescription> + Send + Sync;

/// Asks the agents, of which it is told by a function: they are loaded above.
pub struct AgentData {
    describe: Box<Describe>,
}

impl AgentData {
    /// `describe` gives the description of an agent that is loaded.
    pub fn new(
        describe: impl Fn(&str) -> Option<AgentDescription> + Send + Sync + 'static,
    ) -> Self {
        Self {
            describe: Box::new(describe),
        }
    }
}

impl fmt::Debug for AgentData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentData")
    }
}

impl DataPlugin for AgentData {
    fn name(&self) -> &'static str {
        "agent"
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        let name = required(self.name(), query, 20, "the name of an agent")?;
        let unknown = || DataError::Unknown {
            plugin: "agent",
            query: name.into(),
        };
        let found = (self.describe)(name).ok_or_else(unknown)?;
        let outputs = [
            ("agent", json!(name)),
            ("license", json!(found.license)),
            ("timeout", json!(found.timeout)),
            ("description", json!(found.description)),
            ("url", json!(found.url)),
            ("version", json!(found.version)),
            ("author", json!(found.author)),
        ];
        Ok(outputs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_agent_is_described_and_another_is_not() {
        let plugin = AgentData::new(|name| {
            (name == "puppet").then(|| AgentDescription {
                version: "1.14.0".into(),
                timeout: 20,
                ..Default::default()
            })
        });
        let outputs = plugin.query(Some("puppet")).unwrap();
        assert_eq!(outputs["version"], json!("1.14.0"));
        assert_eq!(outputs["timeout"], json!(20));
        assert_eq!(outputs.len(), 7);
        let error = plugin.query(Some("nosuch")).unwrap_err();
        assert_eq!(error.to_string(), "agent: \"nosuch\" is not known here");
        for invalid in [None, Some(""), Some("a_name_that_is_much_too_long")] {
            assert!(matches!(
                plugin.query(invalid),
                Err(DataError::Invalid { .. })
            ));
        }
    }
}
