//! Where log lines go. The rotation of files and the words of the levels are the original's.

use std::{fmt, path::PathBuf};

use super::reader::Reader;

/// Where log lines go, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logger {
    /// Where to.
    pub target: LogTarget,
    /// From which level on.
    pub level: LogLevel,
}

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error.
    Console,
    /// A file.
    File {
        /// The file.
        path: PathBuf,
        /// How many old ones are kept; with none it is never rotated.
        keep: u32,
        /// Bytes at which it is rotated.
        max_size: u64,
    },
    /// The system's log.
    Syslog {
        /// The facility's name, such as `daemon`.
        facility: String,
    },
}

/// How grave a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Every step.
    Trace,
    /// Every message.
    Debug,
    /// What a watcher wants to know.
    Info,
    /// What may become a fault.
    Warn,
    /// Faults.
    Error,
    /// The end.
    Fatal,
}

const LEVELS: [(&str, LogLevel); 6] = [
    ("debug", LogLevel::Debug),
    ("info", LogLevel::Info),
    ("warn", LogLevel::Warn),
    ("error", LogLevel::Error),
    ("fatal", LogLevel::Fatal),
    ("trace", LogLevel::Trace),
];

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = LEVELS.iter().find(|(_, level)| level == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

const FACILITIES: [&str; 19] = [
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

#[derive(Clone, Copy)]
enum Kind {
    Console,
    File,
    Syslog,
}

/// Reads the logger's settings. Without a `logfile` log lines go to standard error: the original
/// drops them.
pub(super) fn read(reader: &mut Reader<'_>, default_level: LogLevel) -> Logger {
    let kinds = [
        ("file", Kind::File),
        ("syslog", Kind::Syslog),
        ("console", Kind::Console),
    ];
    let kind = reader.choice("logger_type", &kinds, Kind::File);
    let level = reader.choice("loglevel", &LEVELS, default_level);
    let path = reader.path("logfile");
    let keep = reader.integer("keeplogs", 5, 0, 1000);
    let max_size = reader.size("max_log_size", 2_097_152, 1);
    let names: Vec<(&str, &str)> = FACILITIES.iter().map(|name| (*name, *name)).collect();
    let facility = reader.choice("logfacility", &names, "user").to_owned();
    let target = match (kind, path) {
        (Kind::Syslog, _) => LogTarget::Syslog { facility },
        (Kind::File, Some(path)) => LogTarget::File {
            path,
            keep,
            max_size,
        },
        (Kind::File | Kind::Console, _) => LogTarget::Console,
    };
    if matches!((kind, &target), (Kind::File, LogTarget::Console)) && reader.has("logger_type") {
        let message = "there is no `logfile`: log lines go to standard error";
        let right = "add `logfile = /var/log/mcollective.log`, or set `logger_type = console`";
        reader.warn("logger_type", message, right);
    }
    Logger { target, level }
}
