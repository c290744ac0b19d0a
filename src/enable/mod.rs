//! Rollout: what makes a machine ready for its role. So far the demo: a whole fleet on one
//! machine, to try MCollective in a minute.

pub mod demo;
mod layout;

pub use layout::{Part, shell_word};
