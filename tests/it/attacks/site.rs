//! A fleet with an attacker in it, who has a certificate of the fleet's own authority and speaks STOMP
//! by hand.

use std::{fs, net::TcpStream, time::SystemTime};

use mcollective::{
    mcorpc::{filter::Filter, request::Request},
    security::{
        SecurityProvider as _, SignedRequest,
        pki::{self, CallerRule, Pki},
    },
    sys::clock,
    tls::{self, Authorities, Files, mint::Role},
};
use nix::sys::signal::Signal;
use serde_json::{Map, Value};

use crate::support::{Fleet, Node, Peer};

/// Where the operator of these tests awaits replies.
pub(super) const REPLIES: &str = "/queue/mcollective.reply.peadmin_1.1";

/// Two nodes that note what they do; `console` is a client of the broker that no node obeys, and
/// `mallory` is a node.
pub(super) struct Site {
    pub(super) fleet: Fleet,
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with("country: uk\n")
    }

    pub(super) fn with(facts: &str) -> Self {
        let node = Node {
            facts: facts.to_owned(),
            extra:
                "rpcaudit = 1\nrpcauditprovider = logfile\nplugin.rpcaudit.logfile = audit.log\n"
                    .to_owned(),
            ..Node::default()
        };
        let mut fleet = Fleet::with(&[node.clone(), node]);
        fleet.issue(Role::Client, "console");
        fleet.issue(Role::Node, "mallory");
        let config = fleet.path("broker.cfg");
        let text = fs::read_to_string(&config).unwrap() + "clients = peadmin, console\n";
        fs::write(config, text).unwrap();
        fleet.broker.signal(Signal::SIGHUP);
        fleet.broker.wait_for("read again");
        let site = Self { fleet };
        site.wait();
        site
    }

    /// Waits until both nodes have subscribed.
    pub(super) fn wait(&self) {
        let words = ["rpc", "rpcutil", "ping"];
        while !self.fleet.mco(words).stdout.contains("2 / 2 hosts") {}
    }

    /// A session by the certificate of this name.
    pub(super) fn peer(&self, name: &str) -> Peer {
        let mut peer = self.quiet(name);
        peer.connect_with("");
        peer
    }

    /// A connection by it on which nothing has been said.
    pub(super) fn quiet(&self, name: &str) -> Peer {
        let files = Files {
            cert: self.fleet.path(&format!("{name}.pem")),
            key: self.fleet.path(&format!("{name}-key.pem")),
            ca: Authorities::Files(vec![self.fleet.path("ca.pem")]),
            crl: Vec::new(),
        };
        let stream = TcpStream::connect(("127.0.0.1", self.fleet.port)).unwrap();
        Peer::over(stream, tls::client_config(&files).unwrap())
    }

    /// The key of this name, to sign and verify with.
    pub(super) fn pki(&self, name: &str) -> Pki {
        Pki::load(pki::Settings {
            identity: name.parse().unwrap(),
            cert: self.fleet.path(&format!("{name}.pem")),
            key: self.fleet.path(&format!("{name}-key.pem")),
            ca: vec![self.fleet.path("ca.pem")],
            crl: Vec::new(),
            client_ca: None,
            clients: CallerRule::parse_list("peadmin").unwrap(),
        })
        .unwrap()
    }

    pub(super) fn sign(&self, name: &str, request: &Request) -> SignedRequest {
        self.pki(name).sign_request(request).unwrap()
    }

    /// How often a node has decided to do what a request of this id says.
    pub(super) fn decided(&self, node: &str, id: &str) -> usize {
        let audit = self.fleet.path(&format!("{node}/audit.log"));
        let text = fs::read_to_string(audit).unwrap_or_default();
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
        records
            .filter(|record: &Value| record["type"] == "decision" && record["id"] == id)
            .count()
    }

    /// Everybody else works as before.
    #[track_caller]
    pub(super) fn is_well(&self) {
        let ended = self.fleet.mco(["rpc", "rpcutil", "ping"]).exits(0);
        assert!(ended.stdout.contains("2 / 2 hosts"), "{ended:#?}");
    }
}

/// A request of the operator's to everybody.
pub(super) fn request(id: &str, agent: &str, action: &str, data: Value) -> Request {
    Request {
        id: id.parse().unwrap(),
        collective: "mcollective".parse().unwrap(),
        agent: agent.parse().unwrap(),
        action: action.parse().unwrap(),
        data: match data {
            Value::Object(map) => map,
            _ => Map::new(),
        },
        filter: Filter::default(),
        targets: None,
        sender: "peadmin".parse().unwrap(),
        reply_to: Some(REPLIES.to_owned()),
        time_ms: clock::now_ms(),
        ttl_ms: 60_000,
        want_reply: true,
        want_nomatch: true,
    }
}

/// Sends signed bytes to everybody.
#[track_caller]
pub(super) fn broadcast(peer: &mut Peer, agent: &str, signed: &[u8]) {
    let to = format!("/topic/mcollective.{agent}.agent");
    let body = std::str::from_utf8(signed).unwrap();
    assert_eq!(peer.deliver(&to, "", body), 2);
}

/// What follows the headers of a frame.
pub(super) fn body(frame: &str) -> &str {
    frame.split_once("\n\n").unwrap().1
}

/// Now, as providers want it.
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
