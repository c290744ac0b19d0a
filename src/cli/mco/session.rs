//! One run of an application that talks to nodes: its connection, its output, and how it makes a
//! call.

use std::{
    cell::Cell,
    fmt::Display,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{
    confirm,
    connect::{self, unreachable},
    denied,
    known::Known,
    plan::Planner,
    suggest, targeting, untouched,
    warnings::Warnings,
};
use crate::{
    cli::{
        CommandError, Exit, daemon, pe_conf,
        render::{Form, Out, View, progress, rehearsal::Rehearsal, view::Renderer},
        tree::{Common, ExitCodes, General},
        voice::complain,
    },
    client::{
        Account, Addressing, Answer, Call, Client, Discovered, Gather, Interrupt, Progress, Silent,
        Targets, Verdict, discovery::Source,
    },
    config::{self, ClientConfig, gate::Asking},
    mcorpc::{
        ddl::Ddl,
        filter::Filter,
        names::{ActionName, Identity},
    },
    sys::upstream::Input,
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
    /// Something on standard input may be a list of nodes for us.
    unclear_input: bool,
    known: Known,
    /// Who did not say whether the call that was confirmed means it.
    undiscovered: Vec<Silent>,
    quiet: bool,
    warnings: Warnings,
    dry_run: bool,
    untouched: Option<PathBuf>,
    stop: watch::Receiver<Option<Interrupt>>,
    /// Turns signals into what `stop` says.
    watching: JoinHandle<()>,
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
        let notes = pe_conf::pass(Asking::Client)?;
        if options.general.verbose {
            for note in notes {
                complain(format_args!("note: {note}"));
            }
        }
        let config = connect::load(options.general)?;
        // Behind a pointer, so that all applications share the code that runs it.
        let running: Pin<Box<dyn Future<Output = Result<Exit, CommandError>>>> = Box::pin(async {
            let mut session = Self::open(options, &config).await?;
            let ended = application(&mut session).await;
            session.close(ended).await
        });
        daemon::block_on(1, running)?
    }

    async fn open(options: &Options<'_>, config: &ClientConfig) -> Result<Self, CommandError> {
        let (general, common) = (options.general, options.common);
        let form = Form::of(common.output.output, common.output.json);
        let input = targeting::input(&common.discovery);
        let targets = targeting::targets(common, config, input)?;
        let planner = Planner::new(common, config)?;
        if let Some(file) = &common.batches.untouched {
            untouched::check(file)?;
        }
        if general.verbose {
            drop(daemon::start_log(config::LogLevel::Warn));
        }
        let verbose = general.verbose && !common.quiet;
        let (stop, stopped) = watch::channel(None);
        let watching = tokio::spawn(connect::watch_signals(stop));
        Ok(Self {
            out: Out::new(general.color, config.color.unwrap_or(true)),
            verbose,
            ping_graph: config.ping_graph,
            client: connect::connect(config, common, stopped.clone()).await?,
            stop: stopped,
            watching,
            untouched: common.batches.untouched.clone(),
            known: Known::new(config, planner.collective()),
            planner,
            targets,
            unclear_input: input == Input::Unclear,
            undiscovered: Vec::new(),
            quiet: common.quiet,
            warnings: Warnings::new(verbose),
            dry_run: common.discovery.dry_run,
            sort: common.sort,
            progress: options.progress
                && form != Form::Array
                && !common.output.no_progress
                && !common.quiet,
            form,
            legacy: general.exit_codes == ExitCodes::Legacy,
        })
    }

    async fn close(mut self, ended: Result<Exit, CommandError>) -> Result<Exit, CommandError> {
        let flushed = self.out.flush();
        self.client.close().await;
        self.watching.abort();
        // By now everything is shown: nobody waits for this.
        self.known.keep();
        let exit = ended?;
        flushed?;
        Ok(exit)
    }

    /// The broker, as it is named in output.
    pub(super) fn broker(&self) -> String {
        let broker = self.client.broker();
        format!("{}:{}", broker.host, broker.port)
    }

    /// The call that asks who is there: `ping` of the agent `discovery`.
    pub(super) fn plan_ping(&self, filter: Filter) -> Result<Call, CommandError> {
        self.check_clear(&filter)?;
        self.planner.ping(filter)
    }

    /// Who pipes names in does not mean everybody, even if they are passed over.
    fn check_clear(&self, filter: &Filter) -> Result<(), CommandError> {
        if self.unclear_input && filter.is_empty() {
            return Err(targeting::unclear());
        }
        Ok(())
    }

    /// A call of an action that the DDL declares, to everybody or to the nodes named.
    pub(super) fn plan(
        &self,
        ddl: &Ddl,
        action: &ActionName,
        data: Map<String, Value>,
        filter: Filter,
    ) -> Result<Call, CommandError> {
        self.check_clear(&filter)?;
        self.planner.call(ddl, action, data, filter)
    }

    /// Makes the call and shows its results.
    pub(super) async fn show(
        &mut self,
        call: &Call,
        view: &mut dyn View,
    ) -> Result<Account, CommandError> {
        if self.dry_run {
            return Err(self.rehearse(call, view.name()).await?);
        }
        let mut renderer = Renderer::begin(self.form, view, &mut self.out)?;
        let account = self
            .call(call, &mut |out, answer| renderer.answer(out, call, answer))
            .await?;
        let broker = self.broker();
        renderer.end(&mut self.out, call, &account, &broker)?;
        if let Some(allowed) = account.gave_up_after {
            complain(untouched::stopped(account.failures(), allowed));
        }
        untouched::note(call, &account, self.untouched.as_deref())?;
        if !self.quiet
            && let Some(hint) = denied::hint(call, &account)
        {
            complain(hint);
        }
        if account.verdict() == Verdict::NobodyMatched
            && !self.quiet
            && let Some(node) = account.nomatch.first()
        {
            suggest::facts(self, node, &suggest::compared(&call.filter)).await;
        }
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
        self.undiscovered = discovered.silent;
        self.targets.source = Source::List(discovered.names);
        self.targets.limit = None;
        Ok(())
    }

    /// Whether nothing says which nodes a call is for: no filter and no list. How many of them it
    /// takes says nothing of that.
    pub(super) fn is_unfiltered(&self, call: &Call) -> bool {
        let listed = matches!(self.targets.source, Source::List(_));
        call.filter.is_empty() && !listed
    }

    /// Shows the results of a call that was made before.
    pub(super) fn present(
        &mut self,
        call: &Call,
        account: &Account,
        view: &mut dyn View,
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
        show: &mut dyn FnMut(&mut Out, &Answer) -> io::Result<()>,
    ) -> Result<Account, CommandError> {
        let sort = self.sort;
        let bar = progress::Progress::new(self.progress);
        let (out, warnings) = (&mut self.out, &self.warnings);
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
            amiss => {
                if let Some(line) = warnings.of_call(&amiss) {
                    bar.suspend(|| warn(line));
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
        account.no_response.append(&mut self.undiscovered);
        account.no_response.sort();
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

    /// Says that a list of nodes may not be whole yet, where it is not known to be.
    fn warn_of_young_broker(&self, account: &Account) {
        let opened = self.client.broker().opened;
        let age = opened.map(|opened| Duration::from_millis(opened.ms));
        if let Some(age) = age
            && age < SETTLING
            && account.discovered
            && !self.quiet
            && !self.known.has_all(account)
        {
            warn(format_args!(
                "the broker was started {} s ago; nodes that have not come back to it yet \
                 are not in this list",
                age.as_secs()
            ));
        }
    }

    /// Finds out whom a call would go to.
    pub(super) async fn discover(&mut self, call: &Call) -> Result<Discovered, CommandError> {
        let warnings = &self.warnings;
        let mut report = |event: Progress<'_>| warnings.tell(&event);
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
        let warnings = &self.warnings;
        let mut report = |event: Progress<'_>| warnings.tell(&event);
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
    pub(super) async fn rehearse(
        &mut self,
        call: &Call,
        application: &'static str,
    ) -> Result<CommandError, CommandError> {
        let discovered = self.discover(call).await?;
        let exit = self.rehearse_with(call, application, &discovered)?;
        Ok(CommandError::new(exit, String::new()))
    }

    /// Shows that these nodes would get this request.
    pub(super) fn rehearse_with(
        &mut self,
        call: &Call,
        application: &'static str,
        discovered: &Discovered,
    ) -> Result<Exit, CommandError> {
        let rehearsal = Rehearsal {
            application,
            call,
            targets: &self.targets,
            discovered,
        };
        rehearsal.print(&mut self.out, self.form)?;
        Ok(match discovered.interrupted {
            Some(why) => why.into(),
            None if discovered.names.is_empty() => Exit::NobodyMatched,
            None => Exit::Ok,
        })
    }

    /// The exit code of a report or of `puppet runall`, which the original always ended with 0.
    pub(super) fn report_exit(&self, account: &Account) -> Exit {
        if self.legacy && account.interrupted.is_none() {
            Exit::Ok
        } else {
            self.exit(account)
        }
    }

    /// The exit code where nobody was found, or the one node that was asked for said nothing: to the
    /// original that was 1, whatever the reason.
    pub(super) const fn none_exit(&self, exit: Exit) -> Exit {
        if self.legacy { Exit::Software } else { exit }
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

fn warn(line: impl Display) {
    complain(format_args!("warning: {line}"));
}

/// The nodes that have not spoken, where they are few enough to be named.
fn few(gather: &Gather) -> Vec<Identity> {
    if gather.missing_count() <= progress::NAMED {
        gather.missing()
    } else {
        Vec::new()
    }
}
