//! One run of an application that talks to nodes: its connection, its output, and how it makes a
//! call.

use std::{
    cell::Cell,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::sync::{Notify, watch};

use super::{
    confirm,
    connect::{self, unreachable},
    known::Known,
    plan::Planner,
    targeting, untouched,
};
use crate::{
    cli::{
        CommandError, Exit, daemon,
        render::{Form, Out, View, progress, rehearsal::Rehearsal, view::Renderer},
        tree::{Common, ExitCodes, General},
        voice::complain,
    },
    client::{
        Account, Addressing, Answer, Call, Client, Discovered, Gather, Interrupt, Progress,
        Targets, Verdict, discovery::Source,
    },
    config,
    mcorpc::{
        ddl::Ddl,
        filter::Filter,
        names::{ActionName, Identity},
    },
};

/// The options that every application has.
pub(super) struct Options<'a> {
    pub(super) general: &'a General,
    pub(super) common: &'a Common,
    /// Whether a progress bar is of use.
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
    pub(super) form: Form,
    /// Whether the configuration wants `ping` to draw.
    pub(super) ping_graph: bool,
    client: Client,
    planner: Planner,
    targets: Targets,
    known: Known,
    quiet: bool,
    dry_run: bool,
    untouched: Option<PathBuf>,
    stop: watch::Receiver<Option<Interrupt>>,
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
        let form = Form::of(common.output.output, common.output.json);
        let config = connect::load(general)?;
        let targets = targeting::targets(common, &config)?;
        let planner = Planner::new(common, &config)?;
        if general.verbose {
            drop(daemon::start_log(config::LogLevel::Warn));
        }
        daemon::block_on(1, async {
            let (stop, stopped) = watch::channel(None);
            let watching = tokio::spawn(connect::watch_signals(stop));
            let mut session = Self {
                out: Out::new(general.color, config.color.unwrap_or(true)),
                verbose: general.verbose && !common.quiet,
                ping_graph: config.ping_graph,
                client: connect::connect(&config, common, stopped.clone()).await?,
                stop: stopped,
                untouched: common.batches.untouched.clone(),
                known: Known::new(&config, planner.collective()),
                planner,
                targets,
                quiet: common.quiet,
                dry_run: common.discovery.dry_run,
                sort: common.sort,
                progress: options.progress
                    && form != Form::Array
                    && !common.output.no_progress
                    && !common.quiet,
                form,
                legacy: general.exit_codes == ExitCodes::Legacy,
            };
            let ended = application(&mut session).await;
            let flushed = session.out.flush();
            session.client.close().await;
            watching.abort();
            // By now everything is shown: nobody waits for this.
            let hints = session.known.keep();
            if !session.quiet {
                hints.iter().for_each(complain);
            }
            let exit = ended?;
            flushed?;
            Ok(exit)
        })?
    }

    /// Notes that nobody has the fact that a report is about.
    pub(super) fn nobody_has(&mut self, fact: &str) {
        self.known.nobody_has(fact);
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

    /// Makes the call and shows its results.
    pub(super) async fn show<V: View>(
        &mut self,
        call: &Call,
        view: &mut V,
    ) -> Result<Account, CommandError> {
        if self.dry_run {
            return Err(self.rehearse::<V>(call).await?);
        }
        let mut renderer = Renderer::begin(self.form, view, &mut self.out)?;
        let account = self
            .call(call, |out, answer| renderer.answer(out, call, answer))
            .await?;
        let broker = self.broker();
        renderer.end(&mut self.out, call, &account, &broker)?;
        if let Some(allowed) = account.gave_up_after {
            complain(format_args!(
                "Stopped: {} nodes failed, and --max-fail allows {allowed}",
                account.failures()
            ));
        }
        untouched::note(call, &account, self.untouched.as_deref())?;
        Ok(account)
    }

    /// Asks the operator before a call; from then on it goes to the nodes that were named, and to
    /// no others. `what` follows "Do you really want to".
    pub(super) async fn confirm(&mut self, call: &Call, what: &str) -> Result<(), CommandError> {
        if self.dry_run {
            return Ok(());
        }
        let discovered = self.discover(call).await?;
        if let Some(why) = discovered.interrupted {
            return Err(CommandError::new(why.into(), String::new()));
        }
        // Nobody is left for the call to say so.
        if !discovered.names.is_empty() {
            let mut stop = self.stop.clone();
            tokio::select! {
                answer = confirm::ask(what, &discovered.names) => answer?,
                Ok(why) = stop.wait_for(Option::is_some) => {
                    let exit = why.map_or(Exit::Interrupted, Exit::from);
                    return Err(CommandError::new(exit, String::new()));
                }
            }
        }
        self.targets.source = Source::List(discovered.names);
        self.targets.limit = None;
        Ok(())
    }

    /// Whether nothing narrows a call: no filter, no list, no limit.
    pub(super) fn is_unfiltered(&self, call: &Call) -> bool {
        let targets = &self.targets;
        let listed = matches!(targets.source, Source::List(_));
        call.filter.is_empty() && !listed && targets.limit.is_none()
    }

    /// Shows the results of a call that was made before.
    pub(super) fn present<V: View>(
        &mut self,
        call: &Call,
        account: &Account,
        view: &mut V,
    ) -> Result<(), CommandError> {
        let broker = self.broker();
        let out = &mut self.out;
        let mut renderer = Renderer::begin(self.form, view, out)?;
        for answer in &account.answers {
            renderer.answer(out, call, answer)?;
        }
        Ok(renderer.end(out, call, account, &broker)?)
    }

    /// Makes the call; `show` is given each answer as it comes. Where nobody reads any more, nobody
    /// is waited for.
    pub(super) async fn call(
        &mut self,
        call: &Call,
        mut show: impl FnMut(&mut Out, &Answer) -> io::Result<()>,
    ) -> Result<Account, CommandError> {
        let sort = self.sort;
        let bar = progress::Progress::new(self.progress);
        let (out, verbose) = (&mut self.out, self.verbose);
        let written = Cell::new(Ok(()));
        let unwritable = Notify::new();
        let mut report = |event: Progress<'_>| match event {
            Progress::Addressed { nodes, gather } => {
                bar.expect(nodes);
                bar.name(&few(gather));
            }
            Progress::Answer {
                answer,
                spoken,
                gather,
            } => {
                bar.advance(spoken);
                bar.name(&few(gather));
                if !sort && let Err(error) = bar.suspend(|| show(out, answer)) {
                    written.set(Err(error));
                    unwritable.notify_one();
                }
            }
            Progress::Rejected(why) => {
                if verbose {
                    bar.suspend(|| complain(format_args!("warning: {why}")));
                }
            }
        };
        let account = tokio::select! {
            account = self.client.call_targets(call, &self.targets, &mut report) => Some(account),
            () = unwritable.notified() => None,
        };
        bar.finish();
        written.replace(Ok(()))?;
        let Some(account) = account else {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        };
        let mut account = account.map_err(unreachable)?;
        self.known.learn(call, &account);
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

    /// Finds out whom a call would go to.
    pub(super) async fn discover(&mut self, call: &Call) -> Result<Discovered, CommandError> {
        let verbose = self.verbose;
        let mut report = |event: Progress<'_>| {
            if let (Progress::Rejected(why), true) = (event, verbose) {
                complain(format_args!("warning: {why}"));
            }
        };
        let discovering = self.client.discover(call, &self.targets, &mut report);
        let discovered = discovering.await.map_err(unreachable)?;
        self.known
            .learn_discovered(call, &self.targets, &discovered);
        Ok(discovered)
    }

    /// Makes one of many calls, to nodes that are known, and shows nothing of it.
    pub(super) async fn ask(
        &mut self,
        call: &Call,
        names: Vec<Identity>,
    ) -> Result<Account, CommandError> {
        let call = Call {
            addressing: Addressing::Directed(names),
            ..call.clone()
        };
        let verbose = self.verbose;
        let mut report = |event: Progress<'_>| {
            if let (Progress::Rejected(why), true) = (event, verbose) {
                complain(format_args!("warning: {why}"));
            }
        };
        let calling = self.client.call(&call, &mut report);
        let account = calling.await.map_err(unreachable)?;
        self.known.learn(&call, &account);
        Ok(account)
    }

    /// Waits; a signal ends it.
    pub(super) async fn pause(
        &mut self,
        time: Duration,
    ) -> Result<Option<Interrupt>, CommandError> {
        self.client.pause(time).await.map_err(unreachable)
    }

    /// A progress bar, where one is wanted.
    pub(super) fn bar(&self) -> progress::Progress {
        progress::Progress::new(self.progress)
    }

    /// Whether nothing is to be sent.
    pub(super) const fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Where the nodes that were not asked are to be noted.
    pub(super) fn untouched(&self) -> Option<&Path> {
        self.untouched.as_deref()
    }

    /// Shows who would get which request. The end is an error only in that nothing else follows.
    async fn rehearse<V: View>(&mut self, call: &Call) -> Result<CommandError, CommandError> {
        let discovered = self.discover(call).await?;
        let rehearsal = Rehearsal {
            application: V::NAME,
            call,
            targets: &self.targets,
            discovered: &discovered,
        };
        rehearsal.print(&mut self.out, self.form)?;
        let exit = match discovered.interrupted {
            Some(why) => why.into(),
            None if discovered.names.is_empty() => Exit::NobodyMatched,
            None => Exit::Ok,
        };
        Ok(CommandError::new(exit, String::new()))
    }

    /// The exit code of a report, which the original always ended with 0.
    pub(super) fn report_exit(&self, account: &Account) -> Exit {
        if self.legacy && account.interrupted.is_none() {
            Exit::Ok
        } else {
            self.exit(account)
        }
    }

    /// The exit code of a call.
    pub(super) fn exit(&self, account: &Account) -> Exit {
        match account.interrupted {
            // To the original, nobody had answered then.
            Some(Interrupt::Interrupted) if self.legacy && account.discovered => {
                return Exit::NobodyAnswered;
            }
            Some(Interrupt::Interrupted) if self.legacy => return Exit::NobodyAnsweredUndiscovered,
            Some(why) => return why.into(),
            None => {}
        }
        match account.verdict() {
            Verdict::Ok => Exit::Ok,
            Verdict::NobodyMatched => Exit::NobodyMatched,
            // To the original, silence of some nodes was no failure.
            Verdict::SomeFailed
                if self.legacy && !account.any_failed() && account.gave_up_after.is_none() =>
            {
                Exit::Ok
            }
            Verdict::SomeFailed => Exit::SomeFailed,
            Verdict::NobodyAnswered => Exit::NobodyAnswered,
            Verdict::NobodyAnsweredUndiscovered => Exit::NobodyAnsweredUndiscovered,
        }
    }
}

/// The nodes that have not spoken, where they are few enough to be named.
fn few(gather: &Gather) -> Vec<Identity> {
    if gather.missing_count() <= progress::NAMED {
        gather.missing()
    } else {
        Vec::new()
    }
}
