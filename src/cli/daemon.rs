//! What the daemons share on their way up: where the configuration is, the log, the process id
//! file, the runtime.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tracing_subscriber::{
    field::MakeExt as _,
    filter::LevelFilter,
    fmt::{self, format},
    prelude::*,
    reload,
};

use super::{CommandError, Exit};
use crate::{config::LogLevel, sys, text};

/// Sets the level from which on lines are written.
pub(super) type LogSwitch = Box<dyn Fn(LogLevel) + Send + Sync>;

/// Starts the log on standard error; a service manager or the shell decides where that goes. What
/// it gives sets another level.
pub(super) fn start_log(level: LogLevel) -> LogSwitch {
    let (level, handle) = reload::Layer::new(filter(level));
    // Whatever a peer has sent may be part of a line, and neither ends it nor steers a terminal.
    let fields = format::debug_fn(|writer, field, value| {
        let value = text::line(&format!("{value:?}"));
        match field.name() {
            "message" => write!(writer, "{value}"),
            name => write!(writer, "{name}={value}"),
        }
    });
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .fmt_fields(fields.delimited(" "))
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    // A second subscriber is refused; the first one goes on.
    drop(
        tracing_subscriber::registry()
            .with(layer.with_filter(level))
            .try_init(),
    );
    Box::new(move |level| {
        // Without its subscriber there is no log whose level could be set.
        drop(handle.reload(filter(level)));
    })
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Fatal => LevelFilter::ERROR,
    }
}

/// Longer than any watchdog's interval.
pub(super) const DAY: Duration = Duration::from_hours(24);

/// The process id file, removed when this is dropped.
pub(super) struct PidFile(PathBuf);

impl PidFile {
    /// Writes the file.
    pub(super) fn write(path: &Path) -> Result<Self, CommandError> {
        sys::file::write_atomic(
            path,
            std::process::id().to_string().as_bytes(),
            sys::file::Mode::Exactly(0o644),
        )
        .map_err(|error| {
            CommandError::config(format!("cannot write {}: {error}", path.display()))
        })?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Nobody is left to tell.
        drop(std::fs::remove_file(&self.0));
    }
}

/// Runs a daemon's future to its end.
pub(super) fn block_on<F: Future>(threads: usize, future: F) -> Result<F::Output, CommandError> {
    let mut builder = if threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(threads);
        builder
    };
    let runtime = builder
        .enable_all()
        // A thread for what blocks takes some 100 KB, and starting another some 50 µs.
        .thread_keep_alive(Duration::from_secs(1))
        .build()
        .map_err(|error| CommandError::new(Exit::Software, format!("cannot start: {error}")))?;
    let output = runtime.block_on(future);
    // An action that was left to run does not hold up the end.
    runtime.shutdown_background();
    Ok(output)
}

/// How many threads a busy daemon runs on.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism()
        .map_or(2, usize::from)
        .max(2)
}
