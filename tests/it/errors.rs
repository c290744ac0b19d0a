//! What goes wrong in practice: each is one clear line within seconds, with the right exit code
//! and what to do next.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use mcollective::tls::mint::{CertificateAuthority, Role};

use crate::support::{Ended, Fleet, mco, run};

/// Within seconds, on two lines at most: what is wrong, and what to do next.
#[track_caller]
fn clear(ended: &Ended, begun: Instant) {
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(
        lines.len() <= 2 && lines[0].starts_with("error: "),
        "{ended:#?}"
    );
    assert!(
        lines.iter().skip(1).all(|line| line.starts_with("hint: ")),
        "{ended:#?}"
    );
    assert_eq!(ended.stdout, "");
    assert!(begun.elapsed() < Duration::from_secs(20), "{ended:#?}");
}

#[test]
fn a_broker_that_is_down() {
    let fleet = Fleet::start(0);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let port = format!("port = {}", fleet.port);
    let config = fleet.client_with("down.cfg", &[(&port, &format!("port = {closed}"))]);
    let begun = Instant::now();
    let ended = mco(&config, ["ping"])
        .exits(69)
        .complains(&format!("localhost:{closed}"))
        .complains("refused");
    clear(&ended, begun);
    mco(&config, ["ping", "--exit-codes", "legacy"]).exits(1);
}

#[test]
fn a_host_that_is_unknown() {
    let fleet = Fleet::start(0);
    let config = fleet.client_with("host.cfg", &[("host = localhost", "host = nosuch.invalid")]);
    let begun = Instant::now();
    let ended = mco(&config, ["find"]).exits(69).complains("nosuch.invalid");
    clear(&ended, begun);
}

#[test]
fn a_port_that_is_no_broker() {
    let fleet = Fleet::start(0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let port = format!("port = {}", fleet.port);
    let config = fleet.client_with("silent.cfg", &[(&port, &format!("port = {silent}"))]);
    let begun = Instant::now();
    let ended = mco(&config, ["ping", "--connection-timeout", "1"])
        .exits(69)
        .complains("timed out after 1s while waiting for it in the TLS handshake");
    clear(&ended, begun);
}

#[test]
fn a_silent_broker_leaves_the_next_one_its_time() {
    let fleet = Fleet::start(1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let text = fs::read_to_string(fleet.path("client.cfg")).unwrap();
    let key = "plugin.activemq.pool.";
    let second: String = text
        .lines()
        .filter(|line| line.starts_with(&format!("{key}1.")))
        .map(|line| line.replace(&format!("{key}1."), &format!("{key}2.")) + "\n")
        .collect();
    assert!(second.contains("port"), "{text}");
    let (port, size) = (format!("port = {}", fleet.port), format!("{key}size = 1"));
    let config = fleet.client_with(
        "two.cfg",
        &[
            (&port, &format!("port = {silent}")),
            (&size, &format!("{second}{key}size = 2")),
        ],
    );
    mco(&config, ["find", "--connection-timeout", "6"])
        .exits(0)
        .says("node1");
}

#[test]
fn a_certificate_of_another_authority() {
    let fleet = Fleet::start(0);
    let other = CertificateAuthority::create("another CA", 2).unwrap();
    let pair = other.issue(Role::Client, "peadmin", &[], 1).unwrap();
    fs::write(fleet.path("foreign.pem"), pair.cert_pem).unwrap();
    fs::write(fleet.path("foreign-key.pem"), pair.key_pem).unwrap();
    let config = fleet.client_with(
        "foreign.cfg",
        &[
            ("/peadmin.pem", "/foreign.pem"),
            ("/peadmin-key.pem", "/foreign-key.pem"),
        ],
    );
    let begun = Instant::now();
    let ended = mco(&config, ["ping"]).exits(77).complains("certificate");
    clear(&ended, begun);

    // The other way round: the broker is not one that we trust.
    fs::write(fleet.path("other-ca.pem"), other.cert_pem()).unwrap();
    let config = fleet.client_with("distrust.cfg", &[("/ca.pem", "/other-ca.pem")]);
    let ended = mco(&config, ["ping"]).exits(77).complains("certificate");
    clear(&ended, begun);
}

#[test]
fn a_certificate_that_may_not_command() {
    let fleet = Fleet::start(1);
    fleet.issue(Role::Node, "node9");
    let config = fleet.client_with(
        "node.cfg",
        &[
            ("/peadmin.pem", "/node9.pem"),
            ("/peadmin-key.pem", "/node9-key.pem"),
        ],
    );
    let begun = Instant::now();
    let ended = mco(&config, ["ping"]).exits(77).complains("broker");
    clear(&ended, begun);
}

#[test]
fn an_expired_certificate() {
    let fleet = Fleet::start(0);
    let pair = expired(&fleet);
    fs::write(fleet.path("old.pem"), pair.0).unwrap();
    fs::write(fleet.path("old-key.pem"), pair.1).unwrap();
    let config = fleet.client_with(
        "old.cfg",
        &[
            ("/peadmin.pem", "/old.pem"),
            ("/peadmin-key.pem", "/old-key.pem"),
        ],
    );
    let begun = Instant::now();
    let ended = mco(&config, ["ping"]);
    assert!(matches!(ended.code, Some(77 | 78)), "{ended:#?}");
    let ended = ended.complains("expired").complains("old.pem");
    clear(&ended, begun);
}

/// A certificate of the fleet's CA whose time is over.
fn expired(fleet: &Fleet) -> (String, String) {
    let ca_key = rcgen::KeyPair::from_pem(fleet.authority.key_pem()).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(fleet.authority.cert_pem(), ca_key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "peadmin");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn a_configuration_that_is_wrong() {
    let fleet = Fleet::start(0);
    let begun = Instant::now();
    let ended = mco("/nonexistent/client.cfg".as_ref(), ["ping"])
        .exits(78)
        .complains("/nonexistent/client.cfg");
    clear(&ended, begun);
    let config = fleet.client_with(
        "typo.cfg",
        &[("connector = activemq", "conector = activemq")],
    );
    let ended = mco(&config, ["ping"])
        .exits(78)
        .complains("typo.cfg:1:")
        .complains("connector");
    clear(&ended, begun);
    // What is no setting at all is told of, and no reason to do nothing.
    let config = fleet.client_with("stray.cfg", &[("connector = ", "ttl 60\nconnector = ")]);
    mco(&config, ["ping"]).complains("stray.cfg:1: ignored: the line has no `=`");
    let config = fleet.client_with("missing.cfg", &[("/peadmin-key.pem", "/missing.pem")]);
    let ended = mco(&config, ["ping"]).exits(78).complains("missing.pem");
    clear(&ended, begun);
    // No configuration anywhere.
    let ended = run(["mco", "ping"]).exits(78).complains("client.cfg");
    clear(&ended, begun);
}

#[test]
fn check_config_tells_what_others_can_read_or_change() {
    let fleet = Fleet::start(1);
    let [server, broker] = ["node1/server.cfg", "broker.cfg"].map(|name| fleet.path(name));
    let policies = fleet.path("node1/policies");
    fs::create_dir_all(&policies).unwrap();
    let text = fs::read_to_string(&server).unwrap();
    let text = format!("{text}rpcauthorization = 1\nrpcauthprovider = action_policy\n");
    fs::write(&server, text).unwrap();
    let policy = policies.join("rpcutil.policy");
    fs::write(&policy, "policy default deny\n").unwrap();
    let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let check = |role: &str, file: &Path| {
        run([role, "--check-config", "-c", file.to_str().unwrap()]).exits(0)
    };
    // As they are made by default, whatever the umask.
    for (role, file, keys, others) in [
        (
            "agent",
            &server,
            &["node1.pem", "node1-key.pem"][..],
            &[&server, &policies, &policy][..],
        ),
        (
            "broker",
            &broker,
            &["broker.pem", "broker-key.pem"],
            &[&broker],
        ),
    ] {
        let [cert, key] = [0, 1].map(|at| fleet.path(keys[at]));
        open(&cert, 0o644);
        open(&key, 0o600);
        for path in others {
            open(path, if path.is_dir() { 0o755 } else { 0o644 });
        }
        let ended = check(role, file);
        assert!(!ended.stdout.contains("chmod"), "{ended:#?}");
        for (path, mode, cure) in others
            .iter()
            .map(|path| (*path, 0o757, "o-w"))
            .chain([(&cert, 0o646, "o-w"), (&key, 0o604, "o=")])
        {
            let before = fs::metadata(path).unwrap().permissions();
            open(path, mode);
            let path_shown = path.display();
            check(role, file).says(&format!(
                " (mode {mode:04o}); `chmod {cure} {path_shown}`\n"
            ));
            fs::set_permissions(path, before).unwrap();
        }
    }
}

#[test]
fn daemons_say_what_is_wrong_at_once() {
    let fleet = Fleet::start(1);
    let server = fleet.path("node1/server.cfg");
    run([
        "agent".as_ref(),
        "--check-config".as_ref(),
        "-c".as_ref(),
        server.as_os_str(),
    ])
    .exits(0);
    let text = fs::read_to_string(&server).unwrap();
    let wrong = fleet.path("node1/broken.cfg");
    fs::write(&wrong, format!("{text}nonsense = 1\nttl = x\n")).unwrap();
    let ended = run([
        "agent".as_ref(),
        "--check-config".as_ref(),
        "-c".as_ref(),
        wrong.as_os_str(),
    ])
    .exits(78);
    assert_eq!(
        ended
            .stdout
            .lines()
            .filter(|line| line.contains("broken.cfg:"))
            .count(),
        2,
        "{ended:#?}"
    );
    run(["agent".as_ref(), "-c".as_ref(), wrong.as_os_str()])
        .exits(78)
        .complains("broken.cfg:");
    // Facts that are missing are no fault, but somebody should know.
    fs::write(&wrong, text.replace("facts.yaml", "nosuch.yaml")).unwrap();
    run([
        "agent".as_ref(),
        "--check-config".as_ref(),
        "-c".as_ref(),
        wrong.as_os_str(),
    ])
    .exits(0)
    .says("nosuch.yaml");
    // A certificate that is none, for signing and for the connection; said once.
    let junk = fleet.path("junk.pem");
    fs::write(&junk, "junk\n").unwrap();
    let junk = junk.to_str().unwrap();
    let certificate = fleet.path("node1.pem");
    fs::write(&wrong, text.replace(certificate.to_str().unwrap(), junk)).unwrap();
    let said = format!("error: {junk}: no certificate in PEM form in this file\n");
    for role in ["agent", "broker"] {
        let ended = run([role, "--check-config", "-c", wrong.to_str().unwrap()]).exits(78);
        assert_eq!(ended.stdout, said);
        let text = fs::read_to_string(fleet.path("broker.cfg")).unwrap();
        let certificate = fleet.path("broker.pem");
        fs::write(&wrong, text.replace(certificate.to_str().unwrap(), junk)).unwrap();
    }
    // The identity is not the certificate's name.
    fs::write(&wrong, text.replace("identity = node1", "identity = node2")).unwrap();
    run(["agent".as_ref(), "-c".as_ref(), wrong.as_os_str()])
        .exits(78)
        .complains("node1")
        .complains("node2");
    // The port is taken.
    let broker = fs::read_to_string(fleet.path("broker.cfg")).unwrap();
    let taken = fleet.path("taken.cfg");
    fs::write(
        &taken,
        broker.replace("127.0.0.1:0", &format!("127.0.0.1:{}", fleet.port)),
    )
    .unwrap();
    run(["broker".as_ref(), "-c".as_ref(), taken.as_os_str()])
        .exits(69)
        .complains(&format!("127.0.0.1:{}", fleet.port));
}

#[test]
fn a_filter_that_cannot_be_used_chooses_nobody() {
    let fleet = Fleet::start(1);
    for words in [
        ["find", "-C", "/(/"],
        ["ping", "-F", "country=/[/"],
        ["find", "-I", "/[/"],
        ["find", "-A", "/*/"],
        ["find", "-W", ""],
        ["find", "-C", " "],
    ] {
        let ended = fleet.mco(words).exits(64);
        assert_eq!(ended.stdout, "", "{words:?}");
    }
}

#[test]
fn a_stream_that_cannot_be_written_is_no_crash() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for (words, code) in [(["mco", "nosuch"], 64), (["mco", "ping"], 78)] {
        let mut command = std::process::Command::new(crate::support::program());
        let status = command
            .env_clear()
            .args(words)
            .stderr(full())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{words:?}");
    }
}

#[test]
fn a_node_notes_who_may_not_command_it() {
    let pin = format!("plugin.pki.clients = peadmin@sha256:{}\n", "0".repeat(64));
    let node = crate::support::Node {
        extra: pin,
        ..Default::default()
    };
    let mut fleet = Fleet::with(&[node]);
    fleet
        .mco(["rpc", "rpcutil", "ping", "-t", "1"])
        .exits(3)
        .says("node1");
    fleet.agents[0].wait_for("may not command");
}
