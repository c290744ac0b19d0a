//! What a broker's process does beside routing: signals, changed files, the service manager.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{
    broker::{Control, Settings},
    cli::daemon::{self, LogSwitch},
    config::BrokerConfig,
    enable::tokens,
    sys::{
        file::{self, Stamp},
        notify::{Notifier, watchdog_interval},
        signal::{Signal, Signals},
    },
    tls::{Authorities, Files},
};

/// How often the service manager is told how many are connected.
const STATUS: Duration = Duration::from_secs(5);

/// Looking more often would cost more than it is worth.
const SHORTEST: Duration = Duration::from_millis(100);

/// See the module.
pub(super) struct Keeper<'a> {
    file: &'a Path,
    control: Control,
    log: LogSwitch,
    notifier: Notifier,
    /// What holds now.
    config: BrokerConfig,
    /// The certificates' files as they were when they were last read.
    stamps: Vec<Option<Stamp>>,
    /// What the service manager was told last.
    said: String,
}

impl<'a> Keeper<'a> {
    /// For a broker that holds this configuration, out of this file. `stamps` were taken before the
    /// certificates were read.
    pub(super) fn new(
        file: &'a Path,
        config: BrokerConfig,
        stamps: Vec<Option<Stamp>>,
        control: Control,
        log: LogSwitch,
    ) -> Self {
        Self {
            file,
            control,
            log,
            notifier: Notifier::from_env(),
            config,
            stamps,
            said: String::new(),
        }
    }

    /// Works until a signal asks the process to end.
    pub(super) async fn until_stopped(mut self, signals: io::Result<Signals>) {
        let Ok(mut signals) = signals else {
            // Without signals of our own, the system's default ends the process.
            return std::future::pending().await;
        };
        self.notifier.ready();
        // Twice as often as it must be: a word that is a little late must not end the process.
        let mut watchdog = calm(watchdog_interval().unwrap_or(daemon::DAY));
        let mut status = calm(STATUS);
        let mut look = calm(self.look_interval());
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Reload => {
                        self.notifier.reloading();
                        self.reload();
                        self.notifier.ready();
                        look = calm(self.look_interval());
                    }
                    // At a level that most logs have: it was asked for.
                    Signal::Usr1 => tracing::warn!("figures: {}", self.control.figures()),
                    signal if signal.is_stop() => break,
                    _ => {}
                },
                _ = watchdog.tick() => self.notifier.watchdog(),
                _ = status.tick() => self.tell_status(),
                _ = look.tick() => self.look(),
            }
        }
        self.notifier.stopping();
    }

    fn tell_status(&mut self) {
        let summary = self.control.summary();
        if summary != self.said {
            self.notifier.status(&summary);
            self.said = summary;
        }
    }

    /// How often to look whether the certificates' files have changed.
    fn look_interval(&self) -> Duration {
        let interval = self.config.reload_interval;
        if interval.is_zero() {
            daemon::DAY
        } else {
            interval.max(SHORTEST)
        }
    }

    /// Renews the broker's own certificate, where the authority is here too; whether it was.
    fn renew(&self) -> bool {
        let Some((dir, files)) = self.config.ca_dir.as_ref().zip(self.config.tls.as_ref()) else {
            return false;
        };
        let renewed = tokens::renew_own(dir, files);
        match &renewed {
            Ok(true) => tracing::info!("the broker's certificate was renewed"),
            Ok(false) => {}
            Err(error) => tracing::error!("the broker's certificate can't be renewed: {error}"),
        }
        matches!(renewed, Ok(true))
    }

    /// Takes up certificates that were renewed without a word to us.
    fn look(&mut self) {
        let renewed = self.renew();
        if self.config.reload_interval.is_zero() && !renewed {
            return;
        }
        let stamps = stamps(self.config.tls_files().as_ref());
        if stamps == self.stamps {
            return;
        }
        // Also where they can't be used: that is said once, and not until they change again.
        self.stamps = stamps;
        match Settings::from_config(&self.config) {
            Ok(settings) => {
                self.control.reload(settings);
                tracing::info!(
                    "certificates, keys or revocation lists have changed, and were read again"
                );
            }
            Err(error) => tracing::error!(
                "certificates, keys or revocation lists have changed and can't be used; the old \
                 certificates stay in force: {error}"
            ),
        }
    }

    /// Takes up another configuration, as a whole or not at all.
    fn reload(&mut self) {
        match self.read() {
            Ok((config, settings, stamps)) => {
                for warning in &config.warnings {
                    tracing::warn!("{warning}");
                }
                for remark in self.control.reload(settings) {
                    tracing::warn!("{remark}");
                }
                (self.log)(config.logger.level);
                self.config = config;
                self.stamps = stamps;
                tracing::info!(
                    "{}, certificates, keys and revocation lists were read again",
                    self.file.display()
                );
            }
            Err(error) => tracing::error!(
                "nothing changes, and the old certificates stay in force: {}",
                error.trim_end()
            ),
        }
    }

    fn read(&self) -> Result<(BrokerConfig, Settings, Vec<Option<Stamp>>), String> {
        let config = BrokerConfig::load(self.file).map_err(|faults| faults.to_string())?;
        let config = super::fitting(config);
        let stamps = stamps(config.tls_files().as_ref());
        let settings = Settings::from_config(&config).map_err(|error| error.to_string())?;
        Ok((config, settings, stamps))
    }
}

/// The stamps of all files that TLS is made of.
pub(super) fn stamps(files: Option<&Files>) -> Vec<Option<Stamp>> {
    let Some(files) = files else {
        return Vec::new();
    };
    let authorities: &[PathBuf] = match &files.ca {
        Authorities::Files(paths) => paths,
        Authorities::Webpki => &[],
    };
    [&files.cert, &files.key]
        .into_iter()
        .chain(authorities)
        .chain(&files.crl)
        .map(|path| file::stamp(path))
        .collect()
}

/// A ticker that does not hurry to make up for lost time.
fn calm(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
