//! How a process reaches a broker: session rules, TLS, the pool and its back-off.

mod settings;

pub use settings::{Dialect, Secret, Server, Settings};
