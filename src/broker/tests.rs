//! A broker on a plain port, from outside.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};

use super::*;
use crate::broker::settings::{Limits, Listen};

fn plain() -> Settings {
    Settings {
        listen: vec![Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            tls: None,
        }],
        ..Settings::default()
    }
}

async fn dial(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Reads up to the end, and gives it as text.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn stopping_tells_every_peer() {
    let broker = Broker::bind(plain()).unwrap();
    let address = broker.local_addrs()[0];
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(broker.run(stopped));
    let mut peer = dial(address).await;
    peer.write_all(b"CONNECT\n\n\0").await.unwrap();
    let mut first = [0; 9];
    peer.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"CONNECTED");
    stop.send(()).unwrap();
    let text = rest(peer).await;
    assert!(
        text.contains("message:the broker is shutting down\nmc-stopping:yes\n"),
        "{text}"
    );
    running.await.unwrap();
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let first = Broker::bind(plain()).unwrap();
    let mut settings = plain();
    settings.listen[0].address = first.local_addrs()[0];
    let error = Broker::bind(settings).unwrap_err().to_string();
    assert!(
        error.contains(&first.local_addrs()[0].to_string()),
        "{error}"
    );
    assert!(matches!(
        Broker::bind(Settings::default()),
        Err(Error::NoAddress)
    ));
}

#[tokio::test]
async fn no_more_come_in_than_there_is_room_for() {
    let mut settings = plain();
    settings.limits = Limits {
        connections_per_address: 1,
        ..Limits::default()
    };
    let broker = Broker::bind(settings).unwrap();
    let address = broker.local_addrs()[0];
    let metrics = broker.metrics();
    let running = tokio::spawn(broker.run(std::future::pending::<()>()));
    let mut first = dial(address).await;
    first.write_all(b"CONNECT\n\n\0").await.unwrap();
    first.read_u8().await.unwrap();
    assert_eq!(rest(dial(address).await).await, "");
    assert_eq!(metrics.refused_per_address.value(), 1);
    first.write_all(b"DISCONNECT\n\n\0").await.unwrap();
    rest(first).await;
    while metrics.connections.value() > 0 {
        tokio::task::yield_now().await;
    }
    let mut next = dial(address).await;
    next.write_all(b"CONNECT\n\n\0").await.unwrap();
    next.read_u8().await.unwrap();
    running.abort();
}
