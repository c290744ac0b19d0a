//! The DDLs that this client knows: of what is compiled in, and below the directories of `libdir`.
//! What is compiled in wins over a file of its kind and name.

use std::borrow::Cow;

use crate::{
    cli::{CommandError, tree::General, voice::complain},
    config::{self, DdlFile, DdlFiles},
    mcorpc::{
        ddl::{Ddl, Kind, builtin},
        similar,
    },
    sys,
};

/// The DDLs.
#[derive(Default)]
pub(super) struct Ddls {
    files: DdlFiles,
}

/// One plugin: its name, and its DDL or what is wrong with the file.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) ddl: Result<Cow<'static, Ddl>, String>,
}

impl Ddls {
    /// Those that the configuration leads to. Without a configuration there is what is compiled in.
    pub(super) fn find(general: &General) -> Result<Self, CommandError> {
        let file = match &general.config {
            Some(file) => file.clone(),
            None => match config::find("client.cfg", &sys::paths::Config::Client.candidates()) {
                Ok(file) => file,
                Err(_) => return Ok(Self::default()),
            },
        };
        let files = DdlFiles::configured(&file);
        let files = files.map_err(|faults| CommandError::config(faults.to_string()))?;
        Ok(Self { files })
    }

    /// The same for who only wants to read about them: without a configuration that can be read
    /// there is what is compiled in, and a word about it.
    pub(super) fn find_or_warn(general: &General) -> Self {
        Self::find(general).unwrap_or_else(|error| {
            complain(format_args!("warning: {}", error.message));
            Self::default()
        })
    }

    /// The plugins of a kind, sorted by name. Files are not read.
    pub(super) fn names(&self, kind: Kind) -> Vec<String> {
        let compiled = builtin::plugins(kind).into_iter().map(Ddl::name);
        let mut names: Vec<String> = compiled.map(str::to_owned).collect();
        names.extend(self.files.list(kind).into_iter().map(|file| file.name));
        names.sort();
        names.dedup();
        names
    }

    /// The plugins of a kind with their DDLs, sorted by name.
    pub(super) fn all(&self, kind: Kind) -> Vec<Known> {
        let known = |name: String| {
            let ddl = self.get(kind, &name)?.map_err(|error| error.message);
            Some(Known { name, ddl })
        };
        self.names(kind).into_iter().filter_map(known).collect()
    }

    /// One plugin's DDL, if there is one of that name.
    pub(super) fn get(
        &self,
        kind: Kind,
        name: &str,
    ) -> Option<Result<Cow<'static, Ddl>, CommandError>> {
        let compiled = builtin::plugins(kind);
        if let Some(ddl) = compiled.into_iter().find(|ddl| ddl.name() == name) {
            return Some(Ok(Cow::Borrowed(ddl)));
        }
        self.files.find(kind, name).map(|file| read(&file))
    }

    /// An agent's DDL, or the original's error and what may have been meant.
    pub(super) fn agent(&self, name: &str) -> Result<Cow<'static, Ddl>, CommandError> {
        self.get(Kind::Agent, name).unwrap_or_else(|| {
            let error = CommandError::usage(format!("Can't find DDL for agent plugin '{name}'"));
            let names = self.names(Kind::Agent);
            Err(match similar::closest(name, &names) {
                Some(close) => error.hint(format!("did you mean `{close}`?")),
                None if self.files.is_empty() => error.hint(
                    "`mco completion --list-agents` lists the agents; `libdir` in client.cfg names \
                     directories with the DDLs of others",
                ),
                None => error.hint("`mco completion --list-agents` lists the agents"),
            })
        })
    }
}

fn read(file: &DdlFile) -> Result<Cow<'static, Ddl>, CommandError> {
    let error = match file.read() {
        Ok(ddl) => return Ok(Cow::Owned(ddl)),
        Err(error) => CommandError::config(error.to_string()),
    };
    Err(error
        .hint("a DDL in JSON, NAME.json in the same place, is read where there is no NAME.ddl"))
}

/// The DDL of the agent of this name. The configuration is looked at only for what is not compiled
/// in.
pub(super) fn agent(general: &General, name: &str) -> Result<Cow<'static, Ddl>, CommandError> {
    match builtin::agent(name) {
        Some(ddl) => Ok(Cow::Borrowed(ddl)),
        None => Ddls::find(general)?.agent(name),
    }
}

/// The DDL of the data query of this name.
pub(super) fn query(general: &General, name: &str) -> Result<Cow<'static, Ddl>, CommandError> {
    if let Some(ddl) = builtin::query(name) {
        return Ok(Cow::Borrowed(ddl));
    }
    // A configuration that can't be read is told of by whoever connects.
    let ddls = Ddls::find(general).unwrap_or_default();
    ddls.get(Kind::Data, name).unwrap_or_else(|| {
        let error = CommandError::usage(format!("Can't find DDL for data plugin '{name}_data'"));
        let names = ddls.names(Kind::Data);
        Err(match similar::closest(name, &names) {
            Some(close) => error.hint(format!("did you mean `{close}`?")),
            None => error.hint(format!("nodes know {}", names.join(", "))),
        })
    })
}
