//! The client's applications. What they share: `filters` and `targeting` read whom a request means,
//! `ddls` finds descriptions, `plan` makes a call of an agent's, `connect` reaches the broker,
//! `session` makes the call with its progress bar. Each application has a file of its own.

mod completion;
mod confirm;
mod connect;
mod ddls;
mod denied;
mod describe_filter;
mod facts;
mod filters;
mod find;
mod help;
mod inventory;
mod known;
mod package;
mod ping;
mod plan;
mod plugin;
mod policy;
mod puppet;
mod rows;
mod rpc;
mod service;
mod session;
mod suggest;
mod targeting;
mod untouched;
mod warnings;

use std::time::{Duration, Instant};

use super::{
    CommandError, Exit,
    tree::{Application, Common, General, Mco},
};
use crate::mcorpc::filter::Filter;

use session::{Options, Session};

/// Runs `mco`.
pub(super) fn run(mco: Mco) -> Result<Exit, CommandError> {
    let general = mco.general;
    match mco.application {
        None => help::usage(),
        Some(Application::Help { application }) => help::run(application.as_deref()),
        Some(Application::Completion(args)) => completion::run(&args, &general),
        Some(Application::DescribeFilter(args)) => describe_filter::run(&args, &general),
        Some(Application::Policy(args)) => policy::run(&args, &general),
        Some(Application::Plugin(args)) => plugin::run(&args, &general),
        Some(Application::Ping(args)) => ping::run(&args, &general),
        Some(Application::Find(args)) => find::run(&args, &general),
        Some(Application::Rpc(args)) => rpc::run(&args, &general),
        Some(Application::Facts(args)) => facts::run(&args, &general),
        Some(Application::Inventory(args)) => inventory::run(&args, &general),
        Some(Application::Puppet(args)) => puppet::run(&args, &general),
        Some(Application::Package(args)) => package::run(&args, &general),
        Some(Application::Service(args)) => service::run(&args, &general),
    }
}

/// Asks until this many nodes answer, at most until `end`; `progress` is told how many do.
/// Gives the last count. For whoever waits for a fleet to come up.
pub(super) fn wait_for(
    general: &General,
    nodes: usize,
    end: Instant,
    progress: &dyn Fn(usize),
) -> Result<usize, CommandError> {
    // Nobody has asked for this: it takes nothing from standard input, and says nothing.
    let mut common = Common {
        quiet: true,
        ..Common::default()
    };
    common.discovery.disc_method = Some("broker".to_owned());
    let options = Options {
        general,
        common: &common,
        progress: false,
    };
    let mut count = 0;
    Session::run(&options, async |session| {
        let call = session.plan_ping(Filter::default())?;
        loop {
            let account = session.call(&call, &mut |_, _| Ok(())).await?;
            count = account.answers.len();
            progress(count);
            let exit = session.exit(&account);
            if matches!(exit, Exit::Interrupted | Exit::Terminated) {
                return Err(CommandError::new(exit, String::new()));
            }
            if count >= nodes || Instant::now() > end {
                return Ok(Exit::Ok);
            }
            tokio::time::sleep(BETWEEN_PINGS).await;
        }
    })?;
    Ok(count)
}

/// How often a fleet that comes up is asked.
const BETWEEN_PINGS: Duration = Duration::from_millis(50);
