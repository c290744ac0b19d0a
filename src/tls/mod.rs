//! Certificates and trust: loading, revocation, the names in a certificate, both ends' TLS
//! configuration, minting.
//!
//! Owns everything X.509, so that nobody else parses a certificate. It opens files and reads the
//! clock, but no sockets: connector and broker make connections from the configurations made here.
//! Who may do what under a name is theirs (and `security`'s) to decide.

pub mod authority;
mod certificates;
mod config;
pub mod enrol;
mod error;
mod explain;
mod files;
mod keys;
pub mod mint;
mod names;
mod server;
pub mod token;
mod trust;

pub use certificates::Certified;
pub use config::{ALPN_STOMP, client_config, join_config, provider, server, with_protocol};
pub use error::Error;
pub use explain::explain;
pub use files::{Authorities, Files};
pub use keys::{
    KeyKind, KeyPin, PinError, PublicKey, key_pin, pem_pin, public_key, public_key_info,
};
pub use names::{
    NameError, Validity, common_name, is_everybodys, is_name, is_nodes, serial, subject_alt_names,
    validity,
};
pub use server::{Enrolment, Server};
pub use token::{Token, broker_address};
pub use trust::{Trust, check_issued, newer_list};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
