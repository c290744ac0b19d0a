//! The client's configuration, its connection, and the signals that end its work.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

use crate::{
    cli::{
        CommandError, Exit,
        tree::{Common, General},
        voice::complain,
    },
    client::{self, Client, Interrupt},
    config::{self, ClientConfig},
    connector::{self, enrol},
    enable::client::{USUAL, usual_file},
    security::SecurityProvider,
    sys::{
        self,
        signal::{Signal, Signals},
    },
    tls::Certified,
};

/// How long connecting may take, where nothing else is said.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the configuration that the options name, or the first in the usual places.
pub(super) fn load(general: &General) -> Result<ClientConfig, CommandError> {
    let file = match &general.config {
        Some(file) => file.clone(),
        None => {
            config::find("client.cfg", &sys::paths::Config::Client.candidates()).map_err(none)?
        }
    };
    let config = ClientConfig::load(&file, &config::process_environment).map_err(faulty)?;
    let common = &config.common;
    // A setting that was meant and is none is told of always, what is merely odd on request.
    let warnings = if general.verbose {
        &common.warnings
    } else {
        &common.strays
    };
    for warning in warnings {
        complain(format_args!("warning: {warning}"));
    }
    Ok(config)
}

/// Connects to a broker; a signal ends the attempt.
pub(super) async fn connect(
    config: &ClientConfig,
    options: &Common,
    mut stop: watch::Receiver<Option<Interrupt>>,
) -> Result<Client, CommandError> {
    let common = &config.common;
    let provider = common
        .security
        .pki
        .client(common.identity.as_ref())
        .map_err(|error| CommandError::config(error.to_string()))?;
    let identity = provider.identity().clone();
    let provider: Arc<dyn SecurityProvider> = Arc::new(provider);
    let within = options
        .connection_timeout
        .map(Duration::from_secs_f64)
        .or(config.connection_timeout)
        .unwrap_or(CONNECTION_TIMEOUT);
    let settings = common.connector.clone();
    renew_in_time(common).await;
    let stopped = stop.clone();
    tokio::select! {
        connected = Client::connect(settings, identity, provider, within, stopped) => {
            connected.map_err(unreachable)
        }
        Ok(why) = stop.wait_for(Option::is_some) => {
            let exit = why.map_or(Exit::Interrupted, Exit::from);
            Err(CommandError::new(exit, String::new()))
        }
    }
}

/// Has the certificate renewed, where the broker does that and it is time. What does not work is tried
/// with the next call: the old one counts for weeks.
async fn renew_in_time(common: &config::Common) {
    let server = common
        .connector
        .pool
        .first()
        .filter(|_| common.security.pki.renew);
    let Some((server, files)) = server.and_then(|s| Some((s, s.tls.as_ref()?))) else {
        return;
    };
    let Ok(pair) = Certified::load(&files.cert, &files.key) else {
        return;
    };
    if enrol::is_due(&pair, SystemTime::now(), |_| Duration::ZERO)
        && let Err(error) = enrol::renew_file(server, RENEWAL).await
    {
        tracing::debug!("the certificate can't be renewed: {error}");
    }
}

/// How long a call may wait for a renewed certificate.
const RENEWAL: Duration = Duration::from_secs(3);

/// Passes SIGINT, SIGTERM and SIGHUP on to whoever waits.
pub(super) async fn watch_signals(stop: watch::Sender<Option<Interrupt>>) {
    let Ok(mut signals) = Signals::listen() else {
        return;
    };
    loop {
        let why = match signals.next().await {
            Signal::Interrupt => Interrupt::Interrupted,
            // The terminal is gone, or somebody wants us to be.
            Signal::Terminate | Signal::Reload => Interrupt::Terminated,
            Signal::Usr1 | Signal::Usr2 => continue,
        };
        if stop.send(Some(why)).is_err() {
            return;
        }
    }
}

impl From<Interrupt> for Exit {
    fn from(why: Interrupt) -> Self {
        match why {
            Interrupt::Interrupted => Self::Interrupted,
            Interrupt::Terminated => Self::Terminated,
        }
    }
}

/// A configuration that can't be used.
#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn faulty(faults: config::Faults) -> CommandError {
    CommandError::config(faults.to_string())
}

/// This user has no configuration; the machine's usual operator may have one.
fn none(faults: config::Faults) -> CommandError {
    let error = faulty(faults);
    match usual_file() {
        Some(file) => error.hint(format!(
            "{USUAL} has one, {}: `su - {USUAL} -c 'mcollective mco ...'`",
            file.display()
        )),
        None => error,
    }
}

/// A call that could not be made.
pub(super) fn unreachable(error: client::Error) -> CommandError {
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
        client::Error::Unaccounted { in_earnest, .. } => {
            let command = CommandError::new(Exit::Unavailable, error.to_string());
            if in_earnest {
                command
                    .hint("who was asked may have done it all the same: look before you ask again")
            } else {
                command
            }
        }
        client::Error::Sign(error) => CommandError::new(Exit::Config, error.to_string()),
        client::Error::Name(error) => CommandError::new(Exit::Software, error.to_string()),
    }
}
