//! The options of `mcollective enable` for the switch in Puppet Enterprise's `pe.conf`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// What to do with a `pe.conf`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options for Puppet Enterprise")]
pub struct PeConfArgs {
    /// Enable MCollective in this pe.conf of Puppet Enterprise: set `"pe_install::disable_mco"` to
    /// false, and leave every other byte as it is
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pe_conf: Option<PathBuf>,
    /// Change nothing; say whether it is enabled there, and what decides. Exits 0 if it is, 1 if not
    #[arg(long, requires = "pe_conf", conflicts_with = "disable")]
    pub check: bool,
    /// Set it to true instead: broker, agent and mco refuse to run on that machine
    #[arg(long, requires = "pe_conf")]
    pub disable: bool,
    /// Say what would be changed, and change nothing
    #[arg(long, requires = "pe_conf", conflicts_with = "check")]
    pub dry_run: bool,
    /// Exit with 2 where something was changed, and with 0 only where all was well already
    #[arg(long, requires = "pe_conf", conflicts_with = "check")]
    pub detailed_exitcodes: bool,
    /// How to say it
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        requires = "pe_conf",
        default_value = "text"
    )]
    pub output: EnableOutput,
}

/// How `enable` says what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EnableOutput {
    /// For people
    Text,
    /// One JSON document
    Json,
}
