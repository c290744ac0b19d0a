//! Good messages, and every way found in which one could be bad.

use std::{sync::LazyLock, time::Duration};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, UnparsedPublicKey,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use serde_json::{Map, Value, json};

use super::{
    jws::{MAX_BODY, MAX_CERTIFICATE_BYTES},
    *,
};
use crate::{
    mcorpc::{
        filter::Filter,
        names::{ActionName, AgentName, Collective, RequestId},
        reply::{Outcome, StatusCode},
    },
    tls::{
        Files, Validity,
        fixture::{Fixture, ago, certificate},
        mint::{CertificateAuthority, Pair, Role},
    },
};

/// One fleet: an authority, an operator, two nodes.
struct Fleet {
    fixture: Fixture,
    operator: Files,
    node: Files,
    other: Files,
}

const OPERATOR: &str = "peadmin";
const NODE: &str = "node1.example.net";
const OTHER: &str = "node2.example.net";

impl Fleet {
    fn new() -> Self {
        let fixture = Fixture::new();
        Self {
            operator: fixture.issue(Role::Client, OPERATOR),
            node: fixture.issue(Role::Node, NODE),
            other: fixture.issue(Role::Node, OTHER),
            fixture,
        }
    }

    fn settings(&self, files: &Files, name: &str, clients: &str) -> Settings {
        Settings {
            identity: Identity::new(name).unwrap(),
            cert: files.cert.clone(),
            key: files.key.clone(),
            ca: vec![self.fixture.path("ca.pem")],
            crl: vec![],
            client_ca: None,
            clients: CallerRule::parse_list(clients).unwrap(),
        }
    }

    fn operator(&self) -> Pki {
        Pki::load(self.settings(&self.operator, OPERATOR, "")).unwrap()
    }

    fn node(&self, clients: &str) -> Pki {
        Pki::load(self.settings(&self.node, NODE, clients)).unwrap()
    }

    /// An operator with another certificate.
    fn with_pair(&self, pair: &Pair) -> Pki {
        let files = self.fixture.write_pair("odd", pair);
        Pki::load(self.settings(&files, OPERATOR, "")).unwrap()
    }

    /// A certificate by the fleet's authority with whatever is asked for.
    fn odd(&self, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let issuer_key = KeyPair::from_pem(self.fixture.ca.key_pem()).unwrap();
        let issuer = Issuer::from_ca_cert_pem(self.fixture.ca.cert_pem(), issuer_key).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, OPERATOR);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        Pair {
            cert_pem: params.signed_by(key, &issuer).unwrap().pem(),
            key_pem: key.serialize_pem(),
        }
    }
}

/// For tests that only read.
static FLEET: LazyLock<Fleet> = LazyLock::new(Fleet::new);

fn now() -> SystemTime {
    SystemTime::now()
}

fn request() -> Request {
    Request {
        id: RequestId::new("0123456789abcdef").unwrap(),
        collective: Collective::new("mcollective").unwrap(),
        agent: AgentName::new("service").unwrap(),
        action: ActionName::new("restart").unwrap(),
        data: Map::from_iter([
            ("service".into(), json!("httpd")),
            ("é\n".into(), json!([1, -2, 0.5, null])),
        ]),
        filter: Filter {
            cf_class: vec!["/web/".into()],
            ..Filter::default()
        },
        targets: Some(vec![Identity::new(NODE).unwrap()]),
        sender: Identity::new("desk.example.net").unwrap(),
        reply_to: Some("/queue/mcollective.reply.desk_1.1".into()),
        time_ms: 1_700_000_000_000,
        ttl_ms: 60_000,
        want_reply: true,
        want_nomatch: true,
    }
}

fn reply(sender: &str) -> Reply {
    Reply {
        id: request().id,
        caller: CallerId::new("cert=peadmin").unwrap(),
        agent: AgentName::new("service").unwrap(),
        sender: Identity::new(sender).unwrap(),
        outcome: Outcome::Ok,
        statuscode: StatusCode::OK,
        statusmsg: "OK".into(),
        data: Map::from_iter([("status".into(), json!("running"))]),
        time_ms: 1_700_000_000_001,
    }
}

/// A message of whatever parts, signed rightly by the operator's key.
fn forge(files: &Files, header: &str, payload: &[u8]) -> Vec<u8> {
    let own = tls::Certified::load(&files.cert, &files.key).unwrap();
    let key = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        own.key().secret_der(),
    )
    .unwrap();
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload));
    let random = aws_lc_rs::rand::SystemRandom::new();
    let signature = key.sign(&random, signed.as_bytes()).unwrap();
    format!("{signed}.{}", encode(signature.as_ref())).into_bytes()
}

fn header(files: &Files, alg: &str, typ: &str) -> Value {
    json!({ "alg": alg, "typ": typ, "x5c": [BASE64_STANDARD.encode(certificate(files))] })
}

fn good_payload() -> Value {
    let mut value = serde_json::to_value(request()).unwrap();
    value["v"] = json!(1);
    value
}

fn form(result: Result<Verified<Request>, RequestError>) -> String {
    match result {
        Err(RequestError::Form(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn refused(result: Result<Verified<Request>, RequestError>) -> (String, String) {
    match result {
        Err(RequestError::Certificate { name, reason }) => (name, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_arrives_as_it_was_sent() {
    let signed = FLEET.operator().sign_request(&request()).unwrap();
    let verified = FLEET
        .node("peadmin")
        .verify_request(&signed.body, now())
        .unwrap();
    assert_eq!(verified.value(), &request());
    assert_eq!(verified.caller().as_str(), "cert=peadmin");
    assert_eq!(verified.digest(), &signed.digest);
    assert_eq!(FLEET.operator().caller().as_str(), "cert=peadmin");
}

#[test]
fn any_jose_library_can_check_it() {
    let body = FLEET.operator().sign_request(&request()).unwrap().body;
    let body = str::from_utf8(&body).unwrap();
    let parts: Vec<_> = body.split('.').collect();
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    let expected = self::header(&FLEET.operator, "ES256", "mco-request");
    assert_eq!(header, expected);
    let payload: Value = serde_json::from_slice(&decode(parts[1])).unwrap();
    assert_eq!(payload, good_payload());
    // RFC 7518 3.4: R and S, 32 bytes each, and no DER.
    let signature = decode(parts[2]);
    assert_eq!(signature.len(), 64);
    let key = tls::public_key(&certificate(&FLEET.operator)).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.bytes)
        .verify(signed.as_bytes(), &signature)
        .unwrap();
}

#[test]
fn a_forged_message_of_right_parts_is_taken() {
    // So that the others below are refused for what they say and not for how they were made.
    let header = header(&FLEET.operator, "ES256", "mco-request").to_string();
    let body = forge(
        &FLEET.operator,
        &header,
        good_payload().to_string().as_bytes(),
    );
    FLEET.node("peadmin").verify_request(&body, now()).unwrap();
}

#[test]
fn all_kinds_of_keys_sign() {
    use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
    let keys = [
        (
            "ES384",
            KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
        ),
        ("EdDSA", KeyPair::generate_for(&PKCS_ED25519).unwrap()),
        (
            "PS256",
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap(),
        ),
    ];
    let node = FLEET.node("peadmin");
    for (name, key) in keys {
        let fleet = Fleet::new();
        let validity = Validity {
            not_before: ago(1),
            not_after: now() + Duration::from_hours(1),
        };
        let ca = &FLEET.fixture.ca;
        let cert_pem = ca
            .certify(&key, Role::Client, OPERATOR, &[], validity)
            .unwrap();
        let operator = fleet.with_pair(&Pair {
            cert_pem,
            key_pem: key.serialize_pem(),
        });
        let body = operator.sign_request(&request()).unwrap().body;
        assert_eq!(
            node.verify_request(&body, now()).unwrap().value(),
            &request(),
            "{name}"
        );
        let header = body.split(|b| *b == b'.').next().unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["alg"], name);
        let mut broken = body.to_vec();
        let at = broken.len() - 40;
        broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
        let result = node.verify_request(&broken, now());
        assert!(
            matches!(result, Err(RequestError::Signature { .. })),
            "{name}"
        );
    }
}

#[test]
fn keys_that_can_not_sign_are_told_at_load() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    let files = FLEET.fixture.write_pair("p521", &FLEET.odd(&key, |_| {}));
    let error = Pki::load(FLEET.settings(&files, OPERATOR, ""))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("p521.key") && error.contains("P-256"),
        "{error}"
    );
}

#[test]
fn the_algorithm_is_the_keys_and_no_other() {
    let node = FLEET.node("peadmin");
    for alg in [
        "none", "HS256", "ES384", "RS256", "PS256", "EdDSA", "es256", "",
    ] {
        let header = header(&FLEET.operator, alg, "mco-request").to_string();
        let body = forge(
            &FLEET.operator,
            &header,
            good_payload().to_string().as_bytes(),
        );
        let reason = form(node.verify_request(&body, now()));
        assert!(reason.contains("the key's is ES256"), "{alg}: {reason}");
    }
}

#[test]
fn no_signature_is_no_signature() {
    let node = FLEET.node("peadmin");
    let body = FLEET.operator().sign_request(&request()).unwrap().body;
    let body = str::from_utf8(&body).unwrap();
    let (signed, signature) = body.rsplit_once('.').unwrap();
    let zero = BASE64_URL_SAFE_NO_PAD.encode([0; 64]);
    let half = &signature[..42];
    for signature in ["", "AAAA", &zero, half] {
        let body = format!("{signed}.{signature}");
        let result = node.verify_request(body.as_bytes(), now());
        assert!(result.is_err(), "{signature:?}");
    }
}

#[test]
fn one_kind_of_message_is_not_another() {
    let node = FLEET.node(&format!("peadmin,{NODE},{OTHER}"));
    let digest = [7; 32];
    let reply_body = node.sign_reply(&reply(NODE), &digest).unwrap();
    let reason = form(node.verify_request(&reply_body, now()));
    assert!(reason.contains("mco-reply, not mco-request"), "{reason}");
    let request_body = FLEET.operator().sign_request(&request()).unwrap().body;
    let result = node.verify_reply(&request_body, &|_| true, now());
    assert!(matches!(result, Err(ReplyError::Form(_))));
    let result = node.verify_registration(&reply_body, now());
    assert!(matches!(result, Err(ReplyError::Form(_))));
    // A request's type over a reply's payload.
    let header = header(&FLEET.operator, "ES256", "mco-request").to_string();
    let payload = json!({"v": 1, "request": "00".repeat(32)}).to_string();
    form(node.verify_request(&forge(&FLEET.operator, &header, payload.as_bytes()), now()));
}

#[test]
fn the_header_is_exactly_alg_typ_x5c() {
    let node = FLEET.node("peadmin");
    let good = header(&FLEET.operator, "ES256", "mco-request");
    let x5c = good["x5c"][0].as_str().unwrap();
    let with = |key: &str, value: Value| {
        let mut header = good.clone();
        header[key] = value;
        header.to_string()
    };
    let text = good.to_string();
    let headers = [
        with("crit", json!(["b64"])),
        with("b64", json!(false)),
        with("jwk", json!({})),
        with("kid", json!("x")),
        with("x5c", json!([])),
        with("x5c", json!(x5c)),
        with("x5c", json!([x5c, x5c, x5c, x5c])),
        with(
            "x5c",
            json!([x5c.trim_end_matches('=').to_owned() + "===="]),
        ),
        with(
            "x5c",
            json!([BASE64_STANDARD.encode([0; MAX_CERTIFICATE_BYTES + 1])]),
        ),
        with("typ", json!("MCO-REQUEST")),
        with("typ", json!("application/mco-request")),
        text.replace("\"alg\":", "\"alg\":\"ES256\",\"alg\":"),
        text.clone() + "{}",
        text.replace("\"typ\":\"mco-request\",", ""),
        "[]".into(),
        String::new(),
    ];
    for header in headers {
        let body = forge(
            &FLEET.operator,
            &header,
            good_payload().to_string().as_bytes(),
        );
        let result = node.verify_request(&body, now());
        assert!(
            matches!(result, Err(RequestError::Form(_))),
            "{header}: {result:?}"
        );
    }
}

#[test]
fn one_message_has_one_spelling() {
    let node = FLEET.node("peadmin");
    let body = FLEET.operator().sign_request(&request()).unwrap().body;
    let body = str::from_utf8(&body).unwrap();
    let parts: Vec<_> = body.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!()
    };
    // 64 bytes end in a digit of which four bits are unused.
    let stray = |text: &str| {
        let last = text.chars().last().unwrap();
        let next = char::from_u32(u32::from(last) + 1).unwrap();
        format!("{}{next}", &text[..text.len() - 1])
    };
    let spellings = [
        format!("{body}="),
        format!("{body}=="),
        format!("{body}\n"),
        format!(" {body}"),
        format!("{body}."),
        format!(".{body}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{}", stray(signature)),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}.{payload}..{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{signature}"),
        header.to_owned(),
        String::new(),
        "..".into(),
        ".".into(),
    ];
    for body in spellings {
        let result = node.verify_request(body.as_bytes(), now());
        assert!(result.is_err(), "{body}");
    }
}

#[test]
fn the_payload_is_read_strictly() {
    let node = FLEET.node("peadmin");
    let header = header(&FLEET.operator, "ES256", "mco-request").to_string();
    let told = |payload: &str| {
        form(node.verify_request(&forge(&FLEET.operator, &header, payload.as_bytes()), now()))
    };
    let with = |key: &str, value: Value| {
        let mut payload = good_payload();
        payload[key] = value;
        payload.to_string()
    };
    let text = good_payload().to_string();
    let deep = "[".repeat(70) + &"]".repeat(70);
    let cases = [
        (
            text.replace("\"action\":", "\"action\":\"status\",\"action\":"),
            "stands twice",
        ),
        (
            text.replace(
                "\"service\":\"httpd\"",
                "\"service\":\"httpd\",\"service\":\"sshd\"",
            ),
            "stands twice",
        ),
        (text.replace("\"httpd\"", &deep), "nested deeper"),
        (
            text.replace("\"httpd\"", &"[".repeat(500_000)),
            "nested deeper",
        ),
        (
            with("v", json!(2)),
            "version 2 of the format, and this program reads up to 1: upgrade",
        ),
        (with("v", json!("1")), "names no version"),
        (with("v", json!(0)), "names no version"),
        (text.replace("\"v\":1", "\"w\":1"), "names no version"),
        (with("extra", json!(1)), "unknown field"),
        (with("agent", json!("../x")), "not a valid agent name"),
        (with("time_ms", json!(-1)), "invalid value"),
        (text.clone() + " 1", "trailing"),
        ("[]".into(), "not a JSON object"),
        (String::new(), "EOF"),
    ];
    for (payload, expected) in cases {
        let reason = told(&payload);
        let shown: String = payload.chars().take(300).collect();
        assert!(reason.contains(expected), "{reason}: {shown}");
    }
    // A later version may say things that we do not know: that is told first.
    let reason = told(&with("v", json!(3)).replace("\"agent\"", "\"agents\""));
    assert!(reason.contains("version 3"), "{reason}");
}

#[test]
fn what_is_too_large_is_neither_made_nor_taken() {
    let node = FLEET.node("peadmin");
    let body = vec![b'A'; MAX_BODY + 1];
    assert!(form(node.verify_request(&body, now())).contains("limit"));
    let mut large = request();
    large
        .data
        .insert("x".into(), "x".repeat(MAX_BODY * 3 / 4).into());
    let error = FLEET
        .operator()
        .sign_request(&large)
        .unwrap_err()
        .to_string();
    assert!(error.contains("limit"), "{error}");
    let mut deep = Value::Null;
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let mut nested = reply(NODE);
    nested.data.insert("x".into(), deep);
    let error = node.sign_reply(&nested, &[0; 32]).unwrap_err().to_string();
    assert!(error.contains("nested"), "{error}");
}

#[test]
fn certificates_have_to_hold() {
    let fleet = Fleet::new();
    let mut settings = fleet.settings(&fleet.node, NODE, "peadmin");
    settings.crl = vec![fleet.fixture.revoke(1, &[])];
    let node = Pki::load(settings).unwrap();
    let told = |operator: &Pki, now| {
        let body = operator.sign_request(&request()).unwrap().body;
        refused(node.verify_request(&body, now))
    };
    let (name, reason) = told(&Fleet::new().operator(), now());
    assert_eq!(name, OPERATOR);
    assert!(reason.contains("another key"), "{reason}");

    let foreign = CertificateAuthority::create("foreign", 30).unwrap();
    let operator = fleet.with_pair(&foreign.issue(Role::Client, OPERATOR, &[], 30).unwrap());
    assert!(told(&operator, now()).1.contains("not trusted"));

    let later = now() + Duration::from_hours(24 * 31);
    assert!(told(&fleet.operator(), later).1.contains("expired"));
    assert!(told(&fleet.operator(), ago(1)).1.contains("not valid yet"));

    let key = KeyPair::generate().unwrap();
    let server_only = fleet.odd(&key, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert!(
        told(&fleet.with_pair(&server_only), now())
            .1
            .contains("client authentication")
    );

    // Self-signed, under the right name.
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, OPERATOR);
    let pair = Pair {
        cert_pem: params.self_signed(&key).unwrap().pem(),
        key_pem: key.serialize_pem(),
    };
    assert!(
        told(&fleet.with_pair(&pair), now())
            .1
            .contains("not trusted")
    );

    // A certificate that is good, and a certificate by it that is not.
    let issuer_key = KeyPair::from_pem(&std::fs::read_to_string(&fleet.node.key).unwrap()).unwrap();
    let issuer_pem = std::fs::read_to_string(&fleet.node.cert).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&issuer_pem, issuer_key).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap().pem();
    let pair = Pair {
        cert_pem: leaf + &issuer_pem,
        key_pem: key.serialize_pem(),
    };
    let (_, reason) = told(&fleet.with_pair(&pair), now());
    assert!(!reason.is_empty());

    // The authority itself is nobody's certificate.
    let pair = Pair {
        cert_pem: fleet.fixture.ca.cert_pem().to_owned(),
        key_pem: fleet.fixture.ca.key_pem().to_owned(),
    };
    let files = fleet.fixture.write_pair("ca-itself", &pair);
    let operator = Pki::load_client(fleet.settings(&files, OPERATOR, "")).unwrap();
    told(&operator, now());
}

#[test]
fn a_certificate_needs_one_plain_name() {
    let node = FLEET.node("peadmin");
    let key = KeyPair::generate().unwrap();
    for extra in [None, Some("peadmin")] {
        let pair = FLEET.odd(&key, |params| match extra {
            Some(name) => {
                let second = DnType::CustomDnType(vec![2, 5, 4, 3]);
                params.distinguished_name.push(second, name);
            }
            None => params.distinguished_name = rcgen::DistinguishedName::new(),
        });
        let name = extra.unwrap_or("none");
        let files = FLEET.fixture.write_pair(&format!("cn-{name}"), &pair);
        assert!(Pki::load_client(FLEET.settings(&files, OPERATOR, "")).is_err());
        let header = header(&files, "ES256", "mco-request").to_string();
        let body = forge(&files, &header, good_payload().to_string().as_bytes());
        let (_, reason) = refused(node.verify_request(&body, now()));
        assert!(reason.contains("common name"), "{reason}");
    }
}

#[test]
fn a_remembered_chain_still_expires() {
    let node = FLEET.node("peadmin");
    let body = FLEET.operator().sign_request(&request()).unwrap().body;
    for _ in 0..2 {
        node.verify_request(&body, now()).unwrap();
    }
    let later = now() + Duration::from_hours(24 * 31);
    assert!(
        refused(node.verify_request(&body, later))
            .1
            .contains("expired")
    );
    assert!(
        refused(node.verify_request(&body, ago(20)))
            .1
            .contains("not valid yet")
    );
    node.verify_request(&body, now()).unwrap();
}

#[test]
fn a_revocation_counts_from_the_next_reload() {
    let fleet = Fleet::new();
    let mut settings = fleet.settings(&fleet.node, NODE, "peadmin");
    settings.crl = vec![fleet.fixture.revoke(1, &[])];
    let node = Pki::load(settings).unwrap();
    let body = fleet.operator().sign_request(&request()).unwrap().body;
    node.verify_request(&body, now()).unwrap();
    fleet.fixture.revoke(2, &[&fleet.operator]);
    node.reload().unwrap();
    assert!(
        refused(node.verify_request(&body, now()))
            .1
            .contains("revoked")
    );
}

#[test]
fn a_reload_of_broken_files_changes_nothing() {
    let fleet = Fleet::new();
    let mut settings = fleet.settings(&fleet.node, NODE, "peadmin");
    settings.crl = vec![fleet.fixture.revoke(1, &[&fleet.operator])];
    let node = Pki::load(settings).unwrap();
    let body = fleet.operator().sign_request(&request()).unwrap().body;
    let still = || {
        let (_, reason) = refused(node.verify_request(&body, now()));
        assert!(reason.contains("revoked"), "{reason}");
    };
    for (file, text) in [
        ("crl.pem", ""),
        ("ca.pem", "x"),
        (&format!("{NODE}.key"), ""),
    ] {
        let before = std::fs::read_to_string(fleet.fixture.path(file)).unwrap();
        fleet.fixture.write(file, text);
        let error = node.reload().unwrap_err().to_string();
        assert!(error.contains(file), "{error}");
        still();
        fleet.fixture.write(file, &before);
    }
    // Somebody else's certificate, too.
    let pair = fleet
        .fixture
        .ca
        .issue(Role::Node, "elsewhere", &[], 30)
        .unwrap();
    fleet.fixture.write_pair(NODE, &pair);
    let error = node.reload().unwrap_err().to_string();
    assert!(
        error.contains("elsewhere") && error.contains(NODE),
        "{error}"
    );
    still();
}

#[test]
fn only_who_is_listed_commands() {
    let body = FLEET.operator().sign_request(&request()).unwrap().body;
    let pin = tls::key_pin(&certificate(&FLEET.operator)).unwrap();
    let other_pin = tls::key_pin(&certificate(&FLEET.node)).unwrap();
    for clients in [
        "",
        "peadmi",
        "PEADMIN",
        "cert",
        NODE,
        &format!("peadmin@{other_pin}"),
    ] {
        let result = FLEET.node(clients).verify_request(&body, now());
        assert!(
            matches!(
                (result, clients.contains('@')),
                (Err(RequestError::NotACaller { .. }), false)
                    | (Err(RequestError::OtherKey { .. }), true)
            ),
            "{clients:?}"
        );
    }
    let known_as = [
        ("peadmin".to_owned(), "cert=peadmin"),
        (
            "other, peadmin=peadmin-public".to_owned(),
            "cert=peadmin-public",
        ),
        (format!("peadmin@{pin}"), "cert=peadmin"),
        (
            format!("peadmin@{other_pin}=old,peadmin@{pin}=new"),
            "cert=new",
        ),
    ];
    for (clients, caller) in known_as {
        let verified = FLEET.node(&clients).verify_request(&body, now()).unwrap();
        assert_eq!(verified.caller().as_str(), caller);
    }
    let settings = FLEET.settings(&FLEET.operator, OPERATOR, "peadmin=peadmin-public");
    assert_eq!(
        Pki::load(settings).unwrap().caller().as_str(),
        "cert=peadmin-public"
    );
}

#[test]
fn a_pin_is_worth_more_than_the_authority() {
    // Whoever has the authority's key makes itself another peadmin.
    let pin = tls::key_pin(&certificate(&FLEET.operator)).unwrap();
    let pair = FLEET
        .fixture
        .ca
        .issue(Role::Client, OPERATOR, &[], 30)
        .unwrap();
    let files = FLEET.fixture.write_pair("second", &pair);
    let second = Pki::load(FLEET.settings(&files, OPERATOR, "")).unwrap();
    let body = second.sign_request(&request()).unwrap().body;
    FLEET.node("peadmin").verify_request(&body, now()).unwrap();
    let result = FLEET
        .node(&format!("peadmin@{pin}"))
        .verify_request(&body, now());
    let error = result.unwrap_err();
    assert!(matches!(error, RequestError::OtherKey { .. }), "{error}");
    let other = tls::key_pin(&certificate(&files)).unwrap();
    let told = format!("may not command this node with this certificate, key {other}: ");
    assert!(error.to_string().contains(&told), "{error}");
}

#[test]
fn a_nodes_certificate_does_not_command() {
    let node = FLEET.node("peadmin");
    for (files, name) in [(&FLEET.node, NODE), (&FLEET.other, OTHER)] {
        let pki = Pki::load(FLEET.settings(files, name, "")).unwrap();
        let body = pki.sign_request(&request()).unwrap().body;
        let result = node.verify_request(&body, now());
        assert!(matches!(result, Err(RequestError::NotACaller { .. })));
        FLEET
            .node(&format!("peadmin,{name}"))
            .verify_request(&body, now())
            .unwrap();
    }
}

#[test]
fn callers_may_have_an_authority_of_their_own() {
    let fleet = Fleet::new();
    let clients = CertificateAuthority::create("clients", 30).unwrap();
    let client_ca = fleet.fixture.write("clients.pem", clients.cert_pem());
    let operator = fleet.with_pair(&clients.issue(Role::Client, OPERATOR, &[], 30).unwrap());
    let by_clients = operator.sign_request(&request()).unwrap().body;
    let by_nodes = fleet.operator().sign_request(&request()).unwrap().body;
    let pin = tls::key_pin(&certificate(&fleet.operator)).unwrap();
    let node = |rules: &str| {
        let mut settings = fleet.settings(&fleet.node, NODE, rules);
        settings.client_ca = Some(vec![client_ca.clone()]);
        Pki::load(settings).unwrap()
    };
    let not_a_caller = |result| assert!(matches!(result, Err(RequestError::NotACaller { .. })));
    let other_authority = |result| assert!(matches!(result, Err(RequestError::OtherKey { .. })));
    node("peadmin").verify_request(&by_clients, now()).unwrap();
    not_a_caller(node("").verify_request(&by_clients, now()));
    // The nodes' authority no longer makes callers, but for one whose key is named.
    other_authority(node("peadmin").verify_request(&by_nodes, now()));
    node(&format!("peadmin@{pin}"))
        .verify_request(&by_nodes, now())
        .unwrap();
    other_authority(node(&format!("peadmin@{pin}")).verify_request(&by_clients, now()));
    // Nor does the callers' authority make nodes.
    let pair = clients.issue(Role::Node, NODE, &[], 30).unwrap();
    let files = fleet.fixture.write_pair("false", &pair);
    let false_node = Pki::load(fleet.settings(&files, NODE, "")).unwrap();
    let body = false_node.sign_reply(&reply(NODE), &[1; 32]).unwrap();
    let result = node("peadmin").verify_reply(&body, &|_| true, now());
    assert!(matches!(result, Err(ReplyError::Certificate { .. })));
    // With foreign certificates the answer is why, not that they are no caller's.
    let foreign = Fleet::new()
        .operator()
        .sign_request(&request())
        .unwrap()
        .body;
    refused(node("peadmin").verify_request(&foreign, now()));
}

#[test]
fn intermediates_travel_with_the_message() {
    let fleet = Fleet::new();
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::default();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CommonName, "root");
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let middle_key = KeyPair::generate().unwrap();
    let mut middle = root.clone();
    middle.distinguished_name.push(DnType::CommonName, "middle");
    middle.not_after = (now() + Duration::from_hours(24 * 10)).into();
    let root_issuer = Issuer::new(root, root_key);
    let middle_pem = middle.signed_by(&middle_key, &root_issuer).unwrap().pem();
    // A leaf that outlives its issuer, as other software makes them.
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, OPERATOR);
    let middle = Issuer::new(middle, middle_key);
    let mut pair = Pair {
        cert_pem: leaf.signed_by(&key, &middle).unwrap().pem(),
        key_pem: key.serialize_pem(),
    };

    fleet.fixture.write("ca.pem", &root_pem);
    let node = fleet.node("peadmin");
    let body = fleet
        .with_pair(&pair)
        .sign_request(&request())
        .unwrap()
        .body;
    assert!(
        refused(node.verify_request(&body, now()))
            .1
            .contains("not trusted")
    );
    // The root came along in the file; it isn't sent.
    pair.cert_pem = pair.cert_pem + &middle_pem + &root_pem;
    let body = fleet
        .with_pair(&pair)
        .sign_request(&request())
        .unwrap()
        .body;
    node.verify_request(&body, now()).unwrap();
    let jws = Jws::split(Kind::Request, &body).unwrap();
    assert_eq!(jws.certificates().len(), 2);
    // A chain ends with the first of its certificates that does, remembered or not.
    let later = now() + Duration::from_hours(24 * 11);
    assert!(node.verify_request(&body, later).is_err());
    // More than a message carries is told at load.
    pair.cert_pem = pair.cert_pem + &middle_pem + &middle_pem;
    let files = fleet.fixture.write_pair("long", &pair);
    let error = Pki::load(fleet.settings(&files, OPERATOR, ""))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("long.pem") && error.contains("4 certificates"),
        "{error}"
    );
}

#[test]
fn a_reply_arrives_as_it_was_sent() {
    let digest = FLEET.operator().sign_request(&request()).unwrap().digest;
    let body = FLEET.node("").sign_reply(&reply(NODE), &digest).unwrap();
    let operator = FLEET.operator();
    let taken = operator
        .verify_reply(&body, &|asked| *asked == digest, now())
        .unwrap();
    assert_eq!(taken, reply(NODE));
}

#[test]
fn a_reply_to_another_request_is_told() {
    let body = FLEET.node("").sign_reply(&reply(NODE), &[1; 32]).unwrap();
    let result = FLEET
        .operator()
        .verify_reply(&body, &|asked| *asked == [2; 32], now());
    assert!(matches!(result, Err(ReplyError::OtherRequest)));
}

#[test]
fn nobody_answers_for_another() {
    let body = FLEET.node("").sign_reply(&reply(OTHER), &[1; 32]).unwrap();
    match FLEET.operator().verify_reply(&body, &|_| true, now()) {
        Err(ReplyError::Impostor { name, sender }) => {
            assert_eq!((name.as_str(), sender.as_str()), (NODE, OTHER));
        }
        other => panic!("{other:?}"),
    }
    // Not even under another's certificate without its key.
    let header = header(&FLEET.other, "ES256", "mco-reply").to_string();
    let mut payload = serde_json::to_value(reply(OTHER)).unwrap();
    payload["v"] = json!(1);
    payload["request"] = json!("01".repeat(32));
    let payload = payload.to_string();
    let body = forge(&FLEET.node, &header, payload.as_bytes());
    let result = FLEET.operator().verify_reply(&body, &|_| true, now());
    assert!(matches!(result, Err(ReplyError::Signature { .. })));
    let body = forge(&FLEET.other, &header, payload.as_bytes());
    FLEET
        .operator()
        .verify_reply(&body, &|_| true, now())
        .unwrap();
    for bad in ["01".repeat(31), "0A".repeat(32), "+1".repeat(32)] {
        let payload = payload.replace(&"01".repeat(32), &bad);
        let body = forge(&FLEET.other, &header, payload.as_bytes());
        let result = FLEET.operator().verify_reply(&body, &|_| true, now());
        assert!(matches!(result, Err(ReplyError::Form(_))), "{bad}");
    }
}

#[test]
fn a_registration_is_of_the_node_that_it_names() {
    let registration = |sender: &str| Registration {
        sender: Identity::new(sender).unwrap(),
        time_ms: 1,
        data: Map::from_iter([("agents".into(), json!(["rpcutil"]))]),
    };
    let node = FLEET.node("");
    let body = node.sign_registration(&registration(NODE)).unwrap();
    let taken = FLEET.operator().verify_registration(&body, now()).unwrap();
    assert_eq!(taken, registration(NODE));
    let body = node.sign_registration(&registration(OTHER)).unwrap();
    let result = FLEET.operator().verify_registration(&body, now());
    assert!(matches!(result, Err(ReplyError::Impostor { .. })));
}

#[test]
fn a_node_has_its_certificates_name() {
    let settings = FLEET.settings(&FLEET.node, "web1", "");
    let text = Pki::load(settings.clone()).err().unwrap().to_string();
    assert!(
        text.contains("web1") && text.contains(&format!("identity = {NODE}")),
        "{text}"
    );
    // An operator's certificate has the operator's.
    Pki::load_client(settings).unwrap();
}

#[test]
fn files_that_can_not_be_used_are_named() {
    let told = |change: &dyn Fn(&mut Settings)| {
        let mut settings = FLEET.settings(&FLEET.node, NODE, "");
        change(&mut settings);
        Pki::load(settings).err().unwrap().to_string()
    };
    let none = || FLEET.fixture.path("none.pem");
    let cases = [
        told(&|settings| settings.cert = none()),
        told(&|settings| settings.key = none()),
        told(&|settings| settings.ca = vec![none()]),
        told(&|settings| settings.crl = vec![none()]),
        told(&|settings| settings.client_ca = Some(vec![none()])),
    ];
    for text in cases {
        assert!(text.contains("none.pem"), "{text}");
    }
    assert!(told(&|settings| settings.ca = vec![]).contains("authority"));
    let fleet = Fleet::new();
    let old = fleet.fixture.issue_expired(Role::Node, NODE);
    let text = Pki::load(fleet.settings(&old, NODE, ""))
        .err()
        .unwrap()
        .to_string();
    assert!(text.contains("expired on"), "{text}");
}

/// A good request and who takes it, made once.
static SIGNED: LazyLock<(Pki, Vec<u8>)> = LazyLock::new(|| {
    let body = FLEET.operator().sign_request(&request()).unwrap().body;
    (FLEET.node("peadmin"), body.to_vec())
});

#[test]
fn no_byte_can_be_changed() {
    let (node, body) = &*SIGNED;
    node.verify_request(body, now()).unwrap();
    for at in 0..body.len() {
        for bit in [0, 1, 5, 7] {
            let mut changed = body.clone();
            changed[at] ^= 1 << bit;
            assert!(
                node.verify_request(&changed, now()).is_err(),
                "byte {at}, bit {bit}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_can_be_spliced(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        patch in "[A-Za-z0-9_.=-]{0,6}",
    ) {
        let (node, body) = &*SIGNED;
        let (from, to) = (from.index(body.len()), to.index(body.len()));
        let mut changed = body.clone();
        changed.splice(from.min(to)..from.max(to), patch.bytes());
        prop_assume!(changed != *body);
        prop_assert!(node.verify_request(&changed, now()).is_err());
    }

    #[test]
    fn whatever_arrives_is_only_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(SIGNED.0.verify_request(&body, now()).is_err());
        prop_assert!(SIGNED.0.verify_reply(&body, &|_| true, now()).is_err());
    }

    #[test]
    fn data_survives_the_way(data in "[ -~é\u{0}-\u{1f}]{0,40}", number in any::<i64>(), float in -1e300..1e300_f64) {
        let mut sent = request();
        sent.data = Map::from_iter([(data.clone(), json!({ "n": number, "f": float, "t": data }))]);
        let payload = payload::request(&sent).unwrap();
        prop_assert_eq!(payload::read_request(&payload).unwrap(), sent);
    }
}
