//! Who may run which action: the original's `ActionPolicy` files.
//!
//! ```text
//! policy default deny
//! allow<TAB>cert=ann ops<TAB>status restart<TAB>country=uk<TAB>*
//! ```
//!
//! A rule names callers (or groups), actions, facts and, if it likes, classes. The first rule that
//! matches decides, and otherwise the default. [`Policy::parse`] reads a text, [`Groups`] the file
//! of groups beside it, [`Policy::decide`] answers.
//!
//! Nothing that is wrong in a policy opens a node. Where it can't be said whether a rule matches (a
//! line without tabs, a group that nobody defined, a regex that can't be compiled, a data plugin
//! that fails, classes or facts that can't be read), a rule that allows does not match, and a rule
//! that denies does. A line that can't be read at all denies whoever gets as far, unless it begins
//! with `allow`. The original skips such lines, and with them what they were to deny.
//!
//! It differs on purpose in this too: callers are compared whole (the original searches the
//! caller in the line, so that a line for `cert=johnny` serves `cert=john`); with four fields, `*`
//! means every node; facts are compared as after `-F`; and `a or b and c`, which the original
//! reads from left to right here but not after `-S`, is in doubt until parentheses say what is
//! meant. [`Policy::parse_as_original`] has the original's reading.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, fmt};

use serde_json::{Map, Value};

use super::{
    filter::{DataError, Filter, Node, Token},
    names::{ActionName, CallerId},
};

mod condition;
mod groups;
mod original;
mod parse;
#[cfg(test)]
mod tests;

pub use groups::Groups;

/// Something in a policy that is not as its writer will have meant it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where, counted from 1.
    pub line: usize,
    /// What, what follows from it, and what would be right.
    pub message: String,
}

/// The rules of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    default_allows: bool,
    /// Where the default is set; none if nothing in the text sets it.
    default_line: Option<usize>,
}

/// What a policy says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the action may run.
    pub allowed: bool,
    /// What decided.
    pub by: DecidedBy,
    /// Rules that could not be evaluated on the way, and why.
    pub doubts: Vec<Warning>,
}

/// What in a policy decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// The `policy default` of this line, or what holds where there is none.
    Default(Option<usize>),
    /// The line is to deny, and it can't be said whether it matches.
    Doubt(usize),
    /// The rule on this line.
    Rule(usize),
}

/// How a rule stands to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is for other callers.
    OtherCallers,
    /// It is for other actions.
    OtherActions,
    /// Its facts and classes are not this node's.
    OtherNodes,
    /// That can't be said.
    Doubtful,
    /// It matches.
    Matches,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    line: usize,
    effect: Effect,
    callers: Names,
    actions: Names,
    nodes: Nodes,
}

/// The nodes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Nodes {
    /// That can't be read.
    Unknown,
    These(Filter),
    Original(original::Condition),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// The callers or actions of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Names {
    All,
    /// These, and where there was a word that can't be one: perhaps others.
    Listed {
        names: BTreeSet<String>,
        doubtful: bool,
    },
    /// As the original has it: these, and whatever is found within the text.
    Within {
        text: String,
        names: BTreeSet<String>,
    },
}

/// Whether a rule matches. The order is that of "and".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    No,
    Unsure,
    Yes,
}

impl Policy {
    /// Reads a text as the original does, for sites that depend on its faults.
    pub fn parse_as_original(
        text: &str,
        groups: &Groups,
        unset_default: bool,
    ) -> (Self, Vec<Warning>) {
        original::parse(text, groups, unset_default)
    }

    /// The actions that its rules name, each with its line.
    pub fn named_actions(&self) -> impl Iterator<Item = (usize, &str)> {
        self.rules.iter().flat_map(|rule| {
            let names = match &rule.actions {
                Names::All => None,
                Names::Listed { names, .. } | Names::Within { names, .. } => Some(names),
            };
            let names = names.into_iter().flatten();
            names.map(|name| (rule.line, name.as_str()))
        })
    }

    /// Whether this caller may run this action on this node.
    pub fn decide(&self, caller: &CallerId, action: &ActionName, node: &dyn Node) -> Decision {
        self.walk(caller, action, node, &mut |_, _| ())
    }

    /// The same, and for each rule that was looked at its line and how it stood to the call.
    pub fn explain(
        &self,
        caller: &CallerId,
        action: &ActionName,
        node: &dyn Node,
    ) -> (Decision, Vec<(usize, Standing)>) {
        let mut seen = Vec::new();
        let mut see = |line, standing| seen.push((line, standing));
        let decision = self.walk(caller, action, node, &mut see);
        (decision, seen)
    }

    fn walk(
        &self,
        caller: &CallerId,
        action: &ActionName,
        node: &dyn Node,
        see: &mut dyn FnMut(usize, Standing),
    ) -> Decision {
        let mut doubts = Vec::new();
        for rule in &self.rules {
            let standing = rule.stands(caller, action, node, &mut doubts);
            see(rule.line, standing);
            let by = match (rule.effect, standing) {
                (_, Standing::Matches) => DecidedBy::Rule(rule.line),
                (Effect::Deny, Standing::Doubtful) => DecidedBy::Doubt(rule.line),
                _ => continue,
            };
            let allowed = rule.effect == Effect::Allow;
            return Decision {
                allowed,
                by,
                doubts,
            };
        }
        Decision {
            allowed: self.default_allows,
            by: DecidedBy::Default(self.default_line),
            doubts,
        }
    }
}

impl Rule {
    fn stands(
        &self,
        caller: &CallerId,
        action: &ActionName,
        node: &dyn Node,
        doubts: &mut Vec<Warning>,
    ) -> Standing {
        let named = self.callers.contain(caller.as_str());
        if named == Match::No {
            return Standing::OtherCallers;
        }
        let asked = self.actions.contain(action.as_str());
        if asked == Match::No {
            return Standing::OtherActions;
        }
        let held = match &self.nodes {
            Nodes::Unknown => return Standing::Doubtful,
            Nodes::These(nodes) => holds(nodes, node),
            Nodes::Original(condition) => Ok(condition.holds(node)),
        };
        match held {
            Ok(false) => Standing::OtherNodes,
            Ok(true) if named.min(asked) == Match::Yes => Standing::Matches,
            Ok(true) => Standing::Doubtful,
            Err(message) => {
                let line = self.line;
                doubts.push(Warning { line, message });
                Standing::Doubtful
            }
        }
    }
}

impl Names {
    fn contain(&self, name: &str) -> Match {
        match self {
            Self::All => Match::Yes,
            Self::Listed { names, .. } if names.contains(name) => Match::Yes,
            Self::Listed { doubtful: true, .. } => Match::Unsure,
            Self::Within { text, names } if text.contains(name) || names.contains(name) => {
                Match::Yes
            }
            Self::Listed { .. } | Self::Within { .. } => Match::No,
        }
    }
}

/// Whether the node is meant, or why that can't be said.
fn holds(nodes: &Filter, node: &dyn Node) -> Result<bool, String> {
    let watched = Watched {
        node,
        nodes,
        fault: RefCell::default(),
    };
    let held = nodes.matches(&watched).map_err(|error| error.to_string())?;
    match watched.fault.into_inner() {
        Some(fault) => Err(fault),
        None => Ok(held),
    }
}

/// A node that notes which questions it has no answer to. A filter takes them for a "no", which
/// is right for choosing nodes, but would void a rule that denies.
struct Watched<'a> {
    node: &'a dyn Node,
    nodes: &'a Filter,
    fault: RefCell<Option<String>>,
}

impl Watched<'_> {
    fn note(&self, plugin: &str, what: &dyn fmt::Display) {
        self.fault
            .replace(Some(format!("the data plugin {plugin}: {what}")));
    }

    /// What of the node itself is not known.
    fn note_unknown(&self, what: &str, why: Option<String>) {
        if let Some(why) = why {
            self.fault.replace(Some(format!(
                "not all {what} of this node are known: {why}"
            )));
        }
    }

    /// An output that this question is to be answered with, and is not.
    fn missing(
        &self,
        plugin: &str,
        query: Option<&str>,
        outputs: &Map<String, Value>,
    ) -> Option<&str> {
        let asked = self.nodes.compound.iter().flatten();
        asked
            .filter_map(|token| match token {
                Token::Function(function) => Some(function),
                _ => None,
            })
            .filter(|function| function.name == plugin && function.params.as_deref() == query)
            .filter_map(|function| function.value.as_deref())
            .find(|output| !outputs.contains_key(*output))
    }
}

impl Node for Watched<'_> {
    fn identity(&self) -> &str {
        self.node.identity()
    }

    fn agents(&self) -> Cow<'_, [String]> {
        self.node.agents()
    }

    fn classes(&self) -> Cow<'_, [String]> {
        let (classes, doubt) = self.node.classes_or_doubt();
        self.note_unknown("classes", doubt);
        classes
    }

    fn fact(&self, name: &str) -> Option<Value> {
        let (fact, doubt) = self.node.fact_or_doubt(name);
        self.note_unknown("facts", doubt);
        fact
    }

    fn data(&self, plugin: &str, query: Option<&str>) -> Result<Map<String, Value>, DataError> {
        let answer = self.node.data(plugin, query);
        match &answer {
            Ok(outputs) => {
                if let Some(output) = self.missing(plugin, query, outputs) {
                    self.note(plugin, &format_args!("it has no output `{output}`"));
                }
            }
            Err(error) => self.note(plugin, error),
        }
        answer
    }
}

impl DecidedBy {
    /// The line, if one decided.
    pub const fn line(self) -> Option<usize> {
        match self {
            Self::Default(line) => line,
            Self::Doubt(line) | Self::Rule(line) => Some(line),
        }
    }
}

/// What follows the name of the file: `:7` for its seventh line.
impl fmt::Display for DecidedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default(None) => {
                f.write_str(": no line matches, and there is no `policy default`")
            }
            Self::Default(Some(line)) => write!(f, ":{line}, the default"),
            Self::Doubt(line) => write!(
                f,
                ":{line}, which denies and can't be evaluated, so that it counts as matching"
            ),
            Self::Rule(line) => write!(f, ":{line}"),
        }
    }
}
