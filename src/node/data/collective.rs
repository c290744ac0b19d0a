//! `collective('uk').member`: whether this node is in a collective.

use std::sync::Arc;

use serde_json::json;

use super::{DataError, DataPlugin, Outputs, required};
use crate::mcorpc::names::Collective;

/// Knows the collectives of this node.
#[derive(Clone, Debug)]
pub struct CollectiveData {
    collectives: Arc<[Collective]>,
}

impl CollectiveData {
    /// The collectives that this node is in.
    pub fn new(collectives: impl Into<Arc<[Collective]>>) -> Self {
        Self {
            collectives: collectives.into(),
        }
    }
}

impl DataPlugin for CollectiveData {
    fn name(&self) -> &'static str {
        "collective"
    }

    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError> {
        let name = required(self.name(), query, 256, "the name of a collective")?;
        let member = self
            .collectives
            .iter()
            .any(|collective| collective.as_str() == name);
        Ok(Outputs::from_iter([("member".to_owned(), json!(member))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn membership_is_by_the_whole_name() {
        let names = ["mcollective", "uk"].map(|name| Collective::new(name).unwrap());
        let plugin = CollectiveData::new(names);
        for (name, member) in [
            ("uk", true),
            ("u", false),
            ("UK", false),
            ("mcollective", true),
        ] {
            assert_eq!(
                plugin.query(Some(name)).unwrap()["member"],
                json!(member),
                "{name}"
            );
        }
        assert!(plugin.query(None).is_err());
    }
}
