//! `mco puppet`.

use std::time::Duration;

use clap::Args;

use super::{Common, HostFilters};

/// `mco puppet`.
#[derive(Args, Debug)]
#[command(after_help = "Commands:\n  \
    count                          how many nodes are enabled, run, have a daemon\n  \
    disable [MESSAGE]              forbid runs\n  \
    enable                         allow runs\n  \
    resource TYPE NAME [KEY=VALUE] put one resource into a state\n  \
    runall N                       run Puppet on all enabled nodes, N at a time, those that\n  \
    \u{20}                              took longest last time first, and wait for all\n  \
    runonce                        begin a run; with --wait, tell how it ended\n  \
    status                         what Puppet does\n  \
    summary                        how figures of the last runs are spread\n\nExamples:\n  \
    mco puppet status -C role::web\n  \
    mco puppet count\n  \
    mco puppet summary -o table\n  \
    mco puppet disable rebuilding the database -C role::db\n  \
    mco puppet enable -C role::db\n  \
    mco puppet runonce --force --wait -I web1.example.net\n  \
    mco puppet runonce --tags apache --noop\n  \
    mco puppet runall 10 --dry-run\n  \
    mco puppet runall 10 --max-fail 5%\n  \
    mco puppet runall 10 --rerun 3600\n  \
    mco puppet resource host db1 ip=192.0.2.7 ensure=present")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one option of the command line"
)]
pub struct PuppetArgs {
    /// What to do, and with what
    #[arg(value_name = "COMMAND [WORD]...")]
    pub words: Vec<String>,
    /// Bypass splay options when running
    #[arg(long)]
    pub force: bool,
    /// Connect to a specific server or port
    #[arg(long, value_name = "HOST[:PORT]")]
    pub server: Option<String>,
    /// Restrict the run to specific tags
    #[arg(long, visible_alias = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Do a noop run
    #[arg(long, conflicts_with = "no_noop")]
    pub noop: bool,
    /// Do a run with noop disabled
    #[arg(long, conflicts_with = "noop")]
    pub no_noop: bool,
    /// Place the node in a specific environment for this run
    #[arg(long, value_name = "ENVIRONMENT")]
    pub environment: Option<String>,
    /// Splay the run by up to splaylimit seconds
    #[arg(long)]
    pub splay: bool,
    /// Do a run with splay disabled
    #[arg(long)]
    pub no_splay: bool,
    /// Maximum splay time for this run if splay is set
    #[arg(long, value_name = "SECONDS")]
    pub splaylimit: Option<u32>,
    /// Use cached catalog for this run
    #[arg(long, conflicts_with = "no_use_cached_catalog")]
    pub use_cached_catalog: bool,
    /// Do not use cached catalog for this run
    #[arg(long, conflicts_with = "use_cached_catalog")]
    pub no_use_cached_catalog: bool,
    /// Disable schedule processing
    #[arg(long)]
    pub ignoreschedules: bool,
    /// Runall: do it again and again, beginning at most once in so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub rerun: Option<u32>,
    /// Runonce: wait for the end of the runs, and tell how they ended. With a time, as in
    /// --wait=600, wait no longer than that for each; runall always waits [default: an hour]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "3600",
          value_parser = wait)]
    pub wait: Option<Duration>,
    /// Take it for a failure when a node is already as it is wanted: enabled, disabled, running
    #[arg(long)]
    pub strict: bool,
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}

fn wait(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=604_800).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "a number of seconds from 1 to 604800 is needed".to_owned())
}
