//! What a server's and a client's configuration have in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};

use super::{
    Fault, connection, keys,
    logger::{self, LogLevel, Logger},
    reader::Reader,
    secret,
    security::{self, Security},
};
use crate::{
    connector,
    mcorpc::names::{Collective, Identity},
};

/// What identities and collectives look like.
const NAME: &str = "a name has letters, digits, `_`, `.` and `-`";

/// What a server's and a client's configuration have in common.
#[derive(Clone, Debug)]
pub struct Common {
    /// The file that was read.
    pub file: PathBuf,
    /// Its directory, which also holds `policies`.
    pub directory: PathBuf,
    /// Which node this is, where the file says it.
    pub identity: Option<Identity>,
    /// The collectives that this process is in; never empty.
    pub collectives: Vec<Collective>,
    /// The one that is meant where none is named.
    pub main_collective: Collective,
    /// How to reach a broker.
    pub connector: connector::Settings,
    /// Who signs, and whom to believe.
    pub security: Security,
    /// Where plugins are looked for; the first one wins.
    pub libdir: Vec<PathBuf>,
    /// Where log lines go.
    pub logger: Logger,
    /// Whether requests are addressed to single nodes.
    pub direct_addressing: bool,
    /// How long a request is valid.
    pub ttl: Duration,
    /// The longest that anybody's request is valid.
    pub max_ttl: Duration,
    /// Where notes are kept that outlive the process, where the file says it.
    pub state_dir: Option<PathBuf>,
    /// `plugin.*`, without `plugin.`.
    pub plugins: Plugins,
    /// What is odd in the file and no reason to refuse it.
    pub warnings: Vec<Fault>,
    /// Those of them that are lines without a meaning.
    pub strays: Vec<Fault>,
    pub(super) items: Map<String, Value>,
}

impl Common {
    /// Reads what is common. Warnings and items are the reader's until all is read.
    pub(super) fn read(reader: &mut Reader<'_>, level: LogLevel) -> Self {
        let (faults, warnings) = keys::check(reader.document);
        reader.add(faults, warnings);
        let connector = connection::read(reader);
        let security = security::read(reader, &connector);
        let collectives = collectives(reader);
        let max_ttl = reader.positive_duration("max_ttl", Duration::from_mins(10));
        let file = reader.document.file.clone();
        let directory = file.parent().unwrap_or(Path::new("")).to_path_buf();
        Self {
            identity: identity(reader),
            main_collective: main_collective(reader, &collectives),
            collectives,
            connector,
            security,
            libdir: libdir(reader),
            logger: logger::read(reader, level),
            direct_addressing: reader.flag("direct_addressing", true),
            ttl: ttl(reader, max_ttl),
            max_ttl,
            state_dir: reader.path("statedir"),
            plugins: Plugins::of(reader),
            warnings: Vec::new(),
            strays: reader.document.strays.clone(),
            items: Map::new(),
            file,
            directory,
        }
    }

    /// Takes over what the reader has gathered.
    pub(super) fn complete(&mut self, mut reader: Reader<'_>) -> Result<(), super::Faults> {
        self.items = std::mem::take(&mut reader.items);
        let text = |path: &Path| Value::from(path.to_string_lossy());
        self.items.insert("configfile".into(), text(&self.file));
        self.items.insert("configdir".into(), text(&self.directory));
        self.items
            .insert("pluginconf".into(), self.plugins.redacted());
        self.warnings = reader.finish()?;
        Ok(())
    }

    /// What a setting is now, by its name, as `rpcutil`'s `get_config_item` shows it: times in
    /// seconds, `pluginconf` all of `plugin.*`, and nothing that may be a secret. `None` is for
    /// what is no setting, or one that has no value.
    pub fn item(&self, name: &str) -> Option<Value> {
        let plugin = name
            .strip_prefix("plugin.")
            .or_else(|| name.strip_prefix("pluginconf."));
        if let Some(plugin) = plugin {
            let value = self.plugins.get(plugin)?;
            return Some(secret::redacted(plugin, value).into());
        }
        let value = self.items.get(name)?.clone();
        Some(if secret::is_secret(name) {
            secret::REDACTED.into()
        } else {
            value
        })
    }
}

/// `plugin.*`, without `plugin.`: what plugins are told.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Plugins(BTreeMap<String, String>);

impl Plugins {
    fn of(reader: &Reader<'_>) -> Self {
        let settings = reader.document.keys().filter_map(|(key, entry)| {
            let key = key.strip_prefix("plugin.")?;
            Some((key.to_owned(), entry.value.clone()))
        });
        Self(settings.collect())
    }

    /// The setting `plugin.KEY`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All settings that start with `prefix`.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .range(prefix.to_owned()..)
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn redacted(&self) -> Value {
        let shown = |(key, value): (&String, &String)| {
            (key.clone(), Value::from(secret::redacted(key, value)))
        };
        Value::Object(self.0.iter().map(shown).collect())
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .0
            .iter()
            .map(|(key, value)| (key, secret::redacted(key, value)));
        f.debug_map().entries(shown).finish()
    }
}

fn identity(reader: &mut Reader<'_>) -> Option<Identity> {
    let identity = reader.parse("identity", NAME, |text| Identity::new(text).ok())?;
    reader.record("identity", identity.as_str());
    Some(identity)
}

fn collectives(reader: &mut Reader<'_>) -> Vec<Collective> {
    let mut collectives = reader
        .parse_list("collectives", collective)
        .unwrap_or_default();
    if collectives.is_empty() {
        collectives.push(default_collective());
    }
    let mut seen = BTreeSet::new();
    collectives.retain(|collective| seen.insert(collective.clone()));
    let names: Vec<&str> = collectives.iter().map(Collective::as_str).collect();
    reader.record("collectives", names);
    collectives
}

/// `main_collective` as in the original is `mcollective` also where the list has no such one; then
/// the list's first serves, as nothing could be sent otherwise.
fn main_collective(reader: &mut Reader<'_>, collectives: &[Collective]) -> Collective {
    let read = reader.parse("main_collective", NAME, |text| collective(text).ok());
    let list = quoted_list(collectives);
    if let Some(name) = &read
        && !collectives.contains(name)
    {
        let message = format!("`main_collective` is `{name}`, which is not in `collectives`");
        reader.fault(
            "main_collective",
            &message,
            &format!("give one of {list}, or add it there"),
        );
    }
    let main = read.unwrap_or_else(|| {
        let default = default_collective();
        match collectives.first() {
            Some(first) if !collectives.contains(&default) => first.clone(),
            _ => default,
        }
    });
    reader.record("main_collective", main.as_str());
    main
}

/// Reads a collective's name; otherwise says what one looks like.
pub(super) fn collective(text: &str) -> Result<Collective, &'static str> {
    Collective::new(text).map_err(|_| NAME)
}

fn default_collective() -> Collective {
    Collective::new("mcollective").unwrap_or_else(|_| unreachable!("the literal is a name"))
}

fn quoted_list(collectives: &[Collective]) -> String {
    super::reader::quoted(collectives.iter().map(Collective::as_str))
}

/// The directories of all `libdir` lines. The original puts each before those that it knows, so the
/// last one written is searched first.
fn libdir(reader: &mut Reader<'_>) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    let mut relative = Vec::new();
    for entry in reader.document.all("libdir") {
        for directory in entry.value.split(':').filter(|text| !text.is_empty()) {
            if !directory.starts_with('/') {
                let message = format!("`libdir` has `{directory}`, which is not absolute");
                let right = "directories begin with `/`";
                relative.push(Fault::new(&entry.file, Some(entry.line), message, right));
            }
            directories.insert(0, PathBuf::from(directory));
        }
    }
    reader.add(relative, Vec::new());
    let shown = directories
        .iter()
        .map(|directory| directory.to_string_lossy());
    let shown: Vec<Value> = shown.map(Value::from).collect();
    reader.record("libdir", shown);
    directories
}

fn ttl(reader: &mut Reader<'_>, max_ttl: Duration) -> Duration {
    let ttl = reader.positive_duration("ttl", Duration::from_mins(1).min(max_ttl));
    if ttl > max_ttl {
        let message = "`ttl` is longer than `max_ttl`: nodes take requests for that long only";
        reader.warn("ttl", message, "lower it, or raise `max_ttl` on every node");
    }
    ttl
}
