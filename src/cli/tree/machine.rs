//! The options of the applications that change machines: `service` and `package`.

use clap::Args;

use super::{Common, HostFilters};

/// What both have.
#[derive(Args, Clone, Debug)]
pub struct Changing {
    /// Assume yes on any prompts
    #[arg(short, long)]
    pub yes: bool,
    /// Fail where nothing has to be changed, as the original does: running already, installed already
    #[arg(long)]
    pub strict: bool,
}

/// `mco service`.
#[derive(Args, Debug)]
#[command(
    after_help = "The ACTION can be one of the following:\n\n  start    start service\n  stop     stop service\n  \
        restart  restart or reload service\n  status   determine the current status of the remote service\n\n\
        Examples:\n  mco service httpd status\n  mco service httpd restart -F os.family=RedHat --batch 10"
)]
pub struct ServiceArgs {
    /// The service and the action, in either order
    #[arg(value_name = "SERVICE ACTION")]
    pub words: Vec<String>,
    /// Whether to ask, and what counts as a failure.
    #[command(flatten)]
    pub changing: Changing,
    /// Options of every application.
    #[command(flatten)]
    pub common: Common,
    /// Whom.
    #[command(flatten)]
    pub filters: HostFilters,
}
