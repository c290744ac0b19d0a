//! A whole daemon, against a broker that does what each test says.

use std::collections::HashSet;

use serde_json::Map;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    agent::{
        action::{ActionCall, Outputs},
        testing::{REPLY_TO, Site, Tester, request},
    },
    connector::testing::{Broker, Peer},
    mcorpc::{
        reply::{Outcome, Reply},
        request::Request,
    },
    security::SignedRequest,
    stomp::{Command, Encoder, Headers, Version},
};

/// A daemon and its broker.
struct Rig {
    site: Site,
    peer: Peer,
    /// Destinations that it has subscribed to.
    subscribed: HashSet<String>,
    signals: mpsc::UnboundedSender<Signal>,
    daemon: JoinHandle<()>,
}

impl Rig {
    async fn start(extra: &str, agents: Vec<Arc<dyn Agent>>) -> Self {
        let (site, broker) = (Site::new(), Broker::start(None).await);
        let config = site.config_for(broker.port(), extra);
        let runner = Runner::with_agents(config, agents, Box::new(|_| {})).unwrap();
        let (signals, mut arriving) = mpsc::unbounded_channel();
        let daemon = tokio::spawn(runner.serve(async move || match arriving.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }));
        let mut rig = Self {
            site,
            peer: broker.session().await,
            subscribed: HashSet::new(),
            signals,
            daemon,
        };
        rig.subscribes("/queue/mcollective.nodes").await;
        rig
    }

    /// Waits until it has subscribed to a destination.
    async fn subscribes(&mut self, destination: &str) {
        while !self.subscribed.contains(destination) {
            let frame = self.peer.expect(Command::Subscribe).await;
            let to = frame.headers.get("destination").unwrap().unwrap();
            self.subscribed.insert(to.into_owned());
        }
    }

    /// Sends a request.
    async fn ask(&mut self, request: &Request) -> SignedRequest {
        let signed = self.site.operator.sign_request(request).unwrap();
        let frame = Encoder::new(Command::Message, Version::V1_2)
            .header("destination", "/queue/mcollective.nodes")
            .header("subscription", "/queue/mcollective.nodes")
            .header("message-id", "1")
            .body(&signed.body);
        self.peer.write(&frame).await;
        signed
    }

    /// The next reply, which must be to one of these requests.
    async fn reply(&mut self, requests: &[&SignedRequest]) -> Reply {
        loop {
            let frame = self.peer.frame().await.expect("a frame, not the end");
            if frame.command == Command::Send {
                let to = frame.headers.get("destination").unwrap().unwrap();
                assert_eq!(to, REPLY_TO);
                return self.verify(&frame.body, requests);
            }
        }
    }

    fn verify(&self, body: &[u8], requests: &[&SignedRequest]) -> Reply {
        let ours = |digest: &[u8; 32]| requests.iter().any(|request| request.digest == *digest);
        self.site
            .operator
            .verify_reply(body, &ours, SystemTime::now())
            .unwrap()
    }
}

fn ping(id: &str) -> Request {
    request(id, "rpcutil", "ping")
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let mut rig = Rig::start("", agents::builtin()).await;
    let asked = rig.ask(&ping("r1")).await;
    let reply = rig.reply(&[&asked]).await;
    assert_eq!(reply.outcome, Outcome::Ok);
    let again = rig.ask(&ping("r1")).await;
    let reply = rig.reply(&[&again]).await;
    assert_eq!(reply.outcome, Outcome::Refused);
    assert_eq!(
        reply.statusmsg,
        "a request with this id was received before, and is not run twice"
    );
    rig.signals.send(Signal::Terminate).unwrap();
    rig.peer.expect(Command::Disconnect).await;
    drop(rig.peer);
    rig.daemon.await.unwrap();
}

#[tokio::test]
async fn a_decision_is_on_record_before_the_action_runs() {
    let agent = Tester::agent(|call: ActionCall| async move {
        let audit = &call.host.config().audit.as_ref().unwrap().file;
        let so_far = std::fs::read_to_string(audit).unwrap();
        Ok(Map::from_iter([("said".to_owned(), so_far.into())]))
    });
    let extra = "rpcaudit = 1\nrpcauditprovider = logfile\nplugin.rpcaudit.logfile = audit.log\n";
    let mut rig = Rig::start(extra, vec![agent]).await;
    let asked = rig.ask(&request("r1", "tester", "kill")).await;
    let said = rig.reply(&[&asked]).await.data["said"].clone();
    let decision: serde_json::Value = serde_json::from_str(said.as_str().unwrap()).unwrap();
    assert_eq!(decision["id"], "r1");
    assert_eq!(decision["decision"], "allowed");
    // A replay is refused, and is not on it.
    let again = rig.ask(&request("r1", "tester", "kill")).await;
    assert_eq!(rig.reply(&[&again]).await.outcome, Outcome::Refused);
    let other = rig.ask(&request("r2", "nosuch", "kill")).await;
    assert_eq!(rig.reply(&[&other]).await.outcome, Outcome::NoAgent);
    let audit = std::fs::read_to_string(rig.site.fixture.path("audit.log")).unwrap();
    let records: Vec<serde_json::Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let what = |record: &serde_json::Value| {
        let texts = ["id", "decision", "outcome"].map(|key| record[key].as_str());
        texts
            .map(|text| text.unwrap_or_default().to_owned())
            .join(" ")
    };
    assert_eq!(
        records.iter().map(what).collect::<Vec<_>>(),
        ["r1 allowed ", "r1  ok", "r2 no_agent ", "r2  no_agent"]
    );
}

#[tokio::test]
async fn what_nobody_waits_for_by_the_time_that_it_is_decided_does_not_run() {
    let agent = Tester::agent(|_: ActionCall| async { Ok(Map::new()) });
    let mut rig = Rig::start("", vec![agent]).await;
    // By the clocks, which may differ, it has a minute; by its own time it is over at once.
    let at_once = Request {
        ttl_ms: 0,
        ..request("r1", "tester", "kill")
    };
    let asked = rig.ask(&at_once).await;
    let reply = rig.reply(&[&asked]).await;
    assert_eq!(reply.outcome, Outcome::Refused);
    assert_eq!(reply.statusmsg, crate::agent::answer::TOO_LATE);
    let asked = rig.ask(&request("r2", "tester", "kill")).await;
    assert_eq!(rig.reply(&[&asked]).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn a_registration_is_signed_and_sent_where_the_original_sends_it() {
    let extra = "registerinterval = 1h\nregistration = meta\ncollectives = mcollective, sub\n\
                 registration_collective = sub\n";
    let mut rig = Rig::start(extra, agents::builtin()).await;
    let sent = loop {
        let frame = rig.peer.frame().await.unwrap();
        if frame.command == Command::Send {
            break frame;
        }
    };
    let header = |name| sent.headers.get(name).unwrap().unwrap().into_owned();
    assert_eq!(header("destination"), "/topic/sub.registration.agent");
    assert_eq!(header("mc_sender"), "node1");
    let number = |name| header(name).parse::<u64>().unwrap();
    assert_eq!(number("expires") - number("timestamp"), 60_000);
    let operator = &rig.site.operator;
    let told = operator.verify_registration(&sent.body, SystemTime::now());
    let told = told.unwrap();
    assert_eq!(told.sender.as_str(), "node1");
    assert_eq!(
        told.data["collectives"],
        serde_json::json!(["mcollective", "sub"])
    );
    let agents = told.data["agentlist"].as_array().unwrap();
    assert!(agents.iter().any(|name| name == "rpcutil"));
    // It commands nobody.
    assert!(
        rig.site
            .node
            .verify_request(&sent.body, SystemTime::now())
            .is_err()
    );
    rig.signals.send(Signal::Terminate).unwrap();
    rig.peer.expect(Command::Disconnect).await;
}

#[tokio::test]
async fn a_daemon_that_is_stopped_waits_answers_and_refuses() {
    let never = Tester::agent(|_| std::future::pending());
    let extra = "soft_shutdown = 1\nsoft_shutdown_timeout = 1\n";
    let mut rig = Rig::start(extra, vec![never]).await;
    let running = rig.ask(&request("r1", "tester", "kill")).await;
    // It has begun when another, which is refused, has been answered.
    let other = rig.ask(&request("r2", "nosuch", "kill")).await;
    assert_eq!(rig.reply(&[&other]).await.outcome, Outcome::NoAgent);
    rig.signals.send(Signal::Terminate).unwrap();
    let both = async {
        let mut replies = Vec::new();
        let late = rig.ask(&request("r3", "tester", "kill")).await;
        while replies.len() < 2 {
            replies.push(rig.reply(&[&running, &late]).await);
        }
        replies
    };
    let mut replies = both.await;
    replies.sort_by_key(|reply| reply.id.to_string());
    // Whether the time of the action or of the daemon was over first.
    assert!(
        [Outcome::Failed, Outcome::Timeout].contains(&replies[0].outcome),
        "{replies:?}"
    );
    // It may have come before the signal was seen.
    assert!(replies[1].outcome != Outcome::Ok, "{replies:?}");
    rig.peer.expect(Command::Disconnect).await;
    drop(rig.peer);
    rig.daemon.await.unwrap();
}

#[tokio::test]
async fn when_answers_pile_up_requests_are_refused_and_at_last_dropped() {
    let (site, broker) = (Site::new(), Broker::start(None).await);
    let agent = Tester::agent(|_| async { Ok(Outputs::new()) });
    let config = site.config_for(broker.port(), "max_concurrent_actions = 10000\n");
    let settings = config.common.connector.clone();
    let runner = Runner::with_agents(config, vec![agent], Box::new(|_| {})).unwrap();
    let (connection, _events) = Connection::start(
        settings,
        site.node.identity().clone(),
        Vec::new(),
        Policy::KeepTrying,
    );
    let notifier = Notifier::default();
    let mut tasks = JoinSet::new();
    let most = MAX_ANSWERS + MAX_REFUSALS;
    let mut digests = HashSet::new();
    for number in 0..most + 50 {
        let signed = site.signed(&format!("r{number}"), "tester", "kill");
        digests.insert(signed.digest);
        let message = Message {
            taken: None,
            from: None,
            is_brokers: false,
            destination: String::new(),
            reply_to: None,
            headers: Headers::default(),
            body: signed.body,
        };
        runner.take(Event::Message(message), &connection, &mut tasks, &notifier);
    }
    assert_eq!(tasks.len(), most);
    assert_eq!(runner.shared.host.stats().value(Counter::Dropped), 50);
    let mut peer = broker.session().await;
    let (mut ran, mut refused) = (0, 0);
    while ran + refused < most {
        let frame = peer.frame().await.unwrap();
        if frame.command != Command::Send {
            continue;
        }
        let ours = |digest: &[u8; 32]| digests.contains(digest);
        let reply = site
            .operator
            .verify_reply(&frame.body, &ours, SystemTime::now())
            .unwrap();
        match reply.outcome {
            Outcome::Ok => ran += 1,
            Outcome::Refused => {
                assert!(reply.statusmsg.starts_with("too busy: "), "{reply:?}");
                assert_eq!(reply.data, Map::new());
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!((ran, refused), (MAX_ANSWERS, MAX_REFUSALS));
}
