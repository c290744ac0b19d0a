//! One run of an application that talks to nodes: its connection, its output, and how it makes a
//! call.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{
    connect::{self, unreachable},
    plan::Planner,
    targeting,
};
use crate::{
    cli::{
        CommandError, Exit, daemon,
        render::{Out, progress, rehearsal},
        tree::{Common, ExitCodes, General},
        voice::complain,
    },
    client::{Account, Answer, Call, Client, Progress, Targets, Verdict},
    config,
    mcorpc::{ddl::Ddl, filter::Filter, names::ActionName},
};

/// The options that every application has.
pub(super) struct Options<'a> {
    pub(super) general: &'a General,
    pub(super) common: &'a Common,
    pub(super) progress: bool,
}

/// After so long a fleet is back at a broker that was started again.
const SETTLING: Duration = Duration::from_secs(10);

/// A connected client with its configuration and its output.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one option of the command line"
)]
pub(super) struct Session {
    pub(super) out: Out,
    pub(super) verbose: bool,
    /// Whether the configuration wants `ping` to draw.
    pub(super) ping_graph: bool,
    client: Client,
    planner: Planner,
    targets: Targets,
    quiet: bool,
    dry_run: bool,
    sort: bool,
    progress: bool,
    legacy: bool,
}

impl Session {
    /// Connects, runs the application, and says goodbye.
    pub(super) fn run<F>(options: &Options<'_>, application: F) -> Result<Exit, CommandError>
    where
        F: AsyncFnOnce(&mut Self) -> Result<Exit, CommandError>,
    {
        let (general, common) = (options.general, options.common);
        let config = connect::load(general)?;
        let targets = targeting::targets(common, &config)?;
        let planner = Planner::new(common, &config)?;
        if general.verbose {
            daemon::start_log(config::LogLevel::Warn);
        }
        daemon::block_on(1, async {
            let (stop, stopped) = watch::channel(None);
            let watching = tokio::spawn(connect::watch_signals(stop));
            let mut session = Self {
                out: Out::new(general.color, config.color.unwrap_or(true)),
                verbose: general.verbose && !common.quiet,
                ping_graph: config.ping_graph,
                client: connect::connect(&config, common, stopped).await?,
                planner,
                targets,
                quiet: common.quiet,
                dry_run: common.discovery.dry_run,
                sort: common.sort,
                progress: options.progress,
                legacy: general.exit_codes == ExitCodes::Legacy,
            };
            let ended = application(&mut session).await;
            let flushed = session.out.flush();
            session.client.close().await;
            watching.abort();
            let exit = ended?;
            flushed?;
            Ok(exit)
        })?
    }

    /// The broker, as it is named in output.
    pub(super) fn broker(&self) -> String {
        let broker = self.client.broker();
        format!("{}:{}", broker.host, broker.port)
    }

    /// The call that asks who is there: `ping` of the agent `discovery`.
    pub(super) fn plan_ping(&self, filter: Filter) -> Result<Call, CommandError> {
        self.planner.ping(filter)
    }

    /// A call of an action that the DDL declares, to everybody or to the nodes named.
    pub(super) fn plan(
        &self,
        ddl: &Ddl,
        action: &ActionName,
        data: Map<String, Value>,
        filter: Filter,
    ) -> Result<Call, CommandError> {
        self.planner.call(ddl, action, data, filter)
    }

    /// Makes the call; `show` is given each answer as it comes.
    pub(super) async fn call(
        &mut self,
        call: &Call,
        mut show: impl FnMut(&mut Out, &Answer) -> std::io::Result<()>,
    ) -> Result<Account, CommandError> {
        if self.dry_run {
            return Err(self.rehearse(call).await?);
        }
        let sort = self.sort;
        let bar = progress::Progress::new(self.progress);
        let (out, verbose) = (&mut self.out, self.verbose);
        let mut written = Ok(());
        let mut report = |event: Progress<'_>| match event {
            Progress::Addressed(nodes) => bar.expect(nodes),
            Progress::Answer { answer, gather } => {
                let missing = if gather.missing_count() <= 5 {
                    gather.missing()
                } else {
                    Vec::new()
                };
                bar.advance(gather.addressed() - gather.missing_count(), &missing);
                if written.is_ok() && !sort {
                    written = bar.suspend(|| show(out, answer));
                }
            }
            Progress::Rejected(why) => {
                if verbose {
                    bar.suspend(|| complain(format_args!("warning: {why}")));
                }
            }
        };
        let account = self
            .client
            .call_targets(call, &self.targets, &mut report)
            .await;
        bar.finish();
        written?;
        let mut account = account.map_err(unreachable)?;
        self.warn_of_young_broker(&account);
        let out = &mut self.out;
        if sort {
            account
                .answers
                .sort_by(|a, b| a.reply.sender.cmp(&b.reply.sender));
            for answer in &account.answers {
                show(out, answer)?;
            }
        }
        Ok(account)
    }

    /// Says that a list of nodes may not be whole yet.
    fn warn_of_young_broker(&self, account: &Account) {
        let opened = self.client.broker().opened;
        let age = opened.map(|opened| Duration::from_millis(opened.ms));
        if let Some(age) = age
            && age < SETTLING
            && account.discovered
            && !self.quiet
        {
            complain(format_args!(
                "warning: the broker was started {} s ago; nodes that have not come back to it yet \
                 are not in this list",
                age.as_secs()
            ));
        }
    }

    /// Shows who would get which request. The end is an error only in that nothing else follows.
    async fn rehearse(&mut self, call: &Call) -> Result<CommandError, CommandError> {
        let verbose = self.verbose;
        let mut report = |event: Progress<'_>| {
            if let (Progress::Rejected(why), true) = (event, verbose) {
                complain(format_args!("warning: {why}"));
            }
        };
        let discovered = self
            .client
            .discover(call, &self.targets, &mut report)
            .await
            .map_err(unreachable)?;
        rehearsal::print(&mut self.out, call, &self.targets, &discovered)?;
        let exit = match discovered.interrupted {
            Some(why) => why.into(),
            None if discovered.names.is_empty() => Exit::NobodyMatched,
            None => Exit::Ok,
        };
        Ok(CommandError::new(exit, String::new()))
    }

    /// The exit code of a call.
    pub(super) fn exit(&self, account: &Account) -> Exit {
        if let Some(why) = account.interrupted {
            return why.into();
        }
        match account.verdict() {
            Verdict::Ok => Exit::Ok,
            Verdict::NobodyMatched => Exit::NobodyMatched,
            // To the original, silence of some nodes was no failure.
            Verdict::SomeFailed if self.legacy && !account.any_failed() => Exit::Ok,
            Verdict::SomeFailed => Exit::SomeFailed,
            Verdict::NobodyAnswered => Exit::NobodyAnswered,
            Verdict::NobodyAnsweredUndiscovered => Exit::NobodyAnsweredUndiscovered,
        }
    }
}
