//! Every limit of the broker is reached here by real peers over real TLS, while others on the same
//! broker notice nothing, and is counted.

use std::io::{Read as _, Write as _};

use mcollective::config::{BrokerConfig, Limits};

use crate::support::{Bystanders, Peer, Solo};

const REPLY: &str = "/queue/mcollective.reply.peadmin_1.1";

/// A client that awaits replies.
fn client(broker: &Solo) -> Peer {
    let mut client = broker.peer("peadmin");
    client.subscribe(REPLY);
    client
}

/// A node that is meant by directed requests.
fn subscribe_node(node: &mut Peer, name: &str) {
    let selector = format!("selector:mc_identity = '{name}'\n");
    node.subscribe_with("/queue/mcollective.nodes", &selector);
}

#[test]
fn a_frame_that_is_too_large_ends_its_session() {
    let mut broker = Solo::start("limit.frame_size = 2k\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("node1");
    let body = "x".repeat(2048);
    node.publish(REPLY, "", &body);
    node.publish(REPLY, "content-length:2049\n", &body);
    node.is_told("a body of more than 2048 bytes");
    others.exchange();
    // Nor without a length.
    let mut node = broker.peer("node1");
    node.try_send(&format!("SEND\ndestination:{REPLY}\n\n{body}x"))
        .unwrap();
    node.is_told("a body of more than 2048 bytes");
    others.exchange();
    assert_eq!(broker.figure("frames_too_large"), 2);
    // The one that was as large as it may be arrived.
    let mut client = client(&broker);
    assert!(client.frame().ends_with(&body));
}

#[test]
fn too_many_or_too_large_headers_end_their_session() {
    let mut broker = Solo::start("limit.headers = 20\nlimit.header_size = 2k\n");
    let mut others = Bystanders::join(&broker);
    let many = "h:x\n".repeat(20);
    let mut node = broker.peer("node1");
    node.publish(REPLY, &many, "");
    node.is_told("more than 20 headers");
    others.exchange();
    let mut node = broker.peer("node1");
    let large = format!("h:{}\n", "x".repeat(2048));
    node.publish(REPLY, &large, "");
    node.is_told("headers of more than 2048 bytes");
    others.exchange();
    // Also where the head never ends.
    let mut node = broker.peer("node1");
    node.send(&format!("SEND\nh:{}", "x".repeat(4096)));
    node.is_told("headers of more than 2048 bytes");
    others.exchange();
    assert_eq!(broker.figure("headers_too_many"), 1);
    assert_eq!(broker.figure("headers_too_large"), 2);
}

#[test]
fn bytes_that_are_no_stomp_end_their_session() {
    let mut broker = Solo::start("");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("node1");
    node.send("GET / HTTP/1.1\r\n\r\n");
    node.is_told("unknown command");
    // Nor those that are no TLS.
    let mut stream = broker.dial();
    stream.write_all(b"CONNECT\n\n\0").unwrap();
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest));
    others.exchange();
    assert_eq!(broker.figure("malformed"), 1);
    assert_eq!(broker.figure("handshakes_failed"), 1);
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let mut broker = Solo::start("limit.connections = 4\n");
    let mut others = Bystanders::join(&broker);
    let _node = broker.peer("node1");
    let mut last = broker.peer("node2");
    assert!(broker.quiet("node3").shake_hands().is_err());
    others.exchange();
    broker.daemon.wait_for("limit.connections is reached");
    assert_eq!(broker.figure("refused_connections"), 1);
    assert_eq!(broker.figure("connections"), 4);
    // Whoever goes makes room.
    last.send("DISCONNECT\n\n\0");
    assert_eq!(last.last_frame(), None);
    drop(last);
    while broker.figure("connections") > 3 {}
    broker.peer("node3");
    others.exchange();
}

#[test]
fn connections_of_one_address_are_limited() {
    let mut broker = Solo::start("limit.connections_per_address = 3\n");
    let mut others = Bystanders::join(&broker);
    let _node = broker.peer("node1");
    assert!(broker.quiet("node2").shake_hands().is_err());
    others.exchange();
    broker
        .daemon
        .wait_for("limit.connections_per_address is reached");
    assert_eq!(broker.figure("refused_per_address"), 1);
}

#[test]
fn connections_of_one_node_are_limited() {
    let mut broker = Solo::start("limit.connections_per_node = 2\n");
    let mut others = Bystanders::join(&broker);
    let _first = broker.peer("node1");
    let _second = broker.peer("node1");
    let mut third = broker.quiet("node1");
    third.send("CONNECT\n\n\0");
    third.is_told("a node may have at most 2 connections");
    others.exchange();
    assert_eq!(broker.figure("refused_per_node"), 1);
    // A client may have more: each call of an operator is one.
    let _clients: Vec<_> = (0..4).map(|_| broker.peer("peadmin")).collect();
    broker.peer("node2");
}

#[test]
fn handshakes_wait_for_their_turn_and_dawdlers_do_not_keep_them_waiting() {
    let mut broker = Solo::start("limit.handshakes = 8\nlimit.handshake_timeout = 12s\n");
    let mut others = Bystanders::join(&broker);
    // One address has two turns.
    // A whole record of TLS, and never more: the start of a ClientHello.
    let dawdlers: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = broker.dial();
            stream.write_all(&[22, 3, 1, 0, 4, 1, 0, 0, 200]).unwrap();
            stream
        })
        .collect();
    // As soon as both have taken up their turns, the next one waits, and gets in all the same.
    while broker.figure("handshakes_cut") == 0 {
        broker.peer("node1");
        others.exchange();
    }
    assert!(broker.figure("handshakes_queued") >= 1);
    assert_eq!(broker.figure("handshakes_late"), 0);
    // One place was enough: the other dawdler may go on for as long as it would have had anyway.
    for mut stream in dawdlers {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
    }
    others.exchange();
}

#[test]
fn who_says_nothing_or_half_a_word_takes_no_turn() {
    let mut broker = Solo::start("limit.handshakes = 1\n");
    let mut others = Bystanders::join(&broker);
    let idle: Vec<_> = [&[][..], &[22], &[22, 3, 1, 2, 0], &[22, 3, 1, 2, 0, 1, 0]]
        .into_iter()
        .flat_map(|start| {
            (0..5).map(|_| {
                let mut stream = broker.dial();
                stream.write_all(start).unwrap();
                stream
            })
        })
        .collect();
    for _ in 0..3 {
        broker.peer("node1");
        others.exchange();
    }
    for figure in ["handshakes_queued", "handshakes_cut", "handshakes_late"] {
        assert_eq!(broker.figure(figure), 0, "{figure}");
    }
    drop(idle);
}

#[test]
fn a_handshake_or_a_connect_that_never_comes_ends_a_connection() {
    let mut broker = Solo::start("limit.handshake_timeout = 3s\nlimit.connect_timeout = 3500ms\n");
    let mut others = Bystanders::join(&broker);
    let mut silent = broker.dial();
    let mut quiet = broker.quiet("node1");
    quiet.shake_hands().unwrap();
    others.exchange();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    quiet.is_told("no CONNECT frame came in time");
    others.exchange();
    assert_eq!(broker.figure("handshakes_late"), 1);
    assert_eq!(broker.figure("connects_late"), 1);
}

#[test]
fn subscriptions_of_one_connection_are_limited() {
    let mut broker = Solo::start("limit.subscriptions = 3\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("node1");
    for agent in ["a", "b", "c"] {
        node.subscribe(&format!("/topic/mcollective.{agent}.agent"));
    }
    // The same again is one.
    node.subscribe("/topic/mcollective.c.agent");
    node.send("SUBSCRIBE\nid:4\ndestination:/topic/mcollective.d.agent\n\n\0");
    node.is_told("at most 3 subscriptions");
    others.exchange();
    assert_eq!(broker.figure("refused_subscriptions"), 1);
}

#[test]
fn a_node_that_does_not_read_is_cut() {
    let mut broker = Solo::start("limit.queued_bytes = 128k\nlimit.frame_size = 64k\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.narrow("node1");
    subscribe_node(&mut node, "node1");
    let mut client = broker.peer("peadmin");
    let body = "x".repeat(60_000);
    let mut send = || client.deliver("/queue/mcollective.nodes", "mc_identity:node1\n", &body);
    assert_eq!(send(), 1);
    // What the kernels hold comes on top of the limit.
    let cut_after = (1..1000).find(|_| send() == 0);
    assert!(cut_after.is_some());
    others.exchange();
    broker.daemon.wait_for("took its messages too slowly");
    assert_eq!(broker.figure("slow_cut"), 1);
    while node.try_frame().unwrap().is_some() {}
    others.exchange();
}

#[test]
fn a_node_that_does_not_read_may_lose_its_oldest_messages_instead() {
    let mut broker = Solo::start(
        "limit.slow_consumer = drop_oldest\nlimit.queued_bytes = 128k\nlimit.frame_size = 64k\n",
    );
    let mut others = Bystanders::join(&broker);
    let mut node = broker.narrow("node1");
    subscribe_node(&mut node, "node1");
    let mut client = broker.peer("peadmin");
    let body = "x".repeat(60_000);
    let mut sent = 0;
    while broker.figure("slow_dropped") < 5 {
        for _ in 0..20 {
            let to = format!("mc_identity:node1\nn:{sent}\n");
            assert_eq!(client.deliver("/queue/mcollective.nodes", &to, &body), 1);
            sent += 1;
        }
        others.exchange();
    }
    // The newest is there, in its place, and what is missing was counted.
    let mut numbers = Vec::new();
    while numbers.last() != Some(&(sent - 1)) {
        let frame = node.frame();
        let (_, number) = frame.split_once("\nn:").unwrap();
        numbers.push(number.lines().next().unwrap().parse::<u64>().unwrap());
    }
    assert!(numbers.is_sorted());
    let missing = sent - numbers.len() as u64;
    assert_eq!(broker.figure("slow_dropped"), missing);
    assert_eq!(broker.figure("slow_cut"), 0);
}

#[test]
fn a_client_that_reads_slowly_loses_nothing_and_is_not_cut() {
    let mut broker = Solo::start(
        "limit.queued_bytes = 64k\nlimit.frame_size = 64k\nlimit.queue_messages = 10\n\
         limit.stall_timeout = 50s\n",
    );
    let mut others = Bystanders::join(&broker);
    let mut client = broker.narrow("peadmin");
    client.subscribe(REPLY);
    let mut node = broker.peer("node1");
    let sender = std::thread::spawn(move || {
        let body = "x".repeat(60_000);
        for n in 0..300 {
            node.publish(REPLY, &format!("n:{n}\n"), &body);
        }
        node
    });
    // The senders are held up before the client has read anything.
    while broker.figure("stalled") == 0 {
        others.exchange();
    }
    for n in 0..300 {
        let frame = client.frame();
        assert!(frame.contains(&format!("\nn:{n}\n")), "{n}");
    }
    let _node = sender.join().unwrap();
    others.exchange();
    let figures = broker.figures();
    assert!(figures["slow_waits"] > 0);
    for name in ["slow_cut", "dropped_stalled", "dropped_queue_messages"] {
        assert_eq!(figures[name], 0, "{name}");
    }
}

#[test]
fn a_client_that_stopped_reading_holds_up_its_senders_only_so_long() {
    let mut broker = Solo::start(
        "limit.queued_bytes = 64k\nlimit.frame_size = 64k\nlimit.queue_messages = 10\n\
         limit.stall_timeout = 300ms\n",
    );
    let mut others = Bystanders::join(&broker);
    let mut client = broker.narrow("peadmin");
    client.subscribe(REPLY);
    let mut node = broker.peer("node1");
    let body = "x".repeat(60_000);
    let mut sent = 0;
    while broker.figure("dropped_queue_messages") < 20 {
        node.deliver(REPLY, &format!("n:{sent}\n"), &body);
        sent += 1;
        others.exchange();
    }
    let figures = broker.figures();
    let dropped = figures["dropped_queue_messages"] + figures["dropped_stalled"];
    // What was not dropped is still there for it, in order.
    let mut last = None;
    for _ in 0..sent - dropped {
        let frame = client.frame();
        let (_, number) = frame.split_once("\nn:").unwrap();
        let number: u64 = number.lines().next().unwrap().parse().unwrap();
        assert!(last < Some(number));
        last = Some(number);
    }
    assert_eq!(broker.figure("slow_cut"), 0);
}

#[test]
fn a_node_that_takes_nothing_for_long_is_gone() {
    let mut broker = Solo::start("limit.write_timeout = 500ms\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.narrow("node1");
    subscribe_node(&mut node, "node1");
    let mut client = broker.peer("peadmin");
    let body = "x".repeat(1 << 20);
    let mut send = || client.deliver("/queue/mcollective.nodes", "mc_identity:node1\n", &body);
    // More than the kernels take, and less than would be too much.
    for _ in 0..12 {
        send();
    }
    while broker.figure("write_timeouts") == 0 {
        others.exchange();
    }
    assert_eq!(broker.figure("slow_cut"), 0);
    while node.try_frame().unwrap().is_some() {}
}

#[test]
fn large_bodies_share_a_budget_and_small_ones_need_none() {
    let mut broker = Solo::start(
        "limit.frame_size = 1M\nlimit.receiving_bytes = 1M\nlimit.body_timeout = 40s\n",
    );
    let mut others = Bystanders::join(&broker);
    let body = "x".repeat(1_000_000);
    let (start, rest) = body.split_at(500_000);
    let head = format!("SEND\ndestination:{REPLY}\ncontent-length:1000000\n");
    let mut first = broker.peer("node1");
    first.send(&format!("{head}\n{start}"));
    let mut second = broker.peer("node2");
    second.send(&format!("{head}from:second\n\n{start}"));
    while broker.figure("bodies_delayed") == 0 {
        others.exchange();
    }
    let mut client = client(&broker);
    first.send(&format!("{rest}\0"));
    assert!(!client.frame().contains("from:second"));
    second.send(&format!("{rest}\0"));
    assert!(client.frame().contains("from:second"));
    others.exchange();
}

#[test]
fn a_large_body_that_never_ends_gives_its_share_back() {
    let mut broker =
        Solo::start("limit.frame_size = 1M\nlimit.receiving_bytes = 1M\nlimit.body_timeout = 4s\n");
    let mut others = Bystanders::join(&broker);
    let body = "x".repeat(1_000_000);
    let head = format!("SEND\ndestination:{REPLY}\ncontent-length:1000000\n\n");
    let mut first = broker.peer("node1");
    first.send(&format!("{head}{}", &body[..500_000]));
    while broker.figure("frames") == 0 {}
    let mut second = broker.peer("node2");
    second.send(&format!("{head}{}", &body[..500_000]));
    others.exchange();
    first.is_told("a large body took too long");
    second.send(&format!("{}\0", &body[500_000..]));
    assert!(client(&broker).frame().ends_with(&body));
    others.exchange();
    assert_eq!(broker.figure("bodies_late"), 1);
}

#[test]
fn a_queue_holds_so_many_messages() {
    let mut broker = Solo::start("limit.queue_messages = 5\n");
    let mut others = Bystanders::join(&broker);
    let mut node = broker.peer("node1");
    for n in 0..7 {
        assert_eq!(node.deliver(REPLY, "", &format!("n{n}")), 0);
    }
    others.exchange();
    assert_eq!(broker.figure("dropped_queue_messages"), 2);
    let mut client = client(&broker);
    for n in 0..5 {
        assert!(client.frame().ends_with(&format!("\n\nn{n}")));
    }
    // There is room again.
    assert_eq!(node.deliver(REPLY, "", "after"), 1);
    assert!(client.frame().ends_with("after"));
}

#[test]
fn a_queue_a_node_and_all_queues_hold_so_many_bytes() {
    let limits = "limit.frame_size = 4k\n";
    let body = "x".repeat(1000);
    for (more, counter) in [
        (
            "limit.queue_bytes = 10k\nlimit.node_bytes = 1M\nlimit.total_bytes = 2M\n",
            "dropped_queue_bytes",
        ),
        (
            "limit.queue_bytes = 1M\nlimit.node_bytes = 10k\nlimit.total_bytes = 2M\n",
            "dropped_node_bytes",
        ),
        (
            "limit.queue_bytes = 1M\nlimit.node_bytes = 10k\nlimit.total_bytes = 10k\n",
            "dropped_total_bytes",
        ),
    ] {
        let mut broker = Solo::start(&format!("{limits}{more}"));
        let mut others = Bystanders::join(&broker);
        // Nobody's share alone reaches what there is for all.
        let mut nodes = [broker.peer("node1"), broker.peer("node2")];
        let senders = if counter == "dropped_total_bytes" {
            2
        } else {
            1
        };
        let mut sent = 0;
        while broker.figure(counter) == 0 {
            for node in &mut nodes[..senders] {
                sent += 1;
                assert!(sent < 30, "{counter} is not reached");
                node.deliver(REPLY, "", &body);
            }
            others.exchange();
        }
        assert!(sent > 8, "{counter} after {sent}");
        let figures = broker.figures();
        assert!(figures["held_bytes"] <= 10 * 1024);
        let kept = figures["held"];
        let mut client = client(&broker);
        for _ in 0..kept {
            assert!(client.frame().ends_with(&body));
        }
        assert_eq!(broker.figure("held_bytes"), 0);
        others.exchange();
    }
}

#[test]
fn there_are_only_so_many_queues() {
    // The bystanders have one for the node and one for the client.
    let mut broker = Solo::start("limit.queues = 4\n");
    let mut others = Bystanders::join(&broker);
    let mut client = broker.peer("peadmin");
    for n in 0..5 {
        let to = format!("mc_identity:absent{n}\n");
        client.deliver("/queue/mcollective.nodes", &to, "hello");
    }
    others.exchange();
    broker.daemon.wait_for(
        "dropped: a message of peadmin to /queue/mcollective.nodes, as limit.queues is reached",
    );
    assert_eq!(broker.figure("dropped_queues"), 3);
    assert_eq!(broker.figure("queues"), 4);
    // Who comes for what waits gets it.
    let mut node = broker.peer("absent1");
    subscribe_node(&mut node, "absent1");
    assert!(node.frame().ends_with("hello"));
}

#[test]
fn the_table_of_limits_in_the_readme_is_true() {
    let readme = include_str!("../../README.md");
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| `limit."))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let settings: Vec<String> = rows
        .iter()
        .map(|row| format!("{} = {}\n", row[1], row[3]).replace('`', ""))
        .collect();
    let settings = settings.concat();
    // Read as a file, the table says the defaults.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("broker.cfg");
    let rest = "listen = none\nplain_listen = 127.0.0.1:0\nclients = peadmin\n";
    std::fs::write(&file, format!("{rest}{settings}")).unwrap();
    let config = BrokerConfig::load(&file).unwrap();
    assert_eq!(config.limits, Limits::default());
    // It has all of them.
    let all = format!("{:#?}", Limits::default());
    for field in all.lines().filter_map(|line| line.split_once(": ")) {
        let row = format!("limit.{} = ", field.0.trim());
        assert!(settings.contains(&row), "no {row}");
    }
    assert_eq!(rows.len(), all.matches(": ").count());
    // And names counters that there are.
    let mut broker = Solo::start("");
    let figures = broker.figures();
    for row in &rows {
        for counter in row[5].split(", ").filter(|name| !name.is_empty()) {
            let counter = counter.trim_matches('`');
            assert!(figures.contains_key(counter), "{counter:?}");
        }
    }
}
