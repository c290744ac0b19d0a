//! Whole files: what they mean, and what is said of them.

use std::{path::Path, time::Duration};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{mcorpc::names::Identity, tls::Authorities};

fn nothing(_: &str) -> Option<String> {
    None
}

fn document(file: &str, text: &str) -> Document {
    Document::parse(Path::new(file), text.as_bytes())
}

fn server(text: &str) -> Result<ServerConfig, Faults> {
    ServerConfig::read(&document("/etc/m/server.cfg", text), &nothing)
}

fn client(text: &str) -> Result<ClientConfig, Faults> {
    ClientConfig::read(&document("/etc/m/client.cfg", text), &nothing)
}

fn broker(text: &str) -> Result<BrokerConfig, Faults> {
    BrokerConfig::read(&document("/etc/m/broker.cfg", text))
}

fn lines<'a>(faults: impl IntoIterator<Item = &'a Fault>) -> String {
    faults
        .into_iter()
        .map(|fault| format!("{fault}\n"))
        .collect::<Vec<_>>()
        .concat()
}

/// The least that a node needs.
const LEAST: &str = "plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = broker.example.net
plugin.activemq.pool.1.ssl = 1
plugin.activemq.pool.1.ssl.ca = ca.pem
plugin.activemq.pool.1.ssl.cert = cert.pem
plugin.activemq.pool.1.ssl.key = key.pem
plugin.pki.clients = peadmin@sha256:0000000000000000000000000000000000000000000000000000000000000000, deploy=y
";

/// As Puppet Enterprise writes it, apart from the security provider.
const PE: &str = r"main_collective = mcollective
collectives = mcollective
libdir = /opt/puppetlabs/puppet/share/mcollective/plugins:/opt/puppetlabs/mcollective/plugins
daemonize = 0
loglevel = info
logfile = /var/log/puppetlabs/mcollective/mcollective.log
identity = node1.example.net
connector = activemq
plugin.activemq.base64 = yes
plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = master.example.net
plugin.activemq.pool.1.port = 61613
plugin.activemq.pool.1.user = mcollective
plugin.activemq.pool.1.password = hunter2
plugin.activemq.pool.1.ssl = true
plugin.activemq.pool.1.ssl.ca = /etc/puppetlabs/mcollective/ssl/ca.pem
plugin.activemq.pool.1.ssl.key = /etc/puppetlabs/mcollective/ssl/key.pem
plugin.activemq.pool.1.ssl.cert = /etc/puppetlabs/mcollective/ssl/cert.pem
plugin.activemq.pool.1.ssl.fallback = false
plugin.activemq.heartbeat_interval = 120
plugin.activemq.max_hbread_fails = 2
plugin.activemq.max_hbrlck_fails = 0
securityprovider = pki
plugin.pki.clients = peadmin
direct_addressing = 1
factsource = yaml
plugin.yaml = /etc/puppetlabs/mcollective/facts.yaml:/etc/m/more.yaml
classesfile = /opt/puppetlabs/puppet/cache/state/classes.txt
registration = Meta
registerinterval = 600
rpcauthorization = 1
rpcauthprovider = action_policy
plugin.actionpolicy.allow_unconfigured = 1
rpcaudit = 1
rpcauditprovider = logfile
plugin.rpcaudit.logfile = /var/log/puppetlabs/mcollective/mcollective-audit.log
plugin.puppet.command = /opt/puppetlabs/bin/puppet agent
plugin.package.activate_agent = n
fact_cache_time = 300
ttl = 0x3C
topicprefix = /topic/
";

#[test]
fn a_server_as_puppet_enterprise_configures_it() {
    let config = server(PE).unwrap();
    let common = &config.common;
    assert_eq!(
        common.identity.as_ref().map(Identity::as_str),
        Some("node1.example.net")
    );
    assert_eq!(common.directory, Path::new("/etc/m"));
    assert_eq!(
        common.libdir,
        [
            "/opt/puppetlabs/mcollective/plugins",
            "/opt/puppetlabs/puppet/share/mcollective/plugins"
        ]
        .map(Path::new)
    );
    assert_eq!(common.ttl, Duration::from_mins(1));
    assert!(common.connector.base64);
    assert_eq!(common.connector.heartbeat_interval, Duration::from_mins(2));
    assert_eq!(common.security.providers, [Provider::Pki]);
    assert_eq!(
        common.security.pki.key,
        Path::new("/etc/puppetlabs/mcollective/ssl/key.pem")
    );
    assert_eq!(
        common.logger,
        Logger {
            target: LogTarget::File {
                path: "/var/log/puppetlabs/mcollective/mcollective.log".into(),
                keep: 5,
                max_size: 2_097_152,
            },
            level: LogLevel::Info,
        }
    );
    assert_eq!(config.daemonize, Some(false));
    assert_eq!(
        config.facts.files,
        ["/etc/puppetlabs/mcollective/facts.yaml", "/etc/m/more.yaml"].map(Path::new)
    );
    let registration = config.registration.unwrap();
    assert_eq!(
        (registration.kind, registration.interval, registration.splay),
        (RegistrationKind::Meta, Duration::from_mins(10), false)
    );
    assert_eq!(
        config.authorization,
        Some(Authorization {
            policies: "/etc/m/policies".into(),
            allow_unconfigured: true,
            default_policy: None,
            compat: false,
        })
    );
    let audit = config.audit.unwrap();
    assert_eq!(
        (
            audit.file,
            audit.format,
            audit.max_size,
            audit.keep,
            audit.required
        ),
        (
            "/var/log/puppetlabs/mcollective/mcollective-audit.log".into(),
            AuditFormat::Json,
            10 << 20,
            10,
            false
        )
    );
    assert_eq!(
        config
            .agent_activation
            .iter()
            .map(|(agent, on)| (agent.as_str(), *on))
            .collect::<Vec<_>>(),
        [("package", false)]
    );
    assert_eq!(
        common.plugins.get("puppet.command"),
        Some("/opt/puppetlabs/bin/puppet agent")
    );
    assert_eq!(common.plugins.under("puppet.").count(), 1);
    assert_eq!(
        lines(&common.warnings),
        "/etc/m/server.cfg:41: ignored: `topicprefix` has had no meaning for a long time; remove the line\n"
    );
}

#[test]
fn what_is_not_set_has_its_default() {
    let config = server(LEAST).unwrap();
    let common = &config.common;
    assert_eq!(common.identity, None);
    assert_eq!(common.main_collective.as_str(), "mcollective");
    assert_eq!(common.max_ttl, Duration::from_mins(10));
    assert_eq!(
        common.logger,
        Logger {
            target: LogTarget::Console,
            level: LogLevel::Info
        }
    );
    assert_eq!(
        common.security.pki.clients,
        [
            "peadmin@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "deploy=y"
        ]
    );
    assert_eq!(common.security.pki.ca, [Path::new("/etc/m/ca.pem")]);
    assert!(common.direct_addressing && config.activate_agents);
    assert_eq!(
        (config.facts.files.len(), config.facts.cache_time),
        (0, Duration::from_mins(5))
    );
    assert_eq!(
        config.classes_file,
        Path::new("/var/lib/puppet/state/classes.txt")
    );
    assert_eq!(
        (config.registration, config.audit, config.authorization),
        (None, None, None)
    );
    assert_eq!(
        (config.soft_shutdown, config.max_concurrent_actions),
        (Duration::ZERO, 64)
    );
    assert!(common.warnings.is_empty(), "{:?}", common.warnings);

    let config = client(LEAST).unwrap();
    assert_eq!(config.common.logger.level, LogLevel::Warn);
    assert_eq!(
        (
            config.color,
            config.discovery_timeout,
            config.connection_timeout
        ),
        (None, None, None)
    );
    assert_eq!(
        (config.direct_addressing_threshold, config.batch_size),
        (10, 0)
    );
    assert_eq!(
        (config.publish_timeout, config.batch_sleep),
        (Duration::from_secs(2), Duration::from_secs(1))
    );
    assert_eq!(config.limit_method, LimitMethod::First);
}

#[test]
fn a_client_file() {
    let config = client(&format!(
        "{LEAST}collectives = a, b, a
main_collective = b
color = no
default_discovery_method = flatfile
default_discovery_options = /one
default_discovery_options = /two
discovery_timeout = 500ms
rpclimitmethod = random
default_batch_size = 1_0
default_batch_sleep_time = 0.5
plugin.activemq.prompt_password = y
plugin.rpc.graph = yes
logger_type = syslog
logfacility = LOCAL3
registerinterval = of no interest here
"
    ))
    .unwrap();
    assert_eq!(config.common.collectives.len(), 2);
    assert_eq!(config.common.main_collective.as_str(), "b");
    assert_eq!(config.color, Some(false));
    assert_eq!(config.discovery_method.as_deref(), Some("flatfile"));
    assert_eq!(config.discovery_options, ["/one", "/two"]);
    assert_eq!(config.discovery_timeout, Some(Duration::from_millis(500)));
    assert_eq!(config.limit_method, LimitMethod::Random);
    assert_eq!(
        (config.batch_size, config.batch_sleep),
        (10, Duration::from_millis(500))
    );
    assert!(config.prompt_password && !config.prompt_user && config.ping_graph);
    assert_eq!(
        config.common.logger.target,
        LogTarget::Syslog {
            facility: "local3".into()
        }
    );
}

#[test]
fn every_fault_of_a_server_is_said_at_once() {
    let faults = server(
        "conector = activemq
identity = a b
collectives = a, b c
main_collective = z
libdir = lib:/abs
loglevel = loud
ttl = 60 # seconds
daemonize = \"1\"
max_ttl = 0
securityprovider = psk
factsource = facter
registerinterval = -1
rpcauthorization = 1
rpcauthprovider = opa
rpcaudit = 1
plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = h
plugin.activemq.pool.1.pasword = hunter2
plugin.activemq.pool.1.port = 99999
plugin.pki.ca = webpki
plugin.rpc.activate_agent = maybe
= lost
plugin.actionpolicy.enable_default = true
",
    )
    .unwrap_err();
    assert_eq!(
        lines(faults.iter()),
        "/etc/m/server.cfg:1: unknown setting `conector`; did you mean `connector`?
/etc/m/server.cfg:2: `identity` can't be `a b`; a name has letters, digits, `_`, `.` and `-`
/etc/m/server.cfg:3: `collectives` can't be `b c`; a name has letters, digits, `_`, `.` and `-`
/etc/m/server.cfg:4: `main_collective` is `z`, which is not in `collectives`; give one of `a`, or add it there
/etc/m/server.cfg:5: `libdir` has `lib`, which is not absolute; directories begin with `/`
/etc/m/server.cfg:6: `loglevel` can't be `loud`; give one of `debug`, `info`, `warn`, `error`, `fatal`, `trace`
/etc/m/server.cfg:7: `ttl` can't be `60 # seconds`; give seconds (`60`) or a time with a unit (`5m`), without a comment behind it
/etc/m/server.cfg:8: `daemonize` can't be `\"1\"`; give `yes` or `no`, without quotes
/etc/m/server.cfg:9: `max_ttl` is zero; give seconds (`60`) or a time with a unit (`5m`)
/etc/m/server.cfg:10: `securityprovider` can't be `psk`; supported: `pki`
/etc/m/server.cfg:11: `factsource` can't be `facter`; give one of `yaml`, `native`
/etc/m/server.cfg:12: `registerinterval` can't be `-1`; give seconds (`60`) or a time with a unit (`5m`)
/etc/m/server.cfg:14: `rpcauthprovider` can't be `opa`; give one of `action_policy`, `actionpolicy`
/etc/m/server.cfg:18: unknown setting `plugin.activemq.pool.1.pasword`; did you mean `plugin.activemq.pool.1.password`?
/etc/m/server.cfg:19: `plugin.activemq.pool.1.port` can't be `99999`; give a number from 1 to 65535
/etc/m/server.cfg:20: `plugin.pki.ca` can't be `webpki`: anybody could get a certificate there; give the files of your own authority
/etc/m/server.cfg:21: `plugin.rpc.activate_agent` can't be `maybe`; give `yes` or `no`
/etc/m/server.cfg:22: nothing stands before `=`; settings are `key = value`
/etc/m/server.cfg:23: `plugin.actionpolicy.enable_default` can't be `true`; give `yes` or `no` (the original took `true` for `no` here)
/etc/m/server.cfg: `plugin.pki.cert` is missing; add `plugin.pki.cert = /etc/mcollective/ssl/cert.pem`
/etc/m/server.cfg: `plugin.pki.key` is missing; add `plugin.pki.key = /etc/mcollective/ssl/key.pem`
/etc/m/server.cfg: `rpcauditprovider` is missing; add `rpcauditprovider = logfile`
"
    );
}

#[test]
fn secrets_are_never_said() {
    let text = format!(
        "{LEAST}plugin.activemq.pool.1.password = hunter2\nplugin.psk = hunter2\nplugin.x.token = hunter2\n"
    );
    let config = server(&text).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    let config = client(&text).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
}

#[test]
fn items_are_shown_by_name_and_without_secrets() {
    let config = server(PE).unwrap().common;
    for (name, expected) in [
        ("ttl", json!(60)),
        ("identity", json!("node1.example.net")),
        ("collectives", json!(["mcollective"])),
        ("direct_addressing", json!(true)),
        ("registerinterval", json!(600)),
        ("factsource", json!("yaml")),
        ("configfile", json!("/etc/m/server.cfg")),
        ("keeplogs", json!(5)),
        (
            "plugin.puppet.command",
            json!("/opt/puppetlabs/bin/puppet agent"),
        ),
        ("pluginconf.activemq.pool.1.password", json!("***")),
    ] {
        assert_eq!(config.item(name), Some(expected), "{name}");
    }
    assert_eq!(config.item("nosuch"), None);
    assert_eq!(config.item("plugin.nosuch"), None);
    let all = config.item("pluginconf").unwrap();
    assert_eq!(all["activemq.pool.1.user"], "mcollective");
    assert_eq!(all["activemq.pool.1.password"], "***");
}

#[test]
fn a_broker_file() {
    let config = broker(
        "listen = 0.0.0.0:61613, [::1]:61614
plain_listen = 127.0.0.1:6163
ssl.cert = ssl/broker.pem
ssl.key = ssl/key.pem
ssl.ca = ssl/ca.pem
ssl.crl = ssl/crl.pem
clients = peadmin, /console-[0-9]{1,2}/
nodes = /.*\\.example\\.net/
identity_check = off
collectives./db.*/ = mcollective, db
collectives.web1.example.net = web
limit.frame_size = 8M
limit.connections_per_address = 100
limit.handshake_timeout = 10s
",
    )
    .unwrap();
    assert_eq!(config.listen.len(), 2);
    assert_eq!(config.plain_listen[0].port(), 6163);
    assert_eq!(
        config.tls.unwrap().ca,
        Authorities::Files(vec!["/etc/m/ssl/ca.pem".into()])
    );
    assert!(config.clients[1].matches("console-12") && !config.clients[1].matches("console-123"));
    assert!(config.nodes.unwrap()[0].matches("web1.example.net"));
    assert!(!config.identity_check);
    let rules: Vec<String> = config
        .collectives
        .iter()
        .map(|(name, list)| format!("{name}: {}", list.len()))
        .collect();
    assert_eq!(rules, ["/db.*/: 2", "web1.example.net: 1"]);
    assert_eq!(
        (
            config.limits.frame_size,
            config.limits.connections_per_address
        ),
        (8 << 20, 100)
    );
    assert_eq!(config.limits.handshake_timeout, Duration::from_secs(10));
    assert!(config.warnings.is_empty());

    let config = broker("listen = none\nplain_listen = 127.0.0.1:0\n").unwrap();
    assert!(config.listen.is_empty() && config.tls.is_none() && config.nodes.is_none());
    assert!(config.identity_check);
    assert_eq!(
        lines(&config.warnings),
        "/etc/m/broker.cfg: `clients` is missing: nobody may command; add `clients = NAME`, the certificate's name of each operator\n"
    );
}

#[test]
fn every_fault_of_a_broker_is_said_at_once() {
    let faults = broker(
        "listen = localhost:61613
clients = /(/, peadmin
collectives.a b = web
collectives.web1 = a/b
ssl.ca = webpki
limit.queued_bytes = 1M
limit.headers = 1
identity_check = perhaps
ttl = 60
",
    )
    .unwrap_err();
    assert_eq!(
        lines(faults.iter()),
        "/etc/m/broker.cfg:1: `listen` can't be `localhost:61613`; give address and port (`0.0.0.0:61613`, `[::]:61613`), or `none`
/etc/m/broker.cfg:2: `clients` can't be `/(/`; unclosed group
/etc/m/broker.cfg:3: `collectives.a b` names nobody; a name has letters, digits, `_`, `.` and `-`, a pattern is `/regex/`
/etc/m/broker.cfg:4: `collectives.web1` can't be `a/b`; a name has letters, digits, `_`, `.` and `-`
/etc/m/broker.cfg:6: `limit.queued_bytes` is below `limit.frame_size`; raise it, or lower `limit.frame_size`
/etc/m/broker.cfg:7: `limit.headers` can't be `1`; give a number from 16 to 1000
/etc/m/broker.cfg:8: `identity_check` can't be `perhaps`; give `yes` or `no`
/etc/m/broker.cfg:9: unknown setting `ttl`; remove the line, or put it in the file that it is for
"
    );
    let faults = broker("listen = none\nssl.ca = webpki\n").unwrap_err();
    assert_eq!(
        faults.to_string(),
        "/etc/m/broker.cfg:1: there is no address to listen at; add `listen = 0.0.0.0:61613`"
    );
    let faults = broker("ssl.ca = webpki\n").unwrap_err();
    assert_eq!(
        lines(faults.iter()),
        "/etc/m/broker.cfg:1: `ssl.ca` can't be `webpki`: anybody could get a certificate there; give the files of your own authority
/etc/m/broker.cfg: `ssl.cert` is missing; add `ssl.cert = /etc/mcollective/ssl/broker.pem`
/etc/m/broker.cfg: `ssl.key` is missing; add `ssl.key = /etc/mcollective/ssl/broker-key.pem`
"
    );
}

proptest! {
    #[test]
    fn no_text_panics(
        settings in proptest::collection::vec((
            prop_oneof![
                proptest::sample::select(keys::SHARED).prop_map(str::to_owned),
                proptest::sample::select(keys::BROKER).prop_map(str::to_owned),
                "plugin\\.(activemq|pki)\\.(pool\\.[0-9]\\.)?(ssl|host|clients|size|x)",
                "\\PC{1,10}",
            ],
            "[0-9]{1,20}|[a-z/,:{}()# -]{1,12}|\\PC{1,10}",
        ), 0..12),
    ) {
        let lines: Vec<String> = settings.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let text = lines.concat();
        for faults in [server(&text).err(), client(&text).err(), broker(&text).err()].into_iter().flatten() {
            for fault in faults.iter() {
                prop_assert!(fault.line.is_none_or(|line| line >= 1), "{}", fault);
            }
        }
    }
}

#[test]
fn a_fifo_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client.cfg");
    crate::sys::file::make_fifo(&path);
    let error = ClientConfig::load(&path, &|_| None).unwrap_err();
    assert!(error.to_string().contains("it is a FIFO"), "{error}");
}
