//! `client.cfg`: what `mco` is told.

use std::{path::Path, time::Duration};

use super::{Common, Document, Environment, Faults, LogLevel, connection, load, reader::Reader};

/// What `mco` is told.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// What servers are told too.
    pub common: Common,
    /// Whether output is coloured; none decides by the terminal.
    pub color: Option<bool>,
    /// Up to so many discovered nodes are addressed one by one.
    pub direct_addressing_threshold: u32,
    /// How `--limit` chooses.
    pub limit_method: LimitMethod,
    /// How nodes are discovered, where the file says it.
    pub discovery_method: Option<String>,
    /// Options of the discovery method.
    pub discovery_options: Vec<String>,
    /// How long discovery waits, where the file says it.
    pub discovery_timeout: Option<Duration>,
    /// How long sending may take.
    pub publish_timeout: Duration,
    /// How long connecting may take; none waits for ever.
    pub connection_timeout: Option<Duration>,
    /// Nodes in a batch; zero is all at once.
    pub batch_size: u32,
    /// The pause between batches.
    pub batch_sleep: Duration,
    /// Whether `ping` draws a graph.
    pub ping_graph: bool,
    /// Whether to ask for the broker's user on the terminal, where the file has none.
    pub prompt_user: bool,
    /// The same for the password.
    pub prompt_password: bool,
}

/// How `--limit` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitMethod {
    /// The first ones.
    First,
    /// Any.
    Random,
}

impl ClientConfig {
    /// Reads a file, and its `plugin.d`.
    pub fn load(file: &Path, environment: Environment<'_>) -> Result<Self, Faults> {
        Self::read(&load::read(file)?, environment)
    }

    /// Gives the entries their meaning.
    pub fn read(document: &Document, environment: Environment<'_>) -> Result<Self, Faults> {
        let mut reader = Reader::new(document, environment);
        let common = Common::read(&mut reader, LogLevel::Warn);
        let methods = [
            ("first", LimitMethod::First),
            ("random", LimitMethod::Random),
        ];
        let (prompt_user, prompt_password) =
            connection::prompts(&mut reader, common.connector.dialect);
        // Sending and receiving always go on side by side here.
        reader.flag("threaded", true);
        let mut config = Self {
            color: reader.optional_flag("color"),
            direct_addressing_threshold: reader.integer(
                "direct_addressing_threshold",
                10,
                0,
                u32::MAX,
            ),
            limit_method: reader.choice("rpclimitmethod", &methods, LimitMethod::First),
            discovery_method: reader.raw("default_discovery_method").map(str::to_owned),
            discovery_options: document
                .all("default_discovery_options")
                .map(|entry| entry.value.clone())
                .collect(),
            discovery_timeout: reader.optional_duration("discovery_timeout"),
            publish_timeout: reader.positive_duration("publish_timeout", Duration::from_secs(2)),
            connection_timeout: reader.optional_duration("connection_timeout"),
            batch_size: reader.integer("default_batch_size", 0, 0, u32::MAX),
            batch_sleep: reader.duration("default_batch_sleep_time", Duration::from_secs(1)),
            ping_graph: reader.has("plugin.rpc.graph"),
            prompt_user,
            prompt_password,
            common,
        };
        config.common.complete(reader)?;
        Ok(config)
    }
}
