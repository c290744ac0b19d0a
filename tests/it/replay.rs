//! Recorded connections of the Ruby original, replayed against our broker: it answers each as
//! ActiveMQ had answered, but for names and ids.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::BytesMut;
use mcollective::stomp::{Command, Decoder, Frame, Item};
use serde::Deserialize;

use crate::support::Daemon;

/// Scenarios in which ActiveMQ refuses by its own users and passwords.
const ITS_OWN_RULES: [&str; 2] = ["broker-bad-password", "broker-forbidden-destination"];

/// Headers that each broker chooses for itself.
const OURS: [&str; 3] = ["message-id", "session", "server"];

/// A frame by which the replay waits until the broker has handled what was sent before.
const BARRIER: &[u8] =
    b"UNSUBSCRIBE\ndestination:/topic/nothing\nid:nothing\nreceipt:barrier\n\n\0";

#[derive(Deserialize)]
struct Step {
    file: Option<PathBuf>,
    who: String,
    dir: String,
    command: Option<String>,
}

struct Peer {
    socket: TcpStream,
    decoder: Decoder,
    buffer: BytesMut,
    heard: Vec<Frame>,
}

impl Peer {
    fn connect(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            socket,
            decoder: Decoder::default(),
            buffer: BytesMut::new(),
            heard: Vec::new(),
        }
    }

    /// Sends a frame and waits until the broker has handled it.
    fn send(&mut self, frame: &[u8], first: bool) {
        self.socket.write_all(frame).unwrap();
        if first {
            let answer = self.next();
            self.heard.push(answer);
        }
        self.barrier();
    }

    /// Waits until all that was queued for this peer has come.
    fn barrier(&mut self) {
        self.socket.write_all(BARRIER).unwrap();
        loop {
            let frame = self.next();
            if frame.command == Command::Receipt {
                return;
            }
            self.heard.push(frame);
        }
    }

    fn next(&mut self) -> Frame {
        loop {
            if let Some(item) = self.decoder.decode(&mut self.buffer).unwrap() {
                match item {
                    Item::Frame(frame) => return frame,
                    Item::HeartBeat => continue,
                }
            }
            let mut bytes = [0; 4096];
            let read = self.socket.read(&mut bytes).unwrap();
            assert!(
                read > 0,
                "the broker closed; heard so far: {:?}",
                self.heard
            );
            self.buffer.extend_from_slice(&bytes[..read]);
        }
    }
}

/// What of a frame has to be equal.
fn essence(frame: &Frame) -> (Command, BTreeMap<String, String>, Vec<u8>) {
    let headers = frame
        .headers
        .iter_raw()
        .map(|(name, value)| {
            (
                String::from_utf8_lossy(name).into_owned(),
                String::from_utf8_lossy(value).into_owned(),
            )
        })
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .collect();
    (frame.command, headers, frame.body.to_vec())
}

fn replay(set: &str, at_least: usize) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/wire")
        .join(set);
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("broker.cfg");
    fs::write(
        &config,
        "listen = none\nplain_listen = 127.0.0.1:0\nclients = peadmin\n",
    )
    .unwrap();
    let mut broker = Daemon::start("broker", &config);
    let line = broker.wait_for("listening on ");
    let port = line.rsplit(':').next().unwrap().trim().parse().unwrap();

    let steps: Vec<Step> = fs::read_to_string(golden.join("order.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut peers: HashMap<String, Peer> = HashMap::new();
    let (mut heard, mut expected) = (Heard::new(), Heard::new());
    let mut compared = 0;
    let mut scenario = String::new();
    for step in &steps {
        let Some(file) = &step.file else { continue };
        let name = file.parent().unwrap().to_str().unwrap();
        // The order also has scenarios that were not kept.
        if ITS_OWN_RULES.contains(&name) || !golden.join(name).exists() {
            continue;
        }
        if name != scenario {
            compared += compare(&scenario, &mut peers, &mut heard, &mut expected);
            name.clone_into(&mut scenario);
        }
        let bytes = fs::read(golden.join(file)).unwrap();
        if step.dir == "from" {
            expected
                .entry(step.who.clone())
                .or_default()
                .push(Frame::parse(&bytes).unwrap());
            continue;
        }
        let connects = step.command.as_deref() == Some("CONNECT");
        if connects {
            peers.insert(step.who.clone(), Peer::connect(port));
        }
        let peer = peers.get_mut(&step.who).unwrap();
        if step.command.as_deref() == Some("DISCONNECT") {
            peer.barrier();
            heard
                .entry(step.who.clone())
                .or_default()
                .append(&mut peer.heard);
            peer.socket.write_all(&bytes).unwrap();
            peers.remove(&step.who);
        } else {
            peer.send(&bytes, connects);
        }
    }
    compared += compare(&scenario, &mut peers, &mut heard, &mut expected);
    assert!(compared >= at_least, "only {compared} frames were compared");
}

/// Frames by who received them.
type Heard = HashMap<String, Vec<Frame>>;

/// Compares what each peer has heard in a scenario with what ActiveMQ had sent it.
fn compare(
    scenario: &str,
    peers: &mut HashMap<String, Peer>,
    heard: &mut Heard,
    expected: &mut Heard,
) -> usize {
    for (who, peer) in peers {
        peer.barrier();
        heard
            .entry(who.clone())
            .or_default()
            .append(&mut peer.heard);
    }
    let essences = |frames: &mut Heard| -> Vec<String> {
        let mut all: Vec<String> = frames
            .drain()
            .flat_map(|(who, frames)| {
                frames
                    .into_iter()
                    .map(move |frame| format!("{who} {:?}", essence(&frame)))
            })
            .collect();
        all.sort();
        all
    };
    let (ours, theirs) = (essences(heard), essences(expected));
    assert_eq!(ours, theirs, "{scenario}");
    ours.len()
}

#[test]
fn a_recorded_session_of_stomp_1_0() {
    replay("amq", 300);
}

#[test]
fn a_recorded_session_of_stomp_1_1_with_heart_beats() {
    replay("amq-hb", 30);
}
