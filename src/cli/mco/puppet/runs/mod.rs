//! Runs that are waited for: `runonce --wait`, and `runall`, which keeps some running at a time.
//! `schedule` decides, `read` understands replies as `told`, `ended` shows ends, `silences` knows why
//! somebody does not answer; this file makes the calls.

mod ended;
mod read;
mod schedule;
mod silences;
mod told;

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use super::{Session, ddl};
use crate::{
    cli::{
        CommandError, Exit,
        mco::{plan, untouched},
        render::{progress, stats, view::Renderer},
        voice::complain,
    },
    client::{Account, Call, Discovered, Interrupt, Share, Silence, Silent},
    mcorpc::{
        ddl::builtin::IDEMPOTENT,
        filter::{Filter, parse},
        names::{CallerId, Identity, RequestId},
    },
    sys::clock::{self, Local},
};

use ended::Ended;
use schedule::{First, Schedule, Times};
use silences::Silences;
use told::{Begun, End};

/// How long a run is waited for, where nothing else is said.
pub(super) const LONGEST_RUN: Duration = Duration::from_hours(1);

/// How long a node may take to answer. One that takes longer is asked again.
const ANSWER: Duration = Duration::from_secs(4);

/// What is wanted.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The inputs of `runonce`.
    pub(super) inputs: Map<String, Value>,
    /// Whom.
    pub(super) filter: Filter,
    /// How many at a time; all, where there is none.
    pub(super) limit: Option<usize>,
    /// How long a run may take.
    pub(super) wait: Duration,
    /// How many may fail before no more are begun.
    pub(super) max_fail: Option<Share>,
}

impl Wanted {
    /// Whether a run that is under way is a failure, as `runonce --strict` has it. `runall` waits.
    fn is_strict(&self) -> bool {
        self.limit.is_none() && !self.inputs.contains_key(IDEMPOTENT)
    }
}

/// `runonce --wait`.
pub(super) async fn once(session: &mut Session, wanted: Wanted) -> Result<Exit, CommandError> {
    let mut calls = Calls::plan(session, &wanted)?;
    calls.run(session, &wanted).await
}

/// `runall N`, again and again where that is wanted.
pub(super) async fn all(
    session: &mut Session,
    mut wanted: Wanted,
    rerun: Option<u32>,
) -> Result<Exit, CommandError> {
    let log = Log(session.form.is_text());
    let limit = wanted.limit.unwrap_or(usize::MAX);
    log.line(session, &match rerun {
        None => format!("Running all nodes with a concurrency of {limit}"),
        Some(seconds) => format!(
            "Running all nodes with a concurrency of {limit}\n\
             Performing ongoing Puppet run management with a minimum runtime of {seconds} seconds between loops"
        ),
    })?;
    wanted.inputs.insert("force".to_owned(), true.into());
    let enabled = parse::expression("puppet().enabled=true").map_err(plan::usage)?;
    if !wanted.filter.compound.is_empty() {
        log.line(
            session,
            "Modifying user-specified filter: and'ing with 'puppet().enabled=true'",
        )?;
    }
    wanted.filter.compound.push(enabled);
    loop {
        let begun = Instant::now();
        let ended = match Calls::plan(session, &wanted) {
            Ok(mut calls) => calls.run(session, &wanted).await,
            Err(error) => Err(error),
        };
        let Some(seconds) = rerun.filter(|_| !session.is_dry_run()) else {
            return ended;
        };
        match ended {
            Ok(exit @ (Exit::Interrupted | Exit::Terminated)) => return Ok(exit),
            Ok(_) => {}
            // A broker that is away will come back.
            Err(error) => log.line(session, &format!("Running nodes failed: {error}"))?,
        }
        let left = Duration::from_secs(seconds.into()).saturating_sub(begun.elapsed());
        if let Some(why) = session.pause(left).await? {
            return Ok(why.into());
        }
    }
}

/// Lines with the time, as the original logs them, for people.
struct Log(bool);

impl Log {
    fn line(&self, session: &mut Session, text: &str) -> Result<(), CommandError> {
        if self.0 {
            for text in text.lines() {
                session.out.line(format!("{}: {text}", time()))?;
            }
            session.out.flush()?;
        }
        Ok(())
    }
}

fn time() -> String {
    Local::at(clock::now_secs()).map_or_else(String::new, |now| now.to_string())
}

/// The calls that are made again and again.
struct Calls {
    run: Call,
    status: Call,
    figures: Call,
    begun: Instant,
}

impl Calls {
    fn plan(session: &Session, wanted: &Wanted) -> Result<Self, CommandError> {
        let call = |action: &str, inputs: Map<String, Value>| {
            session.plan(ddl(), &plan::action(action)?, inputs, wanted.filter.clone())
        };
        Ok(Self {
            run: call("runonce", wanted.inputs.clone())?,
            status: call("status", Map::new())?,
            figures: call("last_run_summary", Map::new())?,
            begun: Instant::now(),
        })
    }

    async fn run(&mut self, session: &mut Session, wanted: &Wanted) -> Result<Exit, CommandError> {
        let log = Log(session.form.is_text() && wanted.limit.is_some());
        let what = if wanted.limit.is_some() {
            "enabled Puppet nodes"
        } else {
            "nodes"
        };
        log.line(session, &format!("Discovering {what} to manage"))?;
        let started = SystemTime::now();
        let discovered = session.discover(&self.run).await?;
        if let Some(why) = discovered.interrupted {
            return Ok(why.into());
        }
        let count = discovered.names.len();
        let nodes = if count == 1 { "node" } else { "nodes" };
        log.line(session, &format!("Found {count} enabled {nodes}"))?;
        let (first, id) = self.look(session, discovered.names.clone()).await?;
        let splay = wanted.inputs.get("splaylimit").and_then(Value::as_u64);
        let usual = Times::default();
        let times = Times {
            run: wanted.wait,
            // A node of the original's does not say that it only waits.
            begin: usual.begin + Duration::from_secs(splay.unwrap_or(0)),
            ..usual
        };
        let may_fail = wanted.max_fail.map(|share| share.allowed(count));
        let limit = wanted.limit.unwrap_or(usize::MAX);
        let mut schedule = Schedule::new(first, limit, times, may_fail, wanted.is_strict());
        if session.is_dry_run() {
            let order = schedule.order().cloned().collect();
            return self.rehearse(session, discovered, order);
        }
        let mut account = account(id, started, discovered.took);
        account.no_response.extend(discovered.silent);
        account.nomatch = discovered.nomatch;
        self.follow(session, &mut schedule, &mut account).await?;
        let exit = if wanted.limit.is_some() {
            session.report_exit(&account)
        } else {
            session.exit(&account)
        };
        if let Some(allowed) = account.gave_up_after {
            complain(untouched::stopped(account.failures(), allowed));
        }
        untouched::note(&self.run, &account, session.untouched())?;
        Ok(exit)
    }

    /// Shows who would run, and in which order.
    fn rehearse(
        &self,
        session: &mut Session,
        mut discovered: Discovered,
        order: Vec<Identity>,
    ) -> Result<Exit, CommandError> {
        discovered.names = order;
        if !session.form.is_text() || discovered.names.is_empty() {
            return session.rehearse_with(&self.run, "puppet", &discovered);
        }
        for name in &discovered.names {
            session.out.line(name.as_str())?;
        }
        session.out.flush()?;
        let count = discovered.names.len();
        let nodes = if count == 1 { "node" } else { "nodes" };
        complain(format_args!(
            "{count} {nodes} would run Puppet, in this order; nothing was started"
        ));
        Ok(Exit::Ok)
    }

    /// What each node does now, and how long its last run took.
    async fn look(
        &self,
        session: &mut Session,
        names: Vec<Identity>,
    ) -> Result<(Vec<First>, RequestId), CommandError> {
        let mut first: Vec<First> = names.iter().map(|name| (name.clone(), None, 0)).collect();
        // The first question may make a node ask its Puppet where its files are: that takes seconds.
        let status = session
            .ask(&unfiltered(&self.status, self.status.wait), names.clone())
            .await?;
        let figures = session
            .ask(&unfiltered(&self.figures, ANSWER), names)
            .await?;
        for (name, before, took) in &mut first {
            let of = |account: &Account| {
                let mut answers = account.answers.iter();
                answers
                    .find(|answer| answer.reply.sender == *name && answer.is_ok())
                    .cloned()
            };
            *before = of(&status).map(|answer| read::status(&answer.reply));
            *took = of(&figures).map_or(0, |answer| read::took(&answer.reply));
        }
        Ok((first, status.id))
    }

    /// Makes calls until all runs have ended.
    async fn follow(
        &self,
        session: &mut Session,
        schedule: &mut Schedule,
        account: &mut Account,
    ) -> Result<(), CommandError> {
        let bar = session.bar();
        bar.expect(schedule.len());
        let of = ended::Of {
            id: account.id.clone(),
            // A reply names who had asked, which nobody is shown.
            caller: CallerId::new("cert=mco").map_err(plan::usage)?,
            agent: self.run.agent.clone(),
        };
        let mut view = Ended;
        let mut renderer = Renderer::begin(session.form, &mut view, &mut session.out)?;
        let [run, status, figures] =
            [&self.run, &self.status, &self.figures].map(|call| unfiltered(call, ANSWER));
        let mut silences = Silences::default();
        loop {
            let interrupted = self
                .step(session, schedule, [&run, &status, &figures], &mut |asked| {
                    let gone = silences.take(asked);
                    if let Some(line) = stats::names(GONE, &gone) {
                        bar.suspend(|| complain(format_args!("warning: {line}")));
                    }
                })
                .await?;
            if interrupted.is_some() {
                account.interrupted = interrupted;
                schedule.stop();
            }
            let over = interrupted.is_some() || schedule.is_done();
            if over {
                schedule.finish(self.begun.elapsed());
            }
            for (name, end, took) in schedule.news() {
                let silence = match &end {
                    End::NotAsked => {
                        account.unasked.push(name);
                        continue;
                    }
                    End::Silent if interrupted.is_some() => Some(Silence::Interrupted),
                    End::Silent => Some(silences.why(&name)),
                    _ => None,
                };
                if let Some(why) = silence {
                    account.no_response.push(Silent { node: name, why });
                    continue;
                }
                let answer = ended::answer(&name, &end, took, &of);
                bar.suspend(|| renderer.answer(&mut session.out, &self.run, &answer))?;
                account.answers.push(answer);
            }
            show(&bar, schedule);
            if over {
                break;
            }
            let now = self.begun.elapsed();
            let pause = schedule
                .next()
                .map_or(Duration::ZERO, |next| next.saturating_sub(now));
            if let Some(why) = session.pause(pause).await? {
                account.interrupted = Some(why);
                schedule.stop();
                schedule.finish(self.begun.elapsed());
                for (name, end, _) in schedule.news() {
                    if end == End::NotAsked {
                        account.unasked.push(name);
                    } else {
                        account.no_response.push(Silent {
                            node: name,
                            why: Silence::Interrupted,
                        });
                    }
                }
                break;
            }
        }
        bar.finish();
        account.gave_up_after = schedule.gave_up_after();
        account.no_response.sort();
        account.elapsed = self.begun.elapsed();
        let broker = session.broker();
        renderer.end(&mut session.out, &self.run, account, &broker)?;
        Ok(())
    }

    /// One round: tells who is to begin, and asks who runs, or has ended.
    async fn step(
        &self,
        session: &mut Session,
        schedule: &mut Schedule,
        [run, status, figures]: [&Call; 3],
        note: &mut dyn FnMut(&Account),
    ) -> Result<Option<Interrupt>, CommandError> {
        let now = || self.begun.elapsed();
        let begin = schedule.begin(now());
        if !begin.is_empty() {
            let asked = session.ask(run, begin).await?;
            note(&asked);
            for answer in &asked.answers {
                let said = read::begun(answer);
                schedule.handle_begun(&answer.reply.sender, said, &asked.id, now());
            }
            for silent in &asked.no_response {
                schedule.handle_begun(&silent.node, Begun::Silent, &asked.id, now());
            }
            if asked.interrupted.is_some() {
                return Ok(asked.interrupted);
            }
        }
        let poll = schedule.poll(now());
        if !poll.is_empty() {
            let asked = session.ask(status, poll).await?;
            note(&asked);
            for answer in &asked.answers {
                let status = answer.is_ok().then(|| read::status(&answer.reply));
                schedule.handle_status(&answer.reply.sender, status, now());
            }
            for silent in &asked.no_response {
                schedule.handle_status(&silent.node, None, now());
            }
            if asked.interrupted.is_some() {
                return Ok(asked.interrupted);
            }
        }
        let ask = schedule.ask(now());
        if !ask.is_empty() {
            let asked = session.ask(figures, ask).await?;
            note(&asked);
            for answer in &asked.answers {
                let end = answer.is_ok().then(|| read::figures(&answer.reply));
                schedule.handle_figures(&answer.reply.sender, end, now());
            }
            for silent in &asked.no_response {
                schedule.handle_figures(&silent.node, None, now());
            }
            return Ok(asked.interrupted);
        }
        Ok(None)
    }
}

const GONE: &str =
    "no longer connected to the broker; what they run may go on, and they are asked again";

fn show(bar: &progress::Progress, schedule: &Schedule) {
    bar.advance(schedule.ended());
    let running: Vec<&Identity> = schedule.running().take(progress::NAMED).collect();
    bar.name(&running);
}

/// The same to nodes that are known to be meant: a run may change what a filter asks for.
fn unfiltered(call: &Call, wait: Duration) -> Call {
    Call {
        filter: Filter::default(),
        wait,
        ttl: call.ttl.min(wait),
        discovery_wait: call.discovery_wait.min(wait),
        ..call.clone()
    }
}

fn account(id: RequestId, started: SystemTime, discovery: Duration) -> Account {
    Account {
        discovered: true,
        started,
        discovery,
        ..Account::empty(id)
    }
}

/// A number of seconds in a document.
fn seconds(time: Duration) -> Value {
    json!((time.as_secs_f64() * 10.0).round() / 10.0)
}
