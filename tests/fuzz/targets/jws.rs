//! No bytes are taken for a signed message but those that were signed.
//!
//! The first byte chooses: the bytes as they are; a true message with some of its bytes changed;
//! the bytes as the header, or as the payload, of a message that is otherwise in order.

use std::{
    fs,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use mcollective::{
    mcorpc::{
        filter::Filter,
        names::{ActionName, AgentName, Collective, Identity, RequestId},
        reply::{Outcome, Reply, StatusCode},
        request::Request,
    },
    security::{
        SecurityProvider as _,
        pki::{CallerRule, Pki, Settings},
    },
    tls::mint::{CertificateAuthority, Role},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

/// An operator and a node that trust each other, and what they said.
struct Fleet {
    node: Pki,
    operator: Pki,
    key: EcdsaKeyPair,
    request: Vec<u8>,
    reply: Vec<u8>,
    digest: [u8; 32],
    now: SystemTime,
}

static FLEET: LazyLock<Fleet> = LazyLock::new(Fleet::new);

/// Checks one message.
pub fn check(data: &[u8]) {
    let mut rest = data;
    let [choice] = super::take(&mut rest);
    let fleet = &*FLEET;
    match choice % 5 {
        0 => fleet.refuses(rest),
        1 => fleet.refuses(&changed(&fleet.request, rest)),
        2 => fleet.refuses(&changed(&fleet.reply, rest)),
        3 => {
            // A header of their own over a payload of ours.
            let payload = part(&fleet.request, 1);
            fleet.read(&fleet.signed(BASE64.encode(rest).as_bytes(), payload));
        }
        _ => fleet.read(&fleet.signed(part(&fleet.request, 0), BASE64.encode(rest).as_bytes())),
    }
}

/// A message with the bytes at some places replaced: place, place, byte, and so on.
fn changed(message: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % message.len();
        message[at] = change[2];
    }
    // What is left over is cut off, or added.
    match changes.len() % 3 {
        1 => message.truncate(message.len() - usize::from(changes[changes.len() - 1]) % 64),
        2 => message.extend(&changes[changes.len() - 2..]),
        _ => {}
    }
    message
}

fn part(message: &[u8], at: usize) -> &[u8] {
    message.split(|byte| *byte == b'.').nth(at).unwrap()
}

impl Fleet {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::create("fuzz CA", 2).unwrap();
        fs::write(dir.path().join("ca.pem"), authority.cert_pem()).unwrap();
        let load = |name: &str, role, clients: &str| {
            let pair = authority.issue(role, name, &[], 1).unwrap();
            let (cert, key) = (
                dir.path().join(name),
                dir.path().join(format!("{name}-key")),
            );
            fs::write(&cert, &pair.cert_pem).unwrap();
            fs::write(&key, &pair.key_pem).unwrap();
            let settings = Settings {
                identity: Identity::new(name).unwrap(),
                cert,
                key,
                ca: vec![dir.path().join("ca.pem")],
                crl: vec![],
                client_ca: None,
                clients: CallerRule::parse_list(clients).unwrap(),
            };
            (Pki::load(settings).unwrap(), pair)
        };
        let (operator, pair) = load("peadmin", Role::Client, "");
        let (node, _) = load("node1", Role::Node, "peadmin");
        let der = PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der());
        let request = operator.sign_request(&request()).unwrap();
        let verified = node
            .verify_request(&request.body, SystemTime::now())
            .unwrap();
        let reply = Reply {
            id: verified.value().id.clone(),
            caller: verified.caller().clone(),
            agent: verified.value().agent.clone(),
            sender: Identity::new("node1").unwrap(),
            outcome: Outcome::Ok,
            statuscode: StatusCode::OK,
            statusmsg: "OK".to_owned(),
            data: serde_json::Map::from_iter([("pong".to_owned(), 1.into())]),
            time_ms: 1,
        };
        Self {
            reply: node.sign_reply(&reply, &request.digest).unwrap().to_vec(),
            request: request.body.to_vec(),
            digest: request.digest,
            key: key.unwrap(),
            node,
            operator,
            now: SystemTime::now() + Duration::from_secs(1),
        }
    }

    /// No message but the true ones is taken.
    fn refuses(&self, message: &[u8]) {
        if self.node.verify_request(message, self.now).is_ok() {
            assert_eq!(message, self.request, "a request that nobody signed");
        }
        let known = |digest: &[u8; 32]| *digest == self.digest;
        if self
            .operator
            .verify_reply(message, &known, self.now)
            .is_ok()
        {
            assert_eq!(message, self.reply, "a reply that nobody signed");
        }
        drop(self.node.verify_registration(message, self.now));
    }

    /// Whatever an operator signs is read or refused.
    fn read(&self, message: &[u8]) {
        if let Ok(verified) = self.node.verify_request(message, self.now) {
            assert_eq!(verified.caller().as_str(), "cert=peadmin");
            // What was read can be said again.
            self.operator.sign_request(verified.value()).unwrap();
        }
    }

    fn signed(&self, header: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut message = [header, payload].join(&b'.');
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        message.push(b'.');
        message.extend(BASE64.encode(signature.as_ref()).as_bytes());
        message
    }
}

fn request() -> Request {
    Request {
        id: RequestId::new("0123456789abcdef").unwrap(),
        collective: Collective::new("mcollective").unwrap(),
        agent: AgentName::new("service").unwrap(),
        action: ActionName::new("restart").unwrap(),
        data: serde_json::Map::from_iter([("service".to_owned(), "httpd".into())]),
        filter: Filter::default(),
        targets: None,
        sender: Identity::new("peadmin").unwrap(),
        reply_to: Some("/queue/mcollective.reply.peadmin_1.1".to_owned()),
        time_ms: 1,
        ttl_ms: 1000,
        want_reply: true,
        want_nomatch: true,
    }
}
