//! What a node tells of itself reaches whoever subscribes to it, signed.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use mcollective::{
    connector::{Connection, Event, Policy, Server, Settings},
    security::pki::{self, Pki},
    tls::{Authorities, Files, mint::Role},
};

use crate::support::{Fleet, Node};

#[test]
fn a_collector_hears_every_node_and_can_tell_who_spoke() {
    let told = |facts: &str| Node {
        facts: facts.to_owned(),
        classes: "common\n".to_owned(),
        extra: "registerinterval = 1\nregistration = meta\nregistration_splay = 1\n".to_owned(),
        ..Node::default()
    };
    let fleet = Fleet::with(&[told("country: uk\n"), told("country: de\n")]);
    fleet.issue(Role::Node, "collector");
    let files = Files {
        cert: fleet.path("collector.pem"),
        key: fleet.path("collector-key.pem"),
        ca: Authorities::Files(vec![fleet.path("ca.pem")]),
        crl: Vec::new(),
    };
    let provider = provider(&files, vec![fleet.path("ca.pem")]);
    let settings = Settings {
        pool: vec![Server {
            host: "localhost".to_owned(),
            port: fleet.port,
            user: String::new(),
            password: mcollective::connector::Secret::default(),
            tls: Some(files),
        }],
        ..Settings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let countries = runtime.block_on(async {
        let identity = "collector".parse().unwrap();
        let (connection, mut events) = Connection::start(
            settings,
            identity,
            Vec::new(),
            Policy::FailFast {
                within: Duration::from_secs(30),
            },
        );
        let topic = "/topic/mcollective.registration.agent";
        connection.subscribe(topic, None).await.unwrap();
        connection.connected().await.unwrap();
        let mut countries = std::collections::BTreeMap::new();
        while countries.len() < 2 {
            let Some(event) = events.recv().await else {
                panic!("the connection has ended");
            };
            if let Event::Message(message) = event {
                let told = provider
                    .verify_registration(&message.body, SystemTime::now())
                    .unwrap();
                assert_eq!(told.data["identity"], told.sender.as_str());
                assert_eq!(told.data["classes"][0], "common");
                countries.insert(
                    told.sender.to_string(),
                    told.data["facts"]["country"].clone(),
                );
            }
        }
        countries
    });
    assert_eq!(countries["node1"], "uk");
    assert_eq!(countries["node2"], "de");
}

fn provider(files: &Files, ca: Vec<PathBuf>) -> Pki {
    Pki::load(pki::Settings {
        identity: "collector".parse().unwrap(),
        cert: files.cert.clone(),
        key: files.key.clone(),
        ca,
        crl: Vec::new(),
        client_ca: None,
        clients: Vec::new(),
    })
    .unwrap()
}
