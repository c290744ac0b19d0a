//! An authority in a directory, and who gets what from it.

use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    time::{Duration, SystemTime},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::*;
use crate::tls::{
    Token,
    enrol::{Answer, Exporter, Request},
    mint::{self, Role},
    names,
};

const EXPORTER: Exporter = [9; 32];
const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

struct Place {
    authority: Authority,
    home: tempfile::TempDir,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::create(&dir.path().join("ca"), "a CA", 3650).unwrap();
    Place {
        authority,
        home: dir,
    }
}

impl Place {
    fn token(&self, role: Role, names: &[&str], uses: u32) -> Token {
        let order = TokenOrder {
            role,
            names: names.iter().map(ToString::to_string).collect(),
            uses,
            life: DAY,
            broker: "broker:61613".into(),
            callers: Vec::new(),
        };
        self.authority.create_token(&order).unwrap()
    }

    /// What comes back for a request: a certificate, or why not.
    fn ask_at(
        &self,
        token: &Token,
        name: &str,
        key: &str,
        now: SystemTime,
    ) -> Result<String, String> {
        let line = Request::write(token, name, key, &EXPORTER).unwrap();
        let request = Request::read(&line).unwrap();
        let reserved = |name: &str| name == "peadmin";
        let enrolled = self.authority.enrol_at(&request, &EXPORTER, &reserved, now);
        match Answer::read(&enrolled.answer, token, &EXPORTER).unwrap() {
            Answer::Granted { cert, ca, .. } => {
                assert_eq!(ca, self.authority.cert_pem());
                assert_eq!(enrolled.refused, None);
                Ok(cert)
            }
            Answer::Refused { why, .. } => {
                assert!(enrolled.refused.is_some());
                Err(why)
            }
        }
    }

    fn ask(&self, token: &Token, name: &str, key: &str) -> Result<String, String> {
        self.ask_at(token, name, key, SystemTime::now())
    }

    fn uses_left(&self, token: &Token) -> u32 {
        let tokens = self.authority.tokens().unwrap();
        tokens
            .iter()
            .find(|kept| kept.id() == token.id())
            .unwrap()
            .uses_left()
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn an_authority_is_made_once_and_its_key_is_for_its_owner_alone() {
    let place = place();
    let dir = place.authority.dir();
    let mode = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(""), mode("ca-key.pem"), mode("ca.pem")),
        (0o700, 0o600, 0o644)
    );
    assert!(matches!(
        Authority::create(dir, "another", 1),
        Err(AuthorityError::AlreadyThere(_))
    ));
    assert_eq!(Authority::open(dir).unwrap().pin(), place.authority.pin());
}

#[test]
fn whoever_has_a_token_gets_a_certificate_for_its_name_and_key_and_nothing_else() {
    let place = place();
    let token = place.token(Role::Node, &[], 2);
    let key = mint::new_key().unwrap();
    let cert = place.ask(&token, "web1", &key).unwrap();
    let leaf = der(&cert);
    assert_eq!(names::common_name(&leaf).unwrap(), "web1");
    assert_eq!(
        names::subject_alt_names(&leaf).unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(place.uses_left(&token), 1);
    // The answer was lost, and is asked for again: the same, and no further use.
    assert_eq!(place.ask(&token, "web1", &key).unwrap(), cert);
    assert_eq!(place.uses_left(&token), 1);
    let issued = place.authority.issued().unwrap();
    assert_eq!(issued.len(), 1);
    assert_eq!((&*issued[0].name, issued[0].role), ("web1", Role::Node));
    assert_eq!(issued[0].token.as_deref(), Some(token.id()));
}

#[test]
fn a_token_counts_as_long_as_often_and_for_whom_it_was_made() {
    let place = place();
    let key = || mint::new_key().unwrap();
    let token = place.token(Role::Node, &["web*"], 2);
    let later = SystemTime::now() + 2 * DAY;
    for (name, now, expected) in [
        ("db1", SystemTime::now(), "is not for db1"),
        ("web1", later, "has expired"),
        ("../web", SystemTime::now(), "not usable"),
        (".web", SystemTime::now(), "can't be a name"),
        ("-web", SystemTime::now(), "can't be a name"),
    ] {
        let why = place.ask_at(&token, name, &key(), now).unwrap_err();
        assert!(why.contains(expected), "{name}: {why}");
    }
    place.ask(&token, "web1", &key()).unwrap();
    place.ask(&token, "web2", &key()).unwrap();
    let why = place.ask(&token, "web3", &key()).unwrap_err();
    assert!(why.contains("used up"), "{why}");
    assert!(
        place.authority.has_live_token().unwrap(),
        "for lost answers"
    );
    assert!(place.authority.revoke_token(token.id()).unwrap());
    assert!(!place.authority.revoke_token(token.id()).unwrap());
    let why = place.ask(&token, "web1", &key()).unwrap_err();
    assert!(why.contains("does not know this token"), "{why}");
    for id in ["../ca-key", "", "a/b", "x".repeat(100).as_str()] {
        assert!(place.authority.token(id).unwrap().is_none(), "{id}");
    }
}

#[test]
fn nobody_takes_the_name_of_another_or_of_those_who_command() {
    let place = place();
    let key = || mint::new_key().unwrap();
    place
        .authority
        .issue(Role::Client, "deploy", &[], 10)
        .unwrap();
    place
        .authority
        .issue(Role::Broker, "broker", &[], 10)
        .unwrap();
    let nodes = place.token(Role::Node, &[], 9);
    let clients = place.token(Role::Client, &[], 9);
    place.ask(&nodes, "web1", &key()).unwrap();
    for (token, name, expected) in [
        (&nodes, "peadmin", "is the name of a client"),
        (&nodes, "deploy", "is the name of a client"),
        (&nodes, "broker", "is the name of a client or a broker"),
        (&nodes, "web1", "has a certificate for another key"),
        (
            &nodes,
            "WEB1",
            "web1 has a certificate, and WEB1 is the same but",
        ),
        (
            &nodes,
            "Broker",
            "broker has a certificate, and Broker is the same",
        ),
        (&clients, "web1", "is the name of a node"),
        (&clients, "deploy", "has a certificate for another key"),
    ] {
        let why = place.ask(token, name, &key()).unwrap_err();
        assert!(why.contains(expected), "{name}: {why}");
    }
    assert_eq!(place.uses_left(&nodes), 8);
    // A machine that was made anew: its old certificate first, and then another token.
    assert_eq!(place.authority.revoke("web1").unwrap().len(), 1);
    let other = place.token(Role::Node, &[], 9);
    place.ask(&other, "web1", &key()).unwrap();
    place.ask(&clients, "peadmin", &key()).unwrap();
}

#[test]
fn who_was_revoked_does_not_come_back_by_what_it_knows() {
    let place = place();
    let now = SystemTime::now();
    let token = place.token(Role::Node, &[], 9);
    let (old_key, new_key) = (mint::new_key().unwrap(), mint::new_key().unwrap());
    place.ask(&token, "web1", &old_key).unwrap();
    let later = now + 2 * SECOND;
    place.authority.revoke_at("web1", later).unwrap();
    let why = |token: &Token, key: &str| {
        let asked = place.ask_at(token, "web1", key, later + 2 * SECOND);
        asked.unwrap_err()
    };
    assert!(why(&token, &new_key).contains("was revoked after this token was made"));
    let order = TokenOrder {
        role: Role::Node,
        names: vec![],
        uses: 1,
        life: DAY,
        broker: "broker:1".into(),
        callers: vec![],
    };
    let other = place
        .authority
        .create_token_at(&order, later + SECOND)
        .unwrap();
    assert!(why(&other, &old_key).contains("this key of web1 was revoked"));
    place
        .ask_at(&other, "web1", &new_key, later + 2 * SECOND)
        .unwrap();
    assert_eq!(place.uses_left(&token), 8);
}

#[test]
fn tokens_that_would_be_of_no_use_are_not_made() {
    let place = place();
    let good = TokenOrder {
        role: Role::Node,
        names: vec!["web*".into()],
        uses: 1,
        life: DAY,
        broker: "[fd00::1]:61613".into(),
        callers: vec!["peadmin@sha256:00".into()],
    };
    let refused = |change: &dyn Fn(&mut TokenOrder)| {
        let mut order = good.clone();
        change(&mut order);
        place.authority.create_token(&order).unwrap_err();
    };
    refused(&|order| order.role = Role::Broker);
    refused(&|order| order.uses = 0);
    refused(&|order| order.life = Duration::ZERO);
    refused(&|order| order.life = 4000 * DAY);
    refused(&|order| order.broker = "a b".into());
    refused(&|order| order.callers.push("a\nb".into()));
    refused(&|order| order.names.push("../x".into()));
    assert!(place.authority.tokens().unwrap().is_empty());
    place.authority.create_token(&good).unwrap();
}

#[test]
fn what_has_expired_is_forgotten_with_the_next_certificate() {
    let place = place();
    let now = SystemTime::now();
    let pair = place.authority.issue(Role::Node, "web1", &[], 9).unwrap();
    let mut known = der(&pair.cert_pem);
    for round in 1..=3 {
        let then = now + round * 8 * DAY;
        let renewed = place.authority.renew_at(&known, then).unwrap().unwrap();
        known = der(&renewed.cert_pem);
    }
    let left = place.authority.issued().unwrap();
    assert_eq!(left.len(), 2, "the newest, and the one before");
}

#[test]
fn a_list_that_was_lost_or_not_written_is_made_anew() {
    let place = place();
    place.authority.issue(Role::Node, "web1", &[], 9).unwrap();
    place.authority.revoke("web1").unwrap();
    let list = fs::read(place.authority.crl_path()).unwrap();
    fs::remove_file(place.authority.crl_path()).unwrap();
    let later = SystemTime::now() + 2 * SECOND;
    assert!(place.authority.revoke_at("web1", later).unwrap().is_empty());
    let ca = crate::tls::Authorities::Files(vec![place.authority.cert_path()]);
    let again = fs::read(place.authority.crl_path()).unwrap();
    assert_eq!(crate::tls::newer_list(&list, &again, &ca), Ok(true));
}

/// Root may be the one who revokes; the broker's user owns the directory, and may have put anything
/// into it.
#[test]
fn root_writes_there_as_the_owner_and_is_led_nowhere() {
    let place = place();
    let (dir, outside) = (place.authority.dir(), place.home.path().join("outside"));
    file::write_atomic(&outside, b"precious", Mode::Exactly(0o600)).unwrap();
    let me = crate::sys::process::effective_ids();
    let owner = if me.0 == 0 { (12_345, 23_456) } else { me };
    fs::set_permissions(place.home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut all: Vec<_> = entries(dir).unwrap();
    all.push(dir.to_owned());
    for path in &all {
        chown(path, Some(owner.0), Some(owner.1)).unwrap();
    }
    place.authority.issue(Role::Node, "web1", &[], 9).unwrap();
    place.token(Role::Node, &[], 1);
    place.authority.revoke("web1").unwrap();
    let mut folders = vec![dir.to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for path in entries(&folder).unwrap() {
            let there = fs::symlink_metadata(&path).unwrap();
            assert_eq!((there.uid(), there.gid()), owner, "{}", path.display());
            seen += 1;
            if there.is_dir() {
                folders.push(path);
            }
        }
    }
    assert_eq!(
        seen, 9,
        "three files, lock, two folders, one in a folder, two records"
    );
    if me.0 != 0 {
        return;
    }
    for file in ["lock", "crl.pem"] {
        fs::remove_file(dir.join(file)).unwrap();
        symlink(&outside, dir.join(file)).unwrap();
        place.authority.revoke("web1").unwrap_err();
        fs::remove_file(dir.join(file)).unwrap();
        place.authority.revoke("web1").unwrap();
    }
    assert_eq!(fs::read(&outside).unwrap(), b"precious");
    assert_eq!(fs::metadata(&outside).unwrap().uid(), 0);
}

#[test]
fn without_the_secret_or_on_another_connection_nobody_learns_anything() {
    let place = place();
    let (token, other) = (
        place.token(Role::Node, &[], 9),
        self::place().token(Role::Node, &[], 9),
    );
    let key = mint::new_key().unwrap();
    // A request that somebody saw, on a connection of their own.
    let line = Request::write(&token, "web1", &key, &EXPORTER).unwrap();
    let request = Request::read(&line).unwrap();
    let enrolled = place.authority.enrol(&request, &[1; 32], &|_| false);
    assert_eq!((enrolled.name, enrolled.token), (None, None));
    let said = Answer::read(&enrolled.answer, &token, &EXPORTER).unwrap();
    // The same words as for a token that there is not.
    let line = Request::write(&other, "web1", &key, &EXPORTER).unwrap();
    let enrolled = place
        .authority
        .enrol(&Request::read(&line).unwrap(), &EXPORTER, &|_| false);
    assert_eq!(
        Answer::read(&enrolled.answer, &other, &EXPORTER).unwrap(),
        said
    );
    assert!(place.authority.issued().unwrap().is_empty());
}

#[test]
fn a_certificate_is_renewed_for_the_same_name_role_and_key() {
    let place = place();
    let now = SystemTime::now();
    let sans = ["broker".to_owned(), "10.0.0.1".to_owned()];
    let pair = place
        .authority
        .issue(Role::Broker, "broker", &sans, 90)
        .unwrap();
    let old = der(&pair.cert_pem);
    // Early: the one that there is.
    let early = place.authority.renew_at(&old, now + DAY).unwrap().unwrap();
    assert_eq!((early.cert_pem, early.is_new), (pair.cert_pem, false));
    let later = now + 70 * DAY;
    let new = place.authority.renew_at(&old, later).unwrap().unwrap();
    assert!(new.is_new);
    let leaf = der(&new.cert_pem);
    assert_eq!(names::subject_alt_names(&leaf).unwrap(), sans);
    assert_eq!(
        crate::tls::key_pin(&leaf).unwrap(),
        crate::tls::key_pin(&old).unwrap()
    );
    assert!(names::validity(&leaf).unwrap().not_after > later + 89 * DAY);
    let again = place.authority.renew_at(&old, later).unwrap().unwrap();
    assert_eq!((again.cert_pem, again.is_new), (new.cert_pem, false));
    let late = place.authority.renew_at(&old, now + 91 * DAY).unwrap();
    assert!(late.is_none(), "too late");
    let foreign = self::place()
        .authority
        .issue(Role::Node, "broker", &[], 90)
        .unwrap();
    let of_another = place.authority.renew(&der(&foreign.cert_pem)).unwrap();
    assert!(of_another.is_none());
    place.authority.revoke_at("broker", later).unwrap();
    let put_out = place.authority.renew_at(&leaf, later).unwrap();
    assert!(put_out.is_none(), "revoked");
}

#[test]
fn a_revoked_name_is_on_a_newer_list_that_others_can_check() {
    let place = place();
    let read = || fs::read(place.authority.crl_path()).unwrap();
    let first = read();
    place.authority.issue(Role::Node, "web1", &[], 10).unwrap();
    place.authority.issue(Role::Node, "web1", &[], 10).unwrap();
    assert!(place.authority.revoke("web2").unwrap().is_empty());
    assert_eq!(read(), first);
    assert_eq!(place.authority.revoke("web1").unwrap().len(), 2);
    let second = read();
    let ca = crate::tls::Authorities::Files(vec![place.authority.cert_path()]);
    assert_eq!(crate::tls::newer_list(&first, &second, &ca), Ok(true));
    assert_eq!(crate::tls::newer_list(&second, &first, &ca), Ok(false));
    assert_eq!(crate::tls::newer_list(&second, &second, &ca), Ok(false));
    assert_eq!(crate::tls::newer_list(b"", &second, &ca), Ok(true));
    let other = self::place();
    other.authority.issue(Role::Node, "x", &[], 10).unwrap();
    other.authority.revoke("x").unwrap();
    let foreign = fs::read(other.authority.crl_path()).unwrap();
    let why = crate::tls::newer_list(&first, &foreign, &ca).unwrap_err();
    assert!(why.contains("has signed it"), "{why}");
    assert!(crate::tls::newer_list(&first, b"nonsense", &ca).is_err());
}

#[test]
fn what_is_not_ours_among_the_records_keeps_nobody_from_being_revoked() {
    let place = place();
    let authority = &place.authority;
    authority.issue(Role::Node, "web1", &[], 1).unwrap();
    let stray = authority.dir().join("issued/README");
    file::write_new(&stray, b"hands off", 0o600).unwrap();
    assert_eq!(authority.revoke("web1").unwrap().len(), 1);
}
