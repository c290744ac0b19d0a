//! Groups of callers: the file `groups` beside the policies, `NAME CALLER CALLER ...` a line.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Warning,
    parse::{is_skipped, lines},
};
use crate::{mcorpc::names::CallerId, text};

/// Groups by name. A line replaces an earlier one of its name, as in the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(BTreeMap<String, Group>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) callers: BTreeSet<String>,
    /// Whether a word was there that is no caller: somebody else may have been meant.
    pub(super) doubtful: bool,
}

impl Groups {
    /// Reads the text of a `groups` file, and tells what is wrong in it.
    pub fn parse(text: &str) -> (Self, Vec<Warning>) {
        let mut groups = BTreeMap::new();
        let mut warnings = Vec::new();
        for (line, text) in lines(text) {
            if is_skipped(text) {
                continue;
            }
            let mut warn = |message: String| warnings.push(Warning { line, message });
            let mut words = text.split_whitespace();
            let Some(name) = words.next() else { continue };
            if !is_group_name(name) {
                warn(format!(
                    "`{}` can't be a group's name, so the line is not used; write NAME CALLER ..., \
                     with letters, digits, `_`, `.` and `-` in the name",
                    shown(name)
                ));
                continue;
            }
            let mut group = Group::default();
            for word in words {
                if CallerId::new(word).is_ok() {
                    group.callers.insert(word.to_owned());
                } else {
                    group.doubtful = true;
                    warn(format!(
                        "`{}` is no caller, so rules that deny the group `{name}` deny everybody; \
                         write whole callers such as cert=ann (groups can't be nested)",
                        shown(word)
                    ));
                }
            }
            if group == Group::default() {
                warn(format!("the group `{name}` has nobody in it"));
            }
            if groups.insert(name.to_owned(), group).is_some() {
                warn(format!(
                    "the group `{name}` is defined twice, and this line replaces the earlier one"
                ));
            }
        }
        (Self(groups), warnings)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Group> {
        self.0.get(name)
    }
}

fn is_group_name(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// A word for a message.
pub(super) fn shown(word: &str) -> String {
    text::excerpt(word, 80)
}
