//! Both ends against each other, in memory, and what is said about files that can't be used.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::encoding::AsDer as _;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, Error as TlsError, ProtocolVersion, ServerConfig,
    ServerConnection,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::{
    config::{client_config_at, server_at},
    explain::sentence,
    fixture::{Fixture, ago, certificate},
    mint::{CertificateAuthority, MintError, Role},
    *,
};

fn server_config(files: &Files) -> Result<Arc<ServerConfig>, Error> {
    server(files).map(|server| server.config)
}

/// What came of a handshake: the TLS name that the server saw, or who failed first and why.
fn handshake(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    name: &str,
) -> Result<(String, ServerConnection, ClientConnection), (&'static str, TlsError)> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut wire = &wire[..];
        while !wire.is_empty() {
            server.read_tls(&mut wire).unwrap();
            server
                .process_new_packets()
                .map_err(|error| ("server", error))?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut wire = &wire[..];
        while !wire.is_empty() {
            client.read_tls(&mut wire).unwrap();
            client
                .process_new_packets()
                .map_err(|error| ("client", error))?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    let seen = common_name(&server.peer_certificates().unwrap()[0]).unwrap();
    Ok((seen, server, client))
}

fn reason<T>(result: Result<T, (&'static str, TlsError)>) -> (&'static str, String) {
    let (side, error) = result.err().expect("the handshake succeeded");
    (side, sentence(&error))
}

struct Ends {
    fixture: Fixture,
    broker: Files,
    node: Files,
}

impl Ends {
    fn new() -> Self {
        let fixture = Fixture::new();
        let broker = fixture.issue(Role::Broker, "broker.example.net");
        let node = fixture.issue(Role::Node, "node1.example.net");
        Self {
            fixture,
            broker,
            node,
        }
    }

    fn shake(
        &self,
    ) -> Result<(String, ServerConnection, ClientConnection), (&'static str, TlsError)> {
        let client = client_config(&self.node).unwrap();
        let server = server_config(&self.broker).unwrap();
        handshake(&client, &server, "broker.example.net")
    }
}

#[test]
fn both_ends_authenticate_each_other() {
    let ends = Ends::new();
    let (seen, server, client) = ends.shake().unwrap();
    assert_eq!(seen, "node1.example.net");
    assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(client.tls13_tickets_received(), 0);
    assert_eq!(server.alpn_protocol(), None);
}

#[test]
fn alpn_is_nothing_or_stomp() {
    let ends = Ends::new();
    let server = server_config(&ends.broker).unwrap();
    let mut client = client_config(&ends.node).unwrap().as_ref().clone();
    client.alpn_protocols = vec![b"h2".to_vec(), ALPN_STOMP.to_vec()];
    let offered = Arc::new(client.clone());
    let (_, connection, _) = handshake(&offered, &server, "broker.example.net").unwrap();
    assert_eq!(connection.alpn_protocol(), Some(ALPN_STOMP));

    client.alpn_protocols = vec![b"h2".to_vec()];
    let result = handshake(&Arc::new(client), &server, "broker.example.net");
    assert!(matches!(
        result,
        Err(("server", TlsError::NoApplicationProtocol))
    ));
}

#[test]
fn tls_1_2_is_spoken() {
    let ends = Ends::new();
    let client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(Trust::load(&ends.node.ca, &[]).unwrap().roots)
        .with_client_auth_cert(
            vec![certificate(&ends.node)],
            rustls::pki_types::PrivateKeyDer::from_pem_file(&ends.node.key).unwrap(),
        )
        .unwrap();
    let server = server_config(&ends.broker).unwrap();
    let client = Arc::new(client);
    for _ in 0..2 {
        let (_, server, _) = handshake(&client, &server, "broker.example.net").unwrap();
        assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_2));
        assert_eq!(server.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}

#[test]
fn a_client_without_certificate_is_refused() {
    let ends = Ends::new();
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(Trust::load(&ends.node.ca, &[]).unwrap().roots)
        .with_no_client_auth();
    let server = server_config(&ends.broker).unwrap();
    let result = handshake(&Arc::new(client), &server, "broker.example.net");
    assert!(matches!(
        result,
        Err(("server", TlsError::NoCertificatesPresented))
    ));
}

#[test]
fn another_authority_is_refused_on_both_sides() {
    let (ends, foreign) = (Ends::new(), Ends::new());
    let client = client_config(&ends.node).unwrap();
    let server = server_config(&foreign.broker).unwrap();
    let (side, text) = reason(handshake(&client, &server, "broker.example.net"));
    assert_eq!(side, "client");
    // Of the same name as ours, with another key.
    assert!(text.contains("another key"), "{text}");

    let mut node = foreign.node.clone();
    node.ca = ends.node.ca.clone();
    let client = client_config(&node).unwrap();
    let server = server_config(&ends.broker).unwrap();
    let (side, text) = reason(handshake(&client, &server, "broker.example.net"));
    assert_eq!(side, "server");
    assert!(text.contains("another key"), "{text}");

    let other = CertificateAuthority::create("other-ca", 10).unwrap();
    let pair = other.issue(Role::Node, "n", &[], 10).unwrap();
    let client = client_config(&ends.fixture.write_pair("n", &pair)).unwrap();
    let (side, text) = reason(handshake(&client, &server, "broker.example.net"));
    assert_eq!(side, "server");
    assert!(text.contains("not trusted here"), "{text}");
}

#[test]
fn expired_certificates_are_refused_on_both_sides() {
    let ends = Ends::new();
    let node = ends.fixture.issue_expired(Role::Node, "old.example.net");
    let client = client_config_at(&node, ago(290)).unwrap();
    let server = server_config(&ends.broker).unwrap();
    let (side, text) = reason(handshake(&client, &server, "broker.example.net"));
    assert_eq!(side, "server");
    assert!(text.contains("expired"), "{text}");

    let broker = ends
        .fixture
        .issue_expired(Role::Broker, "broker.example.net");
    let server = server_at(&broker, ago(290)).unwrap().config;
    let client = client_config(&ends.node).unwrap();
    let (side, text) = reason(handshake(&client, &server, "broker.example.net"));
    assert_eq!(side, "client");
    assert!(text.contains("expired"), "{text}");
}

#[test]
fn who_is_in_is_asked_again_by_what_is_known_now() {
    let mut ends = Ends::new();
    let now = SystemTime::now();
    let chain = [certificate(&ends.node)];
    let check = |broker: &Files| server(broker).unwrap().check(&chain, now);
    assert_eq!(check(&ends.broker), Ok(()));
    ends.broker.crl = vec![ends.fixture.revoke(1, &[&ends.broker])];
    assert_eq!(check(&ends.broker), Ok(()));
    ends.fixture.revoke(2, &[&ends.node]);
    assert!(check(&ends.broker).unwrap_err().contains("was revoked"));
    // Another authority, even one of the same name.
    let foreign = Ends::new();
    let error = check(&foreign.broker).unwrap_err();
    assert!(error.contains("no longer trusted"), "{error}");
    // Time alone cuts nobody; a revocation does so also after it.
    let old = ends.fixture.issue_expired(Role::Node, "old");
    let chain = [certificate(&old)];
    assert_eq!(server(&ends.broker).unwrap().check(&chain, now), Ok(()));
    ends.fixture.revoke(3, &[&old]);
    let error = server(&ends.broker).unwrap().check(&chain, now);
    assert!(error.unwrap_err().contains("was revoked"));
    assert!(server(&ends.broker).unwrap().check(&[], now).is_err());
}

#[test]
fn revoked_certificates_are_refused_on_both_sides() {
    let mut ends = Ends::new();
    ends.broker.crl = vec![ends.fixture.revoke(1, &[])];
    ends.shake().unwrap();

    ends.fixture.revoke(2, &[&ends.node]);
    let (side, text) = reason(ends.shake());
    assert_eq!(side, "server");
    assert!(text.contains("revoked"), "{text}");

    ends.fixture.revoke(3, &[&ends.broker]);
    ends.node.crl = ends.broker.crl.clone();
    let (side, text) = reason(ends.shake());
    assert_eq!(side, "client");
    assert!(text.contains("revoked"), "{text}");
}

#[test]
fn the_newest_revocation_list_counts_wherever_it_stands() {
    let mut ends = Ends::new();
    let old = ends
        .fixture
        .ca
        .revocation_list_at(&[], 1, 90, ago(10))
        .unwrap();
    let new = ends.fixture.revoke(2, &[&ends.node]);
    let new = std::fs::read_to_string(new).unwrap();
    // Two of the same second are told apart by their numbers.
    let before = ends.fixture.ca.revocation_list(&[], 1, 30).unwrap();
    for (first, second) in [(&old, &new), (&new, &old), (&before, &new), (&new, &before)] {
        let both = ends.fixture.write("both.pem", &format!("{first}{second}"));
        ends.broker.crl = vec![both];
        assert_eq!(reason(ends.shake()).0, "server");
    }
}

#[test]
fn a_list_of_another_authority_changes_nothing() {
    let mut ends = Ends::new();
    let other = CertificateAuthority::create("other", 10).unwrap();
    let list = other.revocation_list(&[], 1, 10).unwrap();
    ends.broker.crl = vec![ends.fixture.write("other.pem", &list)];
    ends.shake().unwrap();
}

#[test]
fn a_forged_list_lets_nobody_in_or_out_silently() {
    // An authority of the same name with another key: its list is not taken for the real one's.
    let mut ends = Ends::new();
    let forged = CertificateAuthority::create("test-ca", 10).unwrap();
    let list = forged.revocation_list(&[], 9, 10).unwrap();
    ends.broker.crl = vec![ends.fixture.write("forged.pem", &list)];
    assert_eq!(reason(ends.shake()).0, "server");
}

#[test]
fn the_name_that_is_dialled_counts() {
    let ends = Ends::new();
    let client = client_config(&ends.node).unwrap();
    let server = server_config(&ends.broker).unwrap();
    let (side, text) = reason(handshake(&client, &server, "other.example.net"));
    assert_eq!(side, "client");
    assert!(
        text.contains("not valid for name \"other.example.net\"")
            && text.contains("broker.example.net"),
        "{text}"
    );

    let sans = ["b.example.net".into(), "127.0.0.1".into(), "::1".into()];
    let pair = ends
        .fixture
        .ca
        .issue(Role::Broker, "broker", &sans, 30)
        .unwrap();
    let server = server_config(&ends.fixture.write_pair("broker", &pair)).unwrap();
    for name in ["b.example.net", "127.0.0.1", "::1"] {
        handshake(&client, &server, name).unwrap();
    }
    assert!(handshake(&client, &server, "broker").is_err());
}

#[test]
fn a_broker_without_alternative_name_gets_an_error_of_its_own() {
    let ends = Ends::new();
    let issuer_key = KeyPair::from_pem(ends.fixture.ca.key_pem()).unwrap();
    let issuer = Issuer::from_ca_cert_pem(ends.fixture.ca.cert_pem(), issuer_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "broker.example.net");
    let pair = mint::Pair {
        cert_pem: params.signed_by(&key, &issuer).unwrap().pem(),
        key_pem: key.serialize_pem(),
    };
    let server = server_config(&ends.fixture.write_pair("bare", &pair)).unwrap();
    let client = client_config(&ends.node).unwrap();
    let (_, text) = reason(handshake(&client, &server, "broker.example.net"));
    assert!(text.contains("not valid for name"), "{text}");
}

#[test]
fn a_node_certificate_is_no_server() {
    let ends = Ends::new();
    let pair = ends.fixture.ca.issue(
        Role::Node,
        "broker.example.net",
        &["broker.example.net".into()],
        3,
    );
    let files = ends.fixture.write_pair("evil", &pair.unwrap());
    let server = server_config(&files).unwrap();
    let client = client_config(&ends.node).unwrap();
    assert_eq!(
        reason(handshake(&client, &server, "broker.example.net")).0,
        "client"
    );
}

#[test]
fn unusable_files_are_named_with_what_is_wrong() {
    let ends = Ends::new();
    let good = &ends.node;
    let told = |change: &dyn Fn(&mut Files)| {
        let mut files = good.clone();
        change(&mut files);
        client_config(&files).unwrap_err().to_string()
    };
    let path = |name: &str| ends.fixture.path(name);
    let write = |name: &str, text: &str| ends.fixture.write(name, text);
    let cases: [(String, &[&str]); 9] = [
        (
            told(&|f| f.cert = path("none.pem")),
            &["none.pem", "no such file", "certificate"],
        ),
        (
            told(&|f| f.key = path("none.key")),
            &["none.key", "no such file", "private key"],
        ),
        (told(&|f| f.key = path("")), &["is not a regular file"]),
        (
            told(&|f| f.cert = write("e.pem", "")),
            &["e.pem", "no certificate in PEM"],
        ),
        (
            told(&|f| f.key = f.cert.clone()),
            &["node1", "no private key in PEM"],
        ),
        (
            told(&|f| {
                f.cert = write(
                    "d.pem",
                    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                );
            }),
            &["d.pem", "not a readable certificate"],
        ),
        (
            told(&|f| f.key = ends.broker.key.clone()),
            &[
                "broker.example.net.key",
                "does not belong",
                "node1.example.net.pem",
            ],
        ),
        (
            told(&|f| {
                f.key = write(
                    "c.key",
                    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                );
            }),
            &["c.key", "encrypted"],
        ),
        (
            told(&|f| f.ca = Authorities::Files(vec![])),
            &["no certificate authority"],
        ),
    ];
    for (text, parts) in cases {
        for part in parts {
            assert!(text.contains(part), "{part:?} in {text:?}");
        }
    }
    // What never ends, by whoever owns the directory.
    for strange in [Path::new("/dev/zero"), Path::new("/dev")] {
        let said = format!("{} is not a regular file", strange.display());
        assert_eq!(told(&|f| f.cert = strange.into()), said);
        assert_eq!(told(&|f| f.key = strange.into()), said);
        assert_eq!(told(&|f| f.crl = vec![strange.into()]), said);
        assert_eq!(
            told(&|f| f.ca = Authorities::Files(vec![strange.into()])),
            said
        );
    }
    let cut = write("cut.pem", "-----BEGIN X509 CRL-----\nAAAA\n");
    let crl = told(&|f| f.crl = vec![cut.clone()]);
    assert!(crl.contains("a section has no `-----END` line"), "{crl}");
    // A key on one line shows nothing of itself.
    let text = std::fs::read_to_string(&good.key).unwrap();
    let whole: String = text.lines().collect();
    let secret: String = text.lines().skip(1).take(1).collect();
    for joined in [whole.clone(), whole.replace("-----M", "-----\nM")] {
        let line = write("line.key", &joined);
        let said = told(&|f| f.key = line.clone());
        assert!(
            !said.contains(&secret[..8]) && said.contains("line.key"),
            "{said}"
        );
    }
    let crl = told(&|f| f.crl = vec![good.cert.clone()]);
    assert!(crl.contains("no certificate revocation list"), "{crl}");
    let mut public = ends.broker.clone();
    public.ca = Authorities::Webpki;
    assert!(matches!(server_config(&public), Err(Error::PublicClients)));
    public.cert = good.cert.clone();
    public.key = good.key.clone();
    client_config(&public).unwrap();
}

#[test]
fn own_certificates_out_of_their_time_are_told_with_dates() {
    let ends = Ends::new();
    let old = ends.fixture.issue_expired(Role::Node, "old.example.net");
    let text = client_config(&old).unwrap_err().to_string();
    assert!(
        text.contains("old.example.net.pem") && text.contains("expired on 20"),
        "{text}"
    );
    let text = client_config_at(&ends.node, ago(5))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("not valid before 20") && text.contains("clock"),
        "{text}"
    );
}

#[test]
fn keys_are_read_in_all_three_forms() {
    let fixture = Fixture::new();
    let issue = |key: &KeyPair| {
        let now = SystemTime::now();
        let validity = Validity {
            not_before: now - Duration::from_mins(1),
            not_after: now + Duration::from_mins(1),
        };
        fixture
            .ca
            .certify(key, Role::Node, "n", &[], validity)
            .unwrap()
    };
    // rcgen serialises an RSA key as PKCS#8; its inner part is PKCS#1.
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let pkcs8 = rsa.serialize_pem();
    let pkcs1 = pem("RSA PRIVATE KEY", &rsa.serialize_der()[26..]);
    for key_pem in [pkcs8, pkcs1] {
        let files = fixture.write_pair(
            "rsa",
            &mint::Pair {
                cert_pem: issue(&rsa),
                key_pem,
            },
        );
        Certified::load(&files.cert, &files.key).unwrap();
    }
    let aws = aws_lc_rs::signature::EcdsaKeyPair::generate(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    )
    .unwrap();
    let ec = KeyPair::try_from(aws.to_pkcs8v1().unwrap().as_ref()).unwrap();
    let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> = aws.private_key().as_der().unwrap();
    let key_pem = pem("EC PRIVATE KEY", sec1.as_ref());
    let files = fixture.write_pair(
        "ec",
        &mint::Pair {
            cert_pem: issue(&ec),
            key_pem,
        },
    );
    Certified::load(&files.cert, &files.key).unwrap();
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64_STANDARD.encode(der)
    )
}

#[test]
fn names_are_single_and_plain() {
    let named = |names: &[&str]| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        // rcgen keeps one value a type, so a second one gets in as the same type by number.
        for (i, name) in names.iter().enumerate() {
            let kind = if i == 0 {
                DnType::CommonName
            } else {
                DnType::CustomDnType(vec![2, 5, 4, 3])
            };
            params.distinguished_name.push(kind, *name);
        }
        common_name(params.self_signed(&key).unwrap().der())
    };
    assert_eq!(
        named(&["web-1.example_2.net"]).unwrap(),
        "web-1.example_2.net"
    );
    assert_eq!(named(&[]), Err(NameError::None));
    assert_eq!(named(&["a", "b"]), Err(NameError::Several));
    for bad in [
        "",
        "a b",
        "a/b",
        "a\n",
        "a\0b",
        "é",
        "a=b",
        &"a".repeat(256),
    ] {
        assert!(
            matches!(named(&[bad]), Err(NameError::Unusable(_))),
            "{bad:?}"
        );
    }
    assert_eq!(
        common_name(&CertificateDer::from_slice(b"x")),
        Err(NameError::Damaged)
    );
}

#[test]
fn what_is_minted_says_what_was_asked() {
    let fixture = Fixture::new();
    let sans = ["a.example.net".to_owned(), "10.0.0.1".into(), "::1".into()];
    let pair = fixture.ca.issue(Role::Broker, "b", &sans, 30).unwrap();
    let certificate = CertificateDer::from_pem_slice(pair.cert_pem.as_bytes()).unwrap();
    assert_eq!(subject_alt_names(&certificate).unwrap(), sans);
    let validity = validity(&certificate).unwrap();
    assert!(validity.contains(SystemTime::now() - Duration::from_mins(2)));
    assert!(!validity.contains(SystemTime::now() + Duration::from_hours(31 * 24)));
    assert_eq!(serial(&certificate).unwrap().len(), 16);

    let pin = key_pin(&certificate).unwrap();
    assert_eq!(pin.to_string().parse(), Ok(pin));
    assert_eq!(pin.to_string().len(), 7 + 64);
    for bad in [
        "",
        "sha256:",
        "sha256:zz",
        &"0".repeat(64),
        &format!("sha256:{}", "+1".repeat(32)),
    ] {
        assert!(bad.parse::<KeyPin>().is_err(), "{bad:?}");
    }
    assert!(matches!(
        fixture.ca.issue(Role::Node, "a/b", &[], 1),
        Err(MintError::CommonName(_))
    ));
    let bad = fixture.ca.issue(Role::Broker, "b", &["a b".into()], 1);
    assert!(matches!(bad, Err(MintError::SubjectAltName(_))));
    let mixed = CertificateAuthority::load(fixture.ca.cert_pem(), &pair.key_pem);
    assert!(matches!(mixed, Err(MintError::Authority(_))));
    // However long is asked for, it ends with its authority.
    let long = fixture.ca.issue(Role::Node, "n", &[], u32::MAX).unwrap();
    let long = CertificateDer::from_pem_slice(long.cert_pem.as_bytes()).unwrap();
    let ca = CertificateDer::from_pem_slice(fixture.ca.cert_pem().as_bytes()).unwrap();
    assert_eq!(
        super::validity(&long).unwrap().not_after,
        super::validity(&ca).unwrap().not_after
    );
}
