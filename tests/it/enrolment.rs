//! Machines that come to a broker for their first certificate, and those who should get none.

use std::fs;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcollective::{
    connector::{Distrust, Error, Problem, enrol::EnrolError},
    tls::{
        self, Token,
        authority::{Authority, TokenOrder},
        enrol::{Answer, LineError, Request},
        mint::{self, Role},
    },
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};

use crate::support::{
    Office,
    office::{exporter, forge_token, join, open_token},
};

fn key() -> String {
    mint::new_key().unwrap()
}

/// Why the broker said no.
#[track_caller]
fn why(token: &Token, name: &str) -> String {
    match join(token, name, &key()) {
        Err(EnrolError::Refused { why, hint }) => {
            assert!(!hint.is_empty(), "{why}");
            why
        }
        other => panic!("{other:?}"),
    }
}

/// The broker's answer to a line.
fn answer(peer: &mut crate::support::Peer, line: &[u8]) -> Answer {
    peer.send(std::str::from_utf8(line).unwrap());
    Answer::read_plain(peer.rest().as_bytes()).unwrap()
}

fn refusal(answer: Answer) -> String {
    match answer {
        Answer::Refused { why, .. } => why,
        Answer::Granted { .. } => panic!("it was granted"),
    }
}

#[test]
fn a_machine_joins_with_a_token_and_is_a_node() {
    let mut office = Office::open();
    let (token, key) = (office.token(1), key());
    let joined = join(&token, "web1", &key).unwrap();
    office
        .daemon
        .wait_for(&format!("with token {}", token.id()));
    assert_eq!(joined.ca_pem, office.authority.cert_pem());
    let list = fs::read_to_string(office.authority.crl_path()).unwrap();
    assert_eq!(joined.crl_pem, list);
    // The answer was lost: the same again, though the token is used up.
    assert_eq!(join(&token, "web1", &key).unwrap(), joined);
    let files = office.keep("web1", &joined.cert_pem, &key);
    let mut node = office.peer(&files);
    node.subscribe("/topic/mcollective.rpcutil.agent");
    node.send("SEND\ndestination:/topic/mcollective.rpcutil.agent\n\nstolen\0");
    node.is_told("web1 is a node here and may not send");
    assert!(why(&token, "web2").contains("used up"));
}

#[test]
fn an_operator_joins_with_a_token_for_clients() {
    let office = Office::open();
    let token = office.token_for(Role::Client, &["deploy"], 1);
    let key = key();
    let joined = join(&token, "deploy", &key).unwrap();
    let files = office.keep("deploy", &joined.cert_pem, &key);
    let mut client = office.peer(&files);
    assert_eq!(
        client.deliver("/topic/mcollective.rpcutil.agent", "", "x"),
        0
    );
    let pin = tls::pem_pin(&joined.cert_pem).unwrap();
    let issued = office.authority.issued().unwrap();
    let known = issued.iter().find(|known| known.name == "deploy").unwrap();
    assert_eq!((known.pin, known.role), (pin, Role::Client));
}

#[test]
fn a_token_gives_nothing_but_what_it_says() {
    let office = Office::open();
    // As long as this one counts, the others are told why.
    let other = office.token(9);
    let webs = office.token_for(Role::Node, &["web*"], 1);
    assert!(why(&webs, "db1").contains("is not for db1"));
    join(&webs, "web1", &key()).unwrap();
    assert!(why(&webs, "web2").contains("used up"));
    assert!(why(&other, "web1").contains("for another key"));
    for name in ["localhost", "LOCALHOST.localdomain", "127.0.0.1"] {
        let said = why(&other, name);
        assert_eq!(
            said,
            format!("every machine calls itself {name}, so no node may bear it as its name")
        );
    }
    for name in ["peadmin", "PEadmin"] {
        assert!(why(&other, name).contains("no node may bear it"), "{name}");
    }
    let dotted = join(&other, "peadmin.", &key()).unwrap_err().to_string();
    assert!(dotted.contains("can't be a name here"), "{dotted}");
    assert!(why(&other, "broker").contains("no node may bear it"));
    let clients = office.token_for(Role::Client, &[], 9);
    assert!(why(&clients, "web1").contains("no client may bear it"));

    let brief = office.authority.create_token(&TokenOrder {
        life: std::time::Duration::from_millis(1),
        ..office.order(Role::Node, &[], 1)
    });
    assert!(why(&brief.unwrap(), "web3").contains("has expired"));
    let revoked = office.token(1);
    assert!(office.authority.revoke_token(revoked.id()).unwrap());
    assert!(why(&revoked, "web3").contains("does not know this token"));
    let mut words = open_token(&other);
    words["s"] = json!("AAAAAAAAAAAAAAAAAAAAAAAA");
    let guessed = forge_token(&words);
    assert_eq!(guessed.id(), other.id());
    assert!(why(&guessed, "web3").contains("does not know this token"));
    let names = office.authority.issued().unwrap();
    let names: Vec<&str> = names.iter().map(|issued| issued.name.as_str()).collect();
    assert_eq!(names, ["broker", "web1"]);
}

#[test]
fn a_node_that_took_a_name_before_a_client_did_does_not_become_that_client() {
    let mut office = Office::open();
    let key = key();
    let joined = join(&office.token(1), "ops", &key).unwrap();
    let files = office.keep("ops", &joined.cert_pem, &key);
    // No client gets it any more, as long as the node has it.
    let error = office.authority.issue(Role::Client, "ops", &[], 1).err();
    let error = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with("ops is the name of a node"), "{error}");
    // And whatever the configuration says then, it commands nothing.
    let config = office.path("broker.cfg");
    let text = fs::read_to_string(&config).unwrap();
    let with_ops = text.replace("clients = peadmin", "clients = peadmin, ops");
    assert_ne!(text, with_ops);
    fs::write(&config, with_ops).unwrap();
    office.daemon.signal(nix::sys::signal::Signal::SIGHUP);
    office.daemon.wait_for("read again");
    let mut node = office.peer(&files);
    office
        .daemon
        .wait_for("ops has a node's certificate, so it commands nothing");
    node.send("SEND\ndestination:/topic/mcollective.rpcutil.agent\n\nstolen\0");
    node.is_told("ops is a node here and may not send");
}

#[test]
fn a_machine_believes_nobody_but_the_tokens_own_broker() {
    let office = Office::open();
    // Somebody between, with a certificate for the same name, but by another authority.
    let between = Office::open();
    between.token(1);
    let mut words = open_token(&office.token(1));
    words["b"] = json!(format!("localhost:{}", between.port));
    let led_astray = forge_token(&words);
    let error = join(&led_astray, "web1", &key()).unwrap_err();
    assert!(matches!(error, EnrolError::Stranger(_)), "{error}");

    // The right authority, but not the broker that the token names.
    let order = TokenOrder {
        broker: format!("127.0.0.1:{}", office.port),
        ..office.order(Role::Node, &[], 1)
    };
    let token = office.authority.create_token(&order).unwrap();
    let error = join(&token, "web1", &key()).unwrap_err();
    let named = matches!(
        &error,
        EnrolError::Broker(Error::Unreachable {
            problem: Problem::Distrust(Distrust::WrongName { .. }),
            ..
        })
    );
    assert!(named, "{error:?}");

    // A node of the same authority is no broker, whatever its name.
    let dir = tempfile::tempdir().unwrap();
    let copy = Authority::create(&dir.path().join("ca"), "a CA", 9).unwrap();
    let pair = copy.issue(Role::Node, "localhost", &["localhost".into()], 9);
    let pair = pair.unwrap();
    let chain = [pair.cert_pem.as_str(), copy.cert_pem()]
        .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap());
    let config = rustls::ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain.to_vec(),
            rustls::pki_types::PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap(),
        )
        .unwrap();
    let mut client = rustls::ClientConnection::new(
        tls::join_config(copy.pin()).unwrap(),
        "localhost".try_into().unwrap(),
    )
    .unwrap();
    let mut config = config;
    config.alpn_protocols = vec![tls::enrol::ALPN_JOIN.to_vec()];
    let mut server = rustls::ServerConnection::new(config.into()).unwrap();
    let mut wire = Vec::new();
    client.write_tls(&mut wire).unwrap();
    server.read_tls(&mut &wire[..]).unwrap();
    server.process_new_packets().unwrap();
    let mut wire = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    client.read_tls(&mut &wire[..]).unwrap();
    let error = client.process_new_packets().unwrap_err();
    assert!(
        error.to_string().contains("server authentication"),
        "{error}"
    );
}

#[test]
fn without_a_token_that_counts_nobody_comes_in_without_a_certificate() {
    let office = Office::open();
    let token = office.token(1);
    assert!(office.authority.revoke_token(token.id()).unwrap());
    let error = join(&token, "web1", &key()).unwrap_err();
    assert!(matches!(error, EnrolError::Closed(_)), "{error}");
    assert!(error.hint().unwrap().contains("token create"));
}

#[test]
fn a_request_counts_on_its_own_connection_only() {
    let office = Office::open();
    let token = office.token(9);
    let (mut first, mut second) = (office.joiner(), office.joiner());
    let exported = exporter(&mut first);
    assert_ne!(exported, exporter(&mut second));
    let line = Request::write(&token, "web1", &key(), &exported).unwrap();
    assert!(refusal(answer(&mut second, &line)).contains("does not know this token"));
    let granted = answer(&mut first, &line);
    assert!(matches!(granted, Answer::Granted { .. }), "{granted:?}");
    assert_eq!(office.authority.issued().unwrap().len(), 2);
}

/// Written without our own code, as another implementation would.
#[test]
fn of_a_request_only_name_and_key_are_taken() {
    let office = Office::open();
    let token = office.token(9);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "web1");
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, "clients");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let csr = params.serialize_request(&key).unwrap();

    let mut peer = office.joiner();
    let exported = exporter(&mut peer);
    let secret = open_token(&token)["s"].as_str().unwrap().to_owned();
    let prove = |label: &str, body: &str| {
        let text = [label.as_bytes(), b"\0", &exported, body.as_bytes()].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        BASE64.encode(hmac::sign(&key, &text))
    };
    let body = BASE64.encode(csr.der());
    let proof = prove("mco-join/1 request", &body);
    let line = json!({"v": 1, "token": token.id(), "body": body, "proof": proof});
    peer.send(&format!("{line}\n"));
    let line: Value = serde_json::from_str(&peer.rest()).unwrap();
    let body = line["body"].as_str().unwrap();
    assert_eq!(line["proof"], prove("mco-join/1 answer", body));
    let body: Value = serde_json::from_str(body).unwrap();
    let cert = body["granted"]["cert"].as_str().unwrap();
    let der = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
    let subject = |der: &[u8]| {
        use x509_parser::prelude::{FromDer as _, X509Certificate};
        let (_, cert) = X509Certificate::from_der(der).unwrap();
        let usage = cert.extended_key_usage().unwrap().unwrap().value.clone();
        (
            cert.subject().to_string(),
            cert.is_ca(),
            usage.server_auth,
            usage.client_auth,
        )
    };
    assert_eq!(
        subject(&der),
        (
            "CN=web1, OU=MCollective node".to_owned(),
            false,
            false,
            true
        )
    );
    assert_eq!(tls::subject_alt_names(&der).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_no_request_is_answered_or_cut_and_harms_nobody() {
    let mut office = Office::open();
    office.token(9);
    let node = office.issue(Role::Node, "bystander");
    let mut bystander = office.peer(&node);
    for (line, expected) in [
        ("{\"v\":2,\"new\":true}\n", "speaks version 2"),
        ("{\"v\":1}\n", "no request for a certificate"),
        ("CONNECT\n", "no request for a certificate"),
        ("[[[[\n", "no request for a certificate"),
    ] {
        let said = refusal(answer(&mut office.joiner(), line.as_bytes()));
        assert!(said.contains(expected), "{line}: {said}");
    }
    let mut peer = office.joiner();
    // It may have hung up before all was written.
    drop(peer.try_send(&"x".repeat(20_000)));
    assert_eq!(peer.rest(), "");
    office.daemon.wait_for("what came was no request");
    bystander.subscribe("/topic/mcollective.rpcutil.agent");
    assert_eq!(
        Answer::read_plain(b"{\"v\":3}"),
        Err(LineError::Newer(3)),
        "and so is the other way round"
    );
}

#[test]
fn those_who_are_silent_keep_nobody_out() {
    let mut office = Office::open();
    let token = office.token(9);
    let node = office.issue(Role::Node, "bystander");
    let mut silent: Vec<_> = (0..20).map(|_| office.joiner()).collect();
    for peer in &mut silent {
        peer.shake_hands().unwrap();
    }
    let mut peer = office.peer(&node);
    peer.subscribe("/topic/mcollective.rpcutil.agent");
    // Renewing does not wait for them.
    let old = office.issue_old(Role::Node, "web9", 80);
    office.renew(&old).unwrap();
    join(&token, "web1", &key()).unwrap();
    office.daemon.wait_for("the request took too long");
}
