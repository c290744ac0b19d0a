//! The data of a DDL.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A plugin's declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Ddl {
    /// What kind of plugin it is of.
    pub kind: Kind,
    /// The name by which it is called; that of the metadata is for people.
    pub name: String,
    /// Who made it, and which it is.
    pub metadata: Metadata,
    /// How it is used, in the author's words.
    pub usage: String,
    /// An agent's actions, in the order in which they were declared.
    pub actions: Vec<Action>,
    /// What a data plugin is asked and answers.
    pub query: Option<Query>,
    /// What a discovery method can filter on: `classes`, `facts`, `identity`, `agents`, `compound`.
    pub capabilities: Vec<String>,
    /// The oldest `MCollective` that it works with.
    pub requires: Option<String>,
}

/// The kinds of plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Offers actions.
    Agent,
    /// Summarises replies.
    Aggregate,
    /// Reaches brokers.
    Connector,
    /// Answers questions in filters.
    Data,
    /// Finds nodes.
    Discovery,
    /// Knows a node's facts.
    Facts,
    /// Signs and verifies.
    Security,
    /// Checks inputs.
    Validator,
}

impl Kind {
    /// All of them, as `mco plugin doc` lists them.
    pub const ALL: [Self; 8] = [
        Self::Agent,
        Self::Aggregate,
        Self::Connector,
        Self::Data,
        Self::Discovery,
        Self::Validator,
        Self::Facts,
        Self::Security,
    ];

    /// As it is written in DDLs and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Aggregate => "aggregate",
            Self::Connector => "connector",
            Self::Data => "data",
            Self::Discovery => "discovery",
            Self::Facts => "facts",
            Self::Security => "security",
            Self::Validator => "validator",
        }
    }

    /// The kind that is written so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Who made a plugin, and which it is. All of it is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Who made it.
    pub author: String,
    /// Under which license.
    pub license: String,
    /// Which version.
    pub version: String,
    /// Where more is to be read.
    pub url: String,
    /// How many seconds an action or a query may take.
    pub timeout: u64,
}

impl Metadata {
    /// How long an action or a query may take.
    pub const fn time_limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// One action of an agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Which replies are shown.
    pub display: Display,
    /// What it takes, in the order in which they were declared.
    pub inputs: Vec<Input>,
    /// What it answers, in the order in which they were declared.
    pub outputs: Vec<Output>,
    /// How the replies of many nodes are summarised.
    pub aggregates: Vec<Aggregate>,
    /// What becomes of it when it takes too long.
    pub on_timeout: OnTimeout,
}

/// Which replies are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Display {
    /// All.
    Always,
    /// Those that are not ok.
    #[default]
    Failed,
    /// Those that are ok.
    Ok,
}

/// What becomes of an action that takes longer than its DDL allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnTimeout {
    /// Its processes are ended.
    #[default]
    Kill,
    /// It goes on, since ending it would leave the machine half changed.
    Leave,
}

/// What an action takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What a form would ask.
    pub prompt: String,
    /// What it is for.
    pub description: String,
    /// What it may be.
    pub kind: InputType,
    /// Whether it may be left out.
    pub optional: bool,
    /// What the client fills in where it is not optional and was left out.
    pub default: Option<Value>,
    /// Whether it is a secret, which no audit shows. The original's readers pass over it.
    pub sensitive: bool,
}

/// What an input may be.
#[derive(Clone, Debug, PartialEq)]
pub enum InputType {
    /// A list of values.
    Array,
    /// True or false.
    Boolean,
    /// A number with a fraction.
    Float,
    /// A structure.
    Hash,
    /// A whole number.
    Integer,
    /// One of these texts.
    List(Vec<String>),
    /// Any number.
    Number,
    /// A text.
    String {
        /// What it must look like.
        validation: Validation,
        /// How many characters it may have; 0 means any number.
        maxlength: usize,
    },
    /// What a validator of this name accepts.
    Validator(String),
}

impl InputType {
    /// As DDLs name it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Float => "float",
            Self::Hash => "hash",
            Self::Integer => "integer",
            Self::List(_) => "list",
            Self::Number => "number",
            Self::String { .. } => "string",
            Self::Validator(name) => name,
        }
    }
}

/// What a text must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    /// A validator's name, such as `shellsafe`.
    Named(String),
    /// One of these.
    OneOf(Vec<String>),
    /// A regex; `^` and `$` stand for the ends of the whole text.
    Pattern(String),
}

/// What an action or a data plugin answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What it says.
    pub description: String,
    /// What people see in place of its name.
    pub display_as: String,
    /// What it is unless the action says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// How the replies of many nodes are summarised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The function: `summary`, `average`, `sum`, `boolean_summary`.
    pub function: String,
    /// The output that it summarises.
    pub output: String,
    /// Further arguments, such as the labels of `boolean_summary`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub args: Map<String, Value>,
    /// How a line is printed, as for Ruby's `printf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// What a data plugin is asked and answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// What it tells.
    pub description: String,
    /// What it is asked; none where it takes no question.
    pub input: Option<Input>,
    /// What it answers.
    pub outputs: Vec<Output>,
}

impl Ddl {
    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The action of this name, if it is declared.
    pub fn find_action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }
}

impl Action {
    /// The input of this name, if it is declared.
    pub fn input_named(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The output of this name, if it is declared.
    pub fn output_named(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// What a reply holds before the action runs: every output, with its default or null.
    pub fn prefill(&self) -> Map<String, Value> {
        prefill(&self.outputs)
    }
}

impl Query {
    /// What an answer holds before the plugin is asked: every output, with its default or null.
    pub fn prefill(&self) -> Map<String, Value> {
        prefill(&self.outputs)
    }
}

fn prefill(outputs: &[Output]) -> Map<String, Value> {
    outputs
        .iter()
        .map(|output| {
            (
                output.name.clone(),
                output.default.clone().unwrap_or_default(),
            )
        })
        .collect()
}
