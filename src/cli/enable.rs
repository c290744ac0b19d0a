//! `mcollective enable`: so far the demo, a fleet to try on one machine.

use std::time::{Duration, Instant};

use super::{
    CommandError, Exit, mco,
    render::progress,
    tree::{Common, EnableArgs, General},
};
use crate::enable::{
    Part,
    demo::{Demo, Error, Started},
};

/// How long a demo's fleet may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long its processes may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Makes, shows or stops a demo.
pub(super) fn run(args: &EnableArgs) -> Result<Exit, CommandError> {
    let demo = Demo::new(&args.demo).map_err(refused)?;
    if args.stop {
        let stopped = demo.stop(GRACE).map_err(refused)?;
        println!(
            "Stopped {stopped} processes; the files are still in {}",
            demo.dir().display()
        );
        return Ok(Exit::Ok);
    }
    if let Err(error) = demo.make(args.nodes, args.port) {
        if let Error::AlreadyRuns { .. } = error {
            println!("{error}: {}", error.hint());
            return Ok(Exit::Ok);
        }
        return Err(refused(error));
    }
    println!(
        "Made a CA, certificates and configurations in {}",
        demo.dir().display()
    );
    let started = start(&demo, args.nodes);
    if let Err(error) = started {
        // What was started is of no use without the rest.
        drop(demo.stop(GRACE));
        return Err(error);
    }
    explain(&demo);
    Ok(Exit::Ok)
}

fn start(demo: &Demo, nodes: u16) -> Result<(), CommandError> {
    let mut broker = demo.start(Part::Broker, nodes).map_err(refused)?;
    wait(demo, 0, &mut broker)?;
    println!("Started the broker");
    let mut agents = demo.start(Part::Agents, nodes).map_err(refused)?;
    println!("Started {nodes} agents");
    wait(demo, usize::from(nodes), &mut agents)?;
    println!("\n$ {}/mco ping", demo.dir().display());
    Ok(())
}

/// Waits until the broker takes us and this many agents are there.
fn wait(demo: &Demo, nodes: usize, parts: &mut [Started]) -> Result<(), CommandError> {
    let general = General::with_config(demo.client_config());
    let common = Common::default();
    let end = Instant::now() + PATIENCE;
    let bar = progress::Progress::new(nodes > 0);
    bar.expect(nodes);
    let outcome = loop {
        for part in parts.iter_mut() {
            part.check().map_err(refused)?;
        }
        match mco::count(&general, &common) {
            Ok(count) if count >= nodes => break Ok(()),
            Ok(count) => bar.advance(count, &[""; 0]),
            Err(error) if Instant::now() > end => break Err(error),
            Err(_) => {}
        }
        if Instant::now() > end {
            break Err(CommandError::new(
                Exit::SomeFailed,
                format!(
                    "not all of {nodes} agents have connected within {} s",
                    PATIENCE.as_secs()
                ),
            )
            .hint(format!("their logs are in {}/log", demo.dir().display())));
        }
    };
    bar.finish();
    outcome
}

fn explain(demo: &Demo) {
    let mco = demo.dir().join("mco");
    let mco = mco.display();
    println!(
        "Three commands to try next:\n  {mco} find -F country=de\n  {mco} rpc rpcutil get_fact fact=os.release.full\n  \
         {mco} inventory node1.demo\n\nTo stop it: mcollective enable --demo {} --stop",
        demo.dir().display()
    );
}

#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn refused(error: Error) -> CommandError {
    let exit = match &error {
        Error::PortTaken { .. } | Error::Strange(_) => Exit::Usage,
        _ => Exit::Software,
    };
    let hint = error.hint();
    CommandError::new(exit, error.to_string()).hint(hint)
}
