//! How much memory an agent takes, at rest and after many calls. Only the release binary is held to
//! a number; `MCOLLECTIVE_MEMORY_CALLS=20000` makes more calls than the few of a usual run, and the
//! figures are printed with `--nocapture`.

use std::{
    collections::{HashMap, HashSet},
    fs,
    time::{Duration, Instant, SystemTime},
};

use mcollective::{
    connector::{Connection, Event, Outgoing, Policy, Secret, Server, Settings, activemq},
    mcorpc::{filter::Filter, names::Identity, reply::Outcome, request::Request},
    security::{
        SecurityProvider as _,
        pki::{self, Pki},
    },
    sys::clock,
    tls::{Authorities, Files, mint::Role},
};
use serde_json::json;

use crate::support::{Fleet, Node};

/// Requests that are on their way at once.
const AT_ONCE: usize = 16;

/// One caller may have 4096 requests alive.
const CALLERS: usize = 8;

#[test]
fn an_agent_is_small() {
    let node = Node {
        facts: "country: uk\nrole: web\nos:\n  family: Debian\n".to_owned(),
        classes: "common\nrole::web\n".to_owned(),
        extra: format!("plugin.pki.clients = {}\n", callers().join(", ")),
        ..Node::default()
    };
    let fleet = Fleet::with(&[node]);
    let agent = fleet.agents[0].pid();
    let held = std::env::var_os("MCOLLECTIVE_RELEASE_BIN").is_some();
    settles_below(agent, held.then_some(6_000), "at rest");
    let calls = std::env::var("MCOLLECTIVE_MEMORY_CALLS")
        .map_or(if held { 2_000 } else { 100 }, |calls| {
            calls.parse().unwrap()
        });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(call(&fleet, calls));
    settles_below(
        agent,
        held.then_some(10_000),
        &format!("after {calls} calls"),
    );
}

/// Resident memory in KiB, in all and by kind.
fn resident(pid: u32) -> HashMap<String, u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let number = rest.trim().strip_suffix(" kB")?.parse().ok()?;
        Some((name.to_owned(), number))
    };
    status.lines().filter_map(field).collect()
}

/// Waits until the agent takes no more than this.
#[allow(
    clippy::print_stdout,
    reason = "the figures, for who asks with --nocapture"
)]
#[track_caller]
fn settles_below(pid: u32, limit: Option<u64>, when: &str) {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let resident = resident(pid);
        let total = resident["VmRSS"];
        if limit.is_none_or(|limit| total < limit) {
            println!(
                "{when}: {total} KiB resident, {} of them anonymous, {} of files; most ever {}",
                resident["RssAnon"], resident["RssFile"], resident["VmHWM"]
            );
            return;
        }
        assert!(Instant::now() < end, "{when}: {resident:?}");
        // Nothing tells when the kernel has taken pages back.
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// Who signs requests.
fn callers() -> Vec<String> {
    (0..CALLERS)
        .map(|number| format!("caller{number}"))
        .collect()
}

/// Makes calls of all kinds, and waits for every answer.
async fn call(fleet: &Fleet, calls: usize) {
    let callers: Vec<Pki> = callers().iter().map(|name| signer(fleet, name)).collect();
    // One connection serves all of them: the broker asks who is on it, and reads no request.
    let settings = Settings {
        pool: vec![Server {
            host: "localhost".to_owned(),
            port: fleet.port,
            user: String::new(),
            password: Secret::default(),
            tls: Some(files(fleet, "peadmin")),
        }],
        ..Settings::default()
    };
    let sender: Identity = "peadmin".parse().unwrap();
    let (connection, mut events) = Connection::start(
        settings,
        sender.clone(),
        Vec::new(),
        Policy::FailFast {
            within: Duration::from_secs(30),
        },
    );
    connection.subscribe(REPLY_TO, None).await.unwrap();
    let mut sent = HashSet::new();
    let (mut begun, mut answered) = (0, 0);
    while answered < calls {
        while begun < calls && begun - answered < AT_ONCE {
            let request = request(&sender, begun);
            let signed = callers[begun % CALLERS].sign_request(&request).unwrap();
            sent.insert(signed.digest);
            let ttl = Duration::from_millis(request.ttl_ms);
            let now = SystemTime::now();
            let outgoing = Outgoing {
                destination: activemq::directed(&request.collective),
                headers: activemq::request_headers(&sender, now, ttl, Some(REPLY_TO)),
                targets: vec!["node1".parse().unwrap()],
                body: signed.body,
                ..Outgoing::default()
            };
            connection.send(outgoing).await.unwrap();
            begun += 1;
        }
        match events.recv().await.expect("a connection") {
            Event::Message(message) => {
                let ours = |digest: &[u8; 32]| sent.contains(digest);
                let now = SystemTime::now();
                let reply = callers[0].verify_reply(&message.body, &ours, now).unwrap();
                let expected = [Outcome::Ok, Outcome::Nomatch];
                assert!(expected.contains(&reply.outcome), "{reply:?}");
                answered += 1;
            }
            Event::Connected(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn signer(fleet: &Fleet, name: &str) -> Pki {
    fleet.issue(Role::Client, name);
    let files = files(fleet, name);
    Pki::load_client(pki::Settings {
        identity: name.parse().unwrap(),
        cert: files.cert,
        key: files.key,
        ca: vec![fleet.path("ca.pem")],
        crl: Vec::new(),
        client_ca: None,
        clients: Vec::new(),
    })
    .unwrap()
}

fn files(fleet: &Fleet, name: &str) -> Files {
    Files {
        cert: fleet.path(&format!("{name}.pem")),
        key: fleet.path(&format!("{name}-key.pem")),
        ca: Authorities::Files(vec![fleet.path("ca.pem")]),
        crl: Vec::new(),
    }
}

const REPLY_TO: &str = "/queue/mcollective.reply.peadmin_1.1";

/// One of several requests, in turn.
fn request(sender: &Identity, number: usize) -> Request {
    let (action, data, filter) = match number % 6 {
        0 => ("ping", json!({}), json!({})),
        1 => ("get_fact", json!({"fact": "os.family"}), json!({})),
        2 => ("inventory", json!({}), json!({})),
        3 => ("daemon_stats", json!({}), json!({})),
        4 => (
            "get_data",
            json!({"source": "fstat", "query": "/etc/passwd"}),
            json!({}),
        ),
        _ => ("ping", json!({}), json!({"identity": ["/^nobody[0-9]+$/"]})),
    };
    Request {
        id: format!("{number:032}").parse().unwrap(),
        collective: "mcollective".parse().unwrap(),
        agent: "rpcutil".parse().unwrap(),
        action: action.parse().unwrap(),
        data: data.as_object().unwrap().clone(),
        filter: serde_json::from_value::<Filter>(filter).unwrap(),
        targets: Some(vec!["node1".parse().unwrap()]),
        sender: sender.clone(),
        reply_to: Some(REPLY_TO.to_owned()),
        time_ms: clock::now_ms(),
        ttl_ms: 30_000,
        want_reply: true,
        want_nomatch: true,
    }
}
