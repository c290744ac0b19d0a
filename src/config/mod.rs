//! Files and environment in, settings with a meaning out.
//!
//! `load` finds and reads a file, `file` takes it apart, `keys` knows which keys there are, `reader`
//! and `value` turn texts into values and gather what is wrong (`fault`), and `server`, `client` and
//! `broker` say what each role is told. The format and the names are the original's, so that its
//! files serve as they are. The environment comes in as a function and nothing here looks at a
//! clock, a certificate or a network: what the files that are named hold is for those who use them,
//! but for DDLs, which `ddls` reads below the directories of `libdir`.
//!
//! `gate` asks Puppet Enterprise's `pe.conf` (`pe_conf`, read by `hocon`) whether MCollective may run.
//!
//! `guard` looks whether others can read the keys that a configuration names, or change what it goes by.
//!
//! A configuration is either whole or refused with all its faults at once; `secret` keeps passwords
//! out of all that is said.

mod audit;
mod broker;
mod client;
mod common;
mod connection;
mod ddls;
mod fault;
mod file;
pub mod gate;
mod guard;
pub mod hocon;
mod keys;
mod load;
mod logger;
pub mod pe_conf;
mod provider;
mod puppet;
mod reader;
mod secret;
mod security;
mod server;
#[cfg(test)]
mod tests;
mod value;

pub use audit::{Audit, AuditFormat};
pub use broker::{BrokerConfig, Limits, SlowConsumer};
pub use client::{ClientConfig, LimitMethod};
pub use common::{Common, Plugins};
pub use ddls::{DdlFile, DdlFileError, DdlFiles};
pub use fault::{Fault, Faults};
pub use file::{Document, Entry};
pub use guard::Exposed;
pub use load::{find, read, read_alone};
pub use logger::{LogLevel, LogTarget, Logger};
pub use provider::ProviderError;
pub use security::{Pki, Provider, Security};
pub use server::{Authorization, Facts, Registration, RegistrationKind, ServerConfig};
pub use value::NamePattern;

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process, for [`Environment`].
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
