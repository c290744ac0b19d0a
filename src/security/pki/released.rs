//! What released versions wrote is read by this one: messages in `tests/golden/messages/VERSION`, with
//! keys that were made for them alone. `NEW_GOLDEN=1` adds those of a version that has none.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::*;
use crate::{
    mcorpc::{
        names::{ActionName, AgentName, Collective, RequestId},
        reply::{Outcome, Reply, StatusCode},
        request::Request,
    },
    sys::file,
    tls::mint::{CertificateAuthority, Role},
};

const NODE: &str = "node1.example.net";

/// A moment within all certificates' time.
fn then(dir: &Path) -> SystemTime {
    let seconds = fs::read_to_string(dir.join("time")).unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.trim().parse().unwrap())
}

fn provider(dir: &Path, name: &str, identity: &str) -> Pki {
    Pki::load(Settings {
        identity: Identity::new(identity).unwrap(),
        cert: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}-key.pem")),
        ca: vec![dir.join("ca.pem")],
        crl: vec![],
        client_ca: None,
        clients: CallerRule::parse_list("peadmin").unwrap(),
    })
    .unwrap()
}

fn request() -> Request {
    Request {
        id: RequestId::new("0123456789abcdef").unwrap(),
        collective: Collective::new("mcollective").unwrap(),
        agent: AgentName::new("service").unwrap(),
        action: ActionName::new("restart").unwrap(),
        data: serde_json::Map::from_iter([("service".into(), "httpd".into())]),
        filter: serde_json::from_str(
            r#"{"cf_class":["/web/"],"agent":[],"fact":[{"fact":"os.family","operator":"==","value":"Debian"}],"identity":[],"compound":[]}"#,
        )
        .unwrap(),
        targets: Some(vec![Identity::new(NODE).unwrap()]),
        sender: Identity::new("desk.example.net").unwrap(),
        reply_to: Some("/queue/mcollective.reply.desk_1.1".into()),
        time_ms: 1_700_000_000_000,
        ttl_ms: 60_000,
        want_reply: true,
        want_nomatch: true,
    }
}

fn reply() -> Reply {
    Reply {
        id: request().id,
        caller: CallerId::new("cert=peadmin").unwrap(),
        agent: AgentName::new("service").unwrap(),
        sender: Identity::new(NODE).unwrap(),
        outcome: Outcome::Ok,
        statuscode: StatusCode::OK,
        statusmsg: "OK".into(),
        data: serde_json::Map::from_iter([("status".into(), "running".into())]),
        time_ms: 1_700_000_000_001,
    }
}

fn write(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let put = |name: &str, bytes: &[u8]| file::write_new(&dir.join(name), bytes, 0o644).unwrap();
    let ca = CertificateAuthority::create("golden messages", 3650).unwrap();
    put("ca.pem", ca.cert_pem().as_bytes());
    for (role, file, name) in [
        (Role::Client, "peadmin", "peadmin"),
        (Role::Node, "node", NODE),
    ] {
        let pair = ca.issue(role, name, &[], 3650).unwrap();
        put(&format!("{file}.pem"), pair.cert_pem.as_bytes());
        put(&format!("{file}-key.pem"), pair.key_pem.as_bytes());
    }
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    put("time", format!("{}\n", now.as_secs()).as_bytes());
    let signed = provider(dir, "peadmin", "peadmin")
        .sign_request(&request())
        .unwrap();
    put("request.jws", &signed.body);
    let answer = provider(dir, "node", NODE)
        .sign_reply(&reply(), &signed.digest)
        .unwrap();
    put("reply.jws", &answer);
}

#[test]
fn messages_of_released_versions_are_understood() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/messages");
    let own = golden.join(env!("CARGO_PKG_VERSION"));
    if std::env::var_os("NEW_GOLDEN").is_some() && !own.exists() {
        write(&own);
    }
    let versions = fs::read_dir(&golden).unwrap();
    let versions: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path()).collect();
    assert!(
        versions.contains(&own),
        "run this with NEW_GOLDEN=1 once, and commit {}",
        own.display()
    );
    for dir in versions {
        let now = then(&dir);
        let body = fs::read(dir.join("request.jws")).unwrap();
        let taken = provider(&dir, "node", NODE)
            .verify_request(&body, now)
            .unwrap();
        assert_eq!(taken.value(), &request(), "{}", dir.display());
        assert_eq!(taken.caller().as_str(), "cert=peadmin");
        let answer = fs::read(dir.join("reply.jws")).unwrap();
        let operator = provider(&dir, "peadmin", "peadmin");
        let heard = operator.verify_reply(&answer, &|digest| digest == taken.digest(), now);
        assert_eq!(heard.unwrap(), reply(), "{}", dir.display());
    }
}
