//! The options that applications share: how to call, whom a request means, how results are shown.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::{cli::render::Format, client::Share};

/// Options of every application that talks to nodes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Common Options")]
pub struct Common {
    /// Target messages to a specific sub collective
    #[arg(short = 'T', long, value_name = "COLLECTIVE")]
    pub target: Option<String>,
    /// Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]
    #[arg(long, alias = "dt", value_name = "SECONDS", value_parser = parse_seconds, allow_negative_numbers = true)]
    pub discovery_timeout: Option<f64>,
    /// Timeout for calling remote agents [default: the action's own, and that for discovery]
    #[arg(short, long, value_name = "SECONDS", value_parser = parse_some_seconds, allow_negative_numbers = true)]
    pub timeout: Option<f64>,
    /// Do not be verbose
    #[arg(short, long)]
    pub quiet: bool,
    /// Set the message validity period [default: the timeout, which is the longest]
    #[arg(long, value_name = "SECONDS", value_parser = parse_some_seconds, allow_negative_numbers = true)]
    pub ttl: Option<f64>,
    /// Give up connecting after this time, of which each broker of the pool has its part [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, allow_negative_numbers = true)]
    pub connection_timeout: Option<f64>,
    /// Accepted as the original has it: publishing never waits for replies
    #[arg(
        long,
        hide = true,
        value_name = "SECONDS",
        allow_negative_numbers = true
    )]
    pub publish_timeout: Option<u64>,
    /// Accepted as the original has it: replies are always received while publishing
    #[arg(long, hide = true)]
    pub threaded: bool,
    /// Sort the results by the name of the sender, and show them when all are in
    #[arg(long)]
    pub sort: bool,
    /// How results are shown.
    #[command(flatten)]
    pub output: Output,
    /// Where the names of the nodes come from.
    #[command(flatten)]
    pub discovery: Discovery,
    /// How many of them are asked.
    #[command(flatten)]
    pub limits: Limits,
    /// How many of them at once.
    #[command(flatten)]
    pub batches: Batches,
}

/// Where the names of the nodes come from.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Discovery Options")]
pub struct Discovery {
    /// List of nodes to address: a name on each line, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub nodes: Option<String>,
    /// Which discovery method to use: broker (who is connected), mc (broadcast and wait),
    /// flatfile or stdin
    #[arg(long, visible_alias = "dm", value_name = "METHOD")]
    pub disc_method: Option<String>,
    /// Options to pass to the discovery method: flatfile's file; auto, text or json for stdin
    #[arg(long, visible_alias = "do", value_name = "OPTION")]
    pub disc_option: Vec<String>,
    /// Discover, show which nodes would get which request, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How many of the nodes are asked.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits and Batches")]
pub struct Limits {
    /// Send request to only one discovered node
    #[arg(short = '1', long, overrides_with = "limit")]
    pub one: bool,
    /// Send request to only a subset of nodes: a number, or a percentage
    #[arg(long, visible_aliases = ["limit-nodes", "ln"], value_name = "COUNT", value_parser = parse_limit,
          allow_negative_numbers = true, overrides_with = "one")]
    pub limit: Option<Share>,
    /// Seed of a random choice for --limit: the same seed chooses the same of the same nodes
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub limit_seed: Option<u64>,
}

/// How many of the nodes are asked at once.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits and Batches")]
pub struct Batches {
    /// Do requests in batches: a number of nodes, or a percentage; 0 for all at once
    #[arg(long, value_name = "SIZE", value_parser = parse_batch, allow_negative_numbers = true)]
    pub batch: Option<Share>,
    /// Sleep time between batches [default: 1]
    #[arg(long, alias = "batch-sleep-time", value_name = "SECONDS", value_parser = parse_seconds, allow_negative_numbers = true)]
    pub batch_sleep: Option<f64>,
    /// Ask no further batch once more than so many nodes, or so many of a hundred, failed or did
    /// not answer; 0 stops at the first
    #[arg(long, value_name = "COUNT", value_parser = parse_max_fail, allow_negative_numbers = true)]
    pub max_fail: Option<Share>,
    /// Write the nodes that were not asked to FILE, for --nodes [default: a file in the user's
    /// state directory, where there are any]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub untouched: Option<PathBuf>,
}

/// Whom a request means.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Host Filters")]
pub struct HostFilters {
    /// Combined facts and classes filter
    #[arg(short = 'W', long, value_name = "FILTER")]
    pub with: Vec<String>,
    /// Compound filter combining facts, classes and data queries: -S 'country=uk and not (web or db)'
    #[arg(short = 'S', long, value_name = "FILTER")]
    pub select: Vec<String>,
    /// Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...
    #[arg(short = 'F', long, visible_alias = "wf", value_name = "fact=val")]
    pub with_fact: Vec<String>,
    /// Match hosts with a certain config management class
    #[arg(short = 'C', long, visible_alias = "wc", value_name = "CLASS")]
    pub with_class: Vec<String>,
    /// Match hosts with a certain agent
    #[arg(short = 'A', long, visible_alias = "wa", value_name = "AGENT")]
    pub with_agent: Vec<String>,
    /// Match hosts with a certain configured identity
    #[arg(short = 'I', long, visible_alias = "wi", value_name = "IDENT")]
    pub with_identity: Vec<String>,
}

/// How results are shown.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "RPC Options")]
pub struct Output {
    /// In which form to print results
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        overrides_with = "json",
        hide_possible_values = true,
        help = "In which form to print results: text, json, jsonl (a line for each, as they come), \
            table, senders (names only), yaml"
    )]
    pub output: Option<Format>,
    /// Produce JSON output: the original's array; where it had none, as `--output json`
    #[arg(short, long, overrides_with = "output")]
    pub json: bool,
    /// Do not show the progress bar
    #[arg(long, visible_alias = "np")]
    pub no_progress: bool,
    /// Influence how results are displayed. One of ok, all or failed
    #[arg(long, value_name = "MODE", hide_possible_values = true)]
    pub display: Option<DisplayMode>,
}

/// Which results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DisplayMode {
    /// Only successful ones.
    Ok,
    /// All.
    All,
    /// Only failed ones.
    Failed,
}

/// Seconds, also with a fraction; nothing negative, nothing endless.
fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0 to 86400 is needed".to_owned()),
    }
}

/// In no time at all nobody can answer.
fn parse_some_seconds(text: &str) -> Result<f64, String> {
    match parse_seconds(text) {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        _ => Err("a number of seconds above 0, and up to 86400, is needed".to_owned()),
    }
}

/// There are no more than all.
fn parse_share(text: &str) -> Option<Share> {
    let share = text.parse().ok()?;
    (!matches!(share, Share::Percent(101..))).then_some(share)
}

fn parse_limit(text: &str) -> Result<Share, String> {
    match parse_share(text) {
        Some(share) if !share.is_zero() => Ok(share),
        _ => Err(format!(
            "Invalid limit specified: {text} valid limits are a number of nodes or a percentage, from 1, up to 100%"
        )),
    }
}

fn parse_max_fail(text: &str) -> Result<Share, String> {
    parse_share(text)
        .ok_or_else(|| "a number of nodes or a percentage up to 100% is needed".to_owned())
}

fn parse_batch(text: &str) -> Result<Share, String> {
    match parse_share(text) {
        Some(Share::Percent(0)) | None => {
            Err("a number of nodes or a percentage from 1% to 100% is needed".to_owned())
        }
        Some(share) => Ok(share),
    }
}
