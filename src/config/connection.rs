//! `plugin.activemq.*` and `plugin.rabbitmq.*`: how to reach a broker.
//!
//! Differences from the original, all on purpose: heart-beats are on unless the file turns them
//! off, and `ssl.fallback` never leaves a connection unverified: where it would, nothing starts.

use std::path::PathBuf;

use super::{reader::Reader, value};
use crate::{
    connector::{Dialect, Secret, Server, Settings},
    tls::{Authorities, Files},
};

const CONNECTORS: [(&str, Dialect); 2] = [
    ("activemq", Dialect::Activemq),
    ("rabbitmq", Dialect::Rabbitmq),
];

/// More brokers than anybody runs.
const LARGEST_POOL: u32 = 100;

/// Reads the settings of the chosen connector.
pub(super) fn read(reader: &mut Reader<'_>) -> Settings {
    let dialect = reader.choice("connector", &CONNECTORS, Dialect::Activemq);
    let name = match dialect {
        Dialect::Activemq => "activemq",
        Dialect::Rabbitmq => "rabbitmq",
    };
    let key = |rest: &str| format!("plugin.{name}.{rest}");
    let defaults = Settings::default();
    let multiplier = reader.parse(
        &key("back_off_multiplier"),
        "give a number of at least 1",
        |text| value::decimal(text).filter(|number| *number >= 1.0),
    );
    let back_off = reader.flag(&key("use_exponential_back_off"), true);
    let settings = Settings {
        dialect,
        pool: pool(reader, name),
        randomize: reader.flag(&key("randomize"), false),
        initial_reconnect_delay: reader.duration(
            &key("initial_reconnect_delay"),
            defaults.initial_reconnect_delay,
        ),
        max_reconnect_delay: reader
            .duration(&key("max_reconnect_delay"), defaults.max_reconnect_delay),
        back_off_multiplier: match multiplier {
            _ if !back_off => 1.0,
            Some(multiplier) => multiplier,
            None => defaults.back_off_multiplier,
        },
        max_reconnect_attempts: reader.integer(&key("max_reconnect_attempts"), 0, 0, u32::MAX),
        connect_timeout: reader
            .positive_duration(&key("connect_timeout"), defaults.connect_timeout),
        heartbeat_interval: reader
            .duration(&key("heartbeat_interval"), defaults.heartbeat_interval),
        vhost: match dialect {
            Dialect::Activemq => reader.text(&key("vhost"), "mcollective"),
            Dialect::Rabbitmq => reader.text(&key("vhost"), "/"),
        },
        base64: reader.flag(&key("base64"), false),
        priority: reader.integer(&key("priority"), 0, 0, 9),
    };
    refuse_what_changes_addresses(reader, name);
    settings
}

/// With these the peers would use other destinations, and nothing would ever arrive.
fn refuse_what_changes_addresses(reader: &mut Reader<'_>, name: &str) {
    for rest in ["agents_multiplex", "use_reply_exchange"] {
        let key = format!("plugin.{name}.{rest}");
        if reader.flag(&key, false) {
            let message = format!("`{key}` is not supported");
            reader.fault(
                &key,
                &message,
                "remove it here and on every other node and client",
            );
        }
    }
}

fn pool(reader: &mut Reader<'_>, name: &str) -> Vec<Server> {
    let size_key = format!("plugin.{name}.pool.size");
    if !reader.has(&size_key) {
        reader.missing(&size_key, "1");
    }
    let size = reader.integer(&size_key, 0, 1, LARGEST_POOL);
    warn_of_unused(reader, name, size);
    (1..=size)
        .filter_map(|number| server(reader, name, number))
        .collect()
}

/// Warns of the first setting of each broker that is not in the pool.
fn warn_of_unused(reader: &mut Reader<'_>, name: &str, size: u32) {
    let prefix = format!("plugin.{name}.pool.");
    let beyond = |key: &str| {
        let number = key.strip_prefix(&prefix)?.split('.').next()?;
        let number: u32 = number.parse().ok()?;
        (number == 0 || number > size).then_some(number)
    };
    let mut unused: Vec<(u32, &str)> = reader
        .document
        .keys()
        .filter_map(|(key, _)| Some((beyond(key)?, key)))
        .collect();
    unused.dedup_by_key(|(number, _)| *number);
    if size == 0 {
        return;
    }
    for (_, key) in unused {
        let right = format!("`{prefix}size` is {size}");
        reader.warn(
            key,
            &format!("ignored: `{key}` is outside the pool"),
            &right,
        );
    }
}

fn server(reader: &mut Reader<'_>, name: &str, number: u32) -> Option<Server> {
    let key = |rest: &str| format!("plugin.{name}.pool.{number}.{rest}");
    let tls = tls(reader, name, number);
    let login = |reader: &mut Reader<'_>, variable: &str, rest: &str| {
        let text = (reader.environment)(variable);
        text.unwrap_or_else(|| reader.text(&key(rest), ""))
    };
    let user = login(reader, "STOMP_USER", "user");
    let password = Secret(login(reader, "STOMP_PASSWORD", "password"));
    let port = reader.integer(&key("port"), 61_613, 1, u16::MAX.into());
    let Some(host) = reader.raw(&key("host")) else {
        reader.missing(&key("host"), "broker.example.net");
        return None;
    };
    if host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == ',') {
        let message = format!("`{}` is not one host's name or address", key("host"));
        reader.fault(
            &key("host"),
            &message,
            "give `broker.example.net`, and the port in `port`",
        );
    }
    Some(Server {
        host: host.to_owned(),
        port: u16::try_from(port).unwrap_or(61_613),
        user,
        password,
        tls,
    })
}

fn tls(reader: &mut Reader<'_>, name: &str, number: u32) -> Option<Files> {
    let ssl = format!("plugin.{name}.pool.{number}.ssl");
    let key = |rest: &str| format!("{ssl}.{rest}");
    let fallback = reader.flag(&key("fallback"), false);
    if reader.has(&key("ciphers")) {
        let right = "the ciphers of TLS 1.2 and 1.3 that are known to be good are used";
        reader.warn(
            &key("ciphers"),
            &format!("ignored: `{}`", key("ciphers")),
            right,
        );
    }
    if !reader.flag(&ssl, false) {
        if reader.has(&key("cert")) || reader.has(&key("ca")) {
            let message = format!("`{ssl}` is not set, and the connection will be in the clear");
            reader.warn(&key("cert"), &message, &format!("add `{ssl} = yes`"));
        }
        return None;
    }
    let from_environment = |reader: &mut Reader<'_>, rest: &str| -> Option<PathBuf> {
        let plugin = name.to_ascii_uppercase();
        let variable = format!(
            "MCOLLECTIVE_{plugin}_POOL{number}_SSL_{}",
            rest.to_ascii_uppercase()
        );
        let set = (reader.environment)(&variable).filter(|path| !path.is_empty());
        set.map(PathBuf::from).or_else(|| reader.path(&key(rest)))
    };
    let cert = from_environment(reader, "cert");
    let private = from_environment(reader, "key");
    let ca = match reader.raw(&key("ca")) {
        None => None,
        Some("webpki") => Some(Authorities::Webpki),
        Some(_) => Some(Authorities::Files(reader.paths(&key("ca")))),
    };
    let crl = reader.paths(&key("crl"));
    if fallback {
        let right = "remove it: a connection is always verified";
        if cert.is_none() || private.is_none() || ca.is_none() {
            let message = format!(
                "`{}` would leave the connection unverified",
                key("fallback")
            );
            reader.fault(&key("fallback"), &message, right);
        } else {
            reader.warn(
                &key("fallback"),
                &format!("ignored: `{}`", key("fallback")),
                right,
            );
        }
    }
    let examples = [
        (cert.is_none(), "cert", "/etc/mcollective/ssl/cert.pem"),
        (private.is_none(), "key", "/etc/mcollective/ssl/key.pem"),
        (ca.is_none(), "ca", "/etc/mcollective/ssl/ca.pem"),
    ];
    for (missing, rest, example) in examples {
        if missing {
            reader.missing(&key(rest), example);
        }
    }
    Some(Files {
        cert: cert?,
        key: private?,
        ca: ca?,
        crl,
    })
}

/// Whether to ask for user and password on the terminal, where the file has none.
pub(super) fn prompts(reader: &mut Reader<'_>, dialect: Dialect) -> (bool, bool) {
    let name = match dialect {
        Dialect::Activemq => "activemq",
        Dialect::Rabbitmq => "rabbitmq",
    };
    (
        reader.flag(&format!("plugin.{name}.prompt_user"), false),
        reader.flag(&format!("plugin.{name}.prompt_password"), false),
    )
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::{super::Document, *};

    /// What was read, or the faults, and the warnings.
    fn read_text(text: &str, environment: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let document = Document::parse(Path::new("/etc/m/server.cfg"), text.as_bytes());
        let environment = |name: &str| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&document, &environment);
        let settings = read(&mut reader);
        let said = match reader.finish() {
            Ok(warnings) => warnings.iter().map(ToString::to_string).collect(),
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        };
        (settings, said)
    }

    const TLS: &str = "plugin.activemq.pool.size = 1
plugin.activemq.pool.1.host = broker.example.net
plugin.activemq.pool.1.port = 61614
plugin.activemq.pool.1.user = mco
plugin.activemq.pool.1.password = hunter2
plugin.activemq.pool.1.ssl = 1
plugin.activemq.pool.1.ssl.ca = ca.pem, /etc/other.pem
plugin.activemq.pool.1.ssl.cert = ssl/cert.pem
plugin.activemq.pool.1.ssl.key = /k.pem
";

    #[test]
    fn a_pool_with_tls() {
        let (settings, said) = read_text(TLS, &[]);
        assert_eq!(said, Vec::<String>::new());
        let server = &settings.pool[0];
        assert_eq!(
            (server.host.as_str(), server.port, server.user.as_str()),
            ("broker.example.net", 61_614, "mco")
        );
        assert_eq!(server.password, Secret("hunter2".into()));
        assert_eq!(
            server.tls,
            Some(Files {
                cert: "/etc/m/ssl/cert.pem".into(),
                key: "/k.pem".into(),
                ca: Authorities::Files(vec!["/etc/m/ca.pem".into(), "/etc/other.pem".into()]),
                crl: vec![],
            })
        );
        assert_eq!(settings.heartbeat_interval, Duration::from_secs(30));
        assert_eq!(settings.vhost, "mcollective");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn the_environment_wins() {
        let environment = [
            ("STOMP_USER", "me"),
            ("STOMP_PASSWORD", ""),
            ("MCOLLECTIVE_ACTIVEMQ_POOL1_SSL_CERT", "here.pem"),
            ("MCOLLECTIVE_ACTIVEMQ_POOL1_SSL_KEY", "/home/me/key.pem"),
            ("MCOLLECTIVE_RABBITMQ_POOL1_SSL_KEY", "/not/this"),
        ];
        let (settings, said) = read_text(TLS, &environment);
        assert_eq!(said, Vec::<String>::new());
        let server = &settings.pool[0];
        assert_eq!(
            (server.user.as_str(), server.password.0.as_str()),
            ("me", "")
        );
        let files = server.tls.clone().unwrap();
        assert_eq!(
            (files.cert, files.key),
            ("here.pem".into(), "/home/me/key.pem".into())
        );
    }

    #[test]
    fn the_other_dialect_and_timings() {
        let (settings, said) = read_text(
            "connector = RabbitMQ
plugin.rabbitmq.pool.size = 2
plugin.rabbitmq.pool.1.host = a
plugin.rabbitmq.pool.2.host = b
plugin.rabbitmq.use_exponential_back_off = no
plugin.rabbitmq.back_off_multiplier = 3
plugin.rabbitmq.initial_reconnect_delay = 0.5
plugin.rabbitmq.max_reconnect_delay = 1m
plugin.rabbitmq.heartbeat_interval = 0
plugin.rabbitmq.randomize = t
plugin.activemq.pool.size = nonsense of the connector that is not used
",
            &[],
        );
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(settings.dialect, Dialect::Rabbitmq);
        assert_eq!(
            settings
                .pool
                .iter()
                .map(|server| (server.host.as_str(), server.port))
                .collect::<Vec<_>>(),
            [("a", 61_613), ("b", 61_613)]
        );
        assert!((settings.back_off_multiplier - 1.0).abs() < f64::EPSILON);
        assert_eq!(settings.initial_reconnect_delay, Duration::from_millis(500));
        assert_eq!(settings.max_reconnect_delay, Duration::from_mins(1));
        assert_eq!(settings.heartbeat_interval, Duration::ZERO);
        assert_eq!(settings.vhost, "/");
        assert!(settings.randomize);
    }

    #[test]
    fn a_public_authority_and_revocation() {
        let text = TLS.replace("ca.pem, /etc/other.pem", "webpki")
            + "plugin.activemq.pool.1.ssl.crl = crl.pem\n";
        let files = read_text(&text, &[]).0.pool.remove(0).tls.unwrap();
        assert_eq!(files.ca, Authorities::Webpki);
        assert_eq!(files.crl, [PathBuf::from("/etc/m/crl.pem")]);
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, expected) in [
            (
                "ttl = 1\n",
                vec![
                    "/etc/m/server.cfg: `plugin.activemq.pool.size` is missing; add `plugin.activemq.pool.size = 1`",
                ],
            ),
            (
                "plugin.activemq.pool.size = 1\n",
                vec![
                    "/etc/m/server.cfg: `plugin.activemq.pool.1.host` is missing; add `plugin.activemq.pool.1.host = broker.example.net`",
                ],
            ),
            (
                "connector = stomp\nplugin.activemq.pool.size = many\n",
                vec![
                    "/etc/m/server.cfg:1: `connector` can't be `stomp`; give one of `activemq`, `rabbitmq`",
                    "/etc/m/server.cfg:2: `plugin.activemq.pool.size` can't be `many`; give a number from 1 to 100",
                ],
            ),
            (
                "plugin.activemq.pool.size = 1\nplugin.activemq.pool.1.host = a\nplugin.activemq.pool.2.host = b\nplugin.activemq.pool.2.port = 1\n",
                vec![
                    "/etc/m/server.cfg:3: ignored: `plugin.activemq.pool.2.host` is outside the pool; `plugin.activemq.pool.size` is 1",
                ],
            ),
            (
                "plugin.activemq.pool.size = 1\nplugin.activemq.pool.1.host = a, b\nplugin.activemq.pool.1.ssl.cert = c\nplugin.activemq.agents_multiplex = yes\n",
                vec![
                    "/etc/m/server.cfg:2: `plugin.activemq.pool.1.host` is not one host's name or address; give `broker.example.net`, and the port in `port`",
                    "/etc/m/server.cfg:4: `plugin.activemq.agents_multiplex` is not supported; remove it here and on every other node and client",
                ],
            ),
            (
                "plugin.activemq.pool.size = 1\nplugin.activemq.pool.1.host = a\nplugin.activemq.pool.1.ssl = yes\nplugin.activemq.pool.1.ssl.fallback = true\nplugin.activemq.pool.1.ssl.ca = ca.pem\n",
                vec![
                    "/etc/m/server.cfg:4: `plugin.activemq.pool.1.ssl.fallback` would leave the connection unverified; remove it: a connection is always verified",
                    "/etc/m/server.cfg: `plugin.activemq.pool.1.ssl.cert` is missing; add `plugin.activemq.pool.1.ssl.cert = /etc/mcollective/ssl/cert.pem`",
                    "/etc/m/server.cfg: `plugin.activemq.pool.1.ssl.key` is missing; add `plugin.activemq.pool.1.ssl.key = /etc/mcollective/ssl/key.pem`",
                ],
            ),
            (
                "plugin.activemq.pool.size = 1\nplugin.activemq.pool.1.host = a\nplugin.activemq.pool.1.ssl.cert = c\n",
                vec![
                    "/etc/m/server.cfg:3: `plugin.activemq.pool.1.ssl` is not set, and the connection will be in the clear; add `plugin.activemq.pool.1.ssl = yes`",
                ],
            ),
        ] {
            assert_eq!(read_text(text, &[]).1, expected, "{text}");
        }
    }
}
