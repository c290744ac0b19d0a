//! What a shell may put in the place of the word under the cursor: agents, actions, inputs and their
//! values, nodes, facts and classes. Options and applications are in the shells' own scripts.

use clap::{Arg, Command};

use super::{Row, action_rows, actions_of, agents, values};
use crate::{
    cli::mco::{ddls::Ddls, help, known::Names, package, puppet, service, targeting},
    mcorpc::ddl::Kind,
};

/// Where the words come from.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) ddls: Ddls,
    pub(super) names: Names,
}

/// A command line up to the cursor, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    application: Option<String>,
    /// Options by their ids, with their values.
    options: Vec<(String, String)>,
    /// Words that are neither options nor their values nor the application.
    others: Vec<String>,
    /// The option whose value stands under the cursor.
    pending: Option<String>,
    /// What of the word under the cursor is not to be completed: `--agent=`.
    before: String,
    /// What is there of the word.
    current: String,
}

impl Line {
    /// Reads the words after `mco`, of which the last is under the cursor.
    pub(super) fn read(tree: &Command, words: &[String]) -> Self {
        let mut line = Self::default();
        let Some((current, words)) = words.split_last() else {
            return line;
        };
        let mut command = tree;
        let mut only_words = false;
        for word in words {
            if let Some(id) = line.pending.take() {
                line.options.push((id, word.clone()));
            } else if only_words || !word.starts_with('-') || word == "-" {
                match command.find_subcommand(word) {
                    Some(found) if line.application.is_none() => {
                        command = found;
                        line.application = Some(word.clone());
                    }
                    _ => line.others.push(word.clone()),
                }
            } else if word == "--" {
                only_words = true;
            } else if let Some((id, value)) = option(command, word) {
                match value {
                    Some(value) => line.options.push((id, value)),
                    None => line.pending = Some(id),
                }
            }
        }
        line.current.clone_from(current);
        if line.pending.is_none() && current.starts_with('-') && !only_words {
            match option(command, current) {
                Some((id, Some(value))) => {
                    current[..current.len() - value.len()].clone_into(&mut line.before);
                    line.current = value;
                    line.pending = Some(id);
                }
                // The scripts know the options.
                _ => line.pending = Some(String::new()),
            }
        }
        line
    }

    /// The value of an option, the last one where it is given twice.
    pub(super) fn option(&self, id: &str) -> Option<&str> {
        let mut options = self.options.iter().rev();
        let found = options.find(|(known, _)| known == id);
        found.map(|(_, value)| value.as_str())
    }

    /// What may stand there: the whole word, and what it is.
    pub(super) fn candidates(&self, sources: &Sources) -> Vec<Row> {
        let Sources { ddls, names } = sources;
        let application = self.application.as_deref().unwrap_or_default();
        let rows = match (application, self.pending.as_deref()) {
            ("rpc" | "completion", Some("agent")) | (_, Some("with_agent")) => agents(ddls, true),
            ("rpc" | "completion", Some("action")) => self.actions(ddls),
            ("rpc", Some("arg")) => self.inputs(sources),
            ("plugin", Some("format")) => plain(["json", "ruby"]),
            (_, Some("with_identity")) => known(names.nodes()),
            (_, Some("with_class")) => known(names.classes()),
            (_, Some("with_fact")) => self.facts(names),
            (_, Some("with")) => {
                let mut rows = known(names.classes());
                rows.extend(self.facts(names));
                rows
            }
            ("inventory", None) if self.others.is_empty() => known(names.nodes()),
            ("facts", None) if self.others.is_empty() => known(names.facts()),
            ("rpc", None) => match self.words_before() {
                0 => agents(ddls, true),
                1 => self.actions(ddls),
                _ => self.inputs(sources),
            },
            ("help", None) if self.others.is_empty() => help::applications(),
            ("plugin", None) => self.plugin(ddls),
            ("policy", None) => self.policy(ddls),
            ("puppet", None) if self.others.is_empty() => plain(puppet::COMMANDS),
            // Their actions may stand before or behind what they are for.
            ("service", None) => self.action_of(&service::ACTIONS),
            ("package", None) => {
                self.action_of(&[&package::OF_PACKAGES[..], &package::OF_MACHINES].concat())
            }
            (_, Some("disc_method")) => plain(targeting::METHODS),
            _ => Vec::new(),
        };
        let mut rows: Vec<Row> = rows
            .into_iter()
            .filter(|(name, _)| name.starts_with(&self.current))
            .map(|(name, about)| (format!("{}{name}", self.before), about))
            .collect();
        rows.sort();
        rows
    }

    /// How many of agent and action are there already.
    fn words_before(&self) -> usize {
        let given = ["agent", "action"].map(|id| self.option(id).is_some());
        self.others.len() + given.into_iter().filter(|given| *given).count()
    }

    /// Agent, action, and the words that are inputs.
    fn call(&self) -> (Option<&str>, Option<&str>, impl Iterator<Item = &str>) {
        let mut words = self.others.iter().map(String::as_str);
        let mut take = |id| self.option(id).or_else(|| words.next());
        let (agent, action) = (take("agent"), take("action"));
        let options = self.options.iter().filter(|(id, _)| id == "arg");
        let inputs = words.chain(options.map(|(_, value)| value.as_str()));
        (agent, action, inputs)
    }

    fn actions(&self, ddls: &Ddls) -> Vec<Row> {
        let (Some(agent), ..) = self.call() else {
            return Vec::new();
        };
        actions_of(ddls, agent)
    }

    /// `check`, an agent, one of its actions.
    fn policy(&self, ddls: &Ddls) -> Vec<Row> {
        match self.others.as_slice() {
            [] => plain(["check"]),
            [_] => agents(ddls, true),
            [_, agent] => actions_of(ddls, agent),
            _ => Vec::new(),
        }
    }

    /// One of these, where there is none yet.
    fn action_of(&self, actions: &[&str]) -> Vec<Row> {
        if self.others.iter().any(|word| actions.contains(&&**word)) {
            return Vec::new();
        }
        plain(actions.iter().copied())
    }

    /// `name=` for the inputs that are not there yet, or `name=value` once the name is.
    fn inputs(&self, Sources { ddls, names }: &Sources) -> Vec<Row> {
        let (Some(agent), Some(action), given) = self.call() else {
            return Vec::new();
        };
        let given: Vec<&str> = given.filter_map(|word| word.split('=').next()).collect();
        if (agent, action) == ("rpcutil", "get_fact") && self.current.starts_with("fact=") {
            let facts = names.facts();
            return plain(facts.map(|fact| format!("fact={fact}")));
        }
        action_rows(ddls, agent, action, |action| {
            if let Some((name, _)) = self.current.split_once('=') {
                let values = action.input_named(name).map(values);
                let whole = |(value, about)| (format!("{name}={value}"), about);
                return values.unwrap_or_default().into_iter().map(whole).collect();
            }
            action
                .inputs
                .iter()
                .filter(|input| !given.contains(&input.name.as_str()))
                .map(|input| (format!("{}=", input.name), input.description.clone()))
                .collect()
        })
    }

    /// `fact=`, or `fact=value` once the name is there and its values are few.
    fn facts(&self, names: &Names) -> Vec<Row> {
        match self.current.split_once('=') {
            Some((fact, _)) => {
                let values = names.values(fact);
                plain(values.map(|value| format!("{fact}={value}")))
            }
            None => plain(names.facts().map(|fact| format!("{fact}="))),
        }
    }

    fn plugin(&self, ddls: &Ddls) -> Vec<Row> {
        let others: Vec<&str> = self.others.iter().map(String::as_str).collect();
        match others[..] {
            [] => plain(["doc", "generate"]),
            ["generate"] => plain(["ddl"]),
            ["doc"] | ["generate", "ddl"] => names(ddls),
            _ => Vec::new(),
        }
    }
}

/// The plugins that can be explained: by name, and with their type where another has the same name.
fn names(ddls: &Ddls) -> Vec<Row> {
    let mut all: Vec<(Kind, String)> = Vec::new();
    for kind in Kind::ALL {
        let names = ddls.names(kind).into_iter();
        all.extend(
            names
                .filter(|name| name != "discovery")
                .map(|name| (kind, name)),
        );
    }
    let row = |(kind, name): &(Kind, String)| {
        let twins = all.iter().filter(|(_, other)| other == name).count();
        let about = match ddls.get(*kind, name) {
            Some(Ok(ddl)) => ddl.metadata.description.clone(),
            _ => String::new(),
        };
        let kind = kind.as_str();
        let shown = if twins > 1 {
            format!("{kind}/{name}")
        } else {
            name.clone()
        };
        (shown, about)
    };
    all.iter().map(row).collect()
}

fn known<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Row> {
    plain(names.cloned())
}

/// Names of which there is no more to say.
fn plain<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<Row> {
    let row = |name: S| (name.into(), String::new());
    names.into_iter().map(row).collect()
}

/// The option that a word is, if it takes a value, and the value if it is in the word.
fn option(command: &Command, word: &str) -> Option<(String, Option<String>)> {
    if let Some(name) = word.strip_prefix("--") {
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        let arg = long(command, &name.replace('_', "-"))?;
        return takes_value(arg).then(|| (arg.get_id().to_string(), value));
    }
    let shorts = word.strip_prefix('-')?;
    for (at, c) in shorts.char_indices() {
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_short() == Some(c))?;
        if takes_value(arg) {
            let rest = &shorts[at + c.len_utf8()..];
            let value = (!rest.is_empty()).then(|| rest.to_owned());
            return Some((arg.get_id().to_string(), value));
        }
    }
    None
}

/// By its name, another of its names, or a beginning that no other has.
fn long<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let names = |arg: &Arg| -> Vec<String> {
        let aliases = arg.get_all_aliases().unwrap_or_default().into_iter();
        let names = arg.get_long().into_iter().chain(aliases);
        names.map(str::to_owned).collect()
    };
    let mut arguments = command.get_arguments();
    if let Some(arg) = arguments.find(|arg| names(arg).iter().any(|known| known == name)) {
        return Some(arg);
    }
    let mut near = command
        .get_arguments()
        .filter(|arg| names(arg).iter().any(|known| known.starts_with(name)));
    near.next().filter(|_| near.next().is_none())
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::mco_command,
        mcorpc::ddl::{Ddl, builtin},
    };

    fn tree() -> Command {
        let mut tree = mco_command();
        tree.build();
        tree
    }

    fn complete(words: &str) -> Vec<String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let sources = Sources {
            ddls: Ddls::default(),
            names: Names::of(
                &["web1.example.net", "web2.example.net"],
                &["role::web"],
                &[
                    ("os.family", "Debian"),
                    ("os.family", "RedHat"),
                    ("country", "de"),
                ],
            ),
        };
        let rows = Line::read(&tree(), &words).candidates(&sources);
        rows.into_iter().map(|(name, _)| name).collect()
    }

    /// All agents but `discovery`, which nobody calls.
    fn callable() -> Vec<&'static str> {
        let names = builtin::agents().map(Ddl::name);
        names
            .into_iter()
            .filter(|name| *name != "discovery")
            .collect()
    }

    #[test]
    fn each_word_of_a_call_is_completed() {
        assert_eq!(complete("rpc "), callable());
        assert_eq!(complete("rpc x"), [""; 0]);
        assert_eq!(complete("rpc rpcutil get_f"), ["get_fact", "get_facts"]);
        assert_eq!(complete("rpc rpcutil get_fact "), ["fact="]);
        assert_eq!(complete("rpc rpcutil get_data source=x "), ["query="]);
        assert_eq!(complete("rpc rpcutil get_data source"), ["source="]);
        assert_eq!(complete("rpc nosuch "), [""; 0]);
        assert_eq!(complete("rpc rpcutil nosuch "), [""; 0]);
        assert_eq!(complete("find "), [""; 0]);
        assert_eq!(complete(""), [""; 0]);
    }

    #[test]
    fn options_may_stand_anywhere() {
        assert_eq!(
            complete("-v rpc -I web1 --limit 3 -vj rpcutil -t5 get_fact "),
            ["fact="]
        );
        assert_eq!(
            complete("rpc --time 3 --with_fact a=b rpcutil pi"),
            ["ping"]
        );
        assert_eq!(complete("rpc --agent rpcutil pin"), ["ping"]);
        assert_eq!(
            complete("rpc --agent rpcutil --action get_fact "),
            ["fact="]
        );
        assert_eq!(complete("rpc --agent=rpcutil --action pin"), ["ping"]);
        assert_eq!(complete("rpc --agent=rpc"), ["--agent=rpcutil"]);
        assert_eq!(complete("rpc -a "), callable());
        assert_eq!(complete("rpc rpcutil get_fact --arg f"), ["fact="]);
        assert_eq!(complete("find -A "), callable());
        // The value of an option whose values are not known here, and options themselves.
        assert_eq!(complete("rpc --limit "), [""; 0]);
        assert_eq!(complete("rpc -"), [""; 0]);
        assert_eq!(complete("rpc --ag"), [""; 0]);
        assert_eq!(complete("rpc -- rpcutil pin"), ["ping"]);
        let words = ["-c", "x.cfg", "rpc", ""].map(str::to_owned);
        assert_eq!(Line::read(&tree(), &words).option("config"), Some("x.cfg"));
    }

    #[test]
    fn names_that_were_seen_are_completed() {
        let both = ["web1.example.net", "web2.example.net"];
        assert_eq!(complete("rpc -I "), both);
        assert_eq!(complete("ping -I web2"), both[1..]);
        assert_eq!(complete("find -Iweb1"), ["-Iweb1.example.net"]);
        assert_eq!(complete("find --wi=web1"), ["--wi=web1.example.net"]);
        assert_eq!(complete("inventory we"), both);
        assert_eq!(complete("inventory web1.example.net "), [""; 0]);
        assert_eq!(complete("facts os"), ["os.family"]);
        assert_eq!(complete("ping -C r"), ["role::web"]);
        assert_eq!(complete("ping -F "), ["country=", "os.family="]);
        assert_eq!(
            complete("ping -F os.family="),
            ["os.family=Debian", "os.family=RedHat"]
        );
        assert_eq!(
            complete("ping --with-fact=os.family=D"),
            ["--with-fact=os.family=Debian"]
        );
        assert_eq!(complete("ping -F nosuch="), [""; 0]);
        assert_eq!(
            complete("ping -W "),
            ["country=", "os.family=", "role::web"]
        );
        assert_eq!(complete("rpc rpcutil get_fact fact=c"), ["fact=country"]);
    }

    #[test]
    fn plugins_and_applications_are_completed() {
        assert_eq!(complete("puppet run"), ["runall", "runonce"]);
        assert_eq!(complete("puppet disable "), [""; 0]);
        assert_eq!(complete("service httpd sta"), ["start", "status"]);
        assert_eq!(complete("service start "), [""; 0]);
        assert_eq!(complete("package apt_u"), ["apt_update"]);
        assert_eq!(complete("package bash ins"), ["install"]);
        assert_eq!(complete("ping --dm fl"), ["flatfile"]);
        assert_eq!(complete("help fi"), ["find"]);
        assert_eq!(complete("help find "), [""; 0]);
        assert_eq!(complete("plugin "), ["doc", "generate"]);
        assert_eq!(complete("plugin doc fs"), ["fstat"]);
        assert_eq!(complete("plugin generate "), ["ddl"]);
        assert_eq!(complete("plugin generate ddl rpc"), ["rpcutil"]);
        assert_eq!(complete("plugin generate ddl rpcutil --format j"), ["json"]);
    }
}
