//! `package('bash').status`: in which version a package is installed, if it is.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{DataError, DataPlugin, Outputs, required};
use crate::node::package::Packages;

/// Asks the machine's package manager.
#[derive(Debug)]
pub struct PackageData {
    packages: Arc<Packages>,
}

impl PackageData {
    /// With the packages of the agent `package`.
    pub fn new(packages: Arc<Packages>) -> Self {
        Self { packages }
    }
}

impl DataPlugin for PackageData {
    fn name(&self) -> &'static str {
        NAME
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        let name = required(NAME, query, 50, RULE)?;
        let package = name.parse().map_err(|_| DataError::Invalid {
            plugin: NAME,
            rule: RULE,
        })?;
        let status = self.packages.status_blocking(&package, LIMIT);
        let status = status.map_err(|error| DataError::Failed {
            plugin: NAME,
            message: error.to_string(),
        })?;
        Ok(Outputs::from_iter([
            ("status".to_owned(), json!(status.ensure)),
            ("installed".to_owned(), json!(status.installed)),
        ]))
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(3)
    }
}

const NAME: &str = "package";
const RULE: &str = "the name of a package";

/// Within the plugin's timeout: whoever asks waits, and the daemon's heart-beats wait too.
const LIMIT: Duration = Duration::from_millis(2500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::package::Settings;

    #[test]
    fn only_a_packages_name_is_asked_for() {
        let plugin = |provider: &'static str| {
            let settings = Settings::read(|key| (key == "package.provider").then_some(provider));
            let packages = Packages::new(settings, "/nonexistent".into());
            PackageData::new(Arc::new(packages))
        };
        for query in [
            None,
            Some(""),
            Some("-y"),
            Some("a b"),
            Some("a*"),
            Some(&*"x".repeat(51)),
        ] {
            let error = plugin("apt").query(query).unwrap_err();
            assert!(matches!(error, DataError::Invalid { .. }), "{query:?}");
        }
        let error = plugin("nonsense").query(Some("bash")).unwrap_err();
        assert!(error.to_string().contains("plugin.package.provider"));
    }
}
