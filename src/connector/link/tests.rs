//! Whole connections, against a broker that does what each test says.

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::{
    connector::{
        Connection, Policy,
        error::Kind,
        message::Message,
        problem::{Alert, Stage},
        testing::{Broker, Ca, Peer, Validity, closed_port, server},
    },
    stomp::{self, Encoder, Frame, Version},
};

/// What a client does in tests that are not about how long that takes.
const FAIL_FAST: Policy = Policy::FailFast {
    within: Duration::from_mins(1),
};

fn start(settings: Settings, policy: Policy) -> (Connection, mpsc::Receiver<Event>) {
    let identity = Identity::new("web1.example").unwrap();
    Connection::start(settings, identity, Vec::new(), policy)
}

fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        destination: "/queue/a".into(),
        body: Bytes::from(text.to_owned()),
        ..Outgoing::default()
    }
}

fn body(frame: &Frame) -> String {
    String::from_utf8(frame.body.to_vec()).unwrap()
}

fn get(frame: &Frame, name: &str) -> String {
    frame.headers.get(name).unwrap().unwrap().into_owned()
}

async fn receipt(peer: &mut Peer, frame: &Frame, further: &str) {
    let id = get(frame, "receipt");
    peer.write(format!("RECEIPT\nreceipt-id:{id}\n{further}\n\0").as_bytes())
        .await;
}

async fn disconnected(events: &mut mpsc::Receiver<Event>) -> (Error, Option<Duration>) {
    loop {
        match events.recv().await.expect("an event") {
            Event::Disconnected { error, retry_in } => return (error, retry_in),
            Event::Connected(_) | Event::BrokerError { .. } | Event::Time(_) => {}
            Event::Message(message) => panic!("{message:?}"),
        }
    }
}

async fn next_message(events: &mut mpsc::Receiver<Event>) -> Message {
    loop {
        if let Event::Message(message) = events.recv().await.expect("an event") {
            return message;
        }
    }
}

/// How a client that tries once ends.
async fn first_round(settings: Settings) -> Error {
    let (connection, _events) = start(settings, FAIL_FAST);
    connection.connected().await.unwrap_err()
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Unreachable { problem, .. } | Error::Lost { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn after_a_lost_connection_subscriptions_stand_again_and_nothing_is_lost_or_doubled() {
    let broker = Broker::start(None).await;
    let (connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    connection
        .subscribe("/topic/m.a.agent", None)
        .await
        .unwrap();
    let mut first = broker.session().await;
    assert_eq!(
        get(
            &first.expect(stomp::Command::Subscribe).await,
            "destination"
        ),
        "/topic/m.a.agent"
    );
    let info = connection.connected().await.unwrap();
    assert!(info.is_ours());
    connection
        .subscribe("/queue/m.nodes", Some("mc_identity = 'web1.example'"))
        .await
        .unwrap();
    connection.send(outgoing("before")).await.unwrap();
    first.expect(stomp::Command::Subscribe).await;
    assert_eq!(body(&first.expect(stomp::Command::Send).await), "before");
    first
        .write(b"MESSAGE\ndestination:/topic/m.a.agent\n\none\0")
        .await;
    assert_eq!(&next_message(&mut events).await.body[..], b"one");
    drop(first);

    let (error, retry_in) = disconnected(&mut events).await;
    assert_eq!(problem(error), Problem::Hangup);
    assert!(retry_in.is_some());
    let sending = tokio::spawn({
        let connection = connection.clone();
        async move { connection.send(outgoing("between")).await }
    });
    let mut second = broker.session().await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let frame = second.frame().await.unwrap();
        seen.push((frame.command, get(&frame, "destination")));
    }
    assert_eq!(
        seen,
        [
            (stomp::Command::Subscribe, "/topic/m.a.agent".to_owned()),
            (stomp::Command::Subscribe, "/queue/m.nodes".to_owned()),
            (stomp::Command::Send, "/queue/a".to_owned()),
        ]
    );
    assert_eq!(sending.await.unwrap(), Ok(None));
    connection.send(outgoing("after")).await.unwrap();
    assert_eq!(body(&second.expect(stomp::Command::Send).await), "after");
}

#[tokio::test]
async fn a_receipt_tells_deliveries_and_a_loss_is_told_to_who_waits_for_one() {
    let broker = Broker::start(None).await;
    let (connection, _events) = start(broker.settings(None), FAIL_FAST);
    let mut wanted = outgoing("x");
    wanted.receipt = true;
    let served = async {
        let mut peer = broker.session().await;
        let frame = peer.expect(stomp::Command::Send).await;
        receipt(&mut peer, &frame, "deliveries:12\n").await;
        let frame = peer.expect(stomp::Command::Send).await;
        peer.write(
            format!(
                "ERROR\nreceipt-id:{}\nmessage:no\n\n\0",
                get(&frame, "receipt")
            )
            .as_bytes(),
        )
        .await;
        peer.expect(stomp::Command::Send).await;
    };
    let sent = async {
        let first = connection.send(wanted.clone()).await;
        assert_eq!(
            first,
            Ok(Some(Receipt {
                at: None,
                deliveries: Some(12)
            }))
        );
        let second = connection.send(wanted.clone()).await;
        assert_eq!(
            second,
            Err(Error::Refused {
                message: "no".into()
            })
        );
        connection.send(wanted.clone()).await
    };
    let ((), third) = tokio::join!(served, sent);
    // The peer is gone, and its last word was the ERROR.
    assert!(
        matches!(
            third,
            Err(Error::Lost {
                problem: Problem::SessionEnded { .. },
                ..
            })
        ),
        "{third:?}"
    );
}

#[tokio::test]
async fn a_client_is_told_after_one_round_and_an_agent_goes_on() {
    let (one, two) = (closed_port().await, closed_port().await);
    let settings = Settings {
        pool: vec![server(one, None), server(two, None)],
        ..Settings::default()
    };
    let (connection, mut events) = start(settings.clone(), FAIL_FAST);
    let error = connection.connected().await.unwrap_err();
    let expected = format!(
        "cannot reach any of 2 brokers: localhost:{one}: connection refused; localhost:{two}: connection refused"
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind(), Kind::Unreachable);
    assert_eq!(connection.send(outgoing("x")).await, Err(error.clone()));
    assert_eq!(connection.subscribe("/topic/a", None).await, Err(error));
    assert!(events.recv().await.is_none());

    let (_connection, mut events) = start(settings, Policy::KeepTrying);
    for port in [one, two, one, two] {
        let (error, retry_in) = disconnected(&mut events).await;
        assert!(error.to_string().contains(&port.to_string()), "{error}");
        assert!(retry_in.is_some());
    }
}

#[tokio::test]
async fn the_next_of_the_pool_serves_when_the_first_is_down() {
    let broker = Broker::start(None).await;
    let mut settings = broker.settings(None);
    settings.pool.insert(0, server(closed_port().await, None));
    let (connection, _events) = start(settings, FAIL_FAST);
    let _peer = broker.session().await;
    assert_eq!(connection.connected().await.unwrap().port, broker.port());
    assert_eq!(connection.server().unwrap().port, broker.port());
}

#[tokio::test(start_paused = true)]
async fn each_broker_has_its_part_of_a_clients_time() {
    let identity = Identity::new("peadmin").unwrap();
    let pool = [1, 2, 3].map(|port| server(port, None)).to_vec();
    let settings = Settings {
        pool,
        ..Settings::default()
    };
    let seconds = Duration::from_secs;
    let policy = Policy::FailFast {
        within: seconds(12),
    };
    let (_commands, to_link) = mpsc::channel(1);
    let (events, _events) = mpsc::channel(1);
    let (status, _seen) = watch::channel(Status::Connecting);
    let mut link = Link::new(settings, identity, vec![], policy, to_link, events, status);
    let mut next = async |passes| {
        link.pool.next();
        let part = link.time_to_connect();
        tokio::time::advance(passes).await;
        part
    };
    // What the first swallows is no more than its part, and what it leaves is the others'.
    assert_eq!(next(seconds(4)).await, seconds(4));
    assert_eq!(next(seconds(1)).await, seconds(4));
    assert_eq!(next(seconds(9)).await, seconds(7));
    assert_eq!(next(seconds(0)).await, seconds(0));
    // The setting still holds, and alone once there has been a session.
    link.settings.connect_timeout = seconds(1);
    link.begun = Instant::now();
    assert_eq!(link.time_to_connect(), seconds(1));
    link.settings.connect_timeout = seconds(30);
    link.ever_connected = true;
    assert_eq!(link.time_to_connect(), seconds(30));
}

#[tokio::test]
async fn attempts_are_counted_where_the_setting_says_so() {
    let settings = Settings {
        pool: vec![server(closed_port().await, None)],
        max_reconnect_attempts: 3,
        ..Settings::default()
    };
    let (connection, mut events) = start(settings, Policy::KeepTrying);
    assert!(disconnected(&mut events).await.1.is_some());
    assert!(disconnected(&mut events).await.1.is_some());
    let (last, retry_in) = disconnected(&mut events).await;
    assert_eq!(retry_in, None);
    assert_eq!(connection.connected().await, Err(last));
    assert!(events.recv().await.is_none());
}

#[tokio::test]
async fn a_message_waits_for_a_connection_until_its_deadline() {
    let settings = Settings {
        pool: vec![server(closed_port().await, None)],
        ..Settings::default()
    };
    let (connection, mut events) = start(settings, Policy::KeepTrying);
    disconnected(&mut events).await;
    let mut message = outgoing("x");
    message.deadline = Some(Instant::now() + Duration::from_millis(20));
    let error = connection.send(message).await.unwrap_err();
    assert!(
        matches!(error, Error::Deadline { last: Some(_) }),
        "{error:?}"
    );
    assert_eq!(error.kind(), Kind::Unreachable);
}

#[tokio::test]
async fn closing_writes_what_was_sent_and_waits_for_the_broker() {
    let broker = Broker::start(None).await;
    let (connection, mut events) = start(broker.settings(None), FAIL_FAST);
    let mut peer = broker.session().await;
    let sending = tokio::spawn({
        let connection = connection.clone();
        async move { connection.send(outgoing("last")).await }
    });
    peer.expect(stomp::Command::Send).await;
    sending.await.unwrap().unwrap();
    let closing = tokio::spawn(connection.clone().close(Duration::from_mins(1)));
    let frame = peer.expect(stomp::Command::Disconnect).await;
    assert!(!closing.is_finished());
    receipt(&mut peer, &frame, "").await;
    closing.await.unwrap();
    assert!(peer.frame().await.is_none());
    assert_eq!(connection.send(outgoing("late")).await, Err(Error::Closed));
    while let Some(event) = events.recv().await {
        assert!(matches!(event, Event::Connected(_)), "{event:?}");
    }
}

#[tokio::test]
async fn closing_does_not_outlast_its_grace_or_a_dial() {
    let broker = Broker::start(None).await;
    let (connection, _events) = start(broker.settings(None), Policy::KeepTrying);
    let mut peer = broker.session().await;
    connection.connected().await.unwrap();
    let closing = tokio::spawn(connection.close(Duration::from_millis(20)));
    peer.expect(stomp::Command::Disconnect).await;
    closing.await.unwrap();

    // Accepted by nobody: the session is still waiting for CONNECTED.
    let (connection, _events) = start(broker.settings(None), Policy::KeepTrying);
    connection.close(Duration::from_hours(1)).await;
}

#[tokio::test]
async fn the_last_handle_takes_the_connection_with_it() {
    let broker = Broker::start(None).await;
    let (connection, _events) = start(broker.settings(None), Policy::KeepTrying);
    let mut peer = broker.session().await;
    connection.connected().await.unwrap();
    drop(connection);
    peer.expect(stomp::Command::Disconnect).await;
}

#[tokio::test]
async fn a_broker_that_ends_each_session_at_its_subscription_is_left_in_peace_for_longer_and_longer()
 {
    let broker = Broker::start(None).await;
    let mut settings = broker.settings(None);
    settings.max_reconnect_delay = Duration::from_secs(30);
    let (connection, mut events) = start(settings, Policy::KeepTrying);
    connection
        .subscribe("/topic/forbidden", None)
        .await
        .unwrap();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let mut peer = broker.session().await;
        peer.expect(stomp::Command::Subscribe).await;
        peer.write(b"ERROR\nmessage:not for you\n\n\0").await;
        drop(peer);
        let (error, retry_in) = disconnected(&mut events).await;
        assert_eq!(error.kind(), Kind::Refused);
        assert!(
            error
                .to_string()
                .ends_with("it ended the session: not for you"),
            "{error}"
        );
        waits.push(retry_in.unwrap());
    }
    // 10, 20, 40, 80 ms, each at least half of it.
    assert!(waits[3] >= Duration::from_millis(40), "{waits:?}");
}

#[tokio::test]
async fn what_came_before_the_end_is_delivered() {
    let broker = Broker::start(None).await;
    let (_connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    let mut peer = broker.session().await;
    let mut bytes = Vec::new();
    for n in 0..500 {
        bytes.extend_from_slice(format!("MESSAGE\ndestination:/topic/a\n\n{n}\0").as_bytes());
    }
    peer.write(&bytes).await;
    drop(peer);
    for n in 0..500 {
        assert_eq!(
            &next_message(&mut events).await.body[..],
            n.to_string().as_bytes()
        );
    }
    disconnected(&mut events).await;
}

#[tokio::test]
async fn an_owner_that_takes_nothing_slows_the_broker_and_not_the_memory() {
    const MESSAGES: usize = 600;
    let broker = Broker::start(None).await;
    let (_connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    let mut peer = broker.session().await;
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let writing = tokio::spawn({
        let written = written.clone();
        async move {
            for n in 0..MESSAGES {
                let frame = Encoder::new(stomp::Command::Message, Version::V1_2)
                    .header("destination", "/topic/a")
                    .header("n", &n.to_string())
                    .body(&vec![0; 64 * 1024]);
                peer.write(&frame).await;
                written.store(n + 1, std::sync::atomic::Ordering::Relaxed);
            }
            peer
        }
    });
    while events.len() < events.max_capacity() {
        tokio::task::yield_now().await;
    }
    // What the channel and the kernel's buffers hold is far from all of it.
    assert!(written.load(std::sync::atomic::Ordering::Relaxed) < MESSAGES);
    for n in 0..MESSAGES {
        let message = next_message(&mut events).await;
        assert_eq!(message.headers.get("n").unwrap().unwrap(), n.to_string());
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn both_sides_may_write_much_at_once() {
    const MESSAGES: usize = 200;
    let broker = Broker::start(None).await;
    let (connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    let mut peer = broker.session().await;
    // Reads nothing until all that it has to say is written, as a simple broker may.
    let serving = tokio::spawn(async move {
        let frame = Encoder::new(stomp::Command::Message, Version::V1_2)
            .header("destination", "/topic/a")
            .body(&vec![0; 64 * 1024]);
        for _ in 0..MESSAGES {
            peer.stream.write_all(&frame).await.unwrap();
        }
        for _ in 0..MESSAGES {
            peer.expect(stomp::Command::Send).await;
        }
    });
    let sending = tokio::spawn(async move {
        for _ in 0..MESSAGES {
            connection
                .send(outgoing(&"x".repeat(64 * 1024)))
                .await
                .unwrap();
        }
        connection
    });
    for _ in 0..MESSAGES {
        next_message(&mut events).await;
    }
    sending.await.unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn our_certificate_refused_is_told_from_everything_else() {
    let (ca, stranger) = (Ca::new("ca"), Ca::new("stranger"));
    let tls = ca.acceptor(&["localhost"], Validity::Now, &stranger);
    let broker = Broker::start(Some(tls)).await;
    let files = ca.client(Validity::Now);
    let settings = broker.settings(Some(files.clone()));
    let (error, served) = tokio::join!(first_round(settings), broker.accept());
    assert!(served.is_err());
    assert_eq!(error.kind(), Kind::Refused);
    let hint = error.hint().unwrap();
    let cert = files.cert.display().to_string();
    assert!(hint.contains(&cert), "{hint}");
    assert_eq!(
        problem(error),
        Problem::Certificate {
            alert: Alert::UnknownAuthority,
            cert
        }
    );
}

/// Nobody is bothered with it: the file itself tells.
#[tokio::test]
async fn our_expired_certificate_is_seen_before_dialling() {
    let ca = Ca::new("ca");
    let broker = Broker::start(Some(ca.acceptor(&["localhost"], Validity::Now, &ca))).await;
    let error = first_round(broker.settings(Some(ca.client(Validity::Past)))).await;
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("expired"), "{error}");
}

#[tokio::test]
async fn sessions_run_over_tls() {
    let ca = Ca::new("ca");
    let broker = Broker::start(Some(ca.acceptor(&["localhost"], Validity::Now, &ca))).await;
    let settings = broker.settings(Some(ca.client(Validity::Now)));
    let (connection, _events) = start(settings, FAIL_FAST);
    let mut peer = broker.session().await;
    connection.connected().await.unwrap();
    connection.send(outgoing("hello")).await.unwrap();
    assert_eq!(body(&peer.expect(stomp::Command::Send).await), "hello");
    let closing = tokio::spawn(connection.close(Duration::from_mins(1)));
    let frame = peer.expect(stomp::Command::Disconnect).await;
    receipt(&mut peer, &frame, "").await;
    closing.await.unwrap();
}

#[tokio::test]
async fn plain_stomp_on_a_tls_port_is_recognised() {
    let ca = Ca::new("ca");
    let broker = Broker::start(Some(ca.acceptor(&["localhost"], Validity::Now, &ca))).await;
    let (error, served) = tokio::join!(first_round(broker.settings(None)), broker.accept());
    assert!(served.is_err());
    assert_eq!(problem(error), Problem::TlsPort);
}

#[tokio::test]
async fn a_refused_login_a_hang_up_and_a_foreign_protocol_are_told_apart() {
    let broker = Broker::start(None).await;
    for (answer, expected) in [
        (
            &b"ERROR\nmessage:bad password\n\n\0"[..],
            Problem::SessionRefused {
                message: "bad password".into(),
            },
        ),
        (b"", Problem::ClosedEarly),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            Problem::Garbage {
                reason: "unknown command \"HTTP/1.1 400 Bad\"".into(),
            },
        ),
    ] {
        let serve = async {
            let mut peer = broker.accept().await.unwrap();
            peer.expect(stomp::Command::Connect).await;
            peer.write(answer).await;
        };
        let (error, ()) = tokio::join!(first_round(broker.settings(None)), serve);
        let seen = problem(error);
        match (&seen, &expected) {
            (Problem::Garbage { .. }, Problem::Garbage { .. }) => {
                assert!(seen.to_string().contains("HTTP/1.1"), "{seen}");
            }
            _ => assert_eq!(seen, expected),
        }
    }
}

#[tokio::test]
async fn a_broker_that_never_answers_connect_is_given_up_in_time() {
    let broker = Broker::start(None).await;
    let mut settings = broker.settings(None);
    settings.connect_timeout = Duration::from_millis(50);
    assert!(matches!(
        problem(first_round(settings).await),
        Problem::Timeout {
            stage: Stage::Session,
            ..
        }
    ));
}

#[tokio::test]
async fn an_empty_pool_is_a_mistake_of_the_configuration() {
    let error = first_round(Settings::default()).await;
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.hint().unwrap().contains("pool.1.host"));
}

#[tokio::test]
async fn a_new_connection_takes_the_place_of_one_that_works() {
    let broker = Broker::start(None).await;
    let (connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    for topic in ["/topic/m.a.agent", "/topic/m.b.agent"] {
        connection.subscribe(topic, None).await.unwrap();
    }
    let mut first = broker.session().await;
    for _ in 0..2 {
        first.expect(stomp::Command::Subscribe).await;
    }
    assert!(connection.renew());
    let mut second = broker.accept().await.unwrap();
    second.expect(stomp::Command::Connect).await;
    // All goes on as long as the new one is not there.
    connection.send(outgoing("before")).await.unwrap();
    assert_eq!(body(&first.expect(stomp::Command::Send).await), "before");
    second
        .write(b"CONNECTED\nversion:1.2\nserver:mcollective/test\n\n\0")
        .await;
    let settle = first.expect(stomp::Command::Ack).await;
    let sending = tokio::spawn({
        let connection = connection.clone();
        async move { connection.send(outgoing("after")).await }
    });
    connection
        .subscribe("/topic/m.c.agent", None)
        .await
        .unwrap();
    first.expect(stomp::Command::Subscribe).await;
    receipt(&mut first, &settle, "").await;
    for topic in ["/topic/m.a.agent", "/topic/m.b.agent", "/topic/m.c.agent"] {
        let frame = second.expect(stomp::Command::Subscribe).await;
        assert_eq!(get(&frame, "destination"), topic);
    }
    // What was sent before the old one ends is not lost.
    first
        .write(
            b"MESSAGE\ndestination:/topic/m.a.agent\n\nlast\0\
              ERROR\nmessage:a newer one\nmc-replaced:yes\n\n\0",
        )
        .await;
    assert_eq!(first.frame().await.map(|frame| frame.command), None);
    assert!(matches!(events.recv().await, Some(Event::Connected(_))));
    assert_eq!(&next_message(&mut events).await.body[..], b"last");
    assert!(matches!(events.recv().await, Some(Event::Connected(_))));
    assert_eq!(body(&second.expect(stomp::Command::Send).await), "after");
    sending.await.unwrap().unwrap();
    second
        .write(b"MESSAGE\ndestination:/topic/m.b.agent\n\nnext\0")
        .await;
    assert_eq!(&next_message(&mut events).await.body[..], b"next");
}

#[tokio::test]
async fn without_a_new_connection_the_old_one_stays() {
    let broker = Broker::start(None).await;
    let (connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    let mut first = broker.session().await;
    connection.connected().await.unwrap();
    assert!(connection.renew());
    let mut second = broker.accept().await.unwrap();
    second.expect(stomp::Command::Connect).await;
    second.write(b"ERROR\nmessage:not you\n\n\0").await;
    assert_eq!(second.frame().await.map(|frame| frame.command), None);
    connection.send(outgoing("a")).await.unwrap();
    assert_eq!(body(&first.expect(stomp::Command::Send).await), "a");
    // A broker of others has nothing to do with it.
    drop(first);
    let mut third = broker.accept().await.unwrap();
    third.expect(stomp::Command::Connect).await;
    third
        .write(b"CONNECTED\nversion:1.1\nserver:ActiveMQ/5\n\n\0")
        .await;
    let mut sessions = 0;
    while sessions < 2 {
        sessions += usize::from(matches!(events.recv().await, Some(Event::Connected(_))));
    }
    assert!(connection.renew());
    connection.send(outgoing("b")).await.unwrap();
    assert_eq!(body(&third.expect(stomp::Command::Send).await), "b");
    connection.close(Duration::ZERO).await;
    assert!(
        third
            .frame()
            .await
            .is_none_or(|frame| frame.command == stomp::Command::Disconnect)
    );
}

#[tokio::test]
async fn our_own_broker_is_asked_for_its_time() {
    let broker = Broker::start(None).await;
    let (connection, mut events) = start(broker.settings(None), Policy::KeepTrying);
    let mut peer = broker.session().await;
    assert!(matches!(events.recv().await, Some(Event::Connected(_))));
    assert!(connection.ask_time());
    let asked = peer.expect(stomp::Command::Ack).await;
    receipt(&mut peer, &asked, "mc-broker-ms:4711\n").await;
    match events.recv().await {
        Some(Event::Time(at)) => assert_eq!((at.session, at.ms), (1, 4711)),
        other => panic!("{other:?}"),
    }
}
