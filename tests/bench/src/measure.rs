//! Measures a broker: starts it, lets a fleet connect, asks rounds, and says what all of it took.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value, json};
use tokio::{
    net::TcpSocket,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{
    Result,
    client::Client,
    dial::{Dialer, Place},
    fleet::{Fleet, Plan, identity},
    pki::Pki,
    rounds::{self, Kind, Shape, ms, round, spread},
    usage::{self, Process},
    wire::{Dialect, SUBSCRIPTIONS},
};

/// How long a broker may take until it listens.
const START: Duration = Duration::from_secs(15);

/// Before memory is read.
const SETTLE: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the broker listens: `stomp://` (in the clear), `stomps://` or `nats://` (both TLS), then
    /// ADDRESS:PORT
    #[arg(long)]
    url: String,
    /// Nodes, each with a connection and a certificate of its own
    #[arg(long, default_value_t = 1000)]
    agents: usize,
    /// What `pki` has made; needed for TLS
    #[arg(long)]
    pki: Option<PathBuf>,
    /// Broadcast rounds that count
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// Directed rounds that count
    #[arg(long, default_value_t = 11)]
    directed_rounds: usize,
    /// Requests in a directed round, each to a node chosen at random
    #[arg(long, default_value_t = 1000)]
    directed: usize,
    #[command(flatten)]
    shape: Shape,
    /// Then watch the idle fleet for so many seconds
    #[arg(long, default_value_t = 0)]
    idle: u64,
    /// Then kill the broker, start it again, and see how long the fleet takes to come back
    #[arg(long, requires = "broker")]
    storm: bool,
    /// Give up after so many seconds, whatever happens
    #[arg(long, default_value_t = 120)]
    max_seconds: u64,
    /// What `table` calls the broker
    #[arg(long, default_value = "broker")]
    label: String,
    /// Which run of several this is: `table` compares those of the same number
    #[arg(long, default_value_t = 1)]
    run: usize,
    /// Also write the result into this file
    #[arg(long)]
    out: Option<PathBuf>,
    /// The broker, to be started and measured: the program itself, not a script that starts it
    #[arg(last = true)]
    broker: Vec<String>,
}

/// Prints one JSON object. Fails where a reply was lost or came twice, or something did not work.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    usage::open_files(args.agents)?;
    let fleet = Arc::new(Fleet::new(plan(args)?));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut report = Map::new();
    report.insert("label".into(), json!(args.label));
    report.insert("run".into(), json!(args.run));
    report.insert("agents".into(), json!(args.agents));
    report.insert("subscriptions_per_agent".into(), json!(SUBSCRIPTIONS));
    report.insert("tls".into(), json!(fleet.plan.dialer.tls.is_some()));
    let (start, machine) = (Instant::now(), usage::machine());
    let limit = Duration::from_secs(args.max_seconds);
    let mut broker = Broker {
        command: args.broker.clone(),
        child: None,
    };
    let done = runtime
        .block_on(async { timeout(limit, phases(args, &fleet, &mut broker, &mut report)).await });
    let others = usage::machine()
        .saturating_sub(machine)
        .saturating_sub(Process::own().cpu() + broker.cpu());
    let problem = match done {
        Ok(Ok(())) => None,
        Ok(Err(fault)) => Some(fault.to_string()),
        Err(_) => Some(format!("not done after {} s", args.max_seconds)),
    };
    let faults = fleet.take_faults();
    let good = problem.is_none() && faults.is_empty() && is_exact(&report);
    report.insert("problem".into(), json!(problem));
    report.insert("faults".into(), json!(faults));
    report.insert(
        "seconds".into(),
        json!(round(start.elapsed().as_secs_f64())),
    );
    // What neither the broker nor the fleet used: others that disturbed the measurement.
    report.insert("others_cpu_s".into(), json!(round(others.as_secs_f64())));
    let text = serde_json::to_string_pretty(&report)?;
    if let Some(out) = &args.out {
        let mode = mcollective::sys::file::Mode::Exactly(0o644);
        mcollective::sys::file::write_atomic(out, text.as_bytes(), mode)?;
    }
    println!("{text}");
    runtime.shutdown_background();
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether nothing was lost and nothing came twice.
fn is_exact(report: &Map<String, Value>) -> bool {
    let rounds = ["broadcast", "directed"].map(|name| report.get(name));
    rounds
        .into_iter()
        .flatten()
        .all(|figures| figures["exact"] == json!(true))
}

fn plan(args: &Args) -> Result<Plan> {
    let (scheme, address) = args.url.split_once("://").ok_or("--url needs a scheme")?;
    let (dialect, tls) = match scheme {
        "stomp" => (Dialect::Stomp, false),
        "stomps" => (Dialect::Stomp, true),
        "nats" => (Dialect::Nats, true),
        _ => return Err(format!("{scheme} is none of stomp, stomps and nats").into()),
    };
    let address: SocketAddr = address
        .parse()
        .map_err(|_| format!("{address} is no ADDRESS:PORT, such as 127.0.0.1:61613"))?;
    let tls = match (&args.pki, tls) {
        (_, false) => None,
        (None, true) => return Err("TLS needs --pki, the directory that `pki` made".into()),
        // Before anything is measured: making certificates is not the broker's work.
        (Some(dir), true) => Some(Pki::load(dir)?.fleet((0..args.agents).map(identity))?),
    };
    Ok(Plan {
        dialer: Arc::new(Dialer {
            place: Place::Address(address),
            tls,
        }),
        dialect,
        nodes: args.agents,
        reply_bytes: args.shape.reply_bytes,
        at_once: 64,
    })
}

async fn phases(
    args: &Args,
    fleet: &Arc<Fleet>,
    broker: &mut Broker,
    report: &mut Map<String, Value>,
) -> Result<()> {
    broker.start(&fleet.plan).await?;
    let before = broker.resident();
    let memory = |broker: &Broker| {
        let grown = broker.resident().saturating_sub(before) as f64;
        json!({
            "rss_kib": broker.resident(),
            "rss_kib_per_connection": round(grown / args.agents as f64),
        })
    };

    let (start, cpu) = (Instant::now(), broker.cpu());
    fleet.start();
    fleet.all(true).await;
    let took = start.elapsed();
    let used = broker.cpu().saturating_sub(cpu);
    report.insert("connect".into(), connecting(fleet, took, used));
    sleep(SETTLE).await;
    report.insert("memory_connected".into(), memory(broker));

    let mut client = Client::connect(fleet).await?;
    let (shape, nodes) = (args.shape, args.agents);
    rounds::warm_up(&mut client, shape, nodes).await?;
    if args.rounds > 0 {
        let kind = Kind::Broadcast { nodes };
        let cpu = || broker.cpu();
        let figures = rounds::measure(&mut client, shape, kind, args.rounds, cpu).await?;
        report.insert("broadcast".into(), figures);
    }
    if args.directed_rounds > 0 {
        let requests = args.directed;
        let kind = Kind::Directed { requests, nodes };
        rounds::one(&mut client, shape, kind).await?;
        let cpu = || broker.cpu();
        let figures = rounds::measure(&mut client, shape, kind, args.directed_rounds, cpu).await?;
        report.insert("directed".into(), figures);
    }
    client.rest(SETTLE).await?;
    report.insert("memory_after_rounds".into(), memory(broker));
    if args.idle > 0 {
        let (time, cpu) = (Duration::from_secs(args.idle), broker.cpu());
        client.rest(time).await?;
        let used = broker.cpu().saturating_sub(cpu);
        let percent = 100.0 * used.as_secs_f64() / time.as_secs_f64();
        report.insert(
            "idle".into(),
            json!({"cpu_percent": round(percent), "memory": memory(broker)}),
        );
    }
    if args.storm {
        drop(client);
        let figures = storm(args, fleet, broker).await?;
        report.insert("storm".into(), figures);
    }
    Ok(())
}

fn connecting(fleet: &Fleet, took: Duration, cpu: Duration) -> Value {
    let attempts = fleet.take_attempts();
    json!({
        "seconds": round(took.as_secs_f64()),
        "broker_cpu_s": round(cpu.as_secs_f64()),
        "attempts": attempts.len(),
        "attempt_ms": spread(attempts.into_iter().map(ms).collect()),
    })
}

/// The broker dies, and is started anew: how long until everybody is subscribed again.
async fn storm(args: &Args, fleet: &Arc<Fleet>, broker: &mut Broker) -> Result<Value> {
    let faults = fleet.take_faults();
    if let Some((fault, _)) = faults.first_key_value() {
        return Err(format!("before the storm: {fault}").into());
    }
    fleet.open_gate();
    broker.kill().await?;
    fleet.all(false).await;
    drop(fleet.take_attempts());
    broker.start(&fleet.plan).await?;
    let start = Instant::now();
    fleet.all(true).await;
    let figures = connecting(fleet, start.elapsed(), broker.cpu());
    // That connections are lost, and refused for a while, is what a storm is.
    drop(fleet.take_faults());
    let mut client = Client::connect(fleet).await?;
    let kind = Kind::Broadcast { nodes: args.agents };
    let tally = rounds::one(&mut client, args.shape, kind).await?;
    if !tally.is_exact() {
        return Err(format!("after the storm {} replies were lost", tally.lost()).into());
    }
    Ok(figures)
}

async fn listens(address: SocketAddr) -> Result<bool> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    Ok(socket.connect(address).await.is_ok())
}

/// The broker's process, where it is ours to start.
struct Broker {
    command: Vec<String>,
    child: Option<Child>,
}

impl Broker {
    /// Starts it, and waits until it listens.
    async fn start(&mut self, plan: &Plan) -> Result<()> {
        let Place::Address(address) = plan.dialer.place else {
            return Ok(());
        };
        if let Some((program, words)) = self.command.split_first() {
            if listens(address).await? {
                return Err(format!("somebody else listens on {address} already").into());
            }
            let child = Command::new(program)
                .args(words)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| format!("{program}: {error}"))?;
            self.child = Some(child);
        }
        let start = Instant::now();
        loop {
            if listens(address).await? {
                return Ok(());
            }
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                return Err(format!("the broker ended with {status}").into());
            }
            if start.elapsed() > START {
                return Err(format!("nobody listens on {address}").into());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    fn process(&self) -> Option<Process> {
        self.child.as_ref()?.id().map(Process::of)
    }

    /// Processor time so far; none where it is not ours.
    fn cpu(&self) -> Duration {
        self.process().map_or(Duration::ZERO, Process::cpu)
    }

    fn resident(&self) -> u64 {
        self.process().map_or(0, Process::resident)
    }
}
