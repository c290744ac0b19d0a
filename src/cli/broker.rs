//! `mcollective broker`: routes messages between clients and nodes.

use std::path::Path;

use super::{CommandError, Exit, agent, daemon, tree::BrokerArgs};
use crate::{
    broker::{Broker, Certificates, Settings},
    config::BrokerConfig,
    sys::{self, notify::Notifier},
};

/// Runs the broker until a signal ends it.
pub(super) fn run(args: &BrokerArgs) -> Result<Exit, CommandError> {
    let file = agent::file(
        &args.daemon,
        "broker.cfg",
        &sys::paths::Config::Broker.candidates(),
    )?;
    let read = BrokerConfig::load(&file);
    if args.daemon.check_config {
        return Ok(agent::checked(
            read.as_ref().map(|config| &config.warnings[..]),
        ));
    }
    let config = read.map_err(|faults| CommandError::config(faults.to_string()))?;
    drop(daemon::start_log(config.logger.level));
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if let Err(error) = sys::process::raise_open_files() {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
    let settings =
        Settings::from_config(&config).map_err(|error| CommandError::config(error.to_string()))?;
    let certificates = settings.certificates();
    let _pidfile = args
        .daemon
        .pidfile
        .as_deref()
        .map(daemon::PidFile::write)
        .transpose()?;
    daemon::block_on(daemon::cores(), async {
        let broker = Broker::bind(settings)
            .map_err(|error| CommandError::new(Exit::Unavailable, error.to_string()))?;
        for address in broker.local_addrs() {
            tracing::info!("listening on {address}");
        }
        Notifier::from_env().ready();
        broker
            .run(daemon::until_stopped(|| reload(&file, &certificates)))
            .await;
        Ok::<_, CommandError>(())
    })??;
    Ok(Exit::Ok)
}

/// Takes up renewed certificates, authorities and revocation lists.
fn reload(file: &Path, certificates: &Certificates) {
    let read = BrokerConfig::load(file).map_err(|faults| faults.to_string());
    let done = read.and_then(|config| {
        certificates
            .reload(&config)
            .map_err(|error| error.to_string())
    });
    match done {
        Ok(()) => tracing::info!("certificates, keys and revocation lists were read again"),
        Err(error) => tracing::error!("the old certificates stay in force: {error}"),
    }
}
