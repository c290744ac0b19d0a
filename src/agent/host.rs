//! What the daemon knows of its node: the answers that filters and actions ask for.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{Stats, action::Agent};
use crate::{
    config::ServerConfig,
    mcorpc::{
        ddl::Metadata,
        filter::{self, DataError},
        names::{Collective, Identity},
    },
    node::{
        classes::Classes,
        data::{
            AgentData, AgentDescription, CollectiveData, DataPlugin, FactData, FstatData,
            PackageData, PuppetData, ResourceData, ServiceData,
        },
        facts::FactSource,
        package::{self, Packages},
        puppet::Puppet,
        service,
    },
    sys::paths,
};

/// This node.
pub struct Host {
    identity: Identity,
    config: ServerConfig,
    agents: Vec<Arc<dyn Agent>>,
    /// The agents' names, sorted.
    names: Vec<String>,
    facts: Arc<dyn FactSource>,
    classes: Classes,
    data: Vec<Box<dyn DataPlugin>>,
    puppet: Arc<Puppet>,
    packages: Arc<Packages>,
    stats: Arc<Stats>,
}

impl Host {
    /// A node with those of the agents that its configuration activates.
    pub fn new(
        identity: Identity,
        config: ServerConfig,
        agents: Vec<Arc<dyn Agent>>,
        facts: Arc<dyn FactSource>,
    ) -> Self {
        let activated = |agent: &Arc<dyn Agent>| {
            let name = agent.ddl().name();
            // Without `discovery` a node can't be found; the original does not switch it off either.
            name == "discovery"
                || config
                    .agent_activation
                    .iter()
                    .find(|(agent, _)| agent.as_str() == name)
                    .map_or(config.activate_agents, |(_, active)| *active)
        };
        let agents: Vec<Arc<dyn Agent>> = agents.into_iter().filter(activated).collect();
        let mut names: Vec<String> = agents
            .iter()
            .map(|agent| agent.ddl().name().to_owned())
            .collect();
        names.sort();
        let loaded = agents.clone();
        let describe = move |name: &str| {
            let agent = loaded.iter().find(|agent| agent.ddl().name() == name)?;
            Some(description(&agent.ddl().metadata))
        };
        let plugins = &config.common.plugins;
        let state_dir = config.common.state_dir.clone();
        let state_dir = state_dir.unwrap_or_else(paths::daemon_state_dir);
        let packages = package::Settings::read(|key| plugins.get(key));
        let packages = Arc::new(Packages::new(packages, state_dir.clone()));
        let puppet = Arc::new(Puppet::new(config.puppet.clone(), state_dir));
        let data: Vec<Box<dyn DataPlugin>> = vec![
            Box::new(AgentData::new(describe)),
            Box::new(CollectiveData::new(config.common.collectives.clone())),
            Box::new(FactData::new(Arc::clone(&facts))),
            Box::new(FstatData::new()),
            Box::new(PackageData::new(Arc::clone(&packages))),
            Box::new(ServiceData::new(service::Settings::read(|key| {
                plugins.get(key)
            }))),
            Box::new(PuppetData::new(Arc::clone(&puppet))),
            Box::new(ResourceData::new(Arc::clone(&puppet))),
        ];
        Self {
            identity,
            classes: Classes::new(config.classes_file.clone()),
            config,
            agents,
            names,
            facts,
            data,
            puppet,
            packages,
            stats: Arc::default(),
        }
    }

    /// The same, with the counters of another: the daemon is the same.
    #[must_use]
    pub(super) fn with_stats_of(mut self, other: &Self) -> Self {
        self.stats = Arc::clone(&other.stats);
        self
    }

    /// Which node this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the daemon was told.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// The collectives that it is in.
    pub fn collectives(&self) -> &[Collective] {
        &self.config.common.collectives
    }

    /// The one that is meant where none is named.
    pub fn main_collective(&self) -> &Collective {
        &self.config.common.main_collective
    }

    /// The file that it was told by.
    pub fn config_file(&self) -> Cow<'_, str> {
        self.config.common.file.to_string_lossy()
    }

    /// A setting by its name, without secrets.
    pub fn config_item(&self, name: &str) -> Option<Value> {
        self.config.common.item(name)
    }

    /// The names of the agents, sorted.
    pub fn agent_names(&self) -> &[String] {
        &self.names
    }

    /// The agent of a name.
    pub fn agent(&self, name: &str) -> Option<&Arc<dyn Agent>> {
        self.agents.iter().find(|agent| agent.ddl().name() == name)
    }

    /// Name and description of each agent.
    pub fn agent_ddls(&self) -> impl Iterator<Item = (&str, &Metadata)> {
        self.agents
            .iter()
            .map(|agent| (agent.ddl().name(), &agent.ddl().metadata))
    }

    /// Where facts come from.
    pub(super) fn fact_source(&self) -> Arc<dyn FactSource> {
        Arc::clone(&self.facts)
    }

    /// All facts by their names.
    pub fn facts(&self) -> Map<String, Value> {
        self.facts.snapshot().as_map().clone()
    }

    /// A fact: its literal name first, then a dotted path.
    pub fn fact(&self, name: &str) -> Option<Value> {
        self.facts.snapshot().get(name).cloned()
    }

    /// The classes that the last Puppet run applied.
    pub fn classes(&self) -> Arc<[String]> {
        self.classes.snapshot()
    }

    /// The names of the data plugins.
    pub fn data_plugins(&self) -> impl Iterator<Item = &'static str> {
        self.data.iter().map(|plugin| plugin.name())
    }

    /// What a data plugin says.
    pub fn data(&self, name: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError> {
        let plugin = self.data.iter().find(|plugin| plugin.name() == name);
        let plugin = plugin.ok_or(DataError::UnknownPlugin)?;
        plugin
            .query(query)
            .map_err(|error| DataError::Failed(error.to_string()))
    }

    /// Its Puppet.
    pub fn puppet(&self) -> &Arc<Puppet> {
        &self.puppet
    }

    /// Its packages.
    pub fn packages(&self) -> &Packages {
        &self.packages
    }

    /// The daemon's counters.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}

/// What an agent's DDL says of it as a whole.
fn description(metadata: &Metadata) -> AgentDescription {
    AgentDescription {
        license: metadata.license.clone(),
        timeout: metadata.timeout,
        description: metadata.description.clone(),
        url: metadata.url.clone(),
        version: metadata.version.clone(),
        author: metadata.author.clone(),
    }
}

impl filter::Node for Host {
    fn identity(&self) -> &str {
        self.identity.as_str()
    }

    fn agents(&self) -> Cow<'_, [String]> {
        Cow::Borrowed(&self.names)
    }

    fn classes(&self) -> Cow<'_, [String]> {
        Cow::Owned(self.classes.snapshot().to_vec())
    }

    fn classes_or_doubt(&self) -> (Cow<'_, [String]>, Option<String>) {
        let (classes, doubt) = self.classes.or_doubt();
        (Cow::Owned(classes.to_vec()), doubt)
    }

    fn fact(&self, name: &str) -> Option<Value> {
        self.fact(name)
    }

    fn fact_or_doubt(&self, name: &str) -> (Option<Value>, Option<String>) {
        self.facts.snapshot().get_or_doubt(name)
    }

    fn data(&self, plugin: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError> {
        self.data(plugin, query)
    }
}
