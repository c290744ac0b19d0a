//! Data plugins: what a filter (`-S "fstat('/etc/hosts').md5=..."`) or `rpcutil get_data` may ask
//! this node.

mod agent;
mod collective;
mod fact;
mod fstat;
mod package;
mod puppet;
mod resource;
mod service;

use std::time::Duration;

use serde_json::{Map, Value};

pub use self::{
    agent::{AgentData, AgentDescription},
    collective::CollectiveData,
    fact::FactData,
    fstat::FstatData,
    package::PackageData,
    puppet::PuppetData,
    resource::ResourceData,
    service::ServiceData,
};

/// Outputs by name: strings, numbers and booleans only.
pub type Outputs = Map<String, Value>;

/// Something that a node can be asked about itself.
pub trait DataPlugin: Send + Sync {
    /// The name in a filter; an inventory lists it with `_data` behind.
    fn name(&self) -> &'static str;

    /// Answers a query. May read files and wait for programs, so it is not for a task of the runtime;
    /// done within about `timeout`.
    fn query(&self, query: Option<&str>) -> Result<Outputs, DataError>;

    /// How long a client should wait for it in addition.
    fn timeout(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The operating system refused.
    #[error("{plugin}: {message}")]
    Failed {
        /// Which plugin.
        plugin: &'static str,
        /// Why.
        message: String,
    },
    /// A query that can't be one.
    #[error("{plugin}: a query is needed, {rule}")]
    Invalid {
        /// Which plugin.
        plugin: &'static str,
        /// What a query looks like.
        rule: &'static str,
    },
    /// It would have taken too long.
    #[error("{plugin}: no answer within {} s", limit.as_secs_f32())]
    Timeout {
        /// Which plugin.
        plugin: &'static str,
        /// How long it tried.
        limit: Duration,
    },
    /// There is nothing of that name.
    #[error("{plugin}: {query:?} is not known here")]
    Unknown {
        /// Which plugin.
        plugin: &'static str,
        /// What was asked for.
        query: String,
    },
}

/// The query, if there is one of at most `max` characters.
fn required<'a>(
    plugin: &'static str,
    query: Option<&'a str>,
    max: usize,
    rule: &'static str,
) -> Result<&'a str, DataError> {
    query
        .filter(|query| !query.is_empty() && query.chars().count() <= max)
        .ok_or(DataError::Invalid { plugin, rule })
}
