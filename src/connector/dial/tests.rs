//! Each way in which a stream does not come about, against small servers on this machine.

use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use super::*;
use crate::connector::{
    error::Kind,
    problem::Distrust,
    testing::{Broker, Ca, Validity, closed_port, server},
};
use crate::tls::Authorities;

const WITHIN: Duration = Duration::from_secs(20);

async fn problem(server: &Server, within: Duration) -> Problem {
    match dial(server, Instant::now() + within, within).await {
        Ok(_) => panic!("connected"),
        Err(problem) => problem,
    }
}

/// What comes of dialling a TLS broker, which serves one handshake meanwhile.
async fn outcome(broker: &Broker, server: &Server) -> Result<Box<dyn Stream>, Problem> {
    let (dialled, _served) = tokio::join!(
        dial(server, Instant::now() + WITHIN, WITHIN),
        broker.accept()
    );
    dialled
}

#[tokio::test]
async fn nobody_there() {
    assert_eq!(
        problem(&server(closed_port().await, None), WITHIN).await,
        Problem::Refused
    );
}

#[tokio::test]
async fn a_name_without_address_is_named() {
    let mut server = server(1, None);
    server.host = "x".repeat(70);
    match problem(&server, WITHIN).await {
        Problem::NoAddress { host, reason } => {
            assert_eq!(host, server.host);
            assert!(!reason.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_address_of_the_name_is_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = listener.local_addr().unwrap();
    let bad = SocketAddr::from(([127, 0, 0, 1], closed_port().await));
    assert_eq!(
        connect_any(vec![bad, good])
            .await
            .unwrap()
            .peer_addr()
            .unwrap(),
        good
    );
    let error = connect_any(vec![bad, bad]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(connect_any(Vec::new()).await.is_err());
}

#[tokio::test]
async fn mutual_tls_comes_about() {
    let ca = Ca::new("ca");
    let broker = Broker::start(Some(ca.acceptor(&["localhost"], Validity::Now, &ca))).await;
    let mut to = server(broker.port(), Some(ca.client(Validity::Now)));
    assert!(outcome(&broker, &to).await.is_ok());
    to.host = "localhost.".into();
    assert!(
        outcome(&broker, &to).await.is_ok(),
        "a full name ends with a dot"
    );
}

#[tokio::test]
async fn an_address_is_verified_as_an_address() {
    let ca = Ca::new("ca");
    let broker = Broker::start(Some(ca.acceptor(&["127.0.0.1"], Validity::Now, &ca))).await;
    let mut to = server(broker.port(), Some(ca.client(Validity::Now)));
    to.host = "127.0.0.1".into();
    assert!(outcome(&broker, &to).await.is_ok());
}

#[tokio::test]
async fn a_brokers_certificate_is_refused_for_its_reason() {
    let [ca, stranger, made_anew] = ["ca", "stranger", "ca"].map(Ca::new);
    let files = ca.client(Validity::Now);
    let Authorities::Files(trusted) = &files.ca else {
        panic!("files");
    };
    let trusted = trusted[0].display().to_string();
    for (issuer, names, validity, expected) in [
        (&ca, &["localhost"][..], Validity::Past, Distrust::Expired),
        (&ca, &["localhost"], Validity::Future, Distrust::NotYetValid),
        (&ca, &[], Validity::Now, Distrust::NoSan),
        (
            &ca,
            &["a.example", "b.example"],
            Validity::Now,
            Distrust::WrongName {
                expected: "localhost".into(),
                presented: vec!["a.example".into(), "b.example".into()],
            },
        ),
        (
            &stranger,
            &["localhost"],
            Validity::Now,
            Distrust::UnknownAuthority { trusted },
        ),
        (
            &made_anew,
            &["localhost"],
            Validity::Now,
            Distrust::OtherAuthority,
        ),
    ] {
        let broker = Broker::start(Some(issuer.acceptor(names, validity, &ca))).await;
        let to = server(broker.port(), Some(files.clone()));
        match outcome(&broker, &to).await {
            Err(problem) => {
                assert_eq!(problem, Problem::Distrust(expected));
                assert_eq!(problem.kind(), Kind::Refused);
            }
            Ok(_) => panic!("trusted in spite of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn our_own_files_are_named_before_anything_is_tried() {
    let ca = Ca::new("ca");
    let files = ca.client(Validity::Now);
    let missing = files.key.with_file_name("missing.pem");
    for broken in [
        Files {
            cert: missing.clone(),
            ..files.clone()
        },
        Files {
            key: missing.clone(),
            ..files.clone()
        },
        Files {
            ca: Authorities::Files(vec![missing.clone()]),
            ..files.clone()
        },
    ] {
        let problem = problem(&server(closed_port().await, Some(broken)), WITHIN).await;
        assert_eq!(problem.kind(), Kind::Config);
        assert!(problem.to_string().contains("missing.pem"), "{problem}");
    }
}

#[tokio::test]
async fn a_host_that_no_certificate_can_name_is_a_mistake_of_ours() {
    let ca = Ca::new("ca");
    let mut to = server(1, Some(ca.client(Validity::Now)));
    to.host = "not a host".into();
    assert!(matches!(
        problem(&to, WITHIN).await,
        Problem::HostName { .. }
    ));
}

#[tokio::test]
async fn a_plain_port_is_recognised() {
    let ca = Ca::new("ca");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = server(
        listener.local_addr().unwrap().port(),
        Some(ca.client(Validity::Now)),
    );
    for (answer, expected) in [
        (&b"ERROR\nmessage:what?\n\n\0"[..], Problem::PlainPort),
        (b"", Problem::ClosedInHandshake),
    ] {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
        };
        let (problem, ()) = tokio::join!(problem(&to, WITHIN), serve);
        assert_eq!(problem, expected);
    }
}

#[tokio::test]
async fn a_silent_handshake_ends_in_time() {
    let ca = Ca::new("ca");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = server(
        listener.local_addr().unwrap().port(),
        Some(ca.client(Validity::Now)),
    );
    let within = Duration::from_millis(50);
    assert_eq!(
        problem(&to, within).await,
        Problem::Timeout {
            stage: Stage::Handshake,
            after: within
        }
    );
}
