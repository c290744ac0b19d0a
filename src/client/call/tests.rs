//! Calls by a broker that does what each test says.

use super::*;
use crate::{
    connector::testing::{Broker, Peer},
    mcorpc::ddl::builtin,
    security::pki::{Pki, Settings},
    stomp::Command,
    tls::{fixture::Fixture, mint::Role},
};

/// A client and its session at the broker.
async fn connected(broker: &Broker) -> (Client, Peer) {
    let fixture = Fixture::new();
    let pair = fixture.ca.issue(Role::Client, "ann", &[], 30).unwrap();
    let files = fixture.write_pair("ann", &pair);
    let pki = Pki::load_client(Settings {
        identity: Identity::new("ann").unwrap(),
        cert: files.cert,
        key: files.key,
        ca: vec![fixture.path("ca.pem")],
        crl: Vec::new(),
        client_ca: None,
        clients: Vec::new(),
    });
    let (_stop, stopped) = watch::channel(None);
    let client = Client::connect(
        broker.settings(None),
        Identity::new("ann").unwrap(),
        Arc::new(pki.unwrap()),
        Duration::from_mins(1),
        stopped,
    );
    let (client, peer) = tokio::join!(client, broker.session());
    (client.unwrap(), peer)
}

fn everybody(wait: Duration) -> Call {
    Call {
        agent: builtin::rpcutil().name().parse().unwrap(),
        action: "ping".parse().unwrap(),
        data: Map::new(),
        filter: Filter::default(),
        collective: "mcollective".parse().unwrap(),
        addressing: Addressing::Broadcast,
        wait,
        ttl: wait,
        discovery_wait: wait,
        want_reply: true,
        reply_to: None,
    }
}

#[tokio::test]
async fn a_broker_that_is_lost_before_it_tells_who_was_asked_leaves_that_open() {
    let broker = Broker::start(None).await;
    let (mut client, mut peer) = connected(&broker).await;
    let call = everybody(Duration::from_secs(1));
    let mut lost = 0;
    let mut count = |event: Progress<'_>| lost += usize::from(matches!(event, Progress::Lost(_)));
    let calling = client.call(&call, &mut count);
    let ending = async move {
        for command in [Command::Subscribe, Command::Subscribe, Command::Send] {
            peer.expect(command).await;
        }
        drop((peer, broker));
    };
    let (called, ()) = tokio::join!(calling, ending);
    let error = called.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unaccounted {
                why: Some(_),
                in_earnest: true
            }
        ),
        "{error} {error:?}"
    );
    assert!(lost > 0);
    let text = error.to_string();
    assert!(
        text.starts_with("the broker did not tell who was asked: "),
        "{text}"
    );
}

#[tokio::test]
async fn nor_is_it_known_where_the_broker_only_says_nothing() {
    let broker = Broker::start(None).await;
    let (mut client, _peer) = connected(&broker).await;
    let call = everybody(Duration::from_secs(1));
    let called = client.call(&call, &mut |_| {}).await;
    assert!(matches!(called, Err(Error::Unaccounted { why: None, .. })));
}
