//! Reads the configuration again without dropping the connection.
//!
//! Everything is read before anything is changed: with a fault in it the configuration stays as it
//! was. What runs goes on with what it began with.

use std::sync::Arc;

use super::{
    audit::Audit,
    authorise::Authoriser,
    host::Host,
    registration::Registrar,
    renewal::Renewal,
    runner::Runner,
    shared::{Shared, cap, fact_source, max_ttl_ms},
};
use crate::{
    config::{self, LogLevel, ServerConfig},
    connector::Connection,
    node::facts::FactSource,
    sys,
};

impl Runner {
    /// Reads the configuration, the policies, certificates, keys and revocation lists again.
    pub(super) async fn reload(&mut self, connection: &Connection) {
        match self.read_again() {
            Ok(shared) => {
                let old = std::mem::replace(&mut self.shared, Arc::new(shared));
                let settings = self.shared.host.config().registration.as_ref();
                self.registrar = Registrar::renewed(self.registrar.take(), settings);
                self.subscribe_anew(&old, connection).await;
                tracing::info!(
                    "configuration, policies, certificates, keys and revocation lists were read again"
                );
            }
            Err(faults) => {
                for fault in faults {
                    tracing::error!("{fault}");
                }
                tracing::error!(
                    "nothing was changed: the old configuration and the old certificates stay in force"
                );
            }
        }
    }

    /// Everything anew, or what is wrong with it.
    fn read_again(&mut self) -> Result<Shared, Vec<String>> {
        let old = Arc::clone(&self.shared);
        let before = old.host.config();
        let mut config = ServerConfig::load(&before.common.file, &config::process_environment)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let connector = &before.common.connector;
        let certificates = Renewal::of(&config.common.security.pki, connector);
        // By the old name: another one in the certificate is a fault.
        let provider = config.common.security.pki.node(Some(old.host.identity()));
        let provider = provider.map_err(|error| vec![error.to_string()])?;

        for warning in &config.common.warnings {
            tracing::warn!("{warning}");
        }
        for change in needs_restart(&old, &config) {
            tracing::warn!("{change} was changed: this needs a restart of the agent");
        }
        // What is not in force has to be told the next time, too.
        config.common.connector = before.common.connector.clone();
        config.common.state_dir.clone_from(&before.common.state_dir);
        let mut gatehouse = old.gatehouse();
        let now_ms = sys::clock::now_ms();
        gatehouse.window.set_max_ttl(max_ttl_ms(&config), now_ms);
        drop(gatehouse);
        old.cap.set_limit(cap(&config));
        self.set_log_level(config.common.logger.level);
        self.certificates = certificates.after(&self.certificates);
        Ok(Shared {
            audit: audit(&old, &config),
            authoriser: Authoriser::of(&config),
            cap: old.cap.clone(),
            refusals: Arc::clone(&old.refusals),
            gatehouse: Arc::clone(&old.gatehouse),
            transit: Arc::clone(&old.transit),
            choosing: Arc::clone(&old.choosing),
            provider: Arc::new(provider),
            host: Arc::new(
                Host::new(
                    old.host.identity().clone(),
                    config.clone(),
                    self.agents.clone(),
                    facts(&old.host, &config),
                )
                .with_stats_of(&old.host),
            ),
        })
    }

    /// Drops the subscriptions of collectives and agents that are gone, and makes those of new ones.
    async fn subscribe_anew(&self, old: &Shared, connection: &Connection) {
        let (old, new) = (old.addresses(), self.shared.addresses());
        for (destination, _) in old.iter().filter(|address| !new.contains(address)) {
            connection.unsubscribe(destination).await;
        }
        for (destination, selector) in new.iter().filter(|address| !old.contains(address)) {
            // Only an ended connection refuses, and then the daemon ends too.
            drop(connection.subscribe(destination, selector.as_deref()).await);
        }
    }

    /// The next graver level, and after the gravest all of them, as the original has it on USR2.
    pub(super) fn next_log_level(&mut self) {
        let next = match self.level {
            LogLevel::Trace | LogLevel::Fatal => LogLevel::Debug,
            LogLevel::Debug => LogLevel::Info,
            LogLevel::Info => LogLevel::Warn,
            LogLevel::Warn => LogLevel::Error,
            LogLevel::Error => LogLevel::Fatal,
        };
        self.set_log_level(next);
        match next {
            LogLevel::Trace | LogLevel::Debug | LogLevel::Info => {
                tracing::info!("Logging level is now {next}");
            }
            LogLevel::Warn => tracing::warn!("Logging level is now {next}"),
            LogLevel::Error | LogLevel::Fatal => tracing::error!("Logging level is now {next}"),
        }
    }

    fn set_log_level(&mut self, level: LogLevel) {
        if level != self.level {
            (self.log)(level);
            self.level = level;
        }
    }
}

/// What was changed and can't be while the daemon runs.
fn needs_restart(old: &Shared, new: &ServerConfig) -> Vec<&'static str> {
    let before = old.host.config();
    let identity = new.common.identity.as_ref();
    let changed = [
        (
            "`identity`",
            identity.is_some_and(|identity| identity != old.host.identity()),
        ),
        (
            "the connection (`connector`, `plugin.activemq.*`, `plugin.rabbitmq.*`)",
            new.common.connector != before.common.connector,
        ),
        (
            "`statedir`",
            new.common.state_dir != before.common.state_dir,
        ),
    ];
    let changed = changed.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(what, _)| what).collect()
}

/// The audit that the configuration asks for now; what the old one knows to be missing stays.
fn audit(old: &Shared, config: &ServerConfig) -> Option<Arc<Audit>> {
    let settings = config.audit.as_ref()?;
    let same = old.audit.as_ref().filter(|audit| audit.has(settings));
    Some(same.map_or_else(|| Arc::new(Audit::new(settings, &old.refusals)), Arc::clone))
}

/// The facts that the configuration asks for now. Those that are known stay where the new ones
/// can't be read: a node that forgot what it is would answer to the wrong requests.
fn facts(old: &Host, config: &ServerConfig) -> Arc<dyn FactSource> {
    if config.facts == old.config().facts {
        return old.fact_source();
    }
    let new = fact_source(config);
    if new.snapshot().is_empty() && !old.facts().is_empty() {
        tracing::error!(
            "the old facts stay in force, as there are none where they are now looked for"
        );
        return old.fact_source();
    }
    new
}

#[cfg(test)]
mod tests;
