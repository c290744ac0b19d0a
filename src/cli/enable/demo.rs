//! `mcollective enable --demo`: a fleet to try on one machine.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use clap::Parser as _;

use crate::{
    cli::{
        CommandError, Exit, mco, pe_conf,
        render::progress,
        tree::{EnableArgs, General, Mco},
        voice::say,
    },
    config::gate::Asking,
    enable::{
        Part,
        demo::{Demo, Error, Started},
        shell_word,
    },
};

/// How many agents a demo has, where nothing else is said.
const NODES: u16 = 3;

/// The port of a demo's broker, where nothing else is said: STOMP's.
const PORT: u16 = 61613;

/// How long a demo's fleet may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long to ask before looking whether all processes still live.
const ROUND: Duration = Duration::from_secs(1);

/// How long its processes may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Makes, shows or stops a demo.
pub(super) fn run(dir: &Path, args: &EnableArgs) -> Result<Exit, CommandError> {
    let demo = Demo::new(dir).map_err(refused)?;
    if args.stop {
        let stopped = demo.stop(GRACE).map_err(refused)?;
        let dir = demo.dir().display();
        if stopped == 0 {
            say(format_args!("Nothing of a demo in {dir} was running"));
        } else {
            say(format_args!(
                "Stopped {stopped} processes; the files are still in {dir}"
            ));
        }
        return Ok(Exit::Ok);
    }
    // Its parts would refuse one by one.
    pe_conf::pass(Asking::Daemon)?;
    let (nodes, port) = demo.made().unwrap_or((NODES, PORT));
    let (nodes, port) = (args.nodes.unwrap_or(nodes), args.port.unwrap_or(port));
    if let Err(error) = demo.make(nodes, port) {
        if let Error::AlreadyRuns { .. } = error {
            say(format_args!("{error}: {}", error.hint()));
            return Ok(Exit::Ok);
        }
        return Err(refused(error));
    }
    say(format_args!(
        "Certificates and configurations are in {}",
        demo.dir().display()
    ));
    let started = start(&demo, nodes);
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
    say(format_args!("Started the broker"));
    let mut agents = demo.start(Part::Agents, nodes).map_err(refused)?;
    wait(demo, usize::from(nodes), &mut agents)?;
    say(format_args!(
        "Started {nodes} agents, and all of them answer"
    ));
    say(format_args!(
        "\n$ {} ping",
        shell_word(&demo.dir().join("mco"))
    ));
    let words = [
        "mco".into(),
        "ping".into(),
        // Whatever else is on standard input is not for it.
        "--disc-method=broker".into(),
        "--config".into(),
        demo.client_config().into_os_string(),
    ];
    let ping = Mco::try_parse_from(words)
        .map_err(|error| CommandError::new(Exit::Software, error.to_string()))?;
    mco::run(ping).map(|_| ())
}

/// Waits until the broker takes us and this many agents answer.
fn wait(demo: &Demo, nodes: usize, parts: &mut [Started]) -> Result<(), CommandError> {
    let general = General::with_config(demo.client_config());
    let end = Instant::now() + PATIENCE;
    let bar = progress::Progress::new(nodes > 0);
    bar.expect(nodes);
    let advance = |count| bar.advance(count);
    let answering = loop {
        for part in parts.iter_mut() {
            part.check().map_err(refused)?;
        }
        let round = end.min(Instant::now() + ROUND);
        match mco::wait_for(&general, nodes, round, &advance) {
            Ok(count) if count < nodes && Instant::now() < end => {}
            // A broker that has not come so far.
            Err(error) if error.exit == Exit::Unavailable && Instant::now() < end => {}
            ended => break ended?,
        }
    };
    bar.finish();
    if answering < nodes {
        return Err(CommandError::new(
            Exit::SomeFailed,
            format!(
                "{answering} of {nodes} agents answer after {} s",
                PATIENCE.as_secs()
            ),
        )
        .hint(format!("their logs are in {}/log", demo.dir().display())));
    }
    Ok(())
}

fn explain(demo: &Demo) {
    let mco = shell_word(&demo.dir().join("mco"));
    let (dir, program) = (shell_word(demo.dir()), shell_word(demo.program()));
    say(format_args!(
        "\nThree commands to try next:\n  {mco} find -F country=de\n  {mco} rpc rpcutil get_fact fact=os.release.full\n  \
         {mco} inventory node1.demo\n\nTo stop it:\n  {program} enable --demo {dir} --stop"
    ));
}

#[allow(clippy::needless_pass_by_value)] // it is passed to `map_err`
fn refused(error: Error) -> CommandError {
    let exit = match &error {
        Error::LineEnd(_) | Error::PortTaken { .. } | Error::Strange(_) => Exit::Usage,
        _ => Exit::Software,
    };
    let hint = error.hint();
    CommandError::new(exit, error.to_string()).hint(hint)
}
