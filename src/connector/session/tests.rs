//! The session against frames written by hand, in a time that is only a number.

use proptest::prelude::*;

use super::*;
use crate::{
    mcorpc::names::Identity,
    stomp::{Encoder, escape},
};

fn options() -> Options {
    Options {
        vhost: "mcollective".into(),
        connect_headers: vec![("mc-security".into(), "pki".into())],
        heartbeat: Duration::from_secs(30),
        base64: false,
        priority: 0,
        sender: Identity::new("web1.example").unwrap(),
        max_body: 1024 * 1024,
    }
}

/// A session whose CONNECT was sent.
fn connecting(options: Options, now: Instant) -> Session {
    let mut session = Session::new(options);
    connect(&mut session, now);
    session
}

fn connect(session: &mut Session, now: Instant) {
    let within = Duration::from_secs(5);
    session.connect("user", &Secret("secret".into()), now + within, within);
}

/// An open session with one of our brokers, its CONNECT and its event taken.
fn open(now: Instant) -> Session {
    let mut session = connecting(options(), now);
    transmitted(&mut session, now);
    session.handle_bytes(now, CONNECTED).unwrap();
    assert!(matches!(
        session.poll_event(now),
        Some(Event::Connected { .. })
    ));
    session
}

fn transmitted(session: &mut Session, now: Instant) -> Vec<Frame> {
    std::iter::from_fn(|| session.poll_transmit(now))
        .map(|bytes| Frame::parse(&bytes).unwrap())
        .collect()
}

fn get(frame: &Frame, name: &str) -> Option<String> {
    frame
        .headers
        .get(name)
        .unwrap()
        .map(std::borrow::Cow::into_owned)
}

fn message(text: &str, receipt: bool) -> Outgoing {
    Outgoing {
        destination: "/queue/a".into(),
        body: Bytes::from(text.to_owned()),
        receipt,
        ..Outgoing::default()
    }
}

const CONNECTED: &[u8] =
    b"CONNECTED\nversion:1.2\nserver:mcollective/0.1.0\nheart-beat:10000,20000\n\n\0";

#[test]
fn connect_offers_all_versions_and_the_callers_headers() {
    let now = Instant::now();
    let frame = transmitted(&mut connecting(options(), now), now).remove(0);
    assert_eq!(frame.command, Command::Connect);
    for (name, value) in [
        ("accept-version", "1.2,1.1,1.0"),
        ("host", "mcollective"),
        ("heart-beat", "30000,30000"),
        ("login", "user"),
        ("passcode", "secret"),
        ("mc-security", "pki"),
    ] {
        assert_eq!(get(&frame, name).as_deref(), Some(value), "{name}");
    }
    let mut session = Session::new(options());
    session.connect("", &Secret("x".into()), now, Duration::ZERO);
    let frame = transmitted(&mut session, now).remove(0);
    assert_eq!(
        (get(&frame, "login"), get(&frame, "passcode")),
        (None, None)
    );
}

#[test]
fn a_broker_of_1_0_is_served_without_escapes_and_heart_beats() {
    let now = Instant::now();
    let mut session = connecting(options(), now);
    transmitted(&mut session, now);
    session.handle_bytes(now, b"CONNECTED\n\n\0").unwrap();
    assert!(matches!(
        session.poll_event(now),
        Some(Event::Connected {
            server: None,
            version: Version::V1_0,
            opened: None,
            ..
        })
    ));
    assert_eq!(session.poll_timeout(), None);
    session.subscribe("/queue/a:b", None);
    let bytes = session.poll_transmit(now).unwrap();
    assert!(
        bytes.starts_with(b"SUBSCRIBE\nid:/queue/a:b\n"),
        "{bytes:?}"
    );
}

#[test]
fn a_refused_session_keeps_the_brokers_words() {
    let now = Instant::now();
    for (answer, words) in [
        (
            "ERROR\nmessage:User name [x] or password is invalid.\n\njava.lang.SecurityException\n\tat a\0",
            "User name [x] or password is invalid.",
        ),
        (
            "ERROR\n\n\nBad\x1b[2J CONNECT\nmore\0",
            r"Bad\u{1b}[2J CONNECT",
        ),
        ("ERROR\n\n\0", "without a word"),
    ] {
        let problem = connecting(options(), now)
            .handle_bytes(now, answer.as_bytes())
            .unwrap_err();
        assert_eq!(
            problem,
            Problem::SessionRefused {
                message: words.into()
            }
        );
    }
}

#[test]
fn what_is_no_broker_is_told_apart() {
    let now = Instant::now();
    let mut tls = connecting(options(), now);
    assert_eq!(
        tls.handle_bytes(now, &[0x15, 3, 3, 0, 2, 2, 40]),
        Err(Problem::TlsPort)
    );
    for other in [
        "HTTP/1.1 400 Bad Request\r\n",
        "MESSAGE\n\n\0",
        "CONNECTED\nversion:2.0\n\n\0",
    ] {
        let problem = connecting(options(), now)
            .handle_bytes(now, other.as_bytes())
            .unwrap_err();
        assert!(matches!(problem, Problem::Garbage { .. }), "{problem:?}");
    }
    assert_eq!(
        connecting(options(), now).handle_end(),
        Problem::ClosedEarly
    );
    assert_eq!(open(now).handle_end(), Problem::Hangup);
}

#[test]
fn connected_must_come_in_time() {
    let now = Instant::now();
    let mut session = connecting(options(), now);
    let until = session.poll_timeout().unwrap();
    assert_eq!(until, now + Duration::from_secs(5));
    assert_eq!(
        session.handle_timeout(now + Duration::from_millis(4999)),
        Ok(())
    );
    assert!(matches!(
        session.handle_timeout(until),
        Err(Problem::Timeout {
            stage: Stage::Session,
            ..
        })
    ));
}

#[test]
fn subscriptions_are_remembered_and_replayed_in_order() {
    let now = Instant::now();
    let mut session = Session::new(options());
    session.subscribe("/topic/a", None);
    session.subscribe("/queue/n", Some("mc_identity = 'x'"));
    connect(&mut session, now);
    assert_eq!(transmitted(&mut session, now).len(), 1, "only CONNECT");
    session.handle_bytes(now, CONNECTED).unwrap();
    let first = transmitted(&mut session, now);
    assert_eq!(get(&first[0], "id").as_deref(), Some("/topic/a"));
    assert_eq!(
        get(&first[1], "selector").as_deref(),
        Some("mc_identity = 'x'")
    );
    assert_eq!(first.len(), 2);

    session.subscribe("/topic/a", None);
    session.unsubscribe("/topic/unknown");
    assert!(transmitted(&mut session, now).is_empty(), "nothing changed");
    session.subscribe("/queue/n", Some("mc_identity = 'y'"));
    session.unsubscribe("/topic/a");
    let changes: Vec<_> = transmitted(&mut session, now)
        .iter()
        .map(|frame| (frame.command, get(frame, "destination").unwrap()))
        .collect();
    assert_eq!(
        changes,
        [
            (Command::Unsubscribe, "/queue/n".to_owned()),
            (Command::Subscribe, "/queue/n".to_owned()),
            (Command::Unsubscribe, "/topic/a".to_owned()),
        ]
    );

    session.handle_end();
    session.subscribe("/topic/later", None);
    connect(&mut session, now);
    transmitted(&mut session, now);
    session.handle_bytes(now, CONNECTED).unwrap();
    let again: Vec<_> = transmitted(&mut session, now)
        .iter()
        .map(|frame| get(frame, "destination").unwrap())
        .collect();
    assert_eq!(again, ["/queue/n", "/topic/later"]);
}

#[test]
fn half_a_frame_of_a_lost_connection_does_not_reach_into_the_next() {
    let now = Instant::now();
    let mut session = open(now);
    session
        .handle_bytes(now, b"MESSAGE\ndestination:/a\ncontent-length:50\n\nhalf")
        .unwrap();
    session.handle_end();
    connect(&mut session, now);
    session.handle_bytes(now, CONNECTED).unwrap();
    assert!(session.is_open());
}

#[test]
fn a_send_names_its_sender_once() {
    let now = Instant::now();
    let mut session = open(now);
    session.send(&message("x", false));
    let mut outgoing = message("y", false);
    outgoing.headers = vec![("mc_sender".into(), "other".into())];
    session.send(&outgoing);
    let sent = transmitted(&mut session, now);
    assert_eq!(get(&sent[0], "mc_sender").as_deref(), Some("web1.example"));
    assert_eq!(get(&sent[1], "mc_sender").as_deref(), Some("other"));
    assert_eq!(get(&sent[0], "receipt"), None);
    assert_eq!(get(&sent[0], "priority"), None);
    assert_eq!(
        sent[1]
            .headers
            .iter_raw()
            .filter(|(name, _)| *name == b"mc_sender")
            .count(),
        1
    );
}

#[test]
fn receipts_carry_deliveries_and_belong_to_their_message() {
    let now = Instant::now();
    let mut session = open(now);
    let first = session.send(&message("a", true));
    let second = session.send(&message("b", true));
    let id = |n: usize, frames: &[Frame]| get(&frames[n], "receipt").unwrap();
    let sent = transmitted(&mut session, now);
    let answer = |id: &str, deliveries: &str| {
        Encoder::new(Command::Receipt, Version::V1_2)
            .header("receipt-id", id)
            .header("deliveries", deliveries)
            .end()
    };
    session
        .handle_bytes(now, &answer(&id(1, &sent), "3"))
        .unwrap();
    session.handle_bytes(now, &answer("999", "3")).unwrap();
    session.handle_bytes(now, &answer("nonsense", "x")).unwrap();
    session
        .handle_bytes(now, &answer(&id(0, &sent), "x"))
        .unwrap();
    session
        .handle_bytes(now, &answer(&id(0, &sent), "7"))
        .unwrap();
    let receipt = |deliveries| {
        Ok(Receipt {
            at: None,
            deliveries,
        })
    };
    assert_eq!(session.poll_receipt(), Some((second, receipt(Some(3)))));
    assert_eq!(session.poll_receipt(), Some((first, receipt(None))));
    assert_eq!(session.poll_receipt(), None);
}

#[test]
fn a_group_is_one_send_to_our_broker_and_one_each_to_others() {
    let now = Instant::now();
    let mut outgoing = message("x", true);
    outgoing.targets = (0..3)
        .map(|n| Identity::new(format!("n{n}")).unwrap())
        .collect();

    let mut ours = open(now);
    ours.send(&outgoing);
    let sent = transmitted(&mut ours, now);
    assert_eq!(sent.len(), 1);
    assert_eq!(get(&sent[0], "mc_identity").as_deref(), Some("n0,n1,n2"));

    let mut theirs = connecting(options(), now);
    theirs
        .handle_bytes(now, b"CONNECTED\nversion:1.1\nserver:ActiveMQ/5.15.0\n\n\0")
        .unwrap();
    transmitted(&mut theirs, now);
    let id = theirs.send(&outgoing);
    let sent = transmitted(&mut theirs, now);
    let names: Vec<_> = sent
        .iter()
        .map(|frame| get(frame, "mc_identity").unwrap())
        .collect();
    assert_eq!(names, ["n0", "n1", "n2"]);
    let receipt = format!("RECEIPT\nreceipt-id:{}\n\n\0", id.0);
    for _ in 0..2 {
        theirs.handle_bytes(now, receipt.as_bytes()).unwrap();
        assert_eq!(theirs.poll_receipt(), None, "not before the last of them");
    }
    theirs.handle_bytes(now, receipt.as_bytes()).unwrap();
    assert_eq!(theirs.poll_receipt(), Some((id, Ok(Receipt::default()))));
}

#[test]
fn an_error_refuses_its_message_and_explains_the_end() {
    let now = Instant::now();
    let mut session = open(now);
    let id = session.send(&message("a", true));
    let error = format!("ERROR\nreceipt-id:{}\nmessage:not for you\n\n\0", id.0);
    session.handle_bytes(now, error.as_bytes()).unwrap();
    assert_eq!(
        session.poll_receipt(),
        Some((id, Err("not for you".into())))
    );
    assert!(matches!(session.poll_event(now), Some(Event::Error(words)) if words == "not for you"));
    assert!(session.is_open(), "ActiveMQ goes on after some errors");
    assert_eq!(
        session.handle_end(),
        Problem::SessionEnded {
            message: "not for you".into()
        }
    );
}

#[test]
fn a_request_tells_our_broker_when_it_is_void_by_its_clock() {
    let asked = Instant::now();
    let after = |ms| asked + Duration::from_millis(ms);
    let request = |to: &str| Outgoing {
        destination: to.into(),
        deadline: Some(after(2_100).into()),
        ..Outgoing::default()
    };
    let deadline = |connected: &str, to: &str| {
        let mut session = connecting(options(), asked);
        transmitted(&mut session, asked);
        session
            .handle_bytes(after(100), connected.as_bytes())
            .unwrap();
        session.send(&request(to));
        let frame = transmitted(&mut session, after(200)).remove(0);
        get(&frame, "mc-broker-deadline-ms")
    };
    let ours = "CONNECTED\nversion:1.2\nserver:mcollective/1\nmc-broker-ms:5000\n\n\0";
    // The broker's 5000 was between our 0 and our 100, so its time at our 2100 is 7100 at most, and 1 for drift.
    for to in [
        "/topic/mcollective.rpcutil.agent",
        "/queue/mcollective.nodes",
    ] {
        assert_eq!(deadline(ours, to).as_deref(), Some("7101"), "{to}");
    }
    assert_eq!(deadline(ours, "/queue/mcollective.reply.a_1.1"), None);
    let other = "CONNECTED\nversion:1.2\nserver:ActiveMQ/5\nmc-broker-ms:5000\n\n\0";
    assert_eq!(deadline(other, "/queue/mcollective.nodes"), None);
    let older = "CONNECTED\nversion:1.2\nserver:mcollective/1\n\n\0";
    assert_eq!(deadline(older, "/queue/mcollective.nodes"), None);
}

#[test]
fn a_goodbye_is_no_refusal() {
    let now = Instant::now();
    let goodbye = b"ERROR\nmessage:the broker is shutting down\nmc-stopping:yes\n\n\0";
    let mut session = open(now);
    session.handle_bytes(now, goodbye).unwrap();
    assert!(session.poll_event(now).is_none());
    assert_eq!(session.handle_end(), Problem::Stopping);
    connect(&mut session, now);
    assert_eq!(session.handle_end(), Problem::ClosedEarly, "another broker");
    let mut session = connecting(options(), now);
    session.handle_bytes(now, goodbye).unwrap();
    assert_eq!(session.handle_end(), Problem::Stopping);
    assert_eq!(
        Problem::Stopping.kind(),
        crate::connector::Kind::Unreachable
    );
}

#[test]
fn who_is_replaced_is_told_so() {
    let now = Instant::now();
    let mut session = open(now);
    let last = b"ERROR\nmessage:a newer connection of n1 replaces this one\nmc-replaced:yes\n\n\0";
    session.handle_bytes(now, last).unwrap();
    assert!(session.poll_event(now).is_none());
    assert_eq!(session.handle_end(), Problem::Replaced);
}

#[test]
fn an_error_does_not_explain_an_end_long_after_it() {
    let now = Instant::now();
    for later in [&b"\n"[..], b"MESSAGE\ndestination:/a\n\n\0"] {
        let mut session = open(now);
        session
            .handle_bytes(now, b"ERROR\nmessage:no\n\n\0")
            .unwrap();
        session.handle_bytes(now, later).unwrap();
        assert_eq!(session.handle_end(), Problem::Hangup);
    }
}

#[test]
fn heart_beats_are_sent_early_and_silence_is_noticed() {
    let start = Instant::now();
    let mut session = open(start);
    // We offered 30 s; the broker sends every 10 s and wants to hear every 20 s.
    let early = start + Duration::from_millis(22_500);
    assert_eq!(session.poll_timeout(), Some(early));
    session.handle_timeout(early).unwrap();
    assert_eq!(session.poll_transmit(early).as_deref(), Some(&b"\n"[..]));
    session.handle_bytes(early, b"\n").unwrap();
    let (silent, now) = loop {
        let now = session.poll_timeout().unwrap();
        match session.handle_timeout(now) {
            Ok(()) => drop(session.poll_transmit(now)),
            Err(problem) => break (problem, now),
        }
    };
    let silence = Duration::from_mins(1);
    assert_eq!(
        (silent, now),
        (Problem::Silence { silence }, early + silence)
    );
}

#[test]
fn a_slow_owner_is_not_taken_for_a_dead_broker() {
    let start = Instant::now();
    let mut session = open(start);
    session
        .handle_bytes(start, b"MESSAGE\ndestination:/a\n\nx\0")
        .unwrap();
    let mut now = start;
    while now < start + Duration::from_mins(10) {
        now = session.poll_timeout().unwrap();
        session.handle_timeout(now).unwrap();
        session.poll_transmit(now);
    }
    // Just before the silence would count, the owner takes its message.
    let late = now + Duration::from_secs(59);
    assert!(session.poll_event(late).is_some());
    session
        .handle_timeout(now + Duration::from_secs(61))
        .unwrap();
}

#[test]
fn disconnect_ends_with_its_receipt() {
    let now = Instant::now();
    let mut session = open(now);
    session.send(&message("last", false));
    session.disconnect();
    session.disconnect();
    let sent = transmitted(&mut session, now);
    assert_eq!(
        sent.iter().map(|frame| frame.command).collect::<Vec<_>>(),
        [Command::Send, Command::Disconnect]
    );
    assert!(!session.is_closed());
    let receipt = get(&sent[1], "receipt").unwrap();
    session
        .handle_bytes(
            now,
            format!("RECEIPT\nreceipt-id:{receipt}\n\n\0").as_bytes(),
        )
        .unwrap();
    assert!(session.is_closed());
}

#[test]
fn bodies_are_base64_where_the_setting_says_so() {
    let now = Instant::now();
    let mut session = connecting(
        Options {
            base64: true,
            ..options()
        },
        now,
    );
    transmitted(&mut session, now);
    session.handle_bytes(now, CONNECTED).unwrap();
    session.poll_event(now);
    session.send(&message("hello", false));
    assert_eq!(&transmitted(&mut session, now)[0].body[..], b"aGVsbG8=");
    // As Ruby's encode64 breaks its lines.
    for (wire, plain) in [("aGVs\nbG8=\n", "hello"), ("not base64!", "not base64!")] {
        let frame = format!("MESSAGE\ndestination:/a\n\n{wire}\0");
        session.handle_bytes(now, frame.as_bytes()).unwrap();
        match session.poll_event(now) {
            Some(Event::Message(message)) => assert_eq!(&message.body[..], plain.as_bytes()),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn however_it_is_split_the_same_arrives(
        bodies in proptest::collection::vec("[a-z\n:]{0,30}", 1..6),
        reply_to in "[ -~]{1,20}",
        pieces in proptest::collection::vec(1usize..40, 1..80),
    ) {
        let now = Instant::now();
        let mut stream = CONNECTED.to_vec();
        for body in &bodies {
            stream.extend_from_slice(
                &Encoder::new(Command::Message, Version::V1_2)
                    .header("destination", "/topic/a")
                    .header("reply-to", &reply_to)
                    .body(body.as_bytes()),
            );
            stream.push(b'\n');
        }
        let mut session = connecting(options(), now);
        let mut rest = &stream[..];
        for piece in pieces.iter().cycle() {
            if rest.is_empty() { break; }
            let (bytes, later) = rest.split_at((*piece).min(rest.len()));
            session.handle_bytes(now, bytes).unwrap();
            rest = later;
        }
        let connected = matches!(session.poll_event(now), Some(Event::Connected { .. }));
        prop_assert!(connected);
        for body in &bodies {
            match session.poll_event(now) {
                Some(Event::Message(message)) => {
                    prop_assert_eq!(&message.body[..], body.as_bytes());
                    prop_assert_eq!(message.reply_to.as_deref(), Some(&reply_to[..]));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(!session.has_event());
    }

    #[test]
    fn nothing_that_arrives_panics(
        frames in proptest::collection::vec(
            ("(CONNECTED|MESSAGE|RECEIPT|ERROR|SEND)", "[ -~]{0,12}", "[ -~]{0,12}"), 0..8),
        open_first: bool,
    ) {
        let now = Instant::now();
        let mut session = if open_first { open(now) } else { connecting(options(), now) };
        session.send(&message("x", true));
        for (command, id, other) in frames {
            let mut bytes = format!("{command}\n").into_bytes();
            for (name, value) in [("receipt-id", &id), ("version", &id), ("destination", &other), ("heart-beat", &other), ("deliveries", &id)] {
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(b':');
                escape(&mut bytes, value.as_bytes(), Version::V1_0);
                bytes.push(b'\n');
            }
            bytes.extend_from_slice(b"\n\0");
            drop(session.handle_bytes(now, &bytes));
            drop(session.handle_timeout(now));
        }
    }
}
