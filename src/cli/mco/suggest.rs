//! A fact that no node has is often one whose name was misspelt: what a node has instead, by the
//! word of one that answered.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Session, plan};
use crate::{
    cli::voice::complain,
    client::{Answer, Call},
    mcorpc::{
        ddl::builtin,
        filter::{Filter, Token},
        names::Identity,
        similar,
    },
};

/// Nobody waits longer than this for a hint.
const PATIENCE: Duration = Duration::from_secs(1);

/// How deep names lead into structures, and how many are looked at.
const DEEPEST: usize = 6;
const MOST: usize = 10_000;

/// Says which fact may have been meant, where `node` has none of a name, and one that is near.
pub(super) async fn facts(session: &mut Session, node: &Identity, wanted: &[&str]) {
    if wanted.is_empty() {
        return;
    }
    let Some(names) = names_on(session, node).await else {
        return;
    };
    for name in wanted {
        if let Some(close) = meant(name, &names) {
            complain(format_args!(
                "hint: {node} has no fact `{name}`; did you mean `{close}`?"
            ));
        }
    }
}

/// The facts that a filter compares.
pub(super) fn compared(filter: &Filter) -> Vec<&str> {
    let statements = filter.compound.iter().flatten();
    let facts = filter.fact.iter().map(|fact| fact.fact.as_str());
    facts
        .chain(statements.filter_map(Token::compared_fact))
        .collect()
}

async fn names_on(session: &mut Session, node: &Identity) -> Option<Vec<String>> {
    let action = plan::action("inventory").ok()?;
    let call = session
        .plan(builtin::rpcutil(), &action, Map::new(), Filter::default())
        .ok()?;
    let wait = call.wait.min(PATIENCE);
    let call = Call {
        wait,
        ttl: call.ttl.min(wait),
        discovery_wait: call.discovery_wait.min(wait),
        ..call
    };
    let account = session.ask(&call, vec![node.clone()]).await.ok()?;
    let answer = account.answers.into_iter().find(Answer::is_ok)?;
    let mut names = Vec::new();
    collect(answer.reply.data.get("facts")?, "", 0, &mut names);
    Some(names)
}

/// All names, also those that lead into structures.
fn collect(facts: &Value, before: &str, depth: usize, names: &mut Vec<String>) {
    let (Value::Object(facts), true) = (facts, depth < DEEPEST) else {
        return;
    };
    for (name, value) in facts {
        if names.len() >= MOST {
            return;
        }
        let name = format!("{before}{name}");
        collect(value, &format!("{name}."), depth + 1, names);
        names.push(name);
    }
}

fn meant<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    if names.iter().any(|name| name == wanted) {
        return None;
    }
    similar::closest(wanted, names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcorpc::filter::parse;

    #[test]
    fn a_near_name_was_meant() {
        let facts =
            json!({"country": "uk", "os": {"family": "Debian", "release": {"major": "12"}}});
        let mut names = Vec::new();
        collect(&facts, "", 0, &mut names);
        assert_eq!(meant("contry", &names), Some("country"));
        assert_eq!(meant("os.famly", &names), Some("os.family"));
        assert_eq!(meant("os.release.mjaor", &names), Some("os.release.major"));
        assert_eq!(meant("country", &names), None);
        assert_eq!(meant("altogether", &names), None);
    }

    #[test]
    fn a_filter_compares_facts_in_two_places() {
        let filter = Filter {
            fact: vec!["a=1".parse().unwrap()],
            compound: vec![parse::expression("b>2 and (apache or not c=/x/)").unwrap()],
            ..Filter::default()
        };
        assert_eq!(compared(&filter), ["a", "b", "c"]);
    }
}
