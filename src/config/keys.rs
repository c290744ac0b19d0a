//! Which keys there are, so that a misspelt one is refused and the right one named.
//!
//! Server and client share one list, as in the original: a `client.cfg` may hold what only a server
//! uses. `plugin.*` belongs to plugins and is free, except where the plugin is one of ours.

use super::{Document, Fault, broker::limits};
use crate::mcorpc::similar;

/// The keys of `server.cfg` and `client.cfg`, without `plugin.*`.
pub(super) const SHARED: &[&str] = &[
    "activate_agents",
    "classesfile",
    "collectives",
    "color",
    "connection_timeout",
    "connector",
    "daemonize",
    "default_batch_size",
    "default_batch_sleep_time",
    "default_discovery_method",
    "default_discovery_options",
    "direct_addressing",
    "direct_addressing_threshold",
    "discovery_timeout",
    "fact_cache_time",
    "factsource",
    "identity",
    "keeplogs",
    "libdir",
    "logfacility",
    "logfile",
    "logger_type",
    "loglevel",
    "main_collective",
    "max_concurrent_actions",
    "max_log_size",
    "max_ttl",
    "publish_timeout",
    "registerinterval",
    "registration",
    "registration_collective",
    "registration_splay",
    "rpcaudit",
    "rpcauditprovider",
    "rpcauthorization",
    "rpcauthprovider",
    "rpclimitmethod",
    "securityprovider",
    "soft_shutdown",
    "soft_shutdown_timeout",
    "ssl_cipher",
    "statedir",
    "threaded",
    "ttl",
];

/// What the original knew once, and ignores with a warning.
const DEPRECATED: &[&str] = &[
    "helptemplatedir",
    "queueprefix",
    "rpchelptemplate",
    "topicprefix",
    "topicsep",
];

/// The keys of `broker.cfg`, without `collectives.*` and `limit.*`.
pub(super) const BROKER: &[&str] = &[
    "ca_dir",
    "clients",
    "identity_check",
    "keeplogs",
    "listen",
    "logfacility",
    "logfile",
    "logger_type",
    "loglevel",
    "max_log_size",
    "nodes",
    "plain_listen",
    "reload_interval",
    "ssl.ca",
    "ssl.cert",
    "ssl.crl",
    "ssl.key",
    "statedir",
];

/// What follows `plugin.activemq.` and `plugin.rabbitmq.`; `#` is a number.
const CONNECTOR: &[&str] = &[
    "agents_multiplex",
    "back_off_multiplier",
    "backup",
    "base64",
    "connect_timeout",
    "heartbeat_interval",
    "initial_reconnect_delay",
    "max_hbread_fails",
    "max_hbrlck_fails",
    "max_reconnect_attempts",
    "max_reconnect_delay",
    "pool.#.host",
    "pool.#.password",
    "pool.#.port",
    "pool.#.ssl",
    "pool.#.ssl.ca",
    "pool.#.ssl.cert",
    "pool.#.ssl.ciphers",
    "pool.#.ssl.crl",
    "pool.#.ssl.fallback",
    "pool.#.ssl.key",
    "pool.#.user",
    "pool.size",
    "priority",
    "prompt_password",
    "prompt_user",
    "randomize",
    "stomp_1_0_fallback",
    "timeout",
    "use_exponential_back_off",
    "use_reply_exchange",
    "vhost",
];

/// What follows `plugin.pki.`.
const PKI: &[&str] = &[
    "ca",
    "cert",
    "client_ca",
    "clients",
    "crl",
    "crl_updates",
    "key",
    "renew",
];

/// What follows `plugin.actionpolicy.`.
const ACTION_POLICY: &[&str] = &[
    "allow_unconfigured",
    "compat",
    "default_name",
    "enable_default",
];

/// What follows `plugin.audit.`.
const AUDIT: &[&str] = &["format", "keep", "max_size", "required", "sync"];

/// The plugins whose settings are checked.
const CHECKED: [(&str, &[&str]); 6] = [
    ("plugin.activemq.", CONNECTOR),
    ("plugin.rabbitmq.", CONNECTOR),
    ("plugin.pki.", PKI),
    ("plugin.actionpolicy.", ACTION_POLICY),
    ("plugin.audit.", AUDIT),
    ("plugin.rpcaudit.", &["logfile"]),
];

/// Finds the unknown keys of a `server.cfg` or `client.cfg`, and warns of those without effect.
pub(super) fn check(document: &Document) -> (Vec<Fault>, Vec<Fault>) {
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    for entry in &document.entries {
        let key = entry.key.as_str();
        let fault = |message: String, right: String| {
            Fault::new(&entry.file, Some(entry.line), message, right)
        };
        let checked = CHECKED.iter().find(|(prefix, _)| key.starts_with(prefix));
        if let Some((prefix, known)) = checked {
            let (pattern, numbers) = generalise(key.trim_start_matches(prefix));
            if known.contains(&pattern.as_str()) {
                continue;
            }
            let meant = similar::closest(&pattern, known.iter().copied());
            let meant = meant.map(|meant| format!("{prefix}{}", particularise(meant, &numbers)));
            faults.push(fault(unknown(key), suggestion(key, meant)));
        } else if DEPRECATED.contains(&key) {
            let message = format!("ignored: `{key}` has had no meaning for a long time");
            warnings.push(fault(message, "remove the line".into()));
        } else if !SHARED.contains(&key) && key.strip_prefix("plugin.").is_none_or(str::is_empty) {
            let plugin = format!("plugin.{key}");
            let meant = if CHECKED.iter().any(|(prefix, _)| plugin.starts_with(prefix)) {
                Some(plugin)
            } else {
                similar::closest(key, SHARED.iter().copied()).map(str::to_owned)
            };
            faults.push(fault(unknown(key), suggestion(key, meant)));
        }
    }
    (faults, warnings)
}

/// Finds the unknown keys of a `broker.cfg`.
pub(super) fn check_broker(document: &Document) -> Vec<Fault> {
    let mut faults = Vec::new();
    for entry in &document.entries {
        let key = entry.key.as_str();
        let mut known = BROKER.iter().chain(limits::KEYS).copied();
        if !known.clone().any(|known| known == key)
            && key.strip_prefix("collectives.").is_none_or(str::is_empty)
        {
            let meant = match key {
                "collectives" => Some("collectives.NAME".to_owned()),
                _ => similar::closest(key, &mut known).map(str::to_owned),
            };
            let (message, right) = (unknown(key), suggestion(key, meant));
            faults.push(Fault::new(&entry.file, Some(entry.line), message, right));
        }
    }
    faults
}

fn unknown(key: &str) -> String {
    // A key is at most a word or two; what is longer was meant as something else.
    let short: String = key.chars().take(80).collect();
    format!("unknown setting `{short}`")
}

fn suggestion(key: &str, meant: Option<String>) -> String {
    if key.starts_with('#') {
        return "a comment's `#` must be the first character of its line".into();
    }
    match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "remove the line, or put it in the file that it is for".into(),
    }
}

/// Replaces the numbers between dots by `#`.
fn generalise(key: &str) -> (String, Vec<&str>) {
    let mut numbers = Vec::new();
    let mut parts = Vec::new();
    for part in key.split('.') {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            numbers.push(part);
            parts.push("#");
        } else {
            parts.push(part);
        }
    }
    (parts.join("."), numbers)
}

/// Puts the numbers back.
fn particularise(pattern: &str, numbers: &[&str]) -> String {
    let mut numbers = numbers.iter();
    let part = |part| match part {
        "#" => numbers.next().copied().unwrap_or("N"),
        part => part,
    };
    pattern.split('.').map(part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn suggestions(text: &str) -> Vec<String> {
        let document = Document::parse(Path::new("a.cfg"), text.as_bytes());
        check(&document)
            .0
            .into_iter()
            .map(|fault| fault.suggestion)
            .collect()
    }

    #[test]
    fn known_keys_pass() {
        let mut text = SHARED.join(" = x\n") + " = x\n";
        text.push_str("plugin.anything.at.all = x\nplugin.pki.clients = x\n");
        text.push_str("plugin.activemq.pool.12.ssl.cert = x\nplugin.rabbitmq.pool.size = x\n");
        assert_eq!(suggestions(&text), Vec::<String>::new());
    }

    #[test]
    fn misspelt_keys_get_the_right_one() {
        for (key, expected) in [
            ("conector", "did you mean `connector`?"),
            (
                "plugin.activemq.pool.2.hots",
                "did you mean `plugin.activemq.pool.2.host`?",
            ),
            (
                "plugin.activemq.pool.2.ssl.certt",
                "did you mean `plugin.activemq.pool.2.ssl.cert`?",
            ),
            (
                "plugin.activemq.ttl.interval",
                "remove the line, or put it in the file that it is for",
            ),
            (
                "activemq.pool.size",
                "did you mean `plugin.activemq.pool.size`?",
            ),
            ("plugin.pki.client", "did you mean `plugin.pki.clients`?"),
            (
                "  # ttl",
                "a comment's `#` must be the first character of its line",
            ),
            (
                "plugin.",
                "remove the line, or put it in the file that it is for",
            ),
        ] {
            assert_eq!(suggestions(&format!("{key} = 1\n")), [expected], "{key}");
        }
    }

    #[test]
    fn a_broker_has_keys_of_its_own() {
        let document = Document::parse(
            Path::new("broker.cfg"),
            b"collectives./^web\\d/ = web\ncollectives = a\nlisen = x\nttl = 1\n",
        );
        let faults: Vec<_> = check_broker(&document)
            .iter()
            .map(Fault::to_string)
            .collect();
        assert_eq!(
            faults,
            [
                "broker.cfg:2: unknown setting `collectives`; did you mean `collectives.NAME`?",
                "broker.cfg:3: unknown setting `lisen`; did you mean `listen`?",
                "broker.cfg:4: unknown setting `ttl`; remove the line, or put it in the file that it is for",
            ]
        );
    }
}
