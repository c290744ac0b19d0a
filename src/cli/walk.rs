//! Follows the words of a command line down the tree of options, as far as they can be followed:
//! for completion, and to say what is wrong with them.

use clap::{Arg, ArgAction, Command};

/// Where the words lead.
pub(super) struct Place<'a> {
    /// The role or application that they ended in.
    pub(super) command: &'a Command,
    /// The names of the commands on the way.
    pub(super) path: Vec<&'a str>,
    /// The words there that are neither options nor their values.
    pub(super) words: Vec<String>,
    /// Options there that were given a value, by id.
    pub(super) given: Vec<(&'a str, String)>,
    /// An option whose value comes next.
    pub(super) wanting: Option<&'a Arg>,
    /// Whether `--` was passed, so that no more options come.
    pub(super) ended: bool,
    /// Whether the last word was an option without a value that is known there.
    pub(super) took_flag: bool,
}

/// An option's name, looked up.
#[derive(Clone, Debug)]
pub(super) enum Found<'a> {
    /// One has this name, or alone begins with it.
    One(&'a Arg),
    /// Several begin with it; these are their names.
    Several(Vec<&'a str>),
    /// None.
    None,
}

/// Follows all of these words, of which the first is the program's. `root` must have been built.
pub(super) fn walk<'a, S: AsRef<str>>(root: &'a Command, words: &[S]) -> Place<'a> {
    let mut place = Place {
        command: root,
        path: Vec::new(),
        words: Vec::new(),
        given: Vec::new(),
        wanting: None,
        ended: false,
        took_flag: false,
    };
    for word in words.iter().skip(1) {
        place.step(word.as_ref());
    }
    place
}

impl<'a> Place<'a> {
    /// Follows one more word.
    pub(super) fn step(&mut self, word: &str) {
        self.took_flag = false;
        if let Some(option) = self.wanting.take() {
            self.given.push((option.get_id().as_str(), word.to_owned()));
        } else if self.ended {
            self.words.push(word.to_owned());
        } else if word == "--" {
            self.ended = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if let Found::One(option) = long_option(self.command, name) {
                self.take(option, value);
            }
        } else if word.len() > 1 && word.starts_with('-') {
            self.shorts(&word[1..]);
        } else if let Some(next) = self
            .command
            .find_subcommand(word)
            .filter(|_| self.is_start())
        {
            self.path.push(next.get_name());
            self.command = next;
        } else {
            self.words.push(word.to_owned());
        }
    }

    /// Whether a command's name may still come.
    pub(super) fn is_start(&self) -> bool {
        self.words.is_empty() && self.command.has_subcommands()
    }

    /// Letters in a row, of which one that takes a value takes the rest.
    fn shorts(&mut self, letters: &str) {
        for (at, letter) in letters.char_indices() {
            let Some(option) = short_option(self.command, letter) else {
                return;
            };
            self.took_flag = !takes_value(option);
            if takes_value(option) {
                let rest = &letters[at + letter.len_utf8()..];
                let rest = rest.strip_prefix('=').unwrap_or(rest);
                return self.take(option, Some(rest).filter(|rest| !rest.is_empty()));
            }
        }
    }

    fn take(&mut self, option: &'a Arg, value: Option<&str>) {
        match value {
            Some(value) => self
                .given
                .push((option.get_id().as_str(), value.to_owned())),
            None if takes_value(option) => self.wanting = Some(option),
            None => self.took_flag = true,
        }
    }
}

/// Whether an option is followed by a value.
pub(super) fn takes_value(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

/// The option that this letter names.
pub(super) fn short_option(command: &Command, letter: char) -> Option<&Arg> {
    command
        .get_arguments()
        .find(|option| option.get_short() == Some(letter))
}

/// The option with this long name; a part of a name is enough where no other begins so.
pub(super) fn long_option<'a>(command: &'a Command, name: &str) -> Found<'a> {
    let name = name.replace('_', "-");
    let mut found: Vec<(&Arg, &str)> = Vec::new();
    for option in command.get_arguments().filter(|arg| !arg.is_positional()) {
        for long in long_names(option) {
            if long == name {
                return Found::One(option);
            }
            let known = found
                .iter()
                .any(|(other, _)| other.get_id() == option.get_id());
            if long.starts_with(&name) && !known {
                found.push((option, long));
            }
        }
    }
    match found.as_slice() {
        [] => Found::None,
        [(option, _)] => Found::One(option),
        _ => Found::Several(found.into_iter().map(|(_, long)| long).collect()),
    }
}

/// All long names of an option, hidden ones too.
pub(super) fn long_names(option: &Arg) -> impl Iterator<Item = &str> {
    let aliases = option.get_all_aliases().into_iter().flatten();
    option.get_long().into_iter().chain(aliases)
}
