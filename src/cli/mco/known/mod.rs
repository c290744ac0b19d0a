//! The names of nodes, facts and classes that earlier commands have seen, for completion. They are kept in a file for each configuration and collective, so that two fleets do not
//! mix. It is a convenience: where the file can't be read or written there is none.

mod fleet;
mod replies;

use std::{
    collections::HashSet,
    fs::{self, DirBuilder},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::{
    cli::tree::General,
    client::{Account, Addressing, Call, Discovered, Targets, discovery::Source},
    config::{self, ClientConfig},
    mcorpc::names::Collective,
    sys::{self, file::Mode},
};
use fleet::{Day, Fleet};

/// Larger than any file that is written here.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// The files of so many configurations and collectives are kept.
const MAX_FILES: usize = 64;

/// What the fleet is known to have, and what this command learns.
pub(super) struct Known {
    /// Where it is kept; without a home, nowhere.
    place: Option<Place>,
    new: Fleet,
    today: Day,
}

/// Whose names a file has.
#[derive(Clone, Debug)]
struct Place {
    dir: PathBuf,
    owner: Owner,
}

/// The configuration and the collective.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    config: String,
    collective: String,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    owner: Owner,
    #[serde(flatten)]
    fleet: Fleet,
}

impl Known {
    pub(super) fn new(config: &ClientConfig, collective: &Collective) -> Self {
        let place = sys::paths::cache_dir().map(|cache| Place::new(&cache, config, collective));
        Self {
            place,
            new: Fleet::default(),
            today: today(),
        }
    }

    /// Takes down what a call tells.
    pub(super) fn learn(&mut self, call: &Call, account: &Account) {
        replies::learn(&mut self.new, call, account, self.today);
    }

    /// Takes down what a discovery tells.
    pub(super) fn learn_discovered(&mut self, call: &Call, targets: &Targets, found: &Discovered) {
        let listed = matches!(targets.source, Source::List(_))
            || matches!(call.addressing, Addressing::Directed(_));
        // A list may name nodes that never were.
        let spoke = found.names.iter().filter(|_| !listed);
        for name in spoke.chain(&found.nomatch) {
            self.new.add_node(name.as_str(), self.today);
        }
    }

    /// Whether everybody who was seen before has a place in the account of a call.
    pub(super) fn has_all(&self, account: &Account) -> bool {
        let Some(place) = &self.place else {
            return false;
        };
        let answered = account.answers.iter().map(|answer| &answer.reply.sender);
        let silent = account.no_response.iter().map(|silent| &silent.node);
        let names: HashSet<&str> = answered
            .chain(silent)
            .chain(&account.nomatch)
            .chain(&account.unasked)
            .map(AsRef::as_ref)
            .collect();
        let fleet = place.read(self.today);
        let mut seen = fleet.nodes().peekable();
        seen.peek().is_some() && seen.all(|node| names.contains(node.as_str()))
    }

    /// Keeps what is new.
    pub(super) fn keep(self) {
        let Some(place) = self.place else {
            return;
        };
        let before = place.read(self.today);
        let mut fleet = before.clone();
        fleet.merge(self.new);
        fleet.tidy(self.today);
        if fleet != before {
            // There are names from before, or none; that is no reason to fail, nor to say a word.
            let _kept = place.write(&fleet);
        }
    }
}

/// The names that are known.
#[derive(Debug, Default)]
pub(super) struct Names {
    fleet: Fleet,
}

impl Names {
    /// Those of the fleet that the options lead to.
    pub(super) fn find(general: &General, target: Option<&str>) -> Self {
        Self::read(general, target).unwrap_or_default()
    }

    fn read(general: &General, target: Option<&str>) -> Option<Self> {
        let file = match &general.config {
            Some(file) => file.clone(),
            None => config::find("client.cfg", &sys::paths::Config::Client.candidates()).ok()?,
        };
        let config = ClientConfig::load(&file, &config::process_environment).ok()?;
        let collective = match target {
            Some(name) => Collective::new(name).ok()?,
            None => config.common.main_collective.clone(),
        };
        let place = Place::new(&sys::paths::cache_dir()?, &config, &collective);
        Some(Self {
            fleet: place.read(today()),
        })
    }

    #[cfg(test)]
    pub(super) fn of(nodes: &[&str], classes: &[&str], facts: &[(&str, &str)]) -> Self {
        let mut fleet = Fleet::default();
        for node in nodes {
            fleet.add_node(node, 1);
        }
        for class in classes {
            fleet.add_class(class, 1);
        }
        for (fact, value) in facts {
            fleet.add_fact(fact, Some(value), 1);
        }
        Self { fleet }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &String> {
        self.fleet.nodes()
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = &String> {
        self.fleet.classes()
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = &String> {
        self.fleet.facts()
    }

    /// The values of a fact, where they are few.
    pub(super) fn values(&self, fact: &str) -> impl Iterator<Item = &String> {
        self.fleet.values(fact)
    }
}

fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs() / (24 * 60 * 60)
}

impl Place {
    fn new(cache: &Path, config: &ClientConfig, collective: &Collective) -> Self {
        let file = &config.common.file;
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        Self {
            dir: cache.join("names"),
            owner: Owner {
                config: file.to_string_lossy().into_owned(),
                collective: collective.as_str().to_owned(),
            },
        }
    }

    /// Two owners whose names fall together take turns, which `read` sees.
    fn file(&self) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        self.owner.hash(&mut hasher);
        self.dir.join(format!("{:016x}.json", hasher.finish()))
    }

    fn read(&self, today: Day) -> Fleet {
        let kept = sys::file::read(&self.file(), MAX_BYTES).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let Some(kept) = kept.filter(|kept| kept.owner == self.owner) else {
            return Fleet::default();
        };
        let mut fleet = kept.fleet;
        fleet.tidy(today);
        fleet
    }

    fn write(&self, fleet: &Fleet) -> Result<(), Box<dyn std::error::Error>> {
        let file = self.file();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        if !file.exists() {
            forget_old(&self.dir, MAX_FILES - 1);
        }
        let kept = Kept {
            owner: self.owner.clone(),
            fleet: fleet.clone(),
        };
        let bytes = serde_json::to_vec(&kept)?;
        sys::file::write_atomic(&file, &bytes, Mode::Exactly(0o600))?;
        Ok(())
    }
}

/// Removes all files but those that were written last.
fn forget_old(dir: &Path, keep: usize) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let written = entry
                .metadata()
                .ok()
                .filter(fs::Metadata::is_file)?
                .modified()
                .ok()?;
            Some((written, entry.path()))
        })
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    for (_, path) in files.into_iter().skip(keep) {
        let _gone = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests;
