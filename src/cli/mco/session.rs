//! What every application that talks to nodes does first: configuration, keys, connection; and
//! how it makes a call.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::targeting;
use crate::{
    cli::{
        CommandError, Exit, daemon,
        render::{Out, progress, rehearsal},
        tree::{Common, ExitCodes, General, HostFilters},
        voice::complain,
    },
    client::{
        self, Account, Addressing, Answer, Call, Client, Interrupt, Progress, Targets, Verdict,
    },
    config::{self, ClientConfig},
    connector,
    mcorpc::{
        ddl::{Ddl, builtin},
        filter::{FactFilter, Filter, Token, Word, fact, parse},
        names::{ActionName, AgentName, Collective, Identity},
        similar,
    },
    security::SecurityProvider,
    sys::{
        self,
        signal::{Signal, Signals},
    },
};

/// The options that every application has.
pub(in crate::cli) struct Options<'a> {
    pub(in crate::cli) general: &'a General,
    pub(in crate::cli) common: &'a Common,
    pub(in crate::cli) progress: bool,
}

/// A connected client with its configuration and its output.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one option of the command line"
)]
pub(in crate::cli) struct Session {
    pub(in crate::cli) out: Out,
    pub(in crate::cli) verbose: bool,
    /// Whether the configuration wants `ping` to draw.
    pub(in crate::cli) ping_graph: bool,
    client: Client,
    targets: Targets,
    dry_run: bool,
    sort: bool,
    collective: Collective,
    timeout: Option<Duration>,
    discovery_timeout: Duration,
    ttl: Option<Duration>,
    progress: bool,
    legacy: bool,
}

/// How long to wait for nodes that are named but not connected, where nothing else is said: the
/// original's discovery timeout.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long connecting may take, where nothing else is said.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// What `-S` can ask of nodes: the original's data plugins, and Puppet's.
const DATA_QUERIES: [&str; 8] = [
    "agent",
    "collective",
    "fact",
    "fstat",
    "package",
    "puppet",
    "resource",
    "service",
];

/// How much longer to wait for each data query of a filter.
const DATA_QUERY_TIME: Duration = Duration::from_secs(1);

impl Session {
    /// Connects, runs the application, and says goodbye.
    pub(in crate::cli) fn run<F>(
        options: &Options<'_>,
        application: F,
    ) -> Result<Exit, CommandError>
    where
        F: AsyncFnOnce(&mut Self) -> Result<Exit, CommandError>,
    {
        let config = load(options.general)?;
        let targets = targeting::targets(options.common, &config)?;
        if options.general.verbose {
            drop(daemon::start_log(config::LogLevel::Warn));
        }
        daemon::block_on(1, async {
            let (stop, stopped) = watch::channel(None);
            let watching = tokio::spawn(watch_signals(stop));
            let mut session = Self::open(config, targets, options, stopped).await?;
            let ended = application(&mut session).await;
            let flushed = session.out.flush();
            session.client.close().await;
            watching.abort();
            let exit = ended?;
            flushed?;
            Ok(exit)
        })?
    }

    async fn open(
        config: ClientConfig,
        targets: Targets,
        options: &Options<'_>,
        mut stop: watch::Receiver<Option<Interrupt>>,
    ) -> Result<Self, CommandError> {
        let common = &config.common;
        let collective = collective(options.common.target.as_deref(), &config)?;
        let provider = common
            .security
            .pki
            .client(common.identity.as_ref())
            .map_err(|error| CommandError::config(error.to_string()))?;
        let identity = provider.identity().clone();
        let provider: Arc<dyn SecurityProvider> = Arc::new(provider);
        let limit = options
            .common
            .connection_timeout
            .map(Duration::from_secs_f64)
            .or(config.connection_timeout)
            .unwrap_or(CONNECTION_TIMEOUT);
        let mut settings = common.connector.clone();
        settings.connect_timeout = settings.connect_timeout.min(limit);
        let stopped = stop.clone();
        let connecting = Client::connect(settings, identity, provider, stopped);
        let client = tokio::select! {
            connected = tokio::time::timeout(limit, connecting) => match connected {
                Ok(connected) => connected.map_err(unreachable)?,
                Err(_) => return Err(CommandError::new(
                    Exit::Unavailable,
                    format!("no broker answered within {}", humantime::format_duration(limit)),
                ).hint("wait longer with `--connection-timeout SECONDS`")),
            },
            Ok(_) = stop.wait_for(Option::is_some) => {
                return Err(CommandError::new(Exit::Interrupted, String::new()));
            }
        };
        let seconds = Duration::from_secs_f64;
        Ok(Self {
            out: Out::new(options.general.color, config.color.unwrap_or(true)),
            verbose: options.general.verbose && !options.common.quiet,
            ping_graph: config.ping_graph,
            client,
            targets,
            dry_run: options.common.discovery.dry_run,
            sort: options.common.sort,
            collective,
            timeout: options.common.timeout.map(seconds),
            discovery_timeout: options
                .common
                .discovery_timeout
                .map(seconds)
                .or(config.discovery_timeout)
                .unwrap_or(DISCOVERY_TIMEOUT),
            ttl: options.common.ttl.map(seconds),
            progress: options.progress,
            legacy: options.general.exit_codes == ExitCodes::Legacy,
        })
    }

    /// The broker, as it is named in output.
    pub(in crate::cli) fn broker(&self) -> String {
        let broker = self.client.broker();
        format!("{}:{}", broker.host, broker.port)
    }

    /// The call that asks who is there: `ping` of the agent `discovery`.
    pub(in crate::cli) fn plan_ping(&self, filter: Filter) -> Result<Call, CommandError> {
        self.plan(builtin::discovery(), &action("ping")?, Map::new(), filter)
    }

    /// A call of an action that the DDL declares, to everybody or to the nodes named.
    pub(in crate::cli) fn plan(
        &self,
        ddl: &Ddl,
        action: &ActionName,
        data: Map<String, Value>,
        filter: Filter,
    ) -> Result<Call, CommandError> {
        let agent =
            AgentName::new(ddl.name()).map_err(|error| CommandError::usage(error.to_string()))?;
        let action_time = ddl.metadata.time_limit();
        let discovery_wait = self.discovery_timeout + query_time(&filter);
        let wait =
            self.timeout.unwrap_or(action_time + self.discovery_timeout) + query_time(&filter);
        Ok(Call {
            agent,
            action: action.clone(),
            data,
            addressing: addressing(&filter),
            filter,
            collective: self.collective.clone(),
            wait,
            ttl: self.ttl.map_or(wait, |ttl| ttl.min(wait)),
            discovery_wait,
            want_reply: true,
            reply_to: None,
        })
    }

    /// Makes the call; `show` is given each answer as it comes.
    pub(in crate::cli) async fn call(
        &mut self,
        call: &Call,
        mut show: impl FnMut(&mut Out, &Answer) -> std::io::Result<()>,
    ) -> Result<Account, CommandError> {
        if self.dry_run {
            return Err(self.rehearse(call).await?);
        }
        let sort = self.sort;
        let bar = progress::Progress::new(self.progress);
        let (out, verbose) = (&mut self.out, self.verbose);
        let mut written = Ok(());
        let mut report = |event: Progress<'_>| match event {
            Progress::Addressed(nodes) => bar.expect(nodes),
            Progress::Answer { answer, gather } => {
                let missing = if gather.missing_count() <= 5 {
                    gather.missing()
                } else {
                    Vec::new()
                };
                bar.advance(gather.addressed() - gather.missing_count(), &missing);
                if written.is_ok() && !sort {
                    written = bar.suspend(|| show(out, answer));
                }
            }
            Progress::Rejected(why) => {
                if verbose {
                    bar.suspend(|| complain(format_args!("warning: {why}")));
                }
            }
        };
        let account = self
            .client
            .call_targets(call, &self.targets, &mut report)
            .await;
        bar.finish();
        written?;
        let mut account = account.map_err(unreachable)?;
        if sort {
            account
                .answers
                .sort_by(|a, b| a.reply.sender.cmp(&b.reply.sender));
            for answer in &account.answers {
                show(out, answer)?;
            }
        }
        Ok(account)
    }

    /// Shows who would get which request. The end is an error only in that nothing else follows.
    async fn rehearse(&mut self, call: &Call) -> Result<CommandError, CommandError> {
        let verbose = self.verbose;
        let mut report = |event: Progress<'_>| {
            if let (Progress::Rejected(why), true) = (event, verbose) {
                complain(format_args!("warning: {why}"));
            }
        };
        let discovered = self
            .client
            .discover(call, &self.targets, &mut report)
            .await
            .map_err(unreachable)?;
        rehearsal::print(&mut self.out, call, &self.targets, &discovered)?;
        let exit = match discovered.interrupted {
            Some(Interrupt::Interrupted) => Exit::Interrupted,
            Some(Interrupt::Terminated) => Exit::Terminated,
            None if discovered.names.is_empty() => Exit::NobodyMatched,
            None => Exit::Ok,
        };
        Ok(CommandError::new(exit, String::new()))
    }

    /// The exit code of a call.
    pub(in crate::cli) fn exit(&self, account: &Account) -> Exit {
        match account.interrupted {
            Some(Interrupt::Interrupted) => return Exit::Interrupted,
            Some(Interrupt::Terminated) => return Exit::Terminated,
            None => {}
        }
        match account.verdict() {
            Verdict::Ok => Exit::Ok,
            Verdict::NobodyMatched => Exit::NobodyMatched,
            // To the original, silence of some nodes was no failure.
            Verdict::SomeFailed if self.legacy && !account.any_failed() => Exit::Ok,
            Verdict::SomeFailed => Exit::SomeFailed,
            Verdict::NobodyAnswered => Exit::NobodyAnswered,
            Verdict::NobodyAnsweredUndiscovered => Exit::NobodyAnsweredUndiscovered,
        }
    }
}

/// Runs a future until a signal ends it; the signal is passed on to whoever waits.
async fn watch_signals(stop: watch::Sender<Option<Interrupt>>) {
    let Ok(mut signals) = Signals::listen() else {
        return;
    };
    loop {
        let why = match signals.next().await {
            Signal::Interrupt => Interrupt::Interrupted,
            Signal::Terminate => Interrupt::Terminated,
            _ => continue,
        };
        if stop.send(Some(why)).is_err() {
            return;
        }
    }
}

fn load(general: &General) -> Result<ClientConfig, CommandError> {
    let file = match &general.config {
        Some(file) => file.clone(),
        None => {
            config::find("client.cfg", &sys::paths::Config::Client.candidates()).map_err(faulty)?
        }
    };
    let config = ClientConfig::load(&file, &config::process_environment).map_err(faulty)?;
    if general.verbose {
        for warning in &config.common.warnings {
            complain(format_args!("warning: {warning}"));
        }
    }
    Ok(config)
}

/// A configuration that can't be used.
#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
pub(in crate::cli) fn faulty(faults: config::Faults) -> CommandError {
    CommandError::config(faults.to_string())
}

fn collective(target: Option<&str>, config: &ClientConfig) -> Result<Collective, CommandError> {
    let common = &config.common;
    let Some(name) = target else {
        return Ok(common.main_collective.clone());
    };
    let known = common
        .collectives
        .iter()
        .find(|collective| collective.as_str() == name);
    known.cloned().ok_or_else(|| {
        let known: Vec<&str> = common.collectives.iter().map(Collective::as_str).collect();
        CommandError::usage(format!(
            "Unknown collective '{name}' known collectives are '{}'",
            known.join(", ")
        ))
        .hint(format!(
            "add it to `collectives` in {}",
            common.file.display()
        ))
    })
}

/// Identities that the operator spells out are addressed whatever the broker sees; patterns need
/// everybody to look at themselves.
fn addressing(filter: &Filter) -> Addressing {
    let plain = |name: &String| {
        (!name.starts_with('/'))
            .then(|| Identity::new(name.clone()).ok())
            .flatten()
    };
    let names: Option<Vec<Identity>> = filter.identity.iter().map(plain).collect();
    match names {
        Some(mut names) if !names.is_empty() => {
            names.sort();
            names.dedup();
            Addressing::Directed(names)
        }
        _ => Addressing::Broadcast,
    }
}

/// The filter that the options describe.
pub(in crate::cli) fn filter(filters: &HostFilters) -> Result<Filter, CommandError> {
    let mut filter = Filter::default();
    let lists = [
        ("--with", &filters.with),
        ("--with-class", &filters.with_class),
        ("--with-agent", &filters.with_agent),
    ];
    for (option, texts) in lists {
        if texts.iter().any(|text| text.trim().is_empty()) {
            // An empty variable of a script must not mean everybody.
            return Err(CommandError::usage(format!("{option} is empty"))
                .hint("leave the option out to mean every node"));
        }
    }
    for word in filters.with.iter().flat_map(|text| fact::words(text)) {
        match word {
            Word::Fact(fact) => filter.fact.push(fact),
            Word::Class(class) => filter.cf_class.push(class),
        }
    }
    for text in &filters.with_fact {
        filter.fact.push(text.parse::<FactFilter>().map_err(usage)?);
    }
    for text in &filters.select {
        let tokens = parse::expression(text).map_err(usage)?;
        tokens.iter().try_for_each(known_query)?;
        filter.compound.push(tokens);
    }
    filter.cf_class.extend(filters.with_class.iter().cloned());
    filter.agent.extend(filters.with_agent.iter().cloned());
    filter
        .identity
        .extend(filters.with_identity.iter().cloned());
    for name in filter.identity.iter().filter(|name| !name.starts_with('/')) {
        Identity::new(name.clone()).map_err(usage)?;
    }
    filter.check().map_err(usage)?;
    Ok(filter)
}

/// The time that a filter's data queries may take on a node.
fn query_time(filter: &Filter) -> Duration {
    let tokens = filter.compound.iter().flatten();
    tokens
        .filter(|token| matches!(token, Token::Function(_)))
        .map(|_| DATA_QUERY_TIME)
        .sum()
}

/// A misspelt data query would be false on every node, and look like a filter that nobody meets.
fn known_query(token: &Token) -> Result<(), CommandError> {
    let Token::Function(function) = token else {
        return Ok(());
    };
    let name = function.name.as_str();
    if DATA_QUERIES.contains(&name) {
        return Ok(());
    }
    let error = CommandError::usage(format!("Can't find DDL for data plugin '{name}_data'"));
    Err(match similar::closest(name, &DATA_QUERIES) {
        Some(close) => error.hint(format!("did you mean `{close}`?")),
        None => error.hint(format!("nodes know {}", DATA_QUERIES.join(", "))),
    })
}

/// The description of an agent.
pub(in crate::cli) fn ddl(agent: &str) -> Result<&'static Ddl, CommandError> {
    builtin::agent(agent).ok_or_else(|| {
        let error = CommandError::usage(format!("Can't find DDL for agent plugin '{agent}'"));
        let names = builtin::agents().map(Ddl::name);
        match similar::closest(agent, &names) {
            Some(close) => error.hint(format!("did you mean `{close}`?")),
            None => error.hint("`mco completion --list-agents` lists the agents"),
        }
    })
}

/// An action's name.
pub(in crate::cli) fn action(name: &str) -> Result<ActionName, CommandError> {
    ActionName::new(name).map_err(usage)
}

/// The texts of a command line as an action's inputs, checked as the node will check them.
pub(in crate::cli) fn inputs(
    ddl: &Ddl,
    action: &ActionName,
    texts: &[(String, String)],
) -> Result<Map<String, Value>, CommandError> {
    let declared = ddl.wanted_action(action.as_str()).map_err(usage)?;
    let texts = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let mut data = declared.convert(texts).map_err(usage)?;
    declared.fill_defaults(&mut data);
    declared.validate(&data).map_err(usage)?;
    Ok(data)
}

/// What the operator typed can't be used.
#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
pub(in crate::cli) fn usage(error: impl std::error::Error) -> CommandError {
    CommandError::usage(error.to_string())
}

fn unreachable(error: client::Error) -> CommandError {
    match error {
        client::Error::Connector(error) => {
            let exit = match error.kind() {
                connector::Kind::Unreachable => Exit::Unavailable,
                connector::Kind::Refused => Exit::Refused,
                connector::Kind::Config => Exit::Config,
            };
            let command = CommandError::new(exit, error.to_string());
            match error.hint() {
                Some(hint) => command.hint(hint),
                None => command,
            }
        }
        client::Error::Refused(why) => {
            CommandError::new(Exit::Refused, format!("the broker refused: {why}"))
                .hint("`clients` and `collectives.*` in its broker.cfg say who may do what")
        }
        client::Error::Sign(error) => CommandError::new(Exit::Config, error.to_string()),
        client::Error::Name(error) => CommandError::new(Exit::Software, error.to_string()),
    }
}
