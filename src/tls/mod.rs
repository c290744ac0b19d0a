//! Certificates and trust: loading, reloading, revocation, the names in a certificate, minting.

mod files;

pub use files::{Authorities, Files};
