//! Bytes and frames without sense or end, from somebody with a certificate. What is more than the limits
//! allow is for `limits` to show; here is what no limit counts.

use std::io::{Read as _, Write as _};

use nix::sys::signal::Signal;
use rustls::ClientConnection;

use crate::support::{Bystanders, Peer, Solo};

#[test]
fn a_storm_of_nuls_ends_its_own_session_and_nothing_else() {
    let broker = Solo::start("");
    let mut bystanders = Bystanders::join(&broker);
    for connected in [false, true] {
        let mut peer = if connected {
            broker.peer("mallory")
        } else {
            broker.quiet("mallory")
        };
        // The broker hangs up long before all of it is out.
        let storm = "\0".repeat(64 * 1024);
        while peer.try_send(&storm).is_ok() {}
        bystanders.exchange();
    }
    // Line ends are heart-beats, and cost nobody anything.
    let mut peer = broker.peer("mallory");
    peer.send(&"\n".repeat(1 << 20));
    peer.subscribe("/topic/mcollective.rpcutil.agent");
    bystanders.exchange();
}

/// Bytes that come one by one gain no time, and a length that is only claimed takes no memory.
#[test]
fn a_frame_that_drips_in_or_claims_to_be_endless_is_not_waited_for() {
    let mut broker = Solo::start("limit.connect_timeout = 3s\n");
    let mut bystanders = Bystanders::join(&broker);
    let mut peer = broker.quiet("mallory");
    peer.send("CONNECT\n");
    while peer.try_send("x").is_ok() {
        bystanders.exchange();
    }
    assert_eq!(broker.figure("connects_late"), 1);
    for length in ["1073741824", "18446744073709551616"] {
        let mut peer = broker.peer("mallory");
        peer.send(&format!(
            "SEND\ndestination:/queue/mcollective.reply.peadmin_1.1\ncontent-length:{length}\n\nx"
        ));
        peer.is_told("a body of more than");
        bystanders.exchange();
    }
    assert_eq!(broker.figure("frames_too_large"), 2);
}

/// An escaped line end in a header stays one header, also towards a peer of STOMP 1.0, which knows no
/// escapes.
#[test]
fn a_header_can_not_smuggle_another() {
    let broker = Solo::start("");
    for version in ["", "accept-version:1.1\n", "accept-version:1.2\n"] {
        let mut client = broker.quiet("peadmin");
        client.send(&format!("CONNECT\n{version}\n\0"));
        assert!(client.frame().starts_with("CONNECTED\n"));
        let reply = "/queue/mcollective.reply.peadmin_1.1";
        client.subscribe(reply);
        let mut node = broker.peer("node1");
        node.publish(reply, "x:a\\nmc_sender\\cnode2\\n\\nbody\n", "true body");
        node.publish(reply, "", "marker");
        let frame = client.frame();
        assert!(!frame.contains("\nmc_sender"), "{version:?} {frame:?}");
        assert!(frame.ends_with("\n\ntrue body"), "{version:?} {frame:?}");
        assert!(client.frame().ends_with("\n\nmarker"));
    }
}

/// A reply address is a queue like any other, to which no node can add without bound.
#[test]
fn replies_of_one_node_do_not_crowd_out_those_of_others() {
    let mut broker = Solo::start("limit.frame_size = 1M\nlimit.node_bytes = 2M\n");
    let mut client = broker.peer("peadmin");
    let reply = "/queue/mcollective.reply.peadmin_1.1";
    client.subscribe(reply);
    let mut bystanders = Bystanders::join(&broker);
    let mut mallory = broker.peer("mallory");
    let large = "x".repeat(900_000);
    // To addresses where nobody listens.
    for number in 0..20 {
        mallory.publish(
            &format!("/queue/mcollective.reply.gone_{number}.1"),
            "",
            &large,
        );
    }
    mallory.publish(reply, "", "done");
    assert!(client.frame().ends_with("\n\ndone"));
    assert!(broker.figure("dropped_node_bytes") >= 17);
    bystanders.exchange();
}

/// Handshakes that begin well and go no further take turns from those alone who come from the same
/// address; without that, everybody would wait here until the test gives up.
#[test]
fn handshakes_that_stop_half_way_keep_nobody_of_another_address_waiting() {
    let mut broker = Solo::start("limit.handshakes = 32\nlimit.handshake_timeout = 1h\n");
    let mut bystanders = Bystanders::join(&broker);
    let name = "localhost".try_into().unwrap();
    let mut hello = Vec::new();
    let mut begun = ClientConnection::new(broker.tls("mallory"), name).unwrap();
    begun.write_tls(&mut hello).unwrap();
    let stopped: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = broker.dial();
            stream.write_all(&hello).unwrap();
            stream
        })
        .collect();
    // There are turns for no more of them.
    while broker.figure("handshakes_queued") < 300 - 32 {}
    // Also many, one after another, from one address.
    for number in 0..20 {
        let stream = broker.dial_from([127, 0, 0, 2]);
        let name = format!("node{}", number % 4);
        let mut peer = Peer::over(stream, broker.tls(&name));
        peer.connect_with("");
    }
    bystanders.exchange();
    assert_eq!(broker.figure("handshakes_cut"), 0);
    drop(stopped);
}

/// Whoever comes again and again fills no log, and nothing of it is lost: what has no line is counted.
#[test]
fn what_is_refused_again_and_again_has_few_lines_and_is_counted() {
    let mut broker = Solo::start("");
    let mut bystanders = Bystanders::join(&broker);
    for _ in 0..300 {
        let mut stream = broker.dial();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
    }
    for _ in 0..60 {
        let mut peer = broker.peer("mallory");
        peer.send("SUBSCRIBE\nid:1\ndestination:/queue/mcollective.reply.console_1.1\n\n\0");
        peer.is_told("may not subscribe");
    }
    bystanders.exchange();
    broker.daemon.signal(Signal::SIGUSR1);
    let mut log = broker.daemon.lines_until("figures: ");
    let figures = log.last().unwrap();
    assert!(figures.contains(" handshakes_failed=300 "), "{figures}");
    assert!(figures.contains(" denied=60 "), "{figures}");
    broker.daemon.signal(Signal::SIGTERM);
    log.extend(broker.daemon.lines_until("sessions refused: "));
    let count = |line: &str, rest: &str| {
        let lines = log.iter().filter(|text| text.contains(line)).count();
        let more = log.iter().filter_map(|text| text.split_once(rest));
        let more = more.map(|(_, text)| text.split(' ').next().unwrap());
        let more: usize = more.map(|number| number.parse::<usize>().unwrap()).sum();
        assert!(lines < more, "{line}: {lines} lines, and {more} more");
        lines + more
    };
    assert_eq!(count("TLS handshake with", "that failed: "), 300);
    assert_eq!(count("may not subscribe", "sessions refused: "), 60);
}
