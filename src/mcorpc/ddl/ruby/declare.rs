//! The DDL's own words: what each declares, and where it may stand.

use super::{
    RubyError,
    cursor::At,
    literal::shorten,
    parts::{aggregate, display, input, metadata, output, requires},
    properties::Properties,
    refuse,
    value::Value,
};
use crate::mcorpc::{
    ddl::{Action, Ddl, Kind, Metadata, Query},
    similar,
};

/// What a statement was given.
pub(super) struct Given {
    pub(super) values: Vec<Value>,
    /// Key, value, and where the key stands.
    pub(super) pairs: Vec<(Value, Value, At)>,
}

/// In what a statement stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    /// The action at this place of the list.
    Action(usize),
    Discovery,
    Query,
    /// The summary of that action.
    Summary(usize),
}

/// What has been declared so far.
pub(super) struct Declared<'a> {
    text: &'a str,
    ddl: Ddl,
    has_metadata: bool,
    place: Place,
}

/// Words of every kind of DDL.
const COMMON: &[&str] = &["metadata", "requires", "usage"];

/// The words of a kind of DDL besides.
const fn words(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Agent => &[
            "action",
            "input",
            "output",
            "display",
            "summarize",
            "aggregate",
        ],
        Kind::Data => &["dataquery", "input", "output"],
        Kind::Discovery => &["discovery", "capabilities"],
        _ => &[],
    }
}

impl<'a> Declared<'a> {
    pub(super) fn new(kind: Kind, name: &str, text: &'a str) -> Self {
        let metadata = Metadata {
            name: name.to_owned(),
            description: String::new(),
            author: String::new(),
            license: String::new(),
            version: String::new(),
            url: String::new(),
            timeout: 0,
        };
        Self {
            text,
            ddl: Ddl::new(kind, metadata),
            has_metadata: false,
            place: Place::Top,
        }
    }

    /// Whether this is a word of such a DDL.
    pub(super) fn knows(&self, word: &str) -> bool {
        COMMON.contains(&word) || words(self.ddl.kind).contains(&word)
    }

    /// Whether names of aggregate functions may stand here.
    pub(super) const fn in_summary(&self) -> bool {
        matches!(self.place, Place::Summary(_) | Place::Action(_))
    }

    pub(super) fn finish(self) -> Result<Ddl, RubyError> {
        if self.has_metadata {
            return Ok(self.ddl);
        }
        refuse(
            self.text,
            0,
            "there is no `metadata`, which says name, description, author, license, version, url and timeout",
        )
    }

    /// Ends what [`Self::call`] began.
    pub(super) const fn leave(&mut self, place: Place) {
        self.place = place;
    }

    fn refuse<T>(&self, at: At, what: impl Into<String>) -> Result<T, RubyError> {
        refuse(self.text, at, what)
    }

    /// Takes a statement. Gives where it stood, to go back to after its block.
    pub(super) fn call(
        &mut self,
        at: At,
        name: &str,
        given: Given,
        has_block: bool,
    ) -> Result<Place, RubyError> {
        let before = self.place;
        let takes_block = matches!(name, "action" | "dataquery" | "discovery" | "summarize");
        if !self.knows(name) {
            let known = COMMON.iter().chain(words(self.ddl.kind)).copied();
            let known: Vec<&str> = known.collect();
            let kind = self.ddl.kind.as_str();
            let name = shorten(name);
            let hint = similar::closest(&name, &known).map_or_else(
                || format!("it has {}", known.join(", ")),
                |close| format!("did you mean `{close}`?"),
            );
            let what = format!("`{name}` is no statement of a DDL of kind {kind}: {hint}");
            return self.refuse(at, what);
        }
        if has_block && !takes_block {
            return self.refuse(at, format!("`{name}` takes no block"));
        }
        let mut properties = Properties::new(self.text, at, name, given)?;
        match (name, self.place) {
            ("metadata", _) => {
                self.ddl.metadata = metadata(&mut properties)?;
                self.has_metadata = true;
            }
            ("requires", _) => self.ddl.requires = Some(requires(&properties)?),
            ("usage", _) => self.ddl.usage = properties.text_value("usage \"text\"")?,
            ("action", Place::Top) => self.place = Place::Action(self.action(&mut properties)?),
            ("dataquery", Place::Top) => {
                if self.ddl.query.is_some() {
                    return self.refuse(at, "`dataquery` can stand in a file once");
                }
                self.ddl.query = Some(Query {
                    description: properties.text("description")?,
                    ..Query::default()
                });
                self.place = Place::Query;
            }
            ("discovery", Place::Top) => self.place = Place::Discovery,
            ("capabilities", Place::Discovery) => self.capabilities(at, &properties)?,
            ("display", Place::Action(action)) => {
                let display = display(&properties)?;
                self.at_action(action, |action| action.display = display);
            }
            ("input", Place::Action(action)) => {
                let input = input(&mut properties, true)?;
                self.at_action(action, |action| {
                    put(&mut action.inputs, input, |input| &input.name);
                });
            }
            ("input", Place::Query) => {
                let input = input(&mut properties, false)?;
                if input.name != "query" {
                    return self.refuse(at, "a data query has one input, `:query`");
                }
                if let Some(query) = &mut self.ddl.query {
                    query.input = Some(input);
                }
            }
            ("output", Place::Action(action)) => {
                let output = output(&mut properties)?;
                self.at_action(action, |action| {
                    put(&mut action.outputs, output, |output| &output.name);
                });
            }
            ("output", Place::Query) => {
                let output = output(&mut properties)?;
                if let Some(query) = &mut self.ddl.query {
                    put(&mut query.outputs, output, |output| &output.name);
                }
            }
            ("summarize", Place::Action(action)) => self.place = Place::Summary(action),
            ("aggregate", Place::Action(action) | Place::Summary(action)) => {
                let aggregate = aggregate(&properties)?;
                self.at_action(action, |action| action.aggregates.push(aggregate));
            }
            (name, place) => {
                let belongs = match name {
                    "action" | "dataquery" | "discovery" => "outside every block",
                    "capabilities" => "in the block of `discovery`",
                    "aggregate" => "in the block of `summarize`",
                    "input" | "output" if self.ddl.kind == Kind::Data => {
                        "in the block of `dataquery`"
                    }
                    _ => "in the block of an `action`",
                };
                let what = match place {
                    Place::Top => format!("`{name}` belongs {belongs}"),
                    _ => format!("`{name}` does not belong here, but {belongs}"),
                };
                return self.refuse(at, what);
            }
        }
        Ok(before)
    }

    fn at_action(&mut self, action: usize, change: impl FnOnce(&mut Action)) {
        if let Some(action) = self.ddl.actions.get_mut(action) {
            change(action);
        }
    }

    /// Begins an action, or goes on with one of that name.
    fn action(&mut self, properties: &mut Properties<'_>) -> Result<usize, RubyError> {
        let name = properties.name_value("action \"name\", :description => \"text\" do")?;
        let description = properties.text("description")?;
        let known = self.ddl.actions.iter().position(|one| one.name == name);
        Ok(known.unwrap_or_else(|| {
            self.ddl.actions.push(Action::new(&name, &description));
            self.ddl.actions.len() - 1
        }))
    }

    fn capabilities(&mut self, at: At, properties: &Properties<'_>) -> Result<(), RubyError> {
        const KNOWN: [&str; 5] = ["classes", "facts", "identity", "agents", "compound"];
        let mut found = Vec::new();
        for value in &properties.values {
            match value {
                Value::Array(values) => found.extend(values),
                value => found.push(value),
            }
        }
        if found.is_empty() {
            return self.refuse(at, "`capabilities` names at least one");
        }
        for value in found {
            let Some(name) = value.as_name().filter(|name| KNOWN.contains(name)) else {
                let what = format!("capabilities are {}", KNOWN.join(", "));
                return self.refuse(at, what);
            };
            self.ddl.capabilities.push(name.to_owned());
        }
        Ok(())
    }
}

/// Adds an item, or puts it in the place of one of its name.
fn put<T>(items: &mut Vec<T>, item: T, name: impl Fn(&T) -> &str) {
    match items.iter_mut().find(|old| name(old) == name(&item)) {
        Some(old) => *old = item,
        None => items.push(item),
    }
}
