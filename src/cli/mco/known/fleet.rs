//! The names of a fleet with the day on which each was last seen, and what of them is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Days since the epoch. Nothing finer is kept, so that most commands have nothing new to write.
pub(super) type Day = u64;

/// For so many days after it was last seen, a name is known.
const KEPT_DAYS: Day = 42;

/// How many nodes, and how many classes and facts, are known at most.
const MAX_NODES: usize = 20_000;
const MAX_CLASSES: usize = 5_000;
const MAX_FACTS: usize = 5_000;

/// A fact with more values than this is not completed beyond its name.
const MAX_VALUES: usize = 24;

/// How long a name or a value may be, in bytes.
const MAX_LENGTH: usize = 255;

/// The names of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Fleet {
    nodes: Seen,
    classes: Seen,
    facts: BTreeMap<String, Fact>,
}

/// Names, and when each was last seen.
type Seen = BTreeMap<String, Day>;

/// A fact of which at least one node has a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Fact {
    seen: Day,
    values: Seen,
    /// There are too many values, and none is kept.
    many: bool,
}

impl Fleet {
    pub(super) fn add_node(&mut self, name: &str, today: Day) {
        add(&mut self.nodes, name, today);
    }

    pub(super) fn add_class(&mut self, name: &str, today: Day) {
        add(&mut self.classes, name, today);
    }

    /// A fact, with its value where that is a text, a number or a truth value.
    pub(super) fn add_fact(&mut self, name: &str, value: Option<&str>, today: Day) {
        if !is_plain(name) {
            return;
        }
        if !self.facts.contains_key(name) && self.facts.len() >= MAX_FACTS {
            return;
        }
        let fact = self.facts.entry(name.to_owned()).or_default();
        fact.seen = fact.seen.max(today);
        if let Some(value) = value
            && !fact.many
        {
            add(&mut fact.values, value, today);
            fact.give_up_on_values();
        }
    }

    /// Takes over what another has seen.
    pub(super) fn merge(&mut self, other: Self) {
        merge(&mut self.nodes, other.nodes);
        merge(&mut self.classes, other.classes);
        for (name, fact) in other.facts {
            let mine = self.facts.entry(name).or_default();
            mine.seen = mine.seen.max(fact.seen);
            mine.many |= fact.many;
            merge(&mut mine.values, fact.values);
            mine.give_up_on_values();
        }
    }

    /// Drops what was not seen for long, what is too much, and what no shell should be given: the
    /// file may have been written by anybody.
    pub(super) fn tidy(&mut self, today: Day) {
        tidy(&mut self.nodes, MAX_NODES, today);
        tidy(&mut self.classes, MAX_CLASSES, today);
        let mut facts: Seen = self
            .facts
            .iter()
            .map(|(k, v)| (k.clone(), v.seen))
            .collect();
        tidy(&mut facts, MAX_FACTS, today);
        self.facts.retain(|name, fact| {
            let Some(seen) = facts.get(name) else {
                return false;
            };
            fact.seen = *seen;
            fact.give_up_on_values();
            tidy(&mut fact.values, MAX_VALUES, today);
            true
        });
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &String> {
        self.nodes.keys()
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = &String> {
        self.classes.keys()
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = &String> {
        self.facts.keys()
    }

    /// The values of a fact, where they are few.
    pub(super) fn values(&self, fact: &str) -> impl Iterator<Item = &String> {
        self.facts
            .get(fact)
            .into_iter()
            .flat_map(|fact| fact.values.keys())
    }
}

impl Fact {
    fn give_up_on_values(&mut self) {
        self.many |= self.values.len() > MAX_VALUES;
        if self.many {
            self.values.clear();
        }
    }
}

fn add(names: &mut Seen, name: &str, today: Day) {
    if !is_plain(name) {
        return;
    }
    match names.get_mut(name) {
        Some(seen) => *seen = today.max(*seen),
        None => drop(names.insert(name.to_owned(), today)),
    }
}

fn merge(names: &mut Seen, other: Seen) {
    for (name, day) in other {
        let seen = names.entry(name).or_default();
        *seen = day.max(*seen);
    }
}

/// Keeps the `max` names that were seen last.
fn tidy(names: &mut Seen, max: usize, today: Day) {
    names.retain(|name, seen| {
        // A clock that was wrong once must not keep a name for ever.
        *seen = today.min(*seen);
        *seen + KEPT_DAYS >= today && is_plain(name)
    });
    if names.len() <= max {
        return;
    }
    let mut by_day: Vec<(Day, String)> = names
        .iter()
        .map(|(name, day)| (*day, name.clone()))
        .collect();
    by_day.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    for (_, name) in by_day.split_off(max) {
        names.remove(&name);
    }
}

/// Whether a shell, and `mco`, take a text for nothing but a word. Nodes choose these texts, and Tab
/// puts them on a command line unquoted: so there is no blank, no quote, no control character and
/// nothing that expands, and no option or regular expression either.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && !text.is_empty()
        && !text.starts_with(['-', '/'])
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
        names.map(String::as_str).collect()
    }

    #[test]
    fn names_age_out_and_a_sight_renews_them() {
        let mut fleet = Fleet::default();
        fleet.add_node("old", 100);
        fleet.add_node("new", 100);
        fleet.add_class("role::web", 100);
        fleet.add_fact("os.family", Some("Debian"), 100);
        let mut later = Fleet::default();
        later.add_node("new", 120);
        later.add_fact("os.family", Some("RedHat"), 120);
        fleet.merge(later);
        fleet.tidy(142);
        assert_eq!(names(fleet.nodes()), ["new", "old"]);
        fleet.tidy(143);
        assert_eq!(names(fleet.nodes()), ["new"]);
        assert_eq!(names(fleet.classes()), [""; 0]);
        assert_eq!(names(fleet.facts()), ["os.family"]);
        assert_eq!(names(fleet.values("os.family")), ["RedHat"]);
        fleet.tidy(163);
        assert!(fleet.is_empty());
    }

    #[test]
    fn a_day_in_the_future_does_not_last() {
        let mut fleet = Fleet::default();
        fleet.add_node("a", 1_000_000);
        fleet.tidy(100);
        fleet.tidy(143);
        assert!(fleet.is_empty());
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let mut fleet = Fleet::default();
        fleet.add_node("zz-seen-last", 11);
        for n in 0..MAX_NODES + 10 {
            fleet.add_node(&format!("node{n:05}"), 10);
            fleet.add_class(&format!("class{n:05}"), 10);
            fleet.add_fact(&format!("fact{n:05}"), None, 10);
            fleet.add_fact("uptime", Some(&n.to_string()), 10);
        }
        fleet.add_fact("fact00001", Some("a"), 10);
        fleet.tidy(11);
        assert_eq!(fleet.nodes().count(), MAX_NODES);
        assert!(fleet.nodes().any(|name| name == "zz-seen-last"));
        assert_eq!(fleet.classes().count(), MAX_CLASSES);
        assert_eq!(fleet.facts().count(), MAX_FACTS);
        // Whose values are many has none.
        assert_eq!(fleet.values("uptime").count(), 0);
        fleet.add_fact("uptime", Some("1"), 11);
        assert_eq!(fleet.values("uptime").count(), 0);
        assert_eq!(names(fleet.values("fact00001")), ["a"]);
    }

    #[test]
    fn what_a_shell_could_misread_gets_neither_in_nor_out() {
        let evil = [
            "",
            "-rf",
            "/regex/",
            "a b",
            "a\tb",
            "a\nb",
            "$(id)",
            "`id`",
            "a;id",
            "a|b",
            "a&b",
            "~root",
            "a>b",
            "a'b",
            "a\"b",
            "a\\b",
            "a*",
            "a?",
            "[a]",
            "{a,b}",
            "!1",
            "#a",
            "a\u{1b}[0m",
            "%1",
            "^a",
            "=ls",
            "a@b",
            "a\u{202e}b",
            "a\u{200b}b",
            "(a)",
            &"a".repeat(256),
        ];
        let mut fleet = Fleet::default();
        for text in evil {
            fleet.add_node(text, 1);
            fleet.add_class(text, 1);
            fleet.add_fact(text, Some("x"), 1);
        }
        assert!(fleet.is_empty());
        for text in evil {
            fleet.add_fact("ok", Some(text), 1);
        }
        assert_eq!(fleet.values("ok").count(), 0);
        // As if another hand had written the file.
        for text in evil {
            fleet.nodes.insert(text.to_owned(), 1);
            fleet.facts.insert(
                text.to_owned(),
                Fact {
                    seen: 1,
                    ..Fact::default()
                },
            );
        }
        fleet.tidy(1);
        assert_eq!(fleet.nodes().count(), 0);
        assert_eq!(names(fleet.facts()), ["ok"]);
        for text in [
            "web-1.example.net",
            "role::web",
            "München",
            "10.0.0.1/8",
            "1.2.3+deb12",
        ] {
            assert!(is_plain(text), "{text}");
        }
    }
}
