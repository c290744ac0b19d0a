//! `mcollective broker`: routes messages between clients and nodes.

use std::{io, path::Path, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use super::{CommandError, Exit, agent, daemon, tree::BrokerArgs};
use crate::{
    broker::{Broker, Certificates, Control, Settings},
    config::BrokerConfig,
    sys::{
        self,
        notify::{Notifier, watchdog_interval},
        signal::{Signal, Signals},
    },
};

/// Files that the process needs beside its connections.
const OTHER_FILES: u64 = 64;

/// How often the service manager is told how many are connected.
const STATUS: Duration = Duration::from_secs(5);

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
    let mut config = read.map_err(|faults| CommandError::config(faults.to_string()))?;
    drop(daemon::start_log(config.logger.level));
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    fit_to_open_files(&mut config);
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
        // Before anybody can know of us: what is not listened to would end the process.
        let signals = Signals::listen();
        let broker = Broker::bind(settings)
            .map_err(|error| CommandError::new(Exit::Unavailable, error.to_string()))?;
        for address in broker.local_addrs() {
            tracing::info!("listening on {address}");
        }
        let keeper = Keeper {
            file: &file,
            control: broker.control(),
            certificates,
            notifier: Notifier::from_env(),
        };
        keeper.notifier.ready();
        let control = broker.control();
        broker.run(keeper.until_stopped(signals)).await;
        tracing::info!("figures: {}", control.figures());
        Ok::<_, CommandError>(())
    })??;
    Ok(Exit::Ok)
}

/// More connections than the system lets the process open would not be turned away but hang.
fn fit_to_open_files(config: &mut BrokerConfig) {
    let files = match sys::process::raise_open_files() {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!("the limit of open files stays as it is: {error}");
            return;
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
}

/// What the process does beside routing: signals, and the service manager.
struct Keeper<'a> {
    file: &'a Path,
    control: Control,
    certificates: Certificates,
    notifier: Notifier,
}

impl Keeper<'_> {
    /// Works until a signal asks the process to end.
    async fn until_stopped(self, signals: io::Result<Signals>) {
        let Ok(mut signals) = signals else {
            // Without signals of our own, the system's default ends the process.
            return std::future::pending().await;
        };
        // Twice as often as it must be: a word that is a little late must not end the process.
        let mut watchdog = interval(watchdog_interval().unwrap_or(daemon::DAY) / 2);
        let mut status = interval(STATUS);
        status.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said = String::new();
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Reload => self.reload(),
                    // At a level that most logs have: it was asked for.
                    Signal::Usr1 => tracing::warn!("figures: {}", self.control.figures()),
                    signal if signal.is_stop() => break,
                    _ => {}
                },
                _ = watchdog.tick() => self.notifier.watchdog(),
                _ = status.tick() => {
                    let summary = self.control.summary();
                    if summary != said {
                        self.notifier.status(&summary);
                        said = summary;
                    }
                }
            }
        }
        self.notifier.stopping();
    }

    /// Takes up renewed certificates, authorities and revocation lists.
    fn reload(&self) {
        let read = BrokerConfig::load(self.file).map_err(|faults| faults.to_string());
        let done = read.and_then(|config| {
            self.certificates
                .reload(&config)
                .map_err(|error| error.to_string())
        });
        match done {
            Ok(()) => tracing::info!("certificates, keys and revocation lists were read again"),
            Err(error) => tracing::error!("the old certificates stay in force: {error}"),
        }
    }
}
