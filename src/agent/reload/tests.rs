//! Configurations and certificates that change under a running daemon.

use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};

use super::*;
use crate::{
    agent::{agents, testing::Site},
    mcorpc::{ddl::builtin, filter::Node as _},
    security::SecurityProvider as _,
    sys::file::{self, Mode},
    tls::{Files, mint::Role},
};

/// A daemon without a broker, and the log levels that it asked for.
fn runner(site: &Site, extra: &str) -> (Runner, Arc<Mutex<Vec<LogLevel>>>) {
    let levels = Arc::<Mutex<Vec<LogLevel>>>::default();
    let asked = Arc::clone(&levels);
    let log = Box::new(move |level| asked.lock().unwrap().push(level));
    let config = site.config(extra);
    let runner = Runner::with_agents(config, agents::builtin(), log).unwrap();
    (runner, levels)
}

/// Reads the configuration again, which has become this.
fn reload(runner: &mut Runner, site: &Site, extra: &str) -> Result<(), Vec<String>> {
    site.write_config(1, extra);
    runner.shared = Arc::new(runner.read_again()?);
    Ok(())
}

#[test]
fn limits_levels_and_policies_change_and_the_counters_stay() {
    let site = Site::new();
    let (mut runner, levels) = runner(&site, "");
    let stats = runner.shared.host.stats();
    stats.count(crate::agent::stats::Counter::Total);
    let more = "max_concurrent_actions = 1\nloglevel = debug\nrpcauthorization = 1\n\
                rpcauthprovider = action_policy\nrpcaudit = 1\nrpcauditprovider = logfile\n\
                plugin.rpcaudit.logfile = audit.log\nmax_ttl = 1h\n";
    reload(&mut runner, &site, more).unwrap();
    let shared = &runner.shared;
    let _place = shared.cap.take(true).unwrap();
    assert!(shared.cap.take(true).is_none());
    assert!(shared.authoriser.is_some() && shared.audit.is_some());
    let total = shared
        .host
        .stats()
        .value(crate::agent::stats::Counter::Total);
    assert_eq!(total, 1);
    assert_eq!(*levels.lock().unwrap(), [LogLevel::Debug]);
    reload(&mut runner, &site, "").unwrap();
    assert!(runner.shared.authoriser.is_none() && runner.shared.audit.is_none());
    assert!(runner.shared.cap.take(true).is_some());
    assert_eq!(*levels.lock().unwrap(), [LogLevel::Debug, LogLevel::Info]);
}

#[test]
fn usr2_goes_through_the_levels() {
    let site = Site::new();
    let (mut runner, levels) = runner(&site, "");
    for _ in 0..5 {
        runner.next_log_level();
    }
    let names: Vec<String> = levels
        .lock()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["warn", "error", "fatal", "debug", "info"]);
}

#[test]
fn a_faulty_file_changes_nothing_and_every_fault_is_told_with_its_line() {
    let site = Site::new();
    let (mut runner, levels) = runner(&site, "");
    let before = Arc::clone(&runner.shared);
    let faults = reload(
        &mut runner,
        &site,
        "loglevel = debug\nmax_concurrent_actions = many\nno_such = 1\n",
    )
    .unwrap_err();
    assert!(Arc::ptr_eq(&before, &runner.shared));
    let file = site.fixture.path("server.cfg");
    let lines = faults.iter().map(|fault| {
        let rest = fault.strip_prefix(&format!("{}:", file.display())).unwrap();
        rest.split(':').next().unwrap().parse::<u32>().unwrap()
    });
    let lines: Vec<u32> = lines.collect();
    assert_eq!(lines, [13, 14], "{faults:?}");
    assert!(levels.lock().unwrap().is_empty());
    assert!(runner.shared.cap.take(true).is_some());

    // A faulty plugin.d file, too.
    let plugins = site.fixture.path("plugin.d");
    std::fs::create_dir(&plugins).unwrap();
    site.fixture
        .write("plugin.d/pki.cfg", "clientz = peadmin\n");
    let faults = reload(&mut runner, &site, "").unwrap_err();
    assert!(faults[0].contains("plugin.d/pki.cfg:1: "), "{faults:?}");
    site.fixture.write("plugin.d/pki.cfg", "clients = bob\n");
    reload(&mut runner, &site, "").unwrap();
    let asked = site.signed("r1", "rpcutil", "ping");
    let error = runner
        .shared
        .provider
        .verify_request(&asked.body, SystemTime::now())
        .unwrap_err();
    assert!(error.to_string().contains("may not command"), "{error}");
}

#[test]
fn what_needs_a_restart_is_told_each_time() {
    let site = Site::new();
    let (mut runner, _) = runner(&site, "");
    for _ in 0..2 {
        let config = site.config_for(2, "identity = other\nstatedir = /elsewhere\n");
        let changes = needs_restart(&runner.shared, &config);
        assert_eq!(changes.len(), 3, "{changes:?}");
        assert!(changes[1].contains("plugin.activemq"));
        let shared = runner.read_again().unwrap();
        assert_eq!(shared.host.identity().as_str(), "node1");
        runner.shared = Arc::new(shared);
    }
    assert!(needs_restart(&runner.shared, &site.config("")).is_empty());
}

#[test]
fn facts_and_classes_come_from_where_the_configuration_says_now() {
    let site = Site::new();
    site.fixture.write("facts.yaml", "country: uk\n");
    site.fixture.write("other.yaml", "country: de\n");
    site.fixture.write("others.txt", "role::db\n");
    let (mut runner, _) = runner(&site, "");
    let country = |runner: &Runner| runner.shared.host.fact("country").unwrap();
    assert_eq!(country(&runner), "uk");
    reload(
        &mut runner,
        &site,
        "plugin.yaml = other.yaml\nclassesfile = others.txt\n",
    )
    .unwrap();
    assert_eq!(country(&runner), "de");
    assert_eq!(runner.shared.host.classes().to_vec(), ["role::db"]);
    // Without any the node would forget what it is.
    reload(&mut runner, &site, "plugin.yaml = nosuch.yaml\n").unwrap();
    assert_eq!(country(&runner), "de");
    reload(&mut runner, &site, "fact_cache_time = 1\n").unwrap();
    assert_eq!(country(&runner), "uk");
}

#[test]
fn collectives_and_agents_come_and_go() {
    let site = Site::new();
    let (mut runner, _) = runner(&site, "");
    let addresses = |runner: &Runner| -> Vec<String> {
        let addresses = runner.shared.addresses().into_iter();
        addresses.map(|(destination, _)| destination).collect()
    };
    let names: Vec<&str> = builtin::agents().iter().map(|ddl| ddl.name()).collect();
    let mut all = vec!["/queue/mcollective.nodes".to_owned()];
    all.extend(
        names
            .iter()
            .map(|name| format!("/topic/mcollective.{name}.agent")),
    );
    assert_eq!(addresses(&runner), all);
    let mut extra = vec!["collectives = mcollective, sub\n".to_owned()];
    let others = names.iter().filter(|name| **name != "discovery");
    extra.extend(others.map(|name| format!("plugin.{name}.activate_agent = no\n")));
    reload(&mut runner, &site, &extra.concat()).unwrap();
    assert_eq!(
        addresses(&runner),
        [
            "/queue/mcollective.nodes",
            "/topic/mcollective.discovery.agent",
            "/queue/sub.nodes",
            "/topic/sub.discovery.agent"
        ]
    );
    assert_eq!(*runner.shared.host.agents(), ["discovery"]);
    reload(&mut runner, &site, "").unwrap();
    assert_eq!(runner.shared.host.agents().len(), names.len());
}

#[test]
fn renewed_certificates_are_noticed_and_half_written_ones_change_nothing() {
    let site = Site::new();
    let [cert, key, ca] = ["node1.pem", "node1.key", "ca.pem"].map(|name| site.fixture.path(name));
    let shown = format!(
        "plugin.activemq.pool.1.ssl = yes\nplugin.activemq.pool.1.ssl.cert = {}\n\
         plugin.activemq.pool.1.ssl.key = {}\nplugin.activemq.pool.1.ssl.ca = {}\n",
        cert.display(),
        key.display(),
        ca.display()
    );
    let (mut runner, _) = runner(&site, &shown);
    let until = |runner: &Runner| runner.shared.provider.valid_until();
    let first = until(&runner);
    runner.renew_certificates();
    assert_eq!(until(&runner), first);

    let renewed = site.fixture.ca.issue(Role::Node, "node1", &[], 60).unwrap();
    let put = |name, text: &str| {
        let mode = Mode::Exactly(0o600);
        file::write_atomic(&site.fixture.path(name), text.as_bytes(), mode).unwrap();
    };
    put("node1.pem", &renewed.cert_pem);
    // The key is still the old one's.
    runner.renew_certificates();
    assert_eq!(until(&runner), first);
    assert_eq!(runner.certificates.due(), None);
    put("node1.key", &renewed.key_pem);
    runner.renew_certificates();
    let second = until(&runner);
    // The broker is to see it too, and soon.
    let due = runner.certificates.due().expect("a time to connect anew");
    assert!(due < tokio::time::Instant::now() + Duration::from_mins(1));
    assert!(second > first + Duration::from_hours(24 * 20));

    // Nor does the certificate of somebody else get in.
    site.fixture.write_pair(
        "node1",
        &site.fixture.ca.issue(Role::Node, "node2", &[], 90).unwrap(),
    );
    runner.renew_certificates();
    assert_eq!(until(&runner), second);
    assert!(reload(&mut runner, &site, "").is_err());
    assert_eq!(until(&runner), second);
}

#[test]
fn a_new_revocation_list_is_noticed() {
    let site = Site::new();
    let list = |number, revoked: &[&Files]| drop(site.fixture.revoke(number, revoked));
    list(1, &[]);
    let crl = site.fixture.path("crl.pem");
    let (mut runner, _) = runner(&site, &format!("plugin.pki.crl = {}\n", crl.display()));
    let asked = site.signed("r1", "rpcutil", "ping");
    let verify = |runner: &Runner| {
        let provider = &runner.shared.provider;
        provider.verify_request(&asked.body, SystemTime::now())
    };
    verify(&runner).unwrap();
    list(2, &[&site.operator_files]);
    runner.renew_certificates();
    assert_eq!(runner.certificates.due(), None);
    let error = verify(&runner).unwrap_err().to_string();
    assert!(error.contains("revoked"), "{error}");
}
