//! What decides a call, for whoever writes policies.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{Authoriser, MAX_FILE, Why};
use crate::{
    config::Authorization,
    mcorpc::{
        filter::{DataError, Node},
        names::{ActionName, AgentName, CallerId},
        policy::Standing,
    },
    node::{classes::Classes, facts::Facts},
    sys::file,
};

/// What decides a call.
#[derive(Debug)]
pub struct Explained {
    /// Whether the action may run.
    pub allowed: bool,
    /// What decided: a file and its line, or a setting.
    pub by: String,
    /// The rules that were looked at, in their order: line, text, and how it stands to the call.
    pub rules: Vec<(usize, String, Standing)>,
}

/// Decides a call to a node with these facts and classes, and says why.
pub fn explain(
    settings: &Authorization,
    caller: &CallerId,
    agent: &AgentName,
    action: &ActionName,
    facts: Arc<Facts>,
    classes: &Classes,
) -> Explained {
    let node = Described { facts, classes };
    let authoriser = Authoriser::unread(settings.clone());
    let (verdict, seen) = authoriser.explain(caller, agent, action, &node);
    let text = match &verdict.why {
        Why::Policy(path, _) => file::read_lossy(path, MAX_FILE).unwrap_or_default(),
        _ => String::new(),
    };
    let lines: Vec<&str> = text.lines().collect();
    let rule = |(line, standing): (usize, Standing)| {
        let text = line.checked_sub(1).and_then(|at| lines.get(at));
        (
            line,
            text.map(|text| text.trim().to_owned()).unwrap_or_default(),
            standing,
        )
    };
    Explained {
        allowed: verdict.allowed,
        by: verdict.why.to_string(),
        rules: seen.into_iter().map(rule).collect(),
    }
}

/// A node of which only this is known.
struct Described<'a> {
    facts: Arc<Facts>,
    classes: &'a Classes,
}

impl Node for Described<'_> {
    fn identity(&self) -> &'static str {
        ""
    }

    fn agents(&self) -> Cow<'_, [String]> {
        Cow::Borrowed(&[])
    }

    fn classes(&self) -> Cow<'_, [String]> {
        Cow::Owned(self.classes.snapshot().to_vec())
    }

    fn classes_or_doubt(&self) -> (Cow<'_, [String]>, Option<String>) {
        let (classes, doubt) = self.classes.or_doubt();
        (Cow::Owned(classes.to_vec()), doubt)
    }

    fn fact(&self, name: &str) -> Option<Value> {
        self.facts.get(name).cloned()
    }

    fn fact_or_doubt(&self, name: &str) -> (Option<Value>, Option<String>) {
        self.facts.get_or_doubt(name)
    }

    fn data(&self, _: &str, _: Option<&str>) -> Result<Map<String, Value>, DataError> {
        Err(DataError::Failed(
            "it is asked on the node alone".to_owned(),
        ))
    }
}
