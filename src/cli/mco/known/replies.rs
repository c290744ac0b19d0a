//! What the answers of nodes tell of names: who they are, and the facts and classes that they carry.

use serde_json::{Map, Value};

use super::fleet::{Day, Fleet};
use crate::client::{Account, Call};

/// How many facts and classes are looked at for one call. A report on a large fleet brings millions,
/// and the first nodes' are much the same as the others'.
const MAX_LOOKS: usize = 50_000;

/// How deep into structured facts names are made.
const MAX_DEPTH: usize = 6;

/// Takes down whatever a call tells. That a node was named by the operator tells nothing: only who
/// spoke is there.
pub(super) fn learn(fleet: &mut Fleet, call: &Call, account: &Account, today: Day) {
    for name in &account.nomatch {
        fleet.add_node(name.as_str(), today);
    }
    for answer in &account.answers {
        fleet.add_node(answer.reply.sender.as_str(), today);
    }
    if call.agent.as_str() != "rpcutil" {
        return;
    }
    let mut lesson = Lesson {
        fleet,
        today,
        looks: MAX_LOOKS,
    };
    for answer in account.answers.iter().filter(|answer| answer.is_ok()) {
        lesson.read(call.action.as_str(), &answer.reply.data);
    }
}

/// Reads answers until it has looked at enough.
struct Lesson<'a> {
    fleet: &'a mut Fleet,
    today: Day,
    looks: usize,
}

impl Lesson<'_> {
    fn read(&mut self, action: &str, data: &Map<String, Value>) {
        match action {
            "inventory" => {
                let classes = data.get("classes").and_then(Value::as_array);
                for class in classes.into_iter().flatten().filter_map(Value::as_str) {
                    if !self.may_look() {
                        return;
                    }
                    self.fleet.add_class(class, self.today);
                }
                self.facts(data.get("facts"));
            }
            "get_fact" => {
                if let (Some(Value::String(fact)), Some(value)) =
                    (data.get("fact"), data.get("value"))
                {
                    self.fact(fact, value, 0);
                }
            }
            "get_facts" => self.facts(data.get("values")),
            _ => {}
        }
    }

    fn may_look(&mut self) -> bool {
        self.looks = self.looks.saturating_sub(1);
        self.looks > 0
    }

    fn facts(&mut self, facts: Option<&Value>) {
        for (name, value) in facts.and_then(Value::as_object).into_iter().flatten() {
            self.fact(name, value, 0);
        }
    }

    /// A fact, and those within it by their dotted names.
    fn fact(&mut self, name: &str, value: &Value, depth: usize) {
        if !self.may_look() {
            return;
        }
        let text = match value {
            // Nobody has it.
            Value::Null => return,
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Array(_) | Value::Object(_) => None,
        };
        self.fleet.add_fact(name, text.as_deref(), self.today);
        if let (Value::Object(members), true) = (value, depth < MAX_DEPTH) {
            for (member, value) in members {
                self.fact(&format!("{name}.{member}"), value, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(action: &str, data: Value) -> Fleet {
        let mut fleet = Fleet::default();
        let mut lesson = Lesson {
            fleet: &mut fleet,
            today: 1,
            looks: MAX_LOOKS,
        };
        let Value::Object(data) = data else { panic!() };
        lesson.read(action, &data);
        fleet
    }

    #[test]
    fn an_inventory_has_classes_and_structured_facts() {
        let fleet = read(
            "inventory",
            json!({
                "classes": ["role::web", "$(id)", 3],
                "facts": { "os": { "family": "Debian", "release": { "major": 12 } }, "virtual": true,
                    "list": ["a"], "none": null }
            }),
        );
        assert!(fleet.classes().eq(["role::web"]));
        assert!(fleet.facts().eq([
            "list",
            "os",
            "os.family",
            "os.release",
            "os.release.major",
            "virtual"
        ]));
        assert!(fleet.values("os.release.major").eq(["12"]));
        assert!(fleet.values("virtual").eq(["true"]));
        assert!(fleet.values("list").next().is_none());
    }

    #[test]
    fn facts_that_were_asked_for_are_known_where_somebody_has_them() {
        let fleet = read("get_fact", json!({ "fact": "country", "value": "de" }));
        assert!(fleet.values("country").eq(["de"]));
        assert!(read("get_fact", json!({ "fact": "cuontry", "value": null })).is_empty());
        let fleet = read("get_facts", json!({ "values": { "a": "1", "b": null } }));
        assert!(fleet.facts().eq(["a"]));
        assert!(read("ping", json!({ "fact": "country", "value": "de" })).is_empty());
    }

    #[test]
    fn deep_and_huge_answers_end() {
        let mut deep = json!("x");
        for _ in 0..100 {
            deep = json!({ "a": deep });
        }
        let fleet = read("inventory", json!({ "facts": deep }));
        assert_eq!(fleet.facts().count(), MAX_DEPTH + 1);
        let facts: Map<String, Value> = (0..MAX_LOOKS + 5)
            .map(|n| (format!("f{n}"), json!(1)))
            .collect();
        let mut fleet = Fleet::default();
        let mut lesson = Lesson {
            fleet: &mut fleet,
            today: 1,
            looks: 10,
        };
        lesson.facts(Some(&Value::Object(facts)));
        assert_eq!(fleet.facts().count(), 9);
    }
}
