//! The options of the applications that change machines: `service` and `package`.

use clap::Args;

use super::{Common, HostFilters};

/// What both have.
#[derive(Args, Clone, Debug)]
pub struct Changing {
    /// Assume yes on any prompts
    #[arg(short, long)]
    pub yes: bool,
    /// Fail where nothing has to be changed and the original fails: running already, installed already
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

/// `mco package`.
#[derive(Args, Debug)]
#[command(
    // Here it is the package's.
    disable_version_flag = true,
    after_help = "The ACTION can be one of the following:\n\n  install           install PACKAGE\n  \
        uninstall         uninstall PACKAGE\n  \
        purge             uninstall PACKAGE and purge related config files\n  \
        update            update PACKAGE\n  \
        status            determine whether PACKAGE is installed and report its version\n  \
        count             determine number of packages installed\n  \
        md5               determine md5 of package list\n  \
        yum_clean         clean the yum cache\n  \
        yum_checkupdates  display available updates from yum\n  \
        apt_update        fetch the lists of available packages\n  \
        apt_checkupdates  display available updates from apt\n  \
        checkupdates      display available updates\n\n\
        Examples:\n  mco package bash status\n  mco package install nginx --version 1.22.1-9 -W web\n  \
        mco package update openssl libssl3 --batch 10\n  mco package checkupdates -o table"
)]
pub struct PackageArgs {
    /// The package and the action, in either order; or several packages
    #[arg(value_name = "PACKAGE ACTION")]
    pub words: Vec<String>,
    /// Install this version, whether it is newer or older than what is there
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
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
