//! A connection over an in-memory stream.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::broker::settings::{Limits, Settings, Times};

/// A peer at the other end of a pipe.
struct Remote {
    stream: DuplexStream,
    buffer: Vec<u8>,
}

fn hub(settings: Settings) -> Arc<Hub> {
    Arc::new(Hub::new(settings))
}

impl Remote {
    fn new(hub: &Arc<Hub>, pipe: usize) -> Self {
        let (ours, theirs) = duplex(pipe);
        let from = "192.0.2.1:9".parse().unwrap();
        tokio::spawn(serve(ours, Arc::clone(hub), Arrival::plain(from)));
        Self {
            stream: theirs,
            buffer: Vec::new(),
        }
    }

    async fn connected(hub: &Arc<Hub>, headers: &str) -> Self {
        let mut remote = Self::new(hub, 64 * 1024);
        remote
            .send(&format!("CONNECT\nlogin:x\n{headers}\n\0"))
            .await;
        let welcome = remote.frame().await.unwrap();
        assert!(welcome.starts_with("CONNECTED\n"), "{welcome}");
        remote
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Up to the next NUL; `None` at the end. Line ends between frames are dropped.
    async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some(end) = memchr::memchr(0, &self.buffer) {
                let frame: Vec<u8> = self.buffer.drain(..=end).collect();
                let text = String::from_utf8(frame).unwrap();
                return Some(text.trim_start_matches('\n').to_owned());
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return None;
            }
        }
    }
}

#[tokio::test]
async fn a_request_goes_out_and_a_reply_comes_back_byte_by_byte() {
    let hub = hub(Settings::default());
    let mut client = Remote::connected(&hub, "accept-version:1.1\n").await;
    let mut node = Remote::new(&hub, 1);
    let hello = "CONNECT\nlogin:n\n\n\0\nSUBSCRIBE\ndestination:/topic/m.a.agent\nreceipt:s\n\n\0";
    for byte in hello.bytes() {
        node.send(char::from(byte).to_string().as_str()).await;
    }
    assert!(node.frame().await.unwrap().starts_with("CONNECTED"));
    assert_eq!(node.frame().await.unwrap(), "RECEIPT\nreceipt-id:s\n\n\0");
    client
        .send(
            "SUBSCRIBE\nid:r\ndestination:/queue/m.reply.c_1.1\n\n\0\
             SEND\ndestination:/topic/m.a.agent\nreceipt:1\nreply-to:/queue/m.reply.c_1.1\n\
             content-length:3\n\na\u{1}b\0",
        )
        .await;
    let receipt = client.frame().await.unwrap();
    assert_eq!(receipt, "RECEIPT\nreceipt-id:1\ndeliveries:1\n\n\0");
    let request = node.frame().await.unwrap();
    assert!(request.contains("\nreply-to:/queue/m.reply.c_1.1\n\na\u{1}b\0"));
    assert!(!request.contains("receipt"));
    node.send("SEND\ndestination:/queue/m.reply.c_1.1\n\npong\0")
        .await;
    let reply = client.frame().await.unwrap();
    assert!(reply.starts_with("MESSAGE\nsubscription:r\n"), "{reply}");
    assert!(reply.ends_with("\n\npong\0"), "{reply}");
    client.send("DISCONNECT\nreceipt:bye\n\n\0").await;
    assert_eq!(
        client.frame().await.unwrap(),
        "RECEIPT\nreceipt-id:bye\n\n\0"
    );
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn an_error_is_the_last_that_a_peer_hears() {
    let hub = hub(Settings::default());
    for garbage in ["GET / HTTP/1.1\r\n", "SEND\nno colon\n\n\0"] {
        let mut peer = Remote::connected(&hub, "").await;
        peer.send(garbage).await;
        let error = peer.frame().await.unwrap();
        assert!(error.starts_with("ERROR\n"), "{error}");
        // What is still on its way is taken, so that the error is not lost.
        peer.send(garbage).await;
        assert_eq!(peer.frame().await, None);
    }
    let mut stranger = Remote::new(&hub, 100);
    stranger.send("CONNECT\ncontent-length:1000000\n\n").await;
    let error = stranger.frame().await.unwrap();
    assert!(error.contains("a body of more than 65536 bytes"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session_with_heart_beats_and_none_without() {
    let hub = hub(Settings::default());
    let mut quiet = Remote::connected(&hub, "accept-version:1.1\n").await;
    let mut dead = Remote::connected(&hub, "accept-version:1.1\nheart-beat:20000,10000\n").await;
    let start = tokio::time::Instant::now();
    let error = dead.frame().await.unwrap();
    assert!(error.contains("nothing came for twice"), "{error}");
    let after = start.elapsed().as_secs();
    assert!((40..=41).contains(&after), "{after}");
    assert_eq!(hub.metrics.dead.value(), 1);
    quiet.send("DISCONNECT\nreceipt:1\n\n\0").await;
    assert!(quiet.frame().await.unwrap().starts_with("RECEIPT"));
}

#[tokio::test(start_paused = true)]
async fn line_ends_are_sent_in_time() {
    let hub = hub(Settings::default());
    let mut peer = Remote::connected(&hub, "accept-version:1.1\nheart-beat:0,2000\n").await;
    let start = tokio::time::Instant::now();
    for n in 1..5 {
        assert_eq!(peer.stream.read_u8().await.unwrap(), b'\n');
        let after = start.elapsed().as_millis();
        assert!((n * 2000..=n * 2000 + 50).contains(&after), "{after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_connects_is_cut() {
    let hub = hub(Settings::default());
    let mut peer = Remote::new(&hub, 100);
    let start = tokio::time::Instant::now();
    assert!(peer.frame().await.unwrap().starts_with("ERROR"));
    assert!(start.elapsed() <= Duration::from_secs(46));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_takes_nothing_is_cut_and_leaves_no_trace() {
    let hub = hub(Settings {
        limits: Limits {
            queued_bytes: 10_000,
            ..Limits::default()
        },
        ..Settings::default()
    });
    let mut client = Remote::connected(&hub, "").await;
    let mut node = Remote::new(&hub, 2000);
    node.send("CONNECT\n\n\0SUBSCRIBE\ndestination:/topic/m.a.agent\nreceipt:1\n\n\0")
        .await;
    node.frame().await.unwrap();
    node.frame().await.unwrap();
    let body = "x".repeat(1000);
    let mut deliveries = Vec::new();
    for _ in 0..20 {
        client
            .send(&format!(
                "SEND\ndestination:/topic/m.a.agent\nreceipt:1\n\n{body}\0"
            ))
            .await;
        deliveries.push(client.frame().await.unwrap().contains("deliveries:1"));
    }
    assert!(deliveries[0]);
    assert!(!deliveries[19]);
    assert_eq!(hub.metrics.slow_cut.value(), 1);
    while node.frame().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn replies_wait_for_a_slow_client_and_none_is_lost() {
    let hub = hub(Settings {
        limits: Limits {
            queued_bytes: 4000,
            queue_messages: 3,
            ..Limits::default()
        },
        ..Settings::default()
    });
    let mut client = Remote::new(&hub, 500);
    client
        .send("CONNECT\n\n\0SUBSCRIBE\ndestination:/queue/m.reply.c_1.1\nreceipt:1\n\n\0")
        .await;
    client.frame().await.unwrap();
    client.frame().await.unwrap();
    let mut node = Remote::connected(&hub, "").await;
    let sender = tokio::spawn(async move {
        for n in 0..100 {
            let body = "x".repeat(500);
            node.send(&format!(
                "SEND\ndestination:/queue/m.reply.c_1.1\nn:{n};\nreceipt:{n}\n\n{body}\0"
            ))
            .await;
        }
        for n in 0..100 {
            let receipt = node.frame().await.unwrap();
            assert!(receipt.contains(&format!("receipt-id:{n}\n")), "{receipt}");
        }
    });
    for n in 0..100 {
        let reply = client.frame().await.unwrap();
        assert!(reply.contains(&format!("\nn:{n};\n")), "{n}: {reply}");
    }
    sender.await.unwrap();
    assert_eq!(hub.metrics.dropped_queue_messages.value(), 0);
    assert_eq!(hub.metrics.dropped_stalled.value(), 0);
    assert!(hub.metrics.slow_waits.value() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stopped_reading_delays_a_node_once_and_briefly() {
    let hub = hub(Settings {
        limits: Limits {
            queued_bytes: 1000,
            queue_messages: 3,
            ..Limits::default()
        },
        times: Times {
            client_write: Duration::from_hours(1),
            ..Times::default()
        },
        ..Settings::default()
    });
    let mut client = Remote::new(&hub, 500);
    client
        .send("CONNECT\n\n\0SUBSCRIBE\ndestination:/queue/m.reply.c_1.1\nreceipt:1\n\n\0")
        .await;
    client.frame().await.unwrap();
    client.frame().await.unwrap();
    let mut node = Remote::connected(&hub, "").await;
    let start = tokio::time::Instant::now();
    for n in 0..50 {
        let body = "x".repeat(500);
        node.send(&format!(
            "SEND\ndestination:/queue/m.reply.c_1.1\nreceipt:{n}\n\n{body}\0"
        ))
        .await;
        node.frame().await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(6));
    let dropped = &hub.metrics.dropped_queue_messages;
    assert!(hub.metrics.dropped_stalled.value() + dropped.value() > 30);
    drop(client);
}

#[tokio::test]
async fn large_bodies_share_a_budget() {
    let hub = hub(Settings {
        limits: Limits {
            receiving_bytes: 1,
            ..Limits::default()
        },
        ..Settings::default()
    });
    let body = "x".repeat(300_000);
    let send = format!("SEND\ndestination:/topic/a\nreceipt:1\ncontent-length:300000\n\n{body}\0");
    let mut first = Remote::connected(&hub, "").await;
    let mut second = Remote::connected(&hub, "").await;
    let (start, end) = send.split_at(150_000);
    first.send(start).await;
    second.send(&send[..30_000]).await;
    first.send(end).await;
    assert!(first.frame().await.unwrap().starts_with("RECEIPT"));
    second.send(&send[30_000..]).await;
    assert!(second.frame().await.unwrap().starts_with("RECEIPT"));
}

#[tokio::test]
async fn presence_is_answered_to_the_reply_address() {
    let hub = hub(Settings::default());
    let mut node = Remote::connected(&hub, "mc-security:pki\n").await;
    node.send(
        "SUBSCRIBE\ndestination:/queue/m.nodes\nselector:mc_identity = 'web1'\n\n\0\
         SUBSCRIBE\ndestination:/topic/m.rpcutil.agent\nreceipt:1\n\n\0",
    )
    .await;
    node.frame().await.unwrap();
    let mut client = Remote::connected(&hub, "").await;
    client
        .send(
            "SUBSCRIBE\ndestination:/queue/m.reply.c_1.1\n\n\0\
             SEND\ndestination:/broker/presence\nreply-to:/queue/m.reply.c_1.1\n\n\0\
             SEND\ndestination:/broker/presence\nreply-to:/queue/m.reply.c_1.1\n\
             collective:other\nreceipt:1\n\n\0",
        )
        .await;
    let answer = client.frame().await.unwrap();
    assert!(answer.contains("content-type:application/json\n"));
    assert!(
        answer.contains(
            "\"nodes\":[{\"identity\":\"web1\",\"agents\":[\"rpcutil\"],\"collectives\":[\"m\"]"
        ),
        "{answer}"
    );
    assert!(answer.contains("\"pki\":true"));
    assert!(client.frame().await.unwrap().contains("\"nodes\":[]"));
    assert_eq!(
        client.frame().await.unwrap(),
        "RECEIPT\nreceipt-id:1\ndeliveries:1\n\n\0"
    );
}

#[tokio::test]
async fn a_request_can_ask_whom_it_was_given_to() {
    let hub = hub(Settings::default());
    let join = "SUBSCRIBE\ndestination:/queue/m.nodes\nselector:mc_identity = 'web1'\n\n\0\
                SUBSCRIBE\ndestination:/topic/m.rpcutil.agent\nreceipt:1\n\n\0";
    let mut early = Remote::connected(&hub, "").await;
    early.send(join).await;
    early.frame().await.unwrap();
    let mut client = Remote::connected(&hub, "").await;
    client
        .send(
            "SUBSCRIBE\ndestination:/queue/m.reply.c_1.1\n\n\0\
             SEND\ndestination:/topic/m.rpcutil.agent\nmc-presence-to:/queue/m.reply.c_1.1\n\
             receipt:1\n\n\0",
        )
        .await;
    let list = client.frame().await.unwrap();
    assert!(client.frame().await.unwrap().contains("deliveries:1"));
    let mut late = Remote::connected(&hub, "").await;
    late.send(&join.replace("web1", "web2")).await;
    late.frame().await.unwrap();
    assert!(
        list.contains("\"web1\"") && !list.contains("\"web2\""),
        "{list}"
    );
    let request = early.frame().await.unwrap();
    assert!(!request.contains("mc-presence-to"), "{request}");
}

#[tokio::test]
async fn figures_are_answered_to_the_reply_address() {
    let hub = hub(Settings::default());
    let mut client = Remote::connected(&hub, "").await;
    client
        .send(
            "SUBSCRIBE\ndestination:/queue/m.reply.c_1.1\n\n\0\
             SEND\ndestination:/broker/metrics\nreply-to:/queue/m.reply.c_1.1\n\n\0",
        )
        .await;
    let answer = client.frame().await.unwrap();
    assert!(answer.contains("content-type:application/json\n"));
    assert!(answer.contains("\"sessions\":1,"), "{answer}");
    assert!(answer.contains("\"queues\":1,"), "{answer}");
}

#[tokio::test]
async fn a_connection_that_is_dropped_leaves_the_tables() {
    let hub = hub(Settings::default());
    let mut node = Remote::connected(&hub, "").await;
    node.send("SUBSCRIBE\ndestination:/topic/m.a.agent\nreceipt:1\n\n\0")
        .await;
    node.frame().await.unwrap();
    drop(node);
    while !hub.router().is_empty() {
        tokio::task::yield_now().await;
    }
}
