//! `mcollective broker`: routes messages between clients and nodes.

use super::{CommandError, Exit, agent, daemon, pe_conf, tree::BrokerArgs};
use crate::{
    broker::{Broker, Settings},
    config::BrokerConfig,
    sys::{self, signal::Signals},
};

mod keeper;

use keeper::Keeper;

/// Files that the process needs beside its connections.
const OTHER_FILES: u64 = 64;

/// Runs the broker until a signal ends it.
pub(super) fn run(args: &BrokerArgs) -> Result<Exit, CommandError> {
    let notes = pe_conf::pass_daemon(&args.daemon)?;
    let file = agent::file(
        &args.daemon,
        "broker.cfg",
        &sys::paths::Config::Broker.candidates(),
    )?;
    let read = BrokerConfig::load(&file);
    if args.daemon.check_config {
        agent::warn_of_exposed(&read.as_ref().map(BrokerConfig::exposed).unwrap_or_default());
        let settings = read.as_ref().ok().map(Settings::from_config);
        let unusable = settings
            .and_then(Result::err)
            .map(|error| error.to_string());
        return Ok(agent::checked(
            read.as_ref().map(|config| &config.warnings[..]),
            unusable.as_slice(),
        ));
    }
    let config = read.map_err(|faults| CommandError::config(faults.to_string()))?;
    let log = daemon::start_log(config.logger.level);
    for note in notes {
        tracing::warn!("{note}");
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let config = fitting(config);
    let stamps = keeper::stamps(config.tls_files().as_ref());
    let settings =
        Settings::from_config(&config).map_err(|error| CommandError::config(error.to_string()))?;
    let _pidfile = args
        .daemon
        .pidfile
        .as_deref()
        .map(daemon::PidFile::write)
        .transpose()?;
    daemon::block_on(daemon::cores(), async {
        // Before anybody can know of us: what is not listened to would end the process.
        let signals = Signals::listen();
        let broker = Broker::bind(settings)
            .map_err(|error| CommandError::new(Exit::Unavailable, error.to_string()))?;
        for address in broker.local_addrs() {
            tracing::info!("listening on {address}");
        }
        let control = broker.control();
        let keeper = Keeper::new(&file, config, stamps, control.clone(), log);
        broker.run(keeper.until_stopped(signals)).await;
        tracing::info!("figures: {}", control.figures());
        Ok::<_, CommandError>(())
    })??;
    Ok(Exit::Ok)
}

/// Within what the system lets the process open: more connections would not be turned away but hang.
fn fitting(mut config: BrokerConfig) -> BrokerConfig {
    let files = match sys::process::raise_open_files() {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!("the limit of open files stays as it is: {error}");
            return config;
        }
    };
    let most = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    if config.limits.connections > most {
        tracing::warn!(
            "limit.connections is {} and becomes {most}: the system allows this process {files} \
             open files",
            config.limits.connections
        );
        config.limits.connections = most.max(1);
    }
    config
}
