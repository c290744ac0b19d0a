//! Requests of somebody authorised that mean harm: filters that burn the processor, inputs that are
//! options, paths or commands, numbers without end. The node says no, and goes on.

use mcollective::{
    mcorpc::{filter::Token, reply::Outcome, request::Request},
    security::SecurityProvider as _,
};
use serde_json::{Value, json};

use super::site::{REPLIES, Site, body, now, request};
use crate::support::Peer;

/// Asks node1, and gives how it ended and what it said.
fn ask(site: &Site, peadmin: &mut Peer, mut asked: Request) -> (Outcome, String) {
    asked.targets = Some(vec!["node1".parse().unwrap()]);
    let signed = site.sign("peadmin", &asked);
    let text = std::str::from_utf8(&signed.body).unwrap();
    peadmin.publish("/queue/mcollective.nodes", "mc_identity:node1\n", text);
    let frame = peadmin.frame();
    let ours = |digest: &[u8; 32]| *digest == signed.digest;
    let reply = site
        .pki("peadmin")
        .verify_reply(body(&frame).as_bytes(), &ours, now())
        .unwrap();
    (reply.outcome, reply.statusmsg)
}

#[test]
fn filters_that_burn_the_processor() {
    let site = Site::with(&format!("long: \"{}!\"\n", "a".repeat(10_000)));
    let mut peadmin = site.peer("peadmin");
    peadmin.subscribe(REPLIES);
    let fact = |value: &str| json!({"fact": [{"fact": "long", "operator": "=~", "value": value}]});
    let deep = |depth: usize| -> Vec<Token> {
        let mut tokens = vec![Token::Open; depth];
        tokens.push(Token::Statement("long=x".to_owned()));
        tokens.extend(vec![Token::Close; depth]);
        tokens
    };
    for (at, (filter, outcome)) in [
        // What makes others go back and forth for ever.
        (fact("^(a+)+$"), Outcome::Nomatch),
        (fact("^(a|aa)+$"), Outcome::Nomatch),
        (fact("(.*)*(.*)*(.*)*b"), Outcome::Nomatch),
        // What would fill the memory.
        (fact("((a{1000}){1000}){1000}"), Outcome::Invalid),
        (fact(&"(".repeat(5000)), Outcome::Invalid),
        (json!({"cf_class": ["/(a{5000}){5000}/"]}), Outcome::Invalid),
        (json!({"compound": [deep(900)]}), Outcome::Nomatch),
        (json!({"compound": [deep(1001)]}), Outcome::Invalid),
        (json!({"compound": vec![deep(0); 2001]}), Outcome::Invalid),
    ]
    .into_iter()
    .enumerate()
    {
        let mut asked = request(&format!("r{at}"), "rpcutil", "ping", ().into());
        asked.filter = serde_json::from_value(filter.clone()).unwrap();
        let (ended, said) = ask(&site, &mut peadmin, asked);
        let shown: String = filter.to_string().chars().take(60).collect();
        assert_eq!(ended, outcome, "{shown}: {said}");
    }
    site.is_well();
}

#[test]
fn inputs_that_are_something_else() {
    let site = Site::new();
    let mut peadmin = site.peer("peadmin");
    peadmin.subscribe(REPLIES);
    let mut at = 0;
    let mut refused = |agent: &str, action: &str, data: Value| {
        at += 1;
        let asked = request(&format!("r{at}"), agent, action, data.clone());
        let (ended, said) = ask(&site, &mut peadmin, asked);
        assert_eq!(ended, Outcome::Invalid, "{agent} {action} {data}: {said}");
    };
    for name in [
        "--help",
        "-y",
        "a\nb",
        "a\0b",
        "../../etc/passwd",
        "/etc/passwd",
        "bash; id",
        "$(id)",
        "`id`",
        "a b",
        "a|b",
        "",
        &"a".repeat(10_000),
    ] {
        refused("package", "status", json!({ "package": name }));
        refused("package", "install", json!({ "package": name }));
        refused("service", "status", json!({ "service": name }));
        refused("service", "restart", json!({ "service": name }));
    }
    for data in [
        json!({"package": ["bash"]}),
        json!({"package": {"bash": 1}}),
        json!({"package": 1e300}),
        json!({"package": "bash", "version": "1 --force"}),
        json!({"package": "bash", "version": "-1"}),
    ] {
        refused("package", "install", data);
    }
    refused("puppet", "runonce", json!({"environment": "--exec id"}));
    refused("puppet", "runonce", json!({"server": "a;id"}));
    refused("puppet", "runonce", json!({"tags": "a b"}));
    refused("puppet", "runonce", json!({"splaylimit": 1e30}));
    refused("rpcutil", "nosuch", json!({}));
    site.is_well();
}

#[test]
fn secrets_of_the_configuration() {
    let site = Site::new();
    let text = std::fs::read_to_string(site.fleet.path("node1/server.cfg")).unwrap();
    assert!(text.contains("node1-key.pem"));
    for item in [
        "pluginconf",
        "plugin.activemq.pool.1.ssl.key",
        "plugin.pki.key",
        "pluginconf.activemq.pool.1.ssl.key",
    ] {
        let input = format!("item={item}");
        let ended = site
            .fleet
            .mco(["rpc", "rpcutil", "get_config_item", &input, "-o", "json"]);
        assert!(!ended.stdout.contains("-key.pem"), "{item}: {ended:#?}");
    }
}
