//! What the key of a node is worth to a thief: at the broker the rights of that node, and no more.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use mcollective::{
    mcorpc::reply::{Outcome, Reply, StatusCode},
    security::SecurityProvider as _,
    sys::clock,
};
use nix::sys::signal::Signal;

use crate::support::Ended;

use super::site::{REPLIES, Site, body, now, request};

#[test]
fn it_may_not_command_listen_in_or_speak_for_others() {
    let mut site = Site::new();
    for (frame, why) in [
        // Requests.
        (
            "SEND\ndestination:/topic/mcollective.rpcutil.agent\n\nx\0",
            "may not send to",
        ),
        (
            "SEND\ndestination:/topic/mcollective.agents\n\nx\0",
            "may not send to",
        ),
        (
            "SEND\ndestination:/queue/mcollective.nodes\nmc_identity:node1\n\nx\0",
            "may not send to",
        ),
        // Replies in another's name.
        (
            "SEND\ndestination:/queue/mcollective.reply.peadmin_1.1\nmc_sender:node1\n\nx\0",
            "may not act as node1",
        ),
        // Another's requests.
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/mcollective.nodes\nselector:mc_identity = 'node1'\n\n\0",
            "may not act as node1",
        ),
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/mcollective.nodes\nselector:mc_identity LIKE '%'\n\n\0",
            "the only selector",
        ),
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/mcollective.nodes\n\n\0",
            "the only selector",
        ),
        // A client's replies.
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/mcollective.reply.peadmin_1.1\n\n\0",
            "may not subscribe to",
        ),
        // Everything.
        (
            "SUBSCRIBE\nid:1\ndestination:/topic/>\n\n\0",
            "may not subscribe to",
        ),
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/mcollective.>\n\n\0",
            "may not subscribe to",
        ),
        // Who is there.
        (
            "SEND\ndestination:/broker/presence\nreply-to:/queue/mcollective.reply.mallory_1.1\n\n\0",
            "may not send to",
        ),
    ] {
        let mut mallory = site.peer("mallory");
        mallory.send(frame);
        mallory.is_told(why);
        if why != "the only selector" {
            site.fleet.broker.wait_for("refused: mallory ");
        }
    }
    site.is_well();
}

/// A wild card is a name like any other.
#[test]
fn a_wild_card_hears_nothing() {
    let site = Site::new();
    let mut mallory = site.peer("mallory");
    mallory.subscribe("/topic/mcollective.*.agent");
    mallory.subscribe("/topic/mcollective.marker.agent");
    site.is_well();
    let mut peadmin = site.peer("peadmin");
    peadmin.publish("/topic/mcollective.marker.agent", "", "marker");
    assert_eq!(body(&mallory.frame()), "marker");
}

/// It hears broadcasts, as every node does, and can answer for itself alone.
#[test]
fn an_answer_in_anothers_name_is_none() {
    let site = Site::new();
    let mut mallory = site.peer("mallory");
    mallory.subscribe("/topic/mcollective.rpcutil.agent");
    let mut peadmin = site.peer("peadmin");
    peadmin.subscribe(REPLIES);
    let signed = site.sign("peadmin", &request("r1", "rpcutil", "ping", ().into()));
    let text = std::str::from_utf8(&signed.body).unwrap();
    peadmin.publish("/topic/mcollective.rpcutil.agent", "", text);
    let heard = mallory.frame();
    let (_, lie) = answer_as(&site, &heard, "node1");
    mallory.publish(REPLIES, "", &lie);
    let operator = site.pki("peadmin");
    let ours = |digest: &[u8; 32]| *digest == signed.digest;
    let mut verdicts: Vec<String> = (0..3)
        .map(|_| {
            let frame = peadmin.frame();
            match operator.verify_reply(body(&frame).as_bytes(), &ours, now()) {
                Ok(reply) => reply.sender.to_string(),
                Err(error) => error.to_string(),
            }
        })
        .collect();
    verdicts.sort();
    assert_eq!(
        verdicts,
        ["node1", "node2", "signed by \"mallory\", but sent as node1"]
    );
}

/// The operator has one line of it, and scripts a number.
#[test]
fn answers_in_anothers_name_are_told_and_counted() {
    let site = Site::new();
    let mut mallory = site.quiet("mallory");
    mallory.connect_with("mc-security:pki\n");
    mallory.subscribe("/topic/mcollective.rpcutil.agent");
    // A node that is there is waited for.
    mallory.subscribe_with(
        "/queue/mcollective.nodes",
        "selector:mc_identity = 'mallory'\n",
    );
    let mut call = site.fleet.command(["rpc", "rpcutil", "ping", "-o", "json"]);
    let call = call.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let heard = mallory.frame();
    for sender in ["node1", "node2", "mallory"] {
        let (to, answer) = answer_as(&site, &heard, sender);
        mallory.publish(&to, "", &answer);
    }
    let ended = Ended::from(call.unwrap().wait_with_output().unwrap()).exits(0);
    let told = "an answer counts for nothing: ";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{ended:#?}");
    let ended = ended.complains(&format!("{told}signed by \"mallory\", but sent as node1"));
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["stats"]["rejected"], 2, "{document:#}");
    assert_eq!(document["stats"]["ok"], 3, "{document:#}");
}

/// It hears at which address answers are awaited, and beside it the list of who is connected.
#[test]
fn a_list_of_who_is_connected_is_the_brokers_alone() {
    let site = Site::new();
    let mut mallory = site.peer("mallory");
    mallory.subscribe("/topic/mcollective.rpcutil.agent");
    site.fleet.agents[0].signal(Signal::SIGSTOP);
    let words = ["rpc", "rpcutil", "ping", "-t", "600"];
    let mut call = site.fleet.command(words);
    call.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut call = call.spawn().unwrap();
    let (replies, _) = answer_as(&site, &mallory.frame(), "mallory");
    let (base, _) = replies.rsplit_once('.').unwrap();
    let nobody = r#"{"version":1,"nodes":[]}"#;
    mallory.publish(&format!("{base}.0"), "mc-broker-own:1\n", nobody);
    let mut warned = String::new();
    let stderr = call.stderr.as_mut().unwrap();
    BufReader::new(stderr).read_line(&mut warned).unwrap();
    assert!(
        warned.contains("a list of who is connected that is not the broker's"),
        "{warned}"
    );
    site.fleet.agents[0].signal(Signal::SIGCONT);
    let ended = Ended::from(call.wait_with_output().unwrap()).exits(0);
    assert!(ended.stdout.contains("2 / 2 hosts"), "{ended:#?}");
    assert!(!ended.stderr.contains("no longer connected"), "{ended:#?}");
}

/// What mallory's key makes of a request that it heard: an answer as this node, and where it is to go.
fn answer_as(site: &Site, heard: &str, sender: &str) -> (String, String) {
    let read = site
        .pki("node1")
        .verify_request(body(heard).as_bytes(), now());
    let read = read.unwrap();
    let asked = read.value();
    let forged = Reply {
        id: asked.id.clone(),
        caller: read.caller().clone(),
        agent: asked.agent.clone(),
        sender: sender.parse().unwrap(),
        outcome: Outcome::Ok,
        statuscode: StatusCode::OK,
        statusmsg: "OK".to_owned(),
        data: serde_json::Map::new(),
        time_ms: clock::now_ms(),
    };
    let signed = site.pki("mallory").sign_reply(&forged, read.digest());
    let text = String::from_utf8(signed.unwrap().to_vec()).unwrap();
    (asked.reply_to.clone().unwrap(), text)
}
