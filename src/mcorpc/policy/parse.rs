//! Reads the lines of a policy.

use std::collections::BTreeSet;

use super::{
    Effect, Groups, Names, Nodes, Policy, Rule, Warning,
    condition::{self, Column},
    groups::shown,
};
use crate::mcorpc::names::{ActionName, CallerId};

impl Policy {
    /// Reads the text of a policy, and tells what is wrong in it. `unset_default` is what happens
    /// to a call that no line decides, where no line sets the default.
    pub fn parse(text: &str, groups: &Groups, unset_default: bool) -> (Self, Vec<Warning>) {
        let mut reader = Reader {
            groups,
            policy: Self {
                rules: Vec::new(),
                default_allows: unset_default,
                default_line: None,
            },
            warnings: Vec::new(),
            line: 0,
        };
        for (line, text) in lines(text) {
            if !is_skipped(text) {
                reader.line = line;
                reader.line(text);
            }
        }
        if reader.policy.default_line.is_none() && reader.policy.rules.is_empty() {
            // An editor or a disk that was full leaves such a file, and nobody means it.
            reader.policy.default_allows = false;
            if reader.warnings.is_empty() {
                reader.line = 1;
                reader.warn(
                    "nothing is in it, so it denies all; write rules and `policy default deny`, or \
                     remove the file if the agent is to have no policy"
                        .to_owned(),
                );
            }
        } else if reader.policy.default_line.is_none() && unset_default {
            reader.line = 1;
            reader.warn(
                "there is no `policy default`, so what no line decides is allowed, as is what has \
                 no policy at all; add `policy default deny`"
                    .to_owned(),
            );
        }
        reader.unreachable();
        (reader.policy, reader.warnings)
    }
}

/// The lines and their numbers, without line ends, blanks at the end, and a byte order mark.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1..).zip(text.split('\n').map(str::trim_end))
}

/// Whether a line is empty or a comment.
pub(super) fn is_skipped(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

struct Reader<'a> {
    groups: &'a Groups,
    policy: Policy,
    warnings: Vec<Warning>,
    line: usize,
}

impl Reader<'_> {
    fn line(&mut self, text: &str) {
        let word = text.split_whitespace().next().unwrap_or_default();
        if word.eq_ignore_ascii_case("policy") {
            return self.default(text);
        }
        let fields: Vec<&str> = text
            .split('\t')
            .map(str::trim)
            .filter(|field| !field.is_empty())
            .collect();
        match (text.split('\t').next(), fields.as_slice()) {
            (Some("allow"), [_, callers, actions, nodes @ ..]) if !nodes.is_empty() => {
                self.rule(Effect::Allow, callers, actions, nodes);
            }
            (Some("deny"), [_, callers, actions, nodes @ ..]) if !nodes.is_empty() => {
                self.rule(Effect::Deny, callers, actions, nodes);
            }
            _ => self.unreadable(text, word),
        }
    }

    /// `policy default allow` or `policy default deny`; the last one counts.
    fn default(&mut self, text: &str) {
        let mut words = text.split_whitespace();
        let head = (words.next(), words.next(), words.next());
        let ends = words.next().is_none_or(|word| word.starts_with('#'));
        let leads = text.starts_with("policy");
        self.policy.default_line = Some(self.line);
        self.policy.default_allows = match head {
            (Some("policy"), Some("default"), Some("allow")) if ends && leads => true,
            (Some("policy"), Some("default"), Some("deny")) if ends && leads => false,
            _ => {
                self.warn(
                    "the default can't be read, so it is to deny; write `policy default deny` or \
                     `policy default allow`"
                        .to_owned(),
                );
                false
            }
        };
    }

    fn rule(&mut self, effect: Effect, callers: &str, actions: &str, nodes: &[&str]) {
        let callers = self.callers(effect, callers);
        let actions = self.actions(effect, actions);
        let read = match nodes {
            // A reader puts this in the place of bytes that are no UTF-8.
            _ if nodes.iter().any(|field| field.contains('\u{fffd}')) => {
                Err("the facts or classes are not UTF-8".to_owned())
            }
            [nodes] => condition::read(&[(Column::Any, nodes)]),
            [facts, classes] => {
                condition::read(&[(Column::Facts, facts), (Column::Classes, classes)])
            }
            _ => Err(
                "there are more than five fields; write effect, callers, actions, facts and \
                 classes, with tabs between them only"
                    .to_owned(),
            ),
        };
        let nodes = match read {
            Ok((filter, remarks)) => {
                for remark in remarks {
                    self.warn(remark);
                }
                Nodes::These(filter)
            }
            Err(what) => {
                self.doubt(effect, &what);
                Nodes::Unknown
            }
        };
        self.policy.rules.push(Rule {
            line: self.line,
            effect,
            callers,
            actions,
            nodes,
        });
    }

    /// Callers and groups of callers.
    fn callers(&mut self, effect: Effect, field: &str) -> Names {
        if field == "*" {
            return Names::All;
        }
        let mut names = BTreeSet::new();
        let mut doubtful = false;
        for word in field.split_whitespace() {
            if CallerId::new(word).is_ok() {
                names.insert(word.to_owned());
            } else if let Some(group) = self.groups.get(word) {
                names.extend(group.callers.iter().cloned());
                doubtful |= group.doubtful;
            } else {
                doubtful = true;
                let right = if word == "*" {
                    "stands for everybody only alone in its field"
                } else if word.contains(['=', ',', '*', '/']) {
                    "is no caller; write whole callers such as cert=ann, with blanks between them"
                } else {
                    "is neither a caller, such as cert=ann, nor a group of the file `groups`"
                };
                self.doubt(effect, &format!("`{}` {right}", shown(word)));
            }
        }
        Names::Listed { names, doubtful }
    }

    fn actions(&mut self, effect: Effect, field: &str) -> Names {
        if field == "*" {
            return Names::All;
        }
        let mut names = BTreeSet::new();
        let mut doubtful = false;
        for word in field.split_whitespace() {
            if ActionName::new(word).is_ok() {
                names.insert(word.to_owned());
            } else {
                doubtful = true;
                let right = if word == "*" {
                    "stands for all actions only alone in its field"
                } else {
                    "is no action's name; write whole names, with blanks between them"
                };
                self.doubt(effect, &format!("`{}` {right}", shown(word)));
            }
        }
        Names::Listed { names, doubtful }
    }

    /// Tells of rules that no call gets as far as.
    fn unreachable(&mut self) {
        let everything = |rule: &Rule| {
            let all = |names: &Names| *names == Names::All;
            let anywhere = matches!(&rule.nodes, Nodes::These(filter) if filter.is_empty());
            all(&rule.callers) && all(&rule.actions) && anywhere
        };
        let mut rules = self.policy.rules.iter();
        let Some(last) = rules.find(|rule| everything(rule)).map(|rule| rule.line) else {
            return;
        };
        let dead: Vec<usize> = rules.map(|rule| rule.line).collect();
        for line in dead {
            self.line = line;
            self.warn(format!(
                "the rule can never match: line {last} decides every call before it"
            ));
        }
    }

    /// A line that is no rule. It can't allow; but it may have been meant to deny, and who that
    /// was can't be told.
    fn unreadable(&mut self, text: &str, word: &str) {
        let may_deny = !word.eq_ignore_ascii_case("allow");
        let follows = if may_deny {
            "so it denies whoever gets as far"
        } else {
            "so it allows nothing"
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let right = if !text.contains('\t') && matches!(words.len(), 4 | 5) {
            format!(
                "there must be tabs between its fields, not blanks: {}",
                shown(&words.join("<TAB>"))
            )
        } else {
            "write allow or deny<TAB>callers<TAB>actions<TAB>facts<TAB>classes, without blanks \
             before it"
                .to_owned()
        };
        self.warn(format!("the line can't be read, {follows}; {right}"));
        if may_deny {
            let unknown = || Names::Listed {
                names: BTreeSet::new(),
                doubtful: true,
            };
            self.policy.rules.push(Rule {
                line: self.line,
                effect: Effect::Deny,
                callers: unknown(),
                actions: unknown(),
                nodes: Nodes::Unknown,
            });
        }
    }

    fn doubt(&mut self, effect: Effect, what: &str) {
        let follows = match effect {
            Effect::Allow => "this part of the rule allows nothing",
            Effect::Deny => "this part of the rule counts as matching, and denies",
        };
        self.warn(format!("{what}; until then {follows}"));
    }

    fn warn(&mut self, message: String) {
        self.warnings.push(Warning {
            line: self.line,
            message,
        });
    }
}
