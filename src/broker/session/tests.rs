//! One session's rules, frame by frame.

use std::time::Duration;

use super::*;
use crate::broker::settings::Settings;

fn rules(clients: &str) -> Arc<Rules> {
    let limited = |name: &str| (name.parse().unwrap(), vec!["eu".into()]);
    let settings = Settings {
        clients: vec![clients.parse().unwrap(), "euadmin".parse().unwrap()],
        collectives: vec![limited("euadmin"), limited("euweb")],
        ..Settings::default()
    };
    Arc::new(Rules::new(
        settings,
        Arc::default(),
        Arc::default(),
        Instant::now(),
    ))
}

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

struct Pair {
    session: Session,
    now: Instant,
}

impl Pair {
    fn new(peer: PeerName) -> Self {
        let now = Instant::now();
        let deadline = now + Duration::from_secs(30);
        Self {
            session: Session::new(rules("peadmin"), peer, ADDRESS, "b-1".into(), deadline),
            now,
        }
    }

    fn certified(name: &str) -> Self {
        Self::new(PeerName::Certified(name.into()))
    }

    /// A session that is open.
    fn open(name: &str, version: &str) -> Self {
        let mut pair = Self::certified(name);
        pair.connected(&format!("CONNECT\naccept-version:{version}\n\n\0"));
        pair
    }

    fn frame(&mut self, text: &str) -> Effect {
        let frame = Frame::parse(text.as_bytes()).unwrap();
        self.session.handle_frame(self.now, &frame)
    }

    fn connected(&mut self, text: &str) -> (String, Open) {
        match self.frame(text) {
            Effect::Open(open) => (String::from_utf8(open.welcome.to_vec()).unwrap(), open),
            other => panic!("{other:?}"),
        }
    }

    /// The ERROR frame that a frame earns.
    fn error(&mut self, text: &str) -> String {
        match self.frame(text) {
            Effect::Close(Some(last)) => {
                let text = String::from_utf8(last.to_vec()).unwrap();
                assert!(text.starts_with("ERROR\n"), "{text}");
                text
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn connected_is_worded_as_the_original_brokers_do() {
    let (text, _) = Pair::new(PeerName::Plain).connected(
        "CONNECT\naccept-version:1.0\nhost:mcollective\nlogin:mcollective\npasscode:x\n\n\0",
    );
    let server = concat!("mcollective/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        text,
        format!("CONNECTED\nserver:{server}\nheart-beat:0,0\nsession:b-1\nversion:1.0\n\n\0")
    );
    let (text, _) = Pair::certified("n1")
        .connected("CONNECT\naccept-version:1.1,1.0\nheart-beat:30500,29500\n\n\0");
    assert_eq!(
        text,
        format!(
            "CONNECTED\nserver:{server}\nheart-beat:29500,30500\nsession:b-1\nversion:1.1\n\n\0"
        )
    );
    let (text, _) = Pair::certified("n1").connected("STOMP\naccept-version:1.1,1.2\n\n\0");
    assert!(text.contains("version:1.2\n"));
    let error = Pair::certified("n1").error("CONNECT\naccept-version:2.0\n\n\0");
    assert!(error.contains("message:no common version"));
}

#[test]
fn the_first_frame_opens_and_a_second_one_closes() {
    for text in ["SEND\ndestination:/topic/a\n\n\0", "DISCONNECT\n\n\0"] {
        let error = Pair::certified("n1").error(text);
        assert!(error.contains("must be CONNECT"), "{error}");
    }
    let mut pair = Pair::open("n1", "1.1");
    let error = pair.error("CONNECT\n\n\0");
    assert!(error.contains("already open"), "{error}");
}

#[test]
fn who_is_in_no_list_is_told_so() {
    let settings = Settings {
        nodes: vec!["web".parse().unwrap()],
        ..Settings::default()
    };
    let mut pair = Pair::certified("stranger");
    pair.session.rules = Arc::new(Rules::new(
        settings,
        Arc::default(),
        Arc::default(),
        Instant::now(),
    ));
    let error = pair.error("CONNECT\n\n\0");
    assert!(
        error.contains("stranger is neither a client nor a node"),
        "{error}"
    );
}

#[test]
fn heart_beats_are_as_the_peer_wishes_but_not_too_fast() {
    let mut pair = Pair::certified("n1");
    let (text, _) = pair.connected("CONNECT\naccept-version:1.1\nheart-beat:10,20000\n\n\0");
    assert!(text.contains("heart-beat:20000,1000\n"), "{text}");
    let start = pair.now;
    let after = |ms| start + Duration::from_millis(ms);
    pair.session.handle_received(after(1900));
    assert_eq!(pair.session.poll_timeout(), Some(after(3900)));
    assert_eq!(pair.session.handle_timeout(after(3899)), None);
    assert_eq!(pair.session.handle_timeout(after(3900)), Some(Due::Dead));
}

#[test]
fn a_peer_that_never_connects_is_dead() {
    let mut pair = Pair::certified("n1");
    let late = pair.now + Duration::from_secs(30);
    assert_eq!(pair.session.poll_timeout(), Some(late));
    assert_eq!(pair.session.handle_timeout(late), Some(Due::Dead));
}

#[test]
fn a_send_becomes_a_route() {
    let mut pair = Pair::open("peadmin", "1.1");
    for (headers, route) in [
        ("destination:/topic/m.rpcutil.agent\n", Route::Topic),
        ("destination:/queue/custom\n", Route::Queue),
        (
            "destination:/queue/m.nodes\nmc_identity:a, b,a\n",
            Route::Directed(vec!["a".into(), "b".into()]),
        ),
    ] {
        match pair.frame(&format!("SEND\n{headers}receipt:r\\c1\n\nbody\0")) {
            Effect::Send(send) => {
                assert_eq!(send.route, route);
                assert_eq!(send.receipt.as_deref(), Some("r:1"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        pair.session.receipt(pair.now, "r:1", Some(3)),
        "RECEIPT\nreceipt-id:r\\c1\ndeliveries:3\n\n\0"
    );
}

#[test]
fn what_can_not_be_is_an_error_that_helps() {
    let many: Vec<String> = (0..65).map(|n| format!("n{n}")).collect();
    let many = format!(
        "SEND\ndestination:/queue/m.nodes\nmc_identity:{}\n\n\0",
        many.join(",")
    );
    for (text, part) in [
        ("SEND\n\n\0", "needs a destination"),
        ("SEND\ndestination:x\n\n\0", "x is no destination"),
        (
            "SEND\ndestination:/queue/m.nodes\n\n\0",
            "needs mc_identity",
        ),
        (&*many, "names 65 nodes"),
        (
            "SEND\ndestination:/queue/m.nodes\nmc_identity:a,b c\n\n\0",
            "b c is no identity",
        ),
        (
            "SEND\ndestination:/queue/m.reply.a_1.1\n\n\0",
            "peadmin is a client here and may not send to",
        ),
        (
            "SEND\ndestination:/topic/a\ntransaction:1\n\n\0",
            "transactions",
        ),
        ("BEGIN\ntransaction:1\n\n\0", "transactions"),
        ("MESSAGE\n\n\0", "server's frame"),
        (
            "SUBSCRIBE\nid:1\ndestination:/topic/m.a.agent\n\n\0",
            "may not subscribe",
        ),
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/m.reply.a_1.1\nselector:x = 1\n\n\0",
            "only selector supported",
        ),
        (
            "SEND\ndestination:/broker/presence\n\n\0",
            "needs a reply-to",
        ),
        (
            "SEND\ndestination:/broker/presence\nreply-to:/topic/a\n\n\0",
            "must be a reply queue",
        ),
        (
            "SEND\ndestination:/topic/a\nreceipt:\\x\n\n\0",
            "undefined escape",
        ),
    ] {
        let mut pair = Pair::open("peadmin", "1.0");
        let error = pair.error(text);
        assert!(error.contains(part), "{error}");
        // Header and body say the same.
        assert_eq!(error.matches(part).count(), 2, "{error}");
        assert!(matches!(
            pair.frame("SEND\ndestination:/topic/a\n\n\0"),
            Effect::Close(_)
        ));
    }
}

/// A caller may ask for answers anywhere, so where they go to is not the node's fault.
#[test]
fn an_answer_to_other_collectives_goes_nowhere_and_ends_no_nodes_session() {
    let answer = "SEND\ndestination:/queue/elsewhere\nreceipt:r1\n\nx\0";
    let mut node = Pair::open("euweb", "1.1");
    for _ in 0..2 {
        match node.frame(answer) {
            Effect::Reply(told) => assert!(told.windows(12).any(|part| part == b"deliveries:0")),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(node.session.rules.metrics.denied.value(), 2);
    let why = node.error("SEND\ndestination:/queue/us.reply.peadmin_1.1\n\nx\0");
    assert!(why.contains("outside the collectives"), "{why}");
    let why = Pair::open("euadmin", "1.1").error(answer);
    assert!(why.contains("outside the collectives"), "{why}");
}

#[test]
fn a_node_subscribes_with_its_own_selector_only() {
    let subscribe =
        |selector: &str| format!("SUBSCRIBE\nid:1\ndestination:/queue/m.nodes\n{selector}\n\0");
    let mut pair = Pair::open("n1", "1.1");
    match pair.frame(&subscribe("selector:mc_identity = 'n1'\n")) {
        Effect::Subscribe(wish) => assert_eq!(wish.identity.as_deref(), Some("n1")),
        other => panic!("{other:?}"),
    }
    for selector in [
        "",
        "selector:mc_identity = 'n1\\n'\n",
        "selector:mc_identity = 'n2'\n",
        "selector:mc_identity = 'n1' OR 1 = 1\n",
    ] {
        Pair::open("n1", "1.1").error(&subscribe(selector));
    }
    let pair = Pair::open("n1", "1.1");
    assert_eq!(pair.session.peer_name(), Some("n1"));
}

#[test]
fn good_byes_acknowledgements_and_receipts() {
    let mut pair = Pair::open("n1", "1.2");
    assert!(matches!(pair.frame("ACK\nid:1\n\n\0"), Effect::None));
    match pair.frame("NACK\nid:1\nreceipt:2\n\n\0") {
        Effect::Reply(frame) => assert_eq!(frame, "RECEIPT\nreceipt-id:2\n\n\0"),
        other => panic!("{other:?}"),
    }
    match pair.frame("DISCONNECT\nreceipt:3\n\n\0") {
        Effect::Close(Some(frame)) => assert_eq!(frame, "RECEIPT\nreceipt-id:3\n\n\0"),
        other => panic!("{other:?}"),
    }
    assert_eq!(pair.session.poll_timeout(), None);
}

#[test]
fn who_speaks_pki_is_told_our_time_and_nobody_else() {
    for (security, told) in [("mc-security:pki\n", true), ("", false)] {
        let mut pair = Pair::certified("peadmin");
        let welcome = pair.connected(&format!("CONNECT\n{security}\n\0")).0;
        assert_eq!(welcome.contains("\nmc-broker-ms:"), told, "{welcome}");
        let sent = |pair: &mut Pair, to: &str| match pair
            .frame(&format!("SEND\ndestination:{to}\nmc-broker-ms:5\n\nx\0"))
        {
            Effect::Send(send) => String::from_utf8(send.message.bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        };
        pair.now += Duration::from_secs(3);
        let request = sent(&mut pair, "/topic/mcollective.rpcutil.agent");
        assert_eq!(request.contains("\nmc-broker-ms:"), told, "{request}");
        assert!(!request.contains("\nmc-broker-ms:5\n"));
    }
}

#[test]
fn a_request_that_comes_too_late_goes_nowhere() {
    let mut pair = Pair::certified("peadmin");
    pair.connected("CONNECT\nmc-security:pki\n\n\0");
    let until = pair.session.rules.broker_ms(pair.now) + 1000;
    let send = format!(
        "SEND\ndestination:/topic/mcollective.rpcutil.agent\nreceipt:1\n\
         mc-broker-deadline-ms:{until}\n\nx\0"
    );
    assert!(matches!(pair.frame(&send), Effect::Send(_)));
    pair.now += Duration::from_secs(2);
    match pair.frame(&send) {
        Effect::Reply(receipt) => {
            let text = String::from_utf8(receipt.to_vec()).unwrap();
            assert!(text.contains("\ndeliveries:0\n"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(pair.session.rules.metrics.late.value(), 1);
}

#[test]
fn the_security_providers_of_a_peer_are_noted() {
    let pki = |list: &str| {
        let text = format!("CONNECT\nmc-security:{list}\n\n\0");
        Pair::certified("n1").connected(&text).1.pki
    };
    assert!(pki("ssl, pki"));
    assert!(!pki("ssl"));
    assert!(!pki("pkix"));
}
