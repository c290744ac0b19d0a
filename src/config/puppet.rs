//! `plugin.puppet.*`: how Puppet is run, and which of its resources may be changed one by one.

use std::time::Duration;

use super::reader::Reader;
use crate::{
    mcorpc::similar,
    node::puppet::{Options, Paths, Rule, Rules, command_words},
};

/// What follows `plugin.puppet.`, beside the files and the lists of names.
const KEYS: [&str; 12] = [
    "activate_agent",
    "allow_server_override",
    "command",
    "config",
    "resource_allow_managed_resources",
    "resource_type_blacklist",
    "resource_type_whitelist",
    "run_timeout",
    "signal_daemon",
    "splay",
    "splaylimit",
    "windows_service",
];

/// Followed by a type.
const NAMES: [&str; 2] = ["resource_name_whitelist.", "resource_name_blacklist."];

const PREFIX: &str = "plugin.puppet.";

/// Reads all of it.
pub(super) fn read(reader: &mut Reader<'_>) -> Options {
    refuse_unknown(reader);
    let mut options = Options::default();
    let key = |name: &str| format!("{PREFIX}{name}");
    if let Some(text) = reader.raw(&key("command")) {
        match command_words(text) {
            Ok(words) => options.command = words,
            Err(error) => reader.fault(
                &key("command"),
                &format!("`{}` can't be `{text}`: {error}", key("command")),
                "give a program and its arguments, such as `/opt/puppetlabs/bin/puppet agent`",
            ),
        }
    }
    options.config = reader.path(&key("config"));
    options.splay = reader.flag(&key("splay"), options.splay);
    options.splaylimit = reader.integer(&key("splaylimit"), options.splaylimit, 0, 86_400);
    options.signal_daemon = reader.flag(&key("signal_daemon"), options.signal_daemon);
    options.allow_server_override =
        reader.flag(&key("allow_server_override"), options.allow_server_override);
    options.run_timeout = reader.positive_duration(&key("run_timeout"), Duration::from_hours(1));
    options.resources = rules(reader);
    for setting in Paths::SETTINGS {
        let path = reader.path(&key(setting));
        options
            .files
            .extend(path.map(|path| (setting.to_owned(), path)));
    }
    options
}

fn rules(reader: &mut Reader<'_>) -> Rules {
    let mut rules = Rules {
        types: Rule {
            allowed: words(reader, "resource_type_whitelist"),
            denied: words(reader, "resource_type_blacklist"),
        },
        allow_managed: reader.flag("plugin.puppet.resource_allow_managed_resources", false),
        ..Rules::default()
    };
    let types: Vec<String> = reader
        .document
        .keys()
        .filter_map(|(key, _)| {
            let rest = key.strip_prefix(PREFIX)?;
            NAMES
                .iter()
                .find_map(|prefix| rest.strip_prefix(prefix))
                .map(str::to_owned)
        })
        .collect();
    for kind in types {
        let [allowed, denied] = NAMES.map(|prefix| words(reader, &format!("{prefix}{kind}")));
        rules
            .names
            .insert(kind.to_lowercase(), Rule { allowed, denied });
    }
    rules
}

/// A list; `none` is an empty one.
fn words(reader: &Reader<'_>, name: &str) -> Option<Vec<String>> {
    let text = reader.raw(&format!("{PREFIX}{name}"))?;
    if text.trim() == "none" {
        return Some(Vec::new());
    }
    // Not the list of patterns that others are: names may be paths.
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    Some(words.map(str::to_owned).collect())
}

/// A list that is misspelt would forbid nothing.
fn refuse_unknown(reader: &mut Reader<'_>) {
    let known = |rest: &str| {
        KEYS.contains(&rest)
            || Paths::SETTINGS.contains(&rest)
            || NAMES.iter().any(|prefix| {
                rest.strip_prefix(prefix)
                    .is_some_and(|kind| !kind.is_empty())
            })
    };
    let unknown: Vec<String> = reader
        .document
        .keys()
        .filter_map(|(key, _)| key.strip_prefix(PREFIX))
        .filter(|rest| !known(rest))
        .map(str::to_owned)
        .collect();
    for rest in unknown {
        let all = KEYS.iter().copied().chain(Paths::SETTINGS);
        let right = match similar::closest(&rest, all) {
            Some(meant) => format!("did you mean `{PREFIX}{meant}`?"),
            None => "remove the line".to_owned(),
        };
        let key = format!("{PREFIX}{rest}");
        reader.fault(&key, &format!("unknown setting `{key}`"), &right);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Document;

    fn options(text: &str) -> Result<Options, String> {
        let document = Document::parse(Path::new("/etc/m/server.cfg"), text.as_bytes());
        let mut reader = Reader::new(&document, &|_| None);
        let options = read(&mut reader);
        reader
            .finish()
            .map(|_| options)
            .map_err(|faults| faults.to_string())
    }

    #[test]
    fn what_puppet_enterprise_sets_is_read() {
        let text = "plugin.puppet.command = /opt/puppetlabs/bin/puppet agent\n\
            plugin.puppet.config = /etc/puppetlabs/puppet/puppet.conf\nplugin.puppet.splay = true\n\
            plugin.puppet.splaylimit = 120\nplugin.puppet.signal_daemon = 0\n\
            plugin.puppet.resource_type_whitelist = host,alias\n\
            plugin.puppet.resource_name_blacklist.host = localhost, none\nplugin.puppet.pidfile = agent.pid\n";
        let read = options(text).unwrap();
        assert_eq!(read.command, ["/opt/puppetlabs/bin/puppet", "agent"]);
        assert_eq!((read.splaylimit, read.signal_daemon), (120, false));
        assert_eq!(
            read.resources.types.allowed,
            Some(vec!["host".into(), "alias".into()])
        );
        let hosts = read.resources.names.get("host").unwrap();
        assert_eq!(hosts.denied, Some(vec!["localhost".into(), "none".into()]));
        assert_eq!(
            read.files.get("pidfile").unwrap(),
            Path::new("/etc/m/agent.pid")
        );
        assert_eq!(options("").unwrap(), Options::default());
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            (
                "plugin.puppet.command = puppet agent; true\n",
                "no shell is involved",
            ),
            (
                "plugin.puppet.splaylimit = soon\n",
                "give a number from 0 to 86400",
            ),
            ("plugin.puppet.splay = perhaps\n", "give `yes` or `no`"),
            (
                "plugin.puppet.resource_type_blaklist = file\n",
                "did you mean `plugin.puppet.resource_type_blacklist`?",
            ),
            (
                "plugin.puppet.resource_name_whitelist. = a\n",
                "unknown setting",
            ),
        ] {
            let faults = options(text).unwrap_err();
            assert!(faults.contains(expected), "{faults}");
        }
        let none = options("plugin.puppet.resource_type_whitelist = none\n").unwrap();
        assert_eq!(none.resources.types.allowed, Some(vec![]));
    }
}
