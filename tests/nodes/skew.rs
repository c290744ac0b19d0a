//! A caller with the right key and a wrong clock, who also sends again what was sent before. It
//! speaks STOMP through `openssl s_client`: no client of ours would do that.

use std::{collections::HashMap, io::Write as _, process::Stdio};

use bytes::Bytes;
use mcollective::{
    mcorpc::{filter::Filter, request::Request},
    security::{
        SecurityProvider as _,
        pki::{self, Pki},
        replay::MAX_SKEW_MS,
    },
};
use serde_json::Map;

use crate::{
    chance::Chance,
    clock,
    fleet::{BROKER, Fleet},
    notes::Notes,
};

/// What it has sent.
pub(crate) struct Skewed {
    signer: Pki,
    sent: Vec<Sent>,
    /// How many times something was sent again.
    again: usize,
}

struct Sent {
    id: String,
    time_ms: u64,
    body: Bytes,
}

/// How far its clock may be off, in seconds. A minute is allowed.
const OFF_S: [i64; 10] = [-86_400, -3_600, -100, -20, 0, 0, 20, 90, 3_600, 315_360_000];

const TTL_MS: u64 = 30_000;

impl Skewed {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        let (cert, key, ca) = fleet.certify_caller("skewed");
        let signer = Pki::load_client(pki::Settings {
            identity: "peadmin".parse().unwrap(),
            cert,
            key,
            ca: vec![ca],
            crl: Vec::new(),
            client_ca: None,
            clients: Vec::new(),
        });
        Self {
            signer: signer.unwrap(),
            sent: Vec::new(),
            again: 0,
        }
    }

    /// Sends a request to everybody, and perhaps an old one once more.
    pub(crate) fn send(&mut self, fleet: &Fleet, chance: &mut Chance) {
        if !self.sent.is_empty() && chance.below(2) == 0 {
            deliver(fleet, &chance.pick(&self.sent).body);
            self.again += 1;
        }
        let off = *chance.pick(&OFF_S);
        let request = Request {
            id: format!("{:032x}", self.sent.len() + 1).parse().unwrap(),
            collective: "mcollective".parse().unwrap(),
            agent: "rpcutil".parse().unwrap(),
            action: "ping".parse().unwrap(),
            data: Map::new(),
            filter: Filter::default(),
            targets: None,
            sender: "peadmin".parse().unwrap(),
            reply_to: None,
            time_ms: clock::now_ms().saturating_add_signed(off * 1000),
            ttl_ms: TTL_MS,
            want_reply: false,
            want_nomatch: false,
        };
        let body = self.signer.sign_request(&request).unwrap().body;
        deliver(fleet, &body);
        self.sent.push(Sent {
            id: request.id.to_string(),
            time_ms: request.time_ms,
            body,
        });
    }

    /// Fails if anything ran that was not of its time. (That nothing runs twice is asked of all.)
    pub(crate) fn judge(&self, notes: &Notes) {
        let sent: HashMap<&str, &Sent> = self
            .sent
            .iter()
            .map(|sent| (sent.id.as_str(), sent))
            .collect();
        let mut ran = 0;
        for run in &notes.runs {
            let Some(sent) = sent.get(run.id.as_str()) else {
                continue;
            };
            ran += 1;
            let from = sent.time_ms.saturating_sub(MAX_SKEW_MS);
            let until = sent.time_ms + TTL_MS + MAX_SKEW_MS;
            assert!(
                (from..=until).contains(&run.at_ms),
                "{} ran at {} what was of {}",
                run.node,
                run.at_ms,
                sent.time_ms
            );
        }
        println!(
            "skewed: {} requests of wrong clocks, {} of them once more; {ran} runs, all in their time",
            self.sent.len(),
            self.again
        );
        assert!(ran > 0, "not even those that were of their time have run");
    }
}

/// Hands signed bytes to the broker, if it is there.
fn deliver(fleet: &Fleet, body: &[u8]) {
    let (cert, key, ca) = fleet.files_of_caller("skewed");
    let mut child = fleet
        .lab
        .command("timeout")
        .args(["5", "openssl", "s_client", "-quiet", "-verify_quiet"])
        .args(["-connect", &format!("{BROKER}:61613")])
        .arg("-cert")
        .arg(cert)
        .arg("-key")
        .arg(key)
        .arg("-CAfile")
        .arg(ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let body = std::str::from_utf8(body).unwrap();
    let frames = format!(
        "CONNECT\naccept-version:1.1\n\n\0\
         SEND\ndestination:/topic/mcollective.rpcutil.agent\n\n{body}\0\
         DISCONNECT\nreceipt:bye\n\n\0"
    );
    // Where nobody listens it has ended already; the broker's answer to the last frame ends it.
    let mut stdin = child.stdin.take().unwrap();
    drop(stdin.write_all(frames.as_bytes()));
    child.wait().unwrap();
}
