//! Integration tests, one binary: real processes over real TLS, recorded frames, the scripts, and
//! the source tree itself.

#![allow(clippy::unwrap_used, clippy::expect_used)] // all of it is tests: a panic is how they fail
#![allow(clippy::disallowed_methods)] // files of a test need no atomic replacement

mod architecture;
mod attacks;
mod audit;
mod broker_reload;
mod completions;
mod daemons;
mod ddl;
mod demo;
mod enrolment;
mod errors;
mod fleet;
mod fuzz;
mod generated;
mod golden_cli;
mod golden_wire;
mod install;
mod late;
mod limits;
mod memory;
mod output;
mod pe_conf;
mod policy;
mod puppet;
mod registration;
mod reload;
mod renewing;
mod replay;
mod reports;
mod revoking;
mod safety;
mod static_binary;
mod support;
mod targeting;
mod twins;
mod usage;
