//! Fleets larger than the machine has file descriptors for: the broker's own session, routing and
//! TLS code, over streams in memory.
//!
//! Broker and fleet have two threads each. What the threads use and hold is told apart by side, so
//! that the figures are the broker's alone; the kernel's part, sockets, is missing from both.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use mcollective::{
    broker::{
        Broker, Inlet, Settings,
        settings::{Listen, Tls},
    },
    sys::file::{Mode, write_atomic},
    tls,
};
use serde_json::{Map, Value, json};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep},
};

use crate::{
    Result,
    client::Client,
    dial::{Dialer, Place},
    fleet::{Fleet, Plan, identity},
    heap::{Side, belong_to, held},
    pki::{self, CLIENT, Pki},
    rounds::{self, Kind, Shape, round},
    usage::{Process, Thread},
    wire::Dialect,
};
use pipe::End;

pub(crate) mod pipe;

/// Before memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Nodes
    #[arg(long, default_value_t = 50_000)]
    agents: usize,
    /// Encrypt, with what `pki` has made: a certificate for each node
    #[arg(long)]
    pki: Option<PathBuf>,
    /// Broadcast rounds that count
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[command(flatten)]
    shape: Shape,
    /// Also write the result into this file
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Prints one JSON object. Fails where a reply was lost or came twice.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (tls, connectors) = match &args.pki {
        None => (None, None),
        Some(dir) => {
            let tls = Tls {
                server: Arc::new(ArcSwap::from_pointee(tls::server(&pki::server_files(dir))?)),
                peer_name: |certificate| tls::common_name(certificate).ok(),
                is_nodes: tls::is_nodes,
            };
            let connectors = Pki::load(dir)?.fleet((0..args.agents).map(identity))?;
            (Some(tls), Some(connectors))
        }
    };
    let mut report = Map::new();
    report.insert("label".into(), json!("in-memory"));
    report.insert("agents".into(), json!(args.agents));
    report.insert("tls".into(), json!(tls.is_some()));

    let broker_side = Threads::new(Side::Broker)?;
    let fleet_side = Threads::new(Side::Fleet)?;
    let (streams, incoming) = unbounded_channel();
    broker_side.runtime.spawn(serve(incoming, tls));
    let fleet = Arc::new(Fleet::new(Plan {
        dialer: Arc::new(Dialer {
            place: Place::Here(streams),
            tls: connectors,
        }),
        dialect: Dialect::Stomp,
        nodes: args.agents,
        reply_bytes: args.shape.reply_bytes,
        at_once: 64,
    }));
    let phases = phases(
        args.clone(),
        Arc::clone(&fleet),
        broker_side.meter(),
        report,
    );
    let done = fleet_side
        .runtime
        .block_on(fleet_side.runtime.spawn(phases))?;
    let mut report = done?;
    let faults = fleet.take_faults();
    let good = faults.is_empty() && report["broadcast"]["exact"] == json!(true);
    report.insert("faults".into(), json!(faults));
    let text = serde_json::to_string_pretty(&report)?;
    if let Some(out) = &args.out {
        write_atomic(out, text.as_bytes(), Mode::Exactly(0o644))?;
    }
    println!("{text}");
    // Taking down so many connections one by one tells nothing.
    fleet_side.runtime.shutdown_background();
    broker_side.runtime.shutdown_background();
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The broker's side: as its listeners, but for where the streams come from.
async fn serve(mut incoming: UnboundedReceiver<End>, tls: Option<Tls>) -> Result<()> {
    let settings = Settings {
        clients: vec![CLIENT.parse()?],
        // A broker has to listen somewhere.
        listen: vec![Listen {
            address: ([127, 0, 0, 1], 0).into(),
            tls: tls.clone(),
        }],
        ..Settings::default()
    };
    let broker = Broker::bind(settings)?;
    let inlet: Inlet = broker.inlet();
    tokio::spawn(broker.run(std::future::pending::<()>()));
    while let Some(stream) = incoming.recv().await {
        let (inlet, tls) = (inlet.clone(), tls.clone());
        tokio::spawn(async move {
            // The fleet notices, and says what it was told.
            drop(inlet.serve(stream, tls.as_ref()).await);
        });
    }
    Ok(())
}

/// One side's threads.
struct Threads {
    runtime: Runtime,
    all: Arc<Mutex<Vec<Thread>>>,
}

impl Threads {
    fn new(side: Side) -> Result<Self> {
        let all = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&all);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(move || {
                belong_to(side);
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                known.push(Thread::own());
            })
            .build()?;
        Ok(Self { runtime, all })
    }

    /// Tells the processor time that they have used.
    fn meter(&self) -> impl Fn() -> Duration + use<> {
        let all = Arc::clone(&self.all);
        move || {
            let all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().map(|thread| thread.cpu()).sum()
        }
    }
}

async fn phases(
    args: Args,
    fleet: Arc<Fleet>,
    cpu: impl Fn() -> Duration,
    mut report: Map<String, Value>,
) -> Result<Map<String, Value>> {
    let before = Memory::now();
    let (start, used) = (Instant::now(), cpu());
    fleet.start();
    fleet.all(true).await;
    let took = start.elapsed().as_secs_f64();
    let used = cpu().saturating_sub(used).as_secs_f64();
    report.insert(
        "connect".into(),
        json!({"seconds": round(took), "broker_cpu_s": round(used)}),
    );
    sleep(SETTLE).await;
    let memory = Memory::now().since(before, args.agents);
    report.insert("memory_connected".into(), memory);

    let mut client = Client::connect(&fleet).await?;
    let (shape, nodes) = (args.shape, args.agents);
    rounds::warm_up(&mut client, shape, nodes).await?;
    let kind = Kind::Broadcast { nodes };
    let figures = rounds::measure(&mut client, shape, kind, args.rounds, cpu).await?;
    report.insert("broadcast".into(), figures);
    client.rest(SETTLE).await?;
    let memory = Memory::now().since(before, args.agents);
    report.insert("memory_after_rounds".into(), memory);
    report.insert("process_peak_kib".into(), json!(Process::own().peak()));
    Ok(report)
}

/// What is held at one moment.
#[derive(Clone, Copy)]
struct Memory {
    broker: usize,
    fleet: usize,
    streams: usize,
    resident_kib: u64,
}

impl Memory {
    fn now() -> Self {
        Self {
            broker: held(Side::Broker),
            fleet: held(Side::Fleet),
            streams: held(Side::Streams),
            resident_kib: Process::own().resident(),
        }
    }

    /// What has come since, for each connection. Resident is the whole process, both sides and what
    /// the allocator keeps in store.
    fn since(self, before: Self, connections: usize) -> Value {
        let share = |kib: f64| round(kib / connections as f64);
        let kib = |now: usize, then: usize| share(now.saturating_sub(then) as f64 / 1024.0);
        let resident = self.resident_kib.saturating_sub(before.resident_kib);
        json!({
            "broker_heap_kib_per_connection": kib(self.broker, before.broker),
            "fleet_heap_kib_per_connection": kib(self.fleet, before.fleet),
            "streams_heap_kib_per_connection": kib(self.streams, before.streams),
            "process_rss_kib_per_connection": share(resident as f64),
        })
    }
}
