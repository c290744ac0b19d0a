//! Rollout: what makes a machine ready for its role. So far the demo: a whole fleet on one
//! machine, to try MCollective in a minute; and the switch in Puppet Enterprise's `pe.conf`.

pub mod demo;
mod layout;
pub mod pe_conf;

pub use layout::{Part, shell_word};
