//! `service('httpd').status`: whether a service runs.

use std::{fmt, time::Duration};

use serde_json::json;

use super::{DataError, DataPlugin, Outputs, required};
use crate::node::service::{ServiceName, Services, Settings, SettingsError};

/// Asks the machine's init system.
pub struct ServiceData {
    settings: Result<Settings, SettingsError>,
}

impl ServiceData {
    /// With the settings of the agent `service`; a fault in them is every query's answer.
    pub fn new(settings: Result<Settings, SettingsError>) -> Self {
        Self { settings }
    }
}

impl fmt::Debug for ServiceData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceData").field(&self.settings).finish()
    }
}

impl DataPlugin for ServiceData {
    fn name(&self) -> &'static str {
        NAME
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        let name = required(NAME, query, 50, RULE)?;
        let service = ServiceName::new(name).map_err(|_| DataError::Invalid {
            plugin: NAME,
            rule: RULE,
        })?;
        let services = self.settings.as_ref().map_err(failed)?;
        let services = Services::new(services).map_err(|error| failed(&error))?;
        let state = services
            .state_blocking(&service, LIMIT)
            .map_err(|error| failed(&error))?;
        Ok(Outputs::from_iter([
            ("status".to_owned(), json!(state.condition.status())),
            ("state".to_owned(), json!(state.condition.as_str())),
        ]))
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(3)
    }
}

fn failed<E: ToString>(error: &E) -> DataError {
    DataError::Failed {
        plugin: NAME,
        message: error.to_string(),
    }
}

const NAME: &str = "service";
const RULE: &str = "the name of a service";

/// Within the plugin's timeout: whoever asks waits, and the daemon's heart-beats wait too.
const LIMIT: Duration = Duration::from_millis(2500);

#[cfg(test)]
mod tests {
    use super::*;

    /// Init scripts, of which there is none of such a name.
    fn plugin() -> ServiceData {
        let get = |key: &str| (key == "service.provider").then_some("service");
        ServiceData::new(Settings::read(get))
    }

    #[test]
    fn only_a_services_name_is_asked_for() {
        for query in [
            None,
            Some(""),
            Some("-x"),
            Some("a/b"),
            Some(&*"x".repeat(51)),
        ] {
            let error = plugin().query(query).unwrap_err();
            assert!(matches!(error, DataError::Invalid { .. }), "{query:?}");
        }
        let outputs = plugin().query(Some("no-such-service")).unwrap();
        assert_eq!(outputs["status"], "stopped");
        assert_eq!(outputs["state"], "unknown");
        let broken = ServiceData::new(Settings::read(|_| Some("nonsense")));
        let error = broken.query(Some("cron")).unwrap_err().to_string();
        assert!(error.contains("plugin.service.provider"), "{error}");
    }
}
